//! Each policy by which rows are dealt out, over two workers, two scenarios and two machines.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::bin::Rhaid;
use crate::support::reading::{Reading, run_of};

/// Ten users of two scenarios on two workers take rows in this way, 40 times in all, and say which came to whom.
fn dealing(policy: &str, rows: usize) -> Rhaid {
    let numbers: String = (0..rows).map(|n| format!("{n}\n")).collect();
    run_of(&format!(
        r#"
        const ROWS = data::csv("rows.csv");
        export const options = #{{ scenarios: #{{
            one: #{{ executor: "per-vu-iterations", vus: 6, iterations: 4 }},
            other: #{{ executor: "per-vu-iterations", vus: 4, iterations: 4 }},
        }} }};
        fn iteration(ctx) {{
            let row = global::ROWS.{policy};
            log::info(`${{ctx.scenario}} ${{ctx.vu}} ${{row.n}}`);
            sleep(0.005);
        }}
        "#
    ))
    .file("rows.csv", format!("n\n{numbers}"))
    .args(["--workers", "2", "--seed", "7"])
}

/// What both halves of a run dealt out: scenario and user of each machine, and the row.
fn both_halves(policy: &str, rows: usize) -> Vec<(String, usize)> {
    let mut dealt = Vec::new();
    for segment in ["0:1/2", "1/2:1"] {
        let output = dealing(policy, rows)
            .args(["--execution-segment", segment])
            .run();
        output.expect_code(0);
        dealt.extend(takings(&output.logged(), segment));
    }
    dealt
}

fn takings(lines: &[String], machine: &str) -> Vec<(String, usize)> {
    let taking = |line: &String| {
        let (user, row) = line.rsplit_once(' ')?;
        Some((format!("{machine} {user}"), row.parse().ok()?))
    };
    lines.iter().filter_map(taking).collect()
}

/// How often each row came.
fn counts(dealt: &[(String, usize)]) -> BTreeMap<usize, usize> {
    let mut counts = BTreeMap::new();
    for (_, row) in dealt {
        *counts.entry(*row).or_default() += 1;
    }
    counts
}

#[test]
fn sequential_and_shuffled_rows_come_equally_often() {
    // 40 iterations, a half of them and of the rows on each machine: each row twice.
    for policy in ["next()", "shuffled()", "unique(\"recycle\")"] {
        let counts = counts(&both_halves(policy, 20));
        let twice: BTreeMap<usize, usize> = (0..20).map(|row| (row, 2)).collect();
        assert_eq!(counts, twice, "{policy}");
    }
}

#[test]
fn unique_rows_come_once_in_the_run() {
    let counts = counts(&both_halves("unique()", 40));
    let once: BTreeMap<usize, usize> = (0..40).map(|row| (row, 1)).collect();
    assert_eq!(counts, once);
}

#[test]
fn unique_rows_that_stop_the_run_have_all_come_once() {
    let counts = counts(&both_halves("unique(\"stop\")", 30));
    let once: BTreeMap<usize, usize> = (0..30).map(|row| (row, 1)).collect();
    assert_eq!(counts, once);
}

#[test]
fn each_user_has_one_row_and_no_other_user_has_it() {
    let dealt = both_halves("unique_per_vu()", 10);
    assert_eq!(dealt.len(), 40);
    let pairs: BTreeSet<_> = dealt.iter().collect();
    let rows: BTreeSet<_> = dealt.iter().map(|(_, row)| row).collect();
    assert_eq!((pairs.len(), rows.len()), (10, 10), "{pairs:?}");
}

#[test]
fn random_rows_are_drawn_from_the_whole_file_and_again_with_the_same_seed() {
    let draw = || {
        let output = dealing("random()", 1_000).run();
        output.expect_code(0);
        output.logged()
    };
    let first = draw();
    assert_eq!(first, draw());
    let rows: BTreeSet<_> = counts(&takings(&first, "")).into_keys().collect();
    assert!(rows.len() > 30, "{rows:?}");
    assert!(rows.iter().any(|row| *row >= 500) && rows.iter().any(|row| *row < 500));
}

#[test]
fn rows_handed_on_between_scenarios_come_once() {
    let output = run_of(
        r#"
        const ROWS = data::csv("rows.csv");
        export const options = #{ scenarios: #{
            made: #{ executor: "shared-iterations", exec: "give", vus: 3, iterations: 30 },
            used: #{ executor: "shared-iterations", exec: "take", vus: 3, iterations: 30 },
        } };
        fn give() { shared::queue("rows").push(global::ROWS.unique().n, "5s"); }
        fn take(ctx) { log::info(`${ctx.scenario} ${ctx.vu} ${shared::queue("rows").pop("10s")}`); }
        "#,
    )
    .file(
        "rows.csv",
        (0..30).fold("n\n".to_owned(), |text, n| format!("{text}{n}\n")),
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    let counts = counts(&takings(&output.logged(), ""));
    let once: BTreeMap<usize, usize> = (0..30).map(|row| (row, 1)).collect();
    assert_eq!(counts, once);
}

#[test]
fn what_other_tools_call_a_policy_is_answered_with_its_name_here() {
    for (policy, hint) in [
        ("circular()", "write `rows.next()`"),
        ("sequential()", "write `rows.next()`"),
        ("shuffle()", "write `rows.shuffled()`"),
        ("queue()", "`rows.unique()`"),
        ("feed()", "`rows.next()`"),
        ("uniqe()", "did you mean `unique`"),
    ] {
        let output = dealing(policy, 3).run();
        assert_ne!(output.code, 0, "{policy}");
        output.expect_text(hint);
    }
}
