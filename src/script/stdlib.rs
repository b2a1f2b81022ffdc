//! The standard library: Rhai modules that are part of the binary, imported as `std/NAME`.

/// Name and text of each module.
const MODULES: &[(&str, &str)] = &[
    ("auth", include_str!("../../stdlib/auth.rhai")),
    ("expect", include_str!("../../stdlib/expect.rhai")),
    ("flow", include_str!("../../stdlib/flow.rhai")),
    ("graphql", include_str!("../../stdlib/graphql.rhai")),
    ("page", include_str!("../../stdlib/page.rhai")),
    ("reservation", include_str!("../../stdlib/reservation.rhai")),
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
