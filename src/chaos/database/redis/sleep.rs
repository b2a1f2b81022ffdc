//! A Redis that is slow: everything waits while it sleeps, and is answered between two naps.

use std::time::Duration;

use super::super::error::DatabaseError;
use super::super::hold::{Hold, Holding};
use super::super::place::Place;
use super::client::Client;
use super::place;
use crate::chaos::{FaultId, Ledger};

/// A nap cannot be ended before its time.
const LONGEST_NAP: Duration = Duration::from_secs(2);

/// Has a Redis sleep `nap` long again and again, so that a command takes up to so long. Needs `enable-debug-command`. It ends by itself
/// after `longest`.
///
/// # Errors
/// When the Redis cannot be reached, or does not allow it.
pub fn slow(
    ledger: &Ledger,
    fault: FaultId,
    url: &str,
    nap: Duration,
    longest: Duration,
) -> Result<Holding, DatabaseError> {
    let place = place(url)?;
    if nap.is_zero() {
        return Err(DatabaseError::Number {
            what: "the time that Redis sleeps",
            given: 0,
        });
    }
    let seconds = nap.min(LONGEST_NAP).as_secs_f64().to_string();
    Client::connect(&place)?.call(&["DEBUG", "SLEEP", "0"])?;
    let naps = Naps::begin(&place, &seconds)?;
    let about = format!("let Redis at {place} be quick again");
    let turn = Some(Duration::ZERO);
    let hold = Hold::start(about, Some(naps), longest, turn, move |naps| {
        let slept = naps.as_mut().map(|naps| naps.next(&seconds));
        let well = matches!(slept, Some(Ok(())));
        if !well {
            *naps = Naps::begin(&place, &seconds).ok();
        }
        well
    });
    Hold::enter(hold, ledger, fault, 1)
}

/// Two who send it to sleep by turns: while one nap lasts the next is asked for, so that others get no more than a command each
/// between two.
struct Naps {
    turn: Client,
    other: Client,
}

impl Naps {
    fn begin(place: &Place, seconds: &str) -> Result<Self, DatabaseError> {
        let mut naps = Self {
            turn: Client::connect(place)?,
            other: Client::connect(place)?,
        };
        naps.turn.send(&["DEBUG", "SLEEP", seconds])?;
        naps.other.send(&["DEBUG", "SLEEP", seconds])?;
        Ok(naps)
    }

    /// Waits for the end of a nap, and asks for another.
    fn next(&mut self, seconds: &str) -> Result<(), DatabaseError> {
        self.turn.reply()?;
        self.turn.send(&["DEBUG", "SLEEP", seconds])?;
        std::mem::swap(&mut self.turn, &mut self.other);
        Ok(())
    }
}
