//! Everything there is to know about a run before it starts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::masking::mask_script_error;
use crate::executor::{Kind, Share};
use crate::metrics::{Builtin, Contains, MetricKind};
use crate::options::{OptionError, Options, OverrideError, Overrides, Wrong, fill_defaults};
use crate::script::{self, Diagnostic, MetricUse, Program, ScriptError, SourceError, Sources};
use crate::secrets::Secrets;
use crate::slo::Objective;
use crate::suggest::{did_you_mean, nearest};

/// What a run is made of.
#[derive(Debug, Clone)]
pub struct Request {
    pub script: PathBuf,
    /// What `env()` gives.
    pub env: BTreeMap<String, String>,
    /// Where `secret()` keeps what it gives; whoever shows something of the run masks it by this.
    pub secrets: Secrets,
    pub defaults: Defaults,
    pub overrides: Overrides,
    pub scale: f64,
    /// Used unless the options name one.
    pub seed: u64,
    pub share: Share,
}

/// Options below those of the script.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// The file they come from, as messages name it.
    pub file: String,
    pub options: Map<String, Value>,
}

/// A run that could start.
#[derive(Clone)]
pub struct Blueprint {
    pub sources: Sources,
    pub env: Arc<BTreeMap<String, String>>,
    pub secrets: Secrets,
    pub options: Options,
    /// The options as they were read, after all overrides.
    pub raw: Map<String, Value>,
    /// Metrics that the script makes itself.
    pub metrics: BTreeMap<String, MetricUse>,
    pub functions: Vec<String>,
    pub share: Share,
    /// What whoever reads the result should know about how the plan came about.
    pub notes: Vec<String>,
}

/// Why a run cannot start.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BlueprintError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Script(#[from] ScriptError),
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// Options that came from the file of defaults.
    #[error("{}", errors.iter().map(|error| format!("{file}: {error}")).collect::<Vec<_>>().join("\n"))]
    Config {
        file: String,
        errors: Vec<OptionError>,
    },
}

/// The functions that a script may have beside those of its scenarios.
const LIFECYCLE: [&str; 5] = ["setup", "teardown", "vu_start", "vu_stop", "summary"];

impl Blueprint {
    /// Reads and checks a script. Sends nothing.
    ///
    /// # Errors
    /// Everything that is wrong with it, as far as it can be told without running it.
    pub fn draw_up(request: Request) -> Result<Self, BlueprintError> {
        let secrets = request.secrets.clone();
        Self::checked(request).map_err(|mut error| {
            if let BlueprintError::Script(script) = &mut error {
                mask_script_error(script, &secrets);
            }
            error
        })
    }

    fn checked(request: Request) -> Result<Self, BlueprintError> {
        let sources = Sources::read(&request.script)?;
        let env = Arc::new(request.env);
        let program = Program::compile(&sources, &env, &request.secrets)?;
        let scan = script::scan(program.engine(), program.ast(), &sources);
        let mut raw = program.options()?;
        let own: Vec<String> = raw.keys().cloned().collect();
        fill_defaults(&mut raw, request.defaults.options);
        let filled: Vec<String> = raw
            .keys()
            .filter(|key| !own.contains(key))
            .cloned()
            .collect();
        let all_scenarios: Vec<String> = match raw.get("scenarios") {
            Some(Value::Object(scenarios)) => scenarios.keys().cloned().collect(),
            _ => Vec::new(),
        };
        request.overrides.apply(&mut raw, |executor| {
            executor.parse::<Kind>().ok().map(Kind::keys)
        })?;
        let mut problems = scan.problems;
        let options = match Options::read(&raw, request.scale, request.seed) {
            Ok(options) => Some(options),
            Err(errors) => {
                let mut from_file = Vec::new();
                for error in errors {
                    if let Some(flag) = request.overrides.flag_of(&error.path) {
                        let OptionError { message, help, .. } = error;
                        return Err(OverrideError::Value {
                            flag,
                            message,
                            help,
                        }
                        .into());
                    }
                    if error.path.first().is_some_and(|key| filled.contains(key)) {
                        from_file.push(error);
                    } else {
                        problems.push(script::of_option(
                            &error.path,
                            error.message,
                            error.help,
                            &sources,
                        ));
                    }
                }
                if !from_file.is_empty() && problems.is_empty() {
                    return Err(BlueprintError::Config {
                        file: request.defaults.file,
                        errors: from_file,
                    });
                }
                None
            }
        };
        let functions = program.functions();
        let names_scenarios = raw.contains_key("scenarios");
        if let Some(options) = &options {
            if names_scenarios {
                check_scenarios(options, &program, &functions, &sources, &mut problems);
            } else {
                check_default(&program, &functions, &sources, &mut problems);
            }
            check_lifecycle(&program, &sources, &mut problems);
            check_metrics(
                options,
                &scan.metrics,
                scan.computed_metrics,
                &sources,
                &mut problems,
            );
        }
        match options {
            Some(mut options) if problems.is_empty() => Ok(Self {
                notes: leave_out(&mut options, &all_scenarios),
                sources,
                env,
                secrets: request.secrets,
                options,
                raw,
                metrics: scan.metrics,
                functions,
                share: request.share,
            }),
            _ => {
                // As a reader meets them; the script's own first, then its modules'.
                let place = |d: &Diagnostic| {
                    let module = (d.source != sources.main).then(|| d.source.clone());
                    (module, d.line, d.column)
                };
                problems.sort_by_key(place);
                Err(ScriptError(problems).into())
            }
        }
    }
}

/// Objectives about scenarios that do not run could only miss their samples: they are left out, and it is said.
fn leave_out(options: &mut Options, all: &[String]) -> Vec<String> {
    let runs: Vec<&str> = options.scenarios.iter().map(|s| s.name.as_str()).collect();
    let (here, elsewhere): (Vec<&str>, Vec<&str>) = all
        .iter()
        .map(String::as_str)
        .partition(|name| runs.contains(name));
    let about = |objective: &Objective, name: &str| {
        let mut conditions = objective.selector.conditions().iter();
        conditions.all(|condition| condition.key != "scenario" || condition.accepts(Some(name)))
    };
    let mut notes = Vec::new();
    options.slos.retain(|objective| {
        let is_about = |names: &[&str]| names.iter().any(|name| about(objective, name));
        let keep = is_about(&here) || !is_about(&elsewhere);
        if !keep {
            notes.push(format!(
                "not judged, for its scenario was not chosen: {}",
                objective.label()
            ));
        }
        keep
    });
    notes
}

/// The functions that could be a scenario's.
fn candidates(functions: &[String]) -> Vec<&str> {
    let names = functions.iter().map(String::as_str);
    names.filter(|name| !LIFECYCLE.contains(name)).collect()
}

/// A script without scenarios is run by its function `iteration`.
fn check_default(
    program: &Program,
    functions: &[String],
    sources: &Sources,
    problems: &mut Vec<Diagnostic>,
) {
    let arities = program.arities("iteration");
    if arities.iter().any(|arity| *arity <= 1) {
        return;
    }
    if let Some(arity) = arities.first() {
        let message = format!("`iteration` takes {}", parameters(*arity));
        let help = "a scenario's function takes none or one, `ctx`".to_owned();
        let diagnostic = script::of_function("iteration", message, sources);
        problems.push(diagnostic.with_help(Some(help)));
        return;
    }
    let missing = "there is no function `iteration`, and no scenario names another one";
    let candidates = candidates(functions);
    problems.push(match nearest("iteration", candidates.iter().copied()) {
        Some(near) => script::of_function(near, missing.to_owned(), sources)
            .with_help(Some("did you mean `iteration` here?".to_owned())),
        None => script::of_option(
            &[],
            missing.to_owned(),
            Some(if candidates.is_empty() {
                "write `fn iteration(ctx) { … }`".to_owned()
            } else {
                format!(
                    "write `fn iteration(ctx) {{ … }}`, or name a function in a scenario: `exec: \"{}\"`",
                    candidates[0]
                )
            }),
            sources,
        ),
    });
}

fn check_scenarios(
    options: &Options,
    program: &Program,
    functions: &[String],
    sources: &Sources,
    problems: &mut Vec<Diagnostic>,
) {
    for scenario in &options.scenarios {
        let path = [
            "scenarios".to_owned(),
            scenario.name.clone(),
            "exec".to_owned(),
        ];
        let arities = program.arities(&scenario.exec);
        let (message, help) = if arities.is_empty() {
            let candidates = candidates(functions);
            let help =
                did_you_mean(&scenario.exec, candidates.iter().copied()).unwrap_or_else(|| {
                    match candidates.first() {
                        None => format!("write `fn {}(ctx) {{ … }}`", scenario.exec),
                        Some(first) => format!(
                            "the script has: {}; name one, as in `exec: \"{first}\"`",
                            candidates.join(", ")
                        ),
                    }
                });
            (format!("there is no function `{}`", scenario.exec), help)
        } else if !arities.iter().any(|arity| *arity <= 1) {
            (
                format!("`{}` takes {}", scenario.exec, parameters(arities[0])),
                "a scenario's function takes none or one, `ctx`".to_owned(),
            )
        } else {
            continue;
        };
        problems.push(script::of_option(&path, message, Some(help), sources));
    }
}

fn check_lifecycle(program: &Program, sources: &Sources, problems: &mut Vec<Diagnostic>) {
    for (name, offered) in [
        ("setup", None),
        ("teardown", Some("what `setup` returned")),
        ("vu_start", Some("`ctx`")),
        ("vu_stop", Some("`ctx`")),
        ("summary", Some("the result")),
    ] {
        let most = usize::from(offered.is_some());
        if let Some(arity) = program.arities(name).first().filter(|arity| **arity > most) {
            let message = format!("`{name}` takes {}", parameters(*arity));
            let help = match offered {
                Some(what) => format!("it is given one value at most: {what}"),
                None => "it is called without any".to_owned(),
            };
            problems.push(script::of_function(name, message, sources).with_help(Some(help)));
        }
    }
}

fn parameters(count: usize) -> String {
    if count == 1 {
        "1 parameter".to_owned()
    } else {
        format!("{count} parameters")
    }
}

/// What a metric holds, whoever makes it.
fn known_metric(name: &str, own: &BTreeMap<String, MetricUse>) -> Option<(MetricKind, Contains)> {
    match Builtin::by_name(name) {
        Some(metric) => Some((metric.definition().kind, metric.definition().contains)),
        None => own.get(name).map(|metric| (metric.kind, metric.contains)),
    }
}

fn check_metrics(
    options: &Options,
    own: &BTreeMap<String, MetricUse>,
    computed: bool,
    sources: &Sources,
    problems: &mut Vec<Diagnostic>,
) {
    for objective in &options.slos {
        let name = objective.selector.metric();
        let path = ["slos".to_owned(), objective.selector.to_string()];
        match known_metric(name, own) {
            Some((kind, contains)) => {
                if let Err(error) = objective.check(kind, contains) {
                    let Wrong { message, help } = error.into();
                    problems.push(script::of_option(&path, message, help, sources));
                }
            }
            // A script that computes names may make any metric.
            None if computed => {}
            None => {
                let known = Builtin::ALL
                    .iter()
                    .map(|m| m.definition().name)
                    .chain(own.keys().map(String::as_str));
                let help = did_you_mean(name, known).unwrap_or_else(|| {
                    format!("make it with metrics::trend(\"{name}\") or another of metrics::counter, gauge and rate")
                });
                problems.push(script::of_option(
                    &path,
                    format!("nothing records a metric `{name}`"),
                    Some(help),
                    sources,
                ));
            }
        }
    }
}
