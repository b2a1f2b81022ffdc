//! Reports from Handlebars templates: Markdown, and whatever a team writes for itself.
//!
//! A template sees two things: `words`, the result in words and figures ready to be read, and `result`, the document itself. What it puts in
//! between `{{` and `}}` is escaped for the kind of document that it makes, so that no name or message can become markup; three braces leave it
//! as it is.

mod bounds;
mod helpers;
mod told;

use handlebars::{Context, Handlebars, Template};
use serde::Serialize;
use serde_json::Value;

use self::bounds::Bounded;
use super::words::Words;
use super::{Against, Look, Report, ReportError};
use crate::compare::Comparison;
use crate::harmless;
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
    for c in harmless::line(text).chars() {
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
    comparison: Option<&Comparison>,
) -> Result<String, ReportError> {
    let wrong = |why: String| ReportError::Template(format!("{name}: {why}"));
    if let Some(line) = bounds::too_deep(template) {
        return Err(wrong(format!(
            "line {line}: its blocks are nested too deeply"
        )));
    }
    let mut templates = Handlebars::new();
    templates.set_strict_mode(true);
    templates.register_escape_fn(markup.escape());
    helpers::register(&mut templates);
    bounds::register(&mut templates);
    let compiled = Template::compile_with_name(template, name.to_owned()).and_then(|mut read| {
        bounds::guard(&mut read)?;
        Ok(read)
    });
    let compiled = compiled.map_err(|error| wrong(told::of_parsing(&error)))?;
    templates.register_template(name, compiled);
    let seen = Context::wraps(&Seen {
        words: Words::of(result, comparison),
        result,
    })
    .map_err(|error| wrong(told::of_filling(&error, &Value::Null)))?;
    let mut made = Bounded::default();
    templates
        .render_with_context_to_write(name, &seen, &mut made)
        .map_err(|error| wrong(told::of_filling(&error, seen.data())))?;
    Ok(format!("{}\n", made.into_text().trim_end()))
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
        markdown(result, None)
    }

    fn render_against(
        &self,
        result: &RunResult,
        _: &Look,
        against: &Against<'_>,
    ) -> Result<String, ReportError> {
        markdown(result, Some(against.comparison))
    }
}

/// The result as Markdown.
pub(super) fn markdown(
    result: &RunResult,
    comparison: Option<&Comparison>,
) -> Result<String, ReportError> {
    let template = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/reports/markdown/page.hbs"
    ));
    fill("markdown", template, Markup::Markdown, result, comparison)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tests::worse;
    use crate::result::sample;

    #[test]
    fn markdown_tells_the_verdict_and_every_objective() {
        for (name, result) in sample::all() {
            let text = markdown(&result, None).unwrap();
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
    fn what_changed_is_a_table_of_its_own() {
        let result = sample::passing();
        let plain = markdown(&result, None).unwrap();
        assert!(!plain.contains("baseline"), "{plain}");
        let text = markdown(&result, Some(&worse())).unwrap();
        assert!(
            text.contains("**Against baseline \\`a\\`**: worse"),
            "{text}"
        );
        assert!(
            text.contains("| ❌ worse | http\\_req\\_duration med | "),
            "{text}"
        );
        assert!(!text.contains("| same |"), "{text}");
    }

    #[test]
    fn no_name_becomes_markup() {
        let mut result = sample::passing();
        let evil = "<script>alert(1)</script> | `x` {{result}} [a](http://b) @all\n# h";
        result.endpoints[0].name = evil.to_owned();
        result.checks[0].name = evil.to_owned();
        result.run.notes = vec![evil.to_owned()];
        let text = markdown(&result, None).unwrap();
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
        let text = fill("own.txt", template, Markup::Plain, &result, None).unwrap();
        assert!(text.starts_with("PASS "), "{text}");
        assert!(text.contains("http_req_duration;"), "{text}");
        assert!(text.ends_with(" 1.23s 25.0%\n"), "{text}");
    }

    #[test]
    fn a_mistake_in_a_template_is_told_with_its_line() {
        let result = sample::passing();
        let unclosed = fill(
            "own.md",
            "a\n{{#if words}}\nb",
            Markup::Markdown,
            &result,
            None,
        );
        let told = unclosed.unwrap_err().to_string();
        assert!(told.contains("own.md"), "{told}");
        let unknown = fill(
            "own.md",
            "a\nb {{words.verdct}}",
            Markup::Markdown,
            &result,
            None,
        );
        let told = unknown.unwrap_err().to_string();
        assert!(told.contains("line 2") && told.contains("verdct"), "{told}");
    }

    /// What is said about a template in `own.md`.
    fn told(template: &str) -> String {
        fill(
            "own.md",
            template,
            Markup::Markdown,
            &sample::passing(),
            None,
        )
        .unwrap_err()
        .to_string()
    }

    #[test]
    fn a_partial_that_calls_itself_is_stopped_with_its_line() {
        let told = told("{{#*inline \"a\"}}\nx{{> a}}\n{{/inline}}\n{{> a}}");
        assert!(
            told.contains("own.md: line 2") && told.contains("deeper than"),
            "{told}"
        );
    }

    #[test]
    fn blocks_within_blocks_without_an_end_are_refused_before_they_are_read() {
        let deep = format!(
            "a\n{}{}",
            "{{#if words}}".repeat(100_000),
            "{{/if}}".repeat(100_000)
        );
        assert!(told(&deep).contains("line 2: its blocks are nested"));
        let chain = format!(
            "{{{{#if a}}}}{}{{{{/if}}}}",
            "{{else if b}}".repeat(100_000)
        );
        assert!(told(&chain).contains("nested too deeply"));
        let within = format!(
            "{{{{len {}words{}}}}}",
            "(len ".repeat(10_000),
            ")".repeat(10_000)
        );
        assert!(told(&within).contains("nested too deeply"));
    }

    #[test]
    fn what_a_template_makes_has_a_bound() {
        let template = format!(
            "{}{}{}",
            "{{#each @root.result.slos}}".repeat(8),
            "x".repeat(1 << 20),
            "{{/each}}".repeat(8)
        );
        let told = told(&template);
        assert!(told.contains("more than 64 MiB"), "{told}");
    }

    #[test]
    fn partials_and_blocks_work_as_they_should_and_as_often_as_they_may() {
        let template = "{{#*inline \"row\"}}{{#if metric}}{{metric}}{{else}}-{{/if}};{{/inline}}{{#each result.slos}}{{> row}}{{/each}}";
        let mut result = sample::passing();
        let slos: Vec<_> = std::iter::repeat_n(result.slos[0].clone(), 200).collect();
        result.slos = slos;
        let text = fill("own.txt", template, Markup::Plain, &result, None).unwrap();
        assert_eq!(text.matches(';').count(), 200, "{text}");
    }

    #[test]
    fn helpers_take_a_number_and_say_what_else_they_were_given() {
        for (template, said) in [
            (
                "a\n{{latency result.nope}}",
                "line 2: there is no `result.nope`",
            ),
            ("{{latency result.run.sed}}", "did you mean `seed`?"),
            (
                "{{percent result.run.script}}",
                "`result.run.script` is a text",
            ),
            ("{{#if true}}{{number}}{{/if}}", "`number`"),
            ("{{number 1 2}}", "given 2 values"),
            ("{{number 1 unit=\"s\"}}", "no `unit=`"),
            ("{{latncy 1}}", "did you mean `latency`?"),
            (
                "{{#each words.slos}}{{lable}}{{/each}}",
                "did you mean `label`?",
            ),
            ("{{> nothing}}", "there is no partial `nothing`"),
        ] {
            let told = told(template);
            assert!(told.contains(said), "{template}: {told}");
        }
        let text = fill(
            "a",
            "{{latency 0.0000001}}",
            Markup::Plain,
            &sample::passing(),
            None,
        );
        assert_eq!(text.unwrap(), "<0.01µs\n");
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
            None,
        );
        assert_eq!(text.unwrap(), "&lt;b&gt;&amp; <b>&\n");
    }
}
