//! What virtual users hand to each other: named counters, maps and queues, one set per run.
//!
//! What comes in and goes out: plain data, since users live on different threads and no value of a script can leave its own.
//! All is bounded, so that a queue nobody takes from ends in a message and not in a full memory.

mod map;
mod queue;
mod weight;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use map::SharedMap;
pub use queue::Queue;

/// Different names of one kind.
const MAX_NAMES: usize = 10_000;
/// Values in one map or queue.
pub const MAX_VALUES: usize = 1_000_000;
/// What the values of one map or queue may weigh, in bytes.
const MAX_WEIGHT: usize = 256 << 20;

/// A bound was passed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Full {
    #[error(
        "there are {MAX_NAMES} {0} of different names already\nhelp: a name stands for many values; keep them apart by the keys of one map"
    )]
    Names(&'static str),
    #[error("it holds {0} values, and may not hold more")]
    Values(usize),
    #[error("its values hold {} MiB, and may not hold more", MAX_WEIGHT >> 20)]
    Weight,
    #[error("it was made for {0} values, and cannot be for another number")]
    Capacity(usize),
}

/// A number that all users add to.
#[derive(Debug, Default)]
pub struct Counter(AtomicI64);

impl Counter {
    /// Adds and gives what it is then. Stays where numbers end.
    pub fn add(&self, amount: i64) -> i64 {
        let mut after = 0;
        let _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |value| {
                after = value.saturating_add(amount);
                Some(after)
            });
        after
    }

    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Everything that is shared in a run, by name.
#[derive(Debug, Default)]
pub struct Exchange {
    counters: Named<Counter>,
    maps: Named<SharedMap>,
    queues: Named<Queue>,
}

impl Exchange {
    /// A counter, made at 0 when it is first asked for.
    ///
    /// # Errors
    /// When there are too many.
    pub fn counter(&self, name: &str) -> Result<Arc<Counter>, Full> {
        self.counters.get(name, "counters", Counter::default)
    }

    /// A map, made when it is first asked for.
    ///
    /// # Errors
    /// When there are too many.
    pub fn map(&self, name: &str) -> Result<Arc<SharedMap>, Full> {
        self.maps.get(name, "maps", SharedMap::default)
    }

    /// A queue, made when it is first asked for, for so many values.
    ///
    /// # Errors
    /// When there are too many, or it was made for another number.
    pub fn queue(&self, name: &str, capacity: Option<usize>) -> Result<Arc<Queue>, Full> {
        let queue = self.queues.get(name, "queues", || {
            Queue::new(capacity.unwrap_or(queue::CAPACITY))
        })?;
        match capacity {
            Some(wanted) if wanted != queue.capacity() => Err(Full::Capacity(queue.capacity())),
            _ => Ok(queue),
        }
    }
}

#[derive(Debug)]
struct Named<T>(Mutex<HashMap<String, Arc<T>>>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Named<T> {
    fn get(
        &self,
        name: &str,
        kind: &'static str,
        make: impl FnOnce() -> T,
    ) -> Result<Arc<T>, Full> {
        let mut known = lock(&self.0);
        if let Some(found) = known.get(name) {
            return Ok(found.clone());
        }
        if known.len() >= MAX_NAMES {
            return Err(Full::Names(kind));
        }
        let made = Arc::new(make());
        known.insert(name.to_owned(), made.clone());
        Ok(made)
    }
}

/// No lock is held while anything could panic half-way, so one that was poisoned is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_thing_for_all() {
        let exchange = Exchange::default();
        exchange.counter("a").unwrap().add(2);
        assert_eq!(exchange.counter("a").unwrap().add(3), 5);
        assert_eq!(exchange.counter("b").unwrap().value(), 0);
        exchange.counter("a").unwrap().set(i64::MAX);
        assert_eq!(exchange.counter("a").unwrap().add(1), i64::MAX);
    }

    #[test]
    fn names_are_bounded() {
        let exchange = Exchange::default();
        for number in 0..MAX_NAMES {
            exchange.counter(&number.to_string()).unwrap();
        }
        assert_eq!(exchange.counter("x").unwrap_err(), Full::Names("counters"));
        assert!(exchange.counter("7").is_ok());
    }

    #[test]
    fn a_queue_is_made_for_one_number_of_values() {
        let exchange = Exchange::default();
        exchange.queue("q", Some(2)).unwrap();
        assert!(exchange.queue("q", None).is_ok());
        assert_eq!(exchange.queue("q", Some(3)).unwrap_err(), Full::Capacity(2));
    }
}
