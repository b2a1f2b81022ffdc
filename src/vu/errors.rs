//! Failures, counted by what they are: bounded however many there are.

use std::collections::HashMap;

use crate::lengths::{MESSAGE, NAME, TEXT, shorten};
use crate::trace::TraceId;

/// Where a failure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKind {
    Http,
    Script,
    /// A check threw, which ends no iteration.
    Check,
    Timeout,
}

/// What makes two failures the same.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TallyKey {
    pub kind: FailureKind,
    pub code: u16,
    pub message: String,
}

/// How often a failure happened, when, and one example.
#[derive(Debug, Clone)]
pub struct ErrorTally {
    pub count: u64,
    /// Seconds since the run's start.
    pub first: f64,
    pub last: f64,
    pub example: Example,
}

/// One occurrence, for people.
#[derive(Debug, Clone, Default)]
pub struct Example {
    pub text: String,
    pub url: Option<String>,
    pub scenario: String,
    pub vu: u64,
    pub iteration: u64,
    /// Its trace, if that is recorded.
    pub trace: Option<TraceId>,
    /// What was sent and what came back, if it is about a request.
    pub exchange: Option<Box<SeenExchange>>,
}

/// A request that failed, and its answer if there was one. Secrets are left out.
#[derive(Debug, Clone, Default)]
pub struct SeenExchange {
    pub request: Seen,
    pub response: Option<Seen>,
}

/// A message as it is shown.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// `POST https://…`, or `HTTP/1.1 503`.
    pub start: String,
    pub headers: Vec<(String, String)>,
    /// The beginning of it, laid out for reading.
    pub body: String,
}

/// Headers that are kept of a message.
const MAX_HEADERS: usize = 64;

impl Seen {
    fn shorten(&mut self) {
        shorten(&mut self.start, MESSAGE);
        shorten(&mut self.body, MESSAGE);
        self.headers.truncate(MAX_HEADERS);
        for (name, value) in &mut self.headers {
            shorten(name, NAME);
            shorten(value, NAME);
        }
    }
}

impl Example {
    fn shortened(mut self) -> Self {
        shorten(&mut self.text, TEXT);
        self.url.iter_mut().for_each(|url| shorten(url, MESSAGE));
        self
    }
}

/// Distinct messages kept per worker; the rest is counted under its code alone.
const MAX_MESSAGES: usize = 200;

/// Failures since they were last taken.
#[derive(Debug, Default)]
pub struct Errors {
    tallies: HashMap<TallyKey, ErrorTally>,
}

impl Errors {
    /// Counts a failure. `example` is only called for the first of its kind; then this gives what the failure is counted as,
    /// for [`Self::explain`].
    pub fn add(
        &mut self,
        mut key: TallyKey,
        at: f64,
        example: impl FnOnce() -> Example,
    ) -> Option<TallyKey> {
        shorten(&mut key.message, MESSAGE);
        if let Some(tally) = self.tallies.get_mut(&key) {
            tally.count += 1;
            tally.last = at;
            return None;
        }
        let key = if self.tallies.len() < MAX_MESSAGES {
            key
        } else {
            TallyKey {
                message: "(other messages)".to_owned(),
                ..key
            }
        };
        let is_new = !self.tallies.contains_key(&key);
        let tally = self
            .tallies
            .entry(key.clone())
            .or_insert_with(|| ErrorTally {
                count: 0,
                first: at,
                last: at,
                example: example().shortened(),
            });
        tally.count += 1;
        tally.last = at;
        is_new.then_some(key)
    }

    /// Adds to the example of a failure what was sent and what came back.
    pub fn explain(&mut self, key: &TallyKey, mut exchange: SeenExchange) {
        exchange.request.shorten();
        if let Some(response) = &mut exchange.response {
            response.shorten();
        }
        if let Some(tally) = self.tallies.get_mut(key) {
            tally.example.exchange.get_or_insert(Box::new(exchange));
        }
    }

    /// Takes what was counted.
    pub fn take(&mut self) -> Vec<(TallyKey, ErrorTally)> {
        self.tallies.drain().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_in_a_message_is_not_kept() {
        let mut errors = Errors::default();
        let page = "x".repeat(1_000_000);
        let key = TallyKey {
            kind: FailureKind::Script,
            code: 0,
            message: page.clone(),
        };
        let example = || Example {
            text: page.clone(),
            url: Some(page.clone()),
            ..Example::default()
        };
        errors.add(key.clone(), 0.0, example);
        errors.add(key, 1.0, example);
        let taken = errors.take();
        let (key, tally) = &taken[0];
        assert_eq!((taken.len(), tally.count), (1, 2));
        let kept = key.message.len() + tally.example.text.len();
        assert!(kept + tally.example.url.as_ref().unwrap().len() < 20_000);
    }

    #[test]
    fn endless_distinct_messages_stay_bounded_and_none_is_lost() {
        let mut errors = Errors::default();
        for number in 0..5_000 {
            let key = TallyKey {
                kind: FailureKind::Script,
                code: 0,
                message: format!("error {number}"),
            };
            errors.add(key, f64::from(number), Example::default);
        }
        let taken = errors.take();
        assert!(taken.len() <= MAX_MESSAGES + 1);
        assert_eq!(
            taken.iter().map(|(_, tally)| tally.count).sum::<u64>(),
            5_000
        );
    }
}
