//! `ctx`: what a scenario's function is given.

use std::any::TypeId;
use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, Engine, Map};

use super::error;
use crate::vu::Vu;

/// One virtual user's context; the same object for all its iterations.
#[derive(Clone)]
pub struct Context {
    vu: Rc<Vu>,
    data: Dynamic,
    state: Dynamic,
}

impl Context {
    /// `data`: what `setup` returned, shared by all virtual users of the worker.
    pub fn new(vu: Rc<Vu>, data: Dynamic) -> Self {
        // Shared, so that what a script writes into it stays, however often the context is copied.
        Self {
            vu,
            data,
            state: Dynamic::from(Map::new()).into_shared(),
        }
    }
}

#[export_module]
pub mod context_type {
    /// Number of the virtual user, from 1, unique in the run.
    #[rhai_fn(get = "vu", pure)]
    pub fn vu(context: &mut Context) -> i64 {
        context.vu.id as i64
    }

    /// Number of this virtual user's current iteration, from 0.
    #[rhai_fn(get = "iteration", pure)]
    pub fn iteration(context: &mut Context) -> i64 {
        context.vu.iteration.get() as i64
    }

    /// Name of the scenario.
    #[rhai_fn(get = "scenario", pure)]
    pub fn scenario(context: &mut Context) -> String {
        context.vu.scenario.name.to_string()
    }

    /// What `setup` returned; read-only.
    #[rhai_fn(get = "data", pure)]
    pub fn data(context: &mut Context) -> Dynamic {
        context.data.clone()
    }

    /// The virtual user's own map, which lives as long as the user: `ctx.state.token = ...`.
    #[rhai_fn(get = "state", pure)]
    pub fn state(context: &mut Context) -> Dynamic {
        context.state.clone()
    }
}

/// Lets scripts replace the whole map: `ctx.state = #{}`.
///
/// Registered raw, because Rhai also calls a setter after `ctx.state.x = …`, with the very value inside the shared map,
/// which it holds locked. An ordinary setter would take that value out and leave `()` behind.
pub fn register_state_setter(engine: &mut Engine) {
    engine.register_raw_fn(
        "set$state",
        [TypeId::of::<Context>(), TypeId::of::<Dynamic>()],
        |_, arguments| {
            let [context, new] = arguments else {
                return Ok(());
            };
            let Some(mut own) = context
                .read_lock::<Context>()
                .map(|context| context.state.clone())
            else {
                return Ok(());
            };
            if own.is_locked() {
                // Changed in place already.
                return Ok(());
            }
            if !new.is_map() {
                return error(format!("`ctx.state` is a map, not {}", new.type_name()));
            }
            if let Some(mut map) = own.write_lock::<Map>() {
                *map = new.clone().cast();
            }
            Ok(())
        },
    );
}
