//! Reports about runs that are over: the command that makes them, and the page that it makes, in a real browser.
//!
//! | file | what it holds |
//! |---|---|
//! | `command` | `rhaid report` and `rhaid run --report`: kinds, places, exit codes |
//! | `page` | what the HTML page holds, whatever the result holds |
//! | `places` | outputs that would take the place of something else |
//! | `browser` | pages in Chromium: charts, sorting, zoom, themes, saving, widths |

mod browser;
mod command;
mod page;
mod places;

use std::path::PathBuf;

use crate::support::bin::Rhaid;

/// Two endpoints that answer and one that does not, checks that hold and one that does not, for a few seconds.
const SCRIPT: &str = r#"
export const options = #{
    vus: 4, duration: "4s",
    slos: #{
        "http_req_duration": [ #{ target: "p(95) < 1s", warn: "p(95) < 900ms", priority: "P0" } ],
        "http_req_failed": [ #{ target: "rate < 1%", priority: "P1" } ],
    },
};

fn iteration(ctx) {
    let base = env("BASE_URL", "");
    group("look around", || {
        let live = http::get(`${base}/health/live`, #{ name: "live" });
        check(live, #{ "it is alive": |r| r.status == 200 });
        let rooms = http::get(`${base}/api/v1/pms/room-types`, #{ name: "room types" });
        check(rooms, #{ "rooms are offered": |r| r.status == 200 });
    });
    let missing = http::get(`${base}/api/v1/nothing-of-that-name`, #{ name: "missing" });
    check(missing, #{ "it is there": |r| r.status == 200 });
    sleep("20ms");
}
"#;

/// The command in a folder of its own.
fn rhaid(args: &[&str]) -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid")).args(args)
}

/// The result of a run of [`SCRIPT`] as text, and the page that the run wrote.
fn run() -> (String, String) {
    let output = rhaid(&[])
        .script(SCRIPT)
        .args(["--demo", "--workers", "1", "--report", "html"])
        .run();
    output.expect_code(1);
    let read = |name: &str| std::fs::read_to_string(output.dir.path().join(name)).unwrap();
    (read("result.json"), read("result.html"))
}

fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
