//! `shared`: what virtual users hand to each other, across scenarios and worker threads.

use crate::support::reading::{Reading, run_of};

#[test]
fn one_scenario_hands_ids_to_another_on_another_thread() {
    let output = run_of(
        r#"
        const IDS = shared::queue("ids", 5);
        export const options = #{ scenarios: #{
            make: #{ executor: "per-vu-iterations", vus: 4, iterations: 25, exec: "make" },
            take: #{ executor: "per-vu-iterations", vus: 4, iterations: 25, exec: "take" },
        } };
        fn make(ctx) {
            let id = shared::counter("made").add(1);
            if !global::IDS.push(#{ id: id, by: ctx.vu }, "10s") { fail("no room"); }
        }
        fn take() {
            let got = global::IDS.pop("10s");
            if got == () { fail("nothing came"); }
            if !shared::map("taken").set_if_absent(`${got.id}`, got.by) { fail("twice"); }
        }
        fn teardown() {
            let taken = shared::map("taken");
            log::info(`${taken.len} of ${shared::counter("made").value}, ${global::IDS.len} left`);
        }
        "#,
    )
    .args(["--workers", "2"])
    .run();
    output.expect_code(0);
    assert_eq!(output.logged(), ["100 of 100, 0 left"]);
}

#[test]
fn values_are_copied_and_a_wait_ends_with_its_time() {
    run_of(
        r#"
        fn iteration() {
            let map = shared::map("m");
            let value = #{ deep: [1, 2.5, "x", ()] };
            map.set("a", value);
            value.deep.push(3);
            check(map.get("a").deep.len == 4, "what is set is a copy");
            map.get("a").deep.clear();
            check(map.get("a").deep == [1, 2.5, "x", ()], "what is got is a copy");
            check(map.get("b") == () && map.get("b", 7) == 7 && !map.has("b"), "a key that is not there");
            check(map.remove("a") != () && map.keys() == [], "a key that is removed");

            let queue = shared::queue("q", 1);
            let begin = time::now();
            check(queue.pop() == () && queue.pop("50ms") == (), "an empty queue");
            check(queue.push(1) && !queue.push(2, 0.05), "a full queue");
            check(time::now() - begin >= 0.1, "both waited");
            shared::counter("c").set(5);
            check(shared::counter("c").add(-2) == 3, "a counter");
            let shared = 1;
            check(shared + #{ shared: 2 }.shared == 3, "the word is free");
        }
        "#,
    )
    .run()
    .expect_code(0)
    .checks()
    .into_iter()
    .for_each(|(name, counts)| assert_eq!(counts, (1, 0), "{name}"));
}

#[test]
fn what_cannot_be_shared_is_told_with_its_line() {
    let refused = |call: &str, message: &str| {
        run_of(&format!("fn iteration() {{\n    {call}\n}}"))
            .run()
            .expect_code(2)
            .expect_text(message)
            .expect_text("─[ script.rhai:2:");
    };
    refused(
        "shared::map(\"m\").set(\"f\", |x| x);",
        "only plain data can be shared",
    );
    refused(
        "shared::queue(\"q\").push(());",
        "cannot be put into a queue",
    );
    refused(
        "let q = shared::queue(\"q\", 1); q.push(1); q.push(2);",
        "`q` cannot be used so: it holds 1 values, and may not hold more",
    );
    refused(
        "shared::queue(\"q\", 0);",
        "has room for 1 to 1000000 values",
    );
    run_of("const N = shared::counter(\"n\");\nlet x = global::N.add(1);\nfn iteration() {}")
        .run()
        .expect_code(65)
        .expect_text("not at the script's top level");
    run_of("fn iteration() { shared::cuonter(\"n\").add(1); }")
        .run()
        .expect_code(65)
        .expect_text("counter");
}

#[test]
fn a_user_that_waits_for_a_value_ends_with_its_run() {
    let output = run_of(
        r#"
        export const options = #{ scenarios: #{
            all: #{ executor: "constant-vus", vus: 2, duration: "1s", graceful_stop: "0s" },
        } };
        fn iteration() { shared::queue("never").pop("10m"); }
        "#,
    )
    .run();
    output.expect_code(1);
    assert_eq!(output.count("interrupted_iterations"), 2);
}
