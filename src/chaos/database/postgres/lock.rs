//! A table that nobody can read.

use std::time::Duration;

use super::super::error::DatabaseError;
use super::super::hold::{Hold, Holding};
use super::client::Client;
use super::place;
use crate::chaos::{FaultId, Ledger};

/// While it waits for the table, others wait behind it.
const WAIT: &str = "set local lock_timeout = '3s'";

/// Locks a table for everybody, readers too. The way back ends the transaction that holds the lock; so does the server, when rhaid is gone or `longest` is over.
///
/// # Errors
/// When the database cannot be reached, there is no such table, or others hold it for more than three seconds.
pub fn lock_table(
    ledger: &Ledger,
    fault: FaultId,
    url: &str,
    table: &str,
    longest: Duration,
) -> Result<Holding, DatabaseError> {
    let place = place(url)?;
    let quoted = quoted(table)?;
    let mut client = Client::connect(&place)?;
    client.query("begin")?;
    client.query(WAIT)?;
    // The server's clock ends it too, should the network be gone by then.
    let most = longest.as_millis().clamp(1, 2_147_483_647);
    client.query(&format!(
        "set local idle_in_transaction_session_timeout = {most}"
    ))?;
    client.query(&format!("lock table {quoted} in access exclusive mode"))?;
    let about = format!("unlock the table `{table}` of PostgreSQL at {place}");
    let held = Held(client);
    let hold = Hold::start(about, held, longest, None, |_| true);
    Hold::enter(hold, ledger, fault, 1)
}

/// A transaction.
struct Held(Client);

impl Drop for Held {
    fn drop(&mut self) {
        // If it is not heard, the end of the connection will be.
        let _ = self.0.query("rollback");
    }
}

fn quoted(table: &str) -> Result<String, DatabaseError> {
    let parts: Vec<&str> = table.split('.').collect();
    let wrong = parts.len() > 2
        || parts
            .iter()
            .any(|part| part.is_empty() || part.contains('\0'));
    if wrong {
        return Err(DatabaseError::Table(table.to_owned()));
    }
    let parts: Vec<String> = parts
        .iter()
        .map(|part| format!("\"{}\"", part.replace('"', "\"\"")))
        .collect();
    Ok(parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_table_cannot_be_a_command() {
        assert_eq!(quoted("rooms").unwrap(), "\"rooms\"");
        assert_eq!(quoted("hotel.rooms").unwrap(), "\"hotel\".\"rooms\"");
        assert_eq!(
            quoted("a\"; drop table b; --").unwrap(),
            "\"a\"\"; drop table b; --\""
        );
        for table in ["", "a.", ".b", "a.b.c", "a\0b"] {
            assert!(quoted(table).is_err(), "{table}");
        }
    }
}
