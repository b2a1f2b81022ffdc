//! Webhooks that a run receives: what the system under test calls back.
//!
//! In come HTTP calls on a listener of the run ([`listener`]), on a thread of its own. Out go [`Call`]s to the virtual users that
//! wait for them, and [`Tally`] marks about what nobody waited for.
//!
//! A call's path holds a token. It leads the [`Desk`] to the [`Inbox`] of one virtual user, or to the [`Board`] of the run, where
//! calls are found by a key in them ([`Place`]). Either asks its [`Intake`] first: is the signature right, what is the answer, was the
//! call here before ([`Ledger`]). Whoever waits does so without holding a thread, and the only locks are of one inbox, of the board,
//! and of a sixty-fourth of the tokens, each held for about a microsecond.
//!
//! All is bounded: the length of a body, the calls that an inbox and the board keep (the oldest goes, and is counted), the bytes
//! that all of them hold together, what a ledger remembers, the connections.
//!
//! The room knows neither scripts nor recorders: `script::api::hooks` is how a script gets here, and `run` turns marks into samples.

mod answer;
mod board;
mod budget;
mod call;
mod desk;
mod inbox;
mod intake;
mod ledger;
mod listener;
mod place;
mod signature;
mod tally;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use answer::{Answer, Answers};
pub use board::{Board, TooManyPlaces};
pub use call::Call;
pub use desk::{Desk, path_of};
pub use inbox::{CAPACITY, Inbox, MAX_CAPACITY};
pub use intake::{Intake, Rules};
pub use ledger::Ledger;
pub use listener::{CannotListen, Limits, Listener};
pub use place::{Looked, Place, WrongPlace};
pub use signature::{SCHEMES, Scheme, TOLERANCE};
pub use tally::{Event, Tally, Why};

/// How a run listens.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What URLs begin with, for targets that reach the listener by another name; without a slash at its end.
    pub url: Option<String>,
    /// Bytes of a body at most.
    pub max_body: usize,
    /// Where calls to the run's own URL have the key that they are found by.
    pub correlate: Vec<Arc<Place>>,
    /// What inboxes and the board go by, unless a script says otherwise.
    pub rules: Rules,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            url: None,
            max_body: 1 << 20,
            correlate: Vec::new(),
            rules: Rules::default(),
        }
    }
}

/// The webhooks of one run. Nothing listens until somebody asks for a URL.
#[derive(Debug)]
pub struct Hooks {
    settings: Settings,
    desk: Arc<Desk>,
    listener: Mutex<Option<Listener>>,
    used: AtomicBool,
}

impl Default for Hooks {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Hooks {
    /// The webhooks of a run with these settings.
    pub fn new(settings: Settings) -> Self {
        Self {
            desk: Arc::new(Desk::new(&settings)),
            settings,
            listener: Mutex::default(),
            used: AtomicBool::new(false),
        }
    }

    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where calls are taken in.
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Whether anybody has ever asked for a URL. Asked before every request, so it takes no lock.
    pub fn is_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether anybody has asked for a URL so far.
    pub fn is_listening(&self) -> bool {
        lock(&self.listener).is_some()
    }

    /// Listens, if nothing does yet; what every URL begins with.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn listen(&self) -> Result<String, CannotListen> {
        let mut listener = lock(&self.listener);
        let address = match &*listener {
            Some(listening) => listening.address(),
            None => {
                let limits = Limits::new(self.settings.max_body);
                let started = Listener::start(self.settings.listen, limits, &self.desk)?;
                let address = started.address();
                *listener = Some(started);
                self.used.store(true, Ordering::Relaxed);
                address
            }
        };
        Ok(self
            .settings
            .url
            .clone()
            .unwrap_or_else(|| base_of(address)))
    }

    /// Takes no more calls; those that nobody has waited for are marked as unexpected.
    pub fn close(&self) {
        // Dropped outside of the lock: that waits for the thread.
        let listener = lock(&self.listener).take();
        drop(listener);
        self.desk.close();
    }
}

/// What leads to an address. One that stands for all addresses is reached by that of the loopback.
fn base_of(mut address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr = match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        };
        address.set_ip(loopback);
    }
    format!("http://{address}")
}

/// No lock is held while anything could panic half-way, so one that was poisoned is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_all_is_reached_by_the_loopback() {
        let base = |text: &str| base_of(text.parse().unwrap());
        assert_eq!(base("0.0.0.0:81"), "http://127.0.0.1:81");
        assert_eq!(base("[::]:81"), "http://[::1]:81");
        assert_eq!(base("10.1.2.3:81"), "http://10.1.2.3:81");
    }
}
