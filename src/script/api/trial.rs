//! `test`: what a test finds out about itself.

use std::sync::Arc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult, Map};

use super::{Fallible, error};
use crate::script::trial::{self, Trial};
use crate::vu;

/// The test that runs this, or an error that says that there is none.
pub fn current(module: &str) -> Fallible<Arc<Trial>> {
    let Some(trial) = trial::current() else {
        return error(format!(
            "`{module}::` works only in a test\nhelp: write it into a function `test_…` and run that with `rhaid test`"
        ));
    };
    if vu::current().is_none() {
        return error(format!(
            "`{module}::` works only inside a test's function, not at the script's top level"
        ));
    }
    Ok(trial)
}

#[export_module(manifest)]
pub mod test_module {
    /// For how many seconds the test has asked to sleep so far, think times included. A sleep in a test is over at once, but the
    /// clock of `time::` goes on by it.
    #[rhai_fn(return_raw)]
    pub fn slept() -> Result<f64, Box<EvalAltResult>> {
        Ok(current("test")?.slept().as_secs_f64())
    }

    /// The checks that have failed, as maps with `name`, `reason` (`()` if there is none) and `times`; those that are taken
    /// so no longer make the test fail.
    #[rhai_fn(return_raw)]
    pub fn failed_checks() -> Result<Array, Box<EvalAltResult>> {
        let checks = current("test")?.take_failed_checks();
        let maps = checks.into_iter().map(|check| {
            let reason = check.reason.map_or(Dynamic::UNIT, Dynamic::from);
            let map: Map = [
                ("name".into(), check.name.into()),
                ("reason".into(), reason),
                ("times".into(), Dynamic::from(check.times as i64)),
            ]
            .into_iter()
            .collect();
            Dynamic::from(map)
        });
        Ok(maps.collect())
    }
}
