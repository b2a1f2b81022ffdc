//! Where calls are taken in: from the token in the path to the inbox or the board.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use ring::rand::{SecureRandom, SystemRandom};
use rustc_hash::FxHashMap;

use super::answer::Answer;
use super::board::Board;
use super::budget::{Budget, Held};
use super::call::Call;
use super::inbox::Inbox;
use super::intake::Rules;
use super::tally::{Event, Scenario, Tally, Why};
use super::{Settings, lock};

/// Parts that tokens are kept in, so that users and the listener hardly ever meet at one lock.
const SHARDS: usize = 64;

/// Closed inboxes that are still known, so that a call that comes late is told from one to an unknown URL.
const MAX_CLOSED: usize = 20_000;

/// Digits of a token in a URL.
const DIGITS: usize = 32;

/// All that a run receives goes through here.
#[derive(Debug)]
pub struct Desk {
    shards: Vec<Mutex<FxHashMap<u128, Arc<Inbox>>>>,
    closed: Mutex<VecDeque<u128>>,
    /// Leads to the board.
    token: u128,
    pub board: Board,
    pub tally: Tally,
    budget: Budget,
    random: SystemRandom,
    rules: Rules,
}

/// The system gives no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandom;

impl Desk {
    /// The desk of a run.
    pub fn new(settings: &Settings) -> Self {
        let mut desk = Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            closed: Mutex::default(),
            token: 0,
            board: Board::new(settings.rules.clone(), &settings.correlate),
            tally: Tally::default(),
            budget: Budget::default(),
            random: SystemRandom::new(),
            rules: settings.rules.clone(),
        };
        // Without random numbers there is no inbox either, and that is told when one is asked for.
        desk.token = desk.fresh().unwrap_or_default();
        desk
    }

    fn fresh(&self) -> Result<u128, NoRandom> {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes).map_err(|_| NoRandom)?;
        Ok(u128::from_be_bytes(bytes))
    }

    fn shard(&self, token: u128) -> Option<&Mutex<FxHashMap<u128, Arc<Inbox>>>> {
        self.shards.get((token % SHARDS as u128) as usize)
    }

    /// The path of the board.
    pub fn board_path(&self) -> String {
        path_of(self.token)
    }

    /// What inboxes go by unless a script says otherwise.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// A new inbox, whose path nobody can guess.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn open(
        &self,
        scenario: Scenario,
        rules: Rules,
        capacity: usize,
    ) -> Result<Arc<Inbox>, NoRandom> {
        let token = self.fresh()?;
        let inbox = Arc::new(Inbox::new(token, scenario, rules, capacity));
        if let Some(shard) = self.shard(token) {
            lock(shard).insert(token, inbox.clone());
        }
        Ok(inbox)
    }

    /// Closes an inbox. It stays known for a while.
    pub fn close_inbox(&self, inbox: &Inbox) {
        inbox.close(&self.tally);
        let forgotten = {
            let mut closed = lock(&self.closed);
            closed.push_back(inbox.token);
            if closed.len() > MAX_CLOSED {
                closed.pop_front()
            } else {
                None
            }
        };
        if let Some(token) = forgotten
            && let Some(shard) = self.shard(token)
        {
            lock(shard).remove(&token);
        }
    }

    /// Whether a path leads anywhere, so that its body is worth reading. Marks it if it does not.
    pub fn find(&self, path: &str) -> Option<Destination> {
        let found = token_in(path).and_then(|(token, rest)| {
            let to = if token == self.token {
                To::Board
            } else {
                To::Inbox(lock(self.shard(token)?).get(&token)?.clone())
            };
            Some(Destination { to, rest })
        });
        if found.is_none() {
            self.tally.mark(Event::Received, &None, 1);
            self.tally.mark(Event::Unexpected(Why::Unknown), &None, 1);
        }
        found
    }

    /// Room for the bytes of one call, from when the first of them is read: nothing to begin with.
    pub fn room(&self) -> Option<Held> {
        self.budget.take(0)
    }

    /// Takes a call in; what its sender is answered.
    pub fn receive(&self, to: &Destination, call: Call) -> Arc<Answer> {
        self.tally.mark(Event::Received, to.scenario(), 1);
        match &to.to {
            To::Inbox(inbox) => inbox.offer(call, &self.tally),
            To::Board => self.board.offer(call, &self.tally),
        }
    }

    /// Marks a call that could not be taken in.
    pub fn turned_away(&self, to: &Destination) {
        self.tally.mark(Event::Received, to.scenario(), 1);
        self.tally.mark(Event::Dropped, to.scenario(), 1);
    }

    /// The end of the run: what nobody waited for is marked.
    pub fn close(&self) {
        for shard in &self.shards {
            let inboxes = std::mem::take(&mut *lock(shard));
            for inbox in inboxes.into_values() {
                inbox.close(&self.tally);
            }
        }
        self.board.close(&self.tally);
    }
}

/// Where a call goes.
#[derive(Debug)]
pub struct Destination {
    to: To,
    /// What follows the token in the path, `/` if nothing does.
    pub rest: String,
}

#[derive(Debug)]
enum To {
    Inbox(Arc<Inbox>),
    Board,
}

impl Destination {
    fn scenario(&self) -> &Scenario {
        match &self.to {
            To::Inbox(inbox) => &inbox.scenario,
            To::Board => &None,
        }
    }
}

/// The path to a token.
pub fn path_of(token: u128) -> String {
    format!("/{token:0DIGITS$x}")
}

/// The token in a path and what follows it. It may stand anywhere: a proxy before the listener may have put something in front.
fn token_in(path: &str) -> Option<(u128, String)> {
    let mut rest = path;
    while let Some((_, after)) = rest.split_once('/') {
        let (segment, end) = match after.find('/') {
            Some(end) => after.split_at(end),
            None => (after, ""),
        };
        if segment.len() == DIGITS && segment.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let token = u128::from_str_radix(segment, 16).ok()?;
            let rest = if end.is_empty() { "/" } else { end };
            return Some((token, rest.to_owned()));
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::super::call::testing::call;
    use super::*;

    #[test]
    fn a_token_is_found_wherever_it_stands_in_the_path() {
        let token = 0xabc;
        let path = path_of(token);
        assert_eq!(path.len(), DIGITS + 1);
        for (text, rest) in [
            (path.clone(), "/"),
            (format!("{path}/"), "/"),
            (format!("/hooks{path}/payment/done"), "/payment/done"),
        ] {
            assert_eq!(token_in(&text), Some((token, rest.to_owned())), "{text}");
        }
        for text in [
            "",
            "/",
            "/abc",
            "//",
            &format!("{path}0"),
            "/+0000000000000000000000000000abc",
        ] {
            assert_eq!(token_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_closed_inbox_is_known_until_many_others_were_closed() {
        let desk = Desk::new(&Settings::default());
        let open = || desk.open(None, Rules::default(), 10).unwrap();
        let first = open();
        desk.close_inbox(&first);
        let path = path_of(first.token);
        let late = desk.find(&path).unwrap();
        assert_eq!(desk.receive(&late, call("a", &[])).status, StatusCode::GONE);
        for _ in 0..MAX_CLOSED {
            desk.close_inbox(&open());
        }
        desk.tally.take();
        assert!(desk.find(&path).is_none());
        let marks = desk.tally.take();
        assert!(
            marks.contains(&(Event::Unexpected(Why::Unknown), None, 1)),
            "{marks:?}"
        );
    }

    #[test]
    fn the_board_has_a_path_of_its_own() {
        let desk = Desk::new(&Settings::default());
        let to = desk.find(&desk.board_path()).unwrap();
        assert!(desk.receive(&to, call("a", &[])).accepts());
        desk.close();
        let marks = desk.tally.take();
        assert!(
            marks.contains(&(Event::Unexpected(Why::Unclaimed), None, 1)),
            "{marks:?}"
        );
    }
}
