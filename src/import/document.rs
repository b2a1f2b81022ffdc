//! The result document of another tool's run: what all importers leave empty alike.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::timeline::{Moment, SECOND};
use crate::result::{
    Generator, Intervals, Machine, Outcome, Run, RunResult, TimeSeries, Tool, VERSION, Verdict,
    VerdictStatus,
};

/// What is known of another tool's run as a whole.
#[derive(Debug, Default, Clone)]
pub struct About {
    /// Name of the tool, such as `k6`.
    pub tool: &'static str,
    /// Its version, if the file tells it.
    pub version: String,
    /// The file, or what was run if the file tells it.
    pub script: String,
    /// When it began, if the file tells it.
    pub started: Option<Moment>,
    /// How long it took, in seconds; 0 if the file does not tell it.
    pub seconds: f64,
    /// What a reader of the figures must know.
    pub notes: Vec<String>,
}

/// A document without any figures.
pub fn empty(about: About) -> RunResult {
    let seconds = if about.seconds.is_finite() {
        about.seconds.max(0.0)
    } else {
        0.0
    };
    let ended = about
        .started
        .map(|start| start.saturating_add((seconds * SECOND as f64) as i64));
    RunResult {
        version: VERSION,
        tool: Tool {
            name: about.tool.to_owned(),
            version: about.version,
        },
        run: Run {
            id: String::new(),
            script: about.script,
            script_sha256: String::new(),
            reloads: Vec::new(),
            started_at: text(about.started),
            ended_at: text(ended),
            duration_seconds: seconds,
            outcome: Outcome::Completed,
            seed: 0,
            git: None,
            machine: Machine::default(),
            execution_segment: None,
            scale: 1.0,
            folded_tag_sets: 0,
            notes: about.notes,
        },
        options: serde_json::json!({}),
        verdict: Verdict {
            status: VerdictStatus::Pass,
            exit_code: 0,
            strict: false,
            reasons: Vec::new(),
        },
        slos: Vec::new(),
        scenarios: Vec::new(),
        endpoints: Vec::new(),
        checks: Vec::new(),
        errors: Vec::new(),
        slow_requests: Vec::new(),
        metrics: Vec::new(),
        time_series: TimeSeries::default(),
        intervals: Intervals::default(),
        faults: Vec::new(),
        anomalies: Vec::new(),
        generator: Generator::default(),
    }
}

fn text(moment: Option<Moment>) -> String {
    moment
        .and_then(|moment| OffsetDateTime::from_unix_timestamp_nanos(i128::from(moment)).ok())
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// A moment written as RFC 3339 has it, whatever its time zone.
pub fn moment(text: &str) -> Option<Moment> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(moment.unix_timestamp_nanos()).ok()
}
