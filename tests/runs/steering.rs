//! An externally controlled scenario, steered through the library while it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use rhaid::chaos::Touches;
use rhaid::executor::Share;
use rhaid::options::Overrides;
use rhaid::result::{Outcome, RunResult};
use rhaid::run::{Blueprint, Handle, Observer, Progress, Request, Settings, Unsteered, conduct};

use rhaid::secrets::Secrets;

use crate::support::background::wait_until;
use crate::support::server::HttpServer;

const SOON: Duration = Duration::from_secs(20);

/// Passes the handle on.
struct Watcher(mpsc::Sender<Handle>);

impl Observer for Watcher {
    fn started(&mut self, handle: Handle) {
        self.0.send(handle).unwrap();
    }

    fn progress(&mut self, _: &Progress) {}
}

/// Ends the run when an assertion fails: the test would wait for it otherwise.
struct Stopped(Handle);

impl Drop for Stopped {
    fn drop(&mut self) {
        self.0.stop();
        self.0.stop();
    }
}

/// Runs a script in this process while `steer` holds its handle.
pub fn steered(script: &str, server: &HttpServer, steer: impl FnOnce(&Handle) + Send) -> RunResult {
    steered_with(None, script, server, steer)
}

/// The same with faults that may touch this.
pub fn steered_with(
    faults: Option<BTreeSet<Touches>>,
    script: &str,
    server: &HttpServer,
    steer: impl FnOnce(&Handle) + Send,
) -> RunResult {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.rhai");
    std::fs::write(&path, script).unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        let run = scope.spawn(|| run(&path, server, faults, sender));
        let handle = Stopped(receiver.recv_timeout(SOON).unwrap());
        steer(&handle.0);
        run.join().unwrap()
    })
}

fn run(
    script: &Path,
    server: &HttpServer,
    faults: Option<BTreeSet<Touches>>,
    sender: mpsc::Sender<Handle>,
) -> RunResult {
    let blueprint = Blueprint::draw_up(Request {
        script: script.to_owned(),
        env: BTreeMap::from([("BASE_URL".to_owned(), server.url(""))]),
        secrets: Secrets::default(),
        defaults: rhaid::run::Defaults::default(),
        overrides: Overrides::default(),
        scale: 1.0,
        seed: 1,
        share: Share::whole(),
    })
    .unwrap();
    let settings = Settings {
        workers: 2,
        strict: false,
        execution_segment: None,
        notes: Vec::new(),
        given: None,
        until_stable: None,
        leaves_faults_out: false,
        faults,
        looking: None,
        feed: None,
        detail: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime
        .block_on(conduct(&blueprint, &settings, &mut Watcher(sender)))
        .unwrap()
}

/// The users whose requests came after the first `from`, once there are many of these.
fn users_since(server: &HttpServer, from: usize) -> BTreeSet<u32> {
    wait_until("users have gone on", SOON, || {
        server.traffic().request_count() >= from + 30
    });
    let requests = server.requests();
    requests[from..]
        .iter()
        .map(|request| request.query_value("vu").unwrap().parse().unwrap())
        .collect()
}

/// Waits until the server sees exactly these users, and no other for a while.
#[track_caller]
fn expect_users(server: &HttpServer, expected: impl IntoIterator<Item = u32>) {
    let expected: BTreeSet<u32> = expected.into_iter().collect();
    let what = format!("the users are {expected:?}");
    wait_until(&what, SOON, || {
        users_since(server, server.traffic().request_count()) == expected
    });
}

const SCRIPT: &str = r#"
    export const options = #{ scenarios: #{
        steered: #{ executor: "externally-controlled", vus: 1, max_vus: 6, graceful_stop: "5s" },
    } };
    fn iteration(ctx) { http::get(`${env("BASE_URL")}/hello?vu=${ctx.vu}`); sleep(0.005); }
    "#;

#[test]
fn users_of_an_externally_controlled_scenario_come_and_go_as_told() {
    let server = HttpServer::start();
    let result = steered(SCRIPT, &server, |handle| {
        expect_users(&server, [1]);
        handle.set_vus("steered", 5).unwrap();
        expect_users(&server, 1..=5);
        handle.set_vus("steered", 2).unwrap();
        expect_users(&server, 1..=2);
        handle.set_vus("steered", 3).unwrap();
        expect_users(&server, 1..=3);
        handle.stop();
    });
    // Nothing but a stop ends it: that is its regular end.
    assert_eq!(result.run.outcome, Outcome::Interrupted);
    assert_eq!(result.scenarios[0].vus_max, 5);
    assert_eq!(result.scenarios[0].iteration_errors, 0);
    assert_eq!(
        result.scenarios[0].iterations,
        server.traffic().request_count() as u64
    );
}

#[test]
fn no_more_users_come_than_the_most_there_may_be() {
    let server = HttpServer::start();
    let result = steered(SCRIPT, &server, |handle| {
        handle.set_vus("steered", 100).unwrap();
        expect_users(&server, 1..=6);
        handle.stop();
    });
    assert_eq!(result.scenarios[0].vus_max, 6);
}

#[test]
fn a_pause_lets_iterations_end_and_starts_none_until_it_is_over() {
    let server = HttpServer::start();
    steered(SCRIPT, &server, |handle| {
        handle.set_vus("steered", 3).unwrap();
        expect_users(&server, 1..=3);
        handle.pause("steered", true).unwrap();
        // Quiet once for a while: whatever was in progress has ended.
        let quiet_since = |pause| {
            let before = server.traffic().request_count();
            std::thread::sleep(pause);
            server.traffic().request_count() == before
        };
        wait_until("nothing is sent", SOON, || {
            quiet_since(Duration::from_millis(100))
        });
        assert!(quiet_since(Duration::from_millis(200)), "it stays quiet");
        handle.pause("steered", false).unwrap();
        expect_users(&server, 1..=3);
        handle.stop();
    });
}

#[test]
fn only_an_externally_controlled_scenario_can_be_steered() {
    let server = HttpServer::start();
    let script = r#"
        export const options = #{ scenarios: #{
            fixed: #{ executor: "constant-vus", vus: 1, duration: "1m" },
        } };
        fn iteration(ctx) { http::get(`${env("BASE_URL")}/hello?vu=${ctx.vu}`); sleep(0.005); }
        "#;
    steered(script, &server, |handle| {
        expect_users(&server, [1]);
        assert_eq!(handle.set_vus("fixed", 5), Err(Unsteered::Planned));
        assert_eq!(handle.set_rate("fixed", 5.0), Err(Unsteered::Planned));
        assert_eq!(handle.pause("fixed", true), Err(Unsteered::Planned));
        assert_eq!(handle.set_vus("nobody", 5), Err(Unsteered::Unknown));
        expect_users(&server, [1]);
        handle.stop();
    });
}

#[test]
fn the_rate_of_an_externally_controlled_scenario_is_changed_and_paused() {
    let server = HttpServer::start();
    let script = r#"
        export const options = #{ scenarios: #{
            steered: #{ executor: "externally-controlled", rate: "0/s", pre_allocated_vus: 2, max_vus: 20 },
        } };
        fn iteration(ctx) { http::get(`${env("BASE_URL")}/hello?vu=${ctx.vu}`); }
        "#;
    let count = || server.traffic().request_count();
    // How many come in a second and a half.
    let in_a_while = || {
        let before = count();
        std::thread::sleep(Duration::from_millis(1_500));
        count() - before
    };
    let result = steered(script, &server, |handle| {
        assert_eq!(in_a_while(), 0);
        assert_eq!(handle.set_vus("steered", 3), Err(Unsteered::ByRate));
        handle.set_rate("steered", 100.0).unwrap();
        let slow = in_a_while();
        assert!((20..=200).contains(&slow), "{slow}");
        handle.set_rate("steered", 400.0).unwrap();
        let fast = in_a_while();
        assert!(fast > slow, "{slow} and {fast}");
        handle.pause("steered", true).unwrap();
        wait_until("nothing is sent", SOON, || in_a_while() == 0);
        handle.pause("steered", false).unwrap();
        // What did not come meanwhile does not come now.
        let again = in_a_while();
        assert!((20..=900).contains(&again), "{again}");
        handle.set_rate("steered", f64::NAN).unwrap();
        wait_until("nothing is sent", SOON, || in_a_while() == 0);
        handle.stop();
    });
    assert_eq!(result.scenarios[0].iterations, count() as u64);
}

#[test]
fn a_scenario_is_controlled_by_its_users_or_by_its_rate() {
    let output = crate::support::reading::run_of(
        r#"
        export const options = #{ scenarios: #{
            both: #{ executor: "externally-controlled", vus: 2, rate: 5, pace: "1s" },
        } };
        fn iteration() { sleep(0.01); }
        "#,
    )
    .run();
    output
        .expect_code(65)
        .expect_text("leave out `rate` or `vus`")
        .expect_text("leave out `rate` or `pace`");
}

#[test]
fn an_externally_controlled_scenario_may_have_an_end() {
    let output = crate::support::reading::run_of(
        r#"
        export const options = #{ scenarios: #{
            steered: #{ executor: "externally-controlled", vus: 2, duration: "0.4s" },
        } };
        fn iteration(ctx) { sleep(0.05); }
        "#,
    )
    .run();
    output.expect_code(0);
    use crate::support::reading::Reading;
    assert_eq!(output.scenario("steered")["vus_max"], 2);
    assert!(output.scenario("steered")["iterations"].as_u64().unwrap() >= 2);
}

#[test]
fn a_second_stop_through_the_handle_ends_everything_at_once() {
    let server = HttpServer::start();
    let script = r#"
        export const options = #{ scenarios: #{
            slow: #{ executor: "constant-vus", vus: 2, duration: "5m", graceful_stop: "4m" },
        } };
        fn iteration(ctx) { http::get(`${env("BASE_URL")}/hello`); sleep("4m"); }
        "#;
    let result = steered(script, &server, |handle| {
        wait_until("both users have begun", SOON, || {
            server.traffic().request_count() == 2
        });
        handle.stop();
        handle.stop();
    });
    assert_eq!(result.run.outcome, Outcome::Interrupted);
    assert_eq!(result.scenarios[0].interrupted_iterations, 2);
}
