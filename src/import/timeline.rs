//! What happened when: at most so many slots of equal length, filled in any order.
//!
//! Samples of other tools come as they end, as they began, or machine after machine, so a slot stays open to the end. When the run
//! turns out longer than there are slots, neighbours are put together in pairs and all slots become twice as long.

use std::collections::BTreeMap;

/// Nanoseconds since 1970, UTC.
pub type Moment = i64;

pub const SECOND: i64 = 1_000_000_000;

/// What a slot holds.
pub trait Slot: Default {
    /// Adds what came later.
    fn absorb(&mut self, later: Self);
    /// Gives up room that is only needed while samples come in.
    fn settle(&mut self) {}
}

/// Slots on one clock.
#[derive(Debug)]
pub struct Timeline<T> {
    slots: BTreeMap<i64, T>,
    base: Option<Moment>,
    /// Of a slot, in seconds; a power of two.
    width: i64,
    limit: usize,
    /// Those written to lately: they keep their room.
    recent: Vec<i64>,
}

/// Slots that are written to in turn.
const RECENT: usize = 4;

impl<T: Slot> Timeline<T> {
    /// An empty one of at most `limit` slots.
    pub fn new(limit: usize) -> Self {
        Self {
            slots: BTreeMap::new(),
            base: None,
            width: 1,
            limit: limit.max(2),
            recent: Vec::new(),
        }
    }

    /// The slot of a moment. The first moment asked for begins a slot; what comes up to a second before it belongs to the same.
    pub fn at(&mut self, moment: Moment) -> &mut T {
        let base = *self.base.get_or_insert(moment);
        let since = moment.saturating_sub(base);
        let seconds = match since {
            early if early > -SECOND && early < 0 => 0,
            since => since.div_euclid(SECOND),
        };
        while self.too_long_with(seconds.div_euclid(self.width)) {
            self.halve();
        }
        let index = seconds.div_euclid(self.width);
        if !self.recent.contains(&index) {
            if self.recent.len() >= RECENT {
                let old = self.recent.remove(0);
                if let Some(slot) = self.slots.get_mut(&old) {
                    slot.settle();
                }
            }
            self.recent.push(index);
        }
        self.slots.entry(index).or_default()
    }

    fn too_long_with(&self, index: i64) -> bool {
        let first = self
            .slots
            .keys()
            .next()
            .map_or(index, |first| index.min(*first));
        let last = self
            .slots
            .keys()
            .next_back()
            .map_or(index, |last| index.max(*last));
        last.saturating_sub(first) >= self.limit as i64
    }

    fn halve(&mut self) {
        let mut halved: BTreeMap<i64, T> = BTreeMap::new();
        for (index, slot) in std::mem::take(&mut self.slots) {
            let whole = halved.entry(index.div_euclid(2)).or_default();
            whole.absorb(slot);
            whole.settle();
        }
        self.slots = halved;
        self.width *= 2;
        self.recent.clear();
    }

    /// Of a slot, in seconds.
    pub fn width(&self) -> u64 {
        self.width.unsigned_abs()
    }

    /// When the first slot begins.
    pub fn start(&self) -> Option<Moment> {
        let first = *self.slots.keys().next()?;
        Some(
            self.base?
                .saturating_add(first.saturating_mul(self.width * SECOND)),
        )
    }

    /// Every slot from the first to the last, those without anything among them.
    pub fn into_slots(self) -> Vec<Option<T>> {
        let mut all = Vec::new();
        let mut next = None;
        for (index, slot) in self.slots {
            // As many as fit the limit: the distance was looked at when the slot was made.
            for _ in next.unwrap_or(index)..index {
                all.push(None);
            }
            all.push(Some(slot));
            next = Some(index + 1);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Default, PartialEq)]
    struct Sum(u64);

    impl Slot for Sum {
        fn absorb(&mut self, later: Self) {
            self.0 += later.0;
        }
    }

    #[test]
    fn what_comes_a_little_before_the_first_belongs_to_it() {
        let mut timeline: Timeline<Sum> = Timeline::new(10);
        for moment in [5 * SECOND, 5 * SECOND - 1, 3 * SECOND, 6 * SECOND] {
            timeline.at(moment).0 += 1;
        }
        assert_eq!(timeline.start(), Some(3 * SECOND));
        let slots = timeline.into_slots();
        assert_eq!(slots, [Some(Sum(1)), None, Some(Sum(2)), Some(Sum(1))]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_in_whatever_order_it_comes(moments in prop::collection::vec(-20_000i64..20_000, 1..200), limit in 2usize..50) {
            let mut timeline: Timeline<Sum> = Timeline::new(limit);
            for second in &moments {
                timeline.at(second * SECOND).0 += 1;
            }
            let width = timeline.width();
            let start = timeline.start().unwrap() / SECOND;
            let slots = timeline.into_slots();
            prop_assert!(slots.len() <= limit);
            prop_assert!(width.is_power_of_two());
            for (at, slot) in slots.iter().enumerate() {
                let from = start + at as i64 * width as i64;
                let inside = moments.iter().filter(|m| (from..from + width as i64).contains(*m)).count();
                prop_assert_eq!(slot.as_ref().map_or(0, |slot| slot.0), inside as u64);
            }
        }
    }
}
