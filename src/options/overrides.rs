//! What the environment and the command line change: single fields of the chosen scenario.

use serde_json::{Map, Value, json};

use super::arrival::Arrival;
use super::keys::{self, Key};
use super::scenario::AT_ODDS;
use crate::suggest::did_you_mean;

/// Changes to a script's options.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    pub vus: Option<u32>,
    pub duration: Option<String>,
    pub iterations: Option<u64>,
    pub rate: Option<String>,
    /// `duration:target`, in order.
    pub stages: Vec<String>,
    /// Only these scenarios run.
    pub scenarios: Vec<String>,
    pub seed: Option<u64>,
    /// The chosen scenario's work comes at this rate, whatever executor it has.
    pub arrival: Option<Arrival>,
    /// Objectives that take the place of the script's about the same metric.
    pub slos: Map<String, Value>,
    /// Where to listen for webhooks.
    pub hooks_listen: Option<String>,
    /// What their URLs begin with.
    pub hooks_url: Option<String>,
    /// Which iterations are traced.
    pub trace_sample: Option<String>,
    /// Which headers tell the target of it.
    pub trace_propagation: Option<String>,
    /// Where a trace is to be seen.
    pub trace_url: Option<String>,
}

/// The command line asked for something the script has not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    #[error("there is no scenario `{name}`{}\nhelp: the script has {}", suggestion.as_ref().map(|s| format!("; {s}")).unwrap_or_default(), known.join(", "))]
    NoScenario {
        name: String,
        known: Vec<String>,
        suggestion: Option<String>,
    },
    #[error("the script has {count} scenarios, so `{flag}` needs to know which to change\nhelp: choose one with --scenario: {}", names.join(", "))]
    WhichScenario {
        flag: &'static str,
        count: usize,
        names: Vec<String>,
    },
    #[error("`{flag}` does not fit scenario `{scenario}`: its executor {executor} has no `{key}`\nhelp: {}it has {}", instead(flag, executor), has.join(", "))]
    NoSuchField {
        flag: &'static str,
        scenario: String,
        executor: String,
        key: &'static str,
        has: Vec<&'static str>,
    },
    #[error("`{flag}`: {message}{}", help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default())]
    Value {
        flag: &'static str,
        message: String,
        help: Option<String>,
    },
    #[error(
        "`--stage {0}` is not a stage\nhelp: write DURATION:TARGET, for example --stage 30s:20"
    )]
    BadStage(String),
}

/// What does to an executor with stages what a flag does to others.
fn instead(flag: &str, executor: &str) -> &'static str {
    match (flag, executor.starts_with("ramping-")) {
        ("--duration", true) => {
            "its stages say how long it lasts: change them with --stage DURATION:TARGET, or shorten them all with --scale\nhelp: "
        }
        ("--vus" | "--rate", true) => {
            "its stages say how many there are: change them with --stage DURATION:TARGET\nhelp: "
        }
        _ => "",
    }
}

impl Overrides {
    /// Whether a field of a scenario is to be changed, and by which flag.
    fn fields(&self) -> Result<Vec<(&'static str, &'static str, Value)>, OverrideError> {
        let mut fields: Vec<(&'static str, &'static str, Value)> = Vec::new();
        if let Some(vus) = self.vus {
            fields.push(("--vus", "vus", json!(vus)));
        }
        if let Some(duration) = &self.duration {
            fields.push(("--duration", "duration", json!(duration)));
        }
        if let Some(iterations) = self.iterations {
            fields.push(("--iterations", "iterations", json!(iterations)));
        }
        if let Some(rate) = &self.rate {
            fields.push(("--rate", "rate", json!(rate)));
        }
        if !self.stages.is_empty() {
            let stages: Result<Vec<Value>, OverrideError> =
                self.stages.iter().map(|text| stage(text)).collect();
            fields.push(("--stage", "stages", Value::Array(stages?)));
        }
        Ok(fields)
    }

    /// The flag whose value stands at this path of the options, if one put it there.
    pub fn flag_of(&self, path: &[String]) -> Option<&'static str> {
        let key = match path {
            [hooks, key, ..] if hooks == "hooks" => {
                return match key.as_str() {
                    "listen" => self.hooks_listen.as_ref().map(|_| "--hooks-listen"),
                    "url" => self.hooks_url.as_ref().map(|_| "--hooks-url"),
                    _ => None,
                };
            }
            [tracing, key, ..] if tracing == "tracing" => {
                return match key.as_str() {
                    "sample" => self.trace_sample.as_ref().map(|_| "--trace-sample"),
                    "propagation" => self
                        .trace_propagation
                        .as_ref()
                        .map(|_| "--trace-propagation"),
                    "url" => self.trace_url.as_ref().map(|_| "--trace-url"),
                    _ => None,
                };
            }
            [scenarios, _, key, ..] if scenarios == "scenarios" => key,
            [key, ..] => key,
            [] => return None,
        };
        match key.as_str() {
            "vus" | "max_vus" | "start_vus" => self.vus.map(|_| "--vus"),
            "duration" | "max_duration" => self.duration.as_ref().map(|_| "--duration"),
            "iterations" => self.iterations.map(|_| "--iterations"),
            "rate" => self.rate.as_ref().map(|_| "--rate"),
            "stages" => (!self.stages.is_empty()).then_some("--stage"),
            "seed" => self.seed.map(|_| "--seed"),
            "slos" => path
                .get(1)
                .is_some_and(|metric| self.slos.contains_key(metric))
                .then_some("--slo"),
            _ => None,
        }
    }

    /// Changes raw options in place. `keys_of` gives the options of an executor by its name.
    ///
    /// # Errors
    /// When what is to be changed is not there or not unique.
    pub fn apply(
        &self,
        raw: &mut Map<String, Value>,
        keys_of: impl Fn(&str) -> Option<&'static [&'static str]>,
    ) -> Result<(), OverrideError> {
        if let Some(seed) = self.seed {
            raw.insert("seed".to_owned(), json!(seed));
        }
        for (map, key, value) in [
            ("hooks", "listen", &self.hooks_listen),
            ("hooks", "url", &self.hooks_url),
            ("tracing", "sample", &self.trace_sample),
            ("tracing", "propagation", &self.trace_propagation),
            ("tracing", "url", &self.trace_url),
        ] {
            let Some(value) = value else { continue };
            let options = raw.entry(map).or_insert_with(|| json!({}));
            if options.is_null() {
                *options = json!({});
            }
            // What is no map is a mistake of its own.
            if let Value::Object(options) = options {
                options.insert(key.to_owned(), json!(value));
            }
        }
        if !self.slos.is_empty() {
            let slos = raw.entry("slos").or_insert_with(|| json!({}));
            if slos.is_null() {
                *slos = json!({});
            }
            if let Value::Object(slos) = slos {
                slos.extend(self.slos.clone());
            }
        }
        let fields = self.fields()?;
        if self.arrival.is_some() && !matches!(raw.get("scenarios"), Some(Value::Object(_))) {
            for key in ["vus", "duration", "iterations", "stages", "rate"] {
                raw.remove(key);
            }
            let scenario = json!({ "executor": "constant-arrival-rate", "exec": "iteration" });
            raw.insert("scenarios".to_owned(), json!({ "default": scenario }));
        }
        let Some(Value::Object(scenarios)) = raw.get_mut("scenarios") else {
            if let Some(name) = self.scenarios.iter().find(|name| *name != "default") {
                let known = vec!["default".to_owned()];
                return Err(OverrideError::NoScenario {
                    name: name.clone(),
                    known,
                    suggestion: None,
                });
            }
            let asked = |key: &str| fields.iter().find(|(_, other, _)| *other == key);
            for key in ["duration", "iterations"] {
                if let (Some(_), Some((flag, ..))) = (asked("stages"), asked(key)) {
                    return Err(OverrideError::Value {
                        flag,
                        message: "stages say themselves how long they last".to_owned(),
                        help: Some(format!("leave {flag} or --stage away")),
                    });
                }
            }
            let planned = raw.get("stages").is_some_and(|stages| !stages.is_null());
            for key in ["duration", "iterations"] {
                if let (true, None, Some((flag, ..))) = (planned, asked("stages"), asked(key)) {
                    return Err(OverrideError::Value {
                        flag,
                        message: "the script plans by `stages`, which say how long each of them lasts"
                            .to_owned(),
                        help: Some(
                            "change them with --stage DURATION:TARGET, or shorten or lengthen them all with --scale"
                                .to_owned(),
                        ),
                    });
                }
            }
            for (_, key, value) in fields {
                // What ends the default scenario on the command line replaces what ended it in the script.
                if key == "stages" {
                    raw.remove("duration");
                    raw.remove("iterations");
                }
                raw.insert(key.to_owned(), value);
            }
            return Ok(());
        };
        if !self.scenarios.is_empty() {
            let known: Vec<String> = scenarios.keys().cloned().collect();
            for name in &self.scenarios {
                if !scenarios.contains_key(name) {
                    let suggestion = did_you_mean(name, known.iter().map(String::as_str));
                    return Err(OverrideError::NoScenario {
                        name: name.clone(),
                        known,
                        suggestion,
                    });
                }
            }
            scenarios.retain(|name, _| self.scenarios.contains(name));
            for scenario in scenarios.values_mut() {
                // Who would be waited for does not run, so there is nothing to wait for.
                if let Value::Object(scenario) = scenario
                    && let Some(Value::String(after)) = scenario.get("after")
                    && known.contains(after)
                    && !self.scenarios.contains(after)
                {
                    scenario.remove("after");
                }
            }
        }
        let flag = match (fields.first(), &self.arrival) {
            (Some((flag, ..)), _) => *flag,
            (None, Some(_)) => "the rate",
            (None, None) => return Ok(()),
        };
        if scenarios.len() > 1 {
            let names = scenarios.keys().cloned().collect();
            return Err(OverrideError::WhichScenario {
                flag,
                count: scenarios.len(),
                names,
            });
        }
        let Some((name, Value::Object(scenario))) = scenarios.iter_mut().next() else {
            return Ok(());
        };
        if let Some(arrival) = &self.arrival {
            arrival.replace(scenario);
        }
        let executor = scenario
            .get("executor")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        for (flag, key, value) in fields {
            let known = keys_of(&executor).unwrap_or(&[]);
            // Executors that end after a number of iterations call their duration by another name.
            let key = if key == "duration"
                && !known.contains(&"duration")
                && known.contains(&"max_duration")
            {
                "max_duration"
            } else if key == "vus" && !known.contains(&"vus") && known.contains(&"max_vus") {
                "max_vus"
            } else {
                key
            };
            if !known.is_empty() && !known.contains(&key) {
                let scenario = name.clone();
                return Err(OverrideError::NoSuchField {
                    flag,
                    scenario,
                    executor,
                    key,
                    has: known.to_vec(),
                });
            }
            scenario.insert(key.to_owned(), value);
        }
        Ok(())
    }
}

fn stage(text: &str) -> Result<Value, OverrideError> {
    let bad = || OverrideError::BadStage(text.to_owned());
    let (duration, target) = text.rsplit_once(':').ok_or_else(bad)?;
    crate::units::parse_duration(duration).map_err(|_| bad())?;
    let target: f64 = target.trim().parse().map_err(|_| bad())?;
    if !target.is_finite() {
        return Err(bad());
    }
    let target = if target.fract() == 0.0 {
        json!(target as i64)
    } else {
        json!(target)
    };
    Ok(json!({ "duration": duration.trim(), "target": target }))
}

/// Fills what the script leaves open from a file of defaults (`rhaid.toml`).
pub fn fill_defaults(raw: &mut Map<String, Value>, defaults: Map<String, Value>) {
    // The file's default scenario must not sneak into a script that has scenarios of its own.
    const SHORTCUTS: [&str; 5] = ["vus", "duration", "iterations", "stages", "rate"];
    let has_scenarios = raw.contains_key("scenarios");
    let has_shortcuts = SHORTCUTS.iter().any(|key| raw.contains_key(*key));
    let own: Vec<&str> = SHORTCUTS
        .into_iter()
        .filter(|key| raw.contains_key(*key))
        .collect();
    for (key, value) in defaults {
        let shortcut = SHORTCUTS.contains(&key.as_str());
        // Nor must its shortcuts contradict those of the script.
        let contradicts = AT_ODDS.iter().any(|(first, second, ..)| {
            (key == *first && own.contains(second)) || (key == *second && own.contains(first))
        });
        if contradicts || (shortcut && has_scenarios) || (key == "scenarios" && has_shortcuts) {
            continue;
        }
        match (raw.get_mut(&key), value) {
            // Each level changes only what it names: an objective, a header, a tag, a host.
            (Some(Value::Object(own)), Value::Object(shared)) if key != "scenarios" => {
                for (name, value) in shared {
                    own.entry(name).or_insert(value);
                }
            }
            (Some(_), _) => {}
            (None, value) => {
                raw.insert(key, value);
            }
        }
    }
}

/// The keys of a table that an executor has.
pub fn executor_keys(names: &'static [&'static str]) -> impl Iterator<Item = &'static Key> {
    keys::EXECUTOR
        .iter()
        .filter(move |key| names.contains(&key.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_of(executor: &str) -> Option<&'static [&'static str]> {
        match executor {
            "constant-vus" => Some(&["vus", "duration"]),
            "shared-iterations" => Some(&["vus", "iterations", "max_duration"]),
            _ => None,
        }
    }

    fn script() -> Map<String, Value> {
        json!({ "scenarios": {
            "a": { "executor": "constant-vus", "vus": 1, "duration": "1m" },
            "b": { "executor": "shared-iterations", "iterations": 5 },
        } })
        .as_object()
        .unwrap()
        .clone()
    }

    #[test]
    fn one_field_of_the_chosen_scenario_changes_and_nothing_else() {
        let mut raw = script();
        let overrides = Overrides {
            vus: Some(7),
            scenarios: vec!["a".into()],
            ..Overrides::default()
        };
        overrides.apply(&mut raw, keys_of).unwrap();
        assert_eq!(
            Value::Object(raw),
            json!({ "scenarios": { "a": { "executor": "constant-vus", "vus": 7, "duration": "1m" } } })
        );
    }

    #[test]
    fn with_several_scenarios_the_flag_asks_which() {
        let overrides = Overrides {
            vus: Some(7),
            ..Overrides::default()
        };
        assert!(matches!(
            overrides.apply(&mut script(), keys_of),
            Err(OverrideError::WhichScenario { .. })
        ));
    }

    #[test]
    fn a_misspelt_scenario_gets_the_nearest_one() {
        let mut raw = json!({ "scenarios": { "guests": {} } })
            .as_object()
            .unwrap()
            .clone();
        let overrides = Overrides {
            scenarios: vec!["guest".into()],
            ..Overrides::default()
        };
        let message = overrides.apply(&mut raw, keys_of).unwrap_err().to_string();
        assert!(message.contains("did you mean `guests`"), "{message}");
    }

    #[test]
    fn a_field_the_executor_lacks_is_refused_and_duration_means_max_duration() {
        let wrong = Overrides {
            rate: Some("5".into()),
            scenarios: vec!["a".into()],
            ..Overrides::default()
        };
        assert!(matches!(
            wrong.apply(&mut script(), keys_of),
            Err(OverrideError::NoSuchField { .. })
        ));
        let mut raw = script();
        let longer = Overrides {
            duration: Some("9s".into()),
            scenarios: vec!["b".into()],
            ..Overrides::default()
        };
        longer.apply(&mut raw, keys_of).unwrap();
        assert_eq!(raw["scenarios"]["b"]["max_duration"], json!("9s"));
    }

    #[test]
    fn stages_are_duration_and_target() {
        assert_eq!(
            stage("1m30s:20").unwrap(),
            json!({ "duration": "1m30s", "target": 20 })
        );
        assert!(stage("30s").is_err() && stage("30s:x").is_err());
    }

    #[test]
    fn a_file_of_defaults_does_not_contradict_the_script() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let mut raw = object(json!({ "stages": [] }));
        fill_defaults(&mut raw, object(json!({ "duration": "1s", "vus": 2 })));
        assert_eq!(Value::Object(raw), json!({ "stages": [], "vus": 2 }));
    }

    #[test]
    fn a_file_of_defaults_adds_to_maps_what_they_do_not_name() {
        let object = |value: Value| value.as_object().unwrap().clone();
        let mut raw = object(json!({
            "slos": { "checks": ["rate > 99%"] },
            "headers": { "x-a": "script" },
            "scenarios": { "a": {} },
        }));
        let file = json!({
            "slos": { "checks": ["rate > 1%"], "http_req_failed": ["rate < 1%"] },
            "headers": { "x-a": "file", "x-b": "file" },
            "tags": { "team": "web" },
            "scenarios": { "b": {} },
        });
        fill_defaults(&mut raw, object(file));
        assert_eq!(
            Value::Object(raw),
            json!({
                "slos": { "checks": ["rate > 99%"], "http_req_failed": ["rate < 1%"] },
                "headers": { "x-a": "script", "x-b": "file" },
                "tags": { "team": "web" },
                "scenarios": { "a": {} },
            })
        );
    }

    #[test]
    fn a_file_of_defaults_fills_gaps_only() {
        let mut raw = json!({ "timeout": "1s", "scenarios": {} })
            .as_object()
            .unwrap()
            .clone();
        let file = json!({ "timeout": "9s", "vus": 5, "rps": 10 })
            .as_object()
            .unwrap()
            .clone();
        fill_defaults(&mut raw, file);
        assert_eq!(
            Value::Object(raw),
            json!({ "timeout": "1s", "scenarios": {}, "rps": 10 })
        );
    }
}
