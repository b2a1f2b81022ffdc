//! A virtual user's life: begin, turn tickets into iterations, end. The one driving loop of all models.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::context::{Enter, Interrupt, Vu, turns};
use super::coroutine::{self, Coroutine};
use super::errors::{Example, FailureKind, TallyKey};
use super::playbook::Playbook;
use super::shared::Stage;
use super::tap::What;
use super::tickets::{Ticket, Tickets};
use super::traced;
use super::worker::Report;
use crate::chaos::Injection;
use crate::units;

/// A script error, as it is counted and as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// One line, the same for the same mistake: what failures are grouped by.
    pub message: String,
    /// With file, line, source and caret.
    pub rendered: String,
}

/// How a part of a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Failed(Failure),
    Interrupted(Interrupt),
    /// The script asked for the run's end.
    Abort(String),
}

/// A script, compiled for one worker.
pub trait Journey {
    /// Whether the script has that function.
    fn has(&self, function: &str) -> bool;
    /// The value that `setup` gave, for every virtual user made from now on.
    fn set_data(&self, data: &Value);
    /// Runs `setup` on the current virtual user's stack.
    fn setup(&self) -> Result<Value, Outcome>;
    /// Runs `teardown` with the data of `setup`.
    fn teardown(&self) -> Outcome;
    /// Runs `summary` with the result; what it gave back, if anything.
    fn summary(&self, result: &Value) -> Result<Option<Value>, Outcome>;
    /// Calls the function that injects a fault, on the current virtual user's stack.
    fn fault(&self, function: &str, injection: Arc<Injection>) -> Outcome;
    /// The script as one virtual user holds it.
    fn vu_script(&self, vu: &Rc<Vu>) -> Box<dyn VuScript>;
}

/// A script in the hands of one virtual user; called on that user's stack only.
pub trait VuScript {
    /// Whether there is a function of this name.
    fn has(&self, function: &str) -> bool;
    /// `vu_start`.
    fn start(&mut self) -> Outcome;
    /// One iteration of the scenario's function.
    fn iterate(&mut self) -> Outcome;
    /// `vu_stop`.
    fn stop(&mut self) -> Outcome;
}

/// How long, in nanoseconds, a user whose iterations never wait goes on before the others have their turn.
const TURN: u64 = 100_000;

/// A user whose script failed this often in a row pauses after each further failure: a script that throws at once must not
/// take a whole core, nor send what it sends before it throws as fast as it can.
const FAILURES_BEFORE_PAUSE: u32 = 10;
const PAUSE: Duration = Duration::from_millis(100);

/// A virtual user as a task: the coroutine, with its user made the current one whenever it runs.
pub struct VuTask {
    vu: Rc<Vu>,
    coroutine: Coroutine,
}

impl VuTask {
    /// Wraps a body that will run on `stack`.
    pub fn new(vu: Rc<Vu>, stack: coroutine::Stack, body: impl FnOnce() + 'static) -> Self {
        Self {
            vu,
            coroutine: Coroutine::new(stack, body),
        }
    }
}

impl Future for VuTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _current = Enter::new(&self.vu);
        Pin::new(&mut self.coroutine).poll(cx)
    }
}

/// What a life tells its driver.
pub trait Witness {
    /// `vu_start` is over; the user now waits for tickets.
    fn ready(&self) {}
    /// An iteration begins (`true`) or is over (`false`).
    fn busy(&self, _busy: bool) {}
}

/// Lives a virtual user's life, on its own stack, to the end. A newer version of the script takes over between two iterations.
pub fn live(vu: &Rc<Vu>, playbook: &Playbook, tickets: &mut dyn Tickets, witness: &dyn Witness) {
    let run = vu.worker.run.clone();
    let mut edition = playbook.edition();
    let mut script = playbook.journey().vu_script(vu);
    let started =
        !script.has("vu_start") || within(vu, run.vu_start_timeout, "vu_start", || script.start());
    witness.ready();
    if !started {
        if tickets.forfeit() {
            let dropped = vu.scenario.series.dropped;
            vu.worker.recorder.borrow_mut().count(dropped, 1.0);
        }
        return;
    }
    let mut busy = 0;
    let mut seen = turns();
    let mut failures = 0_u32;
    loop {
        // `Err` cannot happen: this runs on a coroutine.
        let next = coroutine::wait(std::future::poll_fn(|cx| tickets.poll_next(cx)));
        let Ok(Some(ticket)) = next else { break };
        if playbook.edition() != edition {
            edition = playbook.edition();
            script = playbook.journey().vu_script(vu);
        }
        let looping = ticket.scheduled.is_none();
        witness.busy(true);
        let Iterated { duration, failed } = iterate(vu, &mut *script, ticket);
        witness.busy(false);
        failures = if failed {
            failures.saturating_add(1)
        } else {
            0
        };
        if looping && failures > FAILURES_BEFORE_PAUSE {
            let _ = coroutine::wait(tokio::time::sleep(PAUSE));
        }
        if turns() == seen {
            busy += duration;
            if busy >= TURN {
                let _ = coroutine::wait(tokio::task::yield_now());
            }
        }
        if turns() != seen {
            busy = 0;
            seen = turns();
        }
    }
    if run.stage() < Stage::Killed && script.has("vu_stop") {
        vu.clear_interrupt();
        within(vu, run.vu_stop_timeout, "vu_stop", || script.stop());
    }
}

/// How an iteration went.
struct Iterated {
    /// In nanoseconds.
    duration: u64,
    failed: bool,
}

fn iterate(vu: &Rc<Vu>, script: &mut dyn VuScript, ticket: Ticket) -> Iterated {
    let begin = Instant::now();
    let lag = ticket
        .scheduled
        .map(|scheduled| nanos(begin.saturating_duration_since(scheduled)));
    // An interrupt that found this user between iterations was not for this one.
    vu.clear_interrupt();
    vu.begin_iteration(lag);
    vu.tell(|| What::IterationBegan);
    traced::begin(vu, begin);
    vu.begin_to_play();
    let outcome = script.iterate();
    vu.end_to_play();
    traced::finish(vu, &vu.scenario.exec, &outcome);
    let duration = nanos(begin.elapsed());
    vu.tell(|| What::IterationEnded {
        took: Duration::from_nanos(duration),
        failure: match &outcome {
            Outcome::Failed(failure) => Some(failure.clone()),
            _ => None,
        },
        interrupted: matches!(outcome, Outcome::Interrupted(_)),
    });
    let series = vu.scenario.series;
    {
        let mut recorder = vu.worker.recorder.borrow_mut();
        if let Some(lag) = lag {
            recorder.time(series.lag, lag);
        }
        match outcome {
            Outcome::Interrupted(_) => recorder.count(series.interrupted, 1.0),
            _ => {
                recorder.count(series.iterations, 1.0);
                recorder.time(series.duration, duration);
            }
        }
    }
    vu.session.end_iteration(&vu.worker.client);
    let failed = matches!(outcome, Outcome::Failed(_));
    settle(vu, outcome, None);
    vu.iteration.set(vu.iteration.get() + 1);
    Iterated { duration, failed }
}

/// Runs a part of the script that has a time limit, counting its failure; whether it went well.
pub fn within(
    vu: &Rc<Vu>,
    limit: Duration,
    what: &'static str,
    part: impl FnOnce() -> Outcome,
) -> bool {
    let outcome = limited(vu, limit, what, part);
    let well = outcome == Outcome::Done;
    settle(vu, outcome, Some(what));
    well
}

/// Runs a part of the script, interrupted after `limit`; `what` is its function.
pub fn limited(
    vu: &Rc<Vu>,
    limit: Duration,
    what: &str,
    part: impl FnOnce() -> Outcome,
) -> Outcome {
    let watchdog = {
        let vu = vu.clone();
        tokio::task::spawn_local(async move {
            tokio::time::sleep(limit).await;
            vu.interrupt(Interrupt::Timeout(limit));
        })
    };
    traced::begin(vu, Instant::now());
    let outcome = part();
    traced::finish(vu, what, &outcome);
    watchdog.abort();
    if matches!(outcome, Outcome::Interrupted(Interrupt::Timeout(_))) {
        vu.clear_interrupt();
    }
    outcome
}

/// Counts a failure and passes on an abort.
fn settle(vu: &Rc<Vu>, outcome: Outcome, what: Option<&'static str>) {
    let worker = &vu.worker;
    let (kind, failure) = match outcome {
        Outcome::Done | Outcome::Interrupted(Interrupt::Stop) => return,
        Outcome::Abort(reason) => {
            worker.report(Report::Abort { reason });
            return;
        }
        Outcome::Failed(failure) => (FailureKind::Script, failure),
        Outcome::Interrupted(Interrupt::Timeout(limit)) => {
            let what = what.unwrap_or("iteration");
            let message = format!(
                "`{what}` took longer than {}; `{what}_timeout` allows more",
                units::format_duration(limit)
            );
            (
                FailureKind::Timeout,
                Failure {
                    rendered: message.clone(),
                    message,
                },
            )
        }
    };
    match (what, kind) {
        (None, _) => worker
            .recorder
            .borrow_mut()
            .count(vu.scenario.series.errors, 1.0),
        (Some(_), FailureKind::Timeout) => {
            worker.report(Report::PartFailed(failure.message.clone()));
        }
        (Some(what), _) => {
            worker.report(Report::PartFailed(format!(
                "`{what}` failed: {}",
                failure.message
            )));
        }
    }
    let key = TallyKey {
        kind,
        code: 0,
        message: failure.message,
    };
    worker
        .errors
        .borrow_mut()
        .add(key, worker.run.elapsed_seconds(), || Example {
            text: failure.rendered,
            scenario: vu.scenario.name.to_string(),
            vu: vu.id,
            iteration: vu.iteration.get(),
            trace: vu.seen_in_trace().map(|(trace, _)| trace),
            ..Example::default()
        });
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
