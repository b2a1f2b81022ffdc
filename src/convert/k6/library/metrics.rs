//! `k6/metrics`.

use oxc_ast::ast::{Expression, NewExpression};

use super::super::calls::plain;
use super::super::code::{Code, Kind};
use super::super::scope::{Meaning, Metric, Module};
use super::super::translator::{Translator, Try, Why};
use crate::convert::emit::words;

impl<'a> Translator<'_> {
    /// `new Trend('name', true)`, if it is one.
    pub fn new_metric(&self, new: &NewExpression<'a>) -> Option<Metric> {
        let class = match &new.callee {
            Expression::Identifier(name) => match self.scopes.get(&name.name)? {
                Meaning::Member(Module::Metrics, member) => member.clone(),
                _ => return None,
            },
            Expression::StaticMemberExpression(member) => {
                let object = member.object.get_identifier_reference()?;
                match self.scopes.get(&object.name)? {
                    Meaning::Module(Module::Metrics) => member.property.name.to_string(),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let make = match class.as_str() {
            "Trend" => "trend",
            "Counter" => "counter",
            "Rate" => "rate",
            "Gauge" => "gauge",
            _ => return None,
        };
        let arguments = plain(&new.arguments).ok()?;
        let Some(Expression::StringLiteral(name)) = arguments.first() else {
            return None;
        };
        let time = match arguments.get(1) {
            Some(Expression::BooleanLiteral(time)) if time.value && make == "trend" => ", true",
            _ => "",
        };
        Some(Metric {
            make,
            code: format!("metrics::{make}({}{time})", words::quoted(&name.value)),
        })
    }

    /// `metric.add(value, tags)`.
    pub fn metric_call(
        &mut self,
        metric: &Metric,
        method: &str,
        arguments: &[&Expression<'a>],
    ) -> Try<Code> {
        let ("add", [value, rest @ ..]) = (method, arguments) else {
            return Why::new("a metric of rhaid can only be added to");
        };
        let value = if metric.make == "rate" {
            self.as_rate(value)?
        } else {
            let value = self.expression(value)?;
            // One that counts what is true.
            if value.kind == Kind::Bool {
                Code::atom(format!("if {} {{ 1 }} else {{ 0 }}", value.text), Kind::Int)
            } else {
                value
            }
        };
        let tags = match rest.first() {
            Some(tags) => format!(", {}", self.expression(tags)?.text),
            None => String::new(),
        };
        Ok(Code::atom(
            format!("{}.add({}{tags})", metric.code, value.text),
            Kind::Nothing,
        ))
    }
}
