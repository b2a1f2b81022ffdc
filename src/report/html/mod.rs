//! The report as one HTML file that needs no network: tables that are complete by themselves, charts that a script in the file draws.
//!
//! - **In**: the result, and [`HtmlExtras`]: what it was compared with.
//! - **Out**: the page as text, from the templates, styles and scripts in `reports/html`, which are embedded in the program.
//!
//! | file | what it makes |
//! |---|---|
//! | `head` | the verdict and the objectives |
//! | `charts` | the small document that the charts are drawn from, beside the result itself |
//! | `heat`, `curve` | what needs whole distributions: the heat map's bins and the curve of percentiles |
//! | `traffic`, `quality`, `slow`, `about` | the tables |
//! | `extras` | what was found out elsewhere |
//! | `pack` | the result as data within the page |
//! | `assets` | styles, scripts and templates, and the policy that lets the browser load nothing else |
//!
//! Whatever a result holds is text: the templates escape it, and data between script tags has no `<`. Should something slip through all
//! the same, the page's policy runs no script but its own, by hash, and allows no connection.

mod about;
pub(crate) mod assets;
mod charts;
mod curve;
mod extras;
mod head;
mod heat;
mod pack;
mod prose;
mod quality;
mod slow;
mod traffic;

use serde::Serialize;

use super::{Against, Look, Report, ReportError, for_page};
use crate::harmless;
use crate::hints::hints;
use crate::result::RunResult;

pub(crate) use charts::{Target, targets};
pub use extras::{Bearing, Comparison, ComparisonRow, HtmlExtras};

/// One HTML file.
pub(super) struct Html;

impl Report for Html {
    fn name(&self) -> &'static str {
        "html"
    }

    fn about(&self) -> &'static str {
        "a page with tables and charts, one file that needs no network"
    }

    fn extension(&self) -> &'static str {
        "html"
    }

    fn render(&self, result: &RunResult, _: &Look) -> Result<String, ReportError> {
        render(result, &HtmlExtras::default())
    }

    fn render_against(
        &self,
        result: &RunResult,
        _: &Look,
        against: &Against<'_>,
    ) -> Result<String, ReportError> {
        render(result, &for_page(against.comparison))
    }
}

/// All that the templates fill in.
#[derive(Serialize)]
struct Page<'a> {
    csp: String,
    style: &'static str,
    script: &'static str,
    tool: String,
    sections: Vec<Section>,
    verdict: head::Verdict<'a>,
    slos: Vec<head::Slo<'a>>,
    comparison: Option<extras::ShownComparison<'a>>,
    faults: Vec<super::faults::Shown>,
    anomalies: Vec<super::anomalies::Shown>,
    marks: Vec<charts::Mark>,
    charts: Vec<charts::Figure>,
    phases: Vec<traffic::Phase>,
    endpoints: traffic::Endpoints<'a>,
    slow: Vec<slow::Slow<'a>>,
    errors: quality::Errors<'a>,
    checks: quality::Checks<'a>,
    scenarios: Vec<traffic::Scenario<'a>>,
    metrics: Vec<quality::Metric<'a>>,
    generator: quality::Generator,
    hints: Vec<quality::Hint>,
    run: about::Run<'a>,
    view: String,
    data: pack::Packed,
}

/// An entry of the page's navigation.
#[derive(Serialize)]
struct Section {
    id: &'static str,
    title: &'static str,
    count: String,
}

/// The page about a result, with what was found out about it elsewhere.
///
/// # Errors
/// [`ReportError`] when the result cannot be written as JSON, or a template is wrong.
pub fn render(result: &RunResult, extras: &HtmlExtras) -> Result<String, ReportError> {
    let data = pack::pack(result)?;
    let hints = hints(result);
    let marks = charts::marks(result);
    let view = charts::view(result, &marks);
    let page = Page {
        csp: assets::policy(),
        style: assets::style(),
        script: assets::script(),
        tool: format!("{} {}", result.tool.name, result.tool.version),
        sections: sections(result, extras, hints.len()),
        verdict: head::verdict(result),
        slos: result.slos.iter().map(head::slo).collect(),
        comparison: extras.comparison.as_ref().map(extras::shown),
        faults: {
            let faults = result.faults.iter();
            faults
                .map(|fault| super::faults::shown(fault, true))
                .collect()
        },
        anomalies: super::anomalies::in_order(&result.anomalies)
            .into_iter()
            .map(|anomaly| super::anomalies::shown(anomaly, true))
            .collect(),
        charts: charts::figures(result, &view),
        view: pack::embeddable(&serde_json::to_string(&view)?),
        marks,
        phases: traffic::phases(result),
        endpoints: traffic::endpoints(result),
        slow: slow::requests(result),
        errors: quality::errors(result),
        checks: quality::checks(result),
        scenarios: traffic::scenarios(result),
        metrics: quality::metrics(result),
        generator: quality::generator(result),
        hints: quality::hints(&hints),
        run: about::run(result)?,
        data,
    };
    // The data escape what is no text; a name in the page itself could still be a command to whoever prints it to a terminal.
    Ok(harmless::text(&assets::fill(&page)?).into_owned())
}

fn sections(result: &RunResult, extras: &HtmlExtras, hints: usize) -> Vec<Section> {
    let count = |number: usize| match number {
        0 => String::new(),
        number => super::format::thousands(number as u64),
    };
    let all = [
        (true, "slos", "Objectives", result.slos.len()),
        (extras.comparison.is_some(), "changes", "Changes", 0),
        (
            !result.faults.is_empty(),
            "faults",
            "Faults",
            result.faults.len(),
        ),
        (
            !result.anomalies.is_empty(),
            "anomalies",
            "Anomalies",
            result.anomalies.len(),
        ),
        (true, "charts", "Charts", 0),
        (true, "endpoints", "Endpoints", result.endpoints.len()),
        (
            !result.slow_requests.is_empty(),
            "slow",
            "Slow requests",
            result.slow_requests.len(),
        ),
        (true, "errors", "Errors", result.errors.len()),
        (true, "checks", "Checks", result.checks.len()),
        (true, "generator", "Generator", 0),
        (hints > 0, "hints", "Recommendations", hints),
        (true, "run", "Data", 0),
    ];
    all.into_iter()
        .filter(|(is_there, ..)| *is_there)
        .map(|(_, id, title, number)| Section {
            id,
            title,
            count: count(number),
        })
        .collect()
}
