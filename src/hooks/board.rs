//! The calls to the run's own URL, found by a key in them.
//!
//! A key is looked for where somebody said that it is: places are few and known early, so every call is put under what stands at
//! each of them, and a wait is a look into a map however many calls and waits there are.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::answer::Answer;
use super::call::Call;
use super::intake::{Intake, Rules};
use super::lock;
use super::place::{Looked, Place};
use super::tally::{Event, Tally, Why};

/// Calls kept until somebody waits for them; past this the oldest goes.
const CAPACITY: usize = 100_000;
/// Events remembered.
const MEMORY: usize = 200_000;
/// Places at which keys are looked for.
pub const MAX_PLACES: usize = 16;

/// A place by its number, and what stands there.
type Key = (usize, String);

/// One who waits: his number, and how the call gets to him.
type Waiter = (u64, oneshot::Sender<Arc<Call>>);

/// The board of a run.
#[derive(Debug)]
pub struct Board {
    pub intake: Intake,
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    places: Arc<Vec<Arc<Place>>>,
    /// How many of the places are those of waits that name none.
    named: Vec<usize>,
    /// Calls that nobody has waited for yet, in the order in which they came.
    calls: BTreeMap<u64, (Arc<Call>, Vec<Key>)>,
    index: HashMap<Key, VecDeque<u64>>,
    waiting: HashMap<Key, VecDeque<Waiter>>,
    last: u64,
}

/// There are too many places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("keys are looked for at {MAX_PLACES} different places already")]
pub struct TooManyPlaces;

impl State {
    fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn put(&mut self, call: Arc<Call>, keys: Vec<Key>) {
        let number = self.number();
        for key in &keys {
            self.index.entry(key.clone()).or_default().push_back(number);
        }
        self.calls.insert(number, (call, keys));
    }

    /// Gives a call to the first who waits for one of its keys; gives it back if nobody does.
    fn hand_over(&mut self, mut call: Arc<Call>, keys: &[Key]) -> Option<Arc<Call>> {
        for key in keys {
            while let Some(waiter) = self.waiting.get_mut(key).and_then(VecDeque::pop_front) {
                match waiter.1.send(call) {
                    Ok(()) => return None,
                    // That one has given up.
                    Err(back) => call = back,
                }
            }
            self.waiting.remove(key);
        }
        Some(call)
    }

    fn remove(&mut self, number: u64) -> Option<Arc<Call>> {
        let (call, keys) = self.calls.remove(&number)?;
        for key in &keys {
            if let Some(numbers) = self.index.get_mut(key) {
                numbers.retain(|other| *other != number);
                if numbers.is_empty() {
                    self.index.remove(key);
                }
            }
        }
        Some(call)
    }
}

impl Board {
    /// A board that looks for keys at these places, also for waits that name none.
    pub fn new(rules: Rules, places: &[Arc<Place>]) -> Self {
        let places: Vec<_> = places.iter().take(MAX_PLACES).cloned().collect();
        Self {
            intake: Intake::new(rules, MEMORY),
            capacity: CAPACITY,
            state: Mutex::new(State {
                named: (0..places.len()).collect(),
                places: Arc::new(places),
                ..State::default()
            }),
        }
    }

    /// The number of a place. A place that is new is looked at in the calls that are there, too. `for_all`: also for waits that
    /// name none.
    ///
    /// # Errors
    /// When there are too many.
    pub fn place(&self, place: &Arc<Place>, for_all: bool) -> Result<usize, TooManyPlaces> {
        let mut state = lock(&self.state);
        let number = match state.places.iter().position(|known| known == place) {
            Some(number) => number,
            None => {
                let number = state.places.len();
                if number >= MAX_PLACES {
                    return Err(TooManyPlaces);
                }
                Arc::make_mut(&mut state.places).push(place.clone());
                let found: Vec<(u64, Key)> = state
                    .calls
                    .iter()
                    .filter_map(|(at, (call, _))| {
                        Some((*at, (number, place.find(&Looked::new(call))?)))
                    })
                    .collect();
                for (at, key) in found {
                    if let Some((_, keys)) = state.calls.get_mut(&at) {
                        keys.push(key.clone());
                    }
                    state.index.entry(key).or_default().push_back(at);
                }
                number
            }
        };
        if for_all && !state.named.contains(&number) {
            state.named.push(number);
        }
        Ok(number)
    }

    /// The places of waits that name none.
    pub fn named(&self) -> Vec<usize> {
        lock(&self.state).named.clone()
    }

    /// Takes a call in; what its sender is answered.
    pub fn offer(&self, call: Call, tally: &Tally) -> Arc<Answer> {
        let places = lock(&self.state).places.clone();
        let keys = keys_of(&call, &places);
        let group = keys.first().map_or("", |(_, key)| key.as_str());
        let admitted = self.intake.admit(call, group, &None, tally);
        let Some(mut call) = admitted.call else {
            return admitted.answer;
        };
        let mut state = lock(&self.state);
        // A place may have been named in between.
        let keys = if state.places.len() == places.len() {
            keys
        } else {
            keys_of(&call, &state.places)
        };
        match state.hand_over(call, &keys) {
            None => return admitted.answer,
            Some(back) => call = back,
        }
        let full = state.calls.len() >= self.capacity;
        if full && let Some(&oldest) = state.calls.keys().next() {
            state.remove(oldest);
        }
        state.put(call, keys);
        drop(state);
        if full {
            tally.mark(Event::Dropped, &None, 1);
        }
        admitted.answer
    }

    /// The oldest call that has this key at one of these places, or the next that comes.
    pub async fn next(&self, places: &[usize], key: &str) -> Option<Arc<Call>> {
        let keys: Vec<Key> = places
            .iter()
            .map(|place| (*place, key.to_owned()))
            .collect();
        let mut waits = Vec::new();
        {
            let mut state = lock(&self.state);
            let found = keys
                .iter()
                .filter_map(|key| state.index.get(key)?.front().copied())
                .min();
            if let Some(call) = found.and_then(|number| state.remove(number)) {
                return Some(call);
            }
            for key in keys {
                let number = state.number();
                let (sender, receiver) = oneshot::channel();
                state
                    .waiting
                    .entry(key.clone())
                    .or_default()
                    .push_back((number, sender));
                waits.push(Wait {
                    board: self,
                    key,
                    number,
                    receiver,
                });
            }
        }
        // The senders live as long as the waits, so an error is the end of the board.
        let receivers = waits.iter_mut().map(|wait| &mut wait.receiver);
        let (call, ..) = futures_util::future::select_all(receivers).await;
        call.ok()
    }

    /// Forgets the calls that nobody waited for: they are marked as unexpected.
    pub fn close(&self, tally: &Tally) {
        let left = {
            let mut state = lock(&self.state);
            state.index.clear();
            std::mem::take(&mut state.calls)
        };
        let left = left.values().filter(|(call, _)| !call.duplicate).count();
        tally.mark(Event::Unexpected(Why::Unclaimed), &None, left as u64);
    }
}

fn keys_of(call: &Call, places: &[Arc<Place>]) -> Vec<Key> {
    let looked = Looked::new(call);
    let found = places.iter().enumerate();
    found
        .filter_map(|(number, place)| Some((number, place.find(&looked)?)))
        .collect()
}

/// One entry among those that wait; taken out when it is over.
struct Wait<'a> {
    board: &'a Board,
    key: Key,
    number: u64,
    receiver: oneshot::Receiver<Arc<Call>>,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.board.state);
        if let Some(waiting) = state.waiting.get_mut(&self.key) {
            waiting.retain(|(number, _)| *number != self.number);
            if waiting.is_empty() {
                state.waiting.remove(&self.key);
            }
        }
        // A call that came while this one gave up goes to the next who waits, now or later.
        self.receiver.close();
        if let Ok(call) = self.receiver.try_recv() {
            let keys = keys_of(&call, &state.places.clone());
            if let Some(call) = state.hand_over(call, &keys) {
                state.put(call, keys);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::call::testing::call;
    use super::*;

    fn place(text: &str) -> Arc<Place> {
        Arc::new(text.parse().unwrap())
    }

    fn body(id: &str) -> Call {
        call(
            &format!(r#"{{"id": "{id}"}}"#),
            &[("x-request-id", &format!("r-{id}"))],
        )
    }

    fn board() -> (Board, Tally) {
        (
            Board::new(Rules::default(), &[place("$.id")]),
            Tally::default(),
        )
    }

    async fn soon<F: Future>(future: F) -> Option<F::Output> {
        tokio::time::timeout(Duration::from_millis(5), future)
            .await
            .ok()
    }

    #[tokio::test]
    async fn a_call_is_found_by_its_key_before_and_after_the_wait() {
        let (board, tally) = board();
        board.offer(body("a"), &tally);
        board.offer(body("b"), &tally);
        assert!(board.next(&[0], "b").await.is_some());
        assert!(soon(board.next(&[0], "b")).await.is_none(), "it was taken");
        let (c, ()) = tokio::join!(board.next(&[0], "c"), async {
            board.offer(body("d"), &tally);
            board.offer(body("c"), &tally);
        });
        assert!(c.is_some());
        board.close(&tally);
        assert_eq!(tally.take(), [(Event::Unexpected(Why::Unclaimed), None, 2)]);
        let state = lock(&board.state);
        assert!(state.waiting.is_empty() && state.index.is_empty());
    }

    #[tokio::test]
    async fn a_place_that_is_named_later_finds_what_came_earlier() {
        let (board, tally) = board();
        board.offer(body("a"), &tally);
        board.offer(body("b"), &tally);
        let header = board.place(&place("header:x-request-id"), false).unwrap();
        assert_eq!((header, board.named()), (1, vec![0]));
        assert!(board.next(&[header], "r-b").await.is_some());
        assert!(soon(board.next(&[0], "b")).await.is_none());
        assert!(board.next(&[0, header], "a").await.is_some());
        for number in 2..MAX_PLACES {
            board.place(&place(&format!("$.p{number}")), true).unwrap();
        }
        assert_eq!(board.place(&place("$.more"), true), Err(TooManyPlaces));
    }

    #[tokio::test]
    async fn who_gives_up_takes_no_call_with_him() {
        let (board, tally) = board();
        let mut first = Box::pin(board.next(&[0], "a"));
        assert!(futures_util::poll!(&mut first).is_pending());
        board.offer(body("a"), &tally);
        drop(first);
        assert!(board.next(&[0], "a").await.is_some());
    }

    #[tokio::test]
    async fn what_came_to_one_who_gives_up_goes_to_the_next_who_waits_already() {
        let (board, tally) = board();
        let mut first = Box::pin(board.next(&[0], "a"));
        assert!(futures_util::poll!(&mut first).is_pending());
        let mut second = Box::pin(board.next(&[0], "a"));
        assert!(futures_util::poll!(&mut second).is_pending());
        board.offer(body("a"), &tally);
        drop(first);
        assert!(soon(second).await.flatten().is_some());
    }

    #[tokio::test]
    async fn a_full_board_drops_the_oldest_call_and_says_so() {
        let (mut board, tally) = board();
        board.capacity = 2;
        for id in ["a", "b", "c"] {
            board.offer(body(id), &tally);
        }
        assert_eq!(tally.take(), [(Event::Dropped, None, 1)]);
        assert!(soon(board.next(&[0], "a")).await.is_none());
        assert!(board.next(&[0], "b").await.is_some());
    }
}
