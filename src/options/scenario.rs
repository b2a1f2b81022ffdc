//! The scenarios of a run.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::OptionError;
use super::keys;
use super::reader::{Reader, describe, read_rate};
use super::stages::stages;
use crate::executor::{
    Arrivals, ConstantArrivalRate, ConstantVus, DEFAULT_MAX_DURATION, Executor,
    ExternallyControlled, Kind, PerVuIterations, PlanError, RampingArrivalRate, RampingVus,
    SharedIterations,
};
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

/// What shapes a plan's time beside the script: how long a second lasts, and what chance is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct Clockwork {
    pub scale: f64,
    pub seed: u64,
}

impl Clockwork {
    fn scaled(self, duration: Duration) -> Duration {
        // A scale of one must not cost precision.
        if self.scale == 1.0 {
            duration
        } else {
            Duration::from_secs_f64(duration.as_secs_f64() * self.scale)
        }
    }
}

const GRACE: Duration = Duration::from_secs(30);
/// Without `max_vus`, an open model may grow this far.
const DEFAULT_MAX_VUS: u32 = 100;
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
    let executor = if map.contains_key("rate") {
        "constant-arrival-rate"
    } else if map.contains_key("stages") {
        // With stages, `vus` is where they start.
        if let Some(vus) = map.remove("vus") {
            map.insert("start_vus".to_owned(), vus);
        }
        "ramping-vus"
    } else if map.contains_key("iterations") {
        if let Some(duration) = map.remove("duration") {
            map.insert("max_duration".to_owned(), duration);
        }
        "shared-iterations"
    } else if map.contains_key("duration") {
        "constant-vus"
    } else {
        // Some users and no end: one iteration each.
        "per-vu-iterations"
    };
    map.insert("executor".to_owned(), json!(executor));
    if executor == "constant-arrival-rate"
        && let Some(vus) = map.remove("vus")
    {
        map.insert("max_vus".to_owned(), vus);
    }
    let mut errors = Vec::new();
    let mut inner = Reader::new(&map, Vec::new(), &mut errors);
    let read = read_one("default", &mut inner, clockwork);
    finish(inner, &read);
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
    let tags = reader.string_map("tags").unwrap_or_default();
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

fn build(
    kind: Kind,
    name: &str,
    reader: &mut Reader<'_>,
    clockwork: Clockwork,
) -> Result<Arc<dyn Executor>, PlanError> {
    let scaled = &|duration: Duration| clockwork.scaled(duration);
    let vus = |reader: &mut Reader<'_>| reader.small_count("vus", 0).unwrap_or(1);
    let duration =
        |reader: &mut Reader<'_>| scaled(reader.duration("duration").unwrap_or_default());
    let max_duration = |reader: &mut Reader<'_>| {
        scaled(
            reader
                .duration("max_duration")
                .unwrap_or(DEFAULT_MAX_DURATION),
        )
    };
    let executor: Arc<dyn Executor> = match kind {
        Kind::SharedIterations => {
            let vus = vus(reader);
            let iterations = reader.count("iterations", 0).unwrap_or(1);
            // More users than iterations would only idle.
            let vus = vus
                .min(u32::try_from(iterations).unwrap_or(u32::MAX))
                .max(u32::from(vus > 0));
            Arc::new(SharedIterations::new(
                vus,
                iterations,
                max_duration(reader),
            )?)
        }
        Kind::PerVuIterations => {
            let vus = vus(reader);
            let iterations = reader.count("iterations", 0).unwrap_or(1);
            Arc::new(PerVuIterations::new(vus, iterations, max_duration(reader))?)
        }
        Kind::ConstantVus => {
            let vus = vus(reader);
            Arc::new(ConstantVus::new(vus, duration(reader))?)
        }
        Kind::RampingVus => {
            let start = reader.small_count("start_vus", 0).unwrap_or(1);
            let stages = stages(reader, scaled, |value| {
                match value.as_u64().map(u32::try_from) {
                    Some(Ok(target)) => Ok(target),
                    _ => Err(format!(
                        "expected a whole number of virtual users, found {}",
                        describe(value)
                    )
                    .into()),
                }
            });
            Arc::new(RampingVus::new(start, stages)?)
        }
        Kind::ConstantArrivalRate => {
            let unit = reader
                .duration("time_unit")
                .unwrap_or(Duration::from_secs(1));
            let rate = reader.rate("rate", unit).unwrap_or_default();
            let duration = duration(reader);
            let (least, most) = open_vus(reader);
            let arrivals = arrivals(reader, name, clockwork.seed);
            // `rate` is per second already, whatever the unit.
            let second = if unit.is_zero() {
                unit
            } else {
                Duration::from_secs(1)
            };
            Arc::new(ConstantArrivalRate::new(
                rate, second, duration, least, most, arrivals,
            )?)
        }
        Kind::RampingArrivalRate => {
            let unit = reader
                .duration("time_unit")
                .unwrap_or(Duration::from_secs(1));
            let start = reader.rate("start_rate", unit).unwrap_or_default();
            let stages = stages(reader, scaled, |value| {
                read_rate(value, unit).unwrap_or_else(|| {
                    Err(format!(
                        "expected a rate such as 50 or \"300/m\", found {}",
                        describe(value)
                    )
                    .into())
                })
            });
            let (least, most) = open_vus(reader);
            let arrivals = arrivals(reader, name, clockwork.seed);
            let second = if unit.is_zero() {
                unit
            } else {
                Duration::from_secs(1)
            };
            Arc::new(RampingArrivalRate::new(
                start, second, &stages, least, most, arrivals,
            )?)
        }
        Kind::ExternallyControlled => {
            let vus = vus(reader);
            let most = reader
                .small_count("max_vus", 0)
                .unwrap_or(vus.max(DEFAULT_MAX_VUS));
            let duration = reader.duration("duration").map(scaled);
            Arc::new(ExternallyControlled::new(vus, most, duration)?)
        }
    };
    Ok(executor)
}

fn open_vus(reader: &mut Reader<'_>) -> (u32, u32) {
    let most = reader.small_count("max_vus", 0);
    let least = reader
        .small_count("pre_allocated_vus", 0)
        .unwrap_or_else(|| most.unwrap_or(1).min(1));
    (least, most.unwrap_or(least.max(DEFAULT_MAX_VUS)))
}

fn arrivals(reader: &mut Reader<'_>, name: &str, seed: u64) -> Arrivals {
    match reader.string("arrivals") {
        None | Some("regular") => Arrivals::Regular,
        Some("poisson") => Arrivals::Poisson {
            seed: name_seed(name, seed),
        },
        Some(other) => {
            let help = crate::suggest::did_you_mean(other, ["regular", "poisson"]);
            reader.error(
                "arrivals",
                format!("expected \"regular\" or \"poisson\", found {other:?}"),
                help,
            );
            Arrivals::Regular
        }
    }
}

/// FNV-1a over the scenario's name and the run's seed, so that scenarios get sequences of their own.
fn name_seed(name: &str, seed: u64) -> u64 {
    name.bytes()
        .chain(seed.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
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
