//! The standard library: Rhai modules that are part of the binary, imported as `std/NAME`.

use rhai::{Engine, FnAccess};

/// Name and text of each module.
const MODULES: &[(&str, &str)] = &[
    ("auth", include_str!("../../stdlib/auth.rhai")),
    ("data", include_str!("../../stdlib/data.rhai")),
    ("expect", include_str!("../../stdlib/expect.rhai")),
    ("flow", include_str!("../../stdlib/flow.rhai")),
    ("graphql", include_str!("../../stdlib/graphql.rhai")),
    ("page", include_str!("../../stdlib/page.rhai")),
    ("recovery", include_str!("../../stdlib/recovery.rhai")),
    ("reservation", include_str!("../../stdlib/reservation.rhai")),
    ("resilience", include_str!("../../stdlib/resilience.rhai")),
    ("retry", include_str!("../../stdlib/retry.rhai")),
    ("slo", include_str!("../../stdlib/slo.rhai")),
    ("think", include_str!("../../stdlib/think.rhai")),
    ("webhook", include_str!("../../stdlib/webhook.rhai")),
];

/// The text of a module.
pub fn text(name: &str) -> Option<&'static str> {
    let name = name.strip_suffix(".rhai").unwrap_or(name);
    MODULES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// The names of all modules.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|(name, _)| *name)
}

/// The name under which a module is best imported: its own, unless that would hide native functions.
pub fn alias(name: &str) -> &str {
    if name == "data" { "feed" } else { name }
}

/// A function that a module exports.
pub struct Function {
    pub name: String,
    pub params: Vec<String>,
    /// Lines of its doc comment, with their markers.
    pub comments: Vec<String>,
}

/// What a module exports, by name and number of parameters. `engine`: one that scripts run with, whose bounds on nested
/// expressions the module is written for; nothing comes of a text that it cannot read.
pub fn functions(engine: &Engine, text: &str) -> Vec<Function> {
    let Ok(ast) = engine.compile(text) else {
        return Vec::new();
    };
    let mut functions: Vec<Function> = ast
        .iter_functions()
        .filter(|function| function.access == FnAccess::Public)
        // A closure is a function, too, under a name that only Rhai can say.
        .filter(|function| rhai::is_valid_identifier(function.name))
        .map(|function| Function {
            name: function.name.to_owned(),
            params: function.params.iter().map(ToString::to_string).collect(),
            comments: function.comments.iter().map(ToString::to_string).collect(),
        })
        .collect();
    functions.sort_by(|a, b| (&a.name, a.params.len()).cmp(&(&b.name, b.params.len())));
    functions
}
