//! `std/flow`: the ways through a journey.

use serde_json::{Value, json};

use crate::support::journey::{Journey, Ran};

fn flow(body: &str) -> Journey {
    Journey::new(body).functions("import \"std/flow\" as flow;")
}

#[track_caller]
fn number(ran: &Ran, key: &str) -> i64 {
    ran.saw()[key].as_i64().unwrap()
}

#[test]
fn a_choice_is_made_as_often_as_its_weight_says() {
    let body = r#"
        seen.browsed = 0;
        seen.booked = 0;
        for round in 0..1000 {
            let gave = flow::choose([
                [70, || { seen.browsed += 1; "browsed" }],
                [30.0, || { seen.booked += 1; "booked" }],
                [0, || fail("a weight of zero is never chosen")],
            ]);
            if gave !in ["browsed", "booked"] { fail(`it gave ${gave}`); }
        }
    "#;
    let ran = flow(body).args(["--seed", "5"]).run();
    let browsed = number(&ran, "browsed");
    assert!((640..=760).contains(&browsed), "{browsed}");
    assert_eq!(browsed + number(&ran, "booked"), 1000);

    let again = flow(body).args(["--seed", "5"]).run();
    assert_eq!(again.saw(), ran.saw(), "the seed repeats the choices");
}

#[test]
fn a_value_is_picked_by_weight_too() {
    let ran = flow(
        r#"
        seen.suites = 0;
        for round in 0..400 {
            if flow::pick([[3, "double"], [1, "suite"]]) == "suite" { seen.suites += 1; }
        }
        seen.only = flow::pick([[0, "a"], [2, "b"], [0, "c"]]);
        "#,
    )
    .args(["--seed", "5"])
    .run();
    let suites = number(&ran, "suites");
    assert!((65..=135).contains(&suites), "{suites}");
    assert_eq!(ran.saw()["only"], "b");
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would() {
    for (call, message) in [
        (
            "choose([[70, || 1], || 2])",
            "a choice is a pair such as [70, || browse()]",
        ),
        (
            "choose([[-1, || 1]])",
            "a weight is a number of zero or more, not -1",
        ),
        (
            "choose([[\"70%\", || 1]])",
            "a weight is a number of zero or more, not \"70%\"",
        ),
        (
            "choose([[0, || 1]])",
            "at least one choice a weight above zero",
        ),
        ("choose([])", "there is nothing to choose from"),
        (
            "funnel([|| 1])",
            "a step is a pair such as [0.4, || hold()]",
        ),
        (
            "in_turn(ctx, \"place\", [])",
            "the list of \"place\" is empty",
        ),
        ("every(ctx, 0, || 1)", "give a number of one or more"),
    ] {
        flow(&format!("flow::{call};"))
            .finish()
            .output
            .expect_code(2)
            .expect_text(message);
    }
}

#[test]
fn a_probability_decides_whether_something_is_done() {
    let ran = flow(
        r#"
        seen.done = 0;
        for round in 0..1000 { flow::with_probability(0.3, || seen.done += 1); }
        seen.always = flow::with_probability(1, || "yes");
        seen.never = flow::with_probability(0, || "no");
        "#,
    )
    .args(["--seed", "5"])
    .run();
    let done = number(&ran, "done");
    assert!((240..=360).contains(&done), "{done}");
    assert_eq!(ran.saw()["always"], "yes");
    assert_eq!(ran.saw()["never"], Value::Null);
}

#[test]
fn something_is_repeated_as_often_as_it_is_asked_for() {
    let ran = flow(
        r#"
        seen.three = 0;
        flow::repeat(3, || { sleep(0.001); seen.three += 1; });
        seen.none = 0;
        flow::repeat(0, || seen.none += 1);
        seen.counts = #{};
        for round in 0..200 {
            let times = 0;
            flow::repeat_between(2, 4, || times += 1);
            seen.counts[`${times}`] = true;
        }
        "#,
    )
    .run();
    let counts = json!({ "2": true, "3": true, "4": true });
    assert_eq!(
        ran.saw(),
        &json!({ "three": 3, "none": 0, "counts": counts })
    );
}

#[test]
fn a_sequence_ends_with_the_first_step_that_gives_false() {
    let ran = flow(
        r#"
        let steps = [];
        seen.whole = flow::sequence([|| steps.push(1), || { steps.push(2); true }, || steps.push(3)]);
        seen.cut = flow::sequence([|| steps.push(4), || false, || steps.push(5)]);
        seen.steps = steps;
        "#,
    )
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "whole": true, "cut": false, "steps": [1, 2, 3, 4] })
    );
}

#[test]
fn any_order_does_each_thing_once() {
    let ran = flow(
        r#"
        seen.orders = #{};
        for round in 0..200 {
            let order = "";
            flow::in_any_order([|| order += "a", || order += "b", || order += "c"]);
            seen.orders[order] = true;
        }
        "#,
    )
    .run();
    let orders: Vec<&String> = ran.saw()["orders"].as_object().unwrap().keys().collect();
    assert_eq!(orders, ["abc", "acb", "bac", "bca", "cab", "cba"]);
}

#[test]
fn people_leave_a_funnel_on_the_way() {
    let ran = flow(
        r#"
        seen.looked = 0;
        seen.held = 0;
        for round in 0..1000 {
            flow::funnel([[1, || seen.looked += 1], [0.4, || seen.held += 1], [0, || fail("nobody comes this far")]]);
        }
        seen.taken = flow::funnel([[1, || 1], [1, || false], [1, || fail("the step before was the last")]]);
        "#,
    )
    .args(["--seed", "5"])
    .run();
    assert_eq!(number(&ran, "looked"), 1000);
    let held = number(&ran, "held");
    assert!((330..=470).contains(&held), "{held}");
    assert_eq!(number(&ran, "taken"), 2);
}

#[test]
fn what_is_done_once_is_done_once_for_each_user_and_again_if_it_threw() {
    let ran = flow(
        r#"
        let before = ctx.state.calls ?? 0;
        try {
            seen.value = flow::once_per_vu(ctx, "login", || {
                ctx.state.calls = before + 1;
                if before == 0 { throw "not yet"; }
                sleep(0.001);
                `token ${ctx.vu}`
            });
        } catch (e) { seen.value = e; }
        seen.nothing = flow::once_per_vu(ctx, "nothing", || ctx.state.nothing = (ctx.state.nothing ?? 0) + 1);
        seen.calls = [ctx.vu, ctx.iteration, ctx.state.calls, ctx.state.nothing];
        "#,
    )
    .options(r#"scenarios: #{ users: #{ executor: "per-vu-iterations", vus: 2, iterations: 3 } }"#)
    .args(["--workers", "1"])
    .run();
    let mut all = ran.all().to_vec();
    all.sort_by_key(|seen| seen["calls"].to_string());
    let seen =
        |value: &str, calls: [i64; 4]| json!({ "value": value, "nothing": null, "calls": calls });
    assert_eq!(
        all,
        [
            seen("not yet", [1, 0, 1, 1]),
            seen("token 1", [1, 1, 2, 1]),
            seen("token 1", [1, 2, 2, 1]),
            seen("not yet", [2, 0, 1, 1]),
            seen("token 2", [2, 1, 2, 1]),
            seen("token 2", [2, 2, 2, 1]),
        ]
    );
}

#[test]
fn things_take_turns_and_happen_every_so_many_iterations() {
    let ran = flow(
        r#"
        seen.turn = flow::in_turn(ctx, "where", [|| "sea", || "city"]);
        seen.other = flow::in_turn(ctx, "what", [|| 1, || 2, || 3]);
        seen.every = flow::every(ctx, 3, || "now");
        "#,
    )
    .options("iterations: 4")
    .run();
    let seen = |turn: &str, other: i64, every: Value| json!({ "turn": turn, "other": other, "every": every });
    assert_eq!(
        ran.all(),
        [
            seen("sea", 1, json!("now")),
            seen("city", 2, Value::Null),
            seen("sea", 3, Value::Null),
            seen("city", 1, json!("now")),
        ]
    );
}
