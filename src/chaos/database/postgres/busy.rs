//! A PostgreSQL that has much else to do.

use std::time::{Duration, Instant};

use super::super::error::DatabaseError;
use super::super::hold::{Hold, Holding};
use super::client::Client;
use super::place;
use crate::chaos::{FaultId, Ledger};

/// So long the way back waits at most, some tenths of a second: a query is not ended before its time.
const QUERY: &str = "select count(*) from generate_series(1, 300000) as n where n % 7 = 3";
/// The server ends one that takes longer on a machine that is busy enough.
const LIMIT: &str = "set statement_timeout = '1s'";
const MOST_WORKERS: u64 = 256;

/// Keeps so many of the server's processes busy with counting, so that all others get less of its processors. It ends by itself after
/// `longest`.
///
/// # Errors
/// When the database cannot be reached, or does not give so many connections; none is kept then.
pub fn slow(
    ledger: &Ledger,
    fault: FaultId,
    url: &str,
    workers: u64,
    longest: Duration,
) -> Result<Holding, DatabaseError> {
    let place = place(url)?;
    if !(1..=MOST_WORKERS).contains(&workers) {
        return Err(DatabaseError::Number {
            what: "the number of workers (at most 256)",
            given: workers,
        });
    }
    let mut clients = Vec::new();
    for _ in 0..workers {
        let mut client = Client::connect(&place)?;
        client.query(LIMIT)?;
        clients.push(client);
    }
    let began = Instant::now();
    let mut holds = Vec::new();
    for client in clients {
        let place = place.clone();
        let left = longest.saturating_sub(began.elapsed());
        let turn = Some(Duration::from_millis(1));
        let about = format!("let PostgreSQL at {place} rest");
        let hold = Hold::start(about, Some(client), left, turn, move |client| {
            let counted = client.as_mut().map(|client| client.query(QUERY));
            // Its time was over, or the connection: a new one finds out.
            let well = matches!(counted, Some(Ok(_)));
            if !well {
                *client = Client::connect(&place).ok();
            }
            well
        });
        holds.push(hold.map_err(DatabaseError::Thread)?);
    }
    let about = format!("let PostgreSQL at {place} rest");
    let all = Hold::start(about, Crew(holds), longest, None, |_| true);
    Hold::enter(all, ledger, fault, workers)
}

/// Those who keep it busy.
struct Crew(Vec<Hold>);

impl Drop for Crew {
    fn drop(&mut self) {
        // All are told before one is waited for.
        self.0.iter_mut().for_each(Hold::tell);
    }
}
