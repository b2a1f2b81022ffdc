//! A script compiled for one worker, and the fast way to call its functions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rhai::{
    AST, Caches, Dynamic, Engine, EvalAltResult, EvalContext, FnAccess, GlobalRuntimeState, Module,
    OptimizationLevel, Scope, Shared,
};
use serde_json::{Map, Value};

use super::convert::{self, NotJson};
use super::diagnostic::{self, Diagnostic, Severity};
use super::engine::{self, TopLevelClock};
use super::scan::{kept, scan};
use super::sources::Sources;
use crate::secrets::Secrets;

/// A script that cannot be used: what is wrong with it, for people.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", .0.iter().map(|d| d.render(false)).collect::<Vec<_>>().join("\n"))]
pub struct ScriptError(pub Vec<Diagnostic>);

/// The code of a mistake that is none of the script: a data file that it names is not there.
const MISSING_FILE: &str = "missing-file";

impl ScriptError {
    /// Whether nothing is wrong but that files are missing.
    pub fn is_of_missing_files(&self) -> bool {
        let mut errors = self.0.iter().filter(|d| d.severity == Severity::Error);
        !self.0.is_empty() && errors.all(|error| error.code == MISSING_FILE)
    }
}

impl From<Diagnostic> for ScriptError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

/// An error of the top level; or what a look at the text tells, if that finds it too: with more about it, and with all others.
fn explained(thrown: Diagnostic, mut found: Vec<Diagnostic>, sources: &Sources) -> ScriptError {
    let is_error = |d: &Diagnostic| d.severity == Severity::Error;
    let at = |d: &Diagnostic| (d.source.clone(), d.line, d.column);
    let is_known = |d: &Diagnostic| is_error(d) && at(d) == at(&thrown);
    if let Some(known) = found.iter_mut().find(|d| is_known(d)) {
        known.notes = thrown.notes;
    } else if thrown.code == MISSING_FILE && found.iter().any(is_error) {
        // Whether the script itself is right does not depend on the file.
        found.push(thrown);
    } else {
        return thrown.into();
    }
    diagnostic::in_reading_order(&mut found, sources);
    ScriptError(found)
}

/// What one call in progress needs. Kept from call to call: a new one would have to resolve every function again.
struct CallState {
    global: GlobalRuntimeState,
    caches: Caches,
    scope: Scope<'static>,
}

/// A script, compiled, with its top level evaluated.
pub struct Program {
    engine: Engine,
    ast: AST,
    module: Shared<Module>,
    sources: Sources,
    #[expect(
        clippy::vec_box,
        reason = "taken and put back on every call: a pointer moves, not the state"
    )]
    idle: RefCell<Vec<Box<CallState>>>,
    _clock: Rc<TopLevelClock>,
}

impl Program {
    /// Compiles a script and evaluates its top level.
    ///
    /// # Errors
    /// Syntax errors, and whatever the top level throws.
    pub fn compile(
        sources: &Sources,
        env: &Arc<BTreeMap<String, String>>,
        secrets: &Secrets,
    ) -> Result<Self, ScriptError> {
        let (engine, clock) = engine::build(sources, env, secrets);
        let text = sources.main_text();
        let ast = engine
            .compile(&*text)
            .map_err(|error| diagnostic::of_parse_error(&error, &sources.main, &text))?;
        Self::evaluate(engine, clock, ast, sources)
    }

    /// Compiles as [`compile`](Self::compile) does, and keeps the tree as it is before it is optimised, for whoever looks through it
    /// next.
    ///
    /// # Errors
    /// Syntax errors, and whatever the top level throws.
    pub fn compile_to_look_at(
        sources: &Sources,
        env: &Arc<BTreeMap<String, String>>,
        secrets: &Secrets,
    ) -> Result<Self, ScriptError> {
        let (mut engine, clock) = engine::build(sources, env, secrets);
        let text = sources.main_text();
        let level = engine.optimization_level();
        engine.set_optimization_level(OptimizationLevel::None);
        let tree = match kept::tree(&sources.main, &text) {
            Some(tree) => tree,
            None => {
                let tree = engine
                    .compile(&*text)
                    .map_err(|error| diagnostic::of_parse_error(&error, &sources.main, &text))?;
                let tree = Rc::new(tree);
                kept::keep(&sources.main, text, tree.clone());
                tree
            }
        };
        engine.set_optimization_level(level);
        let ast = engine.optimize_ast(&Scope::new(), AST::clone(&tree), level);
        Self::evaluate(engine, clock, ast, sources)
    }

    fn evaluate(
        engine: Engine,
        clock: Rc<TopLevelClock>,
        mut ast: AST,
        sources: &Sources,
    ) -> Result<Self, ScriptError> {
        ast.set_source(sources.main.as_str());
        let evaluated = {
            let _bounded = clock.start();
            Module::eval_ast_as_new(Scope::new(), &ast, &engine)
        };
        let module = evaluated
            .map_err(|error| {
                let mut thrown = diagnostic::of_runtime_error(&error, sources, &engine, Some(&ast));
                if sources.data.has_missed(&thrown.message) {
                    thrown.code = MISSING_FILE;
                }
                explained(thrown, scan(&engine, sources).problems, sources)
            })?
            .into();
        Ok(Self {
            engine,
            ast,
            module,
            sources: sources.clone(),
            idle: RefCell::default(),
            _clock: clock,
        })
    }

    /// The engine, for diagnostics and references.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The syntax tree.
    pub fn ast(&self) -> &AST {
        &self.ast
    }

    /// The texts it was made of.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The script's `options` as JSON; empty if it exports none.
    ///
    /// # Errors
    /// When they are not a map, hold something that is not data, or are not exported.
    pub fn options(&self) -> Result<Map<String, Value>, ScriptError> {
        let Some(options) = self.module.get_var("options") else {
            if let Some(diagnostic) = diagnostic::options_not_exported(&self.ast, &self.sources) {
                return Err(diagnostic.into());
            }
            return Ok(Map::new());
        };
        let wrong = |message: String, path: Vec<String>, help: &str| {
            let help = Some(help.to_owned());
            ScriptError::from(diagnostic::of_option(&path, message, help, &self.sources))
        };
        match convert::to_json(&options) {
            Ok(Value::Object(map)) => Ok(map),
            Ok(other) => Err(wrong(
                format!("`options` must be a map, not {other}"),
                Vec::new(),
                "write `export const options = #{ … };`",
            )),
            Err(NotJson { what, path }) => {
                let keys = path
                    .split(['.', '['])
                    .map(|part| part.trim_end_matches(']').to_owned())
                    .collect();
                let help = if what.contains("function") {
                    "functions are named by a string, as in `exec: \"name\"`"
                } else {
                    "options hold texts, finite numbers, true and false, lists and maps"
                };
                Err(wrong(format!("an option cannot be {what}"), keys, help))
            }
        }
    }

    /// The numbers of parameters with which the script defines a function, ascending; empty if it does not.
    pub fn arities(&self, function: &str) -> Vec<usize> {
        let mut arities: Vec<usize> = self
            .ast
            .iter_functions()
            .filter(|f| f.name == function && f.access == FnAccess::Public)
            .map(|f| f.params.len())
            .collect();
        arities.sort_unstable();
        arities
    }

    /// Names of the script's public functions.
    pub fn functions(&self) -> Vec<String> {
        self.ast
            .iter_functions()
            // Closures have names that nobody gave them.
            .filter(|f| f.access == FnAccess::Public && !f.name.starts_with("anon$"))
            .map(|f| f.name.to_owned())
            .collect()
    }

    /// Calls a function of the script.
    ///
    /// # Errors
    /// Whatever the function throws.
    pub fn call(
        &self,
        function: &str,
        arguments: &mut [Dynamic],
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let kept = self.idle.borrow_mut().pop();
        let mut state = kept.unwrap_or_else(|| self.new_state());
        let CallState {
            global,
            caches,
            scope,
        } = &mut *state;
        let result = {
            let mut context = EvalContext::new(&self.engine, global, caches, scope, None);
            let mut references: rhai::StaticVec<&mut Dynamic> = arguments.iter_mut().collect();
            context.call_fn_raw(function, false, false, &mut references)
        };
        match result {
            Ok(value) => {
                self.idle.borrow_mut().push(state);
                Ok(value)
            }
            // An error may leave the state in the middle of something; a new one is cheap.
            Err(error) => match *error {
                EvalAltResult::Exit(value, _) => Ok(value),
                other => Err(Box::new(other)),
            },
        }
    }

    fn new_state(&self) -> Box<CallState> {
        let mut global = self.engine.new_global_runtime_state();
        global.lib.push(self.module.clone());
        global.source = Some(self.sources.main.as_str().into());
        Box::new(CallState {
            global,
            caches: Caches::new(),
            scope: Scope::new(),
        })
    }
}
