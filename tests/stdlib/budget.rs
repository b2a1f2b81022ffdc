//! `std/retry`: a budget of retries that all users share.

use crate::support::journey::Journey;
use crate::support::server::HttpServer;

fn retrying(body: &str) -> Journey {
    Journey::new(body).functions("import \"std/retry\" as retry;")
}

#[test]
fn all_users_together_repeat_a_tenth_of_their_calls_at_most() {
    let server = HttpServer::start();
    let ran = retrying(
        r#"retry::within_shared_budget(0.1, #{ base: 0, name: "down" }, || http::get(url + "/status/503"));"#,
    )
    .options(r#"scenarios: #{ users: #{ executor: "per-vu-iterations", vus: 20, iterations: 10 } }"#)
    .args(["--workers", "2"])
    .at(&server)
    .run();
    let retries = server.traffic().request_count() - 200;
    // Those who look at the same moment may each leave what the other could have had.
    assert!((10..=20).contains(&retries), "{retries}");
    assert_eq!(ran.count("retry_attempts"), 200 + retries as u64);
}

#[test]
fn good_times_save_up_so_many_retries_and_no_more() {
    let ran = retrying(
        r#"
        let down = ctx.iteration >= 50;
        let tries = 0;
        retry::within_shared_budget(0.5, 5, #{ attempts: 50, base: 0 }, || { tries += 1; !down });
        seen.tries = tries;
        "#,
    )
    .options("iterations: 51")
    .run();
    assert_eq!(ran.all()[50]["tries"], 1 + 5);
}

#[test]
fn a_share_is_a_part_of_one() {
    retrying("retry::within_shared_budget(10, #{}, || 1);")
        .finish()
        .output
        .expect_code(2)
        .expect_text("the share of calls that may be repeated is from 0 to 1, not 10");
}
