//! The toxics, one a file behind one trait, and the list of them.
//!
//! The first eight are those of Toxiproxy, with its names, attributes, defaults and semantics.

mod attributes;
mod bandwidth;
mod blackhole;
mod corrupt;
mod fail_first;
mod handshake_delay;
mod http;
mod latency;
mod limit_data;
mod max_connections;
mod noop;
mod refuse;
mod reset_peer;
mod slicer;
mod slow_close;
mod stall;
mod timeout;

use std::any::Any;
use std::fmt::Debug;
use std::pin::Pin;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

pub use attributes::Attributes;

use super::counts::Tally;
use super::draw::Draw;
use super::error::ProxyError;
use super::flow::{Close, Stage};
use super::worn::Stream;
use crate::suggest::did_you_mean;

/// What a connection that was let in by its turn keeps until its stages are there.
pub type Pass = Box<dyn Any + Send>;

/// What a toxic does to a connection that arrives.
pub enum Gate {
    /// It is let in.
    Open,
    /// It is let in after a while.
    Wait(Duration),
    /// It is turned away.
    Away(Close),
    /// It is neither let in nor turned away, until the toxic is gone.
    Hold,
    /// It is let in when its turn comes, or the toxic is gone.
    Turn(Pin<Box<dyn Future<Output = Pass> + Send>>),
}

/// A connection that arrives.
#[derive(Debug)]
pub struct Arrival {
    /// Which of the proxy's connections it is.
    pub number: u64,
    /// This toxic's chance on this connection.
    pub draw: Draw,
}

/// What a toxic puts into a connection.
pub enum Fit {
    Nothing,
    /// A stage in the toxic's stream.
    One(Box<dyn Stage>),
    /// A stage in each direction, `upstream` first: they know of each other. Such toxics lie around each other like the skins of
    /// an onion: what comes back passes the last of them first.
    Both(Box<dyn Stage>, Box<dyn Stage>),
}

/// The connection for which a toxic makes its stages.
#[derive(Debug)]
pub struct Fitting {
    pub now: Instant,
    /// Which of the proxy's connections it is.
    pub number: u64,
    /// This toxic's chance on this connection.
    pub draw: Draw,
    /// What the stage of the toxic before it was changed had counted.
    pub carried: u64,
    /// Which direction the last bytes came in, if any have come yet.
    pub spoke: Option<Stream>,
    /// For requests that it reads.
    pub tally: Tally,
}

/// A fault of the network or of what speaks over it, with its attributes.
pub trait Toxic: Send + Sync + Debug {
    /// All attributes, also those that were left to their defaults.
    fn attributes(&self) -> Map<String, Value>;

    /// What becomes of a connection that arrives.
    fn gate(&self, _arrival: &mut Arrival) -> Gate {
        Gate::Open
    }

    /// What it puts into a connection.
    fn fit(&self, fitting: Fitting) -> Fit;

    /// Bytes that it may keep waiting in one direction.
    fn holds(&self) -> usize {
        0
    }
}

/// A kind of toxic.
#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    /// What it does, in a few words.
    pub about: &'static str,
    /// The attributes that it reads.
    pub attributes: &'static [&'static str],
    make: fn(&mut Attributes) -> Result<Box<dyn Toxic>, ProxyError>,
}

impl Kind {
    /// A toxic of this kind. Attributes that it does not know are left alone, as Toxiproxy does.
    ///
    /// # Errors
    /// When a value is not one.
    pub fn make(&self, attributes: &Map<String, Value>) -> Result<Box<dyn Toxic>, ProxyError> {
        (self.make)(&mut Attributes::new(self.name, attributes))
    }

    /// The first attribute that this kind does not know, with the nearest that it does.
    pub fn unknown(&self, attributes: &Map<String, Value>) -> Option<ProxyError> {
        let unknown = attributes
            .keys()
            .find(|name| !self.attributes.contains(&name.as_str()))?;
        let known = self.attributes.iter().copied();
        let hint = did_you_mean(unknown, known.clone())
            .unwrap_or_else(|| format!("it has {}", known.collect::<Vec<_>>().join(", ")));
        Some(ProxyError::Attribute {
            kind: self.name,
            attribute: unknown.clone(),
            wrong: format!("there is no such attribute; {hint}"),
        })
    }
}

/// Every kind.
pub static KINDS: &[Kind] = &[
    latency::KIND,
    bandwidth::KIND,
    slow_close::KIND,
    timeout::KIND,
    reset_peer::KIND,
    slicer::KIND,
    limit_data::KIND,
    stall::KIND,
    corrupt::KIND,
    refuse::KIND,
    fail_first::KIND,
    handshake_delay::KIND,
    blackhole::KIND,
    max_connections::KIND,
    http::KIND,
    noop::KIND,
];

/// A time that lies as much as `jitter` before or after `middle`, but never before now.
fn jittered(draw: &mut Draw, middle: Duration, jitter: Duration) -> Duration {
    let range = u64::try_from(jitter.as_micros()).unwrap_or(u64::MAX / 2);
    if range == 0 {
        return middle;
    }
    let drawn = Duration::from_micros(draw.up_to(range.saturating_mul(2)));
    middle.saturating_add(drawn).saturating_sub(jitter)
}

/// The kind of that name.
///
/// # Errors
/// When there is none.
pub fn kind(name: &str) -> Result<&'static Kind, ProxyError> {
    KINDS
        .iter()
        .find(|kind| kind.name == name)
        .ok_or_else(|| ProxyError::NoKind {
            name: name.to_owned(),
            known: did_you_mean(name, KINDS.iter().map(|kind| kind.name)),
        })
}

#[cfg(test)]
pub(super) mod testing {
    //! Stages without a connection.

    use std::sync::Arc;

    use super::super::flow::{Item, Out};
    use super::*;

    thread_local! {
        static START: Instant = Instant::now();
    }

    /// So many milliseconds after the start.
    pub fn at(millis: u64) -> Instant {
        START.with(|start| *start + Duration::from_millis(millis))
    }

    pub fn made(name: &str, attributes: &str) -> Box<dyn Toxic> {
        kind(name)
            .unwrap()
            .make(&serde_json::from_str(attributes).unwrap())
            .unwrap()
    }

    pub fn fitting() -> Fitting {
        Fitting {
            now: at(0),
            number: 0,
            draw: Draw::new(1, &[]),
            carried: 0,
            spoke: None,
            tally: Tally::new(&Arc::default(), &Arc::default(), 0),
        }
    }

    pub fn one(toxic: &dyn Toxic) -> Box<dyn Stage> {
        match toxic.fit(fitting()) {
            Fit::One(stage) => stage,
            _ => panic!("not one stage"),
        }
    }

    /// What becomes of a connection that arrives.
    pub fn gate(toxic: &dyn Toxic) -> Gate {
        arrive(toxic, 0)
    }

    /// What becomes of the connection of that number.
    pub fn arrive(toxic: &dyn Toxic, number: u64) -> Gate {
        toxic.gate(&mut Arrival {
            number,
            draw: Draw::new(1, &[number]),
        })
    }

    pub fn stage(name: &str, attributes: &str) -> Box<dyn Stage> {
        one(made(name, attributes).as_ref())
    }

    /// What comes out, with its milliseconds.
    pub fn through(stage: &mut dyn Stage, given: &[(u64, &'static str)]) -> Vec<(u64, String)> {
        let mut out = Out::default();
        for (millis, text) in given {
            stage.bytes(at(*millis), (*text).into(), &mut out);
        }
        let told = |(time, item): &(Instant, Item)| match item {
            Item::Bytes(bytes) => Some((
                (*time - at(0)).as_millis() as u64,
                String::from_utf8_lossy(bytes).into_owned(),
            )),
            _ => None,
        };
        out.items().iter().filter_map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::testing::made;
    use super::*;

    /// A toxic of each kind, of which nothing is left to a default.
    fn example(kind: &str) -> &'static str {
        match kind {
            "latency" => r#"{"latency": 20, "jitter": 5}"#,
            "bandwidth" => r#"{"rate": 7, "shared": true}"#,
            "slow_close" => r#"{"delay": 9}"#,
            "timeout" | "reset_peer" => r#"{"timeout": 11}"#,
            "slicer" => r#"{"average_size": 10, "size_variation": 3, "delay": 40}"#,
            "limit_data" => r#"{"bytes": 100, "shared": true}"#,
            "stall" => r#"{"loss": 0.25, "segment": 500, "rto": 30, "max_rto": 300}"#,
            "corrupt" => r#"{"share": 0.125, "skip": 8}"#,
            "refuse" | "blackhole" | "noop" => "{}",
            "fail_first" => r#"{"count": 2, "every": 5}"#,
            "handshake_delay" => r#"{"delay": 15, "jitter": 6}"#,
            "max_connections" => r#"{"connections": 4, "wait": true}"#,
            "http" => {
                r#"{"method": "GET", "path": "/a/*", "header": {"x": "y*"}, "percentage": 12.5, "status": 503, "body": "{}",
                    "headers": {"retry-after": "1"}, "delay": 10, "jitter": 2, "truncate": 0, "malform": true, "wrong_length": -3,
                    "set_headers": {"a": "b"}, "remove_headers": ["etag"]}"#
            }
            other => panic!("no example of {other}"),
        }
    }

    #[test]
    fn what_a_toxic_says_of_itself_makes_the_same_toxic() {
        for kind in KINDS {
            let given: Map<String, Value> = serde_json::from_str(example(kind.name)).unwrap();
            let told = made(kind.name, example(kind.name)).attributes();
            assert_eq!(
                Value::from(told.clone()),
                Value::from(given),
                "{}",
                kind.name
            );
            let again = kind.make(&told).unwrap().attributes();
            assert_eq!(told, again, "{}", kind.name);
            assert!(kind.unknown(&told).is_none(), "{}", kind.name);
            // So do its defaults.
            let defaults = made(kind.name, "{}").attributes();
            let again = kind.make(&defaults).unwrap().attributes();
            assert_eq!(defaults, again, "{}", kind.name);
        }
        let other = r#"{"abort": "response", "set_request_headers": {"a": "b"}, "remove_request_headers": ["c"]}"#;
        let told = made("http", other).attributes();
        assert_eq!(
            kind("http").unwrap().make(&told).unwrap().attributes(),
            told
        );
        assert_eq!(told["abort"], "response");
    }

    #[test]
    fn an_attribute_that_is_not_known_gets_the_nearest_one() {
        let attribute = |given: &str| {
            let given = serde_json::from_str(given).unwrap();
            kind("stall").unwrap().unknown(&given).unwrap().to_string()
        };
        assert!(attribute(r#"{"los": 1}"#).contains("did you mean `loss`?"));
    }
}
