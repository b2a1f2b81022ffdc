//! Objectives as a result records them, with the verdict of those who judged them.

use crate::result::SloResult;
use crate::slo::{Objective, ObjectiveSpec};
use crate::units;

/// The objective that a row of a result is about; `None` when it is written as only its own tool understands.
pub fn objective(row: &SloResult) -> Option<Objective> {
    let mut spec = ObjectiveSpec::new(row.metric.parse().ok()?, row.target.parse().ok()?);
    if let Some(warn) = &row.warn {
        spec.warn = Some(warn.parse().ok()?);
    }
    if let Some(over) = &row.over {
        spec.over = Some(units::parse_duration(over).ok()?);
    }
    spec.priority = row.priority;
    spec.optional = row.optional;
    spec.abort = row.abort;
    spec.name = row.name.clone();
    spec.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn what_a_result_records_reads_back_as_it_was_written() {
        for (name, result) in sample::all() {
            for slo in &result.slos {
                let back = objective(slo).unwrap_or_else(|| panic!("{name}: {slo:?}"));
                assert_eq!(back.selector.to_string(), slo.metric);
                assert_eq!(back.target.to_string(), slo.target);
                assert_eq!(back.over.map(units::format_duration), slo.over);
            }
        }
    }
}
