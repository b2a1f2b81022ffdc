//! A worker: one thread, one runtime, its own script, client and recorder.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use rustc_hash::FxHashMap;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::LocalSet;

use super::context::Vu;
use super::coroutine::{Lost, STACK_SIZE, StackPool};
use super::driver::{Assignment, Driver};
use super::errors::{ErrorTally, Errors, TallyKey};
use super::life::{Failure, Journey, Outcome};
use super::lifecycle::{Lifecycle, SetupFailure};
use super::logs::Logs;
use super::observe::HttpSeriesCache;
use super::playbook::Playbook;
use super::shared::RunShared;
use super::tap::What;
use super::traced::{Basket, Gathered};
use crate::chaos::Injection;
use crate::http::{Client, Settings};
use crate::metrics::{Builtin, Recorder, SeriesId, Snapshot, TagSetId};
use crate::trace::{SpanId, TraceId};
use crate::units::format_count;
use crate::{lengths, project};

/// How urgent a line of a script's log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogLevel {
    Trace,
    /// Of rhaid itself: scripts have no word for it, as Rhai keeps `debug` for itself.
    Debug,
    Info,
    Warn,
    Error,
}

impl LogLevel {
    /// Its word, for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// A line that a script logged.
#[derive(Debug, Clone)]
pub struct LogLine {
    pub level: LogLevel,
    pub text: String,
    pub scenario: String,
    /// 0 for what no virtual user logged.
    pub vu: u64,
    /// The virtual user's iteration, from 0.
    pub iteration: Option<u64>,
    /// The file and line of the script that logged it: `journey.rhai:12`.
    pub place: Option<String>,
    /// Seconds since the run's epoch.
    pub at: f64,
    /// Milliseconds since 1970.
    pub time: u64,
    /// It stands for so many more lines of the same text; 0 for one that was logged itself.
    pub more: u64,
    /// Where it belongs, if that is recorded.
    pub trace: Option<(TraceId, SpanId)>,
}

impl LogLine {
    /// The text, or how many more there were of it.
    pub fn told(&self) -> Cow<'_, str> {
        match self.more {
            0 => Cow::Borrowed(&self.text),
            more => Cow::Owned(format!(
                "… {} more like this: {}",
                format_count(more),
                self.text
            )),
        }
    }
}

/// Milliseconds since 1970.
pub fn now_millis() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The virtual users of one scenario on one worker.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VuCount {
    /// Active now.
    pub active: u32,
    /// Active at most since the last report: a scenario can be over within a second.
    pub peak: u32,
    /// Made so far.
    pub made: u32,
}

/// What workers tell the run.
#[derive(Debug)]
pub enum Report {
    /// Once a second, and at the end.
    Interval {
        worker: usize,
        snapshot: Snapshot,
        /// Per scenario.
        vus: Vec<VuCount>,
        errors: Vec<(TallyKey, ErrorTally)>,
        /// Log lines dropped because they came too fast.
        dropped_logs: u64,
    },
    Log(LogLine),
    /// What was traced since the last time; after the [`Interval`](Self::Interval) whose series it speaks of.
    Traced {
        worker: usize,
        gathered: Gathered,
    },
    /// A script asked for the run's end.
    Abort {
        reason: String,
    },
    /// A part of the script that is no iteration failed: what happened, in a sentence.
    PartFailed(String),
    /// A worker plays a newer version of the script.
    Reloaded {
        version: u32,
        sha256: String,
        at: Instant,
    },
    /// A newer version of the script could not be put in force on a worker.
    ReloadFailed {
        version: u32,
        rendered: String,
    },
    /// A scenario started on a worker.
    ScenarioStarted {
        scenario: usize,
        at: Instant,
    },
    /// A scenario ended on a worker.
    ScenarioEnded {
        scenario: usize,
        at: Instant,
    },
}

/// What the run tells a worker.
pub enum Command {
    /// Run `setup`, of the newest version of the script; only one worker is told.
    Setup {
        /// From 0, ascending; one that is out of date when its turn comes does not run.
        number: u64,
        limit: Duration,
        reply: oneshot::Sender<Result<Value, SetupFailure>>,
    },
    /// Take newer data of `setup`, while the run goes on.
    Data(Arc<Value>),
    /// Take the data of `setup`, make what must be there before the start.
    Prepare {
        data: Arc<Value>,
        reply: oneshot::Sender<()>,
    },
    /// Run all scenarios from this moment.
    Run {
        start: Instant,
        reply: oneshot::Sender<()>,
    },
    Teardown {
        limit: Duration,
        reply: oneshot::Sender<()>,
    },
    /// Run the script's own `summary`, if it has one.
    Summary {
        limit: Duration,
        result: Arc<Value>,
        reply: oneshot::Sender<Option<Value>>,
    },
    /// Inject a fault, while everything else goes on.
    Fault {
        function: String,
        injection: Arc<Injection>,
        limit: Duration,
        reply: oneshot::Sender<Option<Outcome>>,
    },
    /// Call a function of the script as the only iteration of a user of its own.
    Once {
        function: String,
        limit: Duration,
        reply: oneshot::Sender<Option<Outcome>>,
    },
}

/// What all virtual users of one worker share.
pub struct Worker {
    pub index: usize,
    pub workers: usize,
    pub run: Arc<RunShared>,
    pub client: Client,
    pub recorder: RefCell<Recorder>,
    pub http_series: RefCell<HttpSeriesCache>,
    pub errors: RefCell<Errors>,
    /// Traces that are kept.
    pub basket: RefCell<Basket>,
    names: RefCell<FxHashMap<Box<str>, Rc<str>>>,
    checks: RefCell<FxHashMap<TagSetId, FxHashMap<Box<str>, SeriesId>>>,
    files: RefCell<FxHashMap<PathBuf, Bytes>>,
    reports: mpsc::UnboundedSender<Report>,
    logs: RefCell<Logs>,
    /// Per scenario.
    pub vus: Vec<Cell<VuCount>>,
    pub(super) stacks: StackPool,
    /// How often a newer version of the script has taken over.
    version: watch::Sender<u32>,
}

/// Of a file that a script reads, in bytes; as much as a text of a script may have.
const MAX_FILE: u64 = 256 << 20;

/// Names of requests kept interned; see [`Worker::intern_name`].
const MAX_NAMES: usize = 16_384;

impl Worker {
    /// Sends a report; a run that is gone no longer cares.
    pub fn report(&self, report: Report) {
        let _ = self.reports.send(report);
    }

    /// Logs a line for a script, or counts it when there are too many.
    /// `place` is the file and line that logs it.
    pub fn log(&self, level: LogLevel, mut text: String, place: Option<String>, vu: Option<&Vu>) {
        lengths::shorten(&mut text, lengths::TEXT);
        if let Some(vu) = vu {
            vu.tell(|| What::Log {
                level,
                text: text.clone(),
            });
        }
        let scenario = vu
            .map(|vu| vu.scenario.name.to_string())
            .unwrap_or_default();
        let at = self.run.elapsed_seconds();
        let line = LogLine {
            level,
            text,
            scenario,
            vu: vu.map_or(0, |vu| vu.id),
            iteration: vu.map(|vu| vu.iteration.get()),
            place,
            at,
            time: now_millis(),
            more: 0,
            trace: vu.and_then(Vu::seen_in_trace),
        };
        let admitted = self.logs.borrow_mut().admit(line);
        if let Some(line) = admitted {
            self.report(Report::Log(line));
        }
    }

    /// One shared copy of a request's name, so that names can be compared by address.
    pub fn intern_name(&self, name: &str) -> Rc<str> {
        let name = &*lengths::name(name);
        let mut names = self.names.borrow_mut();
        if let Some(known) = names.get(name) {
            return known.clone();
        }
        if names.len() >= MAX_NAMES {
            names.clear();
        }
        let interned: Rc<str> = name.into();
        names.insert(name.into(), interned.clone());
        interned
    }

    /// The series of a check under a user's tags.
    pub fn check_series(&self, recorder: &mut Recorder, context: TagSetId, name: &str) -> SeriesId {
        let name = &*lengths::name(name);
        let mut checks = self.checks.borrow_mut();
        if let Some(&series) = checks.get(&context).and_then(|names| names.get(name)) {
            return series;
        }
        let tags = recorder
            .tags(context)
            .with([(Rc::from("check"), Rc::from(name))]);
        let tags = recorder.intern(tags);
        let series = recorder.series(Builtin::Checks.into(), tags);
        if checks.len() >= MAX_NAMES {
            checks.clear();
        }
        let names = checks.entry(context).or_default();
        if names.len() >= MAX_NAMES {
            names.clear();
        }
        names.insert(name.into(), series);
        series
    }

    /// A file's content, read once per worker.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn file(&self, path: &Path) -> std::io::Result<Bytes> {
        if let Some(known) = self.files.borrow().get(path) {
            return Ok(known.clone());
        }
        let content: Bytes = project::read(path, MAX_FILE)?.into();
        self.run.note_file(path);
        self.files
            .borrow_mut()
            .insert(path.to_owned(), content.clone());
        Ok(content)
    }

    /// Which version of the script is in force, from 0.
    pub(super) fn version(&self) -> u32 {
        *self.version.borrow()
    }

    /// Notes that a newer version of the script has taken over.
    pub(super) fn turn_to_next_version(&self) {
        self.version.send_modify(|version| *version += 1);
    }

    /// Waits until another version of the script than this one is in force.
    pub(super) async fn other_version(&self, than: u32) {
        // The sender lives as long as `self`.
        let _ = self.version.subscribe().wait_for(|v| *v != than).await;
    }

    /// Reads files anew from now on.
    pub fn forget_files(&self) {
        self.files.borrow_mut().clear();
    }

    /// Reports what was gathered since the last time.
    pub fn flush(&self) {
        let (more, dropped_logs) = self
            .logs
            .borrow_mut()
            .end_second(self.run.elapsed_seconds(), now_millis());
        for line in more {
            self.report(Report::Log(line));
        }
        let take = |cell: &Cell<VuCount>| {
            let count = cell.get();
            cell.set(VuCount {
                peak: count.active,
                ..count
            });
            count
        };
        let vus = self.vus.iter().map(take).collect();
        self.report(Report::Interval {
            worker: self.index,
            snapshot: self.recorder.borrow_mut().snapshot(),
            vus,
            errors: self.errors.borrow_mut().take(),
            dropped_logs,
        });
        if self.run.tracing.is_some() {
            let gathered = self.basket.borrow_mut().take();
            if !gathered.is_empty() {
                self.report(Report::Traced {
                    worker: self.index,
                    gathered,
                });
            }
        }
    }
}

/// Compiles the script for a worker, on the worker's own thread.
pub type JourneyFactory =
    Arc<dyn Fn(&Rc<Worker>) -> Result<Rc<dyn Journey>, Failure> + Send + Sync>;

/// Everything a worker thread is started with.
pub struct Brief {
    pub index: usize,
    pub workers: usize,
    pub run: Arc<RunShared>,
    pub settings: Arc<Settings>,
    pub max_tag_sets: usize,
    pub assignments: Vec<Assignment>,
    pub factory: JourneyFactory,
    pub reports: mpsc::UnboundedSender<Report>,
    pub commands: mpsc::UnboundedReceiver<Command>,
    /// Says so when the worker's thread is lost to a stack that overflowed.
    pub lost: Lost,
    /// Told once the script is compiled, or why it could not be.
    pub ready: oneshot::Sender<Result<(), Failure>>,
}

/// A worker thread's whole life. Returns when its commands end.
///
/// # Errors
/// When no runtime can be made.
pub fn work(brief: Brief) -> std::io::Result<()> {
    let _watch = brief.lost.watch();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, serve(brief));
    // Virtual users that are still there are unwound here, before the thread's own data goes.
    drop(local);
    // A name look-up that never returns must not hold the end of the run.
    runtime.shutdown_timeout(Duration::from_millis(100));
    Ok(())
}

async fn serve(brief: Brief) {
    let Brief {
        index,
        workers,
        run,
        settings,
        max_tag_sets,
        assignments,
        factory,
        reports,
        mut commands,
        ready,
        lost: _,
    } = brief;
    let mut recorder = Recorder::new(max_tag_sets);
    if run.samples {
        recorder.keep_samples();
    }
    let worker = Rc::new(Worker {
        index,
        workers,
        client: Client::new(settings, run.epoch),
        recorder: RefCell::new(recorder),
        http_series: RefCell::default(),
        errors: RefCell::default(),
        basket: RefCell::new(Basket::new(run.tracing.as_deref())),
        names: RefCell::default(),
        checks: RefCell::default(),
        files: RefCell::default(),
        reports,
        logs: RefCell::default(),
        vus: run.scenarios.iter().map(|_| Cell::default()).collect(),
        stacks: StackPool::new(STACK_SIZE),
        version: watch::Sender::new(0),
        run,
    });
    let journey = match factory(&worker) {
        Ok(journey) => {
            let _ = ready.send(Ok(()));
            journey
        }
        Err(failure) => {
            let _ = ready.send(Err(failure));
            return;
        }
    };
    let mut reporter = report_from(Instant::now(), &worker);
    let playbook = Rc::new(Playbook::new(journey));
    let lifecycle = Lifecycle {
        worker: worker.clone(),
        playbook: playbook.clone(),
    };
    let follower = {
        let (playbook, worker) = (playbook.clone(), worker.clone());
        tokio::task::spawn_local(async move { playbook.follow(&worker).await })
    };
    let mut drivers = Vec::new();
    while let Some(command) = commands.recv().await {
        match command {
            Command::Setup {
                number,
                limit,
                reply,
            } => {
                playbook.catch_up(&worker);
                let outcome = lifecycle.setup(number, limit).await;
                worker.flush();
                let _ = reply.send(outcome);
            }
            Command::Data(data) => playbook.set_data(data),
            Command::Prepare { data, reply } => {
                playbook.set_data(data);
                for assignment in &assignments {
                    drivers.push(
                        Driver::prepare(assignment.clone(), worker.clone(), playbook.clone()).await,
                    );
                }
                worker.flush();
                let _ = reply.send(());
            }
            Command::Run { start, reply } => {
                // From now on reports are about whole seconds of the run, on all workers the same ones.
                reporter.abort();
                reporter = report_from(start, &worker);
                let running: Vec<_> = drivers
                    .drain(..)
                    .map(|driver: Driver| tokio::task::spawn_local(driver.run(start)))
                    .collect();
                // Meanwhile `setup` may be asked for again.
                let worker = worker.clone();
                tokio::task::spawn_local(async move {
                    for driver in running {
                        let _ = driver.await;
                    }
                    worker.flush();
                    let _ = reply.send(());
                });
            }
            Command::Teardown { limit, reply } => {
                lifecycle.teardown(limit).await;
                worker.flush();
                let _ = reply.send(());
            }
            Command::Summary {
                limit,
                result,
                reply,
            } => {
                let given = lifecycle.summary(limit, result).await;
                worker.flush();
                let _ = reply.send(given);
            }
            Command::Fault {
                function,
                injection,
                limit,
                reply,
            } => {
                let lifecycle = lifecycle.clone();
                tokio::task::spawn_local(async move {
                    let outcome = lifecycle.fault(&function, injection, limit).await;
                    let _ = reply.send(outcome);
                });
            }
            Command::Once {
                function,
                limit,
                reply,
            } => {
                let outcome = lifecycle.once(&function, limit).await;
                worker.flush();
                let _ = reply.send(outcome);
            }
        }
    }
    reporter.abort();
    follower.abort();
}

/// Reports at every whole second after a moment.
fn report_from(moment: Instant, worker: &Rc<Worker>) -> tokio::task::JoinHandle<()> {
    const SECOND: Duration = Duration::from_secs(1);
    let worker = worker.clone();
    tokio::task::spawn_local(async move {
        let mut second = tokio::time::interval_at((moment + SECOND).into(), SECOND);
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            second.tick().await;
            worker.flush();
        }
    })
}
