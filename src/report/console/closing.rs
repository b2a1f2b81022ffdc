//! The last lines: what a reader of the figures must know, and where the rest of them is.

use console::Style;

use super::super::format::{bytes, latency, percent, span};
use super::super::health::{from_start_to_end, lasted};
use super::page::{Mark, Page};
use super::{caution, dim};
use crate::hints::generator::{BUSY as SATURATED, busy};
use crate::result::RunResult;

/// How much the corrected 99th percentile must differ from the measured one to be worth a line.
const NOTEWORTHY: f64 = 0.1;
/// And by how many milliseconds: what is less is the clock's and the scheduler's.
const NOTICEABLE: f64 = 1.0;

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
    let differs = corrected > measured * (1.0 + NOTEWORTHY) && corrected - measured >= NOTICEABLE;
    differs.then(|| {
        format!(
            "counted from the scheduled start: p99 {} (from the actual start: {}), since requests were sent later than planned",
            latency(corrected, unicode),
            latency(measured, unicode)
        )
    })
}

/// What `setup`, `vu_start` and `teardown` must take together to be worth a word, in seconds.
const WORTH_A_WORD: f64 = 0.5;

/// Where the result is, and the reports about it.
pub fn result_path(page: &mut Page<'_>) {
    let look = page.look;
    let result = look.result_path.iter().map(|path| ("  result     ", path));
    let reports = look.report_paths.iter().map(|path| ("  report     ", path));
    for (lead, path) in result.chain(reports) {
        page.prose(lead, &dim(), &path.display().to_string(), &Style::new());
    }
}

/// Where the result is, and what made it.
pub fn footer(page: &mut Page<'_>, result: &RunResult) {
    page.blank();
    result_path(page);
    let run = &result.run;
    let (lasted, all) = (lasted(result), from_start_to_end(result));
    let mut took = span(lasted, page.look.unicode);
    if all - lasted >= WORTH_A_WORD {
        let all = span(all, page.look.unicode);
        took.push_str(&format!(", {all} with what comes before and after"));
    }
    took.push_str(&format!(", seed {}", run.seed));
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
    use crate::result::{MetricValues, sample};

    #[test]
    fn a_corrected_percentile_within_a_millisecond_tells_no_other_story() {
        let mut result = sample::failing();
        for metric in &mut result.metrics {
            if let MetricValues::Trend { summary, .. } = &mut metric.total {
                match metric.name.as_str() {
                    "http_req_corrected" => summary.p99 = 1.4,
                    "http_req_duration" => summary.p99 = 0.5,
                    _ => {}
                }
            }
        }
        assert_eq!(correction(&result, true), None);
    }

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
