//! What toxics do to a connection that arrives, before it is one.

use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::Instant;

use super::connection::Visit;
use super::flow::{Close, after};
use super::toxic::{Arrival, Gate, Pass};
use super::worn::{State, Worn};

/// What the toxics do to a connection before it is one: what it was given with its turns, or how it is turned away.
pub(super) async fn pass_gates(
    client: &TcpStream,
    visit: &mut Visit,
    epoch: u64,
    number: u64,
) -> Result<Vec<Pass>, Close> {
    let mut passes = Vec::new();
    let all = visit.state.borrow().worn.clone();
    for id in all.iter().map(|worn| worn.id) {
        // Asked again each time that it is changed.
        while let Some(worn) = visit.worn(id) {
            match pass_gate(client, visit, epoch, number, &worn).await {
                Gated::Passed(pass) => {
                    passes.extend(pass);
                    break;
                }
                Gated::Changed => {}
                Gated::Away(how) => return Err(how),
            }
        }
    }
    Ok(passes)
}

/// What came of a gate.
enum Gated {
    Passed(Option<Pass>),
    /// The toxic was changed meanwhile.
    Changed,
    Away(Close),
}

async fn pass_gate(
    client: &TcpStream,
    visit: &mut Visit,
    epoch: u64,
    number: u64,
    worn: &Worn,
) -> Gated {
    let (is_drawn, draw) = visit.draw(worn, number);
    let gate = if is_drawn {
        worn.toxic.gate(&mut Arrival { number, draw })
    } else {
        Gate::Open
    };
    let is_held = matches!(gate, Gate::Hold);
    let turn = async {
        match gate {
            Gate::Open => Gated::Passed(None),
            Gate::Away(how) => Gated::Away(how),
            Gate::Wait(wait) => {
                tokio::time::sleep_until(after(Instant::now(), wait)).await;
                Gated::Passed(None)
            }
            Gate::Hold => std::future::pending().await,
            Gate::Turn(turn) => Gated::Passed(Some(turn.await)),
        }
    };
    let is_served = |state: &State| state.open && state.epoch == epoch;
    let changed = visit.state.wait_for(|state| {
        !is_served(state)
            || state
                .worn
                .iter()
                .all(|other| (other.id, other.revision) != (worn.id, worn.revision))
    });
    tokio::select! {
        biased;
        gated = turn => gated,
        () = left(client) => Gated::Away(Close::Orderly),
        changed = changed => match changed {
            Ok(state) if is_served(&state) => {
                let is_there = state.worn.iter().any(|other| other.id == worn.id);
                // Who was held has waited for nothing; who was to wait only waits no longer.
                if !is_there && is_held {
                    Gated::Away(Close::Orderly)
                } else {
                    Gated::Changed
                }
            }
            _ => Gated::Away(Close::Orderly),
        },
    }
}

/// Comes back when the client has gone. Bytes that it has sent stay where they are.
async fn left(client: &TcpStream) {
    let mut byte = [0];
    loop {
        match client.peek(&mut byte).await {
            Ok(0) | Err(_) => return,
            // It waits for an answer: looked at again now and then, for a peek at bytes never waits.
            Ok(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}
