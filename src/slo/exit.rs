//! The verdict on a whole run: whether to ship.

use super::{Judgement, Objective, Priority, Status};

/// How one objective came out, as far as the verdict needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    pub status: Status,
    pub priority: Priority,
    pub optional: bool,
}

impl Outcome {
    /// The outcome of a judged objective.
    pub fn new(objective: &Objective, judgement: &Judgement) -> Self {
        Self {
            status: judgement.status,
            priority: objective.priority,
            optional: objective.optional,
        }
    }

    /// Whether the target was missed. No data counts as missed unless the objective is optional.
    pub fn failed(self) -> bool {
        match self.status {
            Status::Pass | Status::Warning => false,
            Status::Fail | Status::Critical => true,
            Status::NoData => !self.optional,
        }
    }

    /// What this outcome alone makes of the run.
    pub fn verdict(self) -> ExitVerdict {
        match (self.failed(), self.status, self.priority) {
            (true, Status::Critical, _) | (true, _, Priority::P0) => ExitVerdict::Blocked,
            (true, ..) | (false, Status::Warning, _) => ExitVerdict::Review,
            (false, ..) => ExitVerdict::Ship,
        }
    }
}

/// What happened to the run beside its objectives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunFacts {
    /// Iterations and other parts of the script that ended in an error which its options do not tolerate.
    pub script_errors: u64,
    /// An objective or a guardrail stopped the run.
    pub aborted: bool,
    /// Scenarios of which not one iteration came to its end: what they were to test was not tested.
    pub empty_scenarios: u64,
}

/// What a pipeline should do, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitVerdict {
    /// Every objective was kept.
    Ship,
    /// There are warnings, or a P1 or P2 objective was missed.
    Review,
    /// A P0 objective was missed, the run was aborted, or scripts threw.
    Blocked,
}

impl ExitVerdict {
    /// The verdict on a run: the worst of everything that happened. `strict` makes a review a block.
    pub fn of(outcomes: impl IntoIterator<Item = Outcome>, facts: RunFacts, strict: bool) -> Self {
        let run = if facts.aborted || facts.script_errors > 0 {
            Self::Blocked
        } else if facts.empty_scenarios > 0 {
            Self::Review
        } else {
            Self::Ship
        };
        match outcomes
            .into_iter()
            .map(Outcome::verdict)
            .fold(run, Self::max)
        {
            Self::Review if strict => Self::Blocked,
            verdict => verdict,
        }
    }

    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Ship => 0,
            Self::Review => 1,
            Self::Blocked => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Priority::{P0, P1, P2};
    use Status::{Critical, Fail, NoData, Pass, Warning};

    /// Status, priority, optional.
    type Row = (Status, Priority, bool);

    fn code(outcomes: &[Row], facts: RunFacts, strict: bool) -> u8 {
        let outcomes = outcomes
            .iter()
            .map(|&(status, priority, optional)| Outcome {
                status,
                priority,
                optional,
            });
        ExitVerdict::of(outcomes, facts, strict).code()
    }

    #[test]
    fn the_worst_outcome_decides() {
        let cases: [(&[Row], u8, u8); 12] = [
            (&[], 0, 0),
            (&[(Pass, P0, false)], 0, 0),
            (&[(Pass, P0, false), (Warning, P2, false)], 1, 2),
            (&[(Warning, P0, false)], 1, 2),
            (&[(Fail, P1, false), (Pass, P0, false)], 1, 2),
            (&[(Fail, P2, false)], 1, 2),
            (&[(Critical, P0, false), (Fail, P1, false)], 2, 2),
            (&[(NoData, P0, false)], 2, 2),
            (&[(NoData, P1, false)], 1, 2),
            (&[(NoData, P0, true), (NoData, P2, true)], 0, 0),
            (&[(Fail, P1, true)], 1, 2),
            (&[(Critical, P0, true)], 2, 2),
        ];
        for (outcomes, plain, strict) in cases {
            assert_eq!(
                code(outcomes, RunFacts::default(), false),
                plain,
                "{outcomes:?}"
            );
            assert_eq!(
                code(outcomes, RunFacts::default(), true),
                strict,
                "{outcomes:?}"
            );
        }
    }

    #[test]
    fn script_errors_and_aborts_block_whatever_the_objectives_say() {
        let errors = RunFacts {
            script_errors: 1,
            ..RunFacts::default()
        };
        let aborted = RunFacts {
            aborted: true,
            ..RunFacts::default()
        };
        for facts in [errors, aborted] {
            assert_eq!(code(&[(Pass, P0, false)], facts, false), 2);
            assert_eq!(code(&[], facts, false), 2);
        }
    }
}
