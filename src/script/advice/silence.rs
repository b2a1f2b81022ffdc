//! Comments that say that a warning is known: `// rhaid: allow(think-time)`.
//!
//! Such a comment stands on the line that the warning is about or in the comment right above it; in the comment that a file begins with
//! it speaks for the whole file. Several kinds are separated by commas.

use crate::script::diagnostic::Diagnostic;
use crate::script::sources::Sources;

/// Whether a comment near the warning allows what it warns of.
pub fn is_silenced(warning: &Diagnostic, sources: &Sources) -> bool {
    let Some(text) = sources.text(&warning.source) else {
        return false;
    };
    let lines: Vec<&str> = text.lines().collect();
    let here = warning.line.saturating_sub(1);
    let above = lines
        .get(..here)
        .unwrap_or_default()
        .iter()
        .rev()
        .take_while(|line| is_comment(line));
    let head = lines
        .iter()
        .take_while(|line| line.trim().is_empty() || is_comment(line));
    lines
        .get(here)
        .into_iter()
        .chain(above)
        .chain(head)
        .any(|line| allows(line, warning.code))
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}

/// Whether a line's comment allows warnings of this kind.
fn allows(line: &str, code: &str) -> bool {
    let Some((_, comment)) = line.split_once("//") else {
        return false;
    };
    let Some((_, after)) = comment.split_once("rhaid:") else {
        return false;
    };
    let Some(list) = after.trim_start().strip_prefix("allow(") else {
        return false;
    };
    let list = list.split(')').next().unwrap_or_default();
    list.split(',').any(|allowed| allowed.trim() == code)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rhai::Position;

    use super::*;

    #[test]
    fn a_comment_speaks_for_its_line_the_next_or_the_whole_file() {
        let silenced = |text: &str, line: u16| {
            let sources = Sources::from_text(Path::new("s.rhai"), text);
            let warning = Diagnostic::at(&sources, "s.rhai", Position::new(line, 1), "slow")
                .with_code("think-time");
            is_silenced(&warning, &sources)
        };
        let allow = "// rhaid: allow(unused-function, think-time)";
        assert!(silenced(
            &format!("let x;\n{allow}\n// more\nfn a() {{}}"),
            4
        ));
        assert!(silenced(&format!("let x;\nfn a() {{}} {allow}"), 2));
        assert!(silenced(
            &format!("// A test.\n\n{allow}\n\nlet x;\nfn a() {{}}"),
            6
        ));
        assert!(!silenced(&format!("let x;\n{allow}\n\nfn a() {{}}"), 4));
        assert!(!silenced("// rhaid: allow(url-name)\nfn a() {}", 2));
        assert!(!silenced("fn a() {}", 1));
        assert!(!silenced("", 7));
    }
}
