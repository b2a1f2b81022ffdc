//! One script with its tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rhai::FnAccess;

use crate::http;
use crate::options::{OptionError, Options, found_from};
use crate::run::{BlueprintError, Defaults, mask_diagnostics};
use crate::script::{self, Diagnostic, Program, ScriptError, Severity, Sources};
use crate::secrets::Secrets;

/// Begins the name of a test.
pub const PREFIX: &str = "test_";
/// In a test's doc comment: the test is not run unless it is asked for. What follows on the line is the reason.
const IGNORE: &str = "@ignore";
/// Where scripts find the target.
pub const BASE_URL: &str = "BASE_URL";
/// Stands for the mock's address while a script is only looked at.
const NOWHERE: &str = "http://127.0.0.1:1";

/// One test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Test {
    pub function: String,
    /// `checkout_test::test_it_pays`
    pub name: String,
    /// Why it is not run unless it is asked for; perhaps an empty text.
    pub ignored: Option<String>,
    /// From 1; 0 if unknown.
    pub line: usize,
}

/// One script with its tests, which can be run.
pub struct Suite {
    pub path: PathBuf,
    pub sources: Sources,
    /// What `env()` gives, but for where the mock is.
    pub env: BTreeMap<String, String>,
    pub secrets: Secrets,
    pub http: Arc<http::Settings>,
    pub max_tag_sets: usize,
    /// In the order in which they stand in the script.
    pub tests: Vec<Test>,
    pub warnings: Vec<Diagnostic>,
}

impl Suite {
    /// Reads, compiles and checks a script. `defaults`: options for what the script leaves open. Sends nothing.
    ///
    /// # Errors
    /// Everything that is wrong with it, as far as it can be told without running it.
    pub fn draw_up(
        path: &Path,
        env: BTreeMap<String, String>,
        secrets: &Secrets,
        defaults: Defaults,
    ) -> Result<Self, BlueprintError> {
        let drawn = Self::checked(path, env, secrets, defaults).map(|mut suite| {
            mask_diagnostics(&mut suite.warnings, secrets);
            suite
        });
        drawn.map_err(|mut error| {
            if let BlueprintError::Script(script) = &mut error {
                mask_diagnostics(&mut script.0, secrets);
            }
            error
        })
    }

    fn checked(
        path: &Path,
        env: BTreeMap<String, String>,
        secrets: &Secrets,
        defaults: Defaults,
    ) -> Result<Self, BlueprintError> {
        let sources = Sources::read(path)?;
        let mut known = env.clone();
        known
            .entry(BASE_URL.to_owned())
            .or_insert_with(|| NOWHERE.to_owned());
        let program = Program::compile(&sources, &Arc::new(known), secrets)?;
        let scan = script::scan(program.engine(), &sources);
        let mut problems = scan.problems;
        let (tests, wrong) = tests(&program, &sources, path);
        problems.extend(wrong);
        let functions: Vec<&str> = tests.iter().map(|test| test.function.as_str()).collect();
        problems.extend(script::special_names(program.ast(), &sources, &functions));
        let of_tests = scan.of_context.into_iter();
        problems.extend(
            of_tests
                .filter(|found| functions.contains(&found.function.as_str()))
                .map(|found| found.problem),
        );
        let mut raw = program.options()?;
        let own: Vec<String> = raw.keys().cloned().collect();
        found_from(&sources.project.folder, &mut raw);
        defaults.fill(&mut raw);
        let options = Options::read(&raw, 1.0, 0);
        if let Err(errors) = &options {
            let is_own = |error: &OptionError| {
                let key = error.path.first();
                key.is_none_or(|key| own.contains(key))
            };
            let (of_script, of_file): (Vec<_>, Vec<_>) = errors.iter().cloned().partition(is_own);
            problems.extend(
                of_script.into_iter().map(|error| {
                    script::of_option(&error.path, error.message, error.help, &sources)
                }),
            );
            if !of_file.is_empty() && problems.is_empty() {
                return Err(BlueprintError::Config {
                    file: defaults.file,
                    errors: of_file,
                });
            }
        }
        script::in_reading_order(&mut problems, &sources);
        let is_warning = |problem: &Diagnostic| problem.severity == Severity::Warning;
        match options {
            Ok(options) if problems.iter().all(is_warning) => Ok(Self {
                path: path.to_owned(),
                sources,
                env,
                secrets: secrets.clone(),
                http: for_a_mock(options.http),
                max_tag_sets: options.max_tag_sets,
                tests,
                warnings: problems,
            }),
            _ => Err(ScriptError(problems).into()),
        }
    }
}

/// A script's settings, fit for a mock on loopback: it may be reached, directly, and as often as a test likes.
fn for_a_mock(mut settings: Arc<http::Settings>) -> Arc<http::Settings> {
    let own = Arc::make_mut(&mut settings);
    if !own.rules.allowed.is_empty() {
        own.rules.allowed.push("127.0.0.1".to_owned());
    }
    if matches!(own.proxy, http::ProxyChoice::Fixed(_)) {
        own.proxy = http::ProxyChoice::Direct;
    }
    own.rps = None;
    settings
}

/// The tests of a script, and what is wrong with some.
fn tests(program: &Program, sources: &Sources, path: &Path) -> (Vec<Test>, Vec<Diagnostic>) {
    let (mut tests, mut problems) = (Vec::new(), Vec::new());
    let prefix = label(path);
    for function in program.ast().iter_functions() {
        let name = function.name;
        if !name.starts_with(PREFIX) {
            continue;
        }
        let at = |message: &str| script::of_function(name, format!("`{name}` {message}"), sources);
        if function.access == FnAccess::Private {
            let help = "leave out `private`, or give it another name".to_owned();
            problems.push(at("is private, so it cannot be run as a test").with_help(Some(help)));
            continue;
        }
        if function.params.len() > 1 {
            let help = "a test takes no parameter or one, `ctx`".to_owned();
            problems.push(at("takes more than one parameter").with_help(Some(help)));
            continue;
        }
        let test = Test {
            function: name.to_owned(),
            name: format!("{prefix}::{name}"),
            ignored: ignored(function.comments.iter().map(ToString::to_string)),
            line: at("").line,
        };
        let known = tests
            .iter()
            .any(|known: &Test| known.function == test.function);
        if known {
            let help = "only the one with `ctx` would be run".to_owned();
            problems.push(at("is there twice").with_help(Some(help)));
        } else {
            tests.push(test);
        }
    }
    tests.sort_by_key(|test| test.line);
    (tests, problems)
}

fn ignored(mut comments: impl Iterator<Item = String>) -> Option<String> {
    comments.find_map(|comment| {
        comment.lines().find_map(|line| {
            let text = line.trim().trim_start_matches('/').trim();
            let reason = text.strip_prefix(IGNORE)?;
            (reason.is_empty() || reason.starts_with([' ', ':']))
                .then(|| reason.trim_start_matches([' ', ':']).to_owned())
        })
    })
}

/// A script's path as its tests' names begin.
fn label(path: &Path) -> String {
    let path = path.strip_prefix(".").unwrap_or(path);
    path.with_extension("").display().to_string()
}

#[cfg(test)]
mod tests_of_names {
    use super::*;

    #[test]
    fn a_tests_name_is_its_path_and_its_function() {
        assert_eq!(label(Path::new("./shop/pay_test.rhai")), "shop/pay_test");
        assert_eq!(label(Path::new("pay_test.rhai")), "pay_test");
    }

    #[test]
    fn a_mark_in_a_doc_comment_ignores_a_test_for_a_reason() {
        let of = |text: &str| ignored([text.to_owned()].into_iter());
        assert_eq!(
            of("/// It pays.\n/// @ignore until it does"),
            Some("until it does".to_owned())
        );
        assert_eq!(of("/// @ignore"), Some(String::new()));
        assert_eq!(of("/// @ignored things are none"), None);
        assert_eq!(of("/// write @ignore to ignore"), None);
    }
}
