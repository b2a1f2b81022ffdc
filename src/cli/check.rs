//! `rhaid check`: looks for mistakes, sends nothing.

use std::path::Path;

use serde_json::{Value, json};

use super::args::{CheckArguments, Format};
use super::{Failure, config, print};
use crate::executor::Share;
use crate::exit;
use crate::options::Overrides;
use crate::run::{Blueprint, BlueprintError, Request};
use crate::script::Diagnostic;
use crate::secrets::Secrets;
use crate::trial::{self, Suite};

/// Checks scripts; 0 if all are right, else the code of the first that is not. Warnings change no code.
pub fn run(arguments: CheckArguments) -> Result<u8, Failure> {
    let mut code = exit::PASS;
    let mut findings: Vec<Value> = Vec::new();
    for script in &arguments.scripts {
        if trial::is_test_file(script) {
            let env = config::environment(&arguments.env);
            let drawn = Suite::draw_up(script, env, &Secrets::default());
            let told = drawn.map(|suite| {
                let tests = trial::report::counted(suite.tests.len());
                (suite.warnings, tests)
            });
            tell(script, told, &arguments, &mut findings, &mut code)?;
            continue;
        }
        let request = Request {
            script: script.clone(),
            env: config::environment(&arguments.env),
            secrets: Secrets::default(),
            defaults: config::defaults(arguments.config.as_ref())?,
            overrides: Overrides::default(),
            scale: 1.0,
            seed: 0,
            share: Share::whole(),
        };
        let told = Blueprint::draw_up(request).map(|blueprint| {
            let scenarios: Vec<String> = blueprint
                .options
                .scenarios
                .iter()
                .map(|s| format!("{}: {}", s.name, s.executor.describe()))
                .collect();
            (blueprint.warnings, scenarios.join("; "))
        });
        tell(script, told, &arguments, &mut findings, &mut code)?;
    }
    if arguments.format == Format::Json {
        print(&format!(
            "{}\n",
            serde_json::to_string_pretty(&findings).unwrap_or_default()
        ))?;
    }
    Ok(code)
}

/// Says what came of one script: its warnings and what it is, or what is wrong with it.
fn tell(
    script: &Path,
    told: Result<(Vec<Diagnostic>, String), BlueprintError>,
    arguments: &CheckArguments,
    findings: &mut Vec<Value>,
    code: &mut u8,
) -> Result<(), Failure> {
    let text = arguments.format == Format::Text;
    match told {
        Ok((warnings, what)) => {
            findings.extend(warnings.iter().map(finding));
            if text {
                super::warn(&warnings);
            }
            if text && !arguments.quiet {
                print(&format!("{}: ok ({what})\n", script.display()))?;
            }
        }
        Err(error) => {
            findings.extend(as_json(&script.display().to_string(), &error));
            let failure = Failure::from(error);
            if text {
                super::complain(failure.message.trim_end());
            }
            if *code == exit::PASS {
                *code = failure.code;
            }
        }
    }
    Ok(())
}

/// Findings as editors and pipelines read them; lines and columns count from 1.
pub fn as_json(script: &str, error: &BlueprintError) -> Vec<Value> {
    match error {
        BlueprintError::Script(script) => script.0.iter().map(finding).collect(),
        other => vec![
            json!({ "file": script, "line": 0, "column": 0, "severity": "error", "message": other.to_string(), "help": null }),
        ],
    }
}

fn finding(found: &Diagnostic) -> Value {
    json!({
        "file": found.source,
        "line": found.line,
        "column": found.column,
        "severity": found.severity.label(),
        "message": found.message,
        "help": found.help,
    })
}
