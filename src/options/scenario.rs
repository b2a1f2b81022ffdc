//! The scenarios of a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::OptionError;
use super::keys;
use super::reader::{Reader, describe};
use super::work::{Clockwork, build};
use crate::executor::{Executor, Kind, PlanError};
use crate::lengths::NAME;
use crate::units;

/// One scenario, resolved and checked.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: String,
    pub executor: Arc<dyn Executor>,
    /// The function that is one iteration.
    pub exec: String,
    pub start_time: Duration,
    /// Name of the scenario to wait for.
    pub after: Option<String>,
    pub graceful_stop: Duration,
    pub graceful_ramp_down: Duration,
    pub pace: Option<Duration>,
    pub env: BTreeMap<String, String>,
    pub tags: BTreeMap<String, String>,
}

/// How long the scenarios last, those that follow others included; none if one of them has no end.
pub fn plan_length(scenarios: &[Scenario]) -> Option<Duration> {
    let mut longest = Duration::ZERO;
    for scenario in scenarios {
        let mut end = Duration::ZERO;
        let mut at = Some(scenario);
        // A chain has no more links than there are scenarios.
        for _ in scenarios {
            let Some(link) = at else { break };
            end = end
                .saturating_add(link.start_time)
                .saturating_add(link.executor.duration()?);
            let before = link.after.as_ref();
            at = before.and_then(|name| scenarios.iter().find(|other| other.name == *name));
        }
        longest = longest.max(end);
    }
    Some(longest)
}

const GRACE: Duration = Duration::from_secs(30);
const SHORTCUTS: [&str; 5] = ["vus", "duration", "iterations", "stages", "rate"];

/// Reads all scenarios, or the default one made of the shortcuts.
pub fn read_all(reader: &mut Reader<'_>, clockwork: Clockwork) -> Vec<Scenario> {
    let shortcuts: Vec<&str> = SHORTCUTS
        .into_iter()
        .filter(|key| reader.has(key))
        .collect();
    let Some(map) = reader.object("scenarios") else {
        return if reader.has("scenarios") {
            // What they would mean cannot be told, so nothing is said about them.
            for key in shortcuts {
                let _ = reader.value(key);
            }
            Vec::new()
        } else {
            read_default(reader, clockwork).into_iter().collect()
        };
    };
    for key in shortcuts {
        let _ = reader.value(key);
        reader.error(
            key,
            format!("`{key}` has no effect beside `scenarios`"),
            Some("put it into a scenario".to_owned()),
        );
    }
    if map.is_empty() {
        reader.error(
            "scenarios",
            "there is no scenario in it",
            Some("leave it out for the default one".to_owned()),
        );
    }
    let path = reader.path_of("scenarios");
    let mut scenarios = Vec::new();
    for (name, value) in map {
        let path: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
        match value.as_object() {
            Some(map) => {
                let mut inner = Reader::new(map, path, reader.errors());
                let read = read_one(name, &mut inner, clockwork);
                finish(inner, &read);
                scenarios.extend(read.scenario);
            }
            None => reader.errors().push(OptionError {
                path,
                message: format!(
                    "expected a scenario such as #{{ executor: \"constant-vus\", … }}, found {}",
                    describe(value)
                ),
                help: None,
            }),
        }
    }
    check_order(&scenarios, map, reader);
    scenarios
}

/// Shortcuts that cannot stand together: the first stays, the second is a mistake.
pub(super) const AT_ODDS: &[(&str, &str, &str, &str)] = &[
    (
        "stages",
        "duration",
        "`stages` and `duration` exclude each other: the stages say how long each of them lasts",
        "leave `duration` out, or `stages` for a constant load",
    ),
    (
        "stages",
        "iterations",
        "`stages` and `iterations` exclude each other: stages end by time",
        "leave one of them out",
    ),
    (
        "stages",
        "rate",
        "`stages` and `rate` exclude each other: together they could mean two things",
        "for stages of rates, name the executor: `scenarios: #{ main: #{ executor: \"ramping-arrival-rate\", … } }`",
    ),
    (
        "rate",
        "iterations",
        "`rate` and `iterations` exclude each other: arrivals end by time",
        "write `duration` instead of `iterations`",
    ),
];

/// A shortcut that the executor of the default scenario has under another name.
struct Renamed {
    written: &'static str,
    meant: &'static str,
}

impl Renamed {
    /// The mistake as whoever wrote the shortcut understands it.
    fn in_words_of_author(&self, error: &mut OptionError) {
        let Some(key) = error.path.first_mut().filter(|key| *key == self.meant) else {
            return;
        };
        self.written.clone_into(key);
        let (meant, written) = (format!("`{}`", self.meant), format!("`{}`", self.written));
        error.message = error.message.replace(&meant, &written);
        if let Some(help) = &mut error.help {
            *help = help.replace(&meant, &written);
        }
    }
}

/// The scenario of a script that names none.
fn read_default(reader: &mut Reader<'_>, clockwork: Clockwork) -> Option<Scenario> {
    let mut map = Map::new();
    for key in SHORTCUTS {
        if let Some(value) = reader.value(key) {
            map.insert(key.to_owned(), value.clone());
        }
    }
    for (first, second, message, help) in AT_ODDS {
        if map.contains_key(*first) && map.remove(*second).is_some() {
            reader.error(second, *message, Some((*help).to_owned()));
        }
    }
    let mut renamed = Vec::new();
    let mut rename = |map: &mut Map<String, Value>, written: &'static str, meant: &'static str| {
        if let Some(value) = map.remove(written) {
            map.insert(meant.to_owned(), value);
            renamed.push(Renamed { written, meant });
        }
    };
    let executor = if map.contains_key("rate") {
        rename(&mut map, "vus", "max_vus");
        "constant-arrival-rate"
    } else if map.contains_key("stages") {
        // With stages, `vus` is where they start.
        rename(&mut map, "vus", "start_vus");
        "ramping-vus"
    } else if map.contains_key("iterations") {
        rename(&mut map, "duration", "max_duration");
        "shared-iterations"
    } else if map.contains_key("duration") {
        "constant-vus"
    } else {
        // Some users and no end: one iteration each.
        "per-vu-iterations"
    };
    map.insert("executor".to_owned(), json!(executor));
    let mut errors = Vec::new();
    let mut inner = Reader::new(&map, Vec::new(), &mut errors);
    let read = read_one("default", &mut inner, clockwork);
    finish(inner, &read);
    for error in &mut errors {
        renamed.iter().for_each(|key| key.in_words_of_author(error));
    }
    reader.errors().extend(errors);
    read.scenario
}

/// What came of reading one scenario, and which keys it may have.
struct Read {
    scenario: Option<Scenario>,
    known: Vec<&'static str>,
    /// Whether unknown keys can be told: not without knowing the executor.
    sure: bool,
}

fn finish(reader: Reader<'_>, read: &Read) {
    if read.sure {
        reader.finish(&read.known, |key| {
            let owners: Vec<&str> = Kind::ALL
                .iter()
                .filter(|kind| kind.keys().contains(&key))
                .map(|kind| kind.name())
                .collect();
            (!owners.is_empty()).then(|| {
                format!(
                    "`{key}` is an option of {}; known here: {}",
                    owners.join(", "),
                    read.known.join(", ")
                )
            })
        });
    }
}

fn read_one(name: &str, reader: &mut Reader<'_>, clockwork: Clockwork) -> Read {
    let scaled = |duration: Duration| clockwork.scaled(duration);
    let mut known = keys::names(keys::SCENARIO);
    let unsure = |known| Read {
        scenario: None,
        known,
        sure: false,
    };
    if name.is_empty() {
        reader.error_here("a scenario needs a name", None);
    }
    if name.chars().count() > NAME {
        reader.error_here(
            format!("a scenario's name has {NAME} characters at most"),
            None,
        );
    }
    let Some(kind) = reader.string("executor") else {
        if !reader.has("executor") {
            reader.error_here(
                "a scenario needs an `executor`",
                Some(format!("the executors are {}", executors())),
            );
        }
        return unsure(known);
    };
    let kind: Kind = match kind.parse() {
        Ok(kind) => kind,
        Err(error) => {
            let error: crate::executor::UnknownExecutor = error;
            let help = match error.nearest {
                Some(kind) => format!("did you mean `{kind}`?"),
                None => format!("the executors are {}", executors()),
            };
            reader.error(
                "executor",
                format!("unknown executor `{}`", error.given),
                Some(help),
            );
            return unsure(known);
        }
    };
    known.extend(kind.keys());
    let exec = reader.string("exec").unwrap_or("iteration").to_owned();
    let start_time = scaled(reader.duration("start_time").unwrap_or_default());
    if start_time > units::MAX_DURATION {
        reader.error(
            "start_time",
            "`start_time` is longer than ten years",
            Some("shorten it, or choose a smaller --scale".to_owned()),
        );
    }
    let after = reader.string("after").map(str::to_owned);
    let graceful_stop = reader.duration("graceful_stop").unwrap_or(GRACE);
    let env = reader.string_map("env").unwrap_or_default();
    let tags = reader.tags();
    let has = |key: &str| kind.keys().contains(&key);
    let graceful_ramp_down = if has("graceful_ramp_down") {
        reader.duration("graceful_ramp_down").unwrap_or(GRACE)
    } else {
        GRACE
    };
    let pace = if has("pace") {
        reader.duration("pace")
    } else {
        None
    };
    let before = reader.errors().len();
    let built = build(kind, name, reader, clockwork);
    if reader.errors().len() > before {
        return Read {
            scenario: None,
            known,
            sure: true,
        };
    }
    let executor = match built {
        Ok(executor) => executor,
        Err(error) => {
            let key = error.key();
            let (message, help) = error.parts();
            if reader.has(key) {
                reader.error(key, message, help);
            } else {
                // An option that is missing has no place of its own.
                let example = match key {
                    "stages" => "stages: [ #{ duration: \"30s\", target: 10 } ]",
                    "rate" => "rate: 10 or rate: \"300/m\"",
                    _ => "duration: \"30s\"",
                };
                match error {
                    PlanError::NoStages | PlanError::ZeroRate | PlanError::ZeroDuration { .. } => {
                        reader.error_here(
                            format!("a scenario of {kind} needs `{key}`"),
                            Some(format!("for example {example}")),
                        );
                    }
                    _ => reader.error_here(message, help),
                }
            }
            return Read {
                scenario: None,
                known,
                sure: true,
            };
        }
    };
    let scenario = Scenario {
        name: name.to_owned(),
        executor,
        exec,
        start_time,
        after,
        graceful_stop,
        graceful_ramp_down,
        pace,
        env,
        tags,
    };
    Read {
        scenario: Some(scenario),
        known,
        sure: true,
    }
}

fn executors() -> String {
    let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
    all.join(", ")
}

/// `after` must name another scenario, and not in a circle.
fn check_order(scenarios: &[Scenario], map: &Map<String, Value>, reader: &mut Reader<'_>) {
    let path = reader.path_of("scenarios");
    for scenario in scenarios {
        let mut error = |message: String, help: Option<String>| {
            let path = path
                .iter()
                .cloned()
                .chain([scenario.name.clone(), "after".to_owned()])
                .collect();
            reader.errors().push(OptionError {
                path,
                message,
                help,
            });
        };
        let Some(after) = &scenario.after else {
            continue;
        };
        if !map.contains_key(after) {
            let help = crate::suggest::did_you_mean(after, map.keys().map(String::as_str));
            error(format!("there is no scenario `{after}`"), help);
            continue;
        }
        let mut current = after;
        for _ in 0..=scenarios.len() {
            if *current == scenario.name {
                error(
                    format!("`{}` waits for itself in the end", scenario.name),
                    Some("let one of them begin by itself, with `start_time`".to_owned()),
                );
                break;
            }
            match scenarios
                .iter()
                .find(|other| other.name == *current)
                .and_then(|other| other.after.as_ref())
            {
                Some(next) => current = next,
                None => break,
            }
        }
    }
}
