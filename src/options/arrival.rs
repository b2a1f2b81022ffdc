//! A scenario whose work comes at a rate that whoever asks for it has chosen.

use serde_json::{Map, Value, json};

use super::keys;

/// How a scenario's work arrives.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// Iterations per second.
    pub rate: f64,
    /// How long, in seconds.
    pub seconds: f64,
    pub max_vus: u32,
}

impl Arrival {
    /// Turns a scenario into one of constant arrivals, keeping what it does and under which tags.
    pub(super) fn replace(&self, scenario: &mut Map<String, Value>) {
        scenario.retain(|key, _| keys::EXECUTOR.iter().all(|known| known.name != key));
        for key in ["after", "start_time", "pace"] {
            scenario.remove(key);
        }
        let max_vus = self.max_vus.max(1);
        for (key, value) in [
            ("executor", json!("constant-arrival-rate")),
            ("rate", json!(self.rate)),
            ("duration", json!(self.seconds)),
            ("pre_allocated_vus", json!(max_vus.min(10))),
            ("max_vus", json!(max_vus)),
        ] {
            scenario.insert(key.to_owned(), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Overrides;

    fn with_arrival(raw: Value, scenarios: &[&str]) -> Result<Value, String> {
        let overrides = Overrides {
            arrival: Some(Arrival {
                rate: 12.5,
                seconds: 20.0,
                max_vus: 40,
            }),
            scenarios: scenarios.iter().map(|name| (*name).to_owned()).collect(),
            ..Overrides::default()
        };
        let mut raw = raw.as_object().cloned().unwrap_or_default();
        overrides
            .apply(&mut raw, |_| None)
            .map(|()| Value::Object(raw))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_scenario_keeps_what_it_does_and_loses_its_plan() {
        let raw = json!({ "scenarios": { "guests": {
            "executor": "ramping-vus", "exec": "book", "stages": [{ "duration": "1m", "target": 5 }],
            "start_time": "1m", "tags": { "kind": "guest" }, "env": { "A": "1" },
        } } });
        let changed = with_arrival(raw, &[]).unwrap();
        assert_eq!(
            changed["scenarios"]["guests"],
            json!({
                "executor": "constant-arrival-rate", "exec": "book", "rate": 12.5, "duration": 20.0,
                "pre_allocated_vus": 10, "max_vus": 40, "tags": { "kind": "guest" }, "env": { "A": "1" },
            })
        );
    }

    #[test]
    fn a_script_without_scenarios_gets_one() {
        let changed = with_arrival(json!({ "vus": 5, "duration": "1m", "slos": {} }), &[]).unwrap();
        assert_eq!(changed["scenarios"]["default"]["rate"], 12.5);
        assert_eq!(changed["scenarios"]["default"]["exec"], "iteration");
        assert!(changed.get("vus").is_none() && changed.get("slos").is_some());
    }

    #[test]
    fn of_several_scenarios_one_must_be_chosen() {
        let raw = json!({ "scenarios": { "a": { "exec": "a" }, "b": { "exec": "b" } } });
        let error = with_arrival(raw.clone(), &[]).unwrap_err();
        assert!(
            error.contains("has 2 scenarios") && error.contains("--scenario"),
            "{error}"
        );
        let changed = with_arrival(raw, &["b"]).unwrap();
        assert_eq!(changed["scenarios"]["b"]["rate"], 12.5);
    }
}
