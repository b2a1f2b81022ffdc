//! `rhaid convert`: makes a script of what others recorded or described.

use std::fs::File;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use super::convert_args::ConvertArguments;
use super::outputs::Files;
use super::{Failure, check, complain, print};
use crate::convert::{self, Importer, Input, Journey, Setting, Settings, emit, guess};
use crate::exit;
use crate::harmless;
use crate::project::Project;
use crate::suggest::nearest;

/// What messages call a command that stands on the command line.
const COMMAND: &str = "the command";

/// In bytes. To check a larger script takes minutes; it was a bundle and will hardly be right.
const LARGEST_CHECKED: usize = 512 << 10;

/// Converts, writes the script, checks it and says what was made of what.
pub fn run(arguments: ConvertArguments) -> Result<u8, Failure> {
    let named = match arguments.input.as_slice() {
        [format, _, ..] => convert::importer(format),
        _ => None,
    };
    let (importer, input) = match named {
        Some(importer) => {
            let given = arguments.input.get(1..).unwrap_or_default();
            (importer, input(importer.takes_words(), given)?)
        }
        None => guessed(&arguments.input)?,
    };
    let settings = settings(importer, &arguments)?;
    if let Some(out) = &arguments.out {
        may_write(out, arguments.force)?;
        let mut files = Files::default();
        for given in &arguments.input {
            files.reads("what is converted", Path::new(given));
        }
        if let Some(environment) = &arguments.environment {
            files.reads("the file of `--environment`", environment);
        }
        files.replaces("`--out`", out);
        files.check()?;
    }
    let journey = importer
        .import(input, &settings)
        .map_err(|error| Failure::new(exit::SCRIPT, format!("error: {error}")))?;
    deliver(&journey, arguments.out.as_deref(), arguments.force)
}

/// What is converted where nobody says what it is; says what it was taken for.
fn guessed(given: &[String]) -> Result<(&'static dyn Importer, Input<'static>), Failure> {
    let known: Vec<&str> = convert::IMPORTERS.iter().map(|i| i.name()).collect();
    if let [first, ..] = given
        && first != "-"
        && !is_command(first)
        && !Path::new(first).exists()
        && (given.len() > 1 || known.contains(&first.as_str()))
    {
        let help = match (
            known.contains(&first.as_str()),
            nearest(first, known.iter().copied()),
        ) {
            (true, _) => format!("name a file: rhaid convert {first} FILE"),
            (false, Some(near)) => format!("did you mean `{near}`?"),
            (false, None) => format!("there are {}", known.join(", ")),
        };
        let message = format!("error: `{first}` is neither a format nor a file\nhelp: {help}");
        return Err(Failure::new(exit::USAGE, message));
    }
    let mut input = input(true, given)?;
    let name = input.name.clone();
    let head = match given {
        [first, ..] if is_command(first) => b"curl ".to_vec(),
        _ => input.peek(guess::LOOKED_AT).map_err(|error| {
            Failure::new(
                exit::SCRIPT,
                format!("error: cannot read `{name}`: {error}"),
            )
        })?,
    };
    let path = input.path.clone();
    let whole = || -> Option<Box<dyn io::Read>> { Some(Box::new(File::open(path?).ok()?)) };
    let kinds = guess::kinds(&name, &head, whole);
    if let [importer] = kinds.as_slice() {
        complain(&match name.as_str() {
            COMMAND => format!("{COMMAND} is taken for one of {}", importer.name()),
            name => format!(
                "{name}: taken for {}, {}",
                importer.name(),
                importer.reads()
            ),
        });
        return Ok((*importer, input));
    }
    let may_be: Vec<&str> = match kinds.as_slice() {
        [] => known,
        several => several.iter().map(|importer| importer.name()).collect(),
    };
    let why = if kinds.is_empty() {
        "its content does not tell what it is"
    } else {
        "it could be more than one thing"
    };
    let message = format!(
        "error: {name}: {why}\nhelp: say it: rhaid convert {} {}",
        may_be.join("|"),
        given.first().map_or("FILE", String::as_str)
    );
    Err(Failure::new(exit::USAGE, message))
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
    // What is told of a recording is a line each.
    let complain = |line: &str| complain(&harmless::line(line));
    for variable in &journey.variables {
        let value = match variable.default.as_deref() {
            None => "must be set".to_owned(),
            Some("") => "empty".to_owned(),
            Some(_) if variable.secret => "empty".to_owned(),
            Some(default) => format!("\"{default}\""),
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
fn input(may_be_words: bool, given: &[String]) -> Result<Input<'static>, Failure> {
    let [first, rest @ ..] = given else {
        return Err(Failure::new(exit::USAGE, "error: name a file, or `-`"));
    };
    if first == "-" && rest.is_empty() {
        return Ok(Input::reading("standard input", io::stdin()));
    }
    if may_be_words && is_command(first) {
        let words = match rest {
            [] => first.clone(),
            _ => crate::convert::shell_join(given),
        };
        return Ok(Input::reading(COMMAND, Cursor::new(words.into_bytes())));
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

/// Whether it is a command and no file. Those of wget are told that they are none of curl.
fn is_command(first: &str) -> bool {
    matches!(first.split_whitespace().next(), Some("curl" | "wget")) && !Path::new(first).is_file()
}
