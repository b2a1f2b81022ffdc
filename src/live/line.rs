//! One scenario's progress as one line.

use std::time::Duration;

use crate::harmless;
use crate::run::{ScenarioProgress, ScenarioState};
use crate::units::{format_count, format_millis};

/// A duration as a clock, short: `1:05`, `1:02:03`.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// How much of the scenario is done, from 0 to 1, where that is known.
fn share_done(scenario: &ScenarioProgress) -> Option<f64> {
    if scenario.state == ScenarioState::Done {
        return Some(1.0);
    }
    let by_time = scenario
        .total
        .filter(|total| !total.is_zero())
        .map(|total| scenario.elapsed.as_secs_f64() / total.as_secs_f64());
    // A budget of iterations usually ends a scenario long before its longest time.
    let by_count = scenario
        .iterations_planned
        .filter(|planned| *planned > 0)
        .map(|planned| scenario.iterations as f64 / planned as f64);
    let share = match (by_time, by_count) {
        (Some(time), Some(count)) => Some(time.max(count)),
        (time, count) => time.or(count),
    };
    share.map(|share| share.clamp(0.0, 1.0))
}

/// A bar of so many cells.
fn bar(share: f64, cells: usize, unicode: bool) -> String {
    let full = (share * cells as f64).round() as usize;
    let (on, off) = if unicode { ("━", "─") } else { ("=", "-") };
    format!(
        "{}{}",
        on.repeat(full.min(cells)),
        off.repeat(cells.saturating_sub(full))
    )
}

/// A number and what it counts, as wide for one as for many.
fn counted(number: &str, noun: &str) -> String {
    let ending = if number == "1" { " " } else { "s" };
    format!("{number:>5} {noun}{ending}")
}

/// The line: name, bar, time left, virtual users, iterations, rate, p95, errors. At most `width` columns.
pub fn progress_line(
    scenario: &ScenarioProgress,
    name_width: usize,
    width: usize,
    unicode: bool,
) -> String {
    let name = harmless::text(&scenario.name);
    let name: String = name.chars().take(name_width).collect();
    let mut parts = Vec::new();
    let time = match (scenario.state, scenario.total) {
        (ScenarioState::Waiting, _) => "waiting".to_owned(),
        (ScenarioState::Done, _) => "done".to_owned(),
        (ScenarioState::Stopping, _) => "stopping".to_owned(),
        (ScenarioState::Running, Some(total)) if scenario.elapsed >= total => {
            "finishing".to_owned()
        }
        (ScenarioState::Running, Some(total)) => {
            format!("{} left", clock(total.saturating_sub(scenario.elapsed)))
        }
        (ScenarioState::Running, None) => clock(scenario.elapsed),
    };
    parts.push(format!("{time:>9}"));
    let vus = format_count(u64::from(scenario.vus));
    // Of the users that wait for arrivals few may be busy at any moment.
    parts.push(match scenario.allocated {
        Some(all) => counted(&format!("{vus}/{}", format_count(u64::from(all))), "VU"),
        None => counted(&vus, "VU"),
    });
    parts.push(counted(&format_count(scenario.iterations), "iter"));
    parts.push(format!(
        "{:>4}/s",
        format_count(scenario.rate.round() as u64)
    ));
    parts.push(format!(
        "p95 {:>7}",
        scenario.p95.map_or_else(|| "-".to_owned(), format_millis)
    ));
    parts.push(format!("{} err", format_count(scenario.errors)));
    if scenario.dropped > 0 {
        parts.push(format!("{} dropped", format_count(scenario.dropped)));
    }
    let head = format!("{name:name_width$} ");
    let cells = if width >= 100 { 16 } else { 8 };
    let bar =
        share_done(scenario).map_or_else(|| " ".repeat(cells), |share| bar(share, cells, unicode));
    let mut line = format!("{head}{bar} {}", parts.join("  "));
    // On a narrow terminal the least telling parts go first: the bar, then what stands at the end.
    if unicode_width::UnicodeWidthStr::width(line.as_str()) > width {
        line = format!("{head}{}", parts.join(" "));
    }
    while unicode_width::UnicodeWidthStr::width(line.as_str()) > width && parts.len() > 1 {
        parts.pop();
        line = format!("{head}{}", parts.join(" "));
    }
    line.chars().take(width).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scenario() -> ScenarioProgress {
        ScenarioProgress {
            name: "guests".into(),
            state: ScenarioState::Running,
            vus: 10,
            allocated: None,
            vus_max: 10,
            iterations: 1_234,
            iterations_planned: None,
            rate: 41.2,
            p95: Some(128.4),
            errors: 3,
            dropped: 0,
            elapsed: Duration::from_secs(30),
            total: Some(Duration::from_secs(60)),
        }
    }

    #[test]
    fn a_line_says_how_far_how_many_how_fast_and_how_well() {
        let line = progress_line(&scenario(), 8, 120, true);
        assert_eq!(
            line,
            "guests   ━━━━━━━━──────── 0:30 left     10 VUs  1,234 iters    41/s  p95   128ms  3 err"
        );
    }

    #[test]
    fn one_is_not_many_and_takes_as_much_room() {
        let one = ScenarioProgress {
            vus: 1,
            iterations: 1,
            ..scenario()
        };
        let line = progress_line(&one, 8, 120, true);
        assert!(line.contains("  1 VU       1 iter     41/s"), "{line}");
    }

    #[test]
    fn users_that_wait_for_arrivals_are_shown_beside_the_busy_ones() {
        let open = ScenarioProgress {
            vus: 0,
            allocated: Some(12),
            ..scenario()
        };
        let line = progress_line(&open, 8, 120, true);
        assert!(line.contains("  0/12 VUs "), "{line}");
    }

    #[test]
    fn a_scenario_that_is_told_to_end_has_no_time_left() {
        let ending = ScenarioProgress {
            state: ScenarioState::Stopping,
            ..scenario()
        };
        let line = progress_line(&ending, 8, 120, true);
        assert!(line.contains("stopping     10 VUs"), "{line}");
    }

    #[test]
    fn a_line_is_never_wider_than_the_terminal() {
        for width in 10..130 {
            let line = progress_line(&scenario(), 8, width, false);
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }

    #[test]
    fn a_budget_of_iterations_counts_as_progress() {
        let counted = ScenarioProgress {
            iterations: 5,
            iterations_planned: Some(10),
            total: Some(Duration::from_secs(600)),
            ..scenario()
        };
        assert_eq!(share_done(&counted), Some(0.5));
    }
}
