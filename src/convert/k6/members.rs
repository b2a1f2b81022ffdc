//! Properties and elements.

use oxc_ast::ast::{
    BinaryExpression, BinaryOperator, CallExpression, ComputedMemberExpression, Expression,
    StaticMemberExpression,
};
use oxc_span::GetSpan;

use super::code::{Binding, Code, Kind};
use super::scope::{Meaning, Module};
use super::translator::{Translator, Try, Why};
use crate::convert::emit::words;

impl Translator<'_> {
    pub fn static_member(&mut self, member: &StaticMemberExpression) -> Try<Code> {
        let property = member.property.name.as_str();
        if let Some(name) = member.object.get_identifier_reference() {
            if name.name == "__ENV" {
                return Ok(self.environment(property));
            }
            match self.scopes.get(&name.name).cloned() {
                Some(Meaning::Own(alias)) => {
                    return self.own_member(&alias, property);
                }
                Some(Meaning::Module(module)) if module != Module::Execution => {
                    return Why::new(format!("`{}.{property}` is no value in rhaid", name.name));
                }
                None if name.name == "Math" => return mathematical_constant(property),
                _ => {}
            }
        }
        if let Some(path) = self.execution_path(&member.object) {
            return self.execution(&format!("{path}{property}"));
        }
        // A cookie of k6 is a list of maps with a value, here it is its value.
        if property == "value"
            && let Expression::ComputedMemberExpression(element) = &member.object
            && self.text(element.object.span()).contains(".cookies")
        {
            return self.expression(&element.object);
        }
        // What was asked stands beside what was answered.
        if let Expression::StaticMemberExpression(inner) = &member.object
            && inner.property.name == "request"
            && matches!(property, "method" | "url")
        {
            let object = self.expression(&inner.object)?;
            return Ok(Code::atom(
                format!("{}.{property}", object.receiver()),
                Kind::Text,
            ));
        }
        if let Expression::StaticMemberExpression(inner) = &member.object
            && inner.property.name == "headers"
        {
            let object = self.expression(&inner.object)?;
            if object.kind == Kind::Response {
                let text = format!("{}.header({})", object.receiver(), words::quoted(property));
                return Ok(Code::atom(text, Kind::Unknown));
            }
        }
        let object = self.expression(&member.object)?;
        let dot = if member.optional { "?." } else { "." };
        let kind = match (object.kind, property) {
            (Kind::Caught, "message" | "stack" | "name") => {
                return Ok(Code::atom(format!("`${{{}}}`", object.text), Kind::Text));
            }
            (Kind::Response, "status_text" | "request" | "tls_version" | "ocsp") => {
                return Why::new(format!("a response of rhaid has no `{property}`"));
            }
            (Kind::Map, "length") => Kind::Unknown,
            (_, "length") => {
                return Ok(Code::atom(
                    format!("{}{dot}len", object.receiver()),
                    Kind::Int,
                ));
            }
            (Kind::Response, "status" | "error_code") => Kind::Int,
            (Kind::Response, "body" | "url" | "proto") => Kind::Text,
            (Kind::Response, "headers" | "timings" | "cookies") => Kind::Map,
            _ => Kind::Unknown,
        };
        let key = words::key(property);
        let text = if key == property {
            format!("{}{dot}{property}", object.receiver())
        } else {
            let open = if member.optional { "?[" } else { "[" };
            format!("{}{open}{key}]", object.receiver())
        };
        Ok(Code::atom(text, kind))
    }

    /// A variable of the environment. One without a default would have to be set for the script to be right at all.
    fn environment(&mut self, name: &str) -> Code {
        self.notes
            .insert(format!("{name} comes from the environment: --env {name}=…"));
        Code::atom(format!("env({}, \"\")", words::quoted(name)), Kind::Text)
    }

    pub fn computed_member(&mut self, member: &ComputedMemberExpression) -> Try<Code> {
        if let Expression::Identifier(name) = &member.object
            && name.name == "__ENV"
        {
            return match &member.expression {
                Expression::StringLiteral(text) => Ok(self.environment(&text.value)),
                other => {
                    let name = self.expression(other)?;
                    Ok(Code::atom(format!("env({}, \"\")", name.text), Kind::Text))
                }
            };
        }
        if let (Expression::StaticMemberExpression(inner), Expression::StringLiteral(header)) =
            (&member.object, &member.expression)
            && inner.property.name == "headers"
        {
            let object = self.expression(&inner.object)?;
            if object.kind != Kind::Map {
                let name = words::quoted(&header.value);
                return Ok(Code::atom(
                    format!("{}.header({name})", object.receiver()),
                    Kind::Unknown,
                ));
            }
        }
        let object = self.expression(&member.object)?;
        if let Some(code) = self.row(&object, member) {
            return Ok(code);
        }
        let index = self.expression(&member.expression)?;
        let open = if member.optional { "?[" } else { "[" };
        let (text, kind) = match object.kind {
            Kind::Text if index.kind == Kind::Int => (
                format!("{}.sub_string({}, 1)", object.receiver(), index.text),
                Kind::Text,
            ),
            _ => (
                format!("{}{open}{}]", object.receiver(), index.text),
                Kind::Unknown,
            ),
        };
        Ok(Code::atom(text, kind))
    }

    /// An element at random, or the next row of a file: `users[Math.floor(Math.random() * users.length)]`,
    /// `users[exec.scenario.iterationInTest % users.length]`.
    fn row(&mut self, list: &Code, member: &ComputedMemberExpression) -> Option<Code> {
        let ours = self.text(member.object.span());
        if let Some(Expression::StaticMemberExpression(bound)) = random_below(&member.expression)
            && bound.property.name == "length"
            && self.text(bound.object.span()) == ours
        {
            let text = match list.kind {
                Kind::Data => format!("{}.random()", list.receiver()),
                _ => format!("random::pick({})", list.text),
            };
            return Some(Code::atom(text, Kind::Unknown));
        }
        let Expression::BinaryExpression(binary) = &member.expression else {
            return None;
        };
        let counts = self.text(binary.left.span()).contains("iterationIn");
        if list.kind == Kind::Data && binary.operator == BinaryOperator::Remainder && counts {
            return Some(Code::atom(
                format!("{}.next()", list.receiver()),
                Kind::Unknown,
            ));
        }
        None
    }

    /// `Math.floor(Math.random() * n) + low`, a whole number at random; also without `+ low`.
    pub fn random_whole(&mut self, binary: &BinaryExpression) -> Try<Option<Code>> {
        if binary.operator != BinaryOperator::Addition {
            return Ok(None);
        }
        let (bound, low) = match (random_below(&binary.left), random_below(&binary.right)) {
            (Some(bound), None) => (bound, &binary.right),
            (None, Some(bound)) => (bound, &binary.left),
            _ => return Ok(None),
        };
        let bound = self.expression(bound)?;
        let low = self.expression(low)?;
        if low.kind == Kind::Text || low.kind == Kind::Unknown && bound.kind != Kind::Int {
            return Ok(None);
        }
        Ok(Some(whole_below(&bound, &low)))
    }

    /// `Math.floor(Math.random() * n)`.
    pub fn random_index(&mut self, call: &CallExpression) -> Try<Option<Code>> {
        let Some(bound) = random_below_in(call) else {
            return Ok(None);
        };
        let bound = self.expression(bound)?;
        Ok(Some(whole_below(&bound, &Code::atom("0", Kind::Int))))
    }

    /// `exec.vu.idInTest` as `vu.`, for the part that comes before the last property.
    pub fn execution_path(&self, object: &Expression) -> Option<String> {
        match object {
            Expression::Identifier(name) => match self.scopes.get(&name.name)? {
                Meaning::Module(Module::Execution) => Some(String::new()),
                Meaning::Member(Module::Execution, part) => Some(format!("{part}.")),
                _ => None,
            },
            Expression::StaticMemberExpression(member) => {
                let before = self.execution_path(&member.object)?;
                Some(format!("{before}{}.", member.property.name))
            }
            _ => None,
        }
    }

    fn execution(&mut self, path: &str) -> Try<Code> {
        match path {
            "vu.idInTest" | "vu.idInInstance" => self.of_ctx("vu"),
            "vu.iterationInScenario" | "vu.iterationInInstance" => self.of_ctx("iteration"),
            "scenario.name" => self.of_ctx("scenario"),
            "scenario.iterationInTest" | "scenario.iterationInInstance" => {
                self.needs_ctx()?;
                // Numbers that never come twice in the run, from 0.
                Ok(Code::new(
                    "shared::counter(`iterations of ${ctx.scenario}`).add(1) - 1",
                    Kind::Int,
                    Binding::Sum,
                ))
            }
            _ => Why::new(format!("rhaid does not tell `{path}`")),
        }
    }

    fn own_member(&mut self, alias: &str, property: &str) -> Try<Code> {
        match self.scopes.get(&format!("{alias}.{property}")).cloned() {
            Some(Meaning::Inline { code, kind }) => Ok(Code::atom(code, kind)),
            Some(Meaning::OwnFunction { .. }) => {
                Why::new("a function of another module is called, and is no value")
            }
            _ => Why::new(format!(
                "the module `{alias}` has no `{property}` that could be converted"
            )),
        }
    }
}

/// The bound of `Math.floor(Math.random() * bound)`, also without `floor`'s kin.
fn random_below<'b, 'a>(expression: &'b Expression<'a>) -> Option<&'b Expression<'a>> {
    match expression {
        Expression::CallExpression(call) => random_below_in(call),
        _ => None,
    }
}

fn random_below_in<'b, 'a>(call: &'b CallExpression<'a>) -> Option<&'b Expression<'a>> {
    if !is_math(&call.callee, &["floor", "trunc"]) {
        return None;
    }
    let Some(Expression::BinaryExpression(product)) = call
        .arguments
        .first()
        .and_then(|argument| argument.as_expression())
    else {
        return None;
    };
    if product.operator != BinaryOperator::Multiplication {
        return None;
    }
    match (&product.left, &product.right) {
        (random, bound) if is_random(random) => Some(bound),
        (bound, random) if is_random(random) => Some(bound),
        _ => None,
    }
}

/// `Math.random()`.
pub fn is_random(expression: &Expression) -> bool {
    match expression {
        Expression::CallExpression(call) => is_math(&call.callee, &["random"]),
        _ => false,
    }
}

fn is_math(callee: &Expression, names: &[&str]) -> bool {
    match callee {
        Expression::StaticMemberExpression(member) => {
            let math = member.object.get_identifier_reference();
            math.is_some_and(|name| name.name == "Math")
                && names.contains(&member.property.name.as_str())
        }
        _ => false,
    }
}

/// A whole number from `low` to what is below `low + bound`.
fn whole_below(bound: &Code, low: &Code) -> Code {
    let high = match (bound.text.parse::<i64>(), low.text.parse::<i64>()) {
        (Ok(bound), Ok(low)) => low.saturating_add(bound).saturating_sub(1).to_string(),
        (_, Ok(0)) => format!("{} - 1", bound.at(Binding::Sum)),
        _ => format!(
            "{} + {} - 1",
            low.at(Binding::Sum),
            bound.at(Binding::Product)
        ),
    };
    Code::atom(format!("random::int({}, {high})", low.text), Kind::Int)
}

fn mathematical_constant(name: &str) -> Try<Code> {
    match name {
        "PI" => Ok(Code::atom("3.141592653589793", Kind::Float)),
        "E" => Ok(Code::atom("2.718281828459045", Kind::Float)),
        _ => Why::new("Rhai has no such constant"),
    }
}
