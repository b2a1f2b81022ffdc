//! One scenario's progress as one line.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::harmless;
use crate::report::text::{Cut, shorten};
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

/// A column of a line.
struct Cell {
    /// The higher, the earlier it goes where there is no room.
    rank: u8,
    text: String,
}

/// What only says more of what stands beside it goes first, then what can be told from the rest.
const DISPENSABLE: u8 = 2;

/// The columns of a line behind its bar.
fn cells(scenario: &ScenarioProgress, wordy: bool) -> Vec<Cell> {
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
    let vus = format_count(u64::from(scenario.vus));
    let p95 = scenario.p95.map_or_else(|| "-".to_owned(), format_millis);
    // An objective's is that of the whole run.
    let p95_of = if wordy { "p95(10s)" } else { "p95" };
    // That of the present would be the last one's of a scenario that is over.
    let whole = scenario.iterations as f64 / scenario.elapsed.as_secs_f64();
    let rate = match scenario.state {
        ScenarioState::Done if whole.is_finite() => whole,
        _ => scenario.rate,
    };
    let rate = format_count(rate.round() as u64);
    let cell = |rank, text| Cell { rank, text };
    let mut cells = vec![
        cell(0, format!("{time:>9}")),
        // Of the users that wait for arrivals few may be busy at any moment.
        cell(
            0,
            match scenario.allocated {
                Some(all) => counted(&format!("{vus}/{}", format_count(u64::from(all))), "VU"),
                None => counted(&vus, "VU"),
            },
        ),
        cell(1, counted(&format_count(scenario.iterations), "iter")),
        cell(2, format!("{rate:>4}/s")),
        cell(0, format!("{p95_of} {p95:>7}")),
        cell(0, format!("{:>3} failed", format_count(scenario.failed))),
        cell(0, format!("{:>3} err", format_count(scenario.errors))),
    ];
    if scenario.dropped > 0 {
        let dropped = format_count(scenario.dropped);
        cells.push(cell(0, format!("{dropped:>3} dropped")));
    }
    cells
}

/// Cells of all lines, those of one column as wide as the widest of them.
fn aligned(scenarios: &[ScenarioProgress], wordy: bool, highest_rank: u8) -> Vec<Vec<String>> {
    let row = |scenario| {
        let cells = cells(scenario, wordy).into_iter();
        let left = cells.filter(|cell| cell.rank <= highest_rank);
        left.map(|cell| cell.text).collect()
    };
    let mut rows: Vec<Vec<String>> = scenarios.iter().map(row).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    for column in 0..columns {
        let cells = rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.width()).max().unwrap_or(0);
        for cell in rows.iter_mut().filter_map(|row| row.get_mut(column)) {
            cell.insert_str(0, &" ".repeat(widest - cell.width()));
        }
    }
    rows
}

/// A line for each scenario, all in the same columns: name, bar, time left, virtual users, iterations, rate, 95th percentile of the
/// last ten seconds, failed requests, errors of the script. At most `width` columns.
pub fn progress_lines(
    scenarios: &[ScenarioProgress],
    name_width: usize,
    width: usize,
    unicode: bool,
) -> Vec<String> {
    let bar_width = match scenarios.iter().any(|one| share_done(one).is_some()) {
        true if width >= 100 => 16,
        true => 8,
        false => 0,
    };
    let names = scenarios.iter().map(|scenario| {
        let name = harmless::text(&scenario.name);
        let name = shorten(&name, name_width, Cut::Middle, unicode);
        format!(
            "{name}{} ",
            " ".repeat(name_width.saturating_sub(name.width()))
        )
    });
    let with = |rows: &[Vec<String>], bar_width: usize, gap: &str| -> Vec<String> {
        let lines = names.clone().zip(scenarios).zip(rows);
        lines
            .map(|((name, scenario), row)| {
                let bar = match (bar_width, share_done(scenario)) {
                    (0, _) => String::new(),
                    (cells, Some(share)) => format!("{} ", bar(share, cells, unicode)),
                    (cells, None) => " ".repeat(cells + 1),
                };
                format!("{name}{bar}{}", row.join(gap))
            })
            .collect()
    };
    let fits = |lines: &[String]| lines.iter().all(|line| line.width() <= width);
    // On a narrow terminal the least telling goes first: the bar, then words and figures, then what stands at the end.
    let narrower = std::iter::once((true, DISPENSABLE, bar_width, "  "))
        .chain([(true, DISPENSABLE, 0, " ")])
        .chain((0..=DISPENSABLE).rev().map(|rank| (false, rank, 0, " ")));
    for (wordy, rank, bar_width, gap) in narrower {
        let lines = with(&aligned(scenarios, wordy, rank), bar_width, gap);
        if fits(&lines) {
            return lines;
        }
    }
    let mut rows = aligned(scenarios, false, 0);
    let most = rows.iter().map(Vec::len).max().unwrap_or(0);
    for shown in (1..most).rev() {
        rows.iter_mut().for_each(|row| row.truncate(shown));
        let lines = with(&rows, 0, " ");
        if fits(&lines) {
            return lines;
        }
    }
    let lines = with(&rows, 0, " ").into_iter();
    lines
        .map(|line| line.chars().take(width).collect())
        .collect()
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
            failed: 12,
            dropped: 0,
            elapsed: Duration::from_secs(30),
            total: Some(Duration::from_secs(60)),
        }
    }

    fn progress_line(
        scenario: &ScenarioProgress,
        names: usize,
        width: usize,
        unicode: bool,
    ) -> String {
        progress_lines(std::slice::from_ref(scenario), names, width, unicode).concat()
    }

    #[test]
    fn a_line_says_how_far_how_many_how_fast_and_how_well() {
        let line = progress_line(&scenario(), 8, 120, true);
        assert_eq!(
            line,
            "guests   ━━━━━━━━──────── 0:30 left     10 VUs  1,234 iters    41/s  p95(10s)   128ms   12 failed    3 err"
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
    fn lines_of_several_scenarios_have_the_same_columns_on_any_terminal() {
        let many = ScenarioProgress {
            name: "desk".into(),
            vus: 7,
            allocated: Some(1_000),
            iterations: 12_345_678,
            rate: 12_345.0,
            errors: 1_234,
            failed: 7,
            dropped: 3,
            ..scenario()
        };
        let scenarios = [scenario(), many];
        for width in 10..160 {
            let lines = progress_lines(&scenarios, 8, width, true);
            for word in ["left", "VU", "iter", "/s", "p95", "failed", "err", "━"] {
                let places: Vec<Option<usize>> = lines
                    .iter()
                    .map(|line| line.find(word).map(|at| line[..at].chars().count()))
                    .collect();
                assert_eq!(places[0], places[1], "{width} {word}: {lines:#?}");
            }
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
