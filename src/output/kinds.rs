//! The kinds of outputs there are, and how one is asked for: `KIND=TARGET`.

use std::fmt;

use super::hub::Surroundings;
use super::prometheus::{remote_write, scrape};
use super::{
    Output, OutputError, csv, grafana, influxdb, kafka, log, loki, ndjson, otlp, samples, statsd,
};
use crate::secrets::mask_urls;
use crate::suggest::did_you_mean;

/// A kind of output.
pub struct Kind {
    pub name: &'static str,
    /// What its target is: `FILE`, `URL`, `ADDRESS`.
    pub target: &'static str,
    /// What it does, in a line.
    pub about: &'static str,
    /// Whether it wants every single sample.
    pub samples: bool,
    /// Whether it takes traces.
    pub spans: bool,
    /// Whether it takes requests of traces as examples of what was measured.
    pub exemplars: bool,
    /// What is wrong with a target, before anything is opened.
    check: fn(&str) -> Result<(), String>,
    open: Open,
}

/// Begins an output to a target.
type Open = fn(&str, &Surroundings) -> Result<Box<dyn Output>, OutputError>;

/// All of them, by name.
pub static KINDS: &[Kind] = &[
    Kind {
        name: csv::NAME,
        target: FILE,
        about: "a row for every series and second",
        samples: false,
        spans: false,
        exemplars: false,
        check: any,
        open: csv::Csv::open,
    },
    Kind {
        name: grafana::NAME,
        target: "URL",
        about: "annotations in Grafana: start, end, faults, reloads, aborts, anomalies",
        samples: false,
        spans: false,
        exemplars: false,
        check: super::receiver::check,
        open: grafana::Grafana::open,
    },
    Kind {
        name: influxdb::NAME,
        target: "URL",
        about: "a point for every series and second, in InfluxDB's line protocol",
        samples: false,
        spans: false,
        exemplars: false,
        check: super::receiver::check,
        open: influxdb::InfluxDb::open,
    },
    Kind {
        name: kafka::NAME,
        target: "BROKER[,BROKER]/TOPIC",
        about: "what ndjson writes, as messages to a topic of Kafka, if built with `--features kafka`",
        samples: false,
        spans: false,
        exemplars: false,
        check: kafka::check,
        open: kafka::open,
    },
    Kind {
        name: log::NAME,
        target: FILE,
        about: "a line for everything that is logged or happens, as --log-format says",
        samples: false,
        spans: false,
        exemplars: false,
        check: any,
        open: log::Log::open,
    },
    Kind {
        name: loki::NAME,
        target: "URL",
        about: "the same, to Loki",
        samples: false,
        spans: false,
        exemplars: false,
        check: super::receiver::check,
        open: loki::Loki::open,
    },
    Kind {
        name: ndjson::NAME,
        target: FILE,
        about: "a JSON object a line for every series and second, log line and event",
        samples: false,
        spans: false,
        exemplars: false,
        check: any,
        open: ndjson::Ndjson::open,
    },
    Kind {
        name: otlp::NAME,
        target: "URL",
        about: "traces, metrics and logs to OpenTelemetry's collector and others, by http:// or grpc://",
        samples: false,
        spans: true,
        exemplars: true,
        check: otlp::check,
        open: otlp::Otlp::open,
    },
    Kind {
        name: scrape::NAME,
        target: "ADDRESS",
        about: "serves metrics for Prometheus to scrape, such as at 127.0.0.1:9464",
        samples: false,
        spans: false,
        exemplars: true,
        check: scrape::check,
        open: scrape::Scrape::open,
    },
    Kind {
        name: remote_write::NAME,
        target: "URL",
        about: "pushes metrics to Prometheus, Mimir and others, by remote write",
        samples: false,
        spans: false,
        exemplars: true,
        check: remote_write::check,
        open: remote_write::RemoteWrite::open,
    },
    Kind {
        name: samples::NAME,
        target: FILE,
        about: "every single sample, in the lines of k6's `--out json`",
        samples: true,
        spans: false,
        exemplars: false,
        check: any,
        open: samples::Samples::open,
    },
    Kind {
        name: statsd::NAME,
        target: "ADDRESS",
        about: "counters, gauges and timers once a second, by UDP",
        samples: false,
        spans: false,
        exemplars: false,
        check: statsd::check,
        open: statsd::StatsD::open,
    },
];

/// What k6 calls its outputs, where it is another name, and what to write here.
const OF_K6: [(&str, &str); 4] = [
    (
        "json",
        "samples=FILE; the whole result goes to `--result FILE`",
    ),
    ("experimental-prometheus-rw", "remote-write=URL"),
    ("experimental-opentelemetry", "otlp=URL"),
    ("web-dashboard", "the flag `--ui`"),
];

/// The target of outputs that write a file.
const FILE: &str = "FILE";

fn any(_: &str) -> Result<(), String> {
    Ok(())
}

/// An output that is asked for.
#[derive(Clone)]
pub struct Wanted {
    kind: &'static Kind,
    target: String,
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told())
    }
}

/// Reads `KIND=TARGET`.
///
/// # Errors
/// A sentence that says what is wrong, and what there is.
pub fn wanted(text: &str) -> Result<Wanted, String> {
    let (name, target) = match text.split_once('=') {
        Some((name, target)) => (name, target),
        None => (text, ""),
    };
    let names = || KINDS.iter().map(|kind| kind.name);
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        if let Some((_, here)) = OF_K6.iter().find(|(k6, _)| *k6 == name) {
            return Err(format!("of k6's `{name}` the like is {here}"));
        }
        let told = |kind: &Kind| format!("\n  {}={}  {}", kind.name, kind.target, kind.about);
        let all: String = KINDS.iter().map(told).collect();
        return Err(match did_you_mean(name, names()) {
            Some(nearest) if name != "help" => nearest,
            _ => format!("there are:{all}"),
        });
    };
    if target.is_empty() {
        return Err(format!("write {name}={}", kind.target));
    }
    (kind.check)(target)?;
    Ok(Wanted {
        kind,
        target: target.to_owned(),
    })
}

/// Reads where a log goes: `loki=URL`, or a file.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn wanted_log(text: &str) -> Result<Wanted, String> {
    let is_loki = text
        .split_once('=')
        .is_some_and(|(kind, _)| kind == loki::NAME);
    match is_loki {
        true => wanted(text),
        false => wanted(&format!("{}={text}", log::NAME)),
    }
}

/// Annotations in Grafana: `grafana=URL`.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn wanted_annotations(text: &str) -> Result<Wanted, String> {
    match text.split_once('=') {
        Some((kind, _)) if kind == grafana::NAME => wanted(text),
        _ => Err(format!("write {}=URL", grafana::NAME)),
    }
}

impl Wanted {
    /// Whether it wants every single sample.
    pub fn samples(&self) -> bool {
        self.kind.samples
    }

    /// Whether it takes traces.
    pub fn spans(&self) -> bool {
        self.kind.spans
    }

    /// Whether it takes requests of traces as examples of what was measured.
    pub fn exemplars(&self) -> bool {
        self.kind.exemplars
    }

    /// The file that it writes, if it does.
    pub fn file(&self) -> Option<&str> {
        (self.kind.target == FILE).then_some(self.target.as_str())
    }

    /// The name of its kind.
    pub fn kind(&self) -> &'static str {
        self.kind.name
    }

    /// As it was asked for, without what may be secret.
    pub fn told(&self) -> String {
        format!("{}={}", self.kind.name, mask_urls(&self.target))
    }

    /// Begins it, within the hub.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        (self.kind.open)(&self.target, around)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_and_its_target_are_told_by_the_first_equals_sign() {
        let output = wanted("ndjson=a=b.ndjson").unwrap();
        assert_eq!(output.file(), Some("a=b.ndjson"));
        assert_eq!(output.told(), "ndjson=a=b.ndjson");
        assert!(wanted("samples=all.json").unwrap().samples());
    }

    #[test]
    fn mistakes_are_answered_by_what_there_is() {
        assert_eq!(wanted("ndjson").unwrap_err(), "write ndjson=FILE");
        assert!(wanted("njson=a").unwrap_err().contains("ndjson"));
        let told = wanted("help").unwrap_err();
        assert!(
            told.contains("csv=FILE") && told.contains("statsd=ADDRESS"),
            "{told}"
        );
        assert!(wanted("json=a").unwrap_err().contains("samples=FILE"));
    }

    #[test]
    fn kinds_stand_in_the_order_of_their_names() {
        assert!(KINDS.is_sorted_by_key(|kind| kind.name));
    }
}
