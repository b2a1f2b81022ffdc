//! Everything there is to know about a run before it starts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::masking::mask_script_error;
use crate::executor::{Kind, Share};
use crate::metrics::{Builtin, Contains, MetricKind};
use crate::options::{OptionError, Options, OverrideError, Overrides, fill_defaults};
use crate::script::{self, Diagnostic, MetricUse, Program, ScriptError, SourceError, Sources};
use crate::secrets::Secrets;
use crate::suggest::did_you_mean;

/// What a run is made of.
#[derive(Debug, Clone)]
pub struct Request {
    pub script: PathBuf,
    /// What `env()` gives.
    pub env: BTreeMap<String, String>,
    /// Where `secret()` keeps what it gives; whoever shows something of the run masks it by this.
    pub secrets: Secrets,
    /// Defaults below the script's options, from `rhaid.toml`.
    pub defaults: Map<String, Value>,
    pub overrides: Overrides,
    pub scale: f64,
    /// Used unless the options name one.
    pub seed: u64,
    pub share: Share,
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
    #[error("rhaid.toml: {0}")]
    Config(OptionError),
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
        fill_defaults(&mut raw, request.defaults);
        request.overrides.apply(&mut raw, |executor| {
            executor.parse::<Kind>().ok().map(Kind::keys)
        })?;
        let mut problems = scan.problems;
        let options = match Options::read(&raw, request.scale, request.seed) {
            Ok(options) => Some(options),
            Err(errors) => {
                for error in errors {
                    let from_file = error
                        .path
                        .first()
                        .is_some_and(|key| !own.contains(key) && raw.contains_key(key));
                    if from_file && problems.is_empty() {
                        return Err(BlueprintError::Config(error));
                    }
                    problems.push(script::of_option(
                        &error.path,
                        error.message,
                        error.help,
                        &sources,
                    ));
                }
                None
            }
        };
        let functions = program.functions();
        if let Some(options) = &options {
            check_functions(options, &program, &functions, &sources, &mut problems);
            check_metrics(
                options,
                &scan.metrics,
                scan.computed_metrics,
                &sources,
                &mut problems,
            );
        }
        match options {
            Some(options) if problems.is_empty() => Ok(Self {
                sources,
                env,
                secrets: request.secrets,
                options,
                raw,
                metrics: scan.metrics,
                functions,
                share: request.share,
            }),
            _ => Err(ScriptError(problems).into()),
        }
    }
}

fn check_functions(
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
        if arities.is_empty() {
            let candidates = functions
                .iter()
                .map(String::as_str)
                .filter(|name| !LIFECYCLE.contains(name));
            let help = did_you_mean(&scenario.exec, candidates.clone()).unwrap_or_else(|| {
                let all: Vec<&str> = candidates.collect();
                if all.is_empty() {
                    format!("write `fn {}(ctx) {{ … }}`", scenario.exec)
                } else {
                    format!(
                        "the script has: {}; name one with exec: \"{}\"",
                        all.join(", "),
                        all[0]
                    )
                }
            });
            problems.push(script::of_option(
                &path,
                format!("there is no function `{}`", scenario.exec),
                Some(help),
                sources,
            ));
        } else if !arities.iter().any(|arity| *arity <= 1) {
            let message = format!(
                "`{}` takes {} parameters; a scenario's function takes none or one, `ctx`",
                scenario.exec, arities[0]
            );
            problems.push(script::of_option(&path, message, None, sources));
        }
    }
    for (name, most) in [
        ("setup", 0),
        ("teardown", 1),
        ("vu_start", 1),
        ("vu_stop", 1),
        ("summary", 1),
    ] {
        if let Some(arity) = program.arities(name).first().filter(|arity| **arity > most) {
            let message = format!("`{name}` takes {arity} parameters; it is called with {most}");
            problems.push(script::of_function(name, message, program.ast(), sources));
        }
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
                    problems.push(script::of_option(&path, error.to_string(), None, sources));
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
