//! `env` and `secret`: what a script is told from outside.
//!
//! Both work at the top level too, where there is no virtual user; so they hold the run's environment themselves.

use std::collections::BTreeMap;
use std::sync::Arc;

use rhai::{Dynamic, Engine, FuncRegistration, ImmutableString, Module};

use super::{Fallible, error};
use crate::secrets::{SHORTEST, Secrets};
use crate::vu;

/// The scenario's own variables come before the run's.
fn look_up(env: &BTreeMap<String, String>, name: &str) -> Option<String> {
    vu::current()
        .and_then(|vu| vu.env(name).map(str::to_owned))
        .or_else(|| env.get(name).cloned())
}

fn must_be_set<T>(function: &str, name: &str) -> Fallible<T> {
    error(format!(
        "the environment variable `{name}` is not set\nhelp: set it with --env {name}=…, or give a default: {function}(\"{name}\", \"…\")"
    ))
}

fn kept(secrets: &Secrets, name: &str, value: String) -> Fallible<String> {
    let length = value.chars().count();
    if (1..SHORTEST).contains(&length) {
        return error(format!(
            "the secret `{name}` has fewer than {SHORTEST} characters, which cannot be kept out of reports\nhelp: read it with env(\"{name}\") if it is none"
        ));
    }
    secrets.keep(&value);
    Ok(value)
}

/// Registers both with an engine.
pub fn register(engine: &mut Engine, env: &Arc<BTreeMap<String, String>>, secrets: &Secrets) {
    let mut module = Module::new();
    let function = |name: &str| FuncRegistration::new(name).in_global_namespace();
    let own = env.clone();
    function("env")
        .with_params_info(["name: &str", "default: ?", "?"])
        .set_into_module(
            &mut module,
            move |name: &str, default: Dynamic| -> Dynamic {
                look_up(&own, name).map_or(default, Dynamic::from)
            },
        );
    let own = env.clone();
    function("env")
        .with_params_info(["name: &str", "String"])
        .with_comments(["/// A variable: from the scenario's `env`, else from `--env`, else from the process's environment. Without a default it must be set."])
        .set_into_module(&mut module, move |name: &str| -> Fallible<String> {
            look_up(&own, name).map_or_else(|| must_be_set("env", name), Ok)
        });
    let (own, keeper) = (env.clone(), secrets.clone());
    function("secret")
        .with_params_info(["name: &str", "default: &str", "String"])
        .set_into_module(
            &mut module,
            move |name: &str, default: ImmutableString| -> Fallible<String> {
                let value = look_up(&own, name).unwrap_or_else(|| default.to_string());
                kept(&keeper, name, value)
            },
        );
    let (own, keeper) = (env.clone(), secrets.clone());
    function("secret")
        .with_params_info(["name: &str", "String"])
        .with_comments(["/// Like `env`, for a value of at least four characters that must not be shown: logs, results and summaries have `***` in its place."])
        .set_into_module(&mut module, move |name: &str| -> Fallible<String> {
            match look_up(&own, name) {
                Some(value) => kept(&keeper, name, value),
                None => must_be_set("secret", name),
            }
        });
    engine.register_global_module(module.into());
}
