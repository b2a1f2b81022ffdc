//! What goes wrong on purpose, and how it is put right again.
//!
//! In: what a script's faults ask for. Out: things that are broken for a while, and an account of what was undone.
//!
//! [`Chaos`] is the desk of a run: what is declared ([`Plan`]), what is allowed ([`Permission`]), what is injected now. An
//! [`Injection`] is one fault while it lasts. [`proxy`] stands between a client and a server and spoils what passes; the other rooms break
//! processes, machines, services, pods, databases and the load's own look-ups. Whatever a fault changes is entered in the
//! [`Ledger`] before it is changed, with the [`Undo`] that puts it right; the ledger undoes all that is left when it goes. What outlives rhaid,
//! as a process that stands still, is undone by a [`Deed`], which the [`guardian`] does if rhaid is killed.

pub mod api;
mod aside;
pub mod blast;
pub mod database;
mod deed;
mod desk;
pub mod dns;
pub mod guardian;
mod injection;
pub mod kubernetes;
mod ledger;
pub mod machine;
mod own;
mod plan;
pub mod probe;
pub mod process;
pub mod proxy;
pub mod service;
mod terms;
mod undo;

pub use deed::{Deed, DeedError, OwnFile};
pub use desk::Chaos;
pub use guardian::{Guardian, GuardianError};
pub use injection::{Dose, Injection, MILLIS};
pub use ledger::{EntryId, FailedUndo, FaultId, Ledger};
pub use own::Own;
pub use plan::{CommandPlan, FaultPlan, Guard, Plan, ProxyPlan, Touches, Trigger};
pub use terms::{ChaosError, EndedBy, Event, Permission};
pub use undo::Undo;
