//! Names of JavaScript as names of Rhai.

use std::collections::BTreeSet;

use crate::script::RESERVED;

/// Functions of scripts, beside [`RESERVED`], that a function of the same name would hide.
const TAKEN: &[&str] = &[
    "abort",
    "check",
    "ctx",
    "env",
    "fail",
    "group",
    "iteration",
    "json_text",
    "keys",
    "len",
    "max",
    "min",
    "parse_float",
    "parse_int",
    "parse_json",
    "seconds",
    "secret",
    "sleep",
    "summary",
    "timestamp",
    "truthy",
    "values",
    "vu_start",
    "vu_stop",
];

/// A name that Rhai takes, as like the given one as can be.
pub fn safe(name: &str) -> String {
    let mut made: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    let bare = made.trim_start_matches('_');
    if bare.is_empty() || !bare.starts_with(|c: char| c.is_ascii_alphabetic()) {
        made = format!("v{made}");
    }
    if made.len() > 100 {
        made.truncate(100);
    }
    if RESERVED.contains(&made.as_str()) || TAKEN.contains(&made.as_str()) {
        made.push('_');
    }
    made
}

/// A safe name that is not in use yet; it is then.
pub fn fresh(name: &str, used: &mut BTreeSet<String>) -> String {
    let base = safe(name);
    let mut made = base.clone();
    let mut number = 2;
    while !used.insert(made.clone()) {
        made = format!("{base}_{number}");
        number += 1;
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_becomes_one_of_rhai() {
        for (theirs, ours) in [
            ("bookRoom", "bookRoom"),
            ("$el", "_el"),
            ("_", "v_"),
            ("_1", "v_1"),
            ("loop", "loop_"),
            ("größe", "gr__e"),
        ] {
            assert_eq!(safe(theirs), ours);
            assert!(rhai::is_valid_identifier(&safe(theirs)), "{theirs}");
        }
        let mut used = BTreeSet::new();
        assert_eq!(fresh("a", &mut used), "a");
        assert_eq!(fresh("a", &mut used), "a_2");
    }
}
