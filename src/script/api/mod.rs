//! What scripts see: one file per module.
//!
//! Each file is a Rhai plugin module; its doc comments are the script reference (see `script::reference`), so
//! they are written for script authors. A function that waits goes through [`waiting`].

mod assert;
mod basics;
mod breaking;
mod bytes;
mod card;
mod checks;
pub mod context;
mod crypto;
pub mod data;
mod databases;
mod encoding;
mod environment;
mod fake;
pub mod faults;
mod files;
mod hook_call;
mod hook_params;
mod hooks;
mod html;
mod http;
mod http_batch;
mod http_params;
mod http_shown;
mod http_tapped;
mod http_traced;
mod iban;
mod jwt;
mod kubernetes;
mod located;
mod log;
mod metrics;
mod mock;
mod random;
mod regex;
mod response;
mod shared;
mod sides;
mod tags;
mod time;
mod trial;
mod url;
mod xml;

pub use hook_params::{HookMap, unknown_scheme};
pub use http_params::unknown_parameter;

use std::any::TypeId;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use rhai::plugin::{ModuleManifest, exported_manifest, exported_module};
use rhai::{Dynamic, Engine, EvalAltResult, Module, Position};

use super::engine::Stop;
use super::library::readable_type;
use crate::jsonpath as json;
use crate::secrets::Secrets;
use crate::vu::{self, Vu, WaitError};

/// What a native function gives back.
pub type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// The name under which scripts and messages know a type.
pub const CONTEXT: &str = "Context";
pub const RESPONSE: &str = "Response";
pub const SELECTION: &str = "Selection";

/// The types that only scripts have, with their names.
pub fn types() -> [(TypeId, &'static str); 25] {
    [
        (TypeId::of::<context::Context>(), CONTEXT),
        (TypeId::of::<response::ScriptResponse>(), RESPONSE),
        (TypeId::of::<html::Selection>(), SELECTION),
        (TypeId::of::<metrics::Metric>(), "Metric"),
        (TypeId::of::<files::File>(), "File"),
        (TypeId::of::<files::Prepared>(), "Body"),
        (TypeId::of::<data::Data>(), "Data"),
        (TypeId::of::<shared::Counter>(), "Counter"),
        (TypeId::of::<shared::SharedMap>(), "SharedMap"),
        (TypeId::of::<shared::Queue>(), "Queue"),
        (TypeId::of::<hooks::Inbox>(), "Inbox"),
        (TypeId::of::<hook_call::Call>(), "Call"),
        (TypeId::of::<mock::Route>(), "Route"),
        (TypeId::of::<mock::Call>(), "MockCall"),
        (TypeId::of::<faults::Fault>(), "Fault"),
        (TypeId::of::<faults::FaultProxy>(), "FaultProxy"),
        (TypeId::of::<breaking::FaultProcess>(), "FaultProcess"),
        (TypeId::of::<breaking::FaultCommand>(), "FaultCommand"),
        (TypeId::of::<breaking::FaultMachine>(), "FaultMachine"),
        (TypeId::of::<breaking::FaultService>(), "FaultService"),
        (TypeId::of::<databases::FaultRedis>(), "FaultRedis"),
        (TypeId::of::<databases::FaultPostgres>(), "FaultPostgres"),
        (TypeId::of::<breaking::FaultNames>(), "FaultNames"),
        (TypeId::of::<kubernetes::FaultPods>(), "FaultPods"),
        (
            TypeId::of::<kubernetes::FaultDeployment>(),
            "FaultDeployment",
        ),
    ]
}

/// Registers everything with an engine. `env`: what `env()` gives outside virtual users. `secrets`: where `secret()` keeps
/// what it gives.
pub fn register(engine: &mut Engine, env: &Arc<BTreeMap<String, String>>, secrets: &Secrets) {
    engine
        .register_type_with_name::<context::Context>(CONTEXT)
        .register_type_with_name::<response::ScriptResponse>(RESPONSE)
        .register_type_with_name::<html::Selection>(SELECTION)
        .register_type_with_name::<metrics::Metric>("Metric")
        .register_type_with_name::<files::File>("File")
        .register_type_with_name::<files::Prepared>("Body")
        .register_type_with_name::<data::Data>("Data")
        .register_type_with_name::<shared::Counter>("Counter")
        .register_type_with_name::<shared::SharedMap>("SharedMap")
        .register_type_with_name::<shared::Queue>("Queue")
        .register_type_with_name::<hooks::Inbox>("Inbox")
        .register_type_with_name::<hook_call::Call>("Call")
        .register_type_with_name::<mock::Route>("Route")
        .register_type_with_name::<mock::Call>("MockCall")
        .register_type_with_name::<faults::Fault>("Fault")
        .register_type_with_name::<faults::FaultProxy>("FaultProxy")
        .register_type_with_name::<breaking::FaultProcess>("FaultProcess")
        .register_type_with_name::<breaking::FaultCommand>("FaultCommand")
        .register_type_with_name::<breaking::FaultMachine>("FaultMachine")
        .register_type_with_name::<breaking::FaultService>("FaultService")
        .register_type_with_name::<databases::FaultRedis>("FaultRedis")
        .register_type_with_name::<databases::FaultPostgres>("FaultPostgres")
        .register_type_with_name::<breaking::FaultNames>("FaultNames")
        .register_type_with_name::<kubernetes::FaultPods>("FaultPods")
        .register_type_with_name::<kubernetes::FaultDeployment>("FaultDeployment");
    engine.register_global_module(exported_module!(basics::basics).into());
    engine.register_global_module(exported_module!(checks::checks).into());
    engine.register_global_module(exported_module!(context::context_type).into());
    engine.register_global_module(exported_module!(response::response_type).into());
    engine.register_global_module(exported_module!(html::selection_type).into());
    engine.register_global_module(exported_module!(metrics::metric_type).into());
    engine.register_global_module(exported_module!(data::data_type).into());
    engine.register_global_module(exported_module!(data::whole_files).into());
    engine.register_global_module(exported_module!(shared::shared_types).into());
    engine.register_global_module(exported_module!(hooks::inbox_type).into());
    engine.register_global_module(exported_module!(hook_call::call_type).into());
    engine.register_global_module(exported_module!(assert::assertions).into());
    engine.register_global_module(exported_module!(mock::mock_types).into());
    engine.register_global_module(exported_module!(faults::fault_types).into());
    engine.register_global_module(exported_module!(breaking::breaking_types).into());
    engine.register_global_module(exported_module!(databases::database_types).into());
    engine.register_global_module(exported_module!(kubernetes::kubernetes_types).into());
    environment::register(engine, env, secrets);
    log::keep_quiet_about(secrets);
    for (name, manifest) in modules() {
        let module = located::module(manifest, !BRIEF.contains(&name));
        engine.register_static_module(name, module.into());
    }
    engine.on_print(|text| log::line(vu::LogLevel::Info, text, None));
    engine.on_debug(|text, source, position| {
        log::line(vu::LogLevel::Trace, text, log::place(source, position));
    });
}

/// Modules whose functions are over in no time, or wait by themselves.
const BRIEF: [&str; 10] = [
    "chaos", "hooks", "http", "log", "metrics", "mock", "random", "tags", "test", "time",
];

/// The modules that need no import.
fn modules() -> [(&'static str, &'static ModuleManifest); 18] {
    [
        ("http", exported_manifest!(http::http_module)),
        ("metrics", exported_manifest!(metrics::metrics_module)),
        ("log", exported_manifest!(log::log_module)),
        ("random", exported_manifest!(random::random_module)),
        ("crypto", exported_manifest!(crypto::crypto_module)),
        ("time", exported_manifest!(time::time_module)),
        ("data", exported_manifest!(data::data_module)),
        ("shared", exported_manifest!(shared::shared_module)),
        ("hooks", exported_manifest!(hooks::hooks_module)),
        ("encoding", exported_manifest!(encoding::encoding_module)),
        ("url", exported_manifest!(url::url_module)),
        ("regex", exported_manifest!(regex::regex_module)),
        ("fake", exported_manifest!(fake::fake_module)),
        ("xml", exported_manifest!(xml::xml_module)),
        ("tags", exported_manifest!(tags::tags_module)),
        ("mock", exported_manifest!(mock::mock_module)),
        ("test", exported_manifest!(trial::test_module)),
        ("chaos", exported_manifest!(faults::chaos_module)),
    ]
}

/// Registers the modules anew, with the parameters' names and doc comments that running scripts do without.
pub fn register_described(engine: &mut Engine) {
    for (name, manifest) in modules() {
        let mut module = Module::new();
        for function in manifest.functions() {
            function.register_into(&mut module);
        }
        engine.register_static_module(name, module.into());
    }
}

/// An error that a script can catch.
pub fn error<T>(message: impl Into<String>) -> Fallible<T> {
    Err(Box::new(EvalAltResult::ErrorRuntime(
        Dynamic::from(message.into()),
        Position::NONE,
    )))
}

/// Waits for a future on the script's stack.
pub fn waiting<F: Future>(future: F) -> Fallible<F::Output> {
    told(vu::wait(future))
}

/// Pauses the virtual user on whose stack this runs.
pub fn resting(duration: std::time::Duration) -> Fallible<()> {
    told(vu::rest(duration))
}

fn told<T>(waited: Result<T, WaitError>) -> Fallible<T> {
    waited.map_err(|why| match why {
        WaitError::Interrupted(why) => cut_off(why),
        cannot @ WaitError::Cannot(_) => Box::new(EvalAltResult::ErrorRuntime(
            cannot.to_string().into(),
            Position::NONE,
        )),
    })
}

/// An error that ends the iteration and that no script can catch.
pub fn cut_off(why: vu::Interrupt) -> Box<EvalAltResult> {
    Box::new(EvalAltResult::ErrorTerminated(
        Dynamic::from(Stop::Interrupted(why)),
        Position::NONE,
    ))
}

/// For native code that takes long: lets the other virtual users of the thread run, and ends the script if it is to end.
pub fn let_others_run() -> Fallible<()> {
    match waiting(tokio::task::yield_now()) {
        Err(error) if matches!(*error, EvalAltResult::ErrorTerminated(..)) => Err(error),
        // Where nothing can wait, nobody else is waiting for a turn.
        _ => Ok(()),
    }
}

/// The virtual user that runs this, or an error that says that there is none.
pub fn virtual_user(what: &str) -> Fallible<Rc<Vu>> {
    match vu::current() {
        Some(vu) => Ok(vu),
        None => error(format!(
            "{what} works only in `setup`, `teardown` and a scenario's functions, not at the script's top level"
        )),
    }
}

/// A number that a script gives as an integer or a float.
pub fn number(value: &Dynamic, what: &str) -> Fallible<f64> {
    match value
        .as_float()
        .or_else(|_| value.as_int().map(|n| n as f64))
    {
        Ok(number) => Ok(number),
        Err(found) => error(format!(
            "{what} must be a number, not {}",
            readable_type(found)
        )),
    }
}
