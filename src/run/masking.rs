//! Takes secrets out of everything of a run that people and files get to see.

use crate::result::{Outcome, RunResult};
use crate::script::Diagnostic;
use crate::secrets::Secrets;
use crate::vu::Failure;

/// Every text of a result that a script, a target or an option may have put there.
pub fn mask_result(result: &mut RunResult, secrets: &Secrets) {
    let mask = |text: &mut String| secrets.mask_text(text);
    match &mut result.run.outcome {
        Outcome::Aborted { reason, .. } | Outcome::SetupFailed { reason } => mask(reason),
        Outcome::Completed | Outcome::Interrupted => {}
    }
    result.run.notes.iter_mut().for_each(mask);
    secrets.mask_json(&mut result.options);
    result.verdict.reasons.iter_mut().for_each(mask);
    for slo in &mut result.slos {
        mask(&mut slo.metric);
        slo.name.iter_mut().for_each(mask);
    }
    for scenario in &mut result.scenarios {
        mask(&mut scenario.name);
    }
    for endpoint in &mut result.endpoints {
        mask(&mut endpoint.name);
        endpoint.scenario.iter_mut().for_each(mask);
        endpoint.group.iter_mut().for_each(mask);
    }
    for check in &mut result.checks {
        mask(&mut check.name);
        mask(&mut check.group);
        mask(&mut check.scenario);
    }
    for error in &mut result.errors {
        mask(&mut error.message);
        if let Some(example) = &mut error.example {
            mask(&mut example.text);
            example.url.iter_mut().for_each(mask);
            example.scenario.iter_mut().for_each(mask);
        }
    }
    for metric in &mut result.metrics {
        mask(&mut metric.name);
        for series in &mut metric.series {
            series.tags.values_mut().for_each(mask);
        }
    }
}

/// A script error that is about to be shown.
pub fn mask_failure(mut failure: Failure, secrets: &Secrets) -> Failure {
    secrets.mask_text(&mut failure.message);
    secrets.mask_text(&mut failure.rendered);
    failure
}

/// Mistakes of a script that are about to be shown.
pub fn mask_diagnostics(diagnostics: &mut [Diagnostic], secrets: &Secrets) {
    for diagnostic in diagnostics {
        secrets.mask_text(&mut diagnostic.message);
        secrets.mask_text(&mut diagnostic.label);
        diagnostic
            .help
            .iter_mut()
            .for_each(|help| secrets.mask_text(help));
    }
}
