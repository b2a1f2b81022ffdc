//! `std/data`: policies by name, samples, accounts.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::journey::Journey;

fn feeding(body: &str) -> Journey {
    Journey::new(body)
        .functions("import \"std/data\" as feed;\nconst ROWS = data::csv(\"rows.csv\");")
        .file("rows.csv", "n,kind\n0,a\n1,b\n2,a\n3,a\n")
}

#[test]
fn a_policy_goes_by_the_name_that_each_tool_gives_it() {
    let ran = feeding(
        r#"
        let rows = global::ROWS;
        let take = |policy| { let n = feed::take(rows, policy).n; parse_int(n) };
        seen.circular = [take.call("circular"), take.call("next"), take.call("Sequential"), take.call("next"), take.call("next")];
        seen.shuffled = [take.call("shuffle"), take.call("shuffled"), take.call("shuffle"), take.call("shuffle")];
        seen.queue = [take.call("queue"), take.call("unique"), take.call("once"), take.call("stop"), take.call("recycle")];
        seen.own = [take.call("per_vu"), take.call("unique_per_vu")];
        seen.any = take.call("random") in 0..4;
        seen.wrong = "";
        try { feed::take(rows, "circle"); } catch (error) { seen.wrong = error; }
        "#,
    )
    .run();
    let saw = ran.saw();
    assert_eq!(saw["circular"], json!([0, 1, 2, 3, 0]));
    let shuffled: BTreeSet<i64> = saw["shuffled"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(serde_json::Value::as_i64)
        .collect();
    assert_eq!(shuffled, (0..4).collect());
    assert_eq!(saw["queue"], json!([0, 1, 2, 3, 0]));
    assert_eq!(saw["own"], json!([0, 0]));
    assert_eq!(saw["any"], true);
    let wrong = saw["wrong"].as_str().unwrap();
    assert!(
        wrong.starts_with("feed: there is no policy \"circle\"; there are next, random"),
        "{wrong}"
    );
}

#[test]
fn a_sample_has_different_rows_in_the_files_order_each_as_often() {
    let ran = feeding(
        r#"
        seen.counts = [0, 0, 0, 0];
        for round in 0..2000 {
            let last = -1;
            for row in feed::sample(global::ROWS, 2) {
                let n = parse_int(row.n);
                if n <= last { fail("not in order, or twice"); }
                last = n;
                seen.counts[n] += 1;
            }
        }
        seen.all = feed::sample(global::ROWS, 9).len;
        seen.none = feed::sample(global::ROWS, 0).len;
        seen.wrong = "";
        try { feed::sample(global::ROWS, -1); } catch (error) { seen.wrong = error; }
        "#,
    )
    .run();
    let saw = ran.saw();
    assert_eq!((&saw["all"], &saw["none"]), (&json!(4), &json!(0)));
    // Each is in half of the samples; five standard deviations are 112.
    for count in saw["counts"].as_array().unwrap() {
        assert!((880..1120).contains(&count.as_i64().unwrap()), "{saw}");
    }
    assert!(
        saw["wrong"]
            .as_str()
            .unwrap()
            .contains("a whole number of zero or more, not -1")
    );
}

#[test]
fn who_hides_the_native_functions_is_told() {
    feeding("data::csv(\"rows.csv\");")
        .functions("import \"std/data\" as data;")
        .finish()
        .output
        .expect_code(65)
        .expect_text("there is no function `data::csv`")
        .expect_text("import it under another name");
}

#[test]
fn an_account_is_kept_and_values_are_counted() {
    let ran = feeding(
        r#"
        seen.own = feed::account(ctx, global::ROWS).n;
        seen.kinds = feed::values(global::ROWS, "kind");
        "#,
    )
    .options(r#"scenarios: #{ users: #{ executor: "per-vu-iterations", vus: 4, iterations: 3 } }"#)
    .run();
    let mut owners = std::collections::BTreeMap::<String, usize>::new();
    for saw in ran.all() {
        assert_eq!(saw["kinds"], json!({ "a": 3, "b": 1 }));
        *owners.entry(saw["own"].to_string()).or_default() += 1;
    }
    assert_eq!(owners.into_values().collect::<Vec<_>>(), [3; 4]);
}
