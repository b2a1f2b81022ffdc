//! The bytes that all calls of a run hold together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Of all calls that a run keeps, in bytes.
const MOST: usize = 256 << 20;

/// How much is held now.
#[derive(Debug, Clone, Default)]
pub struct Budget(Arc<AtomicUsize>);

/// A part of the budget, given back when dropped.
#[derive(Debug)]
pub struct Held {
    budget: Budget,
    bytes: usize,
}

impl Budget {
    /// Takes so many bytes, if there is room for them.
    pub fn take(&self, bytes: usize) -> Option<Held> {
        let room = |held: usize| held.checked_add(bytes).filter(|sum| *sum <= MOST);
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, room)
            .ok()?;
        Some(Held {
            budget: self.clone(),
            bytes,
        })
    }
}

impl Held {
    /// Takes more bytes of the same budget; false, and as before, if there is no room for them.
    pub fn grow(&mut self, bytes: usize) -> bool {
        match self.budget.take(bytes) {
            Some(mut more) => {
                self.bytes += std::mem::take(&mut more.bytes);
                true
            }
            None => false,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_makes_room() {
        let budget = Budget::default();
        let all = budget.take(MOST).unwrap();
        assert!(budget.take(1).is_none());
        drop(all);
        assert!(budget.take(1).is_some());
        assert!(budget.take(usize::MAX).is_none());
        let mut held = budget.take(1).unwrap();
        assert!(held.grow(MOST - 1) && !held.grow(1));
        drop(held);
        assert!(budget.take(MOST).is_some());
    }
}
