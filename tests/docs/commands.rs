//! Command lines in the guide are ones that the program understands.

use std::collections::BTreeSet;

use crate::docs::pages;

/// The words of a shell command line, as far as the guide needs it: quotes, and an end at `|`, `>`, `;`, `&` or `#`.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (None, '|' | '>' | ';' | '&' | '#') => break,
            (None, ' ') => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            (None, c) => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// The arguments of every call of rhaid in a block of shell.
fn calls(text: &str) -> Vec<Vec<String>> {
    let joined = text.replace("\\\n", " ");
    joined
        .lines()
        .filter_map(|line| {
            let words = words(line.trim_start_matches("$ ").trim_start());
            let at = words.iter().position(|word| word == "rhaid")?;
            // Before it there may be variables and `sudo`, nothing else.
            let prefix = &words[..at];
            prefix
                .iter()
                .all(|word| word.contains('='))
                .then(|| words[at..].to_vec())
        })
        .collect()
}

#[test]
fn every_command_line_in_the_guide_is_understood() {
    let mut seen = 0;
    for page in pages::all() {
        for block in page.blocks() {
            if !["sh", "bash", "console", "yaml", "groovy"].contains(&block.language.as_str()) {
                continue;
            }
            for call in calls(&block.text) {
                seen += 1;
                let parsed = rhaid::cli::command().try_get_matches_from(&call);
                if let Err(error) = parsed
                    && error.use_stderr()
                {
                    panic!("{}: {}\n{error}", block.place(), call.join(" "));
                }
            }
        }
    }
    assert!(seen > 20, "only {seen} command lines were found");
}

#[test]
fn the_page_about_commands_names_every_command_and_flag() {
    let page = pages::read("docs/cli.md");
    // What is hidden is for rhaid alone.
    for command in rhaid::cli::command()
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        let name = command.get_name();
        assert!(page.contains(&format!("rhaid {name}")), "rhaid {name}");
        for argument in command.get_arguments() {
            if let Some(long) = argument.get_long() {
                assert!(page.contains(&format!("--{long}")), "rhaid {name} --{long}");
            }
            if let Some(variable) = argument.get_env() {
                let variable = variable.to_str().unwrap();
                assert!(page.contains(variable), "rhaid {name}: {variable}");
            }
        }
    }
}

#[test]
fn every_command_explains_itself_with_an_example() {
    for mut command in rhaid::cli::command()
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .cloned()
    {
        let name = command.get_name().to_owned();
        let help = command.render_long_help().to_string();
        assert!(help.contains(&format!("rhaid {name}")), "{help}");
        assert!(help.contains("Examples:"), "{help}");
        for argument in command.get_arguments() {
            assert!(
                argument.get_help().is_some(),
                "{name}: {}",
                argument.get_id()
            );
        }
    }
}

#[test]
fn make_help_names_every_target() {
    let makefile = pages::read("Makefile");
    let help: String = makefile
        .lines()
        .filter(|line| line.contains("@echo"))
        .collect();
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', ' ', '#', '.']))
        .filter_map(|line| {
            line.split_once(':')
                .filter(|(_, rest)| !rest.starts_with('='))
        })
        .flat_map(|(names, _)| names.split_whitespace())
        .collect();
    assert!(targets.contains("test"), "{targets:?}");
    for target in targets
        .into_iter()
        .filter(|target| *target != "help" && !target.contains('%'))
    {
        // `perf-load` is named as `load` beside `perf-smoke`.
        let short = target.strip_prefix("perf-").unwrap_or(target);
        assert!(help.contains(short), "`make help` does not name {target}");
    }
}
