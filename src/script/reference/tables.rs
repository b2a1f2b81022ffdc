//! The tables of options and metrics.

use std::fmt::Write;

use crate::executor::Kind;
use crate::metrics::{Builtin, Contains};
use crate::options::keys::{self, Key};

/// Writes all tables.
pub fn write(out: &mut String) {
    out.push_str(
        "## Options\n\n`export const options = #{ … };` at the top of a script; the same keys in `rhaid.toml` are defaults. \
         See [options](options.md) for what they do and examples.\n\n### Of the run\n\n",
    );
    keys(out, keys::RUN);
    out.push_str("### Of a scenario\n\n");
    keys(out, keys::SCENARIO);
    out.push_str(
        "### Of an executor\n\n| executor | what it does | its options |\n|---|---|---|\n",
    );
    for kind in Kind::ALL {
        let own: Vec<String> = kind.keys().iter().map(|key| format!("`{key}`")).collect();
        let _ = writeln!(
            out,
            "| `{}` | {} | {} |",
            kind.name(),
            kind.doc(),
            own.join(", ")
        );
    }
    out.push('\n');
    keys(out, keys::EXECUTOR);
    out.push_str("### Of an objective\n\n");
    keys(out, keys::OBJECTIVE);
    out.push_str("### Of a fault\n\n");
    keys(out, keys::FAULT);
    out.push_str("### Of a probe\n\n");
    keys(out, keys::PROBE);
    out.push_str("### Of a command\n\n");
    keys(out, keys::COMMAND);
    out.push_str("### Of a proxy\n\n");
    keys(out, keys::PROXY);
    out.push_str("### Of traces\n\n");
    keys(out, keys::TRACING);
    metrics(out);
}

/// Writes one table of options.
pub fn keys(out: &mut String, keys: &[Key]) {
    out.push_str("| option | takes | default | meaning |\n|---|---|---|---|\n");
    for key in keys {
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            key.name, key.takes, key.default, key.meaning
        );
    }
    out.push('\n');
}

fn metrics(out: &mut String) {
    out.push_str("## Metrics\n\nEvery run has these.\n\n| metric | kind | in | meaning |\n|---|---|---|---|\n");
    for metric in Builtin::ALL {
        let definition = metric.definition();
        let unit = match definition.contains {
            Contains::Time => "ms",
            Contains::Data => "bytes",
            Contains::Default => "",
        };
        let _ = writeln!(
            out,
            "| `{}` | {} | {unit} | {} |",
            definition.name, definition.kind, definition.description
        );
    }
}
