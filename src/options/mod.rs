//! What a run is to do, read from a script's `options`, `rhaid.toml`, the environment and the command line.
//!
//! In: JSON-like values with unknown contents. Out: [`Options`], in which everything is checked, or the list of
//! everything that is wrong, each with the path to the value so that the caller can show its source line.
//!
//! Precedence, lowest first: defaults, `rhaid.toml`, the script, `RHAID_*`, the command line. The last two are
//! [`Overrides`], applied to the raw values before they are read, so that they change one field and wipe nothing.

mod arrival;
mod conditions;
mod faults;
mod files;
mod hooks;
mod http;
pub mod keys;
mod overrides;
mod reader;
mod scenario;
mod slos;
mod stages;
mod tags;
mod tracing;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::http::Settings;
use crate::slo::Objective;

pub use arrival::Arrival;
pub use files::found_from;
pub use overrides::{OverrideError, Overrides, executor_keys, fill_defaults};
pub use reader::{OptionError, Reader, Wrong};
pub use scenario::{Scenario, plan_length};
pub use slos::objectives;
pub use tags::{OWN_TAGS, reserved_tag};
use work::Clockwork;

/// Everything a run needs to know, resolved and checked.
#[derive(Debug, Clone)]
pub struct Options {
    pub scenarios: Vec<Scenario>,
    pub slos: Vec<Objective>,
    pub http: Arc<Settings>,
    pub hooks: crate::hooks::Settings,
    /// Which iterations are traced, and how the target is told.
    pub tracing: crate::trace::Settings,
    /// What goes wrong on purpose.
    pub chaos: crate::chaos::Plan,
    /// Tags on every sample of the run.
    pub tags: BTreeMap<String, String>,
    pub timeouts: Timeouts,
    pub max_tag_sets: usize,
    /// What everything random in the run follows from.
    pub seed: u64,
    /// How many seconds a second of a plan's time lasts.
    pub scale: f64,
}

/// How long each part of a script may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    pub setup: Duration,
    pub teardown: Duration,
    pub vu_start: Duration,
    pub vu_stop: Duration,
    pub summary: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            setup: Duration::from_secs(60),
            teardown: Duration::from_secs(60),
            vu_start: Duration::from_secs(60),
            vu_stop: Duration::from_secs(30),
            summary: Duration::from_secs(30),
        }
    }
}

impl Options {
    /// Reads resolved raw options (after [`Overrides::apply`]). `seed` is used unless they name one.
    ///
    /// # Errors
    /// Everything that is wrong with them, in the order in which it was found.
    pub fn read(raw: &Map<String, Value>, scale: f64, seed: u64) -> Result<Self, Vec<OptionError>> {
        let mut errors = Vec::new();
        let mut reader = Reader::new(raw, Vec::new(), &mut errors);
        let seed = reader.count("seed", 0).unwrap_or(seed);
        let clockwork = Clockwork { scale, seed };
        let scenarios = scenario::read_all(&mut reader, clockwork);
        let slos = slos::read(&mut reader);
        let http = http::read(&mut reader);
        let hooks = hooks::read(&mut reader);
        let tracing = tracing::read(&mut reader);
        let chaos = faults::read(&mut reader, clockwork);
        let defaults = Timeouts::default();
        let timeouts = Timeouts {
            setup: reader.duration("setup_timeout").unwrap_or(defaults.setup),
            teardown: reader
                .duration("teardown_timeout")
                .unwrap_or(defaults.teardown),
            vu_start: reader
                .duration("vu_start_timeout")
                .unwrap_or(defaults.vu_start),
            vu_stop: reader
                .duration("vu_stop_timeout")
                .unwrap_or(defaults.vu_stop),
            summary: reader
                .duration("summary_timeout")
                .unwrap_or(defaults.summary),
        };
        let tags = reader.tags();
        let max_tag_sets = reader
            .count("max_tag_sets", 1)
            .map_or(2_000, |n| n as usize);
        reader.finish(&keys::names(keys::RUN), |_| None);
        if errors.is_empty() {
            Ok(Self {
                scenarios,
                slos,
                http: Arc::new(http),
                hooks,
                tracing,
                chaos,
                tags,
                timeouts,
                max_tag_sets,
                seed,
                scale,
            })
        } else {
            Err(errors)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<Options, Vec<OptionError>> {
        Options::read(value.as_object().unwrap(), 1.0, 1)
    }

    fn messages(value: Value) -> Vec<String> {
        read(value)
            .unwrap_err()
            .into_iter()
            .map(|error| error.to_string())
            .collect()
    }

    #[test]
    fn without_options_one_user_runs_one_iteration() {
        let options = read(json!({})).unwrap();
        assert_eq!(options.scenarios.len(), 1);
        assert_eq!(options.scenarios[0].name, "default");
        assert_eq!(options.scenarios[0].exec, "iteration");
        assert_eq!(options.scenarios[0].executor.planned_iterations(), Some(1));
    }

    #[test]
    fn a_misspelt_key_gets_the_nearest_one() {
        let all = messages(json!({ "scenarioss": {}, "scenarios": { "a": { "executor": "constant-vus", "vuss": 3, "duration": "1s" } } })).join("\n");
        assert!(
            all.contains("scenarioss") && all.contains("did you mean `scenarios`"),
            "{all}"
        );
        assert!(
            all.contains("vuss") && all.contains("did you mean `vus`"),
            "{all}"
        );
    }

    #[test]
    fn a_misspelt_executor_gets_the_nearest_one() {
        let all = messages(
            json!({ "scenarios": { "a": { "executor": "constant-vu", "duration": "1s" } } }),
        )
        .join("\n");
        assert!(all.contains("constant-vus"), "{all}");
    }

    #[test]
    fn every_mistake_is_reported_at_once_with_its_path() {
        let errors = read(json!({
            "timeout": "5 parsecs",
            "scenarios": { "a": { "executor": "constant-arrival-rate", "rate": 5, "duration": "1s", "pre_allocated_vus": 9, "max_vus": 3 },
                           "b": { "executor": "ramping-vus" } },
            "slos": { "http_req_duration": [ { "target": "p95 < 3s" } ] },
        }))
        .unwrap_err();
        let paths: Vec<String> = errors.iter().map(|e| e.path.join(".")).collect();
        for path in [
            "timeout",
            "scenarios.a",
            "scenarios.b",
            "slos.http_req_duration.0.target",
        ] {
            assert!(
                paths.iter().any(|p| p.starts_with(path)),
                "{path} not in {paths:?}"
            );
        }
    }

    #[test]
    fn scale_shortens_the_plan() {
        let raw = json!({ "scenarios": { "a": { "executor": "ramping-vus", "stages": [{ "duration": "10m", "target": 5 }], "start_time": "1m" } } });
        let options = Options::read(raw.as_object().unwrap(), 0.05, 1).unwrap();
        assert_eq!(
            options.scenarios[0].executor.duration(),
            Some(Duration::from_secs(30))
        );
        assert_eq!(options.scenarios[0].start_time, Duration::from_secs(3));
    }

    #[test]
    fn k6s_word_for_slos_is_recognised() {
        let all =
            messages(json!({ "thresholds": { "http_req_duration": ["p(95)<500"] } })).join("\n");
        assert!(all.contains("slos"), "{all}");
    }

    /// A default as it stands in a table of options, as a value; nothing where it is a sentence.
    fn default_value(key: &keys::Key) -> Option<Value> {
        match key.default {
            "" | "none" | "all" => None,
            "true" => Some(json!(true)),
            "false" => Some(json!(false)),
            "rhaid/VERSION" => Some(json!(concat!("rhaid/", env!("CARGO_PKG_VERSION")))),
            text if text.contains(' ') || text.contains(',') => None,
            text => Some(
                text.parse::<u64>()
                    .map_or_else(|_| json!(text), |number| json!(number)),
            ),
        }
    }

    /// What comes of a map of options, with one key set to what its table says it is anyway.
    fn expect_same(key: &keys::Key, plain: &Value, set: &Value) {
        let seen = |value: &Value| {
            let options = read(value.clone()).unwrap();
            format!(
                "{:?} {:?} {:?} {:?}",
                options.scenarios, options.http, options.timeouts, options.max_tag_sets
            )
        };
        assert_eq!(seen(plain), seen(set), "`{}`", key.name);
    }

    #[test]
    fn the_tables_tell_the_defaults_that_hold() {
        let mut compared = 0;
        for key in keys::RUN {
            // Those of the default scenario choose its executor by being there.
            if matches!(key.name, "vus" | "iterations" | "seed") {
                continue;
            }
            let Some(value) = default_value(key) else {
                continue;
            };
            expect_same(key, &json!({}), &json!({ key.name: value }));
            compared += 1;
        }
        for kind in crate::executor::Kind::ALL {
            let mut scenario = json!({ "executor": kind.name() });
            // One that is controlled from outside by its users has none that belong to a rate.
            let is_steered = kind == crate::executor::Kind::ExternallyControlled;
            for required in ["duration", "rate"] {
                if kind.keys().contains(&required) && !(is_steered && required == "rate") {
                    scenario[required] = json!(5);
                }
            }
            if kind.keys().contains(&"stages") {
                scenario["stages"] = json!([{ "duration": 5, "target": 5 }]);
            }
            let own = keys::EXECUTOR
                .iter()
                .filter(|key| kind.keys().contains(&key.name));
            for key in own.chain(keys::SCENARIO) {
                let of_a_rate = ["rate", "time_unit", "pre_allocated_vus"].contains(&key.name);
                if is_steered && of_a_rate {
                    continue;
                }
                let Some(value) = default_value(key) else {
                    continue;
                };
                let mut set = scenario.clone();
                set[key.name] = value;
                let whole = |scenario: &Value| json!({ "scenarios": { "a": scenario } });
                expect_same(key, &whole(&scenario), &whole(&set));
                compared += 1;
            }
        }
        assert!(compared > 40, "only {compared} defaults were compared");
    }
}
