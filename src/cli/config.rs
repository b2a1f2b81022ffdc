//! What commands that read scripts have in common: the environment, the file of defaults, the request for a blueprint.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Failure;
use super::command_args::ScriptArguments;
use crate::executor::Share;
use crate::exit;
use crate::options::Overrides;
use crate::project;
use crate::run::{Defaults, Request};
use crate::secrets::Secrets;

const DEFAULT_FILE: &str = "rhaid.toml";

/// Of the file of defaults, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// What `env()` gives: the process environment under the command line's `--env`.
pub fn environment(own: &[(String, String)]) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    all.extend(own.iter().cloned());
    all
}

/// Where the file of defaults is, or would be.
pub fn defaults_path(asked: Option<&PathBuf>) -> PathBuf {
    asked.map_or_else(|| PathBuf::from(DEFAULT_FILE), PathBuf::clone)
}

/// The file of defaults: the one asked for, or `rhaid.toml` if it is there.
pub fn defaults(asked: Option<&PathBuf>) -> Result<Defaults, Failure> {
    let path = defaults_path(asked);
    let read = std::fs::File::open(&path)
        .and_then(|file| project::read_stream(file, MAX_SIZE))
        .and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
    let text = match read {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return match asked {
                None => Ok(Defaults::default()),
                Some(_) => Err(Failure::new(
                    exit::NO_INPUT,
                    format!(
                        "error: cannot find the configuration file `{}`",
                        path.display()
                    ),
                )),
            };
        }
        Err(error) => {
            return Err(Failure::new(
                exit::CONFIG,
                format!("error: cannot read `{}`: {error}", path.display()),
            ));
        }
    };
    let options = toml::from_str(&text).map_err(|error| {
        Failure::new(
            exit::CONFIG,
            format!("error: `{}` is not valid TOML\n{error}", path.display()),
        )
    })?;
    Ok(Defaults {
        file: path.display().to_string(),
        options,
    })
}

/// The seed of a run that names none.
fn fresh_seed() -> u64 {
    // Kept below 2^53, so that every JSON reader sees the number that was used.
    use std::hash::{BuildHasher, Hasher};
    // The standard library's hasher keys come from the system's entropy.
    std::hash::RandomState::new().build_hasher().finish() >> 11
}

/// What a run is made of, by the command line.
pub fn request(arguments: &ScriptArguments) -> Result<Request, Failure> {
    let share = match &arguments.execution_segment {
        None => Share::whole(),
        Some(segment) => Share::of(segment, arguments.execution_segment_sequence.as_ref())
            .map_err(|error| Failure::new(exit::USAGE, format!("error: {error}")))?,
    };
    Ok(Request {
        script: arguments.script.clone(),
        env: environment(&arguments.env),
        secrets: Secrets::default(),
        defaults: defaults(arguments.config.as_ref())?,
        overrides: Overrides {
            vus: arguments.vus,
            duration: arguments.duration.clone(),
            iterations: arguments.iterations,
            rate: arguments.rate.clone(),
            stages: arguments.stages.clone(),
            scenarios: arguments.scenarios.clone(),
            seed: arguments.seed,
            arrival: None,
            slos: super::slos::wanted(&arguments.slos)?,
            hooks_listen: arguments.hooks_listen.clone(),
            hooks_url: arguments.hooks_url.clone(),
            trace_sample: arguments.trace_sample.clone(),
            trace_propagation: arguments.trace_propagation.clone(),
            trace_url: arguments.trace_url.clone(),
        },
        scale: arguments.scale,
        seed: fresh_seed(),
        share,
    })
}
