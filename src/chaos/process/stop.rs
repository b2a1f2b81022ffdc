//! Stopping processes: they are there and hold what they have, but do nothing.

use nix::sys::signal::Signal;

use super::error::ProcessError;
use super::find::{Found, Which, find};
use crate::chaos::{Deed, EntryId, FaultId, Ledger};

/// What stands still now.
#[derive(Debug, Clone, Default)]
pub struct Stopped {
    pub processes: Vec<Found>,
    /// Their ways back, in the same order.
    pub entries: Vec<EntryId>,
}

/// Stops the process that is meant, or `all` of them. The way back lets them go on.
///
/// # Errors
/// When none is meant, several are and only one was asked for, one cannot be signalled, or there is no guardian. None stands still then
/// that did not before.
pub fn stop(
    ledger: &Ledger,
    fault: FaultId,
    which: &Which,
    all: bool,
) -> Result<Stopped, ProcessError> {
    let mut still = None;
    let mut stopped = Stopped::default();
    for found in find(which, all)? {
        // One that somebody else stopped is not rhaid's to continue.
        if found.stopped {
            still = Some(found);
            continue;
        }
        match one(ledger, fault, &found) {
            Ok(Some(entry)) => {
                stopped.processes.push(found);
                stopped.entries.push(entry);
            }
            Ok(None) => {}
            Err(error) => {
                for entry in stopped.entries.into_iter().rev() {
                    // What fails here is among the ledger's failed ones.
                    let _ = ledger.undo(entry);
                }
                return Err(error);
            }
        }
    }
    match still {
        _ if !stopped.entries.is_empty() => Ok(stopped),
        Some(found) => Err(ProcessError::Still {
            pid: found.identity.pid,
            name: found.name,
        }),
        None => Err(ProcessError::None {
            which: format!("{which} any more"),
            known: None,
        }),
    }
}

/// Nothing if it has ended meanwhile.
fn one(ledger: &Ledger, fault: FaultId, found: &Found) -> Result<Option<EntryId>, ProcessError> {
    let way_back = Deed::Continue {
        process: found.identity,
        name: found.name.clone(),
    };
    let entry = ledger.enter_deed(fault, way_back)?;
    match found.identity.signal(Signal::SIGSTOP) {
        Ok(true) => Ok(Some(entry)),
        Ok(false) => {
            ledger.withdraw(entry);
            Ok(None)
        }
        Err(source) => {
            ledger.withdraw(entry);
            Err(ProcessError::Signal {
                pid: found.identity.pid,
                name: found.name.clone(),
                source,
            })
        }
    }
}
