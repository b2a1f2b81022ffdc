//! The calls to one virtual user's own URL.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::answer::Answer;
use super::call::Call;
use super::intake::{Intake, Rules, late};
use super::lock;
use super::tally::{Event, Scenario, Tally, Why};

/// Calls that an inbox keeps unless it is told otherwise; past this the oldest goes.
pub const CAPACITY: usize = 1_000;
/// Calls that an inbox may be told to keep.
pub const MAX_CAPACITY: usize = 100_000;
/// Events that an inbox remembers.
const MEMORY: usize = 1_000;

/// An inbox. It is read by one virtual user, and filled by the listener.
#[derive(Debug)]
pub struct Inbox {
    pub token: u128,
    /// Whose it is.
    pub scenario: Scenario,
    pub intake: Intake,
    capacity: usize,
    waiting: Mutex<Waiting>,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By their numbers, ascending.
    calls: VecDeque<(u64, Arc<Call>)>,
    last: u64,
    closed: bool,
}

impl Inbox {
    /// An inbox for so many calls.
    pub fn new(token: u128, scenario: Scenario, rules: Rules, capacity: usize) -> Self {
        Self {
            token,
            scenario,
            intake: Intake::new(rules, MEMORY.max(capacity)),
            capacity: capacity.clamp(1, MAX_CAPACITY),
            waiting: Mutex::default(),
            filled: Notify::new(),
        }
    }

    /// Takes a call in; what its sender is answered.
    pub fn offer(&self, call: Call, tally: &Tally) -> Arc<Answer> {
        let admitted = self.intake.admit(call, "", &self.scenario, tally);
        let Some(call) = admitted.call else {
            return admitted.answer;
        };
        let mut waiting = lock(&self.waiting);
        // Closed since it was admitted.
        if waiting.closed {
            drop(waiting);
            tally.mark(Event::Unexpected(Why::Late), &self.scenario, 1);
            return late();
        }
        let full = waiting.calls.len() >= self.capacity;
        if full {
            waiting.calls.pop_front();
        }
        waiting.last += 1;
        let number = waiting.last;
        waiting.calls.push_back((number, call));
        drop(waiting);
        if full {
            tally.mark(Event::Dropped, &self.scenario, 1);
        }
        self.filled.notify_one();
        admitted.answer
    }

    /// The call that has waited longest, of those that `wanted` accepts.
    pub fn take(&self, wanted: impl Fn(&Call) -> bool) -> Option<Arc<Call>> {
        self.take_after(&mut 0, wanted)
    }

    /// As `take`, of the calls whose number is above `seen`, which then is that of the last one looked at.
    fn take_after(&self, seen: &mut u64, wanted: impl Fn(&Call) -> bool) -> Option<Arc<Call>> {
        loop {
            let (number, call) = {
                let waiting = lock(&self.waiting);
                let at = waiting.calls.partition_point(|(number, _)| number <= seen);
                waiting.calls.get(at)?.clone()
            };
            *seen = number;
            // Looked at while nothing is locked: a body may be long, and the listener must not wait for it.
            if wanted(&call) {
                let mut waiting = lock(&self.waiting);
                // One that was dropped for want of room in between is counted as that, and must not count as taken too.
                if let Ok(at) = waiting
                    .calls
                    .binary_search_by_key(&number, |(number, _)| *number)
                {
                    waiting.calls.remove(at);
                    return Some(call);
                }
            }
        }
    }

    /// The call that has waited longest, or the next that comes, of those that `wanted` accepts.
    pub async fn next(&self, wanted: impl Fn(&Call) -> bool) -> Arc<Call> {
        let mut seen = 0;
        loop {
            // Asked for before the look, so that a call that comes in between is not missed.
            let filled = self.filled.notified();
            if let Some(call) = self.take_after(&mut seen, &wanted) {
                return call;
            }
            filled.await;
        }
    }

    /// How many calls wait.
    pub fn len(&self) -> usize {
        lock(&self.waiting).calls.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes no more calls, and forgets those that wait: they are marked as unexpected.
    pub fn close(&self, tally: &Tally) {
        let left = {
            let mut waiting = lock(&self.waiting);
            waiting.closed = true;
            std::mem::take(&mut waiting.calls)
        };
        self.intake.close();
        let left = left.iter().filter(|(_, call)| !call.duplicate).count();
        tally.mark(
            Event::Unexpected(Why::Unclaimed),
            &self.scenario,
            left as u64,
        );
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::super::call::testing::call;
    use super::*;

    fn inbox(capacity: usize) -> (Inbox, Tally) {
        (
            Inbox::new(1, None, Rules::default(), capacity),
            Tally::default(),
        )
    }

    #[tokio::test]
    async fn a_call_is_found_whether_it_came_before_the_wait_or_after_it() {
        let (inbox, tally) = inbox(10);
        inbox.offer(call("a", &[]), &tally);
        assert_eq!(inbox.next(|_| true).await.body, "a");
        let (waited, ()) = tokio::join!(inbox.next(|call| call.body == "c"), async {
            inbox.offer(call("b", &[]), &tally);
            inbox.offer(call("c", &[]), &tally);
        });
        assert_eq!((waited.body.as_ref(), inbox.len()), (b"c".as_slice(), 1));
        let none = tokio::time::timeout(
            Duration::from_millis(1),
            inbox.next(|call| call.body == "d"),
        );
        assert!(none.await.is_err());
    }

    #[test]
    fn a_full_inbox_drops_the_oldest_call_and_says_so() {
        let (inbox, tally) = inbox(2);
        for body in ["a", "b", "c"] {
            inbox.offer(call(body, &[]), &tally);
        }
        assert_eq!(inbox.take(|_| true).unwrap().body, "b");
        assert_eq!(tally.take(), [(Event::Dropped, None, 1)]);
    }

    #[test]
    fn what_nobody_took_is_unexpected_and_what_comes_late_too() {
        let (inbox, tally) = inbox(10);
        inbox.offer(call("a", &[]), &tally);
        inbox.close(&tally);
        assert_eq!(tally.take(), [(Event::Unexpected(Why::Unclaimed), None, 1)]);
        assert_eq!(inbox.offer(call("b", &[]), &tally).status, StatusCode::GONE);
        assert_eq!(tally.take(), [(Event::Unexpected(Why::Late), None, 1)]);
        assert!(inbox.offer(call("a", &[]), &tally).accepts());
        assert_eq!(
            tally.take(),
            [(Event::Duplicate, None, 1)],
            "a duplicate is known after the end"
        );
    }
}
