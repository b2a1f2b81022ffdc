//! What a client meets while a toxic lies on a proxy, and once it is gone.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use rhaid::chaos::proxy::{Stream, Toxicity};

use super::servers::{ask, before, comes_true, connect, echo, source, spoil, spoil_stream};

#[test]
fn latency_delays_an_answer() {
    let (_fleet, proxy) = before(echo());
    spoil(&proxy, "latency", r#"{"latency": 200}"#);
    let started = Instant::now();
    ask(&mut connect(&proxy), "x").unwrap();
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[test]
fn a_toxic_comes_and_goes_on_an_open_connection_and_what_waits_for_it_waits_no_longer() {
    let (_fleet, proxy) = before(echo());
    let mut client = connect(&proxy);
    ask(&mut client, "x").unwrap();
    spoil(&proxy, "latency", r#"{"latency": 3600000}"#);
    // The toxic reaches the connection's thread a moment after it was laid on.
    std::thread::sleep(Duration::from_millis(100));
    client.write_all(b"held").unwrap();
    assert!(comes_true(|| proxy.counts().downstream_received == 5));
    assert_eq!(proxy.counts().downstream_sent, 1);
    proxy.remove("latency_downstream").unwrap();
    let mut held = [0; 4];
    client.read_exact(&mut held).unwrap();
    assert_eq!(&held, b"held");
    assert_eq!(ask(&mut client, "free").unwrap(), "free");
}

#[test]
fn a_narrow_line_takes_its_time() {
    let (_fleet, proxy) = before(source(480_000));
    spoil(&proxy, "bandwidth", r#"{"rate": 1000}"#);
    let started = Instant::now();
    let mut bytes = Vec::new();
    connect(&proxy).read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len(), 480_000);
    assert!(
        started.elapsed() >= Duration::from_millis(478),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_line_of_no_width_lets_nothing_through_until_it_is_gone() {
    let (_fleet, proxy) = before(echo());
    spoil(&proxy, "bandwidth", r#"{"rate": 0}"#);
    let mut client = connect(&proxy);
    client.write_all(b"x").unwrap();
    assert!(comes_true(|| proxy.counts().downstream_received == 1));
    proxy.remove("bandwidth_downstream").unwrap();
    client.read_exact(&mut [0]).unwrap();
}

#[test]
fn a_timeout_closes_and_without_a_time_does_so_when_it_is_gone() {
    let (_fleet, proxy) = before(echo());
    spoil(&proxy, "timeout", r#"{"timeout": 100}"#);
    let started = Instant::now();
    let mut client = connect(&proxy);
    client.write_all(b"x").unwrap();
    assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
    assert!(started.elapsed() >= Duration::from_millis(100));

    let attributes = serde_json::from_str(r#"{"timeout": 0}"#).unwrap();
    proxy
        .change("timeout_downstream", None, &attributes)
        .unwrap();
    let mut client = connect(&proxy);
    client.write_all(b"x").unwrap();
    assert!(comes_true(|| proxy.counts().downstream_received == 2));
    proxy.remove("timeout_downstream").unwrap();
    assert!(matches!(client.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn a_reset_is_one() {
    let (_fleet, proxy) = before(echo());
    spoil(&proxy, "reset_peer", r#"{"timeout": 0}"#);
    let mut client = connect(&proxy);
    client.write_all(b"x").unwrap();
    assert_eq!(
        client.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[test]
fn a_slow_close_comes_after_the_data() {
    let (_fleet, proxy) = before(source(3));
    spoil(&proxy, "slow_close", r#"{"delay": 300}"#);
    let mut client = connect(&proxy);
    client.read_exact(&mut [0; 3]).unwrap();
    let started = Instant::now();
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    assert!(started.elapsed() >= Duration::from_millis(250));
}

#[test]
fn so_many_bytes_and_no_more() {
    let (_fleet, proxy) = before(source(100_000));
    spoil(&proxy, "limit_data", r#"{"bytes": 1234}"#);
    let mut bytes = Vec::new();
    let _ = connect(&proxy).read_to_end(&mut bytes);
    assert_eq!(bytes.len(), 1_234);
}

#[test]
fn slices_come_apart() {
    let (_fleet, proxy) = before(echo());
    spoil_stream(
        &proxy,
        "slicer",
        Stream::Upstream,
        r#"{"average_size": 10, "delay": 20000}"#,
    );
    let started = Instant::now();
    ask(&mut connect(&proxy), &"x".repeat(100)).unwrap();
    // Ten pieces have nine pauses between them.
    assert!(
        started.elapsed() >= Duration::from_millis(170),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn toxics_in_a_row_add_up_and_each_can_go_first() {
    for first in ["slow", "slower"] {
        let (_fleet, proxy) = before(echo());
        let latency = rhaid::chaos::proxy::toxic::kind("latency").unwrap();
        for (name, millis) in [("slow", 60), ("slower", 90)] {
            let attributes = serde_json::from_str(&format!(r#"{{"latency": {millis}}}"#)).unwrap();
            proxy
                .add(
                    Some(name),
                    latency,
                    Stream::Downstream,
                    Toxicity::ALWAYS,
                    &attributes,
                )
                .unwrap();
        }
        let mut client = connect(&proxy);
        let started = Instant::now();
        ask(&mut client, "x").unwrap();
        assert!(started.elapsed() >= Duration::from_millis(150));
        proxy.remove(first).unwrap();
        let other = if first == "slow" { "slower" } else { "slow" };
        proxy.remove(other).unwrap();
        assert!(proxy.toxics().is_empty());
        ask(&mut client, "y").unwrap();
    }
}

#[test]
fn toxicity_is_the_share_of_connections_and_repeats_with_the_seed() {
    let cut = || {
        let (_fleet, proxy) = before(source(10));
        let kind = rhaid::chaos::proxy::toxic::kind("limit_data").unwrap();
        let attributes = serde_json::from_str(r#"{"bytes": 4}"#).unwrap();
        let half = Toxicity::new(0.5).unwrap();
        proxy
            .add(None, kind, Stream::Downstream, half, &attributes)
            .unwrap();
        let read = |_| {
            let mut bytes = Vec::new();
            let _ = connect(&proxy).read_to_end(&mut bytes);
            bytes.len()
        };
        (0..60).map(read).collect::<Vec<_>>()
    };
    let lengths = cut();
    let short = lengths.iter().filter(|length| **length == 4).count();
    assert!((15..45).contains(&short), "{short} of 60");
    assert_eq!(lengths, cut());
}

#[test]
fn toxics_laid_on_and_taken_away_under_traffic_lose_nothing() {
    let (_fleet, proxy) = before(echo());
    let mut client = connect(&proxy);
    let done = &std::sync::atomic::AtomicBool::new(false);
    let proxy = &proxy;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                for (name, attributes) in [
                    ("latency", r#"{"latency": 5, "jitter": 5}"#),
                    ("slicer", r#"{"average_size": 100, "size_variation": 50}"#),
                    ("bandwidth", r#"{"rate": 5000}"#),
                ] {
                    spoil(proxy, name, attributes);
                }
                for name in ["bandwidth", "latency", "slicer"] {
                    proxy.remove(&format!("{name}_downstream")).unwrap();
                }
            }
        });
        for round in 0..300 {
            let text: String = (0..1_000)
                .map(|n| char::from(b'a' + ((n + round) % 26) as u8))
                .collect();
            assert_eq!(ask(&mut client, &text).unwrap(), text);
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn a_toxic_that_changes_in_small_steps_lets_nothing_go_early() {
    let (_fleet, proxy) = before(echo());
    spoil(&proxy, "latency", r#"{"latency": 400}"#);
    let mut client = connect(&proxy);
    let started = Instant::now();
    client.write_all(b"x").unwrap();
    assert!(comes_true(|| proxy.counts().downstream_received == 1));
    let steps = serde_json::from_str(r#"{"latency": 410}"#).unwrap();
    for _ in 0..3 {
        proxy.change_gently("latency_downstream", &steps).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    client.read_exact(&mut [0]).unwrap();
    assert!(
        started.elapsed() >= Duration::from_millis(400),
        "{:?}",
        started.elapsed()
    );
}
