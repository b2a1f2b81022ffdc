//! The way back from a fault.

use std::fmt::Debug;

use super::deed::Deed;

/// Puts one thing right again.
pub trait Undo: Send + Debug {
    /// What it does, for a person: ``remove `latency_downstream` from proxy `pms` ``.
    fn about(&self) -> String;

    /// Does it. It may be asked again after it failed.
    ///
    /// # Errors
    /// Why the thing is still broken.
    fn undo(&mut self) -> Result<(), String>;

    /// What it is the way back from is known to have been done.
    fn settle(&mut self) {}

    /// The same in words that the guardian understands, if it is no more than that.
    fn deed(&self) -> Option<&Deed> {
        None
    }
}
