//! What `vegeta encode` makes of the results of an attack: each on a line, as JSON.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use serde::Deserialize;

use crate::import::document::{About, moment};
use crate::import::error::Flaw;
use crate::import::gather::{Gatherer, Place};
use crate::import::{Confidence, Importer, Shape, Source, json};
use crate::lengths::name;
use crate::metrics::Builtin;
use crate::result::RunResult;

/// Places that are remembered; a file with more of them has ids in its URLs.
const REMEMBERED: usize = 5_000;

/// The results.
pub struct Results;

/// A line. The body is left where it is.
#[derive(Deserialize)]
struct Hit<'a> {
    code: u16,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    /// In nanoseconds.
    latency: f64,
    #[serde(default)]
    bytes_out: f64,
    #[serde(default)]
    bytes_in: f64,
    #[serde(borrow, default)]
    error: Cow<'a, str>,
    #[serde(borrow, default)]
    attack: Cow<'a, str>,
    #[serde(borrow, default)]
    method: Cow<'a, str>,
    #[serde(borrow, default)]
    url: Cow<'a, str>,
}

#[derive(Clone, Copy)]
struct Places {
    requests: Place,
    failed: Place,
    duration: Place,
    sent: Place,
    received: Place,
}

impl Importer for Results {
    fn name(&self) -> &'static str {
        "vegeta-results"
    }

    fn title(&self) -> &'static str {
        "vegeta encode (JSON)"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        let keys = ["attack", "seq", "code", "timestamp", "latency"];
        Confidence::when(keys.iter().all(|key| shape.has(key)))
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let mut gatherer = Gatherer::new();
        let mut places: FxHashMap<String, Places> = FxHashMap::default();
        let mut lines = source.lines();
        loop {
            let (number, failed) = match lines.advance()? {
                None => break,
                Some((number, line)) => match serde_json::from_slice::<Hit<'_>>(line) {
                    Ok(hit) => {
                        take(&hit, &mut gatherer, &mut places).map_err(|flaw| Flaw {
                            line: Some(number),
                            ..flaw
                        })?;
                        continue;
                    }
                    Err(error) => (number, error),
                },
            };
            return Err(json::flaw_of_line(&failed, number, lines.was_whole()));
        }
        if gatherer.samples() == 0 {
            return Err(Flaw::new(
                "there are no results in it: nothing was measured",
            ));
        }
        Ok(gatherer.finish(About {
            tool: "vegeta",
            script,
            ..About::default()
        }))
    }
}

fn take(
    hit: &Hit<'_>,
    gatherer: &mut Gatherer,
    places: &mut FxHashMap<String, Places>,
) -> Result<(), Flaw> {
    let from = moment(&hit.timestamp)
        .ok_or_else(|| Flaw::new(format!("`{}` is no time", hit.timestamp)))?;
    let to = from.saturating_add(hit.latency as i64);
    let good = (200..400).contains(&hit.code);
    let at = of(hit, good, gatherer, places);
    let span = (from, to);
    gatherer.add(at.requests, span, 1.0, "http_reqs")?;
    gatherer.add(
        at.failed,
        span,
        f64::from(u8::from(!good)),
        "http_req_failed",
    )?;
    gatherer.add(at.duration, span, hit.latency / 1e6, "latency")?;
    gatherer.add(at.sent, span, hit.bytes_out, "bytes_out")?;
    gatherer.add(at.received, span, hit.bytes_in, "bytes_in")?;
    if !good {
        let code = if hit.code == 0 {
            String::new()
        } else {
            hit.code.to_string()
        };
        let message = if hit.error.is_empty() {
            format!("unexpected status {}", hit.code).into()
        } else {
            Cow::Borrowed(&*hit.error)
        };
        let url = Some(&*hit.url).filter(|url| !url.is_empty());
        gatherer.failure(&code, &message, url, to);
    }
    Ok(())
}

fn of(
    hit: &Hit<'_>,
    good: bool,
    gatherer: &mut Gatherer,
    places: &mut FxHashMap<String, Places>,
) -> Places {
    let (attack, method, url) = (name(&hit.attack), name(&hit.method), name(&hit.url));
    let key = format!("{}\0{attack}\0{method}\0{url}", hit.code);
    if let Some(known) = places.get(&key) {
        return *known;
    }
    // As we write it, 0 is that of a request without a response.
    let status = hit.code.to_string();
    // What follows the question mark varies, and may be secret.
    let path = hit.url.split('?').next().unwrap_or_default();
    let tags = [
        ("name", path),
        ("method", &*hit.method),
        ("scenario", &*hit.attack),
        ("status", status.as_str()),
        ("expected_response", if good { "true" } else { "false" }),
    ];
    let mut place = |metric| gatherer.builtin(metric, tags);
    let found = Places {
        requests: place(Builtin::HttpReqs),
        failed: place(Builtin::HttpReqFailed),
        duration: place(Builtin::HttpReqDuration),
        sent: place(Builtin::DataSent),
        received: place(Builtin::DataReceived),
    };
    if places.len() < REMEMBERED {
        places.insert(key, found);
    }
    found
}
