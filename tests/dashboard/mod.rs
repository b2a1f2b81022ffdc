//! The dashboard of the real binary: its API, what it keeps out, and its page in a real browser.
//!
//! | file | what it holds |
//! |---|---|
//! | `client` | HTTP byte by byte, so that a test can send what no library would |
//! | `api` | reading, steering, the stream of events, the OpenAPI document |
//! | `guards` | other web pages, other names, tokens |
//! | `browser` | the page in Chromium: pause, resume, sorting, faults, stop, hostile texts |

mod api;
mod browser;
mod client;
mod guards;

use std::time::{Duration, Instant};

use crate::support::bin::{Rhaid, Running};
use client::Client;

/// One scenario that is steered and one that follows its plan; an endpoint that fails; texts that would run if they were taken for markup.
const SCRIPT: &str = r#"
export const options = #{
    scenarios: #{
        steered: #{ executor: "externally-controlled", vus: 2, max_vus: 6, graceful_stop: "2s" },
        paced: #{ executor: "externally-controlled", rate: 5, max_vus: 20, graceful_stop: "2s" },
        planned: #{ executor: "constant-vus", vus: 1, duration: "10m", graceful_stop: "2s" },
    },
    slos: #{
        "http_req_duration": [ #{ target: "p(95) < 2s", priority: "P1" } ],
        "http_req_failed": [ #{ target: "rate < 1%", priority: "P1" } ],
    },
    proxies: #{ hotel: env("BASE_URL", "") },
    faults: [ #{ name: "slow <b>hotel</b>", exec: "slow", duration: "5m" } ],
};

fn slow(fault) { fault.proxy("hotel").latency("20ms"); }

fn iteration(ctx) {
    let base = env("BASE_URL", "");
    let live = http::get(`${base}/health/live`, #{ name: "live" });
    check(live, #{ "it is <i>alive</i>": |r| r.status == 200 });
    if ctx.scenario == "planned" {
        http::get(`${base}/nothing`, #{ name: "<img src=x onerror='globalThis.pwned=1'>" });
        log::warn("<script>globalThis.pwned=1</script> said by a script");
    }
    sleep("100ms");
}
"#;

const SOON: Duration = Duration::from_secs(60);

/// A run with a dashboard on a port of its own.
struct Shown {
    run: Running,
    client: Client,
}

impl Shown {
    fn start(args: &[&str]) -> Self {
        let run = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
            .script(SCRIPT)
            .args(["--demo", "--workers", "1", "--allow-faults"])
            .args(args)
            .timeout(Duration::from_secs(170))
            .spawn();
        Self::of(run)
    }

    fn of(mut run: Running) -> Self {
        run.wait_for_output("dashboard: http://");
        let began = Instant::now();
        let url = loop {
            // `run` says it on standard error, `dev` among its lines.
            let said = format!("{}{}", run.stderr(), run.stdout());
            let rest = said.split("dashboard: http://").nth(1);
            if let Some((url, _)) = rest.and_then(|rest| rest.split_once('\n')) {
                break url.trim().to_owned();
            }
            assert!(began.elapsed() < SOON, "{said}");
            std::thread::sleep(Duration::from_millis(10));
        };
        let (address, token) = match url.split_once("/#token=") {
            Some((address, token)) => (address, Some(token.to_owned())),
            None => (url.trim_end_matches('/'), None),
        };
        let client = Client {
            address: address.to_owned(),
            token,
        };
        Self { run, client }
    }

    /// Waits until the run is going and something has been measured.
    fn wait_until_it_runs(&self) {
        self.wait("it runs", |status| {
            status["running"] == true && status["iterations"].as_u64() > Some(0)
        });
    }

    #[track_caller]
    fn wait(&self, what: &str, holds: impl Fn(&serde_json::Value) -> bool) {
        let began = Instant::now();
        loop {
            let status = self.client.get("/api/v1/status").json();
            if holds(&status) {
                return;
            }
            assert!(
                began.elapsed() < SOON,
                "waited in vain until {what}: {status}"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
