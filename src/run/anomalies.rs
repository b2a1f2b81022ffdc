//! What is unusual in a run, in the hands of its conductor: what is looked at, and what explains it.

use std::time::{Duration, Instant};

use super::conductor::Conductor;
use super::director::Director;
use super::masking::mask_anomaly;
use super::reloads::Reloads;
use crate::anomaly::{Load, Second, Watch};
use crate::result::AnomalyResult;
use crate::vu::Stage;

/// For how long after its end something explains what begins, and how much earlier what is told in blocks may seem to begin; in seconds.
const AFTERMATH: f64 = 15.0;
const BEFORE: f64 = 5.0;

/// What is unusual so far.
#[derive(Debug, Default)]
pub struct Anomalies {
    watch: Watch,
    load: Load,
    /// Until when the run has been looked at, and how far its plan was then.
    covered: Duration,
    planned: Duration,
}

impl Anomalies {
    /// How many more there were than are kept.
    pub fn left_out(&self) -> u64 {
        self.watch.left_out()
    }
}

/// What may explain an anomaly: from when to when something was done, and what.
fn causes(director: &Director, reloads: &Reloads, load: &Load) -> Vec<(f64, f64, String)> {
    let faults = director.windows().map(|(name, from, to)| {
        (
            from,
            to.unwrap_or(f64::INFINITY),
            format!("the fault `{name}`"),
        )
    });
    let reloads = reloads.marks().into_iter().map(|mark| {
        (
            mark.at,
            mark.at,
            format!("version {} of the script", mark.version),
        )
    });
    let moved = load
        .moved()
        .iter()
        .map(|(from, to)| (*from, *to, "the change of the planned load".to_owned()));
    faults.chain(reloads).chain(moved).collect()
}

/// Of the causes that something follows upon the one that was at work when it began, and of several the last to begin.
fn explanation(anomaly: &AnomalyResult, causes: &[(f64, f64, String)]) -> Option<String> {
    let start = anomaly.start_seconds;
    let end = match anomaly.kind {
        // What creeps while something is done creeps for that.
        crate::result::AnomalyKind::Drift => anomaly.end_seconds.unwrap_or(start),
        _ => start,
    };
    let explains =
        |(from, to, _): &&(f64, f64, String)| from - BEFORE <= end && start <= to + AFTERMATH;
    let is_at_work = |(from, to): (f64, f64)| from - BEFORE <= end && start <= to;
    let nearest = causes.iter().filter(explains).max_by(|a, b| {
        let rank = |cause: &(f64, f64, String)| is_at_work((cause.0, cause.1));
        rank(a).cmp(&rank(b)).then(a.0.total_cmp(&b.0))
    });
    nearest.map(|(_, _, what)| what.clone())
}

impl Conductor<'_> {
    /// Looks for anomalies in the second that ends now, before the totals' tick; those that were found or have changed, with their numbers.
    pub(super) fn mind_anomalies(&mut self) -> Vec<(usize, AnomalyResult)> {
        let covered = Duration::from_secs(self.elapsed().as_secs());
        let planned = self.plan_time(Instant::now());
        let Anomalies {
            watch,
            load,
            covered: last,
            planned: before,
        } = &mut self.anomalies;
        let (from, to) = (last.as_secs_f64(), covered.as_secs_f64());
        let went = planned.saturating_sub(*before).as_secs_f64();
        (*last, *before) = (covered, planned);
        // In a pause nothing is as it was, and at the end everything ends.
        let is_held = went < 0.5 * (to - from);
        if to <= from || self.run.stage() != Stage::Running {
            return Vec::new();
        }
        let is_level = load.second(
            to,
            self.aggregate
                .planned_load(&self.blueprint.options, planned),
        );
        if is_held {
            return Vec::new();
        }
        let numbers = watch.second(&Second {
            groups: self.aggregate.totals.groups(),
            from,
            to,
            is_level,
        });
        if numbers.is_empty() {
            return Vec::new();
        }
        let causes = causes(&self.director, &self.reloads, load);
        watch.explain(numbers.iter().copied(), |anomaly| {
            explanation(anomaly, &causes)
        });
        let found = numbers
            .into_iter()
            .filter_map(|number| Some((number, watch.found().get(number)?.clone())));
        let mut told: Vec<_> = found.collect();
        for (_, anomaly) in &mut told {
            mask_anomaly(anomaly, &self.blueprint.secrets);
        }
        told
    }

    /// All that was found, with what is known by now to explain it.
    pub(super) fn anomaly_rows(&self) -> Vec<AnomalyResult> {
        let causes = causes(&self.director, &self.reloads, &self.anomalies.load);
        let mut rows = self.anomalies.watch.found().to_vec();
        for row in &mut rows {
            row.explained_by = explanation(row, &causes);
        }
        rows.sort_by(|a, b| a.start_seconds.total_cmp(&b.start_seconds));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::AnomalyKind;
    use crate::result::sample_anomaly::step;

    #[test]
    fn what_was_done_explains_what_follows_upon_it_and_nothing_else() {
        let causes = [(60.0, 64.0, "a".to_owned()), (200.0, 300.0, "b".to_owned())];
        let at = |start_seconds, kind| AnomalyResult {
            start_seconds,
            kind,
            end_seconds: Some(210.0),
            ..step()
        };
        let why = |start, kind| explanation(&at(start, kind), &causes);
        assert_eq!(why(62.0, AnomalyKind::Step).as_deref(), Some("a"));
        assert_eq!(why(78.0, AnomalyKind::Spike).as_deref(), Some("a"));
        assert_eq!(why(100.0, AnomalyKind::Step), None);
        assert_eq!(why(100.0, AnomalyKind::Drift).as_deref(), Some("b"));
        assert_eq!(why(40.0, AnomalyKind::Step), None);
    }

    #[test]
    fn of_two_faults_in_a_row_the_one_at_work_explains() {
        let causes = [(25.0, 35.0, "a".to_owned()), (39.0, 50.0, "b".to_owned())];
        let why = |start_seconds| {
            let kind = AnomalyKind::Step;
            let row = AnomalyResult {
                start_seconds,
                kind,
                ..step()
            };
            explanation(&row, &causes)
        };
        for (start, cause) in [
            (25.0, "a"),
            (33.0, "a"),
            (38.0, "b"),
            (45.0, "b"),
            (60.0, "b"),
        ] {
            assert_eq!(why(start).as_deref(), Some(cause), "{start}");
        }
    }
}
