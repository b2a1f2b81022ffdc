//! The standard library: modules written in Rhai.

use std::fmt::Write;

use rhai::{Engine, FnAccess};

use crate::script::stdlib;

/// Writes all modules of the standard library.
pub fn write(out: &mut String) {
    out.push_str("## Standard library\n\nWritten in Rhai and part of rhaid; a script imports what it uses at its top.\n\n");
    let mut engine = Engine::new();
    crate::script::words::free(&mut engine);
    for name in stdlib::names() {
        let Some(text) = stdlib::text(name) else {
            continue;
        };
        let Ok(ast) = engine.compile(text) else {
            continue;
        };
        let head = text.lines().take_while(|line| line.starts_with("//!"));
        let _ = writeln!(
            out,
            "### `std/{name}`\n\n```rhai top\nimport \"std/{name}\" as {name};\n```\n\n{}\n",
            super::prose(head, "//!")
        );
        let mut functions: Vec<_> = ast
            .iter_functions()
            .filter(|function| function.access == FnAccess::Public)
            .collect();
        functions.sort_by_key(|function| function.name);
        for function in functions {
            let _ = writeln!(
                out,
                "- `{name}::{}({})`  ",
                function.name,
                function.params.join(", ")
            );
            for line in super::prose(function.comments.iter().copied(), "///").lines() {
                let _ = writeln!(out, "{}", format!("  {line}").trim_end());
            }
        }
        out.push('\n');
    }
}
