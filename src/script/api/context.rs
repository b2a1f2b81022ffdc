//! `ctx`: what a scenario's function is given.

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, Map};

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

    /// What `setup` returned, as a copy: changes to it stay in this iteration.
    #[rhai_fn(get = "data", pure)]
    pub fn data(context: &mut Context) -> Dynamic {
        context.data.clone()
    }

    /// The virtual user's own map, which lives as long as the user: `ctx.state.token = ...`.
    #[rhai_fn(get = "state", pure)]
    pub fn state(context: &mut Context) -> Dynamic {
        context.state.clone()
    }

    #[rhai_fn(set = "state", pure)]
    pub fn set_state(context: &mut Context, state: Dynamic) {
        // Written through `ctx.state.x = ...`, the value is the shared map itself already.
        if !state.is_shared()
            && let Some(mut own) = context.state.write_lock::<Map>()
        {
            *own = state.try_cast::<Map>().unwrap_or_default();
        }
    }
}
