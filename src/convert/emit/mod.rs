//! Writes a journey as a script, in the style of `scripts/`: head comment, imports, constants, options, functions.
//!
//! Whatever stands in the journey, the script has valid names, escaped texts and lines of bearable length.

mod layout;
mod request;
mod steps;
pub mod words;

use std::fmt::Write as _;

use super::journey::{Function, Item, Journey, Variable};
use layout::Layout;
pub use layout::deepest;
use words::{comment, quoted};

/// The whole script, with a line feed at its end.
pub fn script(journey: &Journey) -> String {
    if let Some(whole) = &journey.whole {
        return whole.clone();
    }
    let mut text = format!("// {}\n", comment(&journey.title));
    if !journey.about.is_empty() {
        text.push_str("//\n");
    }
    for line in &journey.about {
        let _ = writeln!(text, "{}", format!("// {}", comment(line)).trim_end());
    }
    text.push('\n');
    imports(&mut text, journey);
    constants(&mut text, &journey.variables);
    if !journey.prelude.is_empty() {
        text.push_str(&journey.prelude.join("\n"));
        text.push_str("\n\n");
    }
    if !journey.options.is_empty() {
        let entries = journey
            .options
            .iter()
            .map(|(key, value)| Layout::entry(key, Layout::value(value, deepest(0))));
        let start = "export const options = ";
        // Always broken: options are what people change.
        let laid = Layout::Map(entries.collect()).lay_out(usize::MAX / 2, 0, 1);
        let _ = write!(text, "{start}{laid};\n\n");
    }
    for function in &journey.functions {
        write_function(&mut text, function);
        text.push('\n');
    }
    let mut text = text.trim_end().to_owned();
    text.push('\n');
    text
}

fn imports(text: &mut String, journey: &Journey) {
    let mut imports = journey.imports.clone();
    let mut add = |path: &str, name: &str| {
        if !imports.iter().any(|(_, known)| known == name) {
            imports.push((path.to_owned(), name.to_owned()));
        }
    };
    if any_item(journey, &|item| matches!(item, Item::Think(_))) {
        add("std/think", "think");
    }
    if any_item(journey, &|item| matches!(item, Item::Page(_))) {
        add("std/page", "page");
    }
    imports.sort();
    for (path, name) in &imports {
        let _ = writeln!(text, "import {} as {name};", quoted(path));
    }
    if !imports.is_empty() {
        text.push('\n');
    }
}

fn any_item(journey: &Journey, is: &dyn Fn(&Item) -> bool) -> bool {
    fn any(items: &[Item], is: &dyn Fn(&Item) -> bool) -> bool {
        items.iter().any(|item| match item {
            Item::Group(group) => any(&group.items, is),
            other => is(other),
        })
    }
    journey.functions.iter().any(|f| any(&f.items, is))
}

fn constants(text: &mut String, variables: &[Variable]) {
    let lines = variables.iter().map(|variable| {
        let read = if variable.secret { "secret" } else { "env" };
        // What is secret does not stand in a script.
        let default = match &variable.default {
            None => String::new(),
            Some(_) if variable.secret => ", \"\"".to_owned(),
            Some(default) => format!(", {}", quoted(default)),
        };
        let line = format!(
            "const {} = {read}({}{default});",
            variable.constant,
            quoted(&variable.env)
        );
        (line, comment(&variable.meaning))
    });
    let lines: Vec<(String, String)> = lines.collect();
    let width = |(line, meaning): &(String, String)| (!meaning.is_empty()).then_some(line.len());
    let column = lines.iter().filter_map(width).filter(|width| *width < 90);
    let column = column.max().unwrap_or(0);
    for (line, meaning) in &lines {
        let _ = if meaning.is_empty() {
            writeln!(text, "{line}")
        } else {
            writeln!(text, "{line:column$}  // {meaning}")
        };
    }
    if !lines.is_empty() {
        text.push('\n');
    }
}

fn write_function(text: &mut String, function: &Function) {
    for line in &function.doc {
        let _ = writeln!(text, "{}", format!("/// {}", comment(line)).trim_end());
    }
    let parameters = function.parameters.join(", ");
    let _ = writeln!(text, "fn {}({parameters}) {{", function.name);
    steps::write_body(text, function);
    text.push_str("}\n");
}
