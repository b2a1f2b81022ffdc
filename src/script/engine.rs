//! The Rhai engine of one worker: limits, modules, and how a running script lets others run.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rhai::{
    Dynamic, Engine, EvalAltResult, Module, ModuleResolver, OptimizationLevel, Position, Scope,
    Shared,
};

use super::api;
use super::sources::{SourceError, Sources};
use super::words;
use crate::secrets::Secrets;
use crate::vu;

/// Bounds on what a script may do, so that a mistake ends in a message and not in a full memory or stack.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub call_levels: usize,
    pub expression_depth: usize,
    /// In bytes.
    pub string: usize,
    pub array: usize,
    pub map: usize,
    pub modules: usize,
    /// For the script's top level, which cannot wait and so cannot be interrupted otherwise.
    pub top_level: Duration,
}

/// The bounds in force. A virtual user's stack must hold `call_levels` times `expression_depth`.
pub const LIMITS: Limits = Limits {
    call_levels: 64,
    expression_depth: 48,
    string: 256 << 20,
    array: 10_000_000,
    map: 10_000_000,
    modules: 200,
    top_level: Duration::from_secs(10),
};

/// Operations between two looks at the clock. One operation can be a costly call, so they alone say little about time.
const OPERATIONS_PER_LOOK: u64 = 128;

/// How long a script may go on before the other virtual users of its thread have their turn.
pub const TURN: Duration = Duration::from_millis(1);

/// Why Rhai's own termination was asked for; the token inside `ErrorTerminated`.
#[derive(Debug, Clone)]
pub enum Stop {
    Interrupted(vu::Interrupt),
    Abort(String),
    TopLevelTooLong,
}

/// Shared by an engine and whoever evaluates a top level with it.
#[derive(Default)]
pub struct TopLevelClock(Cell<Option<Instant>>);

impl TopLevelClock {
    /// Bounds everything evaluated until the guard is dropped.
    pub fn start(self: &Rc<Self>) -> impl Drop + use<> {
        struct Guard(Rc<TopLevelClock>);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.0.set(None);
            }
        }
        self.0.set(Some(Instant::now() + LIMITS.top_level));
        Guard(self.clone())
    }

    /// Does not count what is bounded by itself, such as the reading of a file.
    pub fn excuse(&self, time: Duration) {
        self.0.set(self.0.get().map(|deadline| deadline + time));
    }
}

/// An engine with everything that scripts see.
pub fn build(
    sources: &Sources,
    env: &Arc<BTreeMap<String, String>>,
    secrets: &Secrets,
) -> (Engine, Rc<TopLevelClock>) {
    let mut engine = Engine::new();
    words::free(&mut engine);
    engine.set_max_call_levels(LIMITS.call_levels);
    engine.set_max_expr_depths(LIMITS.expression_depth, LIMITS.expression_depth);
    engine.set_max_modules(LIMITS.modules);
    engine.set_max_string_size(LIMITS.string);
    engine.set_max_array_size(LIMITS.array);
    engine.set_max_map_size(LIMITS.map);
    engine.set_optimization_level(OptimizationLevel::Simple);
    engine.set_module_resolver(Resolver {
        sources: sources.clone(),
        loaded: RefCell::default(),
        loading: RefCell::default(),
    });
    let clock = Rc::<TopLevelClock>::default();
    let progress = clock.clone();
    engine.on_progress(move |operations| {
        if operations & (OPERATIONS_PER_LOOK - 1) == 0 {
            look(&progress)
        } else {
            None
        }
    });
    api::register(&mut engine, env, secrets);
    api::data::read_from(sources, &clock);
    (engine, clock)
}

/// An engine that is only asked what there is; nothing is run by it.
pub fn bare(sources: &Sources, env: &Arc<BTreeMap<String, String>>, secrets: &Secrets) -> Engine {
    build(sources, env, secrets).0
}

/// Called now and then by a running script: lets the other virtual users of the thread run when it has run for long,
/// and ends the script if it is to end. Apart from its caller, which every operation passes through.
#[cold]
#[inline(never)]
fn look(top_level: &TopLevelClock) -> Option<Dynamic> {
    if let Some(deadline) = top_level.0.get() {
        return (Instant::now() >= deadline).then(|| Dynamic::from(Stop::TopLevelTooLong));
    }
    if !vu::turn_is_over(TURN) {
        return None;
    }
    match vu::wait(tokio::task::yield_now()) {
        Err(vu::WaitError::Interrupted(why)) => Some(Dynamic::from(Stop::Interrupted(why))),
        // Where nothing can wait, nobody else is waiting for a turn.
        Ok(()) | Err(vu::WaitError::Cannot(_)) => None,
    }
}

/// Finds modules: the embedded ones, and files next to the script that imports them. Each is evaluated once per worker.
struct Resolver {
    sources: Sources,
    loaded: RefCell<HashMap<String, Shared<Module>>>,
    loading: RefCell<HashSet<String>>,
}

impl ModuleResolver for Resolver {
    fn resolve(
        &self,
        engine: &Engine,
        source: Option<&str>,
        path: &str,
        position: Position,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let fail = |error: SourceError| {
            Box::new(EvalAltResult::ErrorRuntime(
                error.to_string().into(),
                position,
            ))
        };
        let (name, text) = self.sources.import(path, source).map_err(fail)?;
        if let Some(module) = self.loaded.borrow().get(&name) {
            return Ok(module.clone());
        }
        if !self.loading.borrow_mut().insert(name.clone()) {
            let message = format!("`{name}` imports itself, directly or through other modules");
            return Err(Box::new(EvalAltResult::ErrorRuntime(
                message.into(),
                position,
            )));
        }
        let result = self.load(engine, &name, &text);
        self.loading.borrow_mut().remove(&name);
        let module = result.map_err(|error| {
            Box::new(EvalAltResult::ErrorInModule(name.clone(), error, position))
        })?;
        self.loaded.borrow_mut().insert(name, module.clone());
        Ok(module)
    }
}

impl Resolver {
    fn load(
        &self,
        engine: &Engine,
        name: &str,
        text: &str,
    ) -> Result<Shared<Module>, Box<EvalAltResult>> {
        let mut ast = engine
            .compile(text)
            .map_err(|error| Box::new(EvalAltResult::ErrorParsing(*error.0, error.1)))?;
        ast.set_source(name);
        Ok(Module::eval_ast_as_new(Scope::new(), &ast, engine)?.into())
    }
}
