//! Deployments that have fewer replicas for a while, and have them again whatever happens.

use std::time::Duration;

use super::guardian::until;
use super::kubernetes::{hotel, run, run_with};
use crate::support::bin::Rhaid;
use crate::support::cluster::{Cluster, Mood};

const SCALE: &str = r#"fault.deployment("db").scale(0)"#;
const PATH: &str = "/apis/apps/v1/namespaces/shop/deployments/db/scale";

fn replicas(cluster: &Cluster) -> u32 {
    cluster.state().replicas
}

/// What the deployment was told to have, in turn.
fn told(cluster: &Cluster) -> Vec<u64> {
    let state = cluster.state();
    let patches = state
        .asked
        .iter()
        .filter(|asked| asked.what.starts_with("PATCH"));
    patches
        .map(|asked| asked.body["spec"]["replicas"].as_u64().unwrap())
        .collect()
}

/// A run with a fault for so many seconds of two.
fn held(cluster: &Cluster, functions: &str, faults: &str) -> Rhaid {
    let script = format!(
        r#"
        export const options = #{{
            scenarios: #{{ guests: #{{ executor: "constant-vus", exec: "rest", vus: 1, duration: "3s" }} }},
            faults: [ {faults} ],
        }};
        fn rest() {{ sleep("100ms"); }}
        {functions}
        "#
    );
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(&script)
        .args(["--no-history", "--allow-faults=kubernetes"])
        .env("KUBECONFIG", cluster.kubeconfig())
}

#[test]
fn a_deployment_has_its_replicas_again_when_the_fault_is_over() {
    let cluster = hotel();
    let output = run(&cluster, SCALE);
    output.expect_code(0).expect_words("given 3");
    assert_eq!(told(&cluster), [0, 3]);
    let faults = &output.expect_result()["faults"];
    let effects = faults[0]["effects"].to_string();
    assert!(
        effects.contains("scaled deployment `db` in `shop` from 3 to 0"),
        "{faults:#}"
    );
    let what: Vec<String> = cluster.asked();
    assert!(what[1].contains("fieldManager=rhaid"), "{what:?}");
}

/// The answer to a change may be lost, and the change is done all the same.
#[test]
fn what_was_done_although_the_answer_does_not_say_so_is_undone() {
    for status in [504, 500] {
        let cluster = hotel();
        let once = ("PATCH".to_owned(), Mood::Done(status));
        cluster.state().once.push(once);
        let output = run(&cluster, SCALE);
        output.expect_code(0).expect_words("given 3");
        assert_eq!(replicas(&cluster), 3, "{status}");
        let effects = output.expect_result()["faults"][0]["effects"].to_string();
        assert!(effects.contains("from 3 to 0"), "{effects}");
    }
}

#[test]
fn what_comes_about_after_the_fault_is_over_is_undone_and_told() {
    let cluster = hotel();
    let once = ("PATCH".to_owned(), Mood::Late(Duration::from_millis(2_500)));
    cluster.state().once.push(once);
    let faults = r#"#{ name: "no database", exec: "gone", start: "200ms", duration: "1s" }"#;
    let output = held(
        &cluster,
        r#"fn gone(fault) { fault.deployment("db").scale(0); }"#,
        faults,
    )
    .run();
    // It never held within its time.
    output
        .expect_code(2)
        .expect_words("the fault was over before the cluster answered");
    assert_eq!((replicas(&cluster), told(&cluster)), (3, vec![0, 3]));
    let fault = &output.expect_result()["faults"][0];
    assert_eq!(fault["failed_undos"], serde_json::Value::Null, "{fault:#}");
}

#[test]
fn what_teardown_broke_and_cannot_be_put_right_is_told_with_71() {
    let cluster = hotel();
    let script = r#"
        export const options = #{ vus: 1, iterations: 1 };
        fn iteration() {}
        fn teardown() {
            chaos::inject("late", "60s", |fault| fault.deployment("db").scale(0));
            http::get(env("API") + "/broken");
        }
        "#;
    // From then on the cluster cannot be asked.
    cluster.answer("GET /apis", Mood::Status(500));
    cluster
        .state()
        .once
        .push(("GET /apis".to_owned(), Mood::Late(Duration::from_millis(1))));
    let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(script)
        .args(["--no-history", "--allow-faults=kubernetes"])
        .env("KUBECONFIG", cluster.kubeconfig())
        .env("API", cluster.url())
        .run();
    output.expect_code(71);
    let failed = output.expect_result()["faults"][0]["failed_undos"].to_string();
    assert!(failed.contains("scale the deployment `db`"), "{failed}");
}

#[test]
fn steps_of_one_fault_are_undone_the_last_first() {
    let cluster = hotel();
    let fault =
        r#"let db = fault.deployment("db", #{ namespace: "shop" }); db.scale(2) + db.scale(0)"#;
    run(&cluster, fault).expect_code(0).expect_words("given 5");
    assert_eq!(told(&cluster), [2, 0, 2, 3]);
}

#[test]
fn what_somebody_else_changed_meanwhile_is_left_so() {
    let cluster = hotel();
    cluster.state().overtaken = 2;
    run(&cluster, SCALE).expect_code(0);
    assert_eq!((replicas(&cluster), told(&cluster)), (3, vec![0, 0, 0, 3]));

    for (replicas_then, uid) in [(1, "uid-db"), (0, "uid-of-another")] {
        let cluster = hotel();
        let scale = "fn down(fault) { fault.deployment(\"db\").scale(0); }";
        let faults = r#"#{ name: "down", exec: "down", start: "0s", duration: "2s" }"#;
        let running = held(&cluster, scale, faults).spawn();
        until("it is scaled", || replicas(&cluster) == 0);
        {
            let mut state = cluster.state();
            state.replicas = replicas_then;
            state.uid = uid;
        }
        running.wait().expect_code(0);
        assert_eq!(
            (replicas(&cluster), told(&cluster)),
            (replicas_then, vec![0])
        );
    }
}

#[test]
fn only_one_fault_at_a_time_scales_a_deployment() {
    let cluster = hotel();
    let functions = r#"
        fn first(fault) { fault.deployment("db").scale(1); }
        fn second(fault) { fault.deployment("db").scale(0); }
    "#;
    let faults = r#"#{ name: "first", exec: "first", start: "0s", duration: "2s" },
        #{ name: "second", exec: "second", start: "1s", duration: "1s" }"#;
    let output = held(&cluster, functions, faults).run();
    output
        .expect_code(2)
        .expect_words("another fault has scaled the deployment `db` down");
    assert_eq!((replicas(&cluster), told(&cluster)), (3, vec![1, 3]));
}

#[test]
fn what_would_break_nothing_or_is_not_there_is_told() {
    let cluster = hotel();
    let scaled = |fault: &str, text: &str| {
        run(&cluster, fault).expect_code(2).expect_words(text);
    };
    scaled(
        r#"fault.deployment("db").scale(3)"#,
        "has 3 replicas, so that 3 would break nothing",
    );
    scaled(
        r#"fault.deployment("bd").scale(0)"#,
        "there is no deployment `bd` in the namespace `shop`",
    );
    cluster.answer("GET", Mood::Forbidden);
    scaled(SCALE, "--verb=get,patch --resource=deployments/scale");
    assert_eq!(told(&cluster), Vec::<u64>::new());
}

#[test]
fn a_change_whose_answer_is_lost_is_undone() {
    let cluster = hotel();
    // It was done, for all that can be told.
    cluster.answer(&format!("PATCH {PATH}"), Mood::Cut);
    cluster.state().replicas = 3;
    let output = run(&cluster, SCALE);
    output
        .expect_code(2)
        .expect_words("cannot reach the cluster");
    assert_eq!(replicas(&cluster), 3);
    let last = cluster.asked().pop().unwrap();
    assert!(last.starts_with("GET"), "{last}");
}

#[test]
fn what_could_not_be_put_back_is_told_loudly() {
    let cluster = hotel();
    let scale = "fn down(fault) { fault.deployment(\"db\").scale(0); }";
    let faults = r#"#{ name: "down", exec: "down", start: "0s", duration: "1s" }"#;
    let running = held(&cluster, scale, faults).spawn();
    until("it is scaled", || replicas(&cluster) == 0);
    cluster.answer("PATCH", Mood::Forbidden);
    let output = running.wait();
    output
        .expect_code(71)
        .expect_words("scale the deployment `db` in `shop` back to 3");
    let failed = &output.expect_result()["faults"][0]["failed_undos"];
    assert_eq!(failed.as_array().map(Vec::len), Some(1), "{output}");
}

#[test]
fn the_guardian_puts_it_back_when_rhaid_is_killed() {
    let cluster = hotel();
    let running = run_with(
        &cluster.kubeconfig(),
        r#"fault.deployment("db").scale(0); log::info("scaled"); sleep("60s")"#,
    )
    .spawn();
    until("it is scaled", || replicas(&cluster) == 0);
    // The current context is another by the time that it is put back.
    let path = cluster.folder().join("kubeconfig");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(
        &path,
        text.replace("current-context: test", "current-context: other"),
    )
    .unwrap();
    running.signal("KILL");
    until("it is put back", || replicas(&cluster) == 3);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(told(&cluster), [0, 3]);
}

#[test]
fn the_guardian_waits_for_what_was_under_way_when_rhaid_was_killed() {
    let cluster = hotel();
    let once = ("PATCH".to_owned(), Mood::Late(Duration::from_secs(2)));
    cluster.state().once.push(once);
    let running = run_with(&cluster.kubeconfig(), SCALE).spawn();
    until("it is asked for", || !told(&cluster).is_empty());
    assert_eq!(replicas(&cluster), 3);
    running.signal("KILL");
    until("it has come about", || told(&cluster) == [0, 3]);
    until("it is put back", || replicas(&cluster) == 3);
}
