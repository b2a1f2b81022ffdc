//! A run that is paused as a whole: its plan stands meanwhile.

use std::time::{Duration, Instant};

use rhaid::run::Handle;

use crate::runs::steering::steered;
use crate::support::background::wait_until;
use crate::support::server::HttpServer;

const SOON: Duration = Duration::from_secs(20);

/// Longer than any of the plans below.
const PAUSE: Duration = Duration::from_millis(2_500);

/// Pauses once this many requests have come, and sees that no further ones come.
fn pause(handle: &Handle, server: &HttpServer, after: usize) {
    let count = || server.traffic().request_count();
    wait_until("it has begun", SOON, || count() >= after);
    handle.brake().pause(true);
    // Who is at it may end.
    std::thread::sleep(Duration::from_millis(300));
    let before = count();
    std::thread::sleep(PAUSE);
    assert_eq!(count(), before, "nothing starts while it is paused");
}

#[test]
fn after_a_pause_arrivals_go_on_where_they_stood_and_none_is_dropped() {
    let server = HttpServer::start();
    let script = r#"
        export const options = #{ scenarios: #{
            first: #{ executor: "constant-arrival-rate", rate: 40, duration: "1s", pre_allocated_vus: 2, max_vus: 4 },
            later: #{ executor: "constant-arrival-rate", rate: 40, duration: "500ms", start_time: "1s", pre_allocated_vus: 2, max_vus: 4 },
        } };
        fn iteration() { http::get(`${env("BASE_URL")}/hello`); }
        "#;
    let result = steered(script, &server, |handle| {
        pause(handle, &server, 5);
        handle.brake().pause(false);
    });
    let [first, later] = &result.scenarios[..] else {
        panic!("two scenarios");
    };
    assert_eq!((first.iterations, first.dropped_iterations), (40, 0));
    assert_eq!((later.iterations, later.dropped_iterations), (20, 0));
    let lag = first.iteration_lag.max;
    assert!(lag < PAUSE.as_secs_f64() * 1e3, "late by {lag} ms");
}

#[test]
fn after_a_pause_stages_go_on_where_they_stood() {
    let server = HttpServer::start();
    let script = r#"
        export const options = #{ scenarios: #{
            ramp: #{ executor: "ramping-vus", start_vus: 1, stages: [
                #{ duration: "1s", target: 1 }, #{ duration: "0s", target: 3 }, #{ duration: "500ms", target: 3 },
            ] },
        } };
        fn iteration(ctx) { http::get(`${env("BASE_URL")}/hello?vu=${ctx.vu}`); sleep(0.01); }
        "#;
    let begun = Instant::now();
    let result = steered(script, &server, |handle| {
        pause(handle, &server, 1);
        let paused = server.traffic().request_count();
        handle.brake().pause(false);
        wait_until("the other users have come", SOON, || {
            let mut later = server.requests().into_iter().skip(paused);
            later.any(|request| request.query_value("vu").as_deref() == Some("3"))
        });
    });
    assert_eq!(result.scenarios[0].vus_max, 3);
    assert!(begun.elapsed() >= PAUSE + Duration::from_millis(1_500));
}

#[test]
fn a_step_lets_the_next_arrival_come_and_no_other() {
    let server = HttpServer::start();
    let script = r#"
        export const options = #{ scenarios: #{
            rare: #{ executor: "constant-arrival-rate", rate: 1, time_unit: "10m", duration: "1h", pre_allocated_vus: 1, max_vus: 1 },
        } };
        fn iteration() { http::get(`${env("BASE_URL")}/hello`); }
        "#;
    let result = steered(script, &server, |handle| {
        pause(handle, &server, 1);
        for seen in 2..5 {
            handle.brake().step();
            wait_until("one more has come", SOON, || {
                server.traffic().request_count() == seen
            });
        }
        handle.stop();
    });
    assert_eq!(result.scenarios[0].iterations, 4);
    assert_eq!(result.scenarios[0].dropped_iterations, 0);
}
