//! `rhaid check`: looks for mistakes, sends nothing.

use serde_json::{Value, json};

use super::args::{CheckArguments, Format};
use super::{Failure, config, print};
use crate::executor::Share;
use crate::exit;
use crate::options::Overrides;
use crate::run::{Blueprint, BlueprintError, Request};
use crate::script::Diagnostic;
use crate::secrets::Secrets;

/// Checks scripts; 0 if all are right, else the code of the first that is not. Warnings change no code.
pub fn run(arguments: CheckArguments) -> Result<u8, Failure> {
    let mut code = exit::PASS;
    let mut findings: Vec<Value> = Vec::new();
    for script in &arguments.scripts {
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
        match Blueprint::draw_up(request) {
            Ok(blueprint) => {
                findings.extend(blueprint.warnings.iter().map(finding));
                if arguments.format == Format::Text {
                    super::warn(&blueprint.warnings);
                }
                if arguments.format == Format::Text && !arguments.quiet {
                    let scenarios: Vec<String> = blueprint
                        .options
                        .scenarios
                        .iter()
                        .map(|s| format!("{}: {}", s.name, s.executor.describe()))
                        .collect();
                    print(&format!(
                        "{}: ok ({})\n",
                        script.display(),
                        scenarios.join("; ")
                    ))?;
                }
            }
            Err(error) => {
                findings.extend(as_json(&script.display().to_string(), &error));
                let failure = Failure::from(error);
                if arguments.format == Format::Text {
                    super::complain(failure.message.trim_end());
                }
                if code == exit::PASS {
                    code = failure.code;
                }
            }
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

/// Findings as editors and pipelines read them; lines and columns count from 1.
fn as_json(script: &str, error: &BlueprintError) -> Vec<Value> {
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
