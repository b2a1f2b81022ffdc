//! The last lines: what a reader of the figures must know, and where the rest of them is.

use console::Style;

use super::super::format::{bytes, latency, percent, span};
use super::page::{Mark, Page};
use super::{caution, dim};
use crate::result::{RunResult, ratio};

/// From this share of its workers' time on, the generator's own delay shows in the figures.
const SATURATED: f64 = 0.9;
/// How much the corrected 99th percentile must differ from the measured one to be worth a line.
const NOTEWORTHY: f64 = 0.1;

/// Notes on how to read the figures.
pub fn notes(page: &mut Page<'_>, result: &RunResult) {
    let mut notes = result.run.notes.clone();
    notes.extend(saturation(result));
    notes.extend(correction(result, page.look.unicode));
    if notes.is_empty() {
        return;
    }
    page.section("Notes", "");
    let lead = format!("  {} ", page.glyph(Mark::Caution));
    for note in notes {
        page.prose(&lead, &caution(), &note, &Style::new());
    }
}

/// Share of the workers' time that the generator was busy.
fn busy(result: &RunResult) -> f64 {
    let used = result.generator.cpu_user_seconds + result.generator.cpu_system_seconds;
    ratio(
        used,
        result.run.duration_seconds * f64::from(result.generator.workers),
    )
}

fn saturation(result: &RunResult) -> Option<String> {
    let share = busy(result);
    (share >= SATURATED && result.run.duration_seconds >= 1.0).then(|| {
        format!(
            "the load generator was busy {} of the time: response times hold its own delay too; use more workers or machines, or less load",
            percent(share.min(1.0))
        )
    })
}

fn correction(result: &RunResult, unicode: bool) -> Option<String> {
    let measured = result.trend("http_req_duration")?.p99;
    let corrected = result.trend("http_req_corrected")?.p99;
    (corrected > measured * (1.0 + NOTEWORTHY)).then(|| {
        format!(
            "counted from the scheduled start: p99 {} (from the actual start: {}), since requests were sent later than planned",
            latency(corrected, unicode),
            latency(measured, unicode)
        )
    })
}

/// Where the result is, and what made it.
pub fn footer(page: &mut Page<'_>, result: &RunResult) {
    page.blank();
    if let Some(path) = &page.look.result_path {
        page.prose(
            "  result     ",
            &dim(),
            &path.display().to_string(),
            &Style::new(),
        );
    }
    let run = &result.run;
    let took = format!(
        "{}, seed {}",
        span(run.duration_seconds, page.look.unicode),
        run.seed
    );
    page.prose("  took       ", &dim(), &took, &Style::new());
    let generator = &result.generator;
    let mut used = match generator.workers {
        1 => "1 worker".to_owned(),
        workers => format!("{workers} workers"),
    };
    used.push_str(&format!(", {:.0}% busy", busy(result) * 100.0));
    if generator.peak_rss_bytes > 0 {
        used.push_str(&format!(
            ", {} memory at most",
            bytes(generator.peak_rss_bytes as f64)
        ));
    }
    page.prose("  generator  ", &dim(), &used, &Style::new());
    if let Some(git) = &run.git {
        let commit = git.commit.get(..8).unwrap_or(&git.commit);
        let branch = git
            .branch
            .as_deref()
            .map(|branch| format!(" on {branch}"))
            .unwrap_or_default();
        let dirty = if git.dirty {
            ", with uncommitted changes"
        } else {
            ""
        };
        page.prose(
            "  commit     ",
            &dim(),
            &format!("{commit}{branch}{dirty}"),
            &Style::new(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn a_generator_at_its_limit_is_noted() {
        assert_eq!(saturation(&sample::passing()), None);
        let note = saturation(&sample::failing()).unwrap();
        assert!(note.contains("busy 97.6% of the time"), "{note}");
    }

    #[test]
    fn a_corrected_percentile_is_noted_only_when_it_tells_another_story() {
        assert_eq!(correction(&sample::passing(), true), None);
        let note = correction(&sample::failing(), true).unwrap();
        assert!(
            note.starts_with("counted from the scheduled start: p99 17.2s"),
            "{note}"
        );
    }
}
