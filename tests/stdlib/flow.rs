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
