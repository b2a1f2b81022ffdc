//! Modules whose errors say where in the script they came from.
//!
//! Rhai fills in the place of an error that a plain native function throws, but not that of one in a module
//! (`http::get`). So each function of a module is wrapped in one that does.

use std::rc::Rc;

use super::let_others_run;
use crate::script::engine::TURN;
use crate::script::trial;
use crate::vu;
use rhai::plugin::{ModuleManifest, NativeCallContext};
use rhai::{Dynamic, EvalAltResult, FuncRegistration, Module, RhaiFunc};

/// The module of a manifest, each function with the place of its call in its errors. `costly`: one call can take so long that the
/// other virtual users should have their turn after it.
pub fn module(manifest: &'static ModuleManifest, costly: bool) -> Module {
    let mut module = Module::new();
    for entry in manifest.functions() {
        let inner = entry.func();
        let call = move |context: Option<NativeCallContext<'_>>, arguments: &mut [&mut Dynamic]| {
            let place = context.as_ref().map(NativeCallContext::call_position);
            // Rhai forgets where a script was cut off; a test is to say it.
            let test = trial::current().map(|test| {
                let source = context.as_ref().and_then(NativeCallContext::call_source);
                (test, source.unwrap_or_default().to_owned())
            });
            let context = context.filter(|_| inner.has_context());
            let mut result: Result<Dynamic, Box<EvalAltResult>> = inner.call(context, arguments);
            if costly
                && result.is_ok()
                && vu::turn_is_over(TURN)
                && let Err(ended) = let_others_run()
            {
                result = Err(ended);
            }
            result.map_err(|mut error| {
                if let (EvalAltResult::ErrorTerminated(..), Some((test, source)), Some(place)) =
                    (&*error, &test, place)
                {
                    test.cut_off_at(source, place);
                }
                if let (true, Some(place)) = (error.position().is_none(), place) {
                    error.set_position(place);
                }
                error
            })
        };
        let (func, has_context) = (Rc::new(call), true);
        let (is_pure, is_volatile) = (inner.is_pure(), inner.is_volatile());
        let wrapped = if inner.is_method_call() {
            RhaiFunc::Method {
                func,
                has_context,
                is_pure,
                is_volatile,
            }
        } else {
            RhaiFunc::Pure {
                func,
                has_context,
                is_pure,
                is_volatile,
            }
        };
        let mut types = Vec::new();
        entry.with_param_types(&mut |all| types = all.to_vec());
        FuncRegistration::new(entry.name()).set_into_module_raw(&mut module, types, wrapped);
    }
    module
}
