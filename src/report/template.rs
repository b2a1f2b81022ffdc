//! Reports from Handlebars templates: Markdown, and whatever a team writes for itself.
//!
//! A template sees two things: `words`, the result in words and figures ready to be read, and `result`, the document itself. What it puts in
//! between `{{` and `}}` is escaped for the kind of document that it makes, so that no name or message can become markup; three braces leave it
//! as it is.

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext, RenderError};
use serde::Serialize;

use super::format::{latency, number, percent};
use super::words::Words;
use super::{Look, Report, ReportError};
use crate::result::RunResult;

/// What a template makes, which says how values are escaped in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Markup {
    Html,
    Markdown,
    /// Nothing is escaped.
    Plain,
}

impl Markup {
    /// By the end of a file's name, `.hbs` apart: `summary.md.hbs` and `summary.md` make Markdown.
    pub fn of(file: &str) -> Self {
        let file = file.to_ascii_lowercase();
        let file = file.strip_suffix(".hbs").unwrap_or(&file);
        match file.rsplit('.').next() {
            Some("html" | "htm" | "xml" | "svg") => Self::Html,
            Some("md" | "markdown") => Self::Markdown,
            _ => Self::Plain,
        }
    }

    fn escape(self) -> fn(&str) -> String {
        match self {
            Self::Html => handlebars::html_escape,
            Self::Markdown => escape_markdown,
            Self::Plain => handlebars::no_escape,
        }
    }
}

/// Text that stays text in Markdown, within a cell of a table too.
pub fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in super::text::harmless(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '@' => {
                escaped.push('\\');
                escaped.push(c);
            }
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            c if c.is_whitespace() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// All that a template sees.
#[derive(Serialize)]
struct Seen<'a> {
    words: Words<'a>,
    result: &'a RunResult,
}

/// Fills in a template; `name` is what mistakes in it call it.
///
/// # Errors
/// [`ReportError::Template`] with the line of the mistake.
pub fn fill(
    name: &str,
    template: &str,
    markup: Markup,
    result: &RunResult,
) -> Result<String, ReportError> {
    let wrong = |why: String| ReportError::Template(format!("{name}: {why}"));
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.register_escape_fn(markup.escape());
    templates.register_helper("latency", Box::new(helper(|value| latency(value, true))));
    templates.register_helper("percent", Box::new(helper(percent)));
    templates.register_helper("number", Box::new(helper(number)));
    templates
        .register_template_string(name, template)
        .map_err(|error| wrong(error.to_string()))?;
    let seen = Seen {
        words: Words::of(result),
        result,
    };
    let text = templates
        .render(name, &seen)
        .map_err(|error| wrong(told(&error)))?;
    Ok(format!("{}\n", text.trim_end()))
}

fn told(error: &RenderError) -> String {
    match error.line_no {
        Some(line) => format!("line {line}: {}", error.reason()),
        None => error.reason().to_string(),
    }
}

/// A helper that makes text of one number.
fn helper(
    of: fn(f64) -> String,
) -> impl Fn(
    &Helper<'_>,
    &Handlebars<'_>,
    &Context,
    &mut RenderContext<'_, '_>,
    &mut dyn Output,
) -> HelperResult
+ Send
+ Sync {
    move |helper, _, _, _, out| {
        let value = helper.param(0).and_then(|param| param.value().as_f64());
        out.write(&value.map_or_else(|| "-".to_owned(), of))?;
        Ok(())
    }
}

/// A comment for a pull request, or a page of a wiki.
pub(super) struct Markdown;

impl Report for Markdown {
    fn name(&self) -> &'static str {
        "md"
    }

    fn about(&self) -> &'static str {
        "Markdown that fits a comment on a pull request"
    }

    fn extension(&self) -> &'static str {
        "md"
    }

    fn render(&self, result: &RunResult, _: &Look) -> Result<String, ReportError> {
        markdown(result)
    }
}

/// The result as Markdown.
pub(super) fn markdown(result: &RunResult) -> Result<String, ReportError> {
    let template = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/reports/markdown/page.hbs"
    ));
    fill("markdown", template, Markup::Markdown, result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn markdown_tells_the_verdict_and_every_objective() {
        for (name, result) in sample::all() {
            let text = markdown(&result).unwrap();
            assert!(text.starts_with("## "), "{name}: {text}");
            for slo in &result.slos {
                assert!(
                    text.contains(&escape_markdown(slo.label())),
                    "{name}: {text}"
                );
            }
            assert!(!text.contains("\n\n\n"), "{name}: {text}");
        }
    }

    #[test]
    fn no_name_becomes_markup() {
        let mut result = sample::passing();
        let evil = "<script>alert(1)</script> | `x` {{result}} [a](http://b) @all\n# h";
        result.endpoints[0].name = evil.to_owned();
        result.checks[0].name = evil.to_owned();
        result.run.notes = vec![evil.to_owned()];
        let text = markdown(&result).unwrap();
        assert!(
            !text.contains("<script>") && !text.contains("\n# h"),
            "{text}"
        );
        assert!(
            text.contains("\\| \\`x\\` {{result}} \\[a\\](http://b) \\@all \\# h"),
            "{text}"
        );
    }

    #[test]
    fn a_template_of_ones_own_sees_words_and_the_document() {
        let result = sample::passing();
        let template = "{{words.verdict.word}} {{result.run.seed}} {{#each result.slos}}{{metric}};{{/each}} {{latency 1234.5}} {{percent 0.25}}";
        let text = fill("own.txt", template, Markup::Plain, &result).unwrap();
        assert!(text.starts_with("PASS "), "{text}");
        assert!(text.contains("http_req_duration;"), "{text}");
        assert!(text.ends_with(" 1.23s 25.0%\n"), "{text}");
    }

    #[test]
    fn a_mistake_in_a_template_is_told_with_its_line() {
        let result = sample::passing();
        let unclosed = fill("own.md", "a\n{{#if words}}\nb", Markup::Markdown, &result);
        let told = unclosed.unwrap_err().to_string();
        assert!(told.contains("own.md"), "{told}");
        let unknown = fill("own.md", "a\nb {{words.verdct}}", Markup::Markdown, &result);
        let told = unknown.unwrap_err().to_string();
        assert!(told.contains("line 2") && told.contains("verdct"), "{told}");
    }

    #[test]
    fn the_end_of_a_name_says_how_values_are_escaped() {
        for (file, markup) in [
            ("a.html", Markup::Html),
            ("a.html.hbs", Markup::Html),
            ("a.MD", Markup::Markdown),
            ("slack.json.hbs", Markup::Plain),
            ("a", Markup::Plain),
        ] {
            assert_eq!(Markup::of(file), markup, "{file}");
        }
        let mut result = sample::passing();
        result.run.script = "<b>&".to_owned();
        let text = fill(
            "a",
            "{{result.run.script}} {{{result.run.script}}}",
            Markup::Html,
            &result,
        );
        assert_eq!(text.unwrap(), "&lt;b&gt;&amp; <b>&\n");
    }
}
