//! Documents about a finished run.
//!
//! - **In**: a [`RunResult`] and nothing else, so a report can be made again from a file, later and elsewhere; and a [`Look`],
//!   which says for what surface it is made.
//! - **Out**: text, one string for the whole report. Nothing here writes to a file or a terminal.
//!
//! A kind of report is one implementation of [`Report`], listed in [`all`].

mod anomalies;
mod console;
mod csv;
mod endpoints;
mod faults;
pub mod format;
mod github;
mod headline;
mod health;
pub mod html;
mod journal;
mod junit;
mod junit_faults;
mod measures;
mod table;
pub mod template;
pub mod text;
mod unjudged;
mod words;

use std::path::PathBuf;

use crate::compare::Comparison;
use crate::result::{RunResult, to_json};

use console::{changes, figure, for_page};
pub use console::{regression, render_against, render_brief, render_comparison, render_judged};
pub use csv::text_cell;
pub use headline::{Headline, Tone};
pub use table::lines_of;

/// The surface that a report is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns to use at most; fewer than 40 count as 40.
    pub width: usize,
    /// Whether colours may be used. Without them there is no escape sequence at all.
    pub colour: bool,
    /// Whether symbols outside ASCII may be used.
    pub unicode: bool,
    /// Where the result was written, for the reader to find it.
    pub result_path: Option<PathBuf>,
    /// The files that other reports of the run were written to.
    pub report_paths: Vec<PathBuf>,
}

impl Default for Look {
    /// Plain text of 80 columns.
    fn default() -> Self {
        Self {
            width: 80,
            colour: false,
            unicode: true,
            result_path: None,
            report_paths: Vec::new(),
        }
    }
}

/// A report could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The document could not be written as JSON.
    #[error("the result could not be turned into JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The template could not be filled in.
    #[error("the template of the report is wrong: {0}")]
    Template(String),
}

/// A kind of document about a finished run.
pub trait Report: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What it is, in a phrase for the help of commands.
    fn about(&self) -> &'static str;

    /// How the name of a file of its kind ends.
    fn extension(&self) -> &'static str;

    /// Makes it.
    ///
    /// # Errors
    /// [`ReportError`] when the result cannot be put into this form.
    fn render(&self, result: &RunResult, look: &Look) -> Result<String, ReportError>;

    /// Makes it with what changed against another run, if it has a place for that.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    fn render_against(
        &self,
        result: &RunResult,
        look: &Look,
        _: &Against<'_>,
    ) -> Result<String, ReportError> {
        self.render(result, look)
    }
}

/// A run held against another one.
#[derive(Clone, Copy, Debug)]
pub struct Against<'a> {
    pub comparison: &'a Comparison,
    /// By how much a figure may be worse, where that is judged.
    pub threshold: Option<f64>,
}

/// The summary that a run ends with.
struct Console;

impl Report for Console {
    fn name(&self) -> &'static str {
        "console"
    }

    fn about(&self) -> &'static str {
        "the summary that a run ends with, as plain text"
    }

    fn extension(&self) -> &'static str {
        "txt"
    }

    fn render(&self, result: &RunResult, look: &Look) -> Result<String, ReportError> {
        Ok(console::render(result, look))
    }

    fn render_against(
        &self,
        result: &RunResult,
        look: &Look,
        against: &Against<'_>,
    ) -> Result<String, ReportError> {
        Ok(console::render_against(
            result,
            look,
            Some(against.comparison),
        ))
    }
}

/// The result document itself, indented, histograms included.
struct Json;

impl Report for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn about(&self) -> &'static str {
        "the result itself"
    }

    fn extension(&self) -> &'static str {
        "json"
    }

    fn render(&self, result: &RunResult, _: &Look) -> Result<String, ReportError> {
        Ok(to_json(result)?)
    }
}

/// Every kind of report.
pub fn all() -> &'static [&'static dyn Report] {
    &[
        &Console,
        &csv::Csv,
        &github::Github,
        &html::Html,
        &journal::Journal,
        &Json,
        &junit::Junit,
        &template::Markdown,
    ]
}

/// The one that has a flag of its own where a run is asked for.
pub fn journal() -> &'static dyn Report {
    &journal::Journal
}

/// The report called `name`.
pub fn by_name(name: &str) -> Option<&'static dyn Report> {
    all().iter().copied().find(|report| report.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn every_report_is_found_by_its_name_and_renders_every_sample() {
        for report in all() {
            let found = by_name(report.name()).unwrap();
            for (name, result) in sample::all() {
                let text = found.render(&result, &Look::default()).unwrap();
                assert!(text.ends_with('\n'), "{} of {name}", report.name());
            }
        }
        assert!(by_name("carrier pigeon").is_none());
    }

    #[test]
    fn the_json_report_is_the_document_with_its_histograms() {
        let text = by_name("json")
            .unwrap()
            .render(&sample::passing(), &Look::default())
            .unwrap();
        assert!(text.contains("\"histogram\": \"HISTFAAA\""));
        assert_eq!(
            serde_json::from_str::<RunResult>(&text).unwrap(),
            sample::passing()
        );
    }
}
