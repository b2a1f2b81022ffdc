//! What both directions of a connection know of each other.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How much is understood of what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Where messages begin and end.
    Known,
    /// Nothing, until something begins that looks like a request.
    Guessing {
        /// The client spoke last: what it said may still be answered.
        asked: bool,
    },
    /// Nothing ever again: it is not HTTP.
    Opaque,
}

/// A request whose answer is outstanding.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Its answer has no body.
    pub is_head: bool,
    /// Its answer may turn the connection into a tunnel.
    pub is_connect: bool,
    /// What the answer suffers.
    pub fault: Option<Fault>,
    /// The proxy answers it itself.
    pub own: Option<Own>,
}

/// A fault that was drawn for a request.
#[derive(Debug, Clone, Copy)]
pub struct Fault {
    pub delay: Duration,
}

/// The proxy's own answer.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    /// When the request was complete.
    pub asked: Option<Instant>,
    /// When the client asked whether it should send the body.
    pub expects: Option<Instant>,
    /// The client wants no other answer on this connection.
    pub is_last: bool,
}

#[derive(Debug)]
pub struct Talk {
    pub mode: Mode,
    /// In the order in which they are answered.
    pub waiting: VecDeque<Expected>,
}

/// What the stages of both directions share.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Mutex<Talk>>);

impl Shared {
    pub fn new(mode: Mode) -> Self {
        Self(Arc::new(Mutex::new(Talk {
            mode,
            waiting: VecDeque::new(),
        })))
    }

    pub fn lock(&self) -> MutexGuard<'_, Talk> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
