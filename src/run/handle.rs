//! What steers a run from outside.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::account::sha256;
use super::blueprint::Blueprint;
use super::by_hand::{Answer, Move, states};
use super::progress::FaultProgress;
use super::wishes::Wish;
use crate::script::journey_factory;
use crate::vu::shared::Control;
use crate::vu::{Brake, RunShared, Stage, Wanted};

/// Why a scenario cannot be changed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsteered {
    /// There is none of that name.
    Unknown,
    /// It follows its plan.
    Planned,
    /// It is controlled by its virtual users, not by a rate.
    ByUsers,
    /// It is controlled by its rate, not by virtual users.
    ByRate,
}

/// Steers a run from any thread.
#[derive(Debug, Clone)]
pub struct Handle {
    run: Arc<RunShared>,
    wishes: mpsc::UnboundedSender<Wish>,
}

impl Handle {
    pub(super) fn new(run: &Arc<RunShared>) -> (Self, mpsc::UnboundedReceiver<Wish>) {
        let (wishes, received) = mpsc::unbounded_channel();
        let run = run.clone();
        (Self { run, wishes }, received)
    }

    /// Runs `setup` again while the virtual users go on; they get its data between two iterations.
    pub fn set_up_again(&self) {
        // A run that is over has nothing to set up.
        let _ = self.wishes.send(Wish::SetUpAgain);
    }

    /// Ends the run without `teardown`: another one goes on with the data of `setup`.
    pub fn hand_over(&self) {
        let _ = self.wishes.send(Wish::HandOver);
    }

    /// Injects a fault that the options declare, whatever it waits for.
    pub fn inject(&self, fault: &str) -> Answer {
        self.move_fault(fault, Move::Inject)
    }

    /// Undoes a fault that is at work.
    pub fn undo(&self, fault: &str) -> Answer {
        self.move_fault(fault, Move::Undo)
    }

    /// The faults that the run may inject, and those at work beside them; none where faults are not allowed.
    pub fn faults(&self) -> Vec<FaultProgress> {
        states(&self.run.chaos)
    }

    fn move_fault(&self, fault: &str, what: Move) -> Answer {
        let (reply, answer) = Answer::pair();
        // A run that is over drops the reply, which is an answer.
        let fault = fault.to_owned();
        let _ = self.wishes.send(Wish::Fault { fault, what, reply });
        answer
    }

    /// Holds virtual users between iterations.
    pub fn brake(&self) -> &Brake {
        &self.run.brake
    }

    /// Lets a newer version of the script take over: each virtual user takes it up between two iterations. Its state, its
    /// cookies and connections and the data of `setup` stay. Gives the version's number.
    pub fn reload(&self, newer: &Blueprint) -> u32 {
        let factory = journey_factory(
            newer.sources.clone(),
            newer.env.clone(),
            newer.secrets.clone(),
        );
        let text = newer.sources.main_text();
        self.run.reload(sha256(text.as_bytes()), factory)
    }

    /// Starts no more iterations; those that run have their grace. The second time, everything ends at once.
    pub fn stop(&self) {
        let next = if self.run.stage() == Stage::Running {
            Stage::Stopping
        } else {
            Stage::Killed
        };
        self.run.advance(next);
    }

    /// Data files that scripts have read so far.
    pub fn files(&self) -> BTreeSet<PathBuf> {
        self.run.files()
    }

    /// How far the run is.
    pub fn stage(&self) -> Stage {
        self.run.stage()
    }

    /// The names of all scenarios.
    pub fn scenarios(&self) -> Vec<String> {
        let scenarios = self.run.scenarios.iter();
        scenarios.map(|scenario| scenario.name.clone()).collect()
    }

    /// Changes the virtual users of an externally controlled scenario, to `max_vus` at most.
    ///
    /// # Errors
    /// When there is none of that name, or its rate is controlled.
    pub fn set_vus(&self, scenario: &str, vus: u32) -> Result<(), Unsteered> {
        self.change(scenario, Wanted::Vus(vus))
    }

    /// How many virtual users an externally controlled scenario may have.
    pub fn most_vus(&self, scenario: &str) -> Option<u32> {
        let mut scenarios = self.run.scenarios.iter();
        let known = scenarios.find(|known| known.name == scenario)?;
        Some(known.controls()?.1)
    }

    /// Changes the rate of an externally controlled scenario, in iterations per second, to a million at most.
    ///
    /// # Errors
    /// When there is none of that name, or its users are controlled.
    pub fn set_rate(&self, scenario: &str, per_second: f64) -> Result<(), Unsteered> {
        self.change(scenario, Wanted::Rate(per_second))
    }

    /// Pauses or resumes an externally controlled scenario.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn pause(&self, scenario: &str, paused: bool) -> Result<(), Unsteered> {
        self.steer(scenario, |control| {
            control.paused = paused;
            Ok(())
        })
    }

    fn change(&self, scenario: &str, wanted: Wanted) -> Result<(), Unsteered> {
        self.steer(scenario, |control| {
            match (control.wanted, wanted) {
                (Wanted::Vus(_), Wanted::Rate(_)) => return Err(Unsteered::ByUsers),
                (Wanted::Rate(_), Wanted::Vus(_)) => return Err(Unsteered::ByRate),
                _ => control.wanted = wanted,
            }
            Ok(())
        })
    }

    fn steer(
        &self,
        scenario: &str,
        change: impl FnOnce(&mut Control) -> Result<(), Unsteered>,
    ) -> Result<(), Unsteered> {
        let mut scenarios = self.run.scenarios.iter();
        let known = scenarios.find(|known| known.name == scenario);
        let known = known.ok_or(Unsteered::Unknown)?;
        let mut outcome = Ok(());
        match known.steer(|control| outcome = change(control)) {
            true => outcome,
            false => Err(Unsteered::Planned),
        }
    }
}
