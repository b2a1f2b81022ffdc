//! A PostgreSQL that has no connection left for others.

use std::time::Duration;

use super::super::error::DatabaseError;
use super::super::hold::{Hold, Holding};
use super::client::Client;
use super::place;
use crate::chaos::{FaultId, Ledger};

/// What is left to be taken; not what is kept for superusers, so that somebody can still look after it.
const FREE: &str = "select current_setting('max_connections')::int \
    - current_setting('superuser_reserved_connections')::int \
    - (select count(*) from pg_stat_activity where backend_type = 'client backend')";

/// What it says when there is none left.
const FULL: &str = "53300";

/// Takes connections and holds them: `count`, or all that are left if no number is given or fewer are. How many is told. It ends by
/// itself after `longest`.
///
/// # Errors
/// When the database cannot be reached, or gives none; all are closed then.
pub fn exhaust(
    ledger: &Ledger,
    fault: FaultId,
    url: &str,
    count: Option<u64>,
    longest: Duration,
) -> Result<Holding, DatabaseError> {
    let place = place(url)?;
    if count == Some(0) {
        return Err(DatabaseError::Number {
            what: "the number of connections",
            given: 0,
        });
    }
    let mut first = Client::connect(&place)?;
    // The first is among those that are counted, and is held too.
    let free = u64::try_from(first.number(FREE)?).unwrap_or(0) + 1;
    let wanted = count.unwrap_or(free).min(free);
    let mut held = vec![first];
    while (held.len() as u64) < wanted {
        match Client::connect(&place) {
            Ok(client) => held.push(client),
            Err(DatabaseError::Refused { code, .. }) if code == FULL => break,
            Err(error) => return Err(error),
        }
    }
    let taken = held.len() as u64;
    let about = format!("give {taken} connections back to PostgreSQL at {place}");
    let hold = Hold::start(about, held, longest, None, |_| true);
    Hold::enter(hold, ledger, fault, taken)
}
