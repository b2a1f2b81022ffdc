//! `rhaid proxy` on the command line: what it says, and how it ends.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use super::api_client::{Server, connect};
use super::guardian::until;
use super::servers::{ask, echo};
use crate::support::bin::{Output, Rhaid};

fn refused(arguments: &[&str], file: Option<&str>) -> Output {
    let command = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .arg("proxy")
        .args(arguments);
    let names_none = !arguments.contains(&"--listen");
    let command = if names_none {
        command.args(["--listen", "127.0.0.1:0"])
    } else {
        command
    };
    match file {
        Some(text) => command.file("proxies.json", text).run(),
        None => command.run(),
    }
}

#[test]
fn proxies_and_toxics_of_the_command_line_work_at_once_and_are_accounted_for() {
    let port = echo().port();
    let server = Server::start(&[
        &format!("pms=0={port}"),
        "--toxic",
        "pms:latency:latency=200",
        "--seed",
        "7",
        "--threads",
        "1",
    ]);
    let said = server.stdout();
    assert!(
        said.contains(", with latency downstream\n") && said.contains("seed 7 "),
        "{said}"
    );
    let shown = server.done("GET", "/proxies/pms", "");
    assert!(said.contains(&format!(
        "proxy `pms` listens on {} and connects to 127.0.0.1:{port}",
        shown["listen"].as_str().unwrap()
    )));
    let started = Instant::now();
    ask(&mut connect(shown["listen"].as_str().unwrap()), "hello").unwrap();
    assert!(started.elapsed() >= Duration::from_millis(200));
    let output = server.stop("INT");
    output
        .expect_code(0)
        .expect_text("proxy `pms`: 1 connections, 5 bytes up, 5 bytes down");
}

#[test]
fn a_file_of_toxiproxy_is_taken_and_sigterm_ends_all_though_clients_are_there() {
    let upstream = echo();
    let text = format!(
        r#"[{{"name": "a", "listen": "127.0.0.1:0", "upstream": "{upstream}", "enabled": true}},
            {{"name": "b", "listen": "127.0.0.1:1", "upstream": "{upstream}", "enabled": false}}]"#
    );
    let server = Server::with(|command| {
        command
            .args([
                "--config",
                "proxies.json",
                "--toxic",
                "a:slicer:average_size=2",
                "--listen",
                "127.0.0.1:0",
            ])
            .file("proxies.json", text)
    });
    assert!(
        server
            .stdout()
            .contains("proxy `b` is disabled, for 127.0.0.1:1")
    );
    let shown = server.done("GET", "/proxies/a", "");
    assert_eq!(shown["toxics"][0]["name"], "slicer_downstream");
    let mut client = connect(shown["listen"].as_str().unwrap());
    ask(&mut client, "hello").unwrap();
    let _idle = connect(&server.api);
    server.stop("TERM").expect_code(0);
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_code() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    for (arguments, file, code, told) in [
        (
            vec!["--listen", &listen],
            None,
            64,
            "--listen 127.0.0.1:0 picks a free port",
        ),
        (vec!["--listen", "nowhere"], None, 64, "write HOST:PORT"),
        (
            vec![&format!("a={port}=1") as &str],
            None,
            64,
            "proxy `a`: cannot listen on",
        ),
        (vec!["a=1"], None, 64, "write NAME=LISTEN=UPSTREAM"),
        (
            vec!["a=0=1", "--toxic", "b:timeout"],
            None,
            64,
            "there is no proxy `b`; did you mean `a`?",
        ),
        (
            vec!["a=0=1", "--toxic", "a:timeot"],
            None,
            64,
            "did you mean `timeout`?",
        ),
        (
            vec!["a=0=1", "a=0=2"],
            None,
            64,
            "there is already a proxy named `a`",
        ),
        (vec!["--config", "missing.json"], None, 66, "missing.json"),
        (
            vec!["--config", "proxies.json"],
            Some("[\n {\"name\": 5}]"),
            78,
            "proxies.json:2:11: ",
        ),
        (
            vec!["--config", "proxies.json"],
            Some("[\n {bad}]"),
            78,
            "proxies.json:2:3: ",
        ),
        (
            vec!["--config", "proxies.json"],
            Some("[{\"name\": \"a\"}]"),
            78,
            "missing required field: upstream at proxy 1",
        ),
        (
            vec!["--config", "proxies.json"],
            Some(&format!(
                "[{{\"name\": \"a\", \"listen\": \"{listen}\", \"upstream\": \"x:1\"}}]"
            )),
            78,
            "address already in use",
        ),
    ] {
        let arguments: Vec<&str> = arguments;
        let output = refused(&arguments, file);
        output.expect_code(code).expect_text(told);
    }
}

#[test]
fn an_api_that_others_can_reach_is_warned_of() {
    let quiet = Server::start(&[]);
    assert_eq!(quiet.stderr(), "");
    let server = Server::with(|command| command.args(["--listen", "0.0.0.0:0"]));
    until("it is warned of", || {
        server
            .stderr()
            .contains("warning: the API listens on 0.0.0.0:")
    });
}
