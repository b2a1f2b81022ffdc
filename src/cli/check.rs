//! `rhaid check`: looks for mistakes, sends nothing.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::command_args::CheckArguments;
use super::values::Format;
use super::{Failure, config, print, scripts};
use crate::executor::Share;
use crate::exit;
use crate::harmless;
use crate::options::Overrides;
use crate::run::{BlueprintError, Looked, Request, look};
use crate::script::advice::KINDS;
use crate::script::{Diagnostic, ENVIRONMENT, ScriptError, Severity, Sources};
use crate::secrets::Secrets;
use crate::trial::{self, Suite};

/// Checks scripts; 0 if all are right, else the code of the first that is not. Warnings change no code.
pub fn run(arguments: CheckArguments) -> Result<u8, Failure> {
    check(arguments, |_| true)
}

/// Checks a script that was made just now: what is right and could be better is for whoever goes on writing it.
pub fn made(script: &Path) -> Result<u8, Failure> {
    let arguments = CheckArguments {
        scripts: vec![script.to_owned()],
        env: Vec::new(),
        config: None,
        format: Format::Text,
        quiet: true,
    };
    let mut missing = BTreeSet::new();
    let code = check(arguments, |found| {
        if found.code == ENVIRONMENT {
            missing.extend(found.message.split('`').nth(1).map(str::to_owned));
            return false;
        }
        !KINDS.contains(&found.code)
    })?;
    if !missing.is_empty() {
        let flags: Vec<String> = missing
            .iter()
            .map(|name| format!("--env {name}=…"))
            .collect();
        let line = format!("  a run needs {}", flags.join(" "));
        super::complain(&harmless::text(&line));
    }
    Ok(code)
}

fn check(
    arguments: CheckArguments,
    mut is_told: impl FnMut(&Diagnostic) -> bool,
) -> Result<u8, Failure> {
    let mut code = exit::PASS;
    let mut findings: Vec<Value> = Vec::new();
    // Several scripts may import the same module.
    let mut told = BTreeSet::new();
    for script in scripts::expand(&arguments.scripts)? {
        let mut looked = look_at(&script, &arguments)?;
        looked.found.retain(&mut is_told);
        let is_right = looked.is_right();
        looked
            .found
            .retain(|d| told.insert((d.source.clone(), d.line, d.column, d.message.clone())));
        findings.extend(looked.found.iter().map(finding));
        let (warnings, mistakes): (Vec<_>, Vec<_>) = std::mem::take(&mut looked.found)
            .into_iter()
            .partition(|d| is_right && d.severity == Severity::Warning);
        if arguments.format == Format::Text {
            super::warn(&warnings);
        }
        if is_right {
            if arguments.format == Format::Text && !arguments.quiet {
                let plan = if looked.is_module {
                    "a module".to_owned()
                } else {
                    looked.plan.join("; ")
                };
                let line = format!("{}: ok ({plan})\n", script.display());
                print(&harmless::text(&line))?;
            }
            continue;
        }
        let has_more = !mistakes.is_empty();
        let error = looked.error.unwrap_or_else(|| ScriptError(mistakes).into());
        if !matches!(error, BlueprintError::Script(_)) {
            findings.push(whole(&script.display().to_string(), &error));
        }
        let is_shown = has_more || !matches!(error, BlueprintError::Script(_));
        let failure = Failure::from(error);
        if arguments.format == Format::Text && is_shown {
            super::complain_drawn(failure.message.trim_end());
        }
        if code == exit::PASS {
            code = failure.code;
        }
    }
    if arguments.format == Format::Json {
        print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&findings).unwrap_or_default()
        ))?;
    }
    Ok(code)
}

fn look_at(script: &Path, arguments: &CheckArguments) -> Result<Looked, Failure> {
    if trial::is_test_file(script) {
        let env = config::environment(&arguments.env);
        return Ok(look_at_tests(Suite::draw_up(
            script,
            env,
            &Secrets::default(),
            config::defaults(arguments.config.as_ref())?,
        )));
    }
    let request = Request {
        script: script.to_owned(),
        env: config::environment(&arguments.env),
        secrets: Secrets::default(),
        defaults: config::defaults(arguments.config.as_ref())?,
        overrides: Overrides::default(),
        scale: 1.0,
        seed: 0,
        share: Share::whole(),
    };
    Ok(match Sources::read(script) {
        Ok(sources) => look(sources, request),
        Err(error) => Looked {
            error: Some(error.into()),
            ..Looked::default()
        },
    })
}

/// Tests need no scenario.
fn look_at_tests(drawn: Result<Suite, BlueprintError>) -> Looked {
    match drawn {
        Ok(suite) => Looked {
            found: suite.warnings,
            plan: vec![trial::report::counted(suite.tests.len())],
            ..Looked::default()
        },
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

/// Findings as editors and pipelines read them.
pub fn as_json(script: &str, error: &BlueprintError) -> Vec<Value> {
    match error {
        BlueprintError::Script(script) => script.0.iter().map(finding).collect(),
        other => vec![whole(script, other)],
    }
}

/// What is wrong with a file as a whole.
fn whole(script: &str, error: &BlueprintError) -> Value {
    let text = error.to_string();
    let (message, help) = match text.split_once("\nhelp: ") {
        Some((message, help)) => (message, Some(help)),
        None => (text.as_str(), None),
    };
    json!({
        "file": script,
        "line": 0,
        "column": 0,
        "end_line": 0,
        "end_column": 0,
        "severity": Severity::Error.label(),
        "code": "file",
        "message": message,
        "help": help,
    })
}

/// A finding as editors and pipelines read it; lines and columns count from 1, in characters, and the end is behind the last one.
fn finding(found: &Diagnostic) -> Value {
    json!({
        "file": found.source,
        "line": found.line,
        "column": found.column,
        "end_line": found.line,
        "end_column": found.end_column(),
        "severity": found.severity.label(),
        "code": found.code,
        "message": found.message,
        "help": found.help,
    })
}
