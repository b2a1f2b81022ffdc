//! The faults of a run, in the hands of its conductor.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::blueprint::Blueprint;
use super::conductor::Conductor;
use super::director::{Act, Call, Done, failure_of};
use super::judging::natural_kind;
use super::terms::Settings;
use crate::chaos::{Chaos, ChaosError, EndedBy, Event, Permission};
use crate::http;
use crate::metrics::{Builtin, MetricKind, Tags};
use crate::options::plan_length;
use crate::result::AbortedBy;
use crate::slo::Objective;
use crate::units::format_duration;
use crate::vu::worker::Command;
use crate::vu::{Failure, LogLevel, LogLine, Outcome, RunShared, Stage, now_millis};

/// How long functions of faults may take at the end of a run, to put right what they broke themselves.
const LAST_UNDO: Duration = Duration::from_secs(10);
/// How long what rhaid itself undoes may take then: each way back has a time limit of its own that is shorter.
const LONGEST_UNDO: Duration = Duration::from_secs(90);
/// What is undone within this time belongs to the run's last second.
const QUICKLY: Duration = Duration::from_millis(250);
/// How long before that is told.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Ends all faults on a thread of its own: whether all was undone within that time.
fn ending(chaos: &Arc<Chaos>, longest: Duration) -> oneshot::Receiver<bool> {
    let (tell, told) = oneshot::channel();
    let chaos = Arc::clone(chaos);
    let end = move || {
        let _ = tell.send(chaos.end_all(&EndedBy::RunEnd, longest));
    };
    // Without a thread, what is left is undone when the run is gone.
    let _ = std::thread::Builder::new()
        .name("undo all".to_owned())
        .spawn(end);
    told
}

/// Undoes what is left when a run is gone, however it went.
pub(super) struct UndoneAtLast(pub Arc<Chaos>);

impl Drop for UndoneAtLast {
    fn drop(&mut self) {
        // What takes longer the guardian does, once rhaid is gone.
        self.0.end_all(&EndedBy::RunEnd, LAST_UNDO);
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
    if settings.faults.is_none() || settings.leaves_faults_out {
        plan.faults.clear();
    }
    let permission = Permission {
        touches: settings.faults.clone().unwrap_or_default(),
        hosts: options.http.rules.clone(),
        leaves_out: settings.leaves_faults_out,
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
        // Beside: this goes on meanwhile, and waits for it at the end.
        drop(ending(self.director.chaos(), LONGEST_UNDO));
    }

    /// Faults that are to come wait as long as the plan stands.
    pub(super) fn let_faults_stand(&mut self) {
        let held = self.run.brake.held(Instant::now());
        self.director.stand(held.saturating_sub(self.held_before));
    }

    /// Does what is due now.
    pub(super) fn direct(&mut self) {
        self.let_faults_stand();
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
            Err(why) => {
                self.say(LogLevel::Warn, why.clone());
                self.part_failed(why);
            }
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
        self.hear_of_faults();
        // What came too late because somebody had ended the fault is no failure. One that was not done within its own time never was.
        let was_ended = self
            .director
            .ended_by(done.id)
            .is_some_and(|by| !matches!(by, EndedBy::Time | EndedBy::Error(_)));
        let came_too_late = |failure: &Failure| {
            was_ended || failure.message.contains(&ChaosError::Over.to_string())
        };
        if let Some(failure) = failure_of(&done.outcome).filter(|failure| !came_too_late(failure)) {
            self.part_failed(format!(
                "the fault `{}` failed: {}",
                done.name, failure.message
            ));
            self.say(LogLevel::Error, failure.rendered);
            let why = EndedBy::Error(failure.message);
            self.director.chaos().end_soon(done.id, why);
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
                    self.director.chaos().end_soon(id, why);
                    if abort && self.settings.looking.is_none() {
                        let reason = match self.director.name_of(id) {
                            Some(name) => format!("{reason} (the guard of the fault `{name}`)"),
                            None => reason,
                        };
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

    /// No fault lasts longer than the plan: what it holds up could otherwise not end, and would hold up the end of the run.
    pub(super) fn end_faults_with_the_plan(&mut self) {
        let length = plan_length(&self.blueprint.options.scenarios);
        let is_over = length.is_some_and(|length| self.plan_time(Instant::now()) >= length);
        if is_over && !self.faults_over && self.settings.looking.is_none() {
            self.undo_faults();
        }
    }

    /// The scenarios are over: so is every fault. What is undone at once is, and nothing is waited for longer than that.
    pub(super) async fn begin_to_end_faults(&mut self) {
        self.faults_over = true;
        let undone = ending(self.director.chaos(), LONGEST_UNDO);
        let _ = self.until(tokio::time::timeout(QUICKLY, undone)).await;
        self.hear_of_faults();
    }

    /// Waits until all is undone. Functions of faults may put right what they broke themselves.
    pub(super) async fn end_faults(&mut self) {
        let mut functions = self.director.functions();
        if !functions.is_empty() && !self.until(all_end(&mut functions, AT_ONCE)).await {
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
        self.finish_undoing().await;
        while let Ok(done) = self.director.done.try_recv() {
            self.fault_done(done);
        }
        self.hear_of_faults();
    }

    /// Waits until nothing is broken any more, as long as that goes on and nobody wants to end at once.
    pub(super) async fn finish_undoing(&mut self) {
        let began = Instant::now();
        let mut is_told = false;
        loop {
            let undone = ending(self.director.chaos(), AT_ONCE);
            let is_done = self.until(undone).await.unwrap_or(true);
            self.hear_of_faults();
            if is_done {
                return;
            }
            let waited = began.elapsed();
            if waited >= LONGEST_UNDO || self.run.stage() >= Stage::Killed && waited >= LAST_UNDO {
                break;
            }
            if !std::mem::replace(&mut is_told, true) {
                let unfinished = self.director.chaos().ledger().unfinished();
                let what: Vec<_> = unfinished.into_iter().map(|failed| failed.what).collect();
                let text = format!(
                    "waiting for what is still being undone: {}",
                    what.join("; ")
                );
                self.say(LogLevel::Info, text);
            }
        }
        let unfinished = self.director.chaos().ledger().unfinished();
        for failed in &unfinished {
            let text = format!("fault: cannot {}: {}", failed.what, failed.why);
            self.say(LogLevel::Error, text);
        }
        self.director.unfinished(unfinished);
    }

    /// Shows whoever watches what happens.
    fn tell_fault(&mut self, event: &Event) {
        let named = |id| match self.director.name_of(id) {
            Some(name) => format!("fault `{name}`"),
            None => "fault".to_owned(),
        };
        let text = match event {
            Event::Began { name, .. } => format!("fault `{name}` begins"),
            Event::Did { id, what } => format!("{}: {what}", named(*id)),
            Event::Ended {
                id,
                by,
                undone,
                failed,
                ..
            } => {
                let named = named(*id);
                for failed in failed {
                    let text = format!("{named}: cannot {}: {}", failed.what, failed.why);
                    self.say(LogLevel::Error, text);
                }
                let left = match failed.len() {
                    0 => String::new(),
                    left => format!(", {left} still broken"),
                };
                match by {
                    EndedBy::Guard(reason) => {
                        format!("{named} undone, for its guard was crossed: {reason}")
                    }
                    EndedBy::Error(_) => {
                        format!("{named} undone, for it failed ({undone} put right{left})")
                    }
                    _ => format!("{named} ends ({undone} put right{left})"),
                }
            }
            Event::Ending { .. } | Event::Asked { .. } => return,
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
