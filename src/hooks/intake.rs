//! What every call goes through before somebody gets it: signature, answer, ledger.

use std::collections::VecDeque;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::{Arc, Mutex};

use http::StatusCode;

use super::answer::{Answer, Answers};
use super::call::Call;
use super::ledger::Ledger;
use super::lock;
use super::place::{Looked, Place};
use super::signature::Scheme;
use super::tally::{Event, Scenario, Tally, Why};

/// Headers by which services name an event; the first that is there counts.
const ID_HEADERS: [&str; 5] = [
    "webhook-id",
    "x-webhook-id",
    "x-github-delivery",
    "x-event-id",
    "idempotency-key",
];

/// Refused calls that are kept to be looked at.
const MAX_REFUSED: usize = 100;

/// Events that a closed entrance remembers.
const MEMORY_OF_CLOSED: usize = 64;

/// What calls are judged by.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Where an event's id is. Without one: a header in which services have it, else the whole call.
    pub id: Option<Arc<Place>>,
    /// Where an event's number in its order is.
    pub sequence: Option<Arc<Place>>,
    /// How calls must be signed.
    pub verify: Option<Scheme>,
    /// Duplicates are given to whoever waits, too.
    pub keep_duplicates: bool,
}

/// What became of a call.
#[derive(Debug)]
pub struct Admitted {
    pub answer: Arc<Answer>,
    /// The call, if somebody is to have it.
    pub call: Option<Arc<Call>>,
}

/// How many calls came, of which kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub received: u64,
    pub duplicates: u64,
}

#[derive(Debug)]
struct State {
    rules: Arc<Rules>,
    answers: Answers,
    ledger: Ledger,
    refused: VecDeque<Arc<Call>>,
    counts: Counts,
    closed: bool,
}

/// The entrance of an inbox, or of the board.
#[derive(Debug)]
pub struct Intake {
    state: Mutex<State>,
    hasher: RandomState,
}

impl Intake {
    /// An entrance that remembers so many events.
    pub fn new(rules: Rules, memory: usize) -> Self {
        Self {
            state: Mutex::new(State {
                rules: Arc::new(rules),
                answers: Answers::default(),
                ledger: Ledger::new(memory),
                refused: VecDeque::new(),
                counts: Counts::default(),
                closed: false,
            }),
            hasher: RandomState::new(),
        }
    }

    /// Changes what calls are judged by, from the next one on.
    pub fn change_rules(&self, change: impl FnOnce(&mut Rules)) {
        change(Arc::make_mut(&mut lock(&self.state).rules));
    }

    /// Takes the place of the answers that are left.
    pub fn set_answers(&self, answers: Answers) {
        lock(&self.state).answers = answers;
    }

    pub fn counts(&self) -> Counts {
        lock(&self.state).counts
    }

    /// The latest calls that were answered with an error, or not at all.
    pub fn refused(&self) -> Vec<Arc<Call>> {
        lock(&self.state).refused.iter().cloned().collect()
    }

    /// Takes nothing any more. What came last is remembered, so that a duplicate is still told from a call that is late.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        state.refused = VecDeque::new();
        state.ledger.shorten(MEMORY_OF_CLOSED);
    }

    /// Judges a call. `group`: the key within which numbers are compared.
    pub fn admit(
        &self,
        mut call: Call,
        group: &str,
        scenario: &Scenario,
        tally: &Tally,
    ) -> Admitted {
        let rules = {
            let mut state = lock(&self.state);
            state.counts.received += 1;
            state.rules.clone()
        };
        // What takes long is done while nothing is locked.
        if let Some(scheme) = &rules.verify
            && let Err(why) = scheme.verify(&call)
        {
            tally.mark(Event::BadSignature, scenario, 1);
            call.refused = Some(why);
            return self.refuse(
                call,
                Arc::new(Answer::saying(StatusCode::UNAUTHORIZED, why)),
            );
        }
        let looked = Looked::new(&call);
        let event = self.event(&rules, &looked);
        let number = rules
            .sequence
            .as_ref()
            .and_then(|place| place.find(&looked)?.parse::<f64>().ok())
            .filter(|number| number.is_finite())
            .map(|number| (self.hasher.hash_one(group), number));
        let (answer, noted) = {
            let mut state = lock(&self.state);
            let answer = match state.closed {
                true => late(),
                false => state.answers.draw(),
            };
            let noted = state.ledger.note(event, answer.accepts(), number);
            if noted.duplicate && answer.accepts() {
                state.counts.duplicates += 1;
            }
            if state.closed {
                drop(state);
                return closed(noted.duplicate, scenario, tally);
            }
            (answer, noted)
        };
        call.attempt = noted.attempt;
        call.duplicate = noted.duplicate;
        call.out_of_order = noted.out_of_order;
        if !answer.accepts() {
            call.refused = Some("it was answered with an error, as the script asked for");
            return self.refuse(call, answer);
        }
        if noted.duplicate {
            tally.mark(Event::Duplicate, scenario, 1);
        }
        if noted.out_of_order {
            tally.mark(Event::OutOfOrder, scenario, 1);
        }
        let wanted = !noted.duplicate || rules.keep_duplicates;
        Admitted {
            answer,
            call: wanted.then(|| Arc::new(call)),
        }
    }

    /// What tells a call's event from others.
    fn event(&self, rules: &Rules, looked: &Looked<'_>) -> u64 {
        let call = looked.call;
        let mut hasher = self.hasher.build_hasher();
        let id = match &rules.id {
            Some(place) => place.find(looked),
            None => ID_HEADERS
                .iter()
                .find_map(|name| call.header(*name))
                .map(str::to_owned),
        };
        match id {
            Some(id) => (true, id).hash(&mut hasher),
            None => {
                (false, call.method.as_str(), &call.path, &call.query).hash(&mut hasher);
                call.body.hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    fn refuse(&self, call: Call, answer: Arc<Answer>) -> Admitted {
        let mut state = lock(&self.state);
        if state.closed {
            return Admitted { answer, call: None };
        }
        if state.refused.len() >= MAX_REFUSED {
            state.refused.pop_front();
        }
        state.refused.push_back(Arc::new(call));
        Admitted { answer, call: None }
    }
}

/// What a call that comes too late is answered.
pub fn late() -> Arc<Answer> {
    let why = "this inbox is closed: its virtual user waits no longer";
    Arc::new(Answer::saying(StatusCode::GONE, why))
}

/// A call to a closed entrance. Of an event that was taken in time its sender may know so.
fn closed(duplicate: bool, scenario: &Scenario, tally: &Tally) -> Admitted {
    let (event, answer) = match duplicate {
        true => (Event::Duplicate, Arc::new(Answer::of(StatusCode::OK))),
        false => (Event::Unexpected(Why::Late), late()),
    };
    tally.mark(event, scenario, 1);
    Admitted { answer, call: None }
}

#[cfg(test)]
mod tests {
    use super::super::call::testing::call;
    use super::*;

    fn place(text: &str) -> Option<Arc<Place>> {
        Some(Arc::new(text.parse().unwrap()))
    }

    /// Whether each body is given to somebody, and what was marked.
    fn admitted(rules: Rules, calls: Vec<Call>) -> (Vec<bool>, Vec<(Event, u64)>) {
        let (intake, tally) = (Intake::new(rules, 100), Tally::default());
        let given = calls
            .into_iter()
            .map(|call| intake.admit(call, "", &None, &tally).call.is_some())
            .collect();
        let marks = tally.take();
        (
            given,
            marks.into_iter().map(|(event, _, n)| (event, n)).collect(),
        )
    }

    #[test]
    fn without_an_id_the_same_body_is_the_same_event() {
        let calls = vec![call("a", &[]), call("b", &[]), call("a", &[])];
        assert_eq!(
            admitted(Rules::default(), calls),
            (vec![true, true, false], vec![(Event::Duplicate, 1)])
        );
    }

    #[test]
    fn an_id_tells_events_apart_whatever_their_bodies() {
        let calls = || {
            vec![
                call("same", &[("webhook-id", "1")]),
                call("same", &[("webhook-id", "2")]),
                call("other", &[("webhook-id", "2")]),
            ]
        };
        let expected = (vec![true, true, false], vec![(Event::Duplicate, 1)]);
        assert_eq!(admitted(Rules::default(), calls()), expected);
        let own = |id: &str, n: u8| call(&format!(r#"{{"id": "{id}", "n": {n}}}"#), &[]);
        let rules = Rules {
            id: place("$.id"),
            ..Rules::default()
        };
        assert_eq!(
            admitted(rules, vec![own("a", 1), own("b", 1), own("b", 2)]),
            expected
        );
        let rules = Rules {
            keep_duplicates: true,
            ..Rules::default()
        };
        assert_eq!(admitted(rules, calls()).0, [true, true, true]);
    }

    #[test]
    fn a_number_that_goes_back_is_out_of_order() {
        let rules = Rules {
            sequence: place("$.n"),
            ..Rules::default()
        };
        let bodies = [
            "{\"n\": 1}",
            "{\"n\": 10}",
            "{\"n\": 9.5}",
            "{\"n\": \"x\"}",
            "{}",
        ];
        let calls = bodies.iter().map(|body| call(body, &[])).collect();
        assert_eq!(
            admitted(rules, calls),
            (vec![true; 5], vec![(Event::OutOfOrder, 1)])
        );
    }

    #[test]
    fn what_is_not_signed_is_refused_and_kept_to_be_looked_at() {
        let rules = Rules {
            verify: Some(Scheme::hub(b"s")),
            ..Rules::default()
        };
        let (intake, tally) = (Intake::new(rules, 100), Tally::default());
        let admitted = intake.admit(call("a", &[]), "", &None, &tally);
        assert_eq!(
            (admitted.answer.status.as_u16(), admitted.call.is_none()),
            (401, true)
        );
        assert_eq!(
            intake.refused()[0].refused,
            Some("the signature is missing")
        );
        assert_eq!(tally.take(), [(Event::BadSignature, None, 1)]);
        for _ in 0..200 {
            intake.admit(call("a", &[]), "", &None, &tally);
        }
        assert_eq!(intake.refused().len(), MAX_REFUSED);
    }
}
