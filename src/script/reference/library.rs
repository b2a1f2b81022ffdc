//! The standard library: modules written in Rhai.

use std::fmt::Write;

use rhai::Engine;

use crate::script::stdlib;

/// Writes all modules of the standard library.
pub fn write(out: &mut String, engine: &Engine) {
    out.push_str("## Standard library\n\nWritten in Rhai and part of rhaid; a script imports what it uses at its top.\n\n");
    for name in stdlib::names() {
        let Some(text) = stdlib::text(name) else {
            continue;
        };
        let alias = stdlib::alias(name);
        let head = text.lines().take_while(|line| line.starts_with("//!"));
        let _ = writeln!(
            out,
            "### `std/{name}`\n\n```rhai top\nimport \"std/{name}\" as {alias};\n```\n\n{}\n",
            super::prose(head, "//!")
        );
        for function in stdlib::functions(engine, text) {
            let _ = writeln!(
                out,
                "- `{alias}::{}({})`  ",
                function.name,
                function.params.join(", ")
            );
            for line in super::prose(function.comments.iter().map(String::as_str), "///").lines() {
                let _ = writeln!(out, "{}", format!("  {line}").trim_end());
            }
        }
        out.push('\n');
    }
}
