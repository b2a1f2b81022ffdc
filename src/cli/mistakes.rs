//! Mistakes on the command line, in clap's words and layout, with what was meant where that can be told.

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};

use crate::suggest::nearest;

/// What other load testers call a thing, and what to write here.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["--out", "-o", "--output", "--summary-export", "--export"],
        "the result goes into a file by '--result FILE', to standard output by '--format json'",
    ),
    (
        &["--tag", "--tags"],
        "tags of a whole run stand in the script: 'export const options = #{ tags: #{ key: \"value\" } };'",
    ),
    (&["--no-summary", "--silent"], "write '--quiet'"),
    (
        &["--verbose", "--http-debug", "--debug"],
        "log what you need in the script: 'log::info(r.body)'",
    ),
    (
        &["--no-thresholds", "--thresholds"],
        "objectives stand in the script, in 'slos'; the exit code follows from them",
    ),
    (
        &["--max", "--vus-max", "--max-vus"],
        "it is an option of a scenario: 'max_vus'",
    ),
    (
        &["--rps", "--rate-limit"],
        "it is an option of the script: 'rps'; to start iterations at a rate, write '--rate'",
    ),
    (
        &["--insecure-skip-tls-verify", "--insecure", "-k"],
        "it is an option of the script: 'tls: #{ insecure: true }'",
    ),
    (
        &["--user-agent"],
        "it is an option of the script: 'user_agent'",
    ),
    (
        &["--max-redirects"],
        "it is an option of the script: 'redirects'",
    ),
    (
        &["--discard-response-bodies"],
        "it is an option of the script: 'discard_bodies'",
    ),
    (
        &["--local-ips"],
        "it is an option of the script: 'local_ips'",
    ),
    (
        &["--include-system-env-vars"],
        "'env()' reads the environment by itself",
    ),
    (
        &["--connections", "--concurrency", "--users", "-c"],
        "virtual users are set by '--vus N'",
    ),
    (
        &["--requests", "-n"],
        "iterations are set by '--iterations N'",
    ),
    (&["--run-time", "--time", "-z"], "write '--duration'"),
    (&["--threads", "-t"], "threads are set by '--workers N'"),
    (
        &["--host", "--url", "--target"],
        "write '--env BASE_URL=…', which scripts read by 'env(\"BASE_URL\")'",
    ),
];

/// The error with better advice than clap can give. `given`: the whole command line.
pub fn advise(mut error: clap::Error, given: &[OsString], command: &Command) -> clap::Error {
    let given: Vec<&str> = given
        .iter()
        .filter_map(|argument| argument.to_str())
        .collect();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            let tip = text(&error, ContextKind::InvalidArg)
                .and_then(|flag| unknown_flag(&flag, &given, command));
            replace_tips(&mut error, tip);
        }
        ErrorKind::InvalidSubcommand => {
            if let Some(name) = text(&error, ContextKind::InvalidSubcommand)
                && let Some(tip) = unknown_command(&name, &given, command)
            {
                replace_tips(&mut error, Some(tip));
            }
        }
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            if let Some(shown) = text(&error, ContextKind::InvalidArg)
                && let Some(variable) = from_environment(&shown, &given, command)
            {
                let place = format!("{variable} (in the environment)");
                error.insert(ContextKind::InvalidArg, ContextValue::String(place));
            }
        }
        _ => {}
    }
    error
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        _ => None,
    }
}

/// Clap's own tips are about values that begin with dashes, which nobody means.
fn replace_tips(error: &mut clap::Error, tip: Option<String>) {
    for kind in [
        ContextKind::SuggestedArg,
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedValue,
        ContextKind::Suggested,
    ] {
        let _ = error.remove(kind);
    }
    if let Some(tip) = tip {
        let tip = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
        error.insert(ContextKind::Suggested, tip);
    }
}

/// The command that the line names.
fn subcommand<'a>(given: &[&str], command: &'a Command) -> Option<&'a Command> {
    command.find_subcommand(given.get(1)?)
}

fn has_flag(command: &Command, flag: &str) -> bool {
    command
        .get_arguments()
        .any(|argument| is_flag(argument, flag))
}

fn is_flag(argument: &Arg, flag: &str) -> bool {
    match flag.strip_prefix("--") {
        Some(long) => argument.get_long() == Some(long),
        None => argument
            .get_short()
            .is_some_and(|short| flag == format!("-{short}")),
    }
}

fn unknown_flag(flag: &str, given: &[&str], command: &Command) -> Option<String> {
    let flag = flag.split('=').next().unwrap_or(flag);
    let here = subcommand(given, command)?;
    if !flag.starts_with('-') {
        let name = here.get_name();
        return Some(format!(
            "'rhaid {name}' takes no more than one; a name with spaces in it is quoted"
        ));
    }
    let takes_scripts = has_flag(here, "--env");
    let elsewhere = ELSEWHERE
        .iter()
        .find(|(names, _)| names.contains(&flag))
        .filter(|_| takes_scripts);
    if let Some((_, tip)) = elsewhere {
        return Some((*tip).to_owned());
    }
    let longs: Vec<&str> = here.get_arguments().filter_map(Arg::get_long).collect();
    if let Some(near) = flag
        .strip_prefix("--")
        .and_then(|wrong| nearest(wrong, longs))
    {
        return Some(format!("did you mean '--{near}'?"));
    }
    let owner = command
        .get_subcommands()
        .find(|other| has_flag(other, flag))?;
    Some(format!(
        "'{flag}' is a flag of 'rhaid {}'",
        owner.get_name()
    ))
}

fn unknown_command(name: &str, given: &[&str], command: &Command) -> Option<String> {
    let is_script = name.ends_with(".rhai") || std::path::Path::new(name).is_file();
    if is_script {
        let rest = given.get(1..).unwrap_or_default().join(" ");
        return Some(format!("to run a script, write 'rhaid run {rest}'"));
    }
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let near = names
        .iter()
        .find(|known| strsim::damerau_levenshtein(known, &name.to_lowercase()) <= 2);
    Some(match near {
        Some(near) => format!("did you mean 'rhaid {near}'?"),
        None => format!("the commands are {}", names.join(", ")),
    })
}

/// The variable that a wrong value came from, unless it was given as a flag.
fn from_environment(shown: &str, given: &[&str], command: &Command) -> Option<String> {
    let long = shown.strip_prefix("--")?.split([' ', '=']).next()?;
    let argument = subcommand(given, command)?
        .get_arguments()
        .find(|argument| argument.get_long() == Some(long))?;
    let variable = argument.get_env()?.to_str()?;
    std::env::var_os(variable)?;
    let short = argument.get_short().map(|short| format!("-{short}"));
    let is_given = given.iter().any(|text| {
        text.split('=').next() == Some(&format!("--{long}"))
            || short
                .as_ref()
                .is_some_and(|short| text.starts_with(short.as_str()))
    });
    (!is_given).then(|| variable.to_owned())
}
