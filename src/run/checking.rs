//! A look at one file, as `rhaid check` and editors take it: all that is wrong with it and all that it is advised of.

use std::sync::Arc;

use super::advice;
use super::blueprint::{Blueprint, BlueprintError, Request};
use super::masking::mask_diagnostics;
use crate::script::{
    Diagnostic, ScriptError, Severity, Sources, bare_engine, check_module, in_reading_order,
    is_module, scan,
};
use crate::secrets::Secrets;

/// What a look at a file tells.
#[derive(Debug, Default)]
pub struct Looked {
    /// Mistakes and warnings, as a reader meets them; those of imported modules too.
    pub found: Vec<Diagnostic>,
    /// Why it cannot be run, if that is no mistake of a script.
    pub error: Option<BlueprintError>,
    /// The plan in words, scenario by scenario; empty for a module.
    pub plan: Vec<String>,
    pub is_module: bool,
}

impl Looked {
    /// Whether nothing is wrong with it. Warnings change nothing.
    pub fn is_right(&self) -> bool {
        let is_warning = |found: &Diagnostic| found.severity == Severity::Warning;
        self.error.is_none() && self.found.iter().all(is_warning)
    }
}

/// What stands for a variable of the environment that is not set: a text where one is wanted, and an address where that is.
const STAND_IN: &str = "http://not-set-yet:1";

/// Looks at a script or, if it can only be imported, a module. Sends nothing.
///
/// A script that cannot begin only because the environment lacks what it asks for is right: it is warned of.
pub fn look(sources: Sources, request: Request) -> Looked {
    let looked = look_once(sources.clone(), request.clone());
    if looked.is_right() {
        return looked;
    }
    let env = Arc::new(request.env.clone());
    let engine = bare_engine(&sources, &env, &Secrets::default());
    let mut missing = scan(&engine, &sources).needed;
    missing.retain(|needed| !env.contains_key(&needed.name));
    if missing.is_empty() {
        return looked;
    }
    let mut request = request;
    request.secrets = Secrets::default();
    let stand_ins = missing
        .iter()
        .map(|needed| (needed.name.clone(), STAND_IN.to_owned()));
    request.env.extend(stand_ins);
    let mut again = look_once(sources.clone(), request);
    if !again.is_right() {
        return looked;
    }
    again
        .found
        .extend(missing.into_iter().map(|needed| needed.warning));
    in_reading_order(&mut again.found, &sources);
    again
}

fn look_once(sources: Sources, request: Request) -> Looked {
    if is_module(&sources) {
        let secrets = request.secrets.clone();
        let mut found = check_module(&sources, &Arc::new(request.env), &secrets);
        mask_diagnostics(&mut found, &secrets);
        return Looked {
            found,
            is_module: true,
            ..Looked::default()
        };
    }
    match Blueprint::draw_up_from(sources, request) {
        Ok(blueprint) => {
            let mut found = blueprint.warnings.clone();
            found.extend(advice::of(&blueprint));
            in_reading_order(&mut found, &blueprint.sources);
            let scenarios = blueprint.options.scenarios.iter();
            Looked {
                found,
                plan: scenarios
                    .map(|s| format!("{}: {}", s.name, s.executor.describe()))
                    .collect(),
                ..Looked::default()
            }
        }
        Err(BlueprintError::Script(ScriptError(found))) => Looked {
            found,
            ..Looked::default()
        },
        Err(error) => Looked {
            error: Some(error),
            ..Looked::default()
        },
    }
}
