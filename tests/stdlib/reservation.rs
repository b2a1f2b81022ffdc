//! `std/reservation` against the demo target: what was acknowledged is there, and its loss is noticed.

use serde_json::json;

use crate::support::journey::{Journey, Ran};

const HEAD: &str = r#"
import "std/reservation" as reservation;
const API = env("BASE_URL", "") + "/api/v1";
"#;

fn booking(body: &str) -> Journey {
    Journey::new(body).functions(HEAD).args(["--demo"])
}

#[track_caller]
fn kept(ran: &Ran) -> (u64, u64) {
    let rate = ran.metric("reservations_kept");
    (
        rate["passes"].as_u64().unwrap(),
        rate["total"].as_u64().unwrap(),
    )
}

#[test]
fn a_booking_is_found_as_it_was_acknowledged() {
    let ran = booking(
        r#"
        let id = reservation::book(ctx, 2);
        seen.booked = reservation::find(id).json("status");
        let other = reservation::book(ctx, 3);
        seen.nights = reservation::find(other).json("nights");
        reservation::cancel(ctx, other);
        seen.cancelled = reservation::find(other).json("status");
        seen.lost = reservation::verify(ctx);
        // What has been verified is verified once.
        seen.again = reservation::verify(ctx);
        "#,
    )
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "booked": "confirmed", "nights": 3, "cancelled": "cancelled", "lost": 0, "again": 0 })
    );
    assert_eq!(kept(&ran), (2, 2));
    assert_eq!(ran.metric("checks")["rate"], 1.0);
    let endpoints = ran.output.expect_result()["endpoints"].as_array().unwrap();
    let mut names: Vec<&str> = endpoints
        .iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "availability",
            "cancel",
            "confirm",
            "reservation",
            "reserve"
        ]
    );
}

#[test]
fn the_same_key_holds_one_room() {
    let ran = booking(
        r#"
        let room = reservation::search(2)[0].id;
        let key = random::uuid();
        let held = reservation::hold_twice(room, 2, key);
        seen.first = held.status;
        seen.again = reservation::hold(room, 2, key).json("id") == held.json("id");
        // Another booking under the same key is a right answer as well.
        seen.reused = reservation::hold(room, 3, key).status;
        "#,
    )
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "first": 201, "again": true, "reused": 409 })
    );
    assert_eq!(ran.metric("http_req_failed")["passes"], 0);
    assert_eq!(ran.metric("checks")["rate"], 1.0);
}

#[test]
fn what_the_service_lost_or_changed_is_noticed() {
    let ran = booking(
        r#"
        let changed = reservation::book(ctx, 2);
        http::post(`${global::API}/reservations/${changed}/cancel`);
        seen.changed = reservation::verify(ctx);

        reservation::book(ctx, 2);
        let token = http::post(global::API + "/admin/login", #{ user: "qa" }).json("token");
        http::post(global::API + "/admin/reset", (), #{ auth: #{ token: token } });
        seen.lost = reservation::verify(ctx);
        "#,
    )
    .run();
    assert_eq!(ran.saw(), &json!({ "changed": 1, "lost": 1 }));
    assert_eq!(kept(&ran), (0, 2));
    ran.output
        .expect_text("in check \"acknowledged reservation is there\": it did not hold")
        .expect_text("was confirmed, now it is cancelled");
}

#[test]
fn a_change_without_an_answer_may_be_the_one_or_the_other() {
    let ran = booking(
        r#"
        let id = reservation::hold("room-double", 2, random::uuid()).json("id");
        reservation::remember(ctx, id, "held");
        // As if the answer to a cancellation had been lost; the confirmation is then refused.
        http::post(`${global::API}/reservations/${id}/cancel`);
        seen.refused = reservation::confirm(ctx, id).status;
        seen.lost = reservation::verify(ctx);
        "#,
    )
    .run();
    assert_eq!(ran.saw(), &json!({ "refused": 409, "lost": 0 }));
    assert_eq!(kept(&ran), (1, 1));
}
