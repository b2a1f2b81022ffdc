//! `ctx`: what a scenario's function is given.

use std::cell::RefCell;
use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult, Map};

use super::error;
use crate::vu::Vu;

/// One virtual user's context; the same object for all its iterations.
#[derive(Clone)]
pub struct Context {
    vu: Rc<Vu>,
    data: Rc<Dynamic>,
    /// A shared map, so that what a script writes into it stays, however often the context is copied.
    state: Rc<RefCell<Dynamic>>,
}

impl Context {
    /// `data`: what `setup` returned, one for all virtual users of the worker.
    pub fn new(vu: Rc<Vu>, data: Rc<Dynamic>) -> Self {
        let fresh = || RefCell::new(Dynamic::from(Map::new()).into_shared());
        // The same map whichever version of the script asks for it.
        let state = vu.keepsake(fresh).unwrap_or_else(|| Rc::new(fresh()));
        Self { vu, data, state }
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

    /// What `setup` returned, as a copy: what is written into it reaches nobody.
    #[rhai_fn(get = "data", pure)]
    pub fn data(context: &mut Context) -> Dynamic {
        // A value shared by all users would be locked for them while one of them waits in the middle of using it.
        (*context.data).clone()
    }

    /// The same context, with the same `state`, and with other data: for a test that calls a scenario's function.
    #[rhai_fn(name = "with_data", pure)]
    pub fn with_data(context: &mut Context, data: Dynamic) -> Context {
        Context {
            data: Rc::new(data.flatten()),
            ..context.clone()
        }
    }

    /// The virtual user's own map, which lives as long as the user: `ctx.state.token = ...`.
    #[rhai_fn(get = "state", pure)]
    pub fn state(context: &mut Context) -> Dynamic {
        context.state.borrow().clone()
    }

    /// Replaces the map as a whole.
    #[rhai_fn(set = "state", pure, return_raw)]
    pub fn set_state(context: &mut Context, state: Dynamic) -> Result<(), Box<EvalAltResult>> {
        if !state.is_map() {
            return error(format!(
                "`ctx.state` is a map: it cannot become {}",
                state.type_name()
            ));
        }
        // After `ctx.state.x = …` Rhai hands back the map itself, moved out of the shared value, which is locked
        // until then: so the map always gets a new place.
        *context.state.borrow_mut() = state.into_shared();
        Ok(())
    }
}
