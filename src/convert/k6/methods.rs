//! Methods of texts, lists, responses and elements of documents.

use oxc_ast::ast::{Expression, RegExpLiteral, StaticMemberExpression};

use super::code::{Binding, Code, Kind};
use super::translator::{Translator, Try, Why};
use crate::convert::emit::words::quoted;

/// A method that is called.
#[derive(Clone, Copy)]
struct Asked<'m, 'a> {
    object: &'m Code,
    /// `.` or `?.`.
    dot: &'m str,
    method: &'m str,
    arguments: &'m [&'m Expression<'a>],
}

impl<'a> Translator<'_> {
    pub fn method(
        &mut self,
        member: &StaticMemberExpression<'a>,
        method: &str,
        arguments: &[&Expression<'a>],
        optional: bool,
    ) -> Try<Code> {
        let object = self.expression(&member.object)?;
        let dot = if member.optional || optional {
            "?."
        } else {
            "."
        };
        let asked = Asked {
            object: &object,
            dot,
            method,
            arguments,
        };
        let answers = matches!(object.kind, Kind::Response | Kind::Selection);
        if (answers || is_answer(method))
            && let Some(code) = self.of_response(asked)?
        {
            return Ok(code);
        }
        if matches!(
            method,
            "push" | "unshift" | "splice" | "sort" | "reverse" | "pop" | "shift"
        ) {
            self.changes_root(&member.object);
        }
        if let Some(code) = self.of_list(asked)? {
            return Ok(code);
        }
        if let Some(code) = self.of_text(asked)? {
            return Ok(code);
        }
        if object.kind == Kind::Map {
            // A function in a map.
            let values = self.values(arguments);
            let text = format!(
                "{}{dot}{method}.call({})",
                object.receiver(),
                values.join(", ")
            );
            return Ok(Code::atom(text, Kind::Unknown));
        }
        Why::new(format!("rhaid has no method `{method}` for it"))
    }

    fn of_response(&mut self, asked: Asked<'_, 'a>) -> Try<Option<Code>> {
        let Asked {
            object,
            dot,
            method,
            arguments,
        } = asked;
        let receiver = object.receiver();
        let (name, kind) = match (method, arguments.len()) {
            ("json", 0 | 1) => return self.json_of(&receiver, dot, arguments).map(Some),
            ("html", 0) if object.kind == Kind::Selection => ("inner", Kind::Text),
            ("html", 0 | 1) => ("html", Kind::Selection),
            ("find", 1) if object.kind == Kind::Selection => ("find", Kind::Selection),
            ("first" | "last", 0) if object.kind == Kind::Selection => (method, Kind::Selection),
            ("eq", 1) if object.kind == Kind::Selection => ("nth", Kind::Selection),
            ("text", 0) => ("text", Kind::Text),
            ("attr", 1) => ("attr", Kind::Unknown),
            ("val", 0) => {
                return Ok(Some(Code::atom(
                    format!("{receiver}{dot}attr(\"value\")"),
                    Kind::Unknown,
                )));
            }
            ("size", 0) if object.kind == Kind::Selection => ("len", Kind::Int),
            ("toArray", 0) => ("all", Kind::List),
            _ => return Ok(None),
        };
        let values = self.values(arguments);
        Ok(Some(called(&receiver, dot, name, &values.join(", "), kind)))
    }

    /// `json(path)`: k6's paths are those of gjson, whose `#` counts a list or stands for each of its elements.
    fn json_of(&mut self, receiver: &str, dot: &str, arguments: &[&Expression<'a>]) -> Try<Code> {
        let [Expression::StringLiteral(path)] = arguments else {
            let values = self.values(arguments).join(", ");
            return Ok(called(receiver, dot, "json", &values, Kind::Unknown));
        };
        let path = path.value.as_str();
        if path.contains(['*', '?', '|', '(', '{', '\\']) {
            return Why::new("rhaid's paths are `rooms[0].id`, or a JSONPath that begins with `$`");
        }
        let text = |path: &str| match path {
            "" => String::new(),
            path => quoted(path),
        };
        let list = match path.strip_suffix('#') {
            Some("") => Some(""),
            Some(list) => list.strip_suffix('.'),
            None => None,
        };
        if let Some(list) = list.filter(|list| !list.contains('#')) {
            let list = called(receiver, dot, "json", &text(list), Kind::List).text;
            return Ok(Code::atom(format!("({list} ?? []).len"), Kind::Int));
        }
        if path.contains('#') {
            let mut each = String::from("$");
            for part in path.split('.') {
                match part {
                    "#" => each.push_str("[*]"),
                    part if part.contains('#') => {
                        return Why::new("rhaid has no such path; see JSONPath");
                    }
                    part if part.bytes().all(|byte| byte.is_ascii_digit()) => {
                        each.push_str(&format!("[{part}]"));
                    }
                    part => each.push_str(&format!("['{}']", part.replace('\'', "\\'"))),
                }
            }
            return Ok(called(receiver, dot, "json", &quoted(&each), Kind::List));
        }
        Ok(called(receiver, dot, "json", &text(path), Kind::Unknown))
    }

    fn of_list(&mut self, asked: Asked<'_, 'a>) -> Try<Option<Code>> {
        let Asked {
            object,
            dot,
            method,
            arguments,
        } = asked;
        let receiver = object.receiver();
        let answers = matches!(method, "filter" | "find" | "some" | "every" | "findIndex");
        let call = |name: &str, arguments: &str, kind| {
            Ok(Some(called(&receiver, dot, name, arguments, kind)))
        };
        match (method, arguments) {
            ("map" | "filter" | "find" | "some" | "every" | "findIndex", [function, ..]) => {
                let function = self.callback(function, &[Kind::Unknown], answers)?;
                let (name, kind) = match method {
                    "every" => ("all", Kind::Bool),
                    "some" => ("some", Kind::Bool),
                    "findIndex" => ("index_of", Kind::Int),
                    "find" => ("find", Kind::Unknown),
                    other => (other, Kind::List),
                };
                call(name, &function.text, kind)
            }
            ("reduce", [function, start]) => {
                let function = self.callback(function, &[], false)?;
                let start = self.expression(start)?;
                call(
                    "reduce",
                    &format!("{}, {}", function.text, start.text),
                    start.kind,
                )
            }
            ("push", values) if !values.is_empty() => {
                let values = self.values(values);
                match values.as_slice() {
                    [one] => call("push", one, Kind::Nothing),
                    several => call(
                        "append",
                        &format!("[{}]", several.join(", ")),
                        Kind::Nothing,
                    ),
                }
            }
            ("unshift", [value]) => {
                let value = self.value(value);
                call("insert", &format!("0, {}", value.text), Kind::Nothing)
            }
            ("pop" | "shift", []) => call(method, "", Kind::Unknown),
            ("sort" | "reverse", _) => self.in_order(object, method, arguments).map(Some),
            ("join", separator) => {
                let separator = match separator {
                    [separator, ..] => self.expression(separator)?.text,
                    [] => "\",\"".to_owned(),
                };
                Ok(Some(Code::atom(
                    format!("joined({}, {separator})", object.text),
                    Kind::Text,
                )))
            }
            ("concat", [other]) => {
                let other = self.expression(other)?;
                let text = format!(
                    "{} + {}",
                    object.at(Binding::Sum),
                    other.at(Binding::Product)
                );
                Ok(Some(Code::new(text, object.kind, Binding::Sum)))
            }
            ("includes", [part]) => {
                let part = self.expression(part)?;
                call("contains", &part.text, Kind::Bool)
            }
            ("indexOf", [part]) => {
                let part = self.expression(part)?;
                call("index_of", &part.text, Kind::Int)
            }
            ("slice", [from, rest @ ..]) => {
                self.slice(object, from, rest.first().copied()).map(Some)
            }
            ("slice", []) => Ok(Some(object.clone())),
            ("hasOwnProperty", [key]) => {
                let key = self.expression(key)?;
                let text = format!("{} in {}", key.at(Binding::Sum), object.at(Binding::Sum));
                Ok(Some(Code::new(text, Kind::Bool, Binding::Comparison)))
            }
            _ => Ok(None),
        }
    }

    fn slice(
        &mut self,
        object: &Code,
        from: &Expression<'a>,
        to: Option<&Expression<'a>>,
    ) -> Try<Code> {
        let from = self.expression(from)?;
        let kind = object.kind;
        let Some(to) = to else {
            if kind == Kind::Text {
                let text = format!("{}.sub_string({})", object.receiver(), from.text);
                return Ok(Code::atom(text, kind));
            }
            let text = format!(
                "part({}, {}, {}.len)",
                object.text,
                from.text,
                object.receiver()
            );
            return Ok(Code::atom(text, kind));
        };
        let to = self.expression(to)?;
        Ok(Code::atom(
            format!("part({}, {}, {})", object.text, from.text, to.text),
            kind,
        ))
    }

    fn of_text(&mut self, asked: Asked<'_, 'a>) -> Try<Option<Code>> {
        let Asked {
            object,
            dot,
            method,
            arguments,
        } = asked;
        let receiver = object.receiver();
        let whole = &object.text;
        // A pattern instead of a text.
        if let Some(Expression::RegExpLiteral(pattern)) = arguments.first() {
            let pattern_text = pattern_of(pattern)?;
            let code = match method {
                "match" => Code::atom(
                    format!("regex::captures({whole}, {pattern_text})"),
                    Kind::Unknown,
                ),
                "search" | "split" => return Why::new("rhaid's `regex` has no such function"),
                "replace" | "replaceAll" => {
                    let Some(by) = arguments.get(1) else {
                        return Ok(None);
                    };
                    let by = self.expression(by)?;
                    Code::atom(
                        format!("regex::replace({whole}, {pattern_text}, {})", by.text),
                        Kind::Text,
                    )
                }
                _ => return Ok(None),
            };
            return Ok(Some(code));
        }
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.expression(argument)?);
        }
        let texts: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
        let (text, kind) = match (method, texts.as_slice()) {
            ("startsWith", [part]) => (format!("{receiver}{dot}starts_with({part})"), Kind::Bool),
            ("endsWith", [part]) => (format!("{receiver}{dot}ends_with({part})"), Kind::Bool),
            ("toUpperCase", []) => (format!("{receiver}{dot}to_upper()"), Kind::Text),
            ("toLowerCase", []) => (format!("{receiver}{dot}to_lower()"), Kind::Text),
            ("trim", []) => (format!("trimmed({whole})"), Kind::Text),
            ("split", [separator]) => (format!("{receiver}{dot}split({separator})"), Kind::List),
            ("substring" | "substr", [from]) => {
                (format!("{receiver}{dot}sub_string({from})"), Kind::Text)
            }
            ("substr", [from, length]) => (
                format!("{receiver}{dot}sub_string({from}, {length})"),
                Kind::Text,
            ),
            ("substring", ["0", to]) => (format!("{receiver}{dot}sub_string(0, {to})"), Kind::Text),
            ("substring", [from, to]) => (format!("part({whole}, {from}, {to})"), Kind::Text),
            ("charAt", [at]) => (format!("{receiver}{dot}sub_string({at}, 1)"), Kind::Text),
            ("replace", [part, by]) => {
                (format!("replaced_once({whole}, {part}, {by})"), Kind::Text)
            }
            ("replaceAll", [part, by]) => (format!("replaced({whole}, {part}, {by})"), Kind::Text),
            ("padStart", [length]) => (format!("padded({whole}, {length}, \" \")"), Kind::Text),
            ("padStart", [length, part]) => {
                (format!("padded({whole}, {length}, {part})"), Kind::Text)
            }
            ("repeat", [times]) => (format!("repeated({whole}, {times})"), Kind::Text),
            ("toFixed", []) => (format!("to_fixed({whole}, 0)"), Kind::Text),
            ("toFixed", [digits]) => (format!("to_fixed({whole}, {digits})"), Kind::Text),
            ("toString", []) => (format!("{receiver}{dot}to_string()"), Kind::Text),
            _ => return Ok(None),
        };
        Ok(Some(Code::atom(text, kind)))
    }

    /// `/pattern/.test(text)`, `/pattern/.exec(text)`.
    pub fn pattern_call(
        &mut self,
        pattern: &RegExpLiteral,
        method: &str,
        arguments: &[&Expression<'a>],
    ) -> Try<Code> {
        let [text] = arguments else {
            return Why::new("rhaid's `regex` has no such function");
        };
        let pattern = pattern_of(pattern)?;
        let text = self.expression(text)?;
        match method {
            "test" => Ok(Code::atom(
                format!("regex::is_match({}, {pattern})", text.text),
                Kind::Bool,
            )),
            "exec" => Ok(Code::atom(
                format!("regex::captures({}, {pattern})", text.text),
                Kind::Unknown,
            )),
            _ => Why::new("rhaid's `regex` has no such function"),
        }
    }
}

/// A call of a method.
fn called(receiver: &str, dot: &str, name: &str, arguments: &str, kind: Kind) -> Code {
    Code::atom(format!("{receiver}{dot}{name}({arguments})"), kind)
}

/// Whether only responses have this method, so that their kind need not be known.
fn is_answer(method: &str) -> bool {
    matches!(method, "json" | "html" | "attr" | "val")
}

/// A pattern as a text, if the syntax of both allows.
fn pattern_of(pattern: &RegExpLiteral) -> Try<String> {
    let raw = pattern.raw.map_or("", |raw| raw.as_str());
    let end = raw.rfind('/').unwrap_or(0);
    let text = raw
        .get(1..end.max(1))
        .unwrap_or_default()
        .replace("\\/", "/");
    let flags = raw.get(end + 1..).unwrap_or_default();
    let flags: String = flags
        .chars()
        .filter(|c| matches!(c, 'i' | 'm' | 's'))
        .collect();
    let text = if flags.is_empty() {
        text
    } else {
        format!("(?{flags}){text}")
    };
    if regex::Regex::new(&text).is_err() {
        return Why::new("rhaid's patterns look neither ahead nor back");
    }
    if text.contains('`') || text.contains("${") {
        return Ok(quoted(&text));
    }
    Ok(format!("`{text}`"))
}
