//! What is looked at once a second: statements about the run's metrics, and what probes said.

use crate::chaos::probe::{Condition, Said, Watch};
use crate::judge::text_of;
use crate::metrics::{MetricKind, Totals, TrackerId};
use crate::run::judging::judged;
use crate::slo::Objective;

/// A statement with what it looks at.
#[derive(Debug)]
pub(super) struct Watched {
    pub objective: Objective,
    tracker: TrackerId,
}

impl Watched {
    pub fn new(
        objective: &Objective,
        window: Option<usize>,
        totals: &mut Totals,
        kind: &KindOf<'_>,
    ) -> Self {
        let selector = objective.selector.clone();
        let kind = kind(objective);
        let matches = Box::new(move |metric: &str, tags: &_| selector.matches(metric, tags));
        Self {
            objective: objective.clone(),
            tracker: totals.track(kind, window, matches),
        }
    }

    /// The value over the last seconds of its window, this one included; none without samples.
    pub fn recent(&self, totals: &Totals) -> Option<f64> {
        let (values, before) = totals.tracker(self.tracker).window_and_current()?;
        judged(&values, before as f64 + 1.0, &self.objective)
    }

    /// The value of this second alone.
    pub fn now(&self, totals: &Totals) -> Option<f64> {
        judged(&totals.tracker(self.tracker).current, 1.0, &self.objective)
    }

    /// The value since the start.
    pub fn total(&self, totals: &Totals, seconds: u64) -> Option<f64> {
        judged(
            &totals.tracker(self.tracker).total,
            seconds as f64,
            &self.objective,
        )
    }

    pub fn told(&self, value: Option<f64>) -> String {
        let objective = &self.objective;
        match value {
            Some(value) => format!(
                "{}: it was {}",
                objective.label(),
                text_of(objective, value, None)
            ),
            None => format!("{}: nothing was measured", objective.label()),
        }
    }
}

/// Gives the kind of the metric that a statement is about.
pub type KindOf<'a> = dyn Fn(&Objective) -> MetricKind + 'a;

/// What must hold before or while a fault lasts, with what it looks at.
#[derive(Debug)]
pub(super) enum Holding {
    Measured(Box<Watched>),
    /// The run's probe of this number.
    Asked {
        number: usize,
        label: String,
    },
}

impl Holding {
    /// `probes`: how many there are so far.
    pub fn new(
        condition: &Condition,
        window: Option<usize>,
        totals: &mut Totals,
        kind: &KindOf<'_>,
        probes: &mut Vec<std::sync::Arc<dyn crate::chaos::probe::Probe>>,
    ) -> Self {
        match condition {
            Condition::Measured(objective) => {
                Self::Measured(Box::new(Watched::new(objective, window, totals, kind)))
            }
            Condition::Asked(probe) => {
                probes.push(probe.clone());
                Self::Asked {
                    number: probes.len() - 1,
                    label: probe.label(),
                }
            }
        }
    }

    /// Why it did not hold in this second, if so. What nobody knows did not hold.
    pub fn broken(&self, totals: &Totals, probes: Option<&Watch>) -> Option<String> {
        match self {
            Self::Measured(watched) => {
                let value = watched.now(totals);
                let holds = value.is_some_and(|value| watched.objective.target.holds(value));
                (!holds).then(|| watched.told(value))
            }
            Self::Asked { label, .. } => match self.said(probes) {
                Some(Ok(())) => None,
                Some(Err(why)) => Some(format!("{label}: {why}")),
                None => Some(format!("{label}: there was no answer yet")),
            },
        }
    }

    /// How it was crossed of late, if it was. What nobody knows was not.
    pub fn crossed(&self, totals: &Totals, probes: Option<&Watch>) -> Option<String> {
        match self {
            Self::Measured(watched) => {
                let value = watched.recent(totals)?;
                (!watched.objective.target.holds(value)).then(|| watched.told(Some(value)))
            }
            Self::Asked { label, .. } => {
                let why = self.said(probes)?.err()?;
                Some(format!("{label}: {why}"))
            }
        }
    }

    fn said(&self, probes: Option<&Watch>) -> Said {
        match self {
            Self::Asked { number, .. } => probes?.said(*number),
            Self::Measured(_) => None,
        }
    }
}
