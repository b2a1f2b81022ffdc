//! What comparisons come to on runs of which the truth is known.

use super::synthetic::{Course, run};
use super::*;

fn compared(before: &RunResult, after: &RunResult) -> Comparison {
    let labelled = |label, result| Labelled { label, result };
    compare(
        labelled("a", before),
        labelled("b", after),
        MARGIN,
        &Variation::default(),
    )
}

/// A run that is a fifth slower than the one before.
pub(crate) fn worse() -> Comparison {
    let slower = Course {
        median: 1.2 * Course::PLAIN.median,
        ..Course::PLAIN
    };
    let (before, after) = (run(&Course::PLAIN, 1), run(&slower, 2));
    compare(
        Labelled {
            label: "baseline `a`",
            result: &before,
        },
        Labelled {
            label: "this run",
            result: &after,
        },
        MARGIN,
        &Variation::default(),
    )
}

fn row<'a>(comparison: &'a Comparison, metric: &str, statistic: Statistic) -> &'a Row {
    let is =
        |row: &&Row| row.metric == metric && row.statistic == statistic && row.endpoint.is_none();
    comparison.rows.iter().find(is).unwrap()
}

fn median(comparison: &Comparison) -> &Row {
    row(comparison, "http_req_duration", Statistic::Med)
}

/// What a hundred pairs of runs come to.
#[derive(Default)]
struct Tally {
    pairs: usize,
    /// Pairs of which the whole comparison called something worse or better.
    alarms: usize,
    same: usize,
    cannot_tell: usize,
    worse: usize,
    stray: Vec<f64>,
}

impl Tally {
    /// Pairs of runs of `course`, the later ones slower by the factor `slower`.
    fn of(course: Course, slower: f64, pairs: u64) -> Self {
        let mut tally = Self::default();
        let later = Course {
            median: course.median * slower,
            ..course
        };
        for pair in 0..pairs {
            let comparison = compared(&run(&course, 2 * pair), &run(&later, 2 * pair + 1));
            let row = median(&comparison);
            tally.pairs += 1;
            tally
                .stray
                .push((row.after.unwrap() / row.before.unwrap()).ln());
            match row.verdict {
                Verdict::Same => tally.same += 1,
                Verdict::CannotTell => tally.cannot_tell += 1,
                Verdict::Worse => tally.worse += 1,
                Verdict::Better | Verdict::Changed => {}
            }
            if matches!(comparison.verdict, Verdict::Worse | Verdict::Better) {
                tally.alarms += 1;
            }
        }
        tally
    }

    fn share(&self, count: usize) -> f64 {
        100.0 * count as f64 / self.pairs as f64
    }

    /// Standard deviation of the logarithm of the change.
    fn strays(&self) -> f64 {
        let count = self.stray.len() as f64;
        let mean = self.stray.iter().sum::<f64>() / count;
        (self
            .stray
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / count)
            .sqrt()
    }
}

#[test]
fn runs_of_the_same_thing_are_the_same_and_a_twentieth_more_is_found() {
    let course = Course {
        endpoints: 1,
        ..Course::PLAIN
    };
    let unchanged = Tally::of(course, 1.0, 20);
    assert!(unchanged.same >= 19, "same: {} of 20", unchanged.same);
    let slower = Tally::of(course, 1.05, 20);
    assert!(slower.worse >= 19, "worse: {} of 20", slower.worse);
}

/// Runs of which the last seconds are an outage, whether a test of their seconds can tell or not.
#[test]
fn an_outage_is_worse_however_much_it_makes_a_run_stray() {
    for (seconds, rate, outage) in [(60, 50.0, 10), (60, 200.0, 2), (9, 50.0, 9), (12, 100.0, 4)] {
        let good = Course {
            seconds,
            rate,
            failing: 0.0,
            ..Course::PLAIN
        };
        let bad = Course { outage, ..good };
        let comparison = compared(&run(&good, 1), &run(&bad, 2));
        let failed = row(&comparison, "http_req_failed", Statistic::Share);
        assert_eq!(
            failed.verdict,
            Verdict::Worse,
            "{outage} of {seconds}: {failed:?}"
        );
        assert!(
            failed
                .interval
                .is_none_or(|range| range.low >= 0.0 && range.high <= 1.0)
        );
        assert_eq!(comparison.verdict, Verdict::Worse);
        assert_eq!(failed.regression(), Some(f64::INFINITY));
        // The other way round nobody is punished.
        let back = compared(&run(&bad, 2), &run(&good, 1));
        assert!(
            back.regressions(0.0).is_empty(),
            "{:?}",
            back.regressions(0.0)
        );
    }
    let (good, bad) = (
        Course::PLAIN,
        Course {
            outage: 10,
            ..Course::PLAIN
        },
    );
    let comparison = compared(&run(&good, 1), &run(&bad, 2));
    let slow = row(&comparison, "http_req_duration", Statistic::P95);
    assert_eq!(slow.verdict, Verdict::Worse, "{slow:?}");
}

#[test]
fn an_outage_that_was_there_before_is_no_regression() {
    let course = Course {
        outage: 10,
        ..Course::PLAIN
    };
    let comparison = compared(&run(&course, 1), &run(&course, 2));
    assert!(
        comparison.regressions(0.0).is_empty(),
        "{:?}",
        comparison.regressions(0.0)
    );
}

#[test]
fn a_summary_without_intervals_tells_when_everything_fails() {
    let summary = |outage| {
        let mut made = run(
            &Course {
                outage,
                failing: 0.0,
                ..Course::PLAIN
            },
            1 + outage as u64,
        );
        made.intervals = Default::default();
        made
    };
    let comparison = compared(&summary(0), &summary(60));
    assert_eq!(
        row(&comparison, "http_req_failed", Statistic::Share).verdict,
        Verdict::Worse
    );
    // Two per cent more may be one bad moment, and nothing tells.
    let comparison = compared(&summary(0), &summary(1));
    assert_eq!(
        row(&comparison, "http_req_failed", Statistic::Share).verdict,
        Verdict::CannotTell
    );
}

#[test]
fn a_run_that_sent_nothing_is_worse() {
    let mut nothing = run(&Course::PLAIN, 2);
    nothing.metrics.clear();
    nothing.endpoints.clear();
    nothing.intervals.rows.clear();
    let comparison = compared(&run(&Course::PLAIN, 1), &nothing);
    assert_eq!(comparison.verdict, Verdict::Worse);
    assert_eq!(
        row(&comparison, "http_reqs", Statistic::PerSecond).verdict,
        Verdict::Worse
    );
}

/// The table of `docs/compare.md`: `cargo test --release --lib compare::tests::the_table -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
fn the_table_of_the_guide() {
    println!(
        "| requests/s | correlation | wander | strays | same | cannot tell | false alarm (median) | false alarm (any row) | 5 % found |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let rates: Vec<f64> = match std::env::var("RATES") {
        Ok(text) => text.split(',').map(|rate| rate.parse().unwrap()).collect(),
        Err(_) => vec![20.0, 50.0, 100.0, 300.0, 1_000.0],
    };
    for rate in rates {
        for (rho, wander) in [
            (0.0, 0.0),
            (0.3, 0.02),
            (0.6, 0.02),
            (0.8, 0.02),
            (0.9, 0.02),
        ] {
            let course = Course {
                rate,
                rho,
                wander,
                ..Course::PLAIN
            };
            let pairs = std::env::var("PAIRS")
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or(400);
            let unchanged = Tally::of(course, 1.0, pairs);
            let slower = Tally::of(course, 1.05, pairs);
            let alarms = unchanged.pairs - unchanged.same - unchanged.cannot_tell;
            println!(
                "| {rate} | {rho} | {wander} | {:.2}% | {:.1}% | {:.1}% | {:.1}% | {:.1}% | {:.1}% |",
                100.0 * unchanged.strays(),
                unchanged.share(unchanged.same),
                unchanged.share(unchanged.cannot_tell),
                unchanged.share(alarms),
                unchanged.share(unchanged.alarms),
                slower.share(slower.worse),
            );
        }
    }
}

/// A run whose level as a whole strays from that of others.
fn straying(course: Course, number: u64, strays: f64) -> RunResult {
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    let mut random = StdRng::seed_from_u64(number);
    // Twelve even numbers are near enough to a normal one.
    let normal = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    let course = Course {
        endpoints: 1,
        median: course.median * (strays * normal).exp(),
        ..course
    };
    run(&course, number)
}

/// So many baselines, of so many runs each, and so many runs that are compared with each.
#[derive(Clone, Copy)]
struct Plan {
    baselines: u64,
    remembered: u64,
    compared: u64,
}

/// Of all comparisons those that called something worse or better, that called the median the same, and worse.
fn against_several(course: Course, strays: f64, slower: f64, plan: Plan) -> [usize; 3] {
    let mut counts = [0; 3];
    let later = Course {
        median: course.median * slower,
        ..course
    };
    for baseline in 0..plan.baselines {
        let first = baseline * 100;
        let mut variation = Variation::default();
        let mut before = straying(course, first, strays);
        for number in 0..plan.remembered {
            before = straying(course, first + number, strays);
            variation.add(&before);
        }
        for number in 0..plan.compared {
            let after = straying(later, first + 50 + number, strays);
            let labelled = |label, result| Labelled { label, result };
            let (before, after) = (labelled("a", &before), labelled("b", &after));
            let comparison = compare(before, after, MARGIN, &variation);
            let verdict = median(&comparison).verdict;
            let is = [
                matches!(comparison.verdict, Verdict::Worse | Verdict::Better),
                verdict == Verdict::Same,
                verdict == Verdict::Worse,
            ];
            for (count, is) in counts.iter_mut().zip(is) {
                *count += usize::from(is);
            }
        }
    }
    counts
}

#[test]
fn what_whole_runs_stray_is_allowed_for_and_costs_nothing_where_they_do_not() {
    let course = Course {
        seconds: 40,
        rate: 150.0,
        ..Course::PLAIN
    };
    let plan = |remembered| Plan {
        baselines: 2,
        remembered,
        compared: 6,
    };
    let [alone, ..] = against_several(course, 0.05, 1.0, plan(0));
    let [known, ..] = against_several(course, 0.05, 1.0, plan(7));
    assert!(alone >= 6 && known <= 2, "alone {alone}, known {known}");
    let [_, same, _] = against_several(course, 0.0, 1.0, plan(7));
    let [_, _, worse] = against_several(course, 0.0, 1.1, plan(7));
    assert!(same >= 10 && worse >= 11, "same {same}, worse {worse}");
}

/// The second table of `docs/compare.md`: `cargo test --release --lib compare::tests::the_table_of_remembered -- --ignored --nocapture`.
#[test]
#[ignore = "takes minutes"]
fn the_table_of_remembered_runs() {
    let number = |name: &str, otherwise| {
        let text = std::env::var(name).ok();
        text.and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    };
    let (baselines, compared) = (number("BASELINES", 200), number("COMPARED", 1));
    println!(
        "| runs stray by | remembered | same | false alarm, any figure | 5 % found | 20 % found |"
    );
    println!("|---|---|---|---|---|---|");
    for strays in [0.0, 0.01, 0.03] {
        for remembered in [0, 3, 5, 10] {
            let plan = Plan {
                baselines,
                remembered,
                compared,
            };
            let share = |count: usize| 100.0 * count as f64 / (baselines * compared) as f64;
            let [alarms, same, _] = against_several(Course::PLAIN, strays, 1.0, plan);
            let [_, _, slower] = against_several(Course::PLAIN, strays, 1.05, plan);
            let [_, _, slow] = against_several(Course::PLAIN, strays, 1.2, plan);
            println!(
                "| {:.0}% | {remembered} | {:.1}% | {:.1}% | {:.1}% | {:.1}% |",
                100.0 * strays,
                share(same),
                share(alarms),
                share(slower),
                share(slow),
            );
        }
    }
}

#[test]
fn one_slow_endpoint_of_many_is_found_and_the_others_are_left_alone() {
    let course = Course {
        rate: 1_000.0,
        endpoints: 50,
        ..Course::PLAIN
    };
    let slow = Course {
        slow_first: 1.6,
        ..course
    };
    let comparison = compared(&run(&course, 1), &run(&slow, 2));
    let worse: Vec<&str> = comparison
        .rows
        .iter()
        .filter(|row| row.verdict == Verdict::Worse)
        .filter_map(|row| row.endpoint.as_ref().map(|endpoint| endpoint.name.as_str()))
        .collect();
    assert!(
        !worse.is_empty() && worse.iter().all(|name| *name == "endpoint 0"),
        "{worse:?}"
    );
    assert_eq!(comparison.verdict, Verdict::Worse);
}

#[test]
fn more_failures_are_worse_however_few_there_were() {
    let course = Course {
        failing: 0.0,
        ..Course::PLAIN
    };
    let failing = Course {
        failing: 0.01,
        ..course
    };
    let comparison = compared(&run(&course, 1), &run(&failing, 2));
    let failed = row(&comparison, "http_req_failed", Statistic::Share);
    assert_eq!(failed.verdict, Verdict::Worse, "{failed:?}");
    assert_eq!(
        (failed.relative, failed.regression()),
        (None, Some(f64::INFINITY))
    );
    assert_eq!(comparison.regressions(0.05)[0].metric, "http_req_failed");
}

#[test]
fn events_that_never_happened_are_the_same_however_short_the_run() {
    let with = |result: &mut RunResult| {
        let mut metric = result
            .metrics
            .iter()
            .find(|metric| metric.name == "http_reqs")
            .unwrap()
            .clone();
        metric.name = "iteration_errors".to_owned();
        metric.total = crate::result::MetricValues::Counter {
            count: 0.0,
            rate: 0.0,
        };
        result.metrics.push(metric);
        result.intervals.rows.push(crate::result::IntervalRow {
            metric: "iteration_errors".to_owned(),
            tags: Default::default(),
            values: crate::result::IntervalValues::Counter {
                sums: vec![0.0; 12],
            },
        });
    };
    let short = Course {
        seconds: 12,
        ..Course::PLAIN
    };
    let (mut before, mut after) = (run(&short, 1), run(&short, 2));
    with(&mut before);
    with(&mut after);
    let comparison = compared(&before, &after);
    assert_eq!(
        row(&comparison, "iteration_errors", Statistic::PerSecond).verdict,
        Verdict::Same
    );
}

#[test]
fn too_short_a_run_says_how_long_it_would_have_to_be() {
    let short = Course {
        seconds: 5,
        ..Course::PLAIN
    };
    let comparison = compared(&run(&short, 1), &run(&short, 2));
    let row = median(&comparison);
    assert_eq!(
        (row.verdict, comparison.verdict),
        (Verdict::CannotTell, Verdict::CannotTell)
    );
    assert_eq!(row.needed.unwrap().seconds, 60.0);
    let sparse = Course {
        rate: 10.0,
        ..Course::PLAIN
    };
    let comparison = compared(&run(&sparse, 1), &run(&sparse, 2));
    let row = median(&comparison);
    assert_eq!(row.verdict, Verdict::CannotTell);
    let needed = row.needed.unwrap();
    assert!(
        needed.seconds > 120.0 && needed.samples > 1_200,
        "{needed:?}"
    );
}

#[test]
fn a_summary_without_intervals_is_compared_but_not_judged() {
    let whole = run(&Course::PLAIN, 1);
    let mut summary = whole.clone();
    summary.intervals = Default::default();
    summary.run.id = "another".to_owned();
    let comparison = compared(&summary, &whole);
    let row = median(&comparison);
    assert_eq!((row.verdict, row.change), (Verdict::CannotTell, Some(0.0)));
    assert!(
        row.reason
            .as_ref()
            .unwrap()
            .starts_with("the run before: it has no intervals"),
        "{row:?}"
    );
    assert_eq!(comparison.verdict, Verdict::CannotTell);
    assert!(row.effect.is_some());
}

#[test]
fn a_run_beside_itself_is_the_same_in_every_row() {
    let result = run(&Course::PLAIN, 3);
    let comparison = compared(&result, &result);
    assert_eq!(comparison.verdict, Verdict::Same);
    assert!(
        comparison.differences.is_empty(),
        "{:?}",
        comparison.differences
    );
    let wrong: Vec<&Row> = comparison
        .rows
        .iter()
        .filter(|row| {
            matches!(
                row.verdict,
                Verdict::Worse | Verdict::Better | Verdict::Changed
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn which_way_is_better_of_an_own_metric_is_what_its_objective_says() {
    let with = |result: &mut RunResult, count: f64| {
        let mut metric = result
            .metrics
            .iter()
            .find(|metric| metric.name == "http_reqs")
            .unwrap()
            .clone();
        metric.name = "rooms_booked".to_owned();
        metric.total = crate::result::MetricValues::Counter {
            count: count * 60.0,
            rate: count,
        };
        result.metrics.push(metric);
        result.intervals.rows.push(crate::result::IntervalRow {
            metric: "rooms_booked".to_owned(),
            tags: Default::default(),
            values: crate::result::IntervalValues::Counter {
                sums: (0..60).map(|at| count + f64::from(at % 2)).collect(),
            },
        });
    };
    let (mut before, mut after) = (run(&Course::PLAIN, 1), run(&Course::PLAIN, 2));
    before.slos.clear();
    after.slos.clear();
    with(&mut before, 20.0);
    with(&mut after, 15.0);
    let verdict = |before: &RunResult, after: &RunResult| {
        row(
            &compared(before, after),
            "rooms_booked",
            Statistic::PerSecond,
        )
        .verdict
    };
    assert_eq!(verdict(&before, &after), Verdict::Changed);
    let mut slo = crate::result::sample::passing().slos.remove(0);
    (slo.metric, slo.target) = ("rooms_booked".to_owned(), "rate > 10".to_owned());
    after.slos.push(slo);
    assert_eq!(verdict(&before, &after), Verdict::Worse);
    assert_eq!(verdict(&after, &before), Verdict::Better);
}

#[test]
fn what_else_differs_is_named() {
    let before = run(&Course::PLAIN, 1);
    let mut after = before.clone();
    after.run.script_sha256 = "0".repeat(64);
    after.run.scale = 0.5;
    after.run.machine.cpus = 64;
    after.options["scenarios"]["guests"]["vus"] = 7.into();
    let comparison = compared(&before, &after);
    let named: Vec<&str> = comparison
        .differences
        .iter()
        .map(|difference| difference.what.as_str())
        .collect();
    assert_eq!(
        named,
        [
            "the script's text (SHA-256)",
            "scale",
            "options.scenarios.guests.vus",
            "machine: processors"
        ]
    );
    assert_eq!(comparison.differences[2].before, "not set");
}

#[test]
fn figures_that_are_no_figures_break_nothing() {
    let sound = run(&Course::PLAIN, 1);
    let mut wrong = sound.clone();
    for metric in &mut wrong.metrics {
        if let crate::result::MetricValues::Trend { summary, histogram } = &mut metric.total {
            (summary.med, summary.p95, summary.count) = (f64::NAN, -1.0, u64::MAX);
            *histogram = Some("AAAA".to_owned());
        }
    }
    for row in &mut wrong.intervals.rows {
        match &mut row.values {
            crate::result::IntervalValues::Trend {
                medians,
                histograms,
                ..
            } => {
                medians[0] = Some(f64::INFINITY);
                histograms.truncate(1);
            }
            crate::result::IntervalValues::Counter { sums } => sums[0] = f64::NAN,
            _ => {}
        }
    }
    for (before, after) in [(&sound, &wrong), (&wrong, &sound), (&wrong, &wrong)] {
        let comparison = compared(before, after);
        assert_eq!(median(&comparison).verdict, Verdict::CannotTell);
        serde_json::to_string(&comparison).unwrap();
    }
}
