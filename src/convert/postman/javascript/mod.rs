//! The common lines of a collection's scripts: assertions on responses, and values kept for later requests.
//!
//! No script is run, and no JavaScript understood beyond the patterns that people copy from one collection to the next. Each
//! statement is either translated as a whole or handed back as something left to do.

mod expression;
mod statements;

use crate::convert::emit::words::quoted;
use crate::convert::journey::{Check, Source};
use crate::convert::lifted;
use crate::secrets::MASK;

use super::templates;
use super::variables::Variables;
use crate::convert::emit::words;
use expression::{Aliases, Expression, value_of};
use statements::{arguments, body_of, inside, statements};

/// What a script says.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    pub status: Option<u16>,
    /// What its check is called.
    pub status_name: Option<String>,
    pub checks: Vec<Check>,
    /// Values of the response, by the name that they are kept under.
    pub kept: Vec<(String, Source)>,
    /// Values that come from elsewhere, as expressions of Rhai.
    pub set: Vec<(String, String)>,
    /// Statements that were not understood.
    pub todo: Vec<String>,
}

/// Reads a script that follows a response or comes before a request.
pub fn read(script: &str, variables: &mut Variables) -> Found {
    let mut reader = Reader {
        aliases: Aliases::default(),
        found: Found::default(),
        hidden: Vec::new(),
        variables,
    };
    for statement in statements(script) {
        reader.statement(&statement);
    }
    reader.found
}

struct Reader<'v> {
    aliases: Aliases,
    found: Found,
    /// Values that became variables: no name of a check may tell them.
    hidden: Vec<String>,
    variables: &'v mut Variables,
}

/// What keeps a value, before its arguments.
const KEEPERS: [&str; 6] = [
    "pm.environment.set(",
    "pm.collectionVariables.set(",
    "pm.globals.set(",
    "pm.variables.set(",
    "postman.setEnvironmentVariable(",
    "postman.setGlobalVariable(",
];

impl Reader<'_> {
    fn statement(&mut self, statement: &str) {
        if is_idle(statement) || self.alias(statement) || self.keep(statement) {
            return;
        }
        if let Some(arguments) = inside(statement, "pm.test(") {
            return self.test(arguments, statement);
        }
        if let Some((name, condition)) = old_test(statement)
            && let Some(condition) = self.compared(condition)
        {
            return self.check(&name, &[condition]);
        }
        match self.condition(statement) {
            Some(condition) => {
                let name = condition.clone();
                self.check(&name, &[condition]);
            }
            None => self.todo(statement),
        }
    }

    /// `pm.test("name", () => { … })`: its assertions are one check together.
    fn test(&mut self, given: &str, statement: &str) {
        let parts = arguments(given);
        let (Some(name), Some(body)) = (
            parts.first().and_then(|name| statements::string(name)),
            parts.get(1).and_then(|function| body_of(function)),
        ) else {
            return self.todo(statement);
        };
        let mut conditions = Vec::new();
        for inner in statements(body) {
            if is_idle(&inner) || self.alias(&inner) || self.keep(&inner) {
                continue;
            }
            match self.condition(&inner) {
                Some(condition) => conditions.push(condition),
                None => self.todo(&format!("{name}: {inner}")),
            }
        }
        self.check(&name, &conditions);
    }

    /// An expression that stands beside a name; a literal that is a secret there becomes a variable.
    fn hide(&mut self, code: String, name: Option<&str>) -> String {
        let Some((value, is_text)) = value_of(&code) else {
            return code;
        };
        let name = name.unwrap_or_default();
        if !is_text && !lifted::is_secret_number(name) {
            return code;
        }
        let variables = &mut *self.variables;
        let kept = lifted::field(&value, name, &mut |value, name, meaning| {
            variables.secret(value, name, meaning)
        });
        match kept {
            Some(kept) => {
                self.hidden.push(value);
                match is_text {
                    true => kept,
                    false => format!("parse_json({kept})"),
                }
            }
            None => code,
        }
    }

    fn check(&mut self, name: &str, conditions: &[String]) {
        let mut name = name.to_owned();
        for value in &self.hidden {
            name = name.replace(value.as_str(), MASK);
        }
        let status = match conditions {
            [only] => only
                .strip_prefix("r.status == ")
                .and_then(|status| status.parse().ok()),
            _ => None,
        };
        if let (Some(status), None) = (status, self.found.status) {
            self.found.status = Some(status);
            self.found.status_name = Some(name);
        } else if !conditions.is_empty() {
            let check = Check {
                name,
                own: true,
                condition: conditions.join(" && "),
            };
            if !self
                .found
                .checks
                .iter()
                .any(|known| known.name == check.name)
            {
                self.found.checks.push(check);
            }
        }
    }

    fn todo(&mut self, statement: &str) {
        let line: Vec<&str> = statement.split_whitespace().collect();
        self.found.todo.push(statements::masked(&line.join(" ")));
    }

    /// `const body = pm.response.json()`: from here on, `body` is that.
    fn alias(&mut self, statement: &str) -> bool {
        let declared = ["var ", "let ", "const "]
            .iter()
            .find_map(|word| statement.strip_prefix(word));
        let Some((name, value)) = declared.and_then(|declared| declared.split_once('=')) else {
            return false;
        };
        match self.aliases.read(value, self.variables) {
            Some(expression) => {
                self.aliases.add(name.trim(), expression);
                true
            }
            None => false,
        }
    }

    /// `pm.environment.set("id", …)`.
    fn keep(&mut self, statement: &str) -> bool {
        let Some(given) = KEEPERS.iter().find_map(|keeper| inside(statement, keeper)) else {
            return false;
        };
        let parts = arguments(given);
        let (Some(name), Some(value)) = (
            parts.first().and_then(|name| statements::string(name)),
            parts.get(1),
        ) else {
            return false;
        };
        if let Some(given) = statements::literal(value)
            && let Some(code) = lifted::field(&given, &name, &mut |value, name, meaning| {
                self.variables.secret(value, name, meaning)
            })
        {
            self.found.set.push((name, code));
            return true;
        }
        if let Some(template) = inside(value, "pm.variables.replaceIn(")
            && let Some(template) = statements::string(template)
        {
            let mut made = templates::text(&template, self.variables);
            lifted::literal(&mut made, &name, &mut |value, name, meaning| {
                self.variables.secret(value, name, meaning)
            });
            self.found.set.push((name, words::text(&made)));
            return true;
        }
        match self.aliases.read(value, self.variables) {
            Some(Expression::Json(path)) => self.found.kept.push((name, Source::Json(path))),
            Some(Expression::Header(header)) => {
                self.found.kept.push((name, Source::Header(header)))
            }
            Some(Expression::Response(code)) => self
                .found
                .kept
                .push((name, Source::Code(code.replacen('r', "{}", 1)))),
            Some(Expression::Code(code)) => {
                let code = self.hide(code, Some(&name));
                self.found.set.push((name, code));
            }
            None => return false,
        }
        true
    }

    /// An assertion as a condition on the response `r`.
    fn condition(&mut self, statement: &str) -> Option<String> {
        if let Some(rest) = statement.strip_prefix("pm.response.to.") {
            return response_assertion(rest);
        }
        let (value, chain) = statements::call(statement, "pm.expect(")?;
        let value = arguments(value).into_iter().next()?;
        let value = self.aliases.read(value, self.variables)?;
        let mut negated = false;
        let mut last = None;
        for link in statements::links(chain)? {
            match link.0 {
                "to" | "be" | "been" | "is" | "that" | "which" | "and" | "has" | "with"
                | "deep" => {}
                "have" if link.1.is_none() => {}
                "not" => negated = !negated,
                _ if last.is_some() => return None,
                _ => last = Some(link),
            }
        }
        let (word, given) = last?;
        let condition = self.assertion(&value, word, given)?;
        Some(if negated {
            negate(&condition)
        } else {
            condition
        })
    }

    /// What a value is compared with.
    fn beside(&mut self, value: &Expression, given: &str) -> Option<String> {
        let read = self.aliases.read(given, self.variables)?;
        Some(self.hide(read.code(), value.name()))
    }

    fn assertion(&mut self, value: &Expression, word: &str, given: Option<&str>) -> Option<String> {
        let mut code = value.code();
        let list = arguments(given.unwrap_or_default());
        // It may be the literal, and the secret what it is compared with.
        if let Some(other) = list.first().copied()
            && let Some(other) = self.aliases.read(other, self.variables)
        {
            code = self.hide(code, other.name());
        }
        let mut literal = |at: usize| self.beside(value, list.get(at)?);
        Some(match word {
            "equal" | "equals" | "eql" | "eq" => format!("{code} == {}", literal(0)?),
            "above" | "gt" | "greaterThan" => format!("{code} > {}", literal(0)?),
            "below" | "lt" | "lessThan" => format!("{code} < {}", literal(0)?),
            "least" | "gte" => format!("{code} >= {}", literal(0)?),
            "most" | "lte" => format!("{code} <= {}", literal(0)?),
            "include" | "includes" | "contain" | "contains" => format!("{} in {code}", literal(0)?),
            "oneOf" => {
                let list = given?.trim().strip_prefix('[')?.strip_suffix(']')?;
                let mut items = Vec::new();
                for item in arguments(list) {
                    let item = super::variables::literal(item)?;
                    items.push(self.hide(item, value.name()));
                }
                format!("{code} in [{}]", items.join(", "))
            }
            "property" => {
                let inner = value.field(&statements::string(list.first()?)?)?;
                match list.get(1) {
                    Some(given) => format!("{} == {}", inner.code(), self.beside(&inner, given)?),
                    None => format!("{} != ()", inner.code()),
                }
            }
            "a" | "an" => match statements::string(given?)?.as_str() {
                "number" => format!("type_of({code}) in [\"i64\", \"f64\"]"),
                "string" => format!("type_of({code}) == \"string\""),
                "boolean" => format!("type_of({code}) == \"bool\""),
                "array" => format!("type_of({code}) == \"array\""),
                "object" => format!("type_of({code}) == \"map\""),
                _ => return None,
            },
            "length" | "lengthOf" => format!("{code}.len == {}", literal(0)?),
            "exist" | "ok" => format!("{code} != ()"),
            "null" | "undefined" => format!("{code} == ()"),
            "true" | "false" => format!("{code} == {word}"),
            "empty" => format!("{code}.len == 0"),
            _ => return None,
        })
    }

    /// `responseCode.code === 200`, as old collections have it.
    fn compared(&mut self, condition: &str) -> Option<String> {
        for (theirs, ours) in [
            ("===", "=="),
            ("!==", "!="),
            ("==", "=="),
            ("<", "<"),
            (">", ">"),
        ] {
            if let Some((left, right)) = condition.split_once(theirs) {
                let left = self.aliases.read(left, self.variables)?;
                let right = self.aliases.read(right, self.variables)?;
                let (one, other) = (
                    self.hide(left.code(), right.name()),
                    self.hide(right.code(), left.name()),
                );
                return Some(format!("{one} {ours} {other}"));
            }
        }
        None
    }
}

/// `tests["name"] = condition`.
fn old_test(statement: &str) -> Option<(String, &str)> {
    let (name, condition) = statement.strip_prefix("tests[")?.split_once(']')?;
    let condition = condition.trim_start().strip_prefix('=')?;
    Some((statements::string(name)?, condition))
}

/// What follows `pm.response.to.`.
fn response_assertion(rest: &str) -> Option<String> {
    let (rest, negated) = match rest.strip_prefix("not.") {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let first =
        |start: &str| inside(rest, start).and_then(|given| arguments(given).into_iter().next());
    let condition = if let Some(status) = first("have.status(") {
        let status: u16 = status.trim().parse().ok()?;
        format!("r.status == {status}")
    } else if let Some(name) = first("have.header(") {
        format!("r.header({}) != ()", quoted(&statements::string(name)?))
    } else if let Some(name) = first("have.jsonBody(") {
        format!("r.json({}) != ()", quoted(&statements::string(name)?))
    } else {
        match rest.trim_end_matches("()") {
            "be.ok" | "be.success" => "r.status >= 200 && r.status < 300".to_owned(),
            "be.json" | "have.jsonBody" => "r.json() != ()".to_owned(),
            "have.body" | "be.withBody" => "r.size > 0".to_owned(),
            "be.error" => "r.status >= 400".to_owned(),
            "be.accepted" => "r.status == 202".to_owned(),
            "be.badRequest" => "r.status == 400".to_owned(),
            "be.unauthorized" => "r.status == 401".to_owned(),
            "be.forbidden" => "r.status == 403".to_owned(),
            "be.notFound" => "r.status == 404".to_owned(),
            _ => return None,
        }
    };
    Some(if negated {
        negate(&condition)
    } else {
        condition
    })
}

fn negate(condition: &str) -> String {
    for (is, is_not) in [(" == ", " != "), (" != ", " == ")] {
        if condition.matches(" == ").count() + condition.matches(" != ").count() == 1
            && let Some((left, right)) = condition.split_once(is)
        {
            return format!("{left}{is_not}{right}");
        }
    }
    format!("!({condition})")
}

/// Statements that need no translation.
fn is_idle(statement: &str) -> bool {
    statement.is_empty()
        || statement == "\"use strict\""
        || [
            "console.",
            "pm.environment.unset(",
            "pm.collectionVariables.unset(",
            "pm.globals.unset(",
        ]
        .iter()
        .any(|start| statement.starts_with(start))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(script: &str) -> Found {
        read(script, &mut Variables::default())
    }

    #[test]
    fn assertions_become_conditions() {
        for (statement, condition) in [
            ("pm.response.to.have.status(201)", "r.status == 201"),
            ("pm.response.to.not.have.status(500)", "r.status != 500"),
            ("pm.response.to.be.ok", "r.status >= 200 && r.status < 300"),
            (
                "pm.response.to.have.header('Location')",
                "r.header(\"Location\") != ()",
            ),
            (
                "pm.expect(pm.response.code).to.be.oneOf([200, 201])",
                "r.status in [200, 201]",
            ),
            (
                "pm.expect(pm.response.responseTime).to.be.below(500)",
                "r.timings.duration < 500",
            ),
            (
                "pm.expect(pm.response.json().status).to.eql(\"held\")",
                "r.json(\"status\") == \"held\"",
            ),
            (
                "pm.expect(pm.response.json().rooms[0]['id']).to.exist",
                "r.json(\"rooms[0].id\") != ()",
            ),
            (
                "pm.expect(pm.response.json().rooms).to.be.an('array')",
                "type_of(r.json(\"rooms\")) == \"array\"",
            ),
            (
                "pm.expect(pm.response.json().rooms.length).to.equal(2)",
                "r.json(\"rooms\").len == 2",
            ),
            (
                "pm.expect(pm.response.json().rooms).to.not.be.empty",
                "r.json(\"rooms\").len != 0",
            ),
            (
                "pm.expect(pm.response.json()).to.have.property('id')",
                "r.json(\"id\") != ()",
            ),
            (
                "pm.expect(pm.response.text()).to.include('ok')",
                "\"ok\" in r.body",
            ),
        ] {
            let found = found(&format!(
                "pm.test('it holds', function () {{\n    {statement};\n}});"
            ));
            assert_eq!(found.todo, Vec::<String>::new(), "{statement}");
            match found.status {
                Some(status) => assert_eq!(format!("r.status == {status}"), condition),
                None => assert_eq!(
                    found.checks.first().map(|check| check.condition.as_str()),
                    Some(condition),
                    "{statement}"
                ),
            }
        }
    }

    #[test]
    fn values_are_kept() {
        let found = found(
            "const body = pm.response.json(); // all of it\nlet id = body.data.id\n\
             pm.collectionVariables.set('id', id);\npostman.setEnvironmentVariable(\"place\", pm.response.headers.get('Location'));\n\
             pm.environment.set('now', Date.now());\ntests['old'] = responseCode.code === 200;\nconsole.log(id);",
        );
        assert_eq!(found.todo, Vec::<String>::new());
        assert_eq!(found.status, Some(200));
        assert_eq!(
            found.kept,
            [
                ("id".to_owned(), Source::Json("data.id".to_owned())),
                ("place".to_owned(), Source::Header("Location".to_owned())),
            ]
        );
        assert_eq!(found.set, [("now".to_owned(), "time::now_ms()".to_owned())]);
    }

    #[test]
    fn what_a_secret_is_compared_with_becomes_a_variable() {
        for (statement, condition) in [
            (
                "pm.expect(pm.response.json().token).to.eql('s3cr3t')",
                "r.json(\"token\") == global::TOKEN",
            ),
            (
                "pm.expect('s3cr3t').to.eql(pm.response.json().data.token)",
                "global::TOKEN == r.json(\"data.token\")",
            ),
            (
                "pm.expect(pm.response.json()).to.have.property('password', 's3cr3t')",
                "r.json(\"password\") == global::PASSWORD",
            ),
            (
                "pm.expect(pm.response.json().pin).to.not.equal(1234)",
                "r.json(\"pin\") != parse_json(global::PIN)",
            ),
            (
                "pm.expect(pm.response.headers.get('X-Api-Key')).to.include('s3cr3t')",
                "global::X_API_KEY in r.header(\"X-Api-Key\")",
            ),
            (
                "pm.expect(pm.response.json().tokens[0]).to.be.oneOf(['s3cr3t', 's3cr3t2'])",
                "r.json(\"tokens[0]\") in [global::TOKENS, global::TOKENS_2]",
            ),
            (
                "pm.expect(pm.response.json().token_count).to.eql(1234)",
                "r.json(\"token_count\") == 1234",
            ),
            (
                "pm.expect(pm.response.json().token_type).to.eql('bearer')",
                "r.json(\"token_type\") == \"bearer\"",
            ),
        ] {
            let script = format!("pm.test('it is s3cr3t', () => {{ {statement}; }});");
            let found = found(&script);
            let check = found.checks.first().expect(statement);
            assert_eq!(check.condition, condition, "{statement}");
            let is_hidden = !condition.contains("global::") || !statement.contains("s3cr3t");
            let name = if is_hidden {
                "it is s3cr3t"
            } else {
                "it is ***"
            };
            assert_eq!(check.name, name, "{statement}");
        }
        let found = found(
            "const key = 's3cr3t';\ntests['x'] = responseBody === 1;\ntests['y'] = JSON.parse(responseBody).token === key;\n\
             pm.environment.set('apiKey', key);\npm.environment.set('token', pm.variables.replaceIn('s3cr3t{{$guid}}'));",
        );
        assert!(!format!("{found:?}").contains("s3cr3t"), "{found:?}");
        assert_eq!((found.checks.len(), found.set.len()), (2, 2), "{found:?}");
    }

    #[test]
    fn what_is_not_understood_is_left_to_do() {
        for script in [
            "if (pm.response.code === 200) { pm.environment.set('a', 1); }",
            "pm.test('x', () => { pm.expect(f(1)).to.eql(2); });",
            "postman.setNextRequest('other')",
            "pm.sendRequest('http://x', function (e, r) { console.log(r); })",
            "pm.test('x'",
            "pm.expect(pm.response.code).to.satisfy(n => n > 1)",
        ] {
            let found = found(script);
            assert_eq!(found.todo.len(), 1, "{script}: {found:?}");
            assert_eq!(
                (found.checks.len(), found.kept.len(), found.set.len()),
                (0, 0, 0),
                "{script}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_script_is_too_strange(script in "(pm\\.|test|expect|response|[(){}\\[\\]'\"`;:=.,/\\\\\n a-z0-9ü]){0,60}") {
            let _ = found(&script);
        }
    }
}
