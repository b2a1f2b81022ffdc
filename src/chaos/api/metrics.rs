//! Counters for Prometheus, live: they grow while connections are open.

use std::fmt::Write;

use super::Metrics;
use crate::chaos::proxy::{Counts, Fleet, Spec};

/// Everything, in Prometheus' text format.
pub fn text(fleet: &Fleet, which: Metrics) -> String {
    let mut out = String::new();
    if which.proxies {
        let proxies: Vec<_> = fleet.all();
        let counted: Vec<(Spec, Counts)> = proxies
            .iter()
            .map(|proxy| (proxy.spec(), proxy.counts()))
            .collect();
        of_proxies(&mut out, &counted);
    }
    if which.process {
        of_process(&mut out);
    }
    out
}

fn of_proxies(out: &mut String, counted: &[(Spec, Counts)]) {
    type Of = fn(&Counts) -> u64;
    let bytes: [(&str, Of, Of); 2] = [
        (
            "received",
            |c| c.upstream_received,
            |c| c.downstream_received,
        ),
        ("sent", |c| c.upstream_sent, |c| c.downstream_sent),
    ];
    for (name, up, down) in bytes {
        head(
            out,
            &format!("toxiproxy_proxy_{name}_bytes_total"),
            "counter",
        );
        for (spec, counts) in counted {
            for (direction, of) in [("downstream", down), ("upstream", up)] {
                let _ = writeln!(
                    out,
                    "toxiproxy_proxy_{name}_bytes_total{{direction=\"{direction}\",listener=\"{}\",proxy=\"{}\",upstream=\"{}\"}} {}",
                    label(&spec.listen),
                    label(&spec.name),
                    label(&spec.upstream),
                    of(counts),
                );
            }
        }
    }
    let others: [(&str, &str, Of); 5] = [
        ("connections_total", "counter", |c| c.connections),
        ("connections_open", "gauge", |c| c.open),
        ("connections_refused_total", "counter", |c| c.refused),
        ("connections_unreachable_total", "counter", |c| {
            c.unreachable
        }),
        ("requests_total", "counter", |c| c.requests),
    ];
    for (name, kind, of) in others {
        head(out, &format!("rhaid_proxy_{name}"), kind);
        for (spec, counts) in counted {
            let proxy = label(&spec.name);
            let _ = writeln!(
                out,
                "rhaid_proxy_{name}{{proxy=\"{proxy}\"}} {}",
                of(counts)
            );
        }
    }
}

fn head(out: &mut String, name: &str, kind: &str) {
    let _ = writeln!(out, "# HELP {name} \n# TYPE {name} {kind}");
}

/// A label's value.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// What the system tells of this process; nothing where it tells nothing.
fn of_process(out: &mut String) {
    let mut gauge = |name: &str, kind: &str, value: Option<f64>| {
        if let Some(value) = value {
            head(out, name, kind);
            let _ = writeln!(out, "{name} {value}");
        }
    };
    gauge("process_cpu_seconds_total", "counter", cpu_seconds());
    gauge("process_open_fds", "gauge", open_files());
    gauge("process_resident_memory_bytes", "gauge", resident_bytes());
}

fn cpu_seconds() -> Option<f64> {
    use nix::sys::resource::{UsageWho, getrusage};
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    let seconds =
        |time: nix::sys::time::TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Some(seconds(usage.user_time()) + seconds(usage.system_time()))
}

fn open_files() -> Option<f64> {
    // The folder itself is one of them.
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count();
    Some(open.saturating_sub(1) as f64)
}

fn resident_bytes() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_names_and_labels_of_toxiproxy() {
        let spec = Spec {
            name: "a\"b".into(),
            listen: "127.0.0.1:1".into(),
            upstream: "x:2".into(),
            enabled: true,
        };
        let counts = Counts {
            upstream_received: 5,
            ..Counts::default()
        };
        let mut out = String::new();
        of_proxies(&mut out, &[(spec, counts)]);
        let line = r#"toxiproxy_proxy_received_bytes_total{direction="upstream",listener="127.0.0.1:1",proxy="a\"b",upstream="x:2"} 5"#;
        assert!(out.lines().any(|found| found == line), "{out}");
    }

    #[test]
    fn the_process_is_measured() {
        let mut out = String::new();
        of_process(&mut out);
        assert!(out.contains("\nprocess_resident_memory_bytes "), "{out}");
    }
}
