//! The objectives that are asked of a run for which nobody has set any: those of `std/slo`.

use crate::slo::Objective;

/// The standard six, each optional: what a file tells nothing of cannot be asked of it.
pub fn standard() -> Vec<Objective> {
    let map = serde_json::json!({
        "http_req_duration": [
            { "target": "p(95) < 3s", "warn": "p(95) < 2.5s", "priority": "P0", "optional": true },
            { "target": "p(99) < 5s", "warn": "p(99) < 4s", "priority": "P1", "optional": true },
            { "target": "avg < 1500ms", "warn": "avg < 1200ms", "priority": "P2", "optional": true },
        ],
        "http_req_failed": [
            { "target": "rate < 1%", "warn": "rate < 0.5%", "priority": "P0", "optional": true },
        ],
        "checks": [
            { "target": "rate > 99%", "warn": "rate > 99.5%", "priority": "P1", "optional": true },
        ],
        "http_reqs": [
            { "target": "rate > 10", "warn": "rate > 12", "priority": "P2", "optional": true },
        ],
    });
    let mut errors = Vec::new();
    let objectives = match map.as_object() {
        Some(map) => crate::options::objectives(map, Vec::new(), &mut errors),
        None => Vec::new(),
    };
    debug_assert!(errors.is_empty(), "{errors:?}");
    objectives
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::stdlib;

    #[test]
    fn they_are_those_of_the_standard_library() {
        let ours = standard();
        assert_eq!(ours.len(), 6);
        let text = stdlib::text("std/slo")
            .or_else(|| stdlib::text("slo"))
            .unwrap();
        let map = rhai::Engine::new()
            .eval::<rhai::Dynamic>(&format!("{text}\nstandard()"))
            .unwrap();
        let map = serde_json::to_value(&map).unwrap();
        let mut errors = Vec::new();
        let theirs = crate::options::objectives(map.as_object().unwrap(), Vec::new(), &mut errors);
        assert!(errors.is_empty(), "{errors:?}");
        let told = |objectives: &[Objective]| {
            let mut told: Vec<String> = objectives
                .iter()
                .map(|o| format!("{} {} {:?} {}", o.selector, o.target, o.warn, o.priority))
                .collect();
            told.sort();
            told
        };
        assert_eq!(told(&ours), told(&theirs));
        assert!(ours.iter().all(|objective| objective.optional));
    }
}
