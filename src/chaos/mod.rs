//! What goes wrong on purpose, and how it is put right again.
//!
//! In: what a script's faults ask for. Out: things that are broken for a while, and an account of what was undone.
//!
//! [`proxy`] stands between a client and a server and spoils what passes. Whatever a fault changes is entered in the
//! [`Ledger`] before it is changed, with the [`Undo`] that puts it right; the ledger undoes all that is left when it goes.

mod ledger;
pub mod proxy;
mod undo;

pub use ledger::{EntryId, FailedUndo, FaultId, Ledger};
pub use undo::Undo;
