//! `std/recovery` against the demo target: what it acknowledges is there, and each way to be wrong about that is reported.

use serde_json::json;

use crate::support::journey::{Journey, Ran};
use crate::support::ports::free_port;

const HEAD: &str = r#"
import "std/recovery" as recovery;
const API = env("BASE_URL", "") + "/api/v1";
fn desk() { http::post(global::API + "/admin/login", #{ user: "qa" }).json("token") }
fn admin(path, body) {
    let answer = http::post(`${global::API}/admin/${path}`, body, #{ auth: #{ token: desk() } });
    if answer.status != 200 { throw `${path}: ${answer.text()}`; }
}
// Books under a key, which is the guest's name as well, twice, as a client does that has lost the first answer.
fn book(key) {
    let booking = #{ room: "room-double", guest: key };
    let params = #{ headers: #{ "Idempotency-Key": key } };
    let held = http::post(global::API + "/reservations", booking, params);
    recovery::note("bookings", key, "held", held);
    recovery::note("bookings", key, "held", http::post(global::API + "/reservations", booking, params));
    if held.status == 201 {
        let confirmed = http::post(`${global::API}/reservations/${held.json("id")}/confirm`);
        recovery::note("bookings", key, "confirmed", confirmed);
    }
}
// The states of all reservations of a guest.
fn found(key) {
    let all = http::get(global::API + "/reservations?limit=100", #{ auth: #{ token: desk() } }).json("reservations");
    all.filter(|r| r.guest == key).map(|r| r.status)
}
"#;

fn run(before: &str, after: &str) -> Ran {
    let body = format!(
        r#"
        {before}
        for n in 0..3 {{ book(`guest-${{n}}`); }}
        {after}
        let found = recovery::verify("bookings", |key| found(key));
        for name in ["lost", "duplicated", "stale", "phantom", "sound", "unknown"] {{ seen[name] = found[name]; }}
        "#
    );
    Journey::new(&body).functions(HEAD).args(["--demo"]).run()
}

#[track_caller]
fn expect(ran: &Ran, what: &str, number: u64) {
    let mut expected =
        json!({ "lost": 0, "duplicated": 0, "stale": 0, "phantom": 0, "sound": 0, "unknown": 0 });
    expected[what] = number.into();
    assert_eq!(ran.saw(), &expected, "{}", ran.output);
}

#[test]
fn what_was_acknowledged_is_there() {
    let ran = run("", "");
    expect(&ran, "sound", 3);
    assert_eq!(ran.metric("checks")["rate"], 1.0);
}

#[test]
fn every_way_to_be_wrong_is_reported() {
    for (broken, verdict) in [
        ("lose", "lost"),
        ("repeat", "duplicated"),
        ("stale", "stale"),
    ] {
        let before = format!(r#"admin("resilience", #{{ broken: "{broken}" }});"#);
        let ran = run(&before, "");
        expect(&ran, verdict, 3);
        assert_eq!(ran.metric("recovery_wrong")["count"], 3.0, "{broken}");
    }
    let ran = run("", r#"admin("reset", ());"#);
    expect(&ran, "lost", 3);
}

#[test]
fn what_was_refused_and_is_there_is_a_phantom() {
    // Without a key: a repetition of the same would be found to be there.
    let ran = Journey::new(
        r#"
        admin("resilience", #{ broken: "phantom" });
        let refused = http::post(global::API + "/reservations", #{ room: "room-double", guest: "Ada" });
        seen.outcome = recovery::note("bookings", "Ada", "held", refused);
        seen.phantom = recovery::verify("bookings", |key| found(key)).phantom;
        "#,
    )
    .functions(HEAD)
    .args(["--demo"])
    .run();
    assert_eq!(ran.saw(), &json!({ "outcome": "refused", "phantom": 1 }));
}

#[test]
fn what_nobody_knows_may_be_there_or_not() {
    let body = r#"
        let booking = #{ room: "room-double", guest: "Ada" };
        // The first never arrives; the answer to the second is lost on its way.
        let outcomes = [];
        for lost in ["request", "response"] {
            let spoiled = #{ path: "/api/v1/reservations", abort: if lost == "request" { true } else { "response" } };
            let fault = chaos::inject(lost, "60s", |fault| fault.proxy("hotel").toxic("http", spoiled));
            let answer = http::post(global::API + "/reservations", booking + #{ guest: lost });
            outcomes.push(recovery::note("bookings", lost, "held", answer));
            fault.undo();
        }
        seen.outcomes = outcomes;
        seen.there = found("request").len + found("response").len;
        let found = recovery::verify("bookings", |key| found(key));
        seen.held = found.held;
        seen.unknown = found.unknown;
    "#;
    let ran = Journey::new(body)
        .functions(HEAD)
        .options(r#"proxies: #{ hotel: env("BASE_URL", "http://127.0.0.1:1") }"#)
        .args(["--demo", "--allow-faults"])
        .run();
    assert_eq!(
        ran.saw(),
        &json!({ "outcomes": ["unknown", "unknown"], "there": 1, "held": true, "unknown": 2 }),
        "{}",
        ran.output
    );
}

#[test]
fn a_target_is_ready_in_time_and_its_queue_drains_or_not() {
    let ran = Journey::new(
        r#"
        let live = || http::get(env("BASE_URL") + "/health/live", #{ name: "live" });
        chaos::inject("restart", "500ms", |fault| fault.proxy("hotel").down());
        let ready = recovery::ready(#{ within: "20s", every: "50ms" }, live);
        seen.ready = ready.held && ready.after > 0.2;
        chaos::inject("outage", "60s", |fault| fault.proxy("hotel").down()).undo();
        let outage = chaos::inject("outage", "60s", |fault| fault.proxy("hotel").down());
        seen.late = recovery::ready(#{ within: "300ms", every: "50ms" }, live).held;
        outage.undo();
        // Reservations that are to be called back wait to be confirmed.
        let hook = "http://127.0.0.1:9/";
        for n in 0..5 {
            http::post(global::API + "/reservations", #{ room: "room-double", guest: "Ada", callback_url: hook });
        }
        let waiting = || http::get(global::API + "/admin/stats", #{ auth: #{ token: desk() } }).json("reservations.held");
        seen.drained = recovery::drains(#{ every: "50ms" }, waiting).held;
        http::post(global::API + "/reservations", #{ room: "room-double", guest: "Ada" });
        seen.stuck = recovery::drains(#{ within: "300ms", every: "50ms" }, waiting).left;
        "#,
    )
    .functions(HEAD)
    .options(r#"proxies: #{ hotel: env("BASE_URL", "http://127.0.0.1:1") }"#)
    .args(["--demo", "--allow-faults"])
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "ready": true, "late": false, "drained": true, "stuck": 1 }),
        "{}",
        ran.output
    );
}

#[test]
fn state_that_is_restored_is_told_from_state_that_is_lost() {
    let body = |restart: &str| {
        format!(
            r#"
            book("guest-1");
            let reads = #{{
                rooms: || http::get(global::API + "/pms/room-types"),
                bookings: || found("guest-1"),
            }};
            recovery::snapshot("before", reads);
            {restart}
            let seen_after = recovery::restored("before", reads, #{{ within: "2s", every: "50ms" }});
            seen.held = seen_after.held;
            seen.changed = seen_after.changed;
            "#
        )
    };
    let run = |restart: &str| {
        Journey::new(&body(restart))
            .functions(HEAD)
            .options(r#"proxies: #{ hotel: env("BASE_URL", "http://127.0.0.1:1") }"#)
            .args(["--demo", "--allow-faults"])
            .run()
    };
    // The service is away for a moment, and all of it is there afterwards.
    let ran = run(r#"chaos::inject("restart", "500ms", |fault| fault.proxy("hotel").down());"#);
    assert_eq!(
        ran.saw(),
        &json!({ "held": true, "changed": [] }),
        "{}",
        ran.output
    );
    // It forgets its bookings; and it shows them as they were before.
    for lost in [
        r#"admin("reset", ());"#,
        r#"admin("resilience", #{ broken: "lose" }); admin("reset", ()); book("guest-1");"#,
    ] {
        let ran = run(lost);
        assert_eq!(
            ran.saw(),
            &json!({ "held": false, "changed": ["bookings"] }),
            "{lost}\n{}",
            ran.output
        );
        assert_eq!(ran.metric("recovery_wrong")["count"], 1.0);
    }
}

/// A program that keeps what it is given on a disk, and one that keeps it in its memory, both killed with `kill -9` and started again.
#[test]
fn a_program_that_was_killed_has_restored_its_state_or_lost_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = format!("127.0.0.1:{}", free_port());
    let configuration = dir.path().join("nginx.conf");
    std::fs::write(&configuration, keeps_files(&store)).unwrap();
    std::fs::create_dir(dir.path().join("kept")).unwrap();
    let hotel = format!("127.0.0.1:{}", free_port());
    let options = format!(
        r#"commands: #{{
            store: #{{ run: ["/usr/sbin/nginx", "-p", "{0}", "-c", "{0}/nginx.conf", "-e", "{0}/error.log"], ready: "{store}" }},
            hotel: #{{ run: ["{1}", "demo", "--listen", "{hotel}"], ready: "{hotel}" }},
        }}"#,
        dir.path().display(),
        env!("CARGO_BIN_EXE_rhaid"),
    );
    let ran = Journey::new(
        r#"
        let note = env("STORE") + "/kept/note";
        if http::put(note, "room 7 is booked").status != 201 { throw "the store does not keep it"; }
        book("guest-1");
        let kept = #{ note: || http::get(note) };
        let bookings = #{ bookings: || found("guest-1") };
        recovery::snapshot("store", kept);
        recovery::snapshot("hotel", bookings);
        for name in ["store", "hotel"] {
            let gone = chaos::inject(`${name} killed`, "60s", |fault| fault.command(name).kill());
            gone.undo();
        }
        seen.store = recovery::restored("store", kept, #{ within: "20s", every: "50ms" }).held;
        seen.hotel = recovery::restored("hotel", bookings, #{ within: "2s", every: "50ms" }).changed;
        "#,
    )
    .functions(HEAD)
    .options(&options)
    .env("STORE", &format!("http://{store}"))
    .env("BASE_URL", &format!("http://{hotel}"))
    .args(["--allow-faults=process"])
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "store": true, "hotel": ["bookings"] }),
        "{}",
        ran.output
    );
}

fn keeps_files(address: &str) -> String {
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen {address};
        location /kept/ {{ root .; dav_methods PUT; }}
    }}
}}
"
    )
}
