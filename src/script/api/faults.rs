//! `chaos`: faults that a script injects, and the proxies that it spoils.

use std::sync::Arc;
use std::time::Duration;

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult, FnPtr, Map, NativeCallContext};
use serde_json::Value;

use super::basics::duration_of;
use super::{Fallible, error, number, virtual_user, waiting};
use crate::chaos::proxy::{Stream, Toxicity};
use crate::chaos::{Chaos, Dose, FaultId, Injection, Ledger, MILLIS, Touches};
use crate::script::convert;
use crate::vu::Stage;

/// Between two looks at whether a fault is over.
const LOOK: Duration = Duration::from_millis(20);

/// A fault while it lasts.
#[derive(Clone)]
pub struct Fault(Arc<Injection>);

impl Fault {
    pub fn new(injection: Arc<Injection>) -> Self {
        Self(injection)
    }
}

/// A proxy in a fault's hands, with what is to hold of the toxics that are laid on it next.
#[derive(Clone)]
pub struct FaultProxy {
    fault: Arc<Injection>,
    name: String,
    stream: Stream,
    toxicity: Toxicity,
    ramp: Option<Duration>,
}

impl FaultProxy {
    fn lay(&self, kind: &str, given: &Map) -> Fallible<()> {
        let dose = Dose {
            kind: kind.to_owned(),
            stream: self.stream,
            toxicity: self.toxicity,
            attributes: attributes(kind, given)?,
            ramp: self.ramp,
        };
        self.fault
            .dose(&self.name, &dose)
            .or_else(|why| error(why.to_string()))
    }

    /// With attributes in the order of their names.
    fn with(&self, kind: &str, attributes: &[(&str, Dynamic)]) -> Fallible<()> {
        let attributes = attributes
            .iter()
            .map(|(name, value)| ((*name).into(), value.clone()));
        self.lay(kind, &attributes.collect())
    }
}

/// A toxic's attributes as a script gives them: times may be texts.
pub(in crate::script) fn attributes(
    kind: &str,
    given: &Map,
) -> Fallible<serde_json::Map<String, Value>> {
    let mut read = serde_json::Map::new();
    for (name, value) in given {
        let value = match value.is_string() && MILLIS.contains(&name.as_str()) {
            true => whole(duration_of(value)?, kind == "slicer"),
            false => convert::to_json(value).or_else(|why| error(format!("`{name}`: {why}")))?,
        };
        read.insert(name.to_string(), value);
    }
    Ok(read)
}

fn whole(duration: Duration, micros: bool) -> Value {
    let whole = if micros {
        duration.as_micros()
    } else {
        duration.as_millis()
    };
    Value::from(u64::try_from(whole).unwrap_or(u64::MAX))
}

/// Bytes that a text names; nothing if it is none.
pub(in crate::script) fn bytes_of(size: &Dynamic) -> Fallible<Option<i64>> {
    let Some(text) = size.read_lock::<rhai::ImmutableString>() else {
        return Ok(None);
    };
    match crate::units::parse_size(&text) {
        Ok(bytes) => Ok(Some(i64::try_from(bytes).unwrap_or(i64::MAX))),
        Err(why) => error(why.to_string()),
    }
}

fn millis(duration: &Dynamic) -> Fallible<Dynamic> {
    let millis = duration_of(duration)?.as_millis();
    Ok(Dynamic::from(i64::try_from(millis).unwrap_or(i64::MAX)))
}

/// Breaks something beside the proxies: on a thread of its own, for it may take a while. `act` gives what the script is given and,
/// in words, what was broken.
pub(super) fn on_the_side<T: Send + 'static>(
    fault: &Fault,
    touches: Touches,
    act: impl FnOnce(&Ledger, FaultId, &Chaos) -> Result<(T, String), String> + Send + 'static,
) -> Fallible<T> {
    let injection = fault.0.clone();
    let done = tokio::task::spawn_blocking(move || injection.through(touches, act));
    match waiting(done)? {
        Ok(Ok(given)) => Ok(given),
        Ok(Err(why)) => error(why),
        Err(_) => error("the fault could not be injected; this is a mistake in rhaid"),
    }
}

fn chaos(what: &str) -> Fallible<Arc<Chaos>> {
    Ok(virtual_user(what)?.worker.run.chaos.clone())
}

fn address_of(name: &str) -> Fallible<String> {
    let proxy = chaos("chaos::address")?.proxy(name);
    match proxy {
        Ok(proxy) => Ok(proxy.spec().listen),
        Err(why) => error(why.to_string()),
    }
}

fn counts_of(name: &str) -> Fallible<Map> {
    let proxy = match chaos("chaos::counts")?.proxy(name) {
        Ok(proxy) => proxy,
        Err(why) => return error(why.to_string()),
    };
    let counts = proxy.counts();
    let numbers = [
        ("connections", counts.connections),
        ("open", counts.open),
        ("refused", counts.refused),
        ("unreachable", counts.unreachable),
        ("sent", counts.upstream_received),
        ("received", counts.downstream_sent),
        ("requests", counts.requests),
    ];
    let pairs = numbers.map(|(name, number)| {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        (name.into(), Dynamic::from(number))
    });
    Ok(Map::from_iter(pairs))
}

#[export_module(manifest)]
pub mod chaos_module {
    /// Where a proxy of the run listens: `127.0.0.1:40123`.
    #[rhai_fn(return_raw)]
    pub fn address(proxy: &str) -> Result<String, Box<EvalAltResult>> {
        address_of(proxy)
    }

    /// The same as the beginning of a URL: `http://127.0.0.1:40123`.
    #[rhai_fn(return_raw)]
    pub fn url(proxy: &str) -> Result<String, Box<EvalAltResult>> {
        Ok(format!("http://{}", address_of(proxy)?))
    }

    /// What has passed a proxy of the run so far: `connections` that were accepted, and of those `open` ones and `refused` ones;
    /// `unreachable`, for which the upstream was not there; bytes that clients `sent` and `received`; and `requests`, which are counted
    /// while a toxic of the kind `http` is laid on it: `toxic("http", #{})` spoils nothing and counts.
    #[rhai_fn(return_raw)]
    pub fn counts(proxy: &str) -> Result<Map, Box<EvalAltResult>> {
        counts_of(proxy)
    }

    /// Injects a fault that the options declare, as if its time had come.
    #[rhai_fn(name = "inject", return_raw)]
    pub fn inject_declared(name: &str) -> Result<(), Box<EvalAltResult>> {
        chaos("chaos::inject")?
            .ask(name)
            .or_else(|why| error(why.to_string()))
    }

    /// Injects a fault on the spot, and undoes it after a duration or when `undo()` is called on what this gives:
    /// `chaos::inject("slow", "10s", |fault| fault.proxy("pms").latency("1s"))`.
    #[rhai_fn(name = "inject", return_raw)]
    pub fn inject_here(
        context: NativeCallContext,
        name: &str,
        duration: Dynamic,
        body: FnPtr,
    ) -> Result<Fault, Box<EvalAltResult>> {
        let duration = duration_of(&duration)?;
        let injection = match chaos("chaos::inject")?.begin(name, duration) {
            Ok(injection) => injection,
            Err(why) => return error(why.to_string()),
        };
        let fault = Fault(injection);
        if fault.0.is_over() {
            // The load is to run alone.
            return Ok(fault);
        }
        let done = fault.0.undo_after(duration);
        let done = done.or_else(|why| error(why.to_string()));
        let done =
            done.and_then(|()| body.call_raw(&context, None, [Dynamic::from(fault.clone())]));
        if let Err(failure) = done {
            fault.0.undo();
            return Err(failure);
        }
        Ok(fault)
    }
}

#[export_module]
pub mod fault_types {
    /// What the fault is called.
    #[rhai_fn(get = "name", pure)]
    pub fn name(fault: &mut Fault) -> String {
        fault.0.name().to_owned()
    }

    /// Whether the fault is over.
    #[rhai_fn(get = "over", pure)]
    pub fn over(fault: &mut Fault) -> bool {
        fault.0.is_over()
    }

    /// Seconds since the fault was injected.
    #[rhai_fn(get = "elapsed", pure)]
    pub fn elapsed(fault: &mut Fault) -> f64 {
        fault.0.since().elapsed().as_secs_f64()
    }

    /// Puts everything right that the fault broke, now.
    #[rhai_fn(pure)]
    pub fn undo(fault: &mut Fault) {
        fault.0.undo();
    }

    /// Waits until the fault is over. What stands after it puts right what the function itself broke; it also runs when the
    /// run is stopped.
    #[rhai_fn(return_raw, pure)]
    pub fn wait(fault: &mut Fault) -> Result<(), Box<EvalAltResult>> {
        let vu = virtual_user("waiting for a fault's end")?;
        let injection = fault.0.clone();
        let run = vu.worker.run.clone();
        waiting(async move {
            while !injection.is_over() && run.stage() == Stage::Running {
                tokio::time::sleep(LOOK).await;
            }
        })
    }

    /// A proxy of the run, to be spoiled: toxics that are laid on it are gone when the fault is over.
    #[rhai_fn(return_raw, pure)]
    pub fn proxy(fault: &mut Fault, name: &str) -> Result<FaultProxy, Box<EvalAltResult>> {
        if let Err(why) = chaos("a fault")?.proxy(name) {
            return error(why.to_string());
        }
        Ok(FaultProxy {
            fault: fault.0.clone(),
            name: name.to_owned(),
            stream: Stream::Downstream,
            toxicity: Toxicity::ALWAYS,
            ramp: None,
        })
    }

    /// What has passed the proxy so far, as `chaos::counts` has it.
    #[rhai_fn(name = "counts", return_raw, pure)]
    pub fn counts_of_proxy(proxy: &mut FaultProxy) -> Result<Map, Box<EvalAltResult>> {
        counts_of(&proxy.name)
    }

    /// The same proxy; its toxics spoil what clients send instead of what they get.
    #[rhai_fn(pure)]
    pub fn upstream(proxy: &mut FaultProxy) -> FaultProxy {
        FaultProxy {
            stream: Stream::Upstream,
            ..proxy.clone()
        }
    }

    /// The same proxy; its toxics spoil only this share of the connections: `fault.proxy("pms").share(0.3).reset()`.
    #[rhai_fn(return_raw, pure)]
    pub fn share(proxy: &mut FaultProxy, share: Dynamic) -> Result<FaultProxy, Box<EvalAltResult>> {
        match Toxicity::new(number(&share, "a share")?) {
            Ok(toxicity) => Ok(FaultProxy {
                toxicity,
                ..proxy.clone()
            }),
            Err(why) => error(why.to_string()),
        }
    }

    /// The same proxy; its toxics grow from nothing to what is said, over this time.
    #[rhai_fn(return_raw, pure)]
    pub fn ramp(proxy: &mut FaultProxy, over: Dynamic) -> Result<FaultProxy, Box<EvalAltResult>> {
        let over = duration_of(&over)?;
        Ok(FaultProxy {
            ramp: (!over.is_zero()).then_some(over),
            ..proxy.clone()
        })
    }

    /// Any toxic, with its attributes: `toxic("slicer", #{ average_size: 100, delay: "1ms" })`.
    #[rhai_fn(return_raw, pure)]
    pub fn toxic(
        proxy: &mut FaultProxy,
        kind: &str,
        attributes: Map,
    ) -> Result<(), Box<EvalAltResult>> {
        proxy.lay(kind, &attributes)
    }

    /// Everything comes this much later.
    #[rhai_fn(name = "latency", return_raw, pure)]
    pub fn latency(proxy: &mut FaultProxy, latency: Dynamic) -> Result<(), Box<EvalAltResult>> {
        proxy.with("latency", &[("latency", millis(&latency)?)])
    }

    /// Everything comes this much later, give or take a jitter.
    #[rhai_fn(name = "latency", return_raw, pure)]
    pub fn latency_jitter(
        proxy: &mut FaultProxy,
        latency: Dynamic,
        jitter: Dynamic,
    ) -> Result<(), Box<EvalAltResult>> {
        let (latency, jitter) = (millis(&latency)?, millis(&jitter)?);
        proxy.with("latency", &[("latency", latency), ("jitter", jitter)])
    }

    /// Each connection has this many kilobytes (thousands of bytes) a second, or as much as a text says: `"100kB"`.
    #[rhai_fn(return_raw, pure)]
    pub fn bandwidth(proxy: &mut FaultProxy, rate: Dynamic) -> Result<(), Box<EvalAltResult>> {
        let kilobytes = match bytes_of(&rate)? {
            Some(bytes) => (bytes / 1_000).max(1).into(),
            None => rate,
        };
        proxy.with("bandwidth", &[("rate", kilobytes)])
    }

    /// Connections end this much later than they should.
    #[rhai_fn(return_raw, pure)]
    pub fn slow_close(proxy: &mut FaultProxy, delay: Dynamic) -> Result<(), Box<EvalAltResult>> {
        proxy.with("slow_close", &[("delay", millis(&delay)?)])
    }

    /// Nothing passes any more, and connections are closed after this time; after none, when the fault is over.
    #[rhai_fn(return_raw, pure)]
    pub fn timeout(proxy: &mut FaultProxy, after: Dynamic) -> Result<(), Box<EvalAltResult>> {
        proxy.with("timeout", &[("timeout", millis(&after)?)])
    }

    /// Connections are reset as soon as something passes.
    #[rhai_fn(name = "reset", return_raw, pure)]
    pub fn reset(proxy: &mut FaultProxy) -> Result<(), Box<EvalAltResult>> {
        proxy.with("reset_peer", &[("timeout", 0_i64.into())])
    }

    /// Connections are reset this long after something passes.
    #[rhai_fn(name = "reset", return_raw, pure)]
    pub fn reset_after(proxy: &mut FaultProxy, after: Dynamic) -> Result<(), Box<EvalAltResult>> {
        proxy.with("reset_peer", &[("timeout", millis(&after)?)])
    }

    /// Connections are closed once so many bytes have passed: `1000`, or `"1kB"`.
    #[rhai_fn(return_raw, pure)]
    pub fn limit_data(proxy: &mut FaultProxy, bytes: Dynamic) -> Result<(), Box<EvalAltResult>> {
        let bytes = match bytes_of(&bytes)? {
            Some(size) => size.into(),
            None => bytes,
        };
        proxy.with("limit_data", &[("bytes", bytes)])
    }

    /// The proxy refuses connections, and ends those that are open.
    #[rhai_fn(return_raw, pure)]
    pub fn down(proxy: &mut FaultProxy) -> Result<(), Box<EvalAltResult>> {
        proxy
            .fault
            .down(&proxy.name)
            .or_else(|why| error(why.to_string()))
    }
}
