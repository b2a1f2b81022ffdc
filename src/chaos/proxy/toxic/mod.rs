//! The toxics, one a file behind one trait, and the list of them.
//!
//! The first eight are those of Toxiproxy, with its names, attributes, defaults and semantics.

mod attributes;
mod bandwidth;
mod latency;
mod limit_data;
mod noop;
mod reset_peer;
mod slicer;
mod slow_close;
mod timeout;

use std::fmt::Debug;
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::time::Instant;

pub use attributes::Attributes;

use super::draw::Draw;
use super::error::ProxyError;
use super::flow::{Close, Stage};
use crate::suggest::did_you_mean;

/// What a toxic does to a connection that arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// It is let in.
    Open,
    /// It is let in after a while.
    Wait(Duration),
    /// It is turned away.
    Away(Close),
    /// It is neither let in nor turned away, until the toxic is gone.
    Hold,
}

/// What a toxic puts into a connection.
pub enum Fit {
    Nothing,
    /// A stage in the toxic's stream.
    One(Box<dyn Stage>),
    /// A stage in each direction, `upstream` first: they know of each other.
    Both(Box<dyn Stage>, Box<dyn Stage>),
}

/// The connection for which a toxic makes its stages.
#[derive(Debug)]
pub struct Fitting {
    pub now: Instant,
    /// This toxic's chance on this connection.
    pub draw: Draw,
    /// What the stage of the toxic before it was changed had counted.
    pub carried: u64,
}

/// A fault of the network or of what speaks over it, with its attributes.
pub trait Toxic: Send + Sync + Debug {
    /// All attributes, also those that were left to their defaults.
    fn attributes(&self) -> Map<String, Value>;

    /// What becomes of a connection that arrives.
    fn gate(&self, _draw: &mut Draw) -> Gate {
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
    noop::KIND,
];

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
            draw: Draw::new(1, &[]),
            carried: 0,
        }
    }

    pub fn one(toxic: &dyn Toxic) -> Box<dyn Stage> {
        match toxic.fit(fitting()) {
            Fit::One(stage) => stage,
            _ => panic!("not one stage"),
        }
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
