//! `rhaid convert`: makes a script of what others recorded or described.

use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use super::convert_args::ConvertArguments;
use super::{Failure, check, complain, print};
use crate::convert::{self, Importer, Input, Journey, Setting, Settings, emit};
use crate::exit;
use crate::project::Project;

/// In bytes. To check a larger script takes minutes; it was a bundle and will hardly be right.
const LARGEST_CHECKED: usize = 512 << 10;

/// Converts, writes the script, checks it and says what was made of what.
pub fn run(arguments: ConvertArguments) -> Result<u8, Failure> {
    let Some(importer) = convert::importer(&arguments.format) else {
        let known: Vec<&str> = convert::IMPORTERS.iter().map(|i| i.name()).collect();
        let message = format!(
            "error: `{}` cannot be converted; there are {}",
            arguments.format,
            known.join(", ")
        );
        return Err(Failure::new(exit::USAGE, message));
    };
    let settings = settings(importer, &arguments)?;
    if let Some(out) = &arguments.out {
        may_write(out, arguments.force)?;
    }
    let input = input(importer, &arguments.input)?;
    let journey = importer
        .import(input, &settings)
        .map_err(|error| Failure::new(exit::SCRIPT, format!("error: {error}")))?;
    deliver(&journey, arguments.out.as_deref(), arguments.force)
}

/// Writes the script of a journey to a file, or to standard output; says what was made, left out and what looks wrong.
pub fn deliver(journey: &Journey, out: Option<&Path>, force: bool) -> Result<u8, Failure> {
    let script = emit::script(journey);
    let Some(out) = out else {
        print(&script)?;
        for (path, _) in &journey.beside {
            let path = path.display();
            complain(&format!(
                "  left out: the module {path}; --out writes it beside the script"
            ));
        }
        tell(journey);
        return Ok(exit::PASS);
    };
    let folder = out.parent().unwrap_or(Path::new(""));
    let beside = || {
        journey
            .beside
            .iter()
            .map(|(path, text)| (folder.join(path), text))
    };
    let project = Project::of(folder);
    for (path, _) in &journey.beside {
        // A script that imports from far above would have files written there.
        project
            .find(folder, &path.to_string_lossy())
            .map_err(|outside| {
                let message = format!("error: the module {outside}");
                Failure::new(exit::CANNOT_WRITE, message)
            })?;
    }
    for (path, _) in beside() {
        may_write(&path, force)?;
    }
    write(out, &script, force)?;
    complain(&format!("wrote {}", out.display()));
    for (path, text) in beside() {
        write(&path, text, force)?;
        complain(&format!("wrote {}", path.display()));
    }
    tell(journey);
    if script.len() > LARGEST_CHECKED {
        complain(&format!(
            "  not checked, since it is large: rhaid check {}",
            out.display()
        ));
        return Ok(exit::PASS);
    }
    check::made(out)
}

fn tell(journey: &Journey) {
    // Names and texts of a recording are shown, and a terminal would obey them.
    let complain = |line: &str| complain(&emit::words::visible(line));
    for variable in &journey.variables {
        let value = match variable.default.as_str() {
            _ if variable.secret => "must be set".to_owned(),
            "" => "empty".to_owned(),
            default => format!("\"{default}\""),
        };
        let meaning = match variable.meaning.as_str() {
            "" => String::new(),
            meaning => format!(": {meaning}"),
        };
        complain(&format!("  --env {}=…  {value}{meaning}", variable.env));
    }
    journey
        .done
        .iter()
        .for_each(|line| complain(&format!("  {line}")));
    journey
        .left
        .iter()
        .for_each(|line| complain(&format!("  left out: {line}")));
}

/// Refuses to write over a file that is there.
pub fn may_write(out: &Path, force: bool) -> Result<(), Failure> {
    if !force && out.symlink_metadata().is_ok() {
        let message = format!(
            "error: `{}` is there already\nhelp: add --force to write over it",
            out.display()
        );
        return Err(Failure::new(exit::CANNOT_WRITE, message));
    }
    Ok(())
}

fn write(out: &Path, script: &str, force: bool) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    // A file that came to be in the meantime is not written over either.
    let options = if force {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let folder = out.parent().unwrap_or(Path::new(""));
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| options.open(out))
        .and_then(|mut file| io::Write::write_all(&mut file, script.as_bytes()));
    written.map_err(|error| {
        let message = format!("error: cannot write `{}`: {error}", out.display());
        Failure::new(exit::CANNOT_WRITE, message)
    })
}

fn settings(importer: &dyn Importer, arguments: &ConvertArguments) -> Result<Settings, Failure> {
    let defaults = Settings::default();
    let given = [
        (Setting::Domains, "--domain", !arguments.domains.is_empty()),
        (Setting::Assets, "--assets", arguments.assets.is_some()),
        (Setting::Think, "--think", arguments.think.is_some()),
        (
            Setting::Environment,
            "--environment",
            arguments.environment.is_some(),
        ),
    ];
    for (setting, flag, is_given) in given {
        if is_given && !importer.takes().contains(&setting) {
            let message = format!("error: `{flag}` means nothing to `{}`", importer.name());
            return Err(Failure::new(exit::USAGE, message));
        }
    }
    if let Some(path) = arguments.environment.as_ref().filter(|path| !path.exists()) {
        let message = format!(
            "error: cannot read the environment `{}`: there is no such file",
            path.display()
        );
        return Err(Failure::new(exit::NO_INPUT, message));
    }
    Ok(Settings {
        domains: arguments.domains.clone(),
        assets: arguments.assets.map_or(defaults.assets, Into::into),
        think: arguments.think.unwrap_or(defaults.think),
        environment: arguments.environment.clone(),
    })
}

/// What is converted: a file, standard input, or the words of a command.
fn input(importer: &dyn Importer, given: &[String]) -> Result<Input<'static>, Failure> {
    let [first, rest @ ..] = given else {
        return Err(Failure::new(exit::USAGE, "error: name a file, or `-`"));
    };
    if first == "-" && rest.is_empty() {
        return Ok(Input::reading("standard input", io::stdin()));
    }
    if importer.takes_words() && is_command(first) {
        let words = match rest {
            [] => first.clone(),
            _ => crate::convert::shell_join(given),
        };
        return Ok(Input::reading("arguments", Cursor::new(words.into_bytes())));
    }
    if !rest.is_empty() {
        let message = format!("error: one file at a time; `{first}` is followed by more");
        return Err(Failure::new(exit::USAGE, message));
    }
    let path = PathBuf::from(first);
    Input::open(&path).map_err(|error| {
        let code = match error.kind() {
            io::ErrorKind::NotFound => exit::NO_INPUT,
            _ => exit::SCRIPT,
        };
        Failure::new(code, format!("error: cannot read `{first}`: {error}"))
    })
}

fn is_command(first: &str) -> bool {
    first.split_whitespace().next() == Some("curl") && !Path::new(first).is_file()
}
