//! What others found out about a run and the page shows: how it compares. In words and figures that are ready
//! to be read, so that the page needs to know nothing of how they were found.

use serde::{Deserialize, Serialize};

/// What is shown beside the result itself; by default nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HtmlExtras {
    /// How the run compares with another.
    pub comparison: Option<Comparison>,
}

/// How the run compares with another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Comparison {
    /// What it is compared with: a name, and when it was.
    pub baseline: String,
    /// The outcome in a sentence.
    pub sentence: String,
    /// The measures, the most important first.
    pub rows: Vec<ComparisonRow>,
    /// How a change is told from noise, in a sentence.
    pub method: String,
}

/// One measure before and now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ComparisonRow {
    /// The measure, with the endpoint if it is of one.
    pub what: String,
    /// The baseline's value with its unit.
    pub before: String,
    /// The run's value with its unit.
    pub after: String,
    /// The relative change: `+4.1%`.
    pub change: String,
    /// Between what bounds the change lies: `+2.0% … +6.3%`.
    pub between: String,
    /// What it comes to.
    pub bearing: Bearing,
    /// What else is to be said, such as how many samples are needed.
    pub note: String,
}

/// What a change comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bearing {
    Better,
    Same,
    Worse,
    #[default]
    CannotTell,
}

/// A comparison as the template takes it.
#[derive(Serialize)]
pub(super) struct ShownComparison<'a> {
    #[serde(flatten)]
    comparison: Body<'a>,
    rows: Vec<ShownRow<'a>>,
}

#[derive(Serialize)]
struct Body<'a> {
    baseline: &'a str,
    sentence: &'a str,
    method: &'a str,
}

#[derive(Serialize)]
struct ShownRow<'a> {
    #[serde(flatten)]
    row: &'a ComparisonRow,
    class: &'static str,
    mark: &'static str,
    verdict: &'static str,
}

pub(super) fn shown(comparison: &Comparison) -> ShownComparison<'_> {
    ShownComparison {
        comparison: Body {
            baseline: &comparison.baseline,
            sentence: &comparison.sentence,
            method: &comparison.method,
        },
        rows: comparison.rows.iter().map(shown_row).collect(),
    }
}

fn shown_row(row: &ComparisonRow) -> ShownRow<'_> {
    let (class, mark, verdict) = match row.bearing {
        Bearing::Better => ("pass", "▲", "better"),
        Bearing::Same => ("none", "=", "same"),
        Bearing::Worse => ("fail", "▼", "worse"),
        Bearing::CannotTell => ("warn", "?", "cannot tell"),
    };
    ShownRow {
        row,
        class,
        mark,
        verdict,
    }
}
