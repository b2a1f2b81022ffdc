//! Takes secrets out of everything of a run that people and files get to see.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::result::{
    AnomalyResult, CheckResult, EndpointResult, ErrorResult, MetricResult, Outcome, RunResult,
    SloResult,
};
use crate::script::Diagnostic;
use crate::secrets::{Secrets, mask_urls};
use crate::vu::Failure;

/// The secrets of the run, and those that URLs carry: a message may quote a line of the script.
pub fn mask_words(text: &mut String, secrets: &Secrets) {
    secrets.mask_text(text);
    if let Cow::Owned(masked) = mask_urls(text) {
        *text = masked;
    }
}

/// Masks many texts, of which most come again and again: each is looked at once.
pub struct Masks<'a> {
    secrets: &'a Secrets,
    /// What becomes of a text, if it changes.
    known: FxHashMap<String, Option<String>>,
}

impl<'a> Masks<'a> {
    /// For texts of one moment: what is a secret may become known later.
    pub fn new(secrets: &'a Secrets) -> Self {
        Self {
            secrets,
            known: FxHashMap::default(),
        }
    }

    /// As [`mask_words`] does.
    pub fn mask(&mut self, text: &mut String) {
        if let Some(masked) = self.known.get(text) {
            if let Some(masked) = masked {
                text.clone_from(masked);
            }
            return;
        }
        let whole = text.clone();
        mask_words(text, self.secrets);
        let masked = (*text != whole).then(|| text.clone());
        self.known.insert(whole, masked);
    }
}

/// Every text of a result that a script, a target or an option may have put there.
pub fn mask_result(result: &mut RunResult, secrets: &Secrets) {
    let mask = |text: &mut String| mask_words(text, secrets);
    match &mut result.run.outcome {
        Outcome::Aborted { reason, .. } | Outcome::SetupFailed { reason } => mask(reason),
        Outcome::Completed | Outcome::Interrupted => {}
    }
    result.run.notes.iter_mut().for_each(mask);
    secrets.mask_json(&mut result.options);
    result.verdict.reasons.iter_mut().for_each(mask);
    mask_slos(&mut result.slos, secrets);
    for scenario in &mut result.scenarios {
        mask(&mut scenario.name);
    }
    mask_endpoints(&mut result.endpoints, secrets);
    for request in &mut result.slow_requests {
        mask(&mut request.name);
    }
    mask_checks(&mut result.checks, secrets);
    mask_errors(&mut result.errors, secrets);
    mask_metrics(&mut result.metrics, secrets);
    for anomaly in &mut result.anomalies {
        mask_anomaly(anomaly, secrets);
    }
    for row in &mut result.intervals.rows {
        mask(&mut row.metric);
        row.tags.values_mut().for_each(mask);
    }
}

pub fn mask_endpoints(endpoints: &mut [EndpointResult], secrets: &Secrets) {
    let mask = |text: &mut String| mask_words(text, secrets);
    for endpoint in endpoints {
        mask(&mut endpoint.name);
        endpoint.scenario.iter_mut().for_each(mask);
        endpoint.group.iter_mut().for_each(mask);
    }
}

pub fn mask_checks(checks: &mut [CheckResult], secrets: &Secrets) {
    for check in checks {
        mask_words(&mut check.name, secrets);
        mask_words(&mut check.group, secrets);
        mask_words(&mut check.scenario, secrets);
    }
}

pub fn mask_errors(errors: &mut [ErrorResult], secrets: &Secrets) {
    let mask = |text: &mut String| mask_words(text, secrets);
    for error in errors {
        mask(&mut error.message);
        let Some(example) = &mut error.example else {
            continue;
        };
        mask(&mut example.text);
        example.url.iter_mut().for_each(mask);
        example.scenario.iter_mut().for_each(mask);
        for message in [&mut example.request, &mut example.response] {
            let Some(message) = message else { continue };
            mask(&mut message.start);
            mask(&mut message.body);
            for header in &mut message.headers {
                mask(&mut header.value);
            }
        }
    }
}

pub fn mask_metrics(metrics: &mut [MetricResult], secrets: &Secrets) {
    for metric in metrics {
        mask_words(&mut metric.name, secrets);
        for series in &mut metric.series {
            let tags = series.tags.values_mut();
            tags.for_each(|tag| mask_words(tag, secrets));
        }
    }
}

/// The names that an anomaly is told with.
pub fn mask_anomaly(anomaly: &mut AnomalyResult, secrets: &Secrets) {
    mask_words(&mut anomaly.metric, secrets);
    for tag in anomaly.tags.values_mut() {
        mask_words(tag, secrets);
    }
    if let Some(why) = &mut anomaly.explained_by {
        mask_words(why, secrets);
    }
}

/// The names of objectives.
pub fn mask_slos(slos: &mut [SloResult], secrets: &Secrets) {
    for slo in slos {
        mask_words(&mut slo.metric, secrets);
        slo.name
            .iter_mut()
            .for_each(|name| mask_words(name, secrets));
    }
}

/// A script error that is about to be shown.
pub fn mask_failure(mut failure: Failure, secrets: &Secrets) -> Failure {
    mask_words(&mut failure.message, secrets);
    mask_words(&mut failure.rendered, secrets);
    failure
}

/// Mistakes of a script that are about to be shown.
pub fn mask_diagnostics(diagnostics: &mut [Diagnostic], secrets: &Secrets) {
    for diagnostic in diagnostics {
        mask_words(&mut diagnostic.message, secrets);
        mask_words(&mut diagnostic.label, secrets);
        diagnostic
            .help
            .iter_mut()
            .for_each(|help| mask_words(help, secrets));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_comes_again_is_masked_again() {
        let secrets = Secrets::default();
        secrets.keep("hunter2");
        let mut masks = Masks::new(&secrets);
        for (text, masked) in [
            ("GET", "GET"),
            ("it is hunter2", "it is ***"),
            ("http://qa:pass@h/", "http://qa:***@h/"),
            ("it is ***", "it is ***"),
        ] {
            for _ in 0..2 {
                let mut looked_at = text.to_owned();
                masks.mask(&mut looked_at);
                assert_eq!(looked_at, masked);
            }
        }
    }
}
