//! The last lines: what a reader of the figures must know, and where the rest of them is.

use console::Style;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::super::format::{bytes, latency, percent, span};
use super::page::{Mark, Page};
use super::{caution, dim};
use crate::result::{RunResult, ratio};

/// From this share of its workers' time on, the generator's own delay shows in the figures.
const SATURATED: f64 = 0.9;
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
    let differs = corrected > measured * (1.0 + NOTEWORTHY) && corrected - measured >= NOTICEABLE;
    differs.then(|| {
        format!(
            "counted from the scheduled start: p99 {} (from the actual start: {}), since requests were sent later than planned",
            latency(corrected, unicode),
            latency(measured, unicode)
        )
    })
}

/// How long it all took, in seconds: the scenarios if there were any, else what came before them.
pub fn lasted(result: &RunResult) -> f64 {
    if result.run.duration_seconds > 0.0 {
        result.run.duration_seconds
    } else {
        from_start_to_end(result)
    }
}

/// All of the run, what comes before and after the scenarios included, in seconds.
fn from_start_to_end(result: &RunResult) -> f64 {
    let run = &result.run;
    let at = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    match (at(&run.started_at), at(&run.ended_at)) {
        (Some(start), Some(end)) => (end - start).as_seconds_f64().max(0.0),
        _ => 0.0,
    }
}

/// What `setup`, `vu_start` and `teardown` must take together to be worth a word, in seconds.
const WORTH_A_WORD: f64 = 0.5;

/// Where the result is.
pub fn result_path(page: &mut Page<'_>) {
    if let Some(path) = &page.look.result_path {
        page.prose(
            "  result     ",
            &dim(),
            &path.display().to_string(),
            &Style::new(),
        );
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
    fn without_scenarios_setup_took_the_time() {
        let mut result = sample::passing();
        result.run.duration_seconds = 0.0;
        result.run.started_at = "2026-03-01T09:05:07.250Z".to_owned();
        result.run.ended_at = "2026-03-01T09:05:08Z".to_owned();
        assert_eq!(lasted(&result), 0.75);
    }

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
