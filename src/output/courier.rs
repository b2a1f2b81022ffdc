//! A bounded queue, and the task that carries what is in it to its receiver.
//!
//! What is posted is never waited for. The queue is bounded in bytes: when it is full, the oldest of it is lost, and counted, for
//! of a series that only grows the newest value says the most. What a receiver cannot take now is tried again, later and later.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::LocalBoxFuture;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Delivered, Tally};

/// What waits at most.
pub const QUEUE_BYTES: usize = 64 << 20;
/// The first pause before something is tried again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// The longest pause that a receiver may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// Something to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Shared with whoever sends it.
    pub body: Bytes,
    /// How many samples are in it.
    pub samples: u64,
}

/// Why a parcel did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It may be tried again, not before `after`.
    Later {
        why: String,
        after: Option<Duration>,
    },
    /// It will never be taken.
    Never { why: String },
    /// There is nothing at this address that could take it.
    Absent { why: String },
    /// So many samples of it were not taken.
    Partly { why: String, lost: u64 },
    /// The receiver takes nothing of this kind, which is no loss to anybody.
    Unwanted { why: String },
}

/// Carries parcels to one receiver, one at a time and in their order.
pub trait Carrier: 'static {
    /// Delivers a parcel, whole or not at all.
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel) -> LocalBoxFuture<'a, Result<(), Refusal>>;
}

/// How an output speaks to who runs it.
pub type Say = Rc<dyn Fn(&str)>;

/// Takes parcels, and has them carried.
pub struct Courier {
    shared: Rc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    name: String,
    queue: RefCell<VecDeque<Parcel>>,
    bytes: Cell<usize>,
    limit: usize,
    posted: Notify,
    is_closed: Cell<bool>,
    sent: Cell<u64>,
    lost: Cell<u64>,
    /// Samples of the parcel that is on its way.
    under_way: Cell<u64>,
    problem: RefCell<Option<String>>,
    say: Say,
    has_said: Cell<bool>,
    has_said_full: Cell<bool>,
}

impl Courier {
    /// Starts carrying for the output of this name. To be called within the hub.
    pub fn start(name: &str, limit: usize, carrier: impl Carrier, say: &Say) -> Self {
        let shared = Rc::new(Shared {
            name: name.to_owned(),
            queue: RefCell::default(),
            bytes: Cell::new(0),
            limit,
            posted: Notify::new(),
            is_closed: Cell::new(false),
            sent: Cell::new(0),
            lost: Cell::new(0),
            under_way: Cell::new(0),
            problem: RefCell::new(None),
            say: say.clone(),
            has_said: Cell::new(false),
            has_said_full: Cell::new(false),
        });
        let task = tokio::task::spawn_local(carry(shared.clone(), carrier));
        Self { shared, task }
    }

    /// Has a parcel carried; never waits.
    pub fn post(&self, parcel: Parcel) {
        let shared = &self.shared;
        if parcel.body.len() > shared.limit {
            shared.lose(parcel.samples);
            return;
        }
        let mut queue = shared.queue.borrow_mut();
        let mut bytes = shared.bytes.get() + parcel.body.len();
        while bytes > shared.limit
            && let Some(oldest) = queue.pop_front()
        {
            bytes -= oldest.body.len();
            shared.lose(oldest.samples);
        }
        shared.bytes.set(bytes);
        queue.push_back(parcel);
        shared.posted.notify_one();
    }

    /// Counts samples that were lost before they could be posted.
    pub fn lose(&self, samples: u64) {
        self.shared.lost.set(self.shared.lost.get() + samples);
    }

    /// Tells at any time what became of everything.
    pub fn tally(&self) -> Tally {
        let shared = self.shared.clone();
        Rc::new(move || shared.so_far())
    }

    /// Waits until everything has arrived or was refused, for as long as it takes.
    pub async fn end(self) {
        self.shared.is_closed.set(true);
        self.shared.posted.notify_one();
        let _ = self.task.await;
    }
}

impl Shared {
    fn so_far(&self) -> Delivered {
        let waiting: u64 = self
            .queue
            .borrow()
            .iter()
            .map(|parcel| parcel.samples)
            .sum();
        Delivered {
            sent: self.sent.get(),
            lost: self.lost.get() + self.under_way.get() + waiting,
            problem: self.problem.borrow().clone(),
        }
    }

    fn lose(&self, samples: u64) {
        self.lost.set(self.lost.get() + samples);
        if !self.has_said_full.replace(true) {
            let name = &self.name;
            (self.say)(&format!(
                "warning: `--out {name}` takes less than the run measures: the oldest of what waits is left out; the run and its result are not touched"
            ));
        }
    }

    fn complain(&self, why: &str, what_then: &str) {
        *self.problem.borrow_mut() = Some(why.to_owned());
        if !self.has_said.replace(true) {
            let name = &self.name;
            (self.say)(&format!("warning: `--out {name}`: {why}; {what_then}"));
        }
    }

    fn next(&self) -> Option<Parcel> {
        let parcel = self.queue.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get() - parcel.body.len());
        self.under_way.set(parcel.samples);
        Some(parcel)
    }
}

async fn carry(shared: Rc<Shared>, mut carrier: impl Carrier) {
    loop {
        let Some(parcel) = shared.next() else {
            if shared.is_closed.get() {
                return;
            }
            shared.posted.notified().await;
            continue;
        };
        let mut pause = PAUSES.0;
        loop {
            match carrier.deliver(&parcel).await {
                Ok(()) => {
                    tracing::trace!(
                        output = shared.name,
                        samples = parcel.samples,
                        bytes = parcel.body.len(),
                        "delivered"
                    );
                    shared.sent.set(shared.sent.get() + parcel.samples);
                    shared.under_way.set(0);
                    break;
                }
                Err(Refusal::Unwanted { why }) => {
                    shared.complain(&why, "the rest of the run's data goes on");
                    *shared.problem.borrow_mut() = None;
                    break;
                }
                Err(Refusal::Partly { why, lost }) => {
                    let lost = lost.min(parcel.samples);
                    shared.complain(&why, "what it refused is left out");
                    shared.sent.set(shared.sent.get() + parcel.samples - lost);
                    shared.lost.set(shared.lost.get() + lost);
                    break;
                }
                Err(Refusal::Never { why } | Refusal::Absent { why }) => {
                    shared.complain(&why, "what it refused is left out");
                    shared.lost.set(shared.lost.get() + parcel.samples);
                    break;
                }
                Err(Refusal::Later { why, after }) => {
                    tracing::debug!(
                        output = shared.name,
                        why,
                        waiting = shared.bytes.get(),
                        "not taken, to be tried again"
                    );
                    shared.complain(&why, "what is measured waits, and is tried again");
                    let asked = after.unwrap_or_default().min(LONGEST_ASKED);
                    tokio::time::sleep(pause.max(asked)).await;
                    pause = (pause * 2).min(PAUSES.1);
                }
            }
        }
        shared.under_way.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::ready;

    /// Answers with what is left of a list, then with success; keeps what it took.
    #[derive(Clone, Default)]
    struct Fickle {
        answers: Rc<RefCell<VecDeque<Refusal>>>,
        taken: Rc<RefCell<Vec<Bytes>>>,
    }

    impl Carrier for Fickle {
        fn deliver<'a>(
            &'a mut self,
            parcel: &'a Parcel,
        ) -> LocalBoxFuture<'a, Result<(), Refusal>> {
            let answer = self.answers.borrow_mut().pop_front();
            if answer.is_none() {
                self.taken.borrow_mut().push(parcel.body.clone());
            }
            Box::pin(ready(answer.map_or(Ok(()), Err)))
        }
    }

    fn later() -> Refusal {
        Refusal::Later {
            why: "it is busy".to_owned(),
            after: None,
        }
    }

    fn parcel(text: &str, samples: u64) -> Parcel {
        Parcel {
            body: Bytes::copy_from_slice(text.as_bytes()),
            samples,
        }
    }

    /// Runs with time that does not pass but where it is slept through.
    fn in_hub<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, work)
    }

    fn voice() -> (Say, Rc<RefCell<Vec<String>>>) {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let hears = heard.clone();
        let say: Say = Rc::new(move |text: &str| hears.borrow_mut().push(text.to_owned()));
        (say, heard)
    }

    #[test]
    fn what_was_refused_for_now_arrives_in_its_order_and_is_told_of_once() {
        in_hub(async {
            let carrier = Fickle::default();
            carrier.answers.borrow_mut().extend([later(), later()]);
            let (say, heard) = voice();
            let courier = Courier::start("test", 1_000, carrier.clone(), &say);
            courier.post(parcel("one", 1));
            courier.post(parcel("two", 2));
            let tally = courier.tally();
            courier.end().await;
            let delivered = tally();
            assert_eq!((delivered.sent, delivered.lost), (3, 0));
            assert_eq!(*carrier.taken.borrow(), [b"one".to_vec(), b"two".to_vec()]);
            assert_eq!(heard.borrow().len(), 1);
        });
    }

    #[test]
    fn what_is_refused_for_good_is_counted_and_holds_up_nothing() {
        in_hub(async {
            let carrier = Fickle::default();
            let never = Refusal::Never {
                why: "it is nonsense".to_owned(),
            };
            carrier.answers.borrow_mut().push_back(never);
            let (say, _) = voice();
            let courier = Courier::start("test", 1_000, carrier.clone(), &say);
            courier.post(parcel("one", 1));
            courier.post(parcel("two", 2));
            let tally = courier.tally();
            courier.end().await;
            let delivered = tally();
            assert_eq!((delivered.sent, delivered.lost), (2, 1));
            assert_eq!(delivered.problem.as_deref(), Some("it is nonsense"));
        });
    }

    #[test]
    fn a_full_queue_loses_its_oldest_and_says_so_once() {
        in_hub(async {
            let carrier = Fickle::default();
            let (say, heard) = voice();
            let courier = Courier::start("test", 6, carrier.clone(), &say);
            for text in ["one", "two", "six", "ten", "much too long"] {
                courier.post(parcel(text, 1));
            }
            assert_eq!(courier.tally()().lost, 5);
            let tally = courier.tally();
            courier.end().await;
            let delivered = tally();
            assert_eq!((delivered.sent, delivered.lost), (2, 3));
            assert_eq!(heard.borrow().len(), 1);
        });
    }

    #[test]
    fn what_waits_when_patience_ends_counts_as_lost() {
        in_hub(async {
            let carrier = Fickle::default();
            let forever = std::iter::repeat_with(later).take(1_000);
            carrier.answers.borrow_mut().extend(forever);
            let (say, _) = voice();
            let courier = Courier::start("test", 1_000, carrier, &say);
            courier.post(parcel("one", 1));
            courier.post(parcel("two", 2));
            tokio::time::sleep(Duration::from_secs(30)).await;
            assert_eq!(courier.tally()().lost, 3);
            assert_eq!(courier.tally()().sent, 0);
        });
    }
}
