//! Pods that are deleted, against a stand-in for a cluster.

use std::path::Path;

use serde_json::json;

use super::guardian::until;
use crate::support::bin::{Output, Rhaid};
use crate::support::cluster::{Cluster, Mood, Pod};

pub const HOTEL: &[(&str, &str)] = &[("app", "hotel"), ("tier", "web")];
const CACHE: &[(&str, &str)] = &[("app", "cache")];

/// One iteration that injects a fault, and logs what this gives.
pub fn script(fault: &str) -> String {
    format!(
        r#"
        fn iteration() {{
            let fault = chaos::inject("pods", "20s", |fault| {{
                let given = {{ {fault} }};
                log::info(`given ${{given}}`);
            }});
            fault.undo();
        }}
        "#
    )
}

/// A run of it, with this kubeconfig.
pub fn run_with(kubeconfig: &Path, fault: &str) -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(&script(fault))
        .args(["--iterations", "1", "--vus", "1", "--no-history"])
        .arg("--allow-faults=kubernetes")
        .env("KUBECONFIG", kubeconfig)
        // Nobody is there: what is on this machine is reached without it.
        .env("HTTPS_PROXY", "http://127.0.0.1:1")
}

pub fn run(cluster: &Cluster, fault: &str) -> Output {
    run_with(&cluster.kubeconfig(), fault).run()
}

/// Three of the hotel's and one of another app.
pub fn hotel() -> Cluster {
    let mut pods: Vec<Pod> = ["hotel-a", "hotel-b", "hotel-c"]
        .map(|name| Pod::new(name, HOTEL))
        .into();
    pods.push(Pod::new("cache-a", CACHE));
    Cluster::start(pods)
}

fn again(cluster: &Cluster) -> Vec<String> {
    let mut names = cluster.names();
    names.retain(|name| name.ends_with("-again"));
    names
}

#[test]
fn one_pod_with_these_labels_is_deleted_and_named() {
    let cluster = hotel();
    let output = run(&cluster, r#"fault.pods("app=hotel,tier=web").delete()"#);
    output.expect_code(0);
    let [again] = again(&cluster).try_into().unwrap();
    let name = again.strip_suffix("-again").unwrap();
    assert!(name.starts_with("hotel-"), "{name}");
    output.expect_words(&format!("given [\"{name}\"]"));
    let asked = cluster.asked();
    assert_eq!(
        asked,
        [
            "GET shop/pods?&labelSelector=app=hotel,tier=web&limit=500".to_owned(),
            format!("DELETE shop/pods/{name}?"),
        ]
    );
    let state = cluster.state();
    assert_eq!(state.asked[1].authorization, "Bearer s3cret-token");
    // That pod, and none that has its name by now; with its own time to end.
    assert!(state.asked[1].body["preconditions"]["uid"].is_string());
    assert!(state.asked[1].body.get("gracePeriodSeconds").is_none());
    let told = format!("deleted 1 of 3 pods of `app=hotel,tier=web` in `shop`: {name}");
    let faults = &output.expect_result()["faults"];
    assert_eq!(faults[0]["effects"], json!([told]), "{faults:#}");
    assert!(!format!("{output}{faults}").contains("s3cret"), "{output}");
}

#[test]
fn the_seed_decides_which() {
    let deleted = |seed: &str| {
        let cluster = hotel();
        let fault = r#"fault.pods("app=hotel", #{ count: 2 }).delete()"#;
        let run = run_with(&cluster.kubeconfig(), fault);
        run.args(["--seed", seed]).run().expect_code(0);
        again(&cluster)
    };
    let first = deleted("1");
    assert_eq!(first.len(), 2);
    assert_eq!(first, deleted("1"));
    let mut others = (2..12).map(|seed| deleted(&seed.to_string()));
    assert!(others.any(|other| other != first));
}

#[test]
fn a_share_a_grace_and_a_namespace_are_as_they_are_said() {
    let cluster = hotel();
    let options = r#"#{ count: "50%", grace: "1500ms", namespace: "shop", context: "test" }"#;
    let output = run(
        &cluster,
        &format!(r#"fault.pods("app=hotel", {options}).delete()"#),
    );
    output.expect_code(0);
    assert_eq!(again(&cluster).len(), 2);
    for asked in &cluster.state().asked[1..] {
        assert_eq!(asked.body["gracePeriodSeconds"], 2);
    }

    let cluster = hotel();
    let fault = r#"fault.pods("app=hotel", #{ namespace: "elsewhere" }).delete()"#;
    run(&cluster, fault).expect_code(2);
    assert!(cluster.asked()[0].starts_with("GET elsewhere/pods"));
    assert!(again(&cluster).is_empty());
}

#[test]
fn the_time_until_others_are_ready_is_measured() {
    let cluster = hotel();
    let fault = r#"
        let pods = fault.pods("app=hotel", #{ count: 2 });
        pods.delete();
        let took = pods.wait_ready("30s");
        took > 0.3 && took < 30.0
    "#;
    let output = run(&cluster, fault);
    // The deleted ones are ready for as long as they are there, and are not counted.
    output.expect_code(0).expect_words("given true");
    let looks = cluster.asked().into_iter();
    assert!(looks.filter(|asked| asked.starts_with("GET")).count() >= 3);
}

#[test]
fn pods_that_are_not_ready_in_time_are_told_and_a_cluster_that_is_busy_is_asked_again() {
    let cluster = hotel();
    cluster.state().ready_in = 1_000;
    let fault = |time: &str| {
        format!(r#"let pods = fault.pods("app=hotel"); pods.delete(); pods.wait_ready("{time}")"#)
    };
    let output = run(&cluster, &fault("1s"));
    output
        .expect_code(2)
        .expect_words("only 2 of 3 pods with the labels `app=hotel` are ready");

    let cluster = hotel();
    let deleting = run_with(&cluster.kubeconfig(), &fault("30s")).spawn();
    until("one is deleted", || !again(&cluster).is_empty());
    cluster.answer("GET", Mood::Status(503));
    std::thread::sleep(std::time::Duration::from_millis(700));
    cluster.state().moods.clear();
    deleting.wait().expect_code(0);

    let cluster = hotel();
    let output = run(&cluster, r#"fault.pods("app=hotel").wait_ready("1s")"#);
    output
        .expect_code(2)
        .expect_words("nothing was deleted yet");
    assert!(cluster.asked().is_empty());
}

#[test]
fn nothing_is_deleted_any_more_when_the_fault_is_over_and_what_was_is_named() {
    let cluster = hotel();
    let late = Mood::Late(std::time::Duration::from_millis(1_200));
    cluster.state().moods.push(("DELETE".to_owned(), late));
    let script = r#"
        export const options = #{
            scenarios: #{ guests: #{ executor: "constant-vus", exec: "rest", vus: 1, duration: "5s" } },
            faults: [ #{ name: "pods", exec: "gone", start: "200ms", duration: "1800ms" } ],
        };
        fn rest() { sleep("100ms"); }
        fn gone(fault) { fault.pods("app=hotel", #{ count: 3 }).delete(); }
        "#;
    let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(script)
        .args(["--no-history", "--allow-faults=kubernetes"])
        .env("KUBECONFIG", cluster.kubeconfig())
        .run();
    output.expect_code(2).expect_words("deleted before that");
    // The one that was under way, and no third one.
    let asked = cluster.asked();
    let deletions = asked.iter().filter(|asked| asked.starts_with("DELETE"));
    assert_eq!(deletions.count(), 2, "{asked:?}");
    let effects = output.expect_result()["faults"][0]["effects"].to_string();
    assert!(
        effects.contains("hotel-") && effects.contains("perhaps"),
        "{effects}"
    );
}

#[test]
fn a_cluster_on_this_machine_as_a_proxy_sees_it_is_none_of_this_machine() {
    let cluster = hotel();
    let own = format!("server: {}", cluster.url());
    let config = std::fs::read_to_string(cluster.kubeconfig()).unwrap();
    let config = config.replace(
        &own,
        &format!("{own}\n    proxy-url: http://192.0.2.1:3128"),
    );
    assert!(config.contains("proxy-url"), "{config}");
    let path = cluster.folder().join("through-a-proxy");
    std::fs::write(&path, config).unwrap();
    let output = run_with(&path, r#"fault.pods("app=hotel").delete()"#).run();
    output
        .expect_code(2)
        .expect_words("192.0.2.1")
        .expect_words("allowed_hosts");
    assert!(cluster.asked().is_empty());
}

#[test]
fn a_wait_ends_with_the_run() {
    let cluster = hotel();
    cluster.state().ready_in = 1_000;
    let script = r#"
        export const options = #{
            scenarios: #{ guests: #{ executor: "constant-vus", exec: "rest", vus: 1, duration: "2s" } },
            faults: [ #{ name: "pods", exec: "gone", start: "0s", duration: "1s" } ],
        };
        fn rest() { sleep("100ms"); }
        fn gone(fault) {
            let pods = fault.pods("app=hotel");
            pods.delete();
            log::info(`waited ${pods.wait_ready("50s")}.`);
        }
    "#;
    let running = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(script)
        .args(["--no-history", "--allow-faults=kubernetes"])
        .env("KUBECONFIG", cluster.kubeconfig())
        .spawn();
    // Not even for an answer that is under way is waited then.
    until("one is deleted", || !again(&cluster).is_empty());
    cluster.answer("GET", Mood::Silent);
    let output = running.wait();
    output.expect_code(0).expect_words("waited .");
    assert_eq!(
        output.expect_result()["faults"][0]["status"],
        "held",
        "{output}"
    );
}

#[test]
fn a_list_comes_in_pages_and_is_begun_anew_when_the_cluster_has_forgotten_it() {
    let cluster = hotel();
    {
        let mut state = cluster.state();
        state.page = Some(2);
        state.forgets = 1;
    }
    let output = run(
        &cluster,
        r#"fault.pods("app=hotel", #{ count: 3 }).delete()"#,
    );
    output.expect_code(0);
    assert_eq!(again(&cluster).len(), 3);
    let lists = cluster.asked().into_iter();
    assert_eq!(lists.filter(|asked| asked.starts_with("GET")).count(), 4);
}

#[test]
fn a_pod_that_another_one_replaced_meanwhile_is_left_alone() {
    let cluster = hotel();
    cluster.state().replaced = 1;
    let output = run(
        &cluster,
        r#"fault.pods("app=hotel", #{ count: 2 }).delete()"#,
    );
    output.expect_code(0).expect_words("deleted 1 of 3 pods");
    assert_eq!(again(&cluster).len(), 1);

    let cluster = hotel();
    cluster.state().replaced = 9;
    let output = run(&cluster, r#"fault.pods("app=hotel").delete()"#);
    output
        .expect_code(2)
        .expect_words("were gone before they were deleted");
    assert!(again(&cluster).is_empty());
}

#[test]
fn what_nobody_would_make_again_is_not_deleted_unless_it_is_said() {
    let bare = || {
        let mut pods: Vec<Pod> = ["hotel-a", "hotel-b"]
            .map(|name| Pod::new(name, HOTEL))
            .into();
        pods.push(Pod::bare("bare", HOTEL));
        Cluster::start(pods)
    };
    let cluster = bare();
    let output = run(&cluster, r#"fault.pods("app=hotel").delete()"#);
    output
        .expect_code(2)
        .expect_words("no controller owns them: `bare`")
        .expect_words("ownerless: true");
    assert_eq!(cluster.asked().len(), 1);

    let cluster = bare();
    let fault = r#"fault.pods("app=hotel", #{ count: "100%", ownerless: true }).delete()"#;
    run(&cluster, fault).expect_code(0);
    let mut names = cluster.names();
    names.sort();
    assert_eq!(names, ["hotel-a-again", "hotel-b-again"]);
}

#[test]
fn there_must_be_as_many_as_are_to_be_deleted() {
    let cluster = hotel();
    let output = run(
        &cluster,
        r#"fault.pods("app=hotel", #{ count: 4 }).delete()"#,
    );
    output
        .expect_code(2)
        .expect_words("4 pods")
        .expect_words("3 run");
    let output = run(&cluster, r#"fault.pods("app=motel").delete()"#);
    output
        .expect_code(2)
        .expect_words("no pod with the labels `app=motel` runs in the namespace `shop`");
    assert!(again(&cluster).is_empty());
}

#[test]
fn the_dry_run_tells_the_cluster_and_asks_it_nothing() {
    let cluster = hotel();
    let fault = r#"fault.pods("app=hotel").delete()"#;
    let dry = |arguments: &[&str]| {
        let run = run_with(&cluster.kubeconfig(), fault);
        run.arg("--dry-run").args(arguments).run()
    };
    let output = dry(&[]);
    output
        .expect_code(0)
        .expect_words("allowed kinds: kubernetes")
        .expect_words(&format!(
            "cluster at {}, namespace `shop`, by context `test` of",
            cluster.url()
        ));
    let output = dry(&["--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(told["targets"]["cluster"]["url"], cluster.url());
    assert_eq!(told["targets"]["cluster"]["allowed"], true);
    assert!(cluster.asked().is_empty());
    let nowhere = run_with(Path::new("/nonexistent/kubeconfig"), fault);
    let output = nowhere.arg("--dry-run").run();
    output
        .expect_code(0)
        .expect_words("a fault on a cluster will fail")
        .expect_words("no Kubernetes cluster is configured");
}
