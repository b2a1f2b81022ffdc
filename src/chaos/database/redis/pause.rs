//! A Redis that accepts everything and answers nothing.

use std::time::Duration;

use super::super::error::DatabaseError;
use super::super::hold::{Hold, Holding};
use super::client::Client;
use super::place;
use crate::chaos::{FaultId, Ledger};

/// While everything is paused, `CLIENT UNPAUSE` is too. So it is paused by short pauses, one after the other: the fault ends with
/// the one that it is in, also when rhaid is killed.
const SLICE: Duration = Duration::from_millis(200);
const SLICE_MS: &str = "200";
/// Commands that are under way. The next one waits within Redis before those of others, which get no turn between two pauses.
const AHEAD: usize = 3;

/// Pauses a Redis: all commands of all clients, or only those that write. It ends by itself after `longest`.
///
/// # Errors
/// When the Redis cannot be reached, or refuses.
pub fn pause(
    ledger: &Ledger,
    fault: FaultId,
    url: &str,
    only_writes: bool,
    longest: Duration,
) -> Result<Holding, DatabaseError> {
    let place = place(url)?;
    let mut client = Client::connect(&place)?;
    if only_writes {
        let about = format!("let Redis at {place} write again");
        client.call(&["CLIENT", "PAUSE", SLICE_MS, "WRITE"])?;
        let hold = Hold::start(
            about,
            Some(client),
            longest,
            Some(SLICE / 4),
            move |client| {
                let paused = client
                    .as_mut()
                    .map(|client| client.call(&["CLIENT", "PAUSE", SLICE_MS, "WRITE"]));
                // It was restarted, or dropped us: that is a fault of another kind, and may be over.
                let well = matches!(paused, Some(Ok(_)));
                if !well {
                    *client = Client::connect(&place).ok();
                }
                well
            },
        );
        return Hold::enter(hold, ledger, fault, 1);
    }
    let about = format!("let Redis at {place} answer again");
    let pause = ["CLIENT", "PAUSE", SLICE_MS];
    client.call(&pause)?;
    for _ in 0..AHEAD {
        client.send(&pause)?;
    }
    // A tick waits for Redis itself; the time between is next to nothing.
    let turn = Some(Duration::from_millis(1));
    let hold = Hold::start(about, Some(client), longest, turn, move |client| {
        let renewed = client
            .as_mut()
            .map(|client| client.reply().and_then(|_| client.send(&pause)));
        let well = matches!(renewed, Some(Ok(())));
        if !well {
            *client = again(&place, &pause);
        }
        well
    });
    Hold::enter(hold, ledger, fault, 1)
}

fn again(place: &super::Place, pause: &[&str]) -> Option<Client> {
    let mut client = Client::connect(place).ok()?;
    for _ in 0..=AHEAD {
        client.send(pause).ok()?;
    }
    Some(client)
}
