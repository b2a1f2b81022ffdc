//! What came before: which events were taken, how often they came, how far their numbers are.

use std::collections::{HashMap, VecDeque};

/// What is remembered of an event.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    attempts: u32,
    taken: bool,
}

/// What the ledger says about a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// How often the event has come by now.
    pub attempt: u32,
    /// It was taken before.
    pub duplicate: bool,
    /// One with a later number was taken before.
    pub out_of_order: bool,
}

/// Remembers a bounded number of events; the oldest are forgotten first.
#[derive(Debug)]
pub struct Ledger {
    events: Recent<Known>,
    numbers: Recent<f64>,
}

impl Ledger {
    /// A ledger of so many events.
    pub fn new(capacity: usize) -> Self {
        Self {
            events: Recent::new(capacity),
            numbers: Recent::new(capacity),
        }
    }

    /// Forgets all but so many of the latest events.
    pub fn shorten(&mut self, capacity: usize) {
        self.events.shorten(capacity);
        self.numbers.shorten(capacity);
    }

    /// Notes that an event came. `taken`: it is answered with success. `number`: where it stands among those of its group.
    pub fn note(&mut self, event: u64, taken: bool, number: Option<(u64, f64)>) -> Noted {
        let known = self.events.entry(event);
        known.attempts = known.attempts.saturating_add(1);
        let attempt = known.attempts;
        let duplicate = known.taken;
        known.taken |= taken;
        let mut out_of_order = false;
        if taken
            && !duplicate
            && let Some((group, number)) = number
        {
            let highest = self.numbers.entry_or(group, number);
            out_of_order = number < *highest;
            *highest = highest.max(number);
        }
        Noted {
            attempt,
            duplicate,
            out_of_order,
        }
    }
}

/// A map that forgets its oldest keys.
#[derive(Debug)]
struct Recent<V> {
    capacity: usize,
    values: HashMap<u64, V>,
    order: VecDeque<u64>,
}

impl<V: Default> Recent<V> {
    fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            values: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    fn shorten(&mut self, capacity: usize) {
        self.capacity = capacity.max(1);
        while self.order.len() > self.capacity {
            if let Some(oldest) = self.order.pop_front() {
                self.values.remove(&oldest);
            }
        }
        self.values.shrink_to_fit();
        self.order.shrink_to_fit();
    }

    fn entry(&mut self, key: u64) -> &mut V {
        self.entry_or(key, V::default())
    }

    fn entry_or(&mut self, key: u64, value: V) -> &mut V {
        if !self.values.contains_key(&key) {
            if self.order.len() >= self.capacity
                && let Some(oldest) = self.order.pop_front()
            {
                self.values.remove(&oldest);
            }
            self.order.push_back(key);
        }
        self.values.entry(key).or_insert(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_was_refused_is_no_duplicate_when_it_comes_again() {
        let mut ledger = Ledger::new(10);
        let seen: Vec<(u32, bool)> = [false, false, true, true]
            .map(|taken| ledger.note(1, taken, None))
            .map(|noted| (noted.attempt, noted.duplicate))
            .to_vec();
        assert_eq!(seen, [(1, false), (2, false), (3, false), (4, true)]);
    }

    #[test]
    fn numbers_are_compared_within_their_group() {
        let mut ledger = Ledger::new(10);
        let mut at =
            |event, group, number| ledger.note(event, true, Some((group, number))).out_of_order;
        assert!(!at(1, 1, 1.0));
        assert!(!at(2, 1, 3.0));
        assert!(!at(3, 2, 2.0), "another group");
        assert!(at(4, 1, 2.0));
        assert!(!at(4, 1, 2.0), "a duplicate is not out of order as well");
        assert!(!at(5, 1, 3.0), "the same number is no step back");
    }

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut ledger = Ledger::new(2);
        for event in [1, 2, 3] {
            ledger.note(event, true, None);
        }
        assert!(ledger.note(3, true, None).duplicate);
        assert!(!ledger.note(1, true, None).duplicate);
        assert_eq!(ledger.events.values.len(), 2);
    }
}
