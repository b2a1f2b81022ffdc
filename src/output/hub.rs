//! The thread in which outputs live.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::LocalSet;

use super::courier::Say;
use super::feed::{Feed, Message, Wants};
use super::kinds::Wanted;
use super::prometheus::{Bounds, Histograms, Names};
use super::{Book, Delivered, Output, OutputError};
use crate::logging::Format;
use crate::metrics::Contains;

/// Messages that wait for the hub. It waits for nobody, so this many mean that there is no processor for it.
const BACKLOG: usize = 4_096;

/// An output gets so many samples in one go. A second may have a million, more than any queue has room for.
const SAMPLES_AT_ONCE: usize = 16_384;

/// What outputs need to know of where they are.
#[derive(Clone)]
pub struct Surroundings {
    /// The process environment: credentials are read from it, so that no command line shows them.
    pub env: Rc<BTreeMap<String, String>>,
    /// Bounds of histograms, those of the run's objectives among them.
    pub bounds: Bounds,
    /// What metrics are called in Prometheus.
    pub names: Names,
    /// Which histograms are pushed to it.
    pub histograms: Histograms,
    /// How lines of a log are written to files.
    pub log_format: Format,
    /// For warnings.
    pub say: Say,
}

/// What a hub is started with.
pub struct Setting {
    pub env: BTreeMap<String, String>,
    /// Bounds of the run's objectives, by what is compared with them: histograms have a bucket that ends there.
    pub bounds: Vec<(Contains, f64)>,
    pub names: Names,
    pub histograms: Histograms,
    pub log_format: Format,
    /// Says a line to who runs it, from the hub's thread.
    pub say: Box<dyn Fn(&str) + Send>,
}

/// What became of one output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// As it was asked for, without what may be secret: `ndjson=run.ndjson`.
    pub output: String,
    pub delivered: Delivered,
    /// Whether it had the time to deliver everything.
    pub in_time: bool,
}

impl Account {
    /// Of an output of which nothing was heard in time.
    fn overdue(output: String) -> Self {
        Self {
            output,
            delivered: Delivered {
                problem: Some("there was more than could be made ready in time".to_owned()),
                ..Delivered::default()
            },
            in_time: false,
        }
    }
}

/// The outputs of a run, at work.
pub struct Hub {
    feed: Feed,
    over: mpsc::Sender<Duration>,
    accounts: Receiver<Vec<Account>>,
    thread: JoinHandle<()>,
    lost: Arc<AtomicU64>,
    /// The outputs as they were asked for.
    names: Vec<String>,
}

impl Hub {
    /// Opens the outputs.
    ///
    /// # Errors
    /// When one of them cannot be opened.
    pub fn start(wanted: Vec<Wanted>, setting: Setting) -> Result<Self, OutputError> {
        let (sender, messages) = mpsc::channel(BACKLOG);
        let (over, end) = mpsc::channel(1);
        let (opened, is_open) = sync_channel(1);
        let (reports, accounts) = sync_channel(1);
        let lost = Arc::new(AtomicU64::new(0));
        let names = wanted.iter().map(Wanted::told).collect();
        let bounds = Bounds::with(&setting.bounds);
        let wants = Wants {
            samples: wanted.iter().any(Wanted::samples),
            spans: wanted.iter().any(Wanted::spans),
            exemplars: wanted.iter().any(Wanted::exemplars).then(|| {
                let seconds = bounds.times.iter();
                seconds.map(|bound| (bound * 1e9).round() as u64).collect()
            }),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let thread = std::thread::Builder::new()
            .name("outputs".to_owned())
            .spawn(move || {
                let local = LocalSet::new();
                local.block_on(&runtime, async move {
                    let around = Surroundings {
                        env: Rc::new(setting.env),
                        bounds,
                        names: setting.names,
                        histograms: setting.histograms,
                        log_format: setting.log_format,
                        say: Rc::from(setting.say as Box<dyn Fn(&str)>),
                    };
                    let mut outputs = Vec::new();
                    for wanted in wanted {
                        match wanted.open(&around) {
                            Ok(output) => outputs.push((wanted, output)),
                            Err(error) => {
                                let _ = opened.send(Err(error));
                                return;
                            }
                        }
                    }
                    let _ = opened.send(Ok(()));
                    let patience = listen(messages, end, &mut outputs).await;
                    let _ = reports.send(close(outputs, patience).await);
                });
                drop(local);
                // What still hangs at a receiver must not hold up the end.
                runtime.shutdown_timeout(Duration::from_millis(100));
            })?;
        // The thread is gone only when it panicked, and then there is nothing to hand over to.
        match is_open.recv() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Err(std::io::Error::other("the outputs' thread ended").into()),
        }
        Ok(Self {
            feed: Feed::new(sender, lost.clone(), wants),
            over,
            accounts,
            thread,
            lost,
            names,
        })
    }

    /// Where the run hands over what it measures.
    pub fn feed(&self) -> Feed {
        self.feed.clone()
    }

    /// Lets every output deliver what it still has, for so long at most; `waits` is called when that takes a while.
    /// Gives what became of each, and how many messages of the run the hub itself was too slow for.
    pub fn end(self, patience: Duration, waits: impl FnOnce()) -> (Vec<Account>, u64) {
        let _ = self.over.try_send(patience);
        let soon = Duration::from_secs(1).min(patience);
        let accounts = self.accounts.recv_timeout(soon).or_else(|_| {
            waits();
            self.accounts
                .recv_timeout(patience + Duration::from_secs(2))
        });
        let accounts = match accounts {
            Ok(accounts) => {
                let _ = self.thread.join();
                accounts
            }
            // It is still at work, and nobody waits for it any more: it goes with the process.
            Err(_) => self.names.into_iter().map(Account::overdue).collect(),
        };
        (accounts, self.lost.load(Ordering::Relaxed))
    }
}

/// Passes on what the run hands over, until it is over; how long outputs may take then.
async fn listen(
    mut messages: mpsc::Receiver<Message>,
    mut end: mpsc::Receiver<Duration>,
    outputs: &mut [(Wanted, Box<dyn Output>)],
) -> Duration {
    let mut book = Book::default();
    loop {
        let message = tokio::select! {
            biased;
            message = messages.recv() => message,
            patience = end.recv() => return patience.unwrap_or_default(),
        };
        let Some(message) = message else {
            return end.recv().await.unwrap_or_default();
        };
        match message {
            Message::Begin(run) => {
                for (_, output) in &mut *outputs {
                    output.begin(&run);
                }
            }
            Message::Interval { worker, snapshot } => {
                book.absorb(worker, &snapshot);
                if !snapshot.samples.is_empty() {
                    let samples = book.samples(worker, &snapshot);
                    let mut lost = snapshot.samples_lost;
                    for some in samples.chunks(SAMPLES_AT_ONCE) {
                        let want = outputs.iter_mut().filter(|(wanted, _)| wanted.samples());
                        for (_, output) in want {
                            output.samples(some, lost);
                        }
                        lost = 0;
                        // What was posted goes on its way before more is.
                        tokio::task::yield_now().await;
                    }
                }
            }
            Message::Second(moment) => {
                for (_, output) in &mut *outputs {
                    output.second(&moment, &book);
                }
                book.end_second();
            }
            Message::Spans { spans, lost } => {
                let takers = outputs.iter_mut().filter(|(wanted, _)| wanted.spans());
                for (_, output) in takers {
                    output.spans(&spans, lost);
                }
            }
            Message::Exemplars { worker, exemplars } => book.exemplify(worker, &exemplars),
            Message::Event(event) => {
                for (_, output) in &mut *outputs {
                    output.event(&event);
                }
            }
        }
    }
}

/// Ends all outputs together. Who interrupts has waited long enough.
async fn close(outputs: Vec<(Wanted, Box<dyn Output>)>, patience: Duration) -> Vec<Account> {
    let mut until = tokio::time::Instant::now() + patience;
    let ends: Vec<_> = outputs
        .into_iter()
        .map(|(wanted, output)| {
            let tally = output.tally();
            (wanted, tally, tokio::task::spawn_local(output.end()))
        })
        .collect();
    let mut accounts = Vec::new();
    for (wanted, tally, mut end) in ends {
        // One that has ended has, however long the others took.
        let in_time = tokio::select! {
            biased;
            ended = &mut end => ended.is_ok(),
            () = tokio::time::sleep_until(until) => false,
            _ = tokio::signal::ctrl_c() => {
                until = tokio::time::Instant::now();
                false
            }
        };
        accounts.push(Account {
            output: wanted.told(),
            delivered: tally(),
            in_time,
        });
    }
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::recorder::RawSample;
    use crate::metrics::{MetricInfo, MetricKind, Snapshot};
    use crate::output::kinds::wanted;

    /// Ends at once, or never.
    struct Ends(bool);

    impl Output for Ends {
        fn second(&mut self, _now: &super::super::Moment, _book: &Book) {}

        fn end(self: Box<Self>) -> futures_util::future::LocalBoxFuture<'static, ()> {
            match self.0 {
                true => Box::pin(std::future::ready(())),
                false => Box::pin(std::future::pending()),
            }
        }

        fn tally(&self) -> super::super::Tally {
            Rc::new(Delivered::default)
        }
    }

    #[test]
    fn an_output_that_has_ended_is_not_blamed_for_one_that_hangs() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let ends = [false, true, true, true, true, true, true, true];
        let outputs = ends.map(|ends| -> (Wanted, Box<dyn Output>) {
            (wanted("csv=x").unwrap(), Box::new(Ends(ends)))
        });
        let closed = close(outputs.into(), Duration::from_secs(5));
        let accounts = LocalSet::new().block_on(&runtime, closed);
        let in_time: Vec<bool> = accounts.iter().map(|account| account.in_time).collect();
        assert_eq!(in_time, ends);
    }

    #[test]
    fn outputs_that_are_still_at_work_are_given_up_and_named() {
        let (over, mut end) = mpsc::channel(1);
        // Its other side stays, and never answers.
        let (_reports, accounts) = sync_channel(1);
        let lost = Arc::new(AtomicU64::new(7));
        let hub = Hub {
            feed: Feed::new(mpsc::channel(1).0, lost.clone(), Wants::default()),
            over,
            accounts,
            thread: std::thread::spawn(|| {}),
            lost,
            names: vec!["otlp=http://a:4318".to_owned(), "log=run.log".to_owned()],
        };
        let has_waited = std::cell::Cell::new(false);
        let patience = Duration::from_millis(20);
        let (accounts, lost) = hub.end(patience, || has_waited.set(true));
        assert_eq!(end.try_recv(), Ok(patience));
        assert!(has_waited.get());
        assert_eq!(lost, 7);
        let names: Vec<&str> = accounts.iter().map(|a| a.output.as_str()).collect();
        assert_eq!(names, ["otlp=http://a:4318", "log=run.log"]);
        for account in &accounts {
            assert!(!account.in_time, "{account:?}");
            assert!(account.delivered.problem.is_some(), "{account:?}");
        }
    }

    /// As one worker gathers them in a second that is busy: their lines are more than any queue has room for.
    #[test]
    fn a_second_of_more_samples_than_the_queue_has_room_for_arrives_whole() {
        const SAMPLES: u64 = 300_000;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("samples.ndjson");
        let setting = Setting {
            env: BTreeMap::new(),
            bounds: Vec::new(),
            names: Names::default(),
            histograms: Histograms::default(),
            log_format: Format::default(),
            say: Box::new(|line| panic!("{line}")),
        };
        let wanted = wanted(&format!("samples={}", file.display())).unwrap();
        let hub = Hub::start(vec![wanted], setting).unwrap();
        let info = MetricInfo {
            name: "visits".to_owned(),
            kind: MetricKind::Counter,
            contains: Contains::Default,
        };
        let snapshot = Snapshot {
            new_series: vec![(info, vec![("long".to_owned(), "x".repeat(200))])],
            samples: vec![
                RawSample {
                    series: 0,
                    at: 1_700_000_000_000.0,
                    value: 1.0,
                };
                SAMPLES as usize
            ],
            ..Snapshot::default()
        };
        hub.feed().interval(0, snapshot);
        let (accounts, lost) = hub.end(Duration::from_secs(60), || {});
        assert_eq!(lost, 0);
        let delivered = &accounts[0].delivered;
        assert_eq!(
            (delivered.sent, delivered.lost),
            (SAMPLES, 0),
            "{delivered:?}"
        );
        let size = std::fs::metadata(&file).unwrap().len();
        assert!(size > super::super::courier::QUEUE_BYTES as u64, "{size}");
    }
}
