//! `std/think`: how long people pause, and how that is made shorter for a trial.

use crate::support::journey::{Journey, Ran};

const PAUSE: &str = r#"
    let began = time::now();
    think::fixed(env("PAUSE"));
    seen.took = time::now() - began;
"#;

fn thinking(body: &str) -> Journey {
    Journey::new(body).functions("import \"std/think\" as think;")
}

#[track_caller]
fn took(ran: &Ran) -> f64 {
    ran.saw()["took"].as_f64().unwrap()
}

#[test]
fn a_speed_divides_every_pause() {
    let fast = thinking(
        r#"
        let began = time::now();
        think::fixed("1h");
        think::uniform("1h", "2h");
        think::normal("1h", "1m");
        think::log_normal("1h", 0.5);
        think::poisson("1h");
        seen.took = time::now() - began;
        "#,
    )
    .args(["--env", "THINK_SPEED=1e6"])
    .run();
    assert!(took(&fast) < 30.0, "{}", took(&fast));
    let slow = thinking(PAUSE)
        .env("PAUSE", "60ms")
        .env("THINK_SPEED", "0.5")
        .run();
    assert!(took(&slow) >= 0.12, "{}", took(&slow));
    let plain = thinking(PAUSE).env("PAUSE", "60ms").run();
    assert!(took(&plain) >= 0.06, "{}", took(&plain));
}

#[test]
fn a_scenario_has_a_speed_of_its_own() {
    let ran = thinking(PAUSE)
        .options(
            r#"scenarios: #{ quick: #{
                executor: "per-vu-iterations", vus: 1, iterations: 1, env: #{ THINK_SPEED: "1000000" },
            } }"#,
        )
        .env("PAUSE", "1h")
        .run();
    assert!(took(&ran) < 30.0, "{}", took(&ran));
}

#[test]
fn a_speed_that_is_none_is_refused() {
    for speed in ["0", "-1", "fast", "NaN", ""] {
        thinking(PAUSE)
            .env("PAUSE", "1ms")
            .env("THINK_SPEED", speed)
            .finish()
            .output
            .expect_code(2)
            .expect_text("THINK_SPEED is a number above zero");
    }
}
