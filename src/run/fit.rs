//! Whether the parts of a script fit each other: scenarios and functions, objectives and metrics.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::chaos::Trigger;
use crate::chaos::probe::{Condition, Probe};
use crate::metrics::{Builtin, Contains, MetricKind};
use crate::options::{OWN_TAGS, Options, Wrong};
use crate::script::{self, Declared, Diagnostic, LIFECYCLE, MetricUse, Named, Program, Sources};
use crate::slo::{Aggregate, Op, Pattern, Threshold};
use crate::suggest::{did_you_mean, nearest};

/// What stands for a scenario on what `setup` and `teardown` record.
const PHASES: [&str; 2] = ["setup", "teardown"];

/// Begins the names of tests.
const TEST: &str = "test_";

/// A script whose options could be read.
pub struct Fit<'a> {
    pub options: &'a Options,
    pub program: &'a Program,
    pub functions: &'a [String],
    pub sources: &'a Sources,
    pub problems: &'a mut Vec<Diagnostic>,
}

impl Fit<'_> {
    /// A script without scenarios is run by its function `iteration`.
    pub fn check_default(&mut self) {
        let (program, functions, sources) = (self.program, self.functions, self.sources);
        let arities = program.arities("iteration");
        if arities.iter().any(|arity| *arity <= 1) {
            return;
        }
        if let Some(arity) = arities.first() {
            let message = format!("`iteration` takes {}", parameters(*arity));
            let help = "a scenario's function takes none or one, `ctx`".to_owned();
            let diagnostic = script::of_function("iteration", message, sources);
            self.problems.push(diagnostic.with_help(Some(help)));
            return;
        }
        let missing = "there is no function `iteration`, and no scenario names another one";
        if functions.iter().any(|name| name.starts_with(TEST)) {
            let help = format!("it has tests: `rhaid test {}` runs them", sources.main);
            let found = script::of_option(&[], missing.to_owned(), Some(help), sources);
            self.problems.push(found);
            return;
        }
        let candidates = candidates(functions);
        self.problems.push(match nearest("iteration", candidates.iter().copied()) {
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

    /// Every scenario's function must be there.
    pub fn check_scenarios(&mut self) {
        let named = self.options.scenarios.iter();
        let named = named.map(|scenario| (scenario.name.as_str(), scenario.exec.as_str()));
        let found = check_functions(named, self.program, self.functions, self.sources);
        self.problems.extend(found);
    }

    /// What faults and scripts name must be declared. In a module that others use too it may be their affair.
    pub fn check_named(&mut self, named: Vec<Named>) {
        let chaos = &self.options.chaos;
        for Named {
            what,
            name,
            problem,
        } in named
        {
            let known: Vec<&str> = match what {
                Declared::Proxy => chaos
                    .proxies
                    .iter()
                    .map(|plan| plan.name.as_str())
                    .collect(),
                Declared::Command => chaos
                    .commands
                    .iter()
                    .map(|plan| plan.name.as_str())
                    .collect(),
                Declared::Fault => chaos.faults.iter().map(|plan| plan.name.as_str()).collect(),
            };
            if known.contains(&name.as_str()) {
                continue;
            }
            let help = did_you_mean(&name, known.iter().copied()).unwrap_or_else(|| match what {
                Declared::Proxy => {
                    format!("declare it in the options: proxies: #{{ {name}: \"127.0.0.1:9000\" }}")
                }
                Declared::Command => format!(
                    "declare it in the options: commands: #{{ {name}: #{{ run: [\"program\"] }} }}"
                ),
                Declared::Fault => "declare it in the options' `faults`".to_owned(),
            });
            let problem = problem.with_help(Some(help));
            let is_of_module = problem.source != self.sources.main;
            self.problems.push(match is_of_module {
                true => problem.as_warning(),
                false => problem,
            });
        }
    }

    /// A proxy that others reach: whoever finds it can use it.
    pub fn check_proxies(&mut self) {
        for proxy in &self.options.chaos.proxies {
            let host = proxy.listen.rsplit_once(':').map_or("", |(host, _)| host);
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            let address = bare.parse::<std::net::IpAddr>();
            if bare == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
                continue;
            }
            let path = ["proxies", &proxy.name, "listen"].map(str::to_owned);
            let message = format!(
                "the proxy listens on {}, where others reach it, and connects to {} for them",
                proxy.listen, proxy.upstream
            );
            let help = format!(
                "127.0.0.1:{} listens for this machine alone",
                proxy.listen.rsplit(':').next().unwrap_or("0")
            );
            let problem = script::of_option(&path, message, Some(help), self.sources);
            self.problems.push(problem.as_warning());
        }
    }

    /// Every fault's function must be there, and what faults look at must be measured.
    pub fn check_faults(&mut self, own: &BTreeMap<String, MetricUse>, computed: bool) {
        let (options, program, functions, sources) =
            (self.options, self.program, self.functions, self.sources);
        for (at, fault) in options.chaos.faults.iter().enumerate() {
            let path = |key: &str| ["faults".to_owned(), at.to_string(), key.to_owned()];
            let arities = program.arities(&fault.exec);
            let (message, help) = if arities.is_empty() {
                let help = did_you_mean(&fault.exec, candidates(functions).iter().copied())
                    .unwrap_or_else(|| format!("write `fn {}(fault) {{ … }}`", fault.exec));
                (format!("there is no function `{}`", fault.exec), help)
            } else if !arities.iter().any(|arity| *arity <= 1) {
                (
                    format!("`{}` takes {}", fault.exec, parameters(arities[0])),
                    "a fault's function takes none or one, `fault`".to_owned(),
                )
            } else {
                continue;
            };
            let problem = script::of_option(&path("exec"), message, Some(help), sources);
            self.problems.push(problem);
        }
        for (at, fault) in options.chaos.faults.iter().enumerate() {
            let when = match &fault.trigger {
                Trigger::When(objective) => Some(("when", objective)),
                _ => None,
            };
            let steady = fault.steady.iter().map(|holds| ("steady", holds));
            let guards = fault.guards.iter().map(|guard| ("guard", &guard.holds));
            let mut measured = Vec::new();
            for (key, holds) in steady.chain(guards) {
                match holds {
                    Condition::Measured(objective) => measured.push((key, objective)),
                    Condition::Asked(probe) => {
                        let path = ["faults".to_owned(), at.to_string(), key.to_owned()];
                        let refused = refusal(&**probe, options);
                        let problem = refused.map(|why| {
                            let help = "probes ask no host that the load may not reach".to_owned();
                            script::of_option(&path, why, Some(help), sources)
                        });
                        self.problems.extend(problem);
                    }
                }
            }
            for (key, objective) in when.into_iter().chain(measured) {
                let path = ["faults".to_owned(), at.to_string(), key.to_owned()];
                let name = objective.selector.metric();
                let wrong = match known_metric(name, own) {
                    Some((kind, contains)) => match objective.check(kind, contains) {
                        Ok(()) => continue,
                        Err(error) => error.into(),
                    },
                    None if computed => continue,
                    None => Wrong {
                        message: format!("nobody records a metric `{name}`"),
                        help: did_you_mean(name, Builtin::ALL.iter().map(|m| m.definition().name)),
                    },
                };
                let problem = script::of_option(&path, wrong.message, wrong.help, sources);
                self.problems.push(problem);
            }
        }
    }

    /// The special functions are given so many values and no more.
    pub fn check_lifecycle(&mut self) {
        let (program, sources) = (self.program, self.sources);
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
                self.problems
                    .push(script::of_function(name, message, sources).with_help(Some(help)));
            }
        }
    }

    /// Objectives must be about metrics that somebody records, and ask what they can tell.
    pub fn check_metrics(&mut self, own: &BTreeMap<String, MetricUse>, computed: bool) {
        let (options, sources) = (self.options, self.sources);
        for objective in &options.slos {
            let name = objective.selector.metric();
            let path = ["slos".to_owned(), objective.selector.to_string()];
            match known_metric(name, own) {
                Some((kind, contains)) => {
                    if let Err(error) = objective.check(kind, contains) {
                        let Wrong { message, help } = error.into();
                        self.problems
                            .push(script::of_option(&path, message, help, sources));
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
                    self.problems.push(script::of_option(
                        &path,
                        format!("nothing records a metric `{name}`"),
                        Some(help),
                        sources,
                    ));
                }
            }
        }
    }

    /// A condition on a scenario or a tag that nothing will ever have. `mentioned`: names that the script itself may give tags.
    pub fn check_selectors(&mut self, scenarios: &Option<Value>, mentioned: &BTreeSet<String>) {
        let known: Vec<String> = match scenarios.as_ref().and_then(Value::as_object) {
            Some(scenarios) => scenarios.keys().cloned().collect(),
            None => vec!["default".to_owned()],
        };
        let declared = &self.options.chaos.faults;
        let faults = || declared.iter().map(|fault| fault.name.as_str());
        for objective in &self.options.slos {
            let path = ["slos".to_owned(), objective.selector.to_string()];
            let metric = objective.selector.metric();
            for condition in objective.selector.conditions() {
                let problem = match (condition.key.as_str(), &condition.pattern) {
                    ("scenario", Pattern::Exact(name))
                        if !known.contains(name) && !PHASES.contains(&name.as_str()) =>
                    {
                        let names = known.iter().map(String::as_str).chain(PHASES);
                        let help = did_you_mean(name, names)
                            .unwrap_or_else(|| format!("the script has: {}", known.join(", ")));
                        let message = format!("there is no scenario `{name}`");
                        script::of_option(&path, message, Some(help), self.sources)
                    }
                    ("fault", Pattern::Exact(name))
                        if metric == Builtin::FaultRecoveryTime.definition().name
                            && !faults().any(|fault| fault == name) =>
                    {
                        // A script may inject others that it names itself.
                        let message = format!("no fault `{name}` is declared");
                        let help = did_you_mean(name, faults());
                        script::of_option(&path, message, help, self.sources).as_warning()
                    }
                    // A script may set such a tag itself.
                    ("url", _) if metric.starts_with("http_req") => {
                        let help = "give the request a name, `#{ name: \"reserve\" }`, and select `{name:reserve}`";
                        let message = "requests have no tag `url` by themselves".to_owned();
                        script::of_option(&path, message, Some(help.to_owned()), self.sources)
                            .as_warning()
                    }
                    (key, _)
                        if !self.options.tags.contains_key(key) && !mentioned.contains(key) =>
                    {
                        let Some(near) = nearest(key, OWN_TAGS).filter(|near| *near != key) else {
                            continue;
                        };
                        let message = format!("nothing has a tag `{key}` by itself");
                        let help = format!("did you mean `{{{near}:…}}`?");
                        script::of_option(&path, message, Some(help), self.sources).as_warning()
                    }
                    _ => continue,
                };
                self.problems.push(problem);
            }
        }
    }

    /// A share compared with a plain 1: that is 100 %, where 1 % is likelier to be meant.
    pub fn check_thresholds(&mut self, own: &BTreeMap<String, MetricUse>) {
        for objective in &self.options.slos {
            let known = known_metric(objective.selector.metric(), own);
            if !matches!(known, Some((MetricKind::Rate, _))) {
                continue;
            }
            let path = ["slos".to_owned(), objective.selector.to_string()];
            for expression in std::iter::once(&objective.target).chain(&objective.warn) {
                let is_one = expression.aggregate == Aggregate::Rate
                    && matches!(expression.threshold, Threshold::Plain(1.0));
                if !is_one || !matches!(expression.op, Op::Less | Op::LessOrEqual | Op::Greater) {
                    continue;
                }
                let text = expression.to_string();
                let message = format!("in `{text}`, 1 is 100%");
                let help = format!(
                    "write `{text}%` for one percent, or `{}00%` if you mean it",
                    text
                );
                let problem = script::of_option(&path, message, Some(help), self.sources);
                self.problems.push(problem.as_warning());
            }
        }
    }
}

/// What is wrong with the functions that scenarios name, given as the scenario's name and the function's.
pub fn check_functions<'a>(
    named: impl Iterator<Item = (&'a str, &'a str)>,
    program: &Program,
    functions: &[String],
    sources: &Sources,
) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (scenario, exec) in named {
        let path = [
            "scenarios".to_owned(),
            scenario.to_owned(),
            "exec".to_owned(),
        ];
        let arities = program.arities(exec);
        let (message, help) = if arities.is_empty() {
            let candidates = candidates(functions);
            let help =
                did_you_mean(exec, candidates.iter().copied()).unwrap_or_else(|| match candidates
                    .first()
                {
                    None => format!("write `fn {exec}(ctx) {{ … }}`"),
                    Some(first) => format!(
                        "the script has: {}; name one, as in `exec: \"{first}\"`",
                        candidates.join(", ")
                    ),
                });
            (format!("there is no function `{exec}`"), help)
        } else if let Some(arity) = arities.first().filter(|arity| **arity > 1) {
            (
                format!("`{exec}` takes {}", parameters(*arity)),
                "a scenario's function takes none or one, `ctx`".to_owned(),
            )
        } else {
            continue;
        };
        problems.push(script::of_option(&path, message, Some(help), sources));
    }
    problems
}

/// The functions that scenarios name, as options are written that could not be read.
pub fn named_functions(scenarios: Option<&Value>) -> impl Iterator<Item = (&str, &str)> {
    let scenarios = scenarios.and_then(Value::as_object).into_iter().flatten();
    scenarios.filter_map(|(name, scenario)| Some((name.as_str(), scenario.get("exec")?.as_str()?)))
}

/// The functions that could be a scenario's.
fn candidates(functions: &[String]) -> Vec<&str> {
    let names = functions.iter().map(String::as_str);
    names
        .filter(|name| !LIFECYCLE.contains(name) && !name.starts_with("anon$"))
        .collect()
}

fn parameters(count: usize) -> String {
    if count == 1 {
        "1 parameter".to_owned()
    } else {
        format!("{count} parameters")
    }
}

/// Why a probe may not ask where it is to, if so.
fn refusal(probe: &dyn Probe, options: &Options) -> Option<String> {
    let url = url::Url::parse(probe.url()).ok()?;
    let host = url.host_str()?;
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    options.http.rules.refusal(bare)
}

/// What a metric holds, whoever makes it.
fn known_metric(name: &str, own: &BTreeMap<String, MetricUse>) -> Option<(MetricKind, Contains)> {
    match Builtin::by_name(name) {
        Some(metric) => Some((metric.definition().kind, metric.definition().contains)),
        None => own.get(name).map(|metric| (metric.kind, metric.contains)),
    }
}
