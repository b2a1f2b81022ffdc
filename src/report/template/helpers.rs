//! The helpers of templates: a number as the reports write it.

use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason,
};
use serde_json::Value;

use super::told;
use crate::report::format::{latency, number, percent};

/// How a number is told.
type Told = fn(f64) -> String;

/// What a template may call besides what Handlebars has itself.
const OWN: [(&str, Told); 3] = [
    ("latency", |value| latency(value, true)),
    ("number", number),
    ("percent", percent),
];
/// What Handlebars has itself.
const BUILT_IN: [&str; 16] = [
    "if", "unless", "each", "with", "lookup", "eq", "ne", "gt", "gte", "lt", "lte", "and", "or",
    "not", "len", "raw",
];

/// Adds the helpers to an engine.
pub fn register(templates: &mut Handlebars<'_>) {
    for (name, of) in OWN {
        templates.register_helper(name, Box::new(OfNumber { name, of }));
    }
}

/// What a template can call.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    OWN.iter().map(|(name, _)| *name).chain(BUILT_IN)
}

/// Makes text of one number.
struct OfNumber {
    name: &'static str,
    of: Told,
}

impl HelperDef for OfNumber {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        context: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let name = self.name;
        let wrong = |why: String| Err(RenderErrorReason::Other(why).into());
        let [param] = helper.params().as_slice() else {
            let given = helper.params().len();
            return wrong(format!(
                "`{name}` takes one number, and it is given {given} values"
            ));
        };
        if let Some(key) = helper.hash().keys().next() {
            return wrong(format!("`{name}` takes one number, and no `{key}=`"));
        }
        if param.is_value_missing() {
            let path = param.relative_path().map_or("", String::as_str);
            return wrong(told::missing(path, context.data()));
        }
        match param.value() {
            // A figure that another tool's file does not tell.
            Value::Null => out.write("-")?,
            Value::Number(value) => {
                let value = value.as_f64();
                out.write(&value.map_or_else(|| "-".to_owned(), self.of))?;
            }
            other => {
                let kind = match other {
                    Value::String(_) => "a text",
                    Value::Bool(_) => "true or false",
                    Value::Array(_) => "a list",
                    _ => "a map",
                };
                let what = param
                    .relative_path()
                    .map_or_else(|| other.to_string(), |path| format!("`{path}`"));
                return wrong(format!("`{name}` takes a number, and {what} is {kind}"));
            }
        }
        Ok(())
    }
}
