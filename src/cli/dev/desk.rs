//! What is in force, what comes next, and what a save or a key changes about it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::Value;

use super::hands::{Hand, Hands, MOST};
use super::named;
use crate::cli::reload::Draw;
use crate::cli::watch::{Reader, scripts_around};
use crate::live::dev::{Event, Order, Teller};
use crate::live::web::{self, Refusal, Steering};
use crate::report::format::plural;
use crate::result::{Outcome, RunResult};
use crate::run::{Answer, Blueprint, Edits, Handle, between};

/// The run that comes next.
pub struct Next {
    pub blueprint: Blueprint,
    /// What `setup` gave before, if it need not run again.
    pub data: Option<Value>,
    pub paused: bool,
    pub loads: Vec<(String, String)>,
}

/// Shared by those who save, press keys and conduct.
pub struct Desk {
    state: Mutex<State>,
    /// There is something to do for the one who conducts.
    changed: Condvar,
    draw: Mutex<Draw>,
    defaults: PathBuf,
    script: PathBuf,
}

struct State {
    teller: Option<Teller>,
    dashboard: Option<web::Teller>,
    /// Of the run that goes on.
    handle: Option<Handle>,
    /// The last good version.
    current: Option<Blueprint>,
    /// How often a saved script was taken, the first one not counted.
    version: u32,
    /// What was saved last cannot be played.
    rejected: bool,
    /// A run is to begin.
    due: bool,
    hands: Hands,
    data: Option<Value>,
    paused: bool,
    /// The terminal is the shell's: nobody looks on.
    away: bool,
    quitting: bool,
}

impl State {
    fn tell(&self, event: Event) {
        if let Some(teller) = &self.teller {
            teller.tell(event);
        }
    }

    /// No run goes on.
    fn rest(&self, why: String) {
        if let Some(dashboard) = &self.dashboard {
            dashboard.idle(why.clone());
        }
        self.tell(Event::Idle(why));
    }

    /// Ends the run that goes on, if one does, and lets another begin.
    fn begin_anew(&mut self) {
        self.due = true;
        if let Some(handle) = &self.handle {
            handle.hand_over();
        }
    }

    /// Lets the run that goes on stand, or not.
    fn brake(&self) {
        if let Some(handle) = &self.handle {
            handle.brake().pause(self.paused || self.away);
        }
    }

    /// Whether the version in force has a function of that name.
    fn has(&self, function: &str) -> bool {
        let functions = self.current.iter().flat_map(|b| &b.functions);
        functions.into_iter().any(|known| known == function)
    }

    /// Names of the scenarios that a key is about.
    fn meant(&self, scenario: Option<usize>) -> Vec<String> {
        let all = self.current.iter().flat_map(|b| &b.options.scenarios);
        let names = all.map(|scenario| scenario.name.clone());
        match scenario {
            None => names.collect(),
            Some(index) => names.skip(index).take(1).collect(),
        }
    }

    /// Takes a newer version into the run that goes on, or begins another one; what there is to say about it.
    fn take(&mut self, newer: Blueprint, edits: &Edits) {
        if edits.setup {
            self.data = None;
        }
        for scenario in &edits.replanned {
            self.hands.set(scenario, Hand::Planned);
        }
        match &self.handle {
            Some(handle) if edits.options.is_empty() => {
                handle.reload(&newer);
                // Nobody waits for what was just saved.
                handle.brake().nudge();
                if edits.setup {
                    handle.set_up_again();
                }
            }
            _ => self.begin_anew(),
        }
        self.current = Some(newer);
    }
}

impl Desk {
    pub fn new(draw: Draw, hands: Hands, defaults: PathBuf, script: PathBuf) -> Self {
        Self {
            state: Mutex::new(State {
                teller: None,
                dashboard: None,
                handle: None,
                current: None,
                version: 0,
                rejected: false,
                due: false,
                hands,
                data: None,
                paused: false,
                away: false,
                quitting: false,
            }),
            changed: Condvar::new(),
            draw: Mutex::new(draw),
            defaults,
            script,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is told what happens.
    pub fn tell_to(&self, teller: Teller) {
        self.state().teller = Some(teller);
    }

    /// The dashboard that shows it too.
    pub fn show_to(&self, dashboard: web::Teller) {
        self.state().dashboard = Some(dashboard);
    }

    pub fn dashboard(&self) -> Option<web::Teller> {
        self.state().dashboard.clone()
    }

    /// Reads what is saved now, and takes it if it is right.
    pub fn read_anew(&self) {
        let began = Instant::now();
        let drawn = (self.draw.lock().unwrap_or_else(PoisonError::into_inner))();
        let mut state = self.state();
        let newer = match drawn {
            Ok(newer) => newer,
            Err(failure) => {
                state.rejected = true;
                let why = console::strip_ansi_codes(&failure.message).into_owned();
                state.tell(Event::Rejected(why));
                return;
            }
        };
        state.rejected = false;
        for warning in &newer.warnings {
            state.tell(Event::Warning(Box::new(warning.clone())));
        }
        let Some(older) = state.current.take() else {
            state.current = Some(newer);
            state.due = true;
            // Until now there was only a mistake to be seen.
            state.tell(Event::Taken {
                version: 1,
                what: vec![format!("{} is right", named(&self.script))],
            });
            state.version = 1;
            self.changed.notify_all();
            return;
        };
        let edits = between(&older, &newer);
        state.version += 1;
        let mut what = edits.options.clone();
        for scenario in &edits.replanned {
            what.push(format!(
                "`{scenario}` follows its new plan; h takes it in hand"
            ));
        }
        if edits.setup {
            what.push("setup has changed: it runs again".to_owned());
        }
        if what.is_empty() {
            what.push(format!("checked in {} ms", began.elapsed().as_millis()));
        }
        let version = state.version;
        state.tell(Event::Taken { version, what });
        state.take(newer, &edits);
        self.changed.notify_all();
    }

    /// The run that comes next; waits until there is one, and gives nothing when it is all over.
    pub fn next(&self) -> Option<Next> {
        let mut state = self.state();
        loop {
            if state.quitting {
                return None;
            }
            if state.due
                && let Some(current) = &state.current
            {
                let next = Next {
                    blueprint: state.hands.applied_to(current),
                    data: state.data.clone(),
                    paused: state.paused,
                    loads: state.hands.loads(current),
                };
                state.due = false;
                return Some(next);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A run has begun.
    pub fn started(&self, handle: Handle) {
        let mut state = self.state();
        if state.quitting {
            handle.stop();
        } else if state.due {
            // What it was made of is out of date already.
            handle.hand_over();
        }
        state.handle = Some(handle);
    }

    /// What `setup` gave.
    pub fn set_up(&self, data: &Value) {
        self.state().data = Some(data.clone());
    }

    /// A run has ended.
    pub fn over(&self, result: &RunResult) {
        let mut state = self.state();
        state.handle = None;
        if state.quitting
            && let Some(dashboard) = &state.dashboard
        {
            dashboard.over(result);
        }
        if state.due || state.quitting {
            return;
        }
        let why = match &result.run.outcome {
            Outcome::SetupFailed { reason } => format!("setup failed: {reason}"),
            Outcome::Aborted { reason, .. } => format!("the run ended: {reason}"),
            Outcome::Completed | Outcome::Interrupted => "the plan is over".to_owned(),
        };
        let after_teardown = !matches!(result.run.outcome, Outcome::SetupFailed { .. });
        if after_teardown {
            // What `setup` made is gone.
            state.data = None;
        }
        state.rest(format!("{why}; it runs again when you save, or press r"));
    }

    /// A run did not come about.
    pub fn failed(&self, why: &str) {
        let mut state = self.state();
        state.handle = None;
        state.rest(format!(
            "{why}\nit is tried again when you save, or press r"
        ));
    }

    /// The first time, ends in order; the second time, at once.
    pub fn quit(&self) {
        let mut state = self.state();
        state.quitting = true;
        if let Some(handle) = &state.handle {
            handle.stop();
        }
        self.changed.notify_all();
    }

    /// Does what a key asks for.
    pub fn obey(&self, order: Order) {
        if order == Order::Quit {
            return self.quit();
        }
        let mut state = self.state();
        match order {
            // The screen's own affair.
            Order::Quit | Order::Suspend => {}
            Order::Away(away) => {
                state.away = away;
                state.brake();
            }
            Order::Pause => {
                let paused = !state.paused;
                set_paused(&mut state, paused);
            }
            Order::Step => {
                if !state.paused {
                    set_paused(&mut state, true);
                }
                if let Some(handle) = &state.handle {
                    handle.brake().step();
                }
            }
            Order::SetUpAgain => match &state.handle {
                Some(_) if !state.has("setup") => {
                    state.tell(Event::Answer("the script has no setup".to_owned()));
                }
                Some(handle) => {
                    state.tell(Event::Notice("setup runs again".to_owned()));
                    handle.set_up_again();
                }
                None => {
                    state.data = None;
                    state.due = true;
                }
            },
            Order::Vus { scenario, more } => {
                let names = state.meant(scenario);
                let said = names.iter().map(|name| change_vus(&mut state, name, more));
                let said: Vec<String> = said.collect();
                state.tell(Event::Answer(said.join("; ")));
            }
            Order::Fault(index) => turn_fault(&state, index),
            Order::Hand { scenario } => {
                for name in state.meant(scenario) {
                    state.hands.turn(&name);
                }
                state.begin_anew();
            }
        }
        self.changed.notify_all();
    }
}

fn set_paused(state: &mut State, paused: bool) {
    state.paused = paused;
    state.brake();
    state.tell(Event::Paused(paused));
}

impl Steering for Desk {
    fn pause(&self, paused: bool) -> Result<(), Refusal> {
        set_paused(&mut self.state(), paused);
        Ok(())
    }

    fn stop(&self, now: bool) -> Result<(), Refusal> {
        self.quit();
        if now {
            self.quit();
        }
        Ok(())
    }

    fn set_vus(&self, scenario: &str, vus: u32) -> Result<(), Refusal> {
        let mut state = self.state();
        let handle = state.handle.clone().ok_or_else(no_run)?;
        let vus = vus.min(MOST);
        Steering::set_vus(&handle, scenario, vus)?;
        // A scenario whose executor is steered by the plan itself is not in hand.
        if matches!(state.hands.of(scenario), Hand::Held(_)) {
            state.hands.set(scenario, Hand::Held(vus));
        }
        Ok(())
    }

    fn set_rate(&self, scenario: &str, per_second: f64) -> Result<(), Refusal> {
        let handle = self.state().handle.clone().ok_or_else(no_run)?;
        Steering::set_rate(&handle, scenario, per_second)
    }

    fn pause_scenario(&self, scenario: &str, paused: bool) -> Result<(), Refusal> {
        let handle = self.state().handle.clone().ok_or_else(no_run)?;
        handle.pause_scenario(scenario, paused)
    }

    fn inject(&self, fault: &str) -> Result<Answer, Refusal> {
        let handle = self.state().handle.clone().ok_or_else(no_run)?;
        Steering::inject(&handle, fault)
    }

    fn undo(&self, fault: &str) -> Result<Answer, Refusal> {
        let handle = self.state().handle.clone().ok_or_else(no_run)?;
        Steering::undo(&handle, fault)
    }
}

fn no_run() -> Refusal {
    Refusal::NotNow("no run goes on".to_owned())
}

/// Injects a fault, or undoes it if it is at work.
fn turn_fault(state: &State, index: usize) {
    let Some(handle) = &state.handle else {
        return state.tell(Event::Notice("no run goes on".to_owned()));
    };
    let faults = handle.faults();
    let Some(fault) = faults.get(index) else {
        return;
    };
    let answer = match fault.left {
        Some(_) => handle.undo(&fault.name),
        None => handle.inject(&fault.name),
    };
    let Some(teller) = state.teller.clone() else {
        return;
    };
    // The run tells by itself what begins and ends; it may be waiting for this desk, and is not waited for here.
    let wait = move || {
        if let Err(why) = answer.wait() {
            teller.tell(Event::Trouble(why.to_string()));
        }
    };
    let _ = std::thread::Builder::new().name("fault".into()).spawn(wait);
}

/// Gives a scenario a user more, or takes one; what came of it.
fn change_vus(state: &mut State, scenario: &str, more: bool) -> String {
    let before = match state.hands.of(scenario) {
        Hand::Planned => return format!("`{scenario}` follows its plan, h takes it in hand"),
        Hand::Held(vus) => vus,
    };
    let vus = match more {
        true => before.saturating_add(1).min(MOST),
        false => before.saturating_sub(1),
    };
    let users = plural(u64::from(vus), "virtual user", "virtual users");
    if vus == before {
        let end = if more { "the most" } else { "the least" };
        return format!("`{scenario}` has {users}, {end} that there can be");
    }
    state.hands.set(scenario, Hand::Held(vus));
    match &state.handle {
        Some(handle) => {
            // One that is not there any more gets them in the next run.
            let _ = handle.set_vus(scenario, vus);
            format!("`{scenario}`: {users}")
        }
        None => format!("`{scenario}`: {users} in the next run, r begins it"),
    }
}

/// Tells the desk what was saved.
pub struct DeskReader(pub Arc<Desk>);

impl Reader for DeskReader {
    fn files(&self) -> BTreeSet<PathBuf> {
        let desk = &self.0;
        let state = desk.state();
        let mut files = BTreeSet::from([desk.script.clone(), desk.defaults.clone()]);
        files.extend(state.current.iter().flat_map(|b| b.sources.files()));
        files.extend(state.handle.iter().flat_map(Handle::files));
        // The mistake may be in a module that was not there before.
        let folder = desk.script.parent().unwrap_or(std::path::Path::new(""));
        let folder = if folder.as_os_str().is_empty() {
            std::path::Path::new(".")
        } else {
            folder
        };
        files.extend(scripts_around(folder, state.rejected));
        files
    }

    fn saved(&mut self) {
        self.0.read_anew();
    }

    fn say(&self, text: String) {
        self.0.state().tell(Event::Notice(text));
    }
}
