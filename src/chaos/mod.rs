//! What goes wrong on purpose, and how it is put right again.
//!
//! In: what a script's faults ask for. Out: things that are broken for a while, and an account of what was undone.
//!
//! [`Chaos`] is the desk of a run: what is declared ([`Plan`]), what is allowed ([`Permission`]), what is injected now. An
//! [`Injection`] is one fault while it lasts. [`proxy`] stands between a client and a server and spoils what passes. Whatever a fault changes is entered in the
//! [`Ledger`] before it is changed, with the [`Undo`] that puts it right; the ledger undoes all that is left when it goes.

pub mod api;
mod desk;
mod injection;
mod ledger;
mod plan;
pub mod proxy;
mod undo;

pub use desk::{Chaos, ChaosError, EndedBy, Event, Permission};
pub use injection::{Dose, Injection};
pub use ledger::{EntryId, FailedUndo, FaultId, Ledger};
pub use plan::{FaultPlan, Guard, Plan, ProxyPlan, Touches, Trigger};
pub use undo::Undo;
