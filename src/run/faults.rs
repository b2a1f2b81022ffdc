//! The faults of a run, in the hands of its conductor.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::blueprint::Blueprint;
use super::conductor::Conductor;
use super::director::{Act, Call, Done, failure_of};
use super::judging::natural_kind;
use super::terms::Settings;
use crate::chaos::{Chaos, ChaosError, EndedBy, Event, Permission};
use crate::http;
use crate::metrics::{Builtin, MetricKind, Tags};
use crate::result::AbortedBy;
use crate::slo::Objective;
use crate::units::format_duration;
use crate::vu::worker::Command;
use crate::vu::{Failure, LogLevel, LogLine, Outcome, RunShared, Stage, now_millis};

/// How long functions of faults may take at the end of a run, to put right what they broke themselves.
const LAST_UNDO: Duration = Duration::from_secs(10);
/// How long before that is told.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Undoes what is left when a run is gone, however it went.
pub(super) struct UndoneAtLast(pub Arc<Chaos>);

impl Drop for UndoneAtLast {
    fn drop(&mut self) {
        self.0.end_all(&EndedBy::RunEnd);
        self.0.close();
    }
}

/// The desk of a run's faults, at which nothing is broken yet.
pub(super) fn desk(
    blueprint: &Blueprint,
    settings: &Settings,
) -> (Arc<Chaos>, mpsc::UnboundedReceiver<Event>) {
    let options = &blueprint.options;
    let mut plan = options.chaos.clone();
    if settings.faults.is_none() {
        plan.faults.clear();
    }
    let permission = Permission {
        touches: settings.faults.clone().unwrap_or_default(),
        hosts: options.http.rules.clone(),
    };
    Chaos::new(plan, permission, options.seed)
}

/// Starts the run's proxies, and sends the load for what stands behind them through them.
///
/// # Errors
/// When one of them cannot listen, or stands before a host that is not allowed.
pub(super) fn open(
    chaos: &Chaos,
    http: &Arc<http::Settings>,
) -> Result<Arc<http::Settings>, ChaosError> {
    let mut routed = Arc::clone(http);
    for (plan, listen) in chaos.open()? {
        let (true, Ok(address)) = (plan.route, listen.parse()) else {
            continue;
        };
        let settings = Arc::make_mut(&mut routed);
        settings.fault_proxies.insert(address, plan.name);
        for name in names(&plan.upstream) {
            settings.hosts.insert(name, address);
        }
    }
    Ok(routed)
}

/// By which names a load may call an upstream.
fn names(upstream: &str) -> Vec<String> {
    let mut names = vec![upstream.to_owned()];
    if let Some((host, port)) = upstream.rsplit_once(':') {
        let other = match host {
            "127.0.0.1" => Some("localhost"),
            "localhost" => Some("127.0.0.1"),
            _ => None,
        };
        names.extend(other.map(|other| format!("{other}:{port}")));
    }
    names
}

/// The kind of the metric that a statement is about.
pub(super) fn kind(
    objective: &Objective,
    of_name: &dyn Fn(&str) -> Option<MetricKind>,
) -> MetricKind {
    of_name(objective.selector.metric())
        .unwrap_or_else(|| natural_kind(&objective.target.aggregate))
}

/// Waits for a moment; for ever if there is none.
pub(super) async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// Waits until a run is stopped, if its faults have not been undone for that yet.
pub(super) async fn stopped(run: &RunShared, is_over: bool) {
    if is_over {
        return std::future::pending().await;
    }
    let _ = run
        .stages()
        .wait_for(|stage| *stage >= Stage::Stopping)
        .await;
}

/// Whether all of them end within a time. Those that do are taken out.
async fn all_end(functions: &mut Vec<(String, JoinHandle<()>)>, limit: Duration) -> bool {
    let all = futures_util::future::join_all(functions.iter_mut().map(|(_, function)| function));
    let have = tokio::time::timeout(limit, all).await.is_ok();
    functions.retain(|(_, function)| !function.is_finished());
    have
}

fn names_of(functions: &[(String, JoinHandle<()>)]) -> String {
    let names: Vec<_> = functions
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    names.join(", ")
}

impl Conductor<'_> {
    /// A run that is stopped breaks nothing any more: iterations under way must not wait for a fault's end.
    pub(super) fn undo_faults(&mut self) {
        self.faults_over = true;
        self.director.chaos().end_all(&EndedBy::RunEnd);
    }

    /// Does what is due now.
    pub(super) fn direct(&mut self) {
        for index in self.director.due(Instant::now()) {
            self.inject(index);
        }
    }

    fn inject(&mut self, index: usize) {
        if self.run.stage() != Stage::Running || self.phase != "running" {
            return;
        }
        match self.director.inject(index, Instant::now()) {
            Ok(None) => {}
            Ok(Some(call)) => self.ask_for(call),
            Err(why) => self.part_failed(why),
        }
    }

    /// Lets the first worker call a fault's function.
    pub(super) fn ask_for(&self, call: Call) {
        let Some(first) = self.crew.members.first() else {
            return;
        };
        let _ = first.commands.send(Command::Fault {
            function: call.function,
            injection: call.injection,
            limit: call.limit,
            reply: call.reply,
        });
    }

    pub(super) fn note_fault(&mut self, event: Event) {
        self.tell_fault(&event);
        if let Some(index) = self.director.note(event) {
            self.inject(index);
        }
    }

    /// A fault's function has ended: the fault goes on, unless the function failed.
    pub(super) fn fault_done(&mut self, done: Done) {
        // What came too late because the fault had ended is no failure.
        let came_too_late =
            |failure: &Failure| failure.message.contains(&ChaosError::Over.to_string());
        if let Some(failure) = failure_of(&done.outcome).filter(|failure| !came_too_late(failure)) {
            self.part_failed(format!(
                "the fault `{}` failed: {}",
                done.name, failure.message
            ));
            self.say(LogLevel::Error, failure.rendered);
            let why = EndedBy::Error(failure.message);
            self.director.chaos().end(done.id, why);
        }
        if let Some(Outcome::Abort(reason)) = done.outcome {
            self.abort(AbortedBy::Script, reason);
        }
    }

    /// Once a second: guards, triggers, phases.
    pub(super) fn mind_faults(&mut self) {
        self.hear_of_faults();
        let seconds = self.elapsed().as_secs();
        let acts = self.director.second(&self.aggregate.totals, seconds);
        self.count_recoveries();
        for act in acts {
            match act {
                Act::Inject(index) => self.inject(index),
                Act::Guard { id, reason, abort } => {
                    let why = EndedBy::Guard(reason.clone());
                    self.director.chaos().end(id, why);
                    if abort && self.settings.looking.is_none() {
                        self.abort(AbortedBy::Guardrail, reason);
                    }
                }
            }
        }
    }

    fn count_recoveries(&mut self) {
        let recoveries = self.director.recoveries();
        if recoveries.is_empty() {
            return;
        }
        for (fault, after) in recoveries {
            let given = self.blueprint.options.tags.iter();
            let given = given.map(|(key, value)| (key.as_str(), value.as_str()));
            let pairs = given.chain([("fault", fault.as_str())]);
            let tags = Tags::new(pairs.map(|(key, value)| (Rc::from(key), Rc::from(value))));
            self.aggregate.time(Builtin::FaultRecoveryTime, tags, after);
        }
        self.aggregate.gather();
    }

    /// What has happened by now.
    pub(super) fn hear_of_faults(&mut self) {
        while let Ok(event) = self.director.events.try_recv() {
            self.note_fault(event);
        }
    }

    /// The scenarios are over: so is every fault. Their functions may put right what they broke themselves.
    pub(super) async fn end_faults(&mut self) {
        self.director.chaos().end_all(&EndedBy::RunEnd);
        let functions = self.director.functions();
        if functions.is_empty() {
            return self.hear_of_faults();
        }
        let mut functions = functions;
        if !self.until(all_end(&mut functions, AT_ONCE)).await {
            let limit = format_duration(LAST_UNDO);
            let text = format!(
                "waiting for functions of faults to end, {limit} at most: {}",
                names_of(&functions)
            );
            self.say(LogLevel::Info, text);
            if !self
                .until(all_end(&mut functions, LAST_UNDO - AT_ONCE))
                .await
            {
                let text = format!(
                    "functions of faults did not end within {limit} of the run's end, and are left as they are: {}; what rhaid itself broke is put right all the same",
                    names_of(&functions)
                );
                self.say(LogLevel::Warn, text);
            }
        }
        while let Ok(done) = self.director.done.try_recv() {
            self.fault_done(done);
        }
        self.hear_of_faults();
    }

    /// Shows whoever watches what happens.
    fn tell_fault(&mut self, event: &Event) {
        let text = match event {
            Event::Began { name, .. } => format!("fault `{name}` begins"),
            Event::Did { what, .. } => format!("fault: {what}"),
            Event::Ended {
                by, undone, failed, ..
            } => {
                for failed in failed {
                    let text = format!("fault: cannot {}: {}", failed.what, failed.why);
                    self.say(LogLevel::Error, text);
                }
                match by {
                    EndedBy::Guard(reason) => {
                        format!("fault undone, for its guard was crossed: {reason}")
                    }
                    EndedBy::Error(_) => {
                        format!("fault undone, for it failed ({undone} put right)")
                    }
                    _ => format!("fault ends ({undone} put right)"),
                }
            }
            Event::Asked { .. } => return,
        };
        self.tell_of_fault(event, &text);
        let is_bad = matches!(
            event,
            Event::Ended {
                by: EndedBy::Guard(_) | EndedBy::Error(_),
                ..
            }
        );
        let level = if is_bad {
            LogLevel::Warn
        } else {
            LogLevel::Info
        };
        self.say(level, text);
    }

    fn say(&mut self, level: LogLevel, text: String) {
        let line = LogLine {
            level,
            text,
            scenario: String::new(),
            vu: 0,
            iteration: None,
            place: None,
            at: self.run.elapsed_seconds(),
            time: now_millis(),
            more: 0,
            trace: None,
        };
        self.tell_line(&line);
        self.aggregate.log(line);
    }
}
