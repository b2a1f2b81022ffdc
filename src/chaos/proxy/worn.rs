//! Toxics as they lie on a proxy.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::ProxyError;
use super::toxic::{Kind, Toxic};

/// The direction that a toxic spoils.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// From the client to the server.
    Upstream,
    /// From the server to the client.
    Downstream,
}

impl Stream {
    pub const ALL: [Self; 2] = [Self::Upstream, Self::Downstream];

    pub fn name(self) -> &'static str {
        match self {
            Self::Upstream => "upstream",
            Self::Downstream => "downstream",
        }
    }

    /// # Errors
    /// When it is neither.
    pub fn parse(name: &str) -> Result<Self, ProxyError> {
        let known = Self::ALL.into_iter().find(|stream| stream.name() == name);
        known.ok_or_else(|| ProxyError::Stream(name.to_owned()))
    }
}

/// The probability, from 0 to 1, that a toxic is drawn for a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Toxicity(f64);

impl Toxicity {
    /// Every connection has it.
    pub const ALWAYS: Self = Self(1.0);

    /// # Errors
    /// When it is not from 0 to 1.
    pub fn new(share: f64) -> Result<Self, ProxyError> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err(ProxyError::Toxicity(share))
        }
    }

    /// Any number, as Toxiproxy takes them: below 0 is never, above 1 is always.
    pub fn lenient(share: f64) -> Self {
        Self(share)
    }

    pub fn share(self) -> f64 {
        self.0
    }
}

/// A toxic that is to be laid on a proxy.
#[derive(Debug)]
pub struct Draft {
    /// Without a name it is called after its kind and stream.
    pub name: Option<String>,
    pub kind: &'static Kind,
    pub stream: Stream,
    /// How the stream was written, if not in small letters.
    pub written: Option<String>,
    pub toxicity: Toxicity,
    pub attributes: Map<String, Value>,
}

impl Draft {
    /// The toxic that comes of it.
    pub(super) fn wear(self, id: u64) -> Result<Worn, ProxyError> {
        let written = self
            .written
            .unwrap_or_else(|| self.stream.name().to_owned());
        let name = match self.name {
            Some(name) if !name.is_empty() => name,
            _ => format!("{}_{written}", self.kind.name),
        };
        Ok(Worn {
            name,
            kind: self.kind.name,
            stream: self.stream,
            written,
            toxicity: self.toxicity,
            toxic: self.kind.make(&self.attributes)?.into(),
            id,
            revision: 0,
            gentle: false,
        })
    }
}

/// A toxic that lies on a proxy.
#[derive(Debug, Clone)]
pub struct Worn {
    pub name: String,
    pub kind: &'static str,
    pub stream: Stream,
    /// The stream as it was written.
    pub written: String,
    pub toxicity: Toxicity,
    pub toxic: Arc<dyn Toxic>,
    /// Which one it is, also if another once had its name; and how often it was changed.
    pub(super) id: u64,
    pub(super) revision: u64,
    /// It was changed in a small step: what waits goes on waiting.
    pub(super) gentle: bool,
}

/// What connections look at: it is replaced whole.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// Counts the times that the door was opened. A connection of an earlier one has to end.
    pub epoch: u64,
    pub open: bool,
    pub worn: Vec<Arc<Worn>>,
}
