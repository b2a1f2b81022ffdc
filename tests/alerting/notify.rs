//! `--notify`: what arrives at the end of a run, when, and what is shown of where it went.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

use super::receiver::Receiver;
use super::rhaid;
use crate::support::bin::Rhaid;

const PASSING: &str = "fn iteration() { check(1, #{ \"is one\": |n| n == 1 }); }";
const FAILING: &str = "export const options = #{ slos: #{ checks: [\"rate > 99%\"] } };\nfn iteration() { check(1, #{ \"is two\": |n| n == 2 }); }";

fn run(script: &str, target: &str) -> Rhaid {
    rhaid(["run", "script.rhai", "--notify", target]).file("script.rhai", script)
}

fn accepting() -> Receiver {
    Receiver::start(|_| ("200 OK".to_owned(), String::new()))
}

#[test]
fn a_run_that_fails_is_told_and_one_that_passes_is_not() {
    let people = accepting();
    let target = format!("webhook=http://127.0.0.1:{}/secret", people.port);
    run(PASSING, &target).run().expect_code(0);
    assert!(people.received().is_empty());
    let output = run(FAILING, &target).run();
    output.expect_code(1);
    let received = people.received();
    let [told] = received.as_slice() else {
        panic!("{received:?}")
    };
    let body: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(body["verdict"]["exit_code"], 1);
    assert_eq!(body["slos"][0]["metric"], "checks");
    assert!(body["result_path"].as_str().unwrap().ends_with(".json"));
    assert!(!format!("{output}").contains("secret"), "{output}");
    run(PASSING, &target)
        .args(["--notify-on", "always"])
        .run()
        .expect_code(0);
    assert_eq!(people.received().len(), 2);
}

#[test]
fn where_the_result_is_is_told_also_if_nobody_said_where_it_goes() {
    let people = accepting();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("script.rhai"), PASSING).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rhaid"))
        .current_dir(folder.path())
        .args(["run", "script.rhai", "--notify-on", "always", "--notify"])
        .arg(format!("webhook=http://127.0.0.1:{}/secret", people.port))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let body: serde_json::Value = serde_json::from_str(&people.received()[0].body).unwrap();
    let path = body["result_path"].as_str().unwrap();
    assert!(folder.path().join(path).exists(), "{path}");
}

#[test]
fn a_target_of_the_environment_is_told_and_shown_nowhere() {
    let people = accepting();
    let output = run(FAILING, "slack=env:HOOK")
        .env(
            "HOOK",
            format!("http://127.0.0.1:{}/T0/B0/secret", people.port),
        )
        .run();
    output.expect_code(1);
    let told = &people.received()[0];
    assert_eq!(told.path, "/T0/B0/secret");
    let body: serde_json::Value = serde_json::from_str(&told.body).unwrap();
    assert!(
        body["blocks"][0]["text"]["text"]
            .as_str()
            .unwrap()
            .contains("FAILED"),
        "{body:#}"
    );
    assert!(!format!("{output}").contains("secret"), "{output}");
}

#[test]
fn several_are_told_at_once_and_one_that_cannot_be_changes_nothing() {
    let people = accepting();
    let busy = Receiver::start(|_| ("503 Busy".to_owned(), String::new()));
    let output = run(
        FAILING,
        &format!("teams=http://127.0.0.1:{}/a", people.port),
    )
    .args([
        "--notify",
        &format!("webhook=http://127.0.0.1:{}/secret", busy.port),
    ])
    .run();
    output.expect_code(1);
    let card: serde_json::Value = serde_json::from_str(&people.received()[0].body).unwrap();
    assert_eq!(card["attachments"][0]["content"]["type"], "AdaptiveCard");
    assert_eq!(busy.received().len(), 3);
    assert!(
        output
            .stderr
            .contains("warning: the notification to webhook was not delivered: it answered 503"),
        "{output}"
    );
    assert!(!format!("{output}").contains("secret"), "{output}");
}

#[test]
fn a_target_that_is_wrong_is_told_before_the_run() {
    for (target, told) in [
        ("slak=https://example.com", "did you mean `slack`"),
        ("slack=env:NOT_SET_ANYWHERE", "`NOT_SET_ANYWHERE`"),
        ("webhook=nowhere", "webhook takes the URL"),
        (
            "email=smtp://127.0.0.1:25?from=a@example.com",
            "it says no `to`",
        ),
    ] {
        let output = run(PASSING, target).run();
        output.expect_code(64);
        assert!(output.stderr.contains(told), "{target}: {output}");
    }
}

#[test]
fn an_email_arrives_by_smtp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut mail = String::new();
        let mut is_data = false;
        stream.write_all(b"220 here\r\n").unwrap();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap() == 0 {
                return mail;
            }
            mail.push_str(&line);
            let answer = match line.trim_end() {
                "." if is_data => {
                    is_data = false;
                    "250 kept"
                }
                _ if is_data => continue,
                "DATA" => {
                    is_data = true;
                    "354 go on"
                }
                "QUIT" => {
                    let _ = stream.write_all(b"221 bye\r\n");
                    return mail;
                }
                _ => "250 well",
            };
            stream
                .write_all(format!("{answer}\r\n").as_bytes())
                .unwrap();
        }
    });
    let target = format!(
        "email=smtp://127.0.0.1:{port}?from=rhaid@example.com&to=a@example.com,b@example.com"
    );
    run(FAILING, &target).run().expect_code(1);
    let mail = server.join().unwrap();
    for part in [
        "RCPT TO:<a@example.com>",
        "RCPT TO:<b@example.com>",
        "Subject: FAILED: script.rhai",
        "checks",
    ] {
        assert!(mail.contains(part), "{part} in {mail}");
    }
}
