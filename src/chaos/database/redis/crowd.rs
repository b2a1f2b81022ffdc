//! A Redis that has no connection left for others.

use std::time::Duration;

use super::super::error::DatabaseError;
use super::super::hold::{Hold, Holding};
use super::client::Client;
use super::place;
use crate::chaos::{FaultId, Ledger};

/// Takes `count` connections and holds them, or as many as the Redis gives: how many is told. It ends by itself after `longest`.
///
/// # Errors
/// When the Redis cannot be reached, or gives none; all are closed then.
pub fn exhaust(
    ledger: &Ledger,
    fault: FaultId,
    url: &str,
    count: u64,
    longest: Duration,
) -> Result<Holding, DatabaseError> {
    let place = place(url)?;
    if count == 0 {
        return Err(DatabaseError::Number {
            what: "the number of connections",
            given: 0,
        });
    }
    let mut held = Vec::new();
    for _ in 0..count {
        let taken = Client::connect(&place).and_then(|mut client| {
            client.call(&["PING"])?;
            Ok(client)
        });
        match taken {
            Ok(client) => held.push(client),
            // It is full, or this machine is.
            Err(DatabaseError::Refused { message, .. })
                if message.contains("max number of clients") && !held.is_empty() =>
            {
                break;
            }
            Err(error) => return Err(error),
        }
    }
    let taken = held.len() as u64;
    let about = format!("give {taken} connections back to Redis at {place}");
    let hold = Hold::start(about, held, longest, None, |_| true);
    Hold::enter(hold, ledger, fault, taken)
}
