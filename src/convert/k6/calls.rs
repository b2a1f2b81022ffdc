//! Calls: of the script's own functions, of k6's, and of what JavaScript has everywhere.

use oxc_ast::ast::{Argument, CallExpression, Expression, NewExpression, StaticMemberExpression};
use oxc_span::GetSpan;

use super::code::{Binding, Code, Kind};
use super::library::data::plain_path;
use super::operators::{to_number, truth};
use super::scope::{Meaning, Module};
use super::translator::{Role, Translator, Try, Why};
use crate::convert::emit::words;

/// The arguments of a call, none of which is spread.
pub fn plain<'b, 'a>(arguments: &'b [Argument<'a>]) -> Try<Vec<&'b Expression<'a>>> {
    arguments
        .iter()
        .map(|argument| match argument.as_expression() {
            Some(expression) => Ok(expression),
            None => Why::new("Rhai cannot spread a list into arguments"),
        })
        .collect()
}

impl<'a> Translator<'_> {
    pub fn call(&mut self, call: &CallExpression<'a>) -> Try<Code> {
        if let Some(code) = self.random_index(call)? {
            return Ok(code);
        }
        let arguments = plain(&call.arguments)?;
        match &call.callee {
            Expression::Identifier(name) => self.named_call(&name.name, &arguments),
            Expression::StaticMemberExpression(member) => {
                self.member_call(member, &arguments, call.optional)
            }
            Expression::ChainExpression(_) | Expression::ComputedMemberExpression(_) => {
                Why::new("the function that is called is not written out")
            }
            other => {
                // A function that is called where it stands.
                let function = self.expression(other)?;
                let values = self.values(&arguments);
                Ok(Code::atom(
                    format!("({}).call({})", function.text, values.join(", ")),
                    Kind::Unknown,
                ))
            }
        }
    }

    /// Arguments, each as its own value.
    pub fn values(&mut self, arguments: &[&Expression<'a>]) -> Vec<String> {
        arguments
            .iter()
            .map(|argument| self.value(argument).text)
            .collect()
    }

    fn named_call(&mut self, name: &str, arguments: &[&Expression<'a>]) -> Try<Code> {
        match self.scopes.get(name).cloned() {
            Some(Meaning::Function {
                name: ours,
                params,
                required,
            }) => {
                let mut values = self.values(arguments);
                values.truncate(params);
                while values.len() < required {
                    values.push("()".to_owned());
                }
                let values = self.with_ctx(name, values)?;
                Ok(Code::atom(
                    format!("{ours}({})", values.join(", ")),
                    Kind::Unknown,
                ))
            }
            Some(Meaning::OwnFunction { code, params, ctx }) => {
                self.own_call(&code, params, ctx, arguments)
            }
            Some(Meaning::Member(module, member)) => self.library(module, &member, arguments),
            // `papaparse(…)`, `exec(…)`: a module is no function.
            Some(Meaning::Module(_) | Meaning::Own(_)) => Why::new("a module is not called"),
            Some(meaning) => {
                let function = match meaning {
                    Meaning::Lost(why) => return Why::new(why),
                    _ => self.expression_of_name(name)?,
                };
                let values = self.values(arguments);
                Ok(Code::atom(
                    format!("{}.call({})", function.receiver(), values.join(", ")),
                    Kind::Unknown,
                ))
            }
            None => self.global_call(name, arguments),
        }
    }

    fn own_call(
        &mut self,
        code: &str,
        params: usize,
        ctx: bool,
        arguments: &[&Expression<'a>],
    ) -> Try<Code> {
        let mut values = self.values(arguments);
        values.truncate(params);
        values.resize(params, "()".to_owned());
        if ctx {
            self.needs_ctx()?;
            values.insert(0, "ctx".to_owned());
        }
        Ok(Code::atom(
            format!("{code}({})", values.join(", ")),
            Kind::Unknown,
        ))
    }

    /// Arguments of a function of the top level, with `ctx` before them if it takes it.
    pub fn with_ctx(&mut self, name: &str, mut arguments: Vec<String>) -> Try<Vec<String>> {
        if let Some(frame) = &self.frame
            && frame.role == Role::Journey
        {
            let caller = frame.name.clone();
            let called = self.found.calls.entry(caller).or_default();
            called.insert(name.to_owned());
        }
        if self.facts.with_ctx.contains(name) {
            self.needs_ctx()?;
            arguments.insert(0, "ctx".to_owned());
        }
        Ok(arguments)
    }

    /// Functions that JavaScript and k6 have everywhere.
    fn global_call(&mut self, name: &str, arguments: &[&Expression<'a>]) -> Try<Code> {
        let first = arguments.first().copied();
        let Some(first) = first else {
            return Why::new(format!("there is no function `{name}` in rhaid"));
        };
        match name {
            "parseInt" => {
                let value = self.expression(first)?;
                Ok(match (value.kind, arguments.get(1)) {
                    (Kind::Int, _) => value,
                    (_, Some(base)) if !is_ten(base) => {
                        let base = self.expression(base)?;
                        let text = format!("whole_in_base({}, {})", value.text, base.text);
                        Code::atom(text, Kind::Unknown)
                    }
                    // What the environment gives in the place of a number that is written out.
                    (Kind::Text, _) if has_number(&value.text) => {
                        Code::atom(format!("parse_int({})", value.text), Kind::Int)
                    }
                    _ => Code::atom(format!("whole_of({})", value.text), Kind::Unknown),
                })
            }
            "parseFloat" | "Number" => self.expression(first).map(|value| to_number(&value)),
            "String" => {
                let value = self.expression(first)?;
                Ok(Code::atom(format!("`${{{}}}`", value.text), Kind::Text))
            }
            "Boolean" => Ok(self.condition_code(first)),
            "isNaN" => Why::new("Rhai's numbers come of a text or not at all"),
            "encodeURIComponent" => self.one_argument("encoding::url", first, Kind::Text),
            "decodeURIComponent" => self.one_argument("encoding::from_url", first, Kind::Text),
            "open" => self.open(first, arguments.get(1).copied()),
            _ => Why::new(format!("there is no function `{name}` in rhaid")),
        }
    }

    /// `open(path)`, and `open(path, "b")` for bytes.
    fn open(&mut self, path: &Expression<'a>, mode: Option<&Expression<'a>>) -> Try<Code> {
        let path = match path {
            Expression::StringLiteral(path) => words::quoted(&plain_path(&path.value)),
            path => self.expression(path)?.text,
        };
        Ok(match mode {
            None => Code::atom(format!("open({path})"), Kind::Text),
            Some(_) => Code::atom(format!("open({path}, \"b\")"), Kind::Unknown),
        })
    }

    /// A call with one argument.
    pub fn one_argument(
        &mut self,
        function: &str,
        argument: &Expression<'a>,
        kind: Kind,
    ) -> Try<Code> {
        let value = self.expression(argument)?;
        Ok(Code::atom(format!("{function}({})", value.text), kind))
    }

    fn expression_of_name(&mut self, name: &str) -> Try<Code> {
        match self.scopes.get(name).cloned() {
            Some(meaning) => self.meaning(name, meaning),
            None => Why::new(format!("there is no `{name}` in rhaid")),
        }
    }

    fn member_call(
        &mut self,
        member: &StaticMemberExpression<'a>,
        arguments: &[&Expression<'a>],
        optional: bool,
    ) -> Try<Code> {
        let method = member.property.name.as_str();
        if let Expression::Identifier(name) = &member.object {
            let name = name.name.as_str();
            match self.scopes.get(name).cloned() {
                Some(Meaning::Module(module)) => return self.library(module, method, arguments),
                // The default of `k6/data` and the like is the module itself.
                Some(Meaning::Member(Module::Execution, part)) => {
                    return self.library(Module::Execution, &format!("{part}.{method}"), arguments);
                }
                Some(Meaning::Own(alias)) => {
                    return match self.scopes.get(&format!("{alias}.{method}")).cloned() {
                        Some(Meaning::OwnFunction { code, params, ctx }) => {
                            self.own_call(&code, params, ctx, arguments)
                        }
                        _ => Why::new(format!(
                            "the module `{alias}` has no function `{method}` that could be converted"
                        )),
                    };
                }
                Some(Meaning::Metric(metric)) => {
                    return self.metric_call(&metric, method, arguments);
                }
                Some(_) => {}
                None => {
                    if let Some(made) = self.static_call(name, method, arguments) {
                        return made;
                    }
                }
            }
        }
        if let Some(path) = self.execution_path(&member.object) {
            return self.library(Module::Execution, &format!("{path}{method}"), arguments);
        }
        if let Some(made) = self.moment(member, method) {
            return made;
        }
        // `/pattern/.test(text)`
        if let Expression::RegExpLiteral(pattern) = &member.object {
            return self.pattern_call(pattern, method, arguments);
        }
        self.method(member, method, arguments, optional)
    }

    /// Functions of JavaScript's own objects.
    fn static_call(
        &mut self,
        object: &str,
        method: &str,
        arguments: &[&Expression<'a>],
    ) -> Option<Try<Code>> {
        let first = arguments.first().copied();
        Some(match (object, method, first) {
            ("Math", _, _) => self.mathematics(method, arguments),
            ("JSON", "stringify", Some(value)) => self.one_argument("json_text", value, Kind::Text),
            ("JSON", "parse", Some(text)) => self.parse_json(text),
            ("Date", "now", _) => Ok(Code::atom("time::now_ms()", Kind::Int)),
            ("Object", "keys", Some(map)) => self.of_receiver(map, "keys()", Kind::List),
            ("Object", "values", Some(map)) => self.of_receiver(map, "values()", Kind::List),
            ("Object", "freeze", Some(value)) => self.expression(value),
            ("Object", "assign", Some(_)) => self.added_up(arguments),
            ("Array", "isArray", Some(value)) => self.expression(value).map(|value| {
                let text = format!("type_of({}) == \"array\"", value.text);
                Code::new(text, Kind::Bool, Binding::Equality)
            }),
            ("Number", "parseInt" | "parseFloat", Some(_)) => self.global_call(method, arguments),
            ("Promise", "all", Some(list)) => {
                self.notes.insert("what was awaited together is done one after the other; http::batch does it at once".to_owned());
                self.expression(list)
            }
            ("console", _, _) => self.log(method, arguments),
            _ => return None,
        })
    }

    fn of_receiver(&mut self, value: &Expression<'a>, rest: &str, kind: Kind) -> Try<Code> {
        let value = self.expression(value)?;
        Ok(Code::atom(format!("{}.{rest}", value.receiver()), kind))
    }

    fn added_up(&mut self, arguments: &[&Expression<'a>]) -> Try<Code> {
        let mut parts = Vec::new();
        for argument in arguments {
            let value = self.expression(argument)?;
            if value.text != "#{}" {
                parts.push(value.at(Binding::Sum));
            }
        }
        if parts.is_empty() {
            parts.push("#{}".to_owned());
        }
        Ok(Code::new(parts.join(" + "), Kind::Map, Binding::Sum))
    }

    fn parse_json(&mut self, text: &Expression<'a>) -> Try<Code> {
        if let Expression::StaticMemberExpression(member) = text
            && member.property.name == "body"
        {
            let response = self.expression(&member.object)?;
            if response.kind == Kind::Response {
                return Ok(Code::atom(
                    format!("{}.json()", response.receiver()),
                    Kind::Unknown,
                ));
            }
        }
        self.one_argument("parse_json", text, Kind::Unknown)
    }

    fn log(&mut self, method: &str, arguments: &[&Expression<'a>]) -> Try<Code> {
        let ours = match method {
            "log" | "info" => "info",
            "warn" => "warn",
            "error" => "error",
            "debug" | "trace" => "trace",
            _ => return Why::new(format!("rhaid has no `console.{method}`")),
        };
        let values: Vec<Code> = arguments
            .iter()
            .map(|argument| self.value(argument))
            .collect();
        let text = match values.as_slice() {
            [] => "\"\"".to_owned(),
            [one] if one.kind == Kind::Text => one.text.clone(),
            several => {
                let parts: Vec<String> = several.iter().map(in_template).collect();
                format!("`{}`", parts.join(" "))
            }
        };
        Ok(Code::atom(format!("log::{ours}({text})"), Kind::Nothing))
    }

    fn mathematics(&mut self, method: &str, arguments: &[&Expression<'a>]) -> Try<Code> {
        if method == "random" {
            return Ok(Code::atom("random::float()", Kind::Float));
        }
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.expression(argument)?);
        }
        let texts: Vec<String> = values.iter().map(|value| value.text.clone()).collect();
        let Some(first) = values.first() else {
            return Why::new("Rhai has no such function");
        };
        let float = match first.kind {
            Kind::Float => first.receiver(),
            _ => format!("({} * 1.0)", first.at(Binding::Product)),
        };
        Ok(match method {
            "floor" | "ceil" | "round" | "trunc" if first.kind == Kind::Int => first.clone(),
            "floor" => Code::atom(format!("{float}.floor().to_int()"), Kind::Int),
            "ceil" => Code::atom(format!("{float}.ceiling().to_int()"), Kind::Int),
            "round" => Code::atom(format!("{float}.round().to_int()"), Kind::Int),
            "trunc" => Code::atom(format!("{float}.to_int()"), Kind::Int),
            "abs" => Code::atom(format!("{}.abs()", first.receiver()), first.kind),
            "sqrt" => Code::atom(format!("{float}.sqrt()"), Kind::Float),
            "exp" => Code::atom(format!("{float}.exp()"), Kind::Float),
            "log" => Code::atom(format!("{float}.ln()"), Kind::Float),
            "pow" if values.len() == 2 => {
                let second = values
                    .get(1)
                    .map_or_else(String::new, |value| value.at(Binding::Atom));
                Code::new(
                    format!("{} ** {second}", first.at(Binding::Atom)),
                    Kind::Unknown,
                    Binding::Power,
                )
            }
            "min" | "max" => {
                // Of two at a time.
                let mut all = texts.into_iter();
                let start = all.next().unwrap_or_default();
                let text = all.fold(start, |sofar, next| format!("{method}({sofar}, {next})"));
                Code::atom(text, first.kind)
            }
            _ => return Why::new(format!("Rhai has no `Math.{method}`")),
        })
    }

    /// `new Date().toISOString()` and its kin.
    fn moment(&mut self, member: &StaticMemberExpression<'a>, method: &str) -> Option<Try<Code>> {
        let Expression::NewExpression(new) = &member.object else {
            return None;
        };
        if self.text(new.callee.span()) != "Date" {
            return None;
        }
        if !new.arguments.is_empty() {
            return Some(Why::new(
                "moments of rhaid are numbers of seconds: see time::parse and time::add",
            ));
        }
        Some(match method {
            "toISOString" | "toJSON" => Ok(Code::atom("time::iso()", Kind::Text)),
            "getTime" | "valueOf" => Ok(Code::atom("time::now_ms()", Kind::Int)),
            "getFullYear" => Ok(Code::atom(
                "parse_int(time::format(time::now(), \"%Y\"))",
                Kind::Int,
            )),
            _ => Why::new("moments of rhaid are numbers of seconds: see time::format"),
        })
    }

    pub fn new_object(&mut self, new: &NewExpression<'a>) -> Try<Code> {
        match self.text(new.callee.span()) {
            "Date" if new.arguments.is_empty() => Ok(Code::atom("time::now_ms()", Kind::Int)),
            "Error" => Ok(self.thrown_new(new)),
            "Array" if new.arguments.is_empty() => Ok(Code::atom("[]", Kind::List)),
            "Object" if new.arguments.is_empty() => Ok(Code::atom("#{}", Kind::Map)),
            _ => Why::new("Rhai has no such objects"),
        }
    }

    fn thrown_new(&mut self, new: &NewExpression<'a>) -> Code {
        match new
            .arguments
            .first()
            .and_then(|first| first.as_expression())
        {
            Some(message) => self.value(message),
            None => Code::atom("\"error\"", Kind::Text),
        }
    }

    /// A value as true or false, for a metric of the kind `rate`.
    pub fn as_rate(&mut self, value: &Expression<'a>) -> Try<Code> {
        let code = self.expression(value)?;
        Ok(truth(&code))
    }
}

/// A value as a part of a text between backticks.
fn in_template(value: &Code) -> String {
    let text = &value.text;
    let between = |quote: char| {
        text.strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    };
    if value.kind == Kind::Text
        && let Some(inside) = between('`')
            .or_else(|| between('"').filter(|inside| !inside.contains(['\\', '"', '`', '$'])))
    {
        return inside.to_owned();
    }
    format!("${{{text}}}")
}

fn is_ten(base: &Expression) -> bool {
    matches!(base, Expression::NumericLiteral(number) if number.value == 10.0)
}

/// Whether it is a variable of the environment with a whole number as its default.
fn has_number(code: &str) -> bool {
    let default = code
        .strip_prefix("env(")
        .and_then(|rest| rest.strip_suffix("\")"))
        .and_then(|rest| rest.rsplit_once(", \""));
    default.is_some_and(|(_, default)| default.parse::<i64>().is_ok())
}
