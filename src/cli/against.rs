//! A run held against a baseline: looked for before the start, compared at the end.

use std::path::Path;

use super::baselines::{branch_of, count, find, missing, regressions, weigh};
use super::command_args::RunArguments;
use super::{Failure, complain};
use crate::baseline::{Baseline, Store, turn};
use crate::compare::{Comparison, Labelled, MARGIN, compare};
use crate::exit;
use crate::result::{RunResult, probe_baseline};

/// The baseline that a run is to be held against.
pub struct Against {
    name: String,
    store: Store,
    threshold: Option<f64>,
    promote_after: Option<u32>,
}

impl Against {
    /// The baseline that the arguments name, if they do. A run that cannot be compared at its end is not begun.
    pub fn begin(arguments: &RunArguments) -> Result<Option<Self>, Failure> {
        let gate = &arguments.gate;
        let Some(name) = &arguments.baseline else {
            gate.says_nothing()?;
            return Ok(None);
        };
        let folder = arguments.script.script.parent().unwrap_or(Path::new(""));
        let path = gate.store.path(folder);
        let store = Store::open(&path)?;
        let against = Self {
            name: name.clone(),
            store,
            threshold: gate.fail_on_regression,
            promote_after: gate.promote_after,
        };
        if against.store.find(name, None).is_none() && against.promote_after.is_none() {
            return Err(missing(&against.store, name));
        }
        if against.promote_after.is_some() {
            probe_baseline(&path).map_err(|error| {
                let message =
                    format!("error: {error}\nThat was tried before the start: nothing was sent.");
                Failure::new(exit::CANNOT_WRITE, message)
            })?;
        }
        Ok(Some(against))
    }

    /// Compares; what is worse by more than it may be goes into the run's verdict.
    pub fn compare(&self, result: &mut RunResult) -> Option<Comparison> {
        let branch = branch_of(result).map(str::to_owned);
        let found = self.store.find(&self.name, None).is_some();
        let baseline: &Baseline =
            found.then(|| find(&self.store, &self.name, branch.as_deref()).ok())??;
        let label = format!("baseline {}", baseline.title());
        let before = Labelled {
            label: &label,
            result: &baseline.result,
        };
        let after = Labelled {
            label: "this run",
            result,
        };
        let comparison = compare(before, after, MARGIN, &baseline.variation);
        let reasons = regressions(&comparison, self.threshold);
        weigh(&mut result.verdict, reasons);
        Some(comparison)
    }

    /// Counts the run for `--promote-after`.
    pub fn end(
        &mut self,
        result: &RunResult,
        comparison: Option<&Comparison>,
    ) -> Result<(), Failure> {
        if let Some(needed) = self.promote_after {
            // What others have saved while the run went on stays.
            let path = self.store.path().to_owned();
            let _turn = turn(&path);
            self.store = Store::open(&path)?;
            let said = count(&mut self.store, &self.name, result, comparison, needed)?;
            complain(&format!("note: {said}"));
        }
        Ok(())
    }
}
