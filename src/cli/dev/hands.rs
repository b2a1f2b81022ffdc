//! Which scenarios are in the developer's hand, and with how many users; the others follow the script's plan.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::chaos::Trigger;
use crate::executor::ExternallyControlled;
use crate::report::format::plural;
use crate::run::Blueprint;

/// Users that a scenario in hand may get. Everything they do is shown, so more would be of no use.
pub const MOST: u32 = 100;

/// How a scenario is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    Held(u32),
    Planned,
}

/// How all are.
#[derive(Debug, Clone)]
pub struct Hands {
    usual: Hand,
    vus: u32,
    own: BTreeMap<String, Hand>,
}

impl Hands {
    /// All are held with so many users, or all follow the plan.
    pub fn new(vus: u32, planned: bool) -> Self {
        Self {
            usual: if planned {
                Hand::Planned
            } else {
                Hand::Held(vus)
            },
            vus,
            own: BTreeMap::new(),
        }
    }

    pub fn of(&self, scenario: &str) -> Hand {
        self.own.get(scenario).copied().unwrap_or(self.usual)
    }

    pub fn set(&mut self, scenario: &str, hand: Hand) {
        self.own.insert(scenario.to_owned(), hand);
    }

    /// From the hand to the plan, or back.
    pub fn turn(&mut self, scenario: &str) {
        let turned = match self.of(scenario) {
            Hand::Held(_) => Hand::Planned,
            Hand::Planned => Hand::Held(self.vus.max(1)),
        };
        self.set(scenario, turned);
    }

    /// The run that is made of a blueprint: it ends at once when it has to.
    pub fn applied_to(&self, blueprint: &Blueprint) -> Blueprint {
        let mut applied = blueprint.clone();
        if let Hand::Held(_) = self.usual {
            // Nor does a fault come by itself.
            for fault in &mut applied.options.chaos.faults {
                fault.trigger = Trigger::Manual;
            }
        }
        for scenario in &mut applied.options.scenarios {
            scenario.graceful_stop = Duration::ZERO;
            if let Hand::Held(vus) = self.of(&scenario.name)
                && let Ok(held) = ExternallyControlled::new(vus, MOST, None)
            {
                scenario.executor = Arc::new(held);
                scenario.start_time = Duration::ZERO;
                scenario.after = None;
            }
        }
        applied
    }

    /// The load of each scenario, in words.
    pub fn loads(&self, blueprint: &Blueprint) -> Vec<(String, String)> {
        let scenarios = blueprint.options.scenarios.iter();
        scenarios
            .map(|scenario| {
                let load = match self.of(&scenario.name) {
                    Hand::Held(vus) => plural(u64::from(vus), "virtual user", "virtual users"),
                    Hand::Planned => scenario.executor.describe(),
                };
                (scenario.name.clone(), load)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_goes_from_hand_to_plan_and_back() {
        let mut hands = Hands::new(2, false);
        assert_eq!(hands.of("a"), Hand::Held(2));
        hands.turn("a");
        assert_eq!(
            (hands.of("a"), hands.of("b")),
            (Hand::Planned, Hand::Held(2))
        );
        hands.turn("a");
        assert_eq!(hands.of("a"), Hand::Held(2));
        assert_eq!(Hands::new(1, true).of("a"), Hand::Planned);
    }
}
