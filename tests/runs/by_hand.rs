//! Faults that somebody injects and undoes by hand, through the run's handle.

use std::collections::BTreeSet;
use std::time::Duration;

use rhaid::chaos::Touches;
use rhaid::result::{FaultStatus, RunResult};
use rhaid::run::{Handle, Refused};
use rhaid::vu::Stage;

use crate::runs::steering::steered_with;
use crate::support::background::wait_until;
use crate::support::server::HttpServer;

const SOON: Duration = Duration::from_secs(30);

const SCRIPT: &str = r#"
export const options = #{
    scenarios: #{ guests: #{ executor: "constant-arrival-rate", exec: "look", rate: 20, duration: "60s", max_vus: 20 } },
    proxies: #{ web: env("BASE_URL") },
    faults: [
        #{ name: "slow", exec: "slow", when: "manual", duration: "60s" },
        #{ name: "later", exec: "slow", start: "50s", duration: "1s" },
        #{ name: "follows", exec: "slow", after: "slow", duration: "60s" },
        #{ name: "steady", exec: "slow", when: "manual", duration: "60s", steady: "http_req_failed rate > 99%" },
    ],
};
fn slow(fault) { fault.proxy("web").latency("20ms"); }
fn look() { http::get(env("BASE_URL") + "/status/200"); }
"#;

fn allowed() -> Option<BTreeSet<Touches>> {
    Some(Touches::of_own_traffic())
}

fn begun(handle: &Handle, server: &HttpServer) {
    wait_until("the load has begun", SOON, || {
        server.traffic().request_count() > 0 && handle.stage() == Stage::Running
    });
}

fn is_on(handle: &Handle, name: &str) -> bool {
    let faults = handle.faults();
    faults
        .iter()
        .any(|fault| fault.name == name && fault.left.is_some())
}

fn statuses(result: &RunResult, name: &str) -> Vec<FaultStatus> {
    let of_name = result.faults.iter().filter(|fault| fault.name == name);
    of_name.map(|fault| fault.status).collect()
}

#[test]
fn a_fault_is_injected_and_undone_by_hand_and_what_came_of_it_is_told() {
    let server = HttpServer::start();
    let result = steered_with(allowed(), SCRIPT, &server, |handle| {
        begun(handle, &server);
        let names: Vec<_> = handle
            .faults()
            .into_iter()
            .map(|fault| fault.name)
            .collect();
        assert_eq!(names, ["slow", "later", "follows", "steady"]);
        let Err(Refused::Unknown { hint, .. }) = handle.inject("slwo").wait() else {
            panic!("there is no such fault");
        };
        assert!(hint.contains("did you mean `slow`?"), "{hint}");
        assert!(matches!(handle.undo("slow").wait(), Err(Refused::NotOn(_))));
        handle.inject("slow").wait().unwrap();
        assert!(is_on(handle, "slow"));
        assert!(matches!(
            handle.inject("slow").wait(),
            Err(Refused::AlreadyOn(_))
        ));
        handle.undo("slow").wait().unwrap();
        assert!(!is_on(handle, "slow"));
        // What waits for its end comes then.
        wait_until("the next one comes", SOON, || is_on(handle, "follows"));
        handle.undo("follows").wait().unwrap();
        // Again, and one that has a time of its own as well.
        handle.inject("slow").wait().unwrap();
        handle.inject("later").wait().unwrap();
        let Err(why) = handle.inject("steady").wait() else {
            panic!("nothing is steady");
        };
        assert!(matches!(why, Refused::Unsteady(..)), "{why}");
        handle.stop();
        wait_until("the faults are over", SOON, || !is_on(handle, "slow"));
        let late = handle.inject("slow").wait();
        assert!(matches!(late, Err(Refused::NotNow | Refused::Over)));
    });
    assert_eq!(
        statuses(&result, "slow"),
        [FaultStatus::Undone, FaultStatus::Cut]
    );
    let slow = &result.faults[0];
    assert_eq!(slow.trigger, "by hand");
    assert_eq!(slow.reason.as_deref(), Some("by hand"));
    assert!(!slow.effects.is_empty());
    assert_eq!(statuses(&result, "later"), [FaultStatus::Cut]);
    assert_eq!(statuses(&result, "steady"), [FaultStatus::NotReached]);
}

#[test]
fn a_fault_comes_by_itself_although_somebody_injected_it_before() {
    let script = SCRIPT.replace("start: \"50s\"", "start: \"5s\"");
    let server = HttpServer::start();
    let result = steered_with(allowed(), &script, &server, |handle| {
        begun(handle, &server);
        handle.inject("later").wait().unwrap();
        handle.undo("later").wait().unwrap();
        wait_until("it comes by itself", SOON, || is_on(handle, "later"));
        wait_until("its time is over", SOON, || !is_on(handle, "later"));
        handle.stop();
    });
    assert_eq!(
        statuses(&result, "later"),
        [FaultStatus::Undone, FaultStatus::Held]
    );
}

#[test]
fn nothing_is_injected_where_faults_are_not_allowed() {
    let server = HttpServer::start();
    steered_with(None, SCRIPT, &server, |handle| {
        begun(handle, &server);
        assert!(handle.faults().is_empty());
        assert!(matches!(
            handle.inject("slow").wait(),
            Err(Refused::NotAllowed)
        ));
        assert!(matches!(
            handle.inject("none").wait(),
            Err(Refused::Unknown { .. })
        ));
        handle.stop();
    });
}

#[test]
fn a_fault_waits_while_the_run_is_paused() {
    let server = HttpServer::start();
    let script = r#"
        export const options = #{
            scenarios: #{ guests: #{ executor: "constant-arrival-rate", exec: "look", rate: 20, duration: "4s", max_vus: 20 } },
            proxies: #{ web: env("BASE_URL") },
            faults: [ #{ name: "slow", exec: "slow", start: "1500ms", duration: "500ms" } ],
        };
        fn slow(fault) { fault.proxy("web").latency("20ms"); }
        fn look() { http::get(env("BASE_URL") + "/status/200"); }
        "#;
    let result = steered_with(allowed(), script, &server, |handle| {
        begun(handle, &server);
        handle.brake().pause(true);
        std::thread::sleep(Duration::from_secs(3));
        assert!(!is_on(handle, "slow"), "it has come while the plan stood");
        handle.brake().pause(false);
    });
    let slow = result.faults.iter().find(|fault| fault.name == "slow");
    let began = slow.and_then(|fault| fault.start_seconds).unwrap();
    assert!(began >= 4.4, "{began}");
    assert_eq!(statuses(&result, "slow"), [FaultStatus::Held]);
}
