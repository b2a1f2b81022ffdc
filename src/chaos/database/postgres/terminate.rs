//! Clients that lose their connections.

use std::time::Duration;

use super::super::error::DatabaseError;
use super::super::hold::{Hold, Holding};
use super::client::Client;
use super::place;
use crate::chaos::{FaultId, Ledger};

/// Of the database in the URL; what PostgreSQL does for itself goes on.
const ALL_OTHERS: &str = "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity \
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'";

/// Ends the connections of all other clients of the database once: how many. There is nothing to undo.
///
/// # Errors
/// When the database cannot be reached, or refuses.
pub fn terminate(url: &str) -> Result<u64, DatabaseError> {
    let count = Client::connect(&place(url)?)?.number(ALL_OTHERS)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Ends the connections of all other clients now and `every` so often. It ends by itself after `longest`.
///
/// # Errors
/// When the database cannot be reached, or refuses.
pub fn terminate_every(
    ledger: &Ledger,
    fault: FaultId,
    url: &str,
    every: Duration,
    longest: Duration,
) -> Result<Holding, DatabaseError> {
    let place = place(url)?;
    if every.is_zero() {
        return Err(DatabaseError::Number {
            what: "the time between",
            given: 0,
        });
    }
    let mut client = Client::connect(&place)?;
    let ended = client.number(ALL_OTHERS)?;
    let about = format!("let clients of PostgreSQL at {place} keep their connections");
    let hold = Hold::start(about, Some(client), longest, Some(every), move |client| {
        let ended = client.as_mut().map(|client| client.number(ALL_OTHERS));
        let well = matches!(ended, Some(Ok(_)));
        if !well {
            *client = Client::connect(&place).ok();
        }
        well
    });
    Hold::enter(hold, ledger, fault, u64::try_from(ended).unwrap_or(0))
}
