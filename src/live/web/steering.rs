//! What can be asked of a run from outside.

use crate::run::{Answer, Handle, Refused, Unsteered};
use crate::suggest::did_you_mean;
use crate::vu::Stage;

/// Why something that was asked for is not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing of that name.
    #[error("{0}")]
    Unknown(String),
    /// It is there, but not now, or not so.
    #[error("{0}")]
    NotNow(String),
}

/// Steers a run, from any thread. Nothing of it waits.
pub trait Steering: Send + Sync {
    /// Lets everything stand, or go on.
    ///
    /// # Errors
    /// When no run goes on.
    fn pause(&self, paused: bool) -> Result<(), Refusal>;

    /// Ends the run: iterations in progress may end, unless `now`.
    ///
    /// # Errors
    /// When there is nothing to end.
    fn stop(&self, now: bool) -> Result<(), Refusal>;

    /// Changes the virtual users of a scenario that is controlled from outside.
    ///
    /// # Errors
    /// When there is no such scenario, or it follows its plan.
    fn set_vus(&self, scenario: &str, vus: u32) -> Result<(), Refusal>;

    /// Changes the iterations per second of a scenario that is controlled from outside by its rate.
    ///
    /// # Errors
    /// When there is no such scenario, or it follows its plan.
    fn set_rate(&self, scenario: &str, per_second: f64) -> Result<(), Refusal>;

    /// Lets one scenario that is controlled from outside stand, or go on.
    ///
    /// # Errors
    /// When there is no such scenario, or it follows its plan.
    fn pause_scenario(&self, scenario: &str, paused: bool) -> Result<(), Refusal>;

    /// Injects a declared fault now; the answer tells what came of it.
    ///
    /// # Errors
    /// When no run goes on.
    fn inject(&self, fault: &str) -> Result<Answer, Refusal>;

    /// Undoes a fault before its time is over; the answer tells what came of it.
    ///
    /// # Errors
    /// When no run goes on.
    fn undo(&self, fault: &str) -> Result<Answer, Refusal>;
}

impl Steering for Handle {
    fn pause(&self, paused: bool) -> Result<(), Refusal> {
        if self.stage() > Stage::Running {
            return Err(Refusal::NotNow("the run is stopping already".to_owned()));
        }
        self.brake().pause(paused);
        Ok(())
    }

    fn stop(&self, now: bool) -> Result<(), Refusal> {
        if self.stage() == Stage::Running {
            Self::stop(self);
        }
        if now && self.stage() == Stage::Stopping {
            Self::stop(self);
        }
        Ok(())
    }

    fn set_vus(&self, scenario: &str, vus: u32) -> Result<(), Refusal> {
        if let Some(most) = self.most_vus(scenario).filter(|most| vus > *most) {
            return Err(Refusal::NotNow(format!(
                "the scenario `{scenario}` has {most} virtual users at most: its `max_vus` allows no more"
            )));
        }
        Self::set_vus(self, scenario, vus).map_err(|why| not_steered(self, scenario, why))
    }

    fn set_rate(&self, scenario: &str, per_second: f64) -> Result<(), Refusal> {
        Self::set_rate(self, scenario, per_second).map_err(|why| not_steered(self, scenario, why))
    }

    fn pause_scenario(&self, scenario: &str, paused: bool) -> Result<(), Refusal> {
        Self::pause(self, scenario, paused).map_err(|why| not_steered(self, scenario, why))
    }

    fn inject(&self, fault: &str) -> Result<Answer, Refusal> {
        Ok(Self::inject(self, fault))
    }

    fn undo(&self, fault: &str) -> Result<Answer, Refusal> {
        Ok(Self::undo(self, fault))
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown { .. } => Self::Unknown(refused.to_string()),
            _ => Self::NotNow(refused.to_string()),
        }
    }
}

fn not_steered(handle: &Handle, scenario: &str, why: Unsteered) -> Refusal {
    let instead = match why {
        Unsteered::Unknown => None,
        Unsteered::Planned => Some(
            "follows its plan; only scenarios of the executor `externally-controlled` are steered",
        ),
        Unsteered::ByUsers => Some("is controlled by its users: change `vus`"),
        Unsteered::ByRate => Some("is controlled by its rate: change `rate`"),
    };
    if let Some(instead) = instead {
        return Refusal::NotNow(format!("the scenario `{scenario}` {instead}"));
    }
    let names = handle.scenarios();
    let hint = did_you_mean(scenario, names.iter().map(String::as_str));
    let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
    Refusal::Unknown(format!("there is no scenario `{scenario}`{hint}"))
}
