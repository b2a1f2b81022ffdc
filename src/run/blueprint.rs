//! Everything there is to know about a run before it starts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::fit::{Fit, check_functions, named_functions};
use super::masking::mask_diagnostics;
use crate::executor::{Kind, Share};
use crate::options::{OptionError, Options, OverrideError, Overrides, fill_defaults, found_from};
use crate::script::{
    self, Diagnostic, MetricUse, Needed, Program, ScriptError, Severity, SourceError, Sources,
};
use crate::secrets::Secrets;
use crate::slo::Objective;

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

impl Defaults {
    /// Fills in what a script's own options leave open. Paths in them are relative to the file.
    pub fn fill(&self, raw: &mut Map<String, Value>) {
        let mut defaults = self.options.clone();
        if let Some(folder) = Path::new(&self.file).parent() {
            found_from(folder, &mut defaults);
        }
        fill_defaults(raw, defaults);
    }
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
    /// Changes when `setup`, or what it calls, does; empty if there is none.
    pub setup: String,
    /// Whether it receives webhooks.
    pub receives: bool,
    /// What the script can run with, but hardly means.
    pub warnings: Vec<Diagnostic>,
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

impl Blueprint {
    /// Reads and checks a script. Sends nothing.
    ///
    /// # Errors
    /// Everything that is wrong with it, as far as it can be told without running it.
    pub fn draw_up(request: Request) -> Result<Self, BlueprintError> {
        let sources = Sources::read(&request.script)?;
        Self::draw_up_from(sources, request)
    }

    /// Checks a script whose text is at hand.
    ///
    /// # Errors
    /// As [`draw_up`](Self::draw_up) has them.
    pub fn draw_up_from(sources: Sources, request: Request) -> Result<Self, BlueprintError> {
        let secrets = request.secrets.clone();
        let checked = Self::checked(sources, request).map(|mut blueprint| {
            mask_diagnostics(&mut blueprint.warnings, &secrets);
            blueprint
        });
        checked.map_err(|mut error| {
            if let BlueprintError::Script(script) = &mut error {
                mask_diagnostics(&mut script.0, &secrets);
            }
            error
        })
    }

    fn checked(sources: Sources, request: Request) -> Result<Self, BlueprintError> {
        let env = Arc::new(request.env);
        let program = Program::compile_to_look_at(&sources, &env, &request.secrets)?;
        let scan = script::scan(program.engine(), &sources);
        let mut raw = program.options()?;
        let own: Vec<String> = raw.keys().cloned().collect();
        found_from(&sources.project.folder, &mut raw);
        request.defaults.fill(&mut raw);
        let filled: Vec<String> = raw
            .keys()
            .filter(|key| !own.contains(key))
            .cloned()
            .collect();
        // Those that the command line leaves out are known all the same.
        let raw_scenarios = raw.get("scenarios").cloned();
        request.overrides.apply(&mut raw, |executor| {
            executor.parse::<Kind>().ok().map(Kind::keys)
        })?;
        let mut problems = scan.problems;
        problems.extend(unset(scan.needed, &env, raw_scenarios.as_ref()));
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
        let executed = executed_functions(&raw_scenarios, options.as_ref());
        let executed: Vec<&str> = executed.iter().map(String::as_str).collect();
        let injecting = injecting_functions(&raw);
        let used: Vec<&str> = executed
            .iter()
            .copied()
            .chain(injecting.iter().map(String::as_str))
            .collect();
        problems.extend(script::special_names(program.ast(), &sources, &used));
        let given = |function: &str| {
            let of_user = ["vu_start", "vu_stop"].contains(&function);
            // What a fault's function is given is the fault.
            let of_fault = injecting.iter().any(|known| known == function);
            of_user || executed.contains(&function) && !of_fault
        };
        problems.extend(
            scan.of_context
                .into_iter()
                .filter(|found| given(&found.function))
                .map(|found| found.problem),
        );
        if let Some(options) = &options {
            let mut fit = Fit {
                options,
                program: &program,
                functions: &functions,
                sources: &sources,
                problems: &mut problems,
            };
            if raw.contains_key("scenarios") {
                fit.check_scenarios();
            } else {
                fit.check_default();
            }
            fit.check_named(scan.named);
            fit.check_proxies();
            fit.check_faults(&scan.metrics, scan.computed_metrics);
            fit.check_lifecycle();
            fit.check_metrics(&scan.metrics, scan.computed_metrics);
            fit.check_selectors(&raw_scenarios, &scan.mentioned);
            fit.check_thresholds(&scan.metrics);
        } else {
            let named = named_functions(raw.get("scenarios"));
            problems.extend(check_functions(named, &program, &functions, &sources));
        }
        script::in_reading_order(&mut problems, &sources);
        let is_warning = |problem: &Diagnostic| problem.severity == Severity::Warning;
        match options {
            Some(mut options) if problems.iter().all(is_warning) => Ok(Self {
                notes: {
                    share_cap(&mut options, &request.share);
                    leave_out(&mut options, raw_scenarios.as_ref())
                },
                sources,
                env,
                secrets: request.secrets,
                options,
                raw,
                metrics: scan.metrics,
                functions,
                setup: script::footing(&program, "setup"),
                receives: scan.receives,
                warnings: problems,
                share: request.share,
            }),
            _ => Err(ScriptError(problems).into()),
        }
    }
}

/// A cap on requests is of the whole plan, so a machine that runs a segment of it has its part of the cap.
fn share_cap(options: &mut Options, share: &Share) {
    const WHOLE: u64 = 1_000_000_000;
    let part = share.count(WHOLE) as f64 / WHOLE as f64;
    if part < 1.0
        && let Some(cap) = options.http.rps.as_ref().map(|cap| cap.of_share(part))
    {
        Arc::make_mut(&mut options.http).rps = Some(Arc::new(cap));
    }
}

/// Variables that are needed and not set; a scenario that sets one may be the only one to need it.
fn unset(
    mut needed: Vec<Needed>,
    env: &BTreeMap<String, String>,
    scenarios: Option<&Value>,
) -> impl Iterator<Item = Diagnostic> + use<> {
    let set_by = |scenario: &Value, name: &str| {
        let own = scenario.get("env").and_then(Value::as_object);
        own.is_some_and(|own| own.contains_key(name))
    };
    let is_set = |name: &str| {
        let mut all = scenarios.and_then(Value::as_object).into_iter().flatten();
        env.contains_key(name) || all.any(|(_, scenario)| set_by(scenario, name))
    };
    // Each variable once, with all its places as a reader meets them: functions come in any order.
    needed.sort_by_key(|needed| {
        let warning = &needed.warning;
        (warning.source.clone(), warning.line, warning.column)
    });
    let mut told: BTreeMap<String, Diagnostic> = BTreeMap::new();
    for needed in needed {
        if is_set(&needed.name) {
            continue;
        }
        match told.entry(needed.name) {
            Entry::Vacant(entry) => {
                entry.insert(needed.warning);
            }
            Entry::Occupied(mut entry) => {
                let first = entry.get_mut();
                // The same place may be looked at twice.
                let also = needed.warning.as_note("also needed");
                let is_first = first.as_note("also needed") == also;
                if !is_first && !first.notes.contains(&also) {
                    first.notes.push(also);
                }
            }
        }
    }
    told.into_values()
}

/// Objectives about scenarios that do not run could only miss their samples: they are left out, and it is said.
fn leave_out(options: &mut Options, all: Option<&Value>) -> Vec<String> {
    let Some(Value::Object(all)) = all else {
        return Vec::new();
    };
    let runs: Vec<&str> = options.scenarios.iter().map(|s| s.name.as_str()).collect();
    let (here, elsewhere): (Vec<&str>, Vec<&str>) = all
        .keys()
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

/// The functions that faults name.
fn injecting_functions(raw: &Map<String, Value>) -> Vec<String> {
    let faults = raw.get("faults").and_then(Value::as_array);
    let named = |fault: &Value| fault.get("exec")?.as_str().map(str::to_owned);
    faults.into_iter().flatten().filter_map(named).collect()
}

/// The functions that scenarios name, those included that the command line leaves out.
pub(super) fn executed_functions(
    scenarios: &Option<Value>,
    options: Option<&Options>,
) -> Vec<String> {
    let written = scenarios
        .as_ref()
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|scenario| scenario.get("exec")?.as_str().map(str::to_owned));
    let read = options
        .into_iter()
        .flat_map(|options| &options.scenarios)
        .map(|scenario| scenario.exec.clone());
    written
        .chain(read)
        .chain(["iteration".to_owned()])
        .collect()
}
