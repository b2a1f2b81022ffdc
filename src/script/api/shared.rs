//! `shared`: what virtual users hand to each other.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult, ImmutableString};
use serde_json::Value;

use super::basics::duration_of;
use super::{Fallible, error, virtual_user, waiting};
use crate::exchange::{self, Exchange, Full, MAX_VALUES};
use crate::script::convert;

/// Something of the run by its name; cheap to copy. Looked up when first used, since a handle may be made at the top level, where
/// there is no run yet.
struct Named<T> {
    name: ImmutableString,
    found: OnceCell<Arc<T>>,
}

impl<T> Named<T> {
    fn new(name: &str) -> Rc<Self> {
        Rc::new(Self {
            name: name.into(),
            found: OnceCell::new(),
        })
    }

    fn of(&self, find: impl FnOnce(&Exchange) -> Result<Arc<T>, Full>) -> Fallible<&Arc<T>> {
        if let Some(found) = self.found.get() {
            return Ok(found);
        }
        let vu = virtual_user("what is shared")?;
        match find(&vu.worker.run.exchange) {
            Ok(found) => Ok(self.found.get_or_init(|| found)),
            Err(full) => self.full(&full),
        }
    }

    fn full<R>(&self, full: &Full) -> Fallible<R> {
        error(format!("`{}` cannot be used so: {full}", self.name))
    }
}

#[derive(Clone)]
pub struct Counter(Rc<Named<exchange::Counter>>);

#[derive(Clone)]
pub struct SharedMap(Rc<Named<exchange::SharedMap>>);

#[derive(Clone)]
pub struct Queue(Rc<Named<exchange::Queue>>, Option<usize>);

impl Counter {
    fn get(&self) -> Fallible<&Arc<exchange::Counter>> {
        self.0.of(|exchange| exchange.counter(&self.0.name))
    }
}

impl SharedMap {
    fn get(&self) -> Fallible<&Arc<exchange::SharedMap>> {
        self.0.of(|exchange| exchange.map(&self.0.name))
    }
}

impl Queue {
    fn get(&self) -> Fallible<&Arc<exchange::Queue>> {
        self.0.of(|exchange| exchange.queue(&self.0.name, self.1))
    }
}

/// What can go to another thread.
fn plain(value: &Dynamic) -> Fallible<Value> {
    convert::to_json(value).or_else(|why| error(format!("only plain data can be shared: {why}")))
}

/// As `plain`; `()` says that a queue was empty.
fn something(value: &Dynamic) -> Fallible<Value> {
    if value.is_unit() {
        return error(
            "`()` cannot be put into a queue: it is what `pop` gives when there is nothing",
        );
    }
    plain(value)
}

fn script_value(value: Option<Value>) -> Dynamic {
    value.as_ref().map_or(Dynamic::UNIT, convert::from_json)
}

#[export_module(manifest)]
pub mod shared_module {
    /// A number of that name, from 0, that all virtual users add to.
    pub fn counter(name: &str) -> Counter {
        Counter(Named::new(name))
    }

    /// A map of that name that all virtual users read and write.
    pub fn map(name: &str) -> SharedMap {
        SharedMap(Named::new(name))
    }

    /// A queue of that name, from virtual users to virtual users. It has room for 100,000 values, or for `capacity`.
    #[rhai_fn(name = "queue")]
    pub fn queue(name: &str) -> Queue {
        Queue(Named::new(name), None)
    }

    #[rhai_fn(name = "queue", return_raw)]
    pub fn queue_of(name: &str, capacity: i64) -> Result<Queue, Box<EvalAltResult>> {
        match usize::try_from(capacity) {
            Ok(capacity) if (1..=MAX_VALUES).contains(&capacity) => {
                Ok(Queue(Named::new(name), Some(capacity)))
            }
            _ => error(format!(
                "a queue has room for 1 to {MAX_VALUES} values, not for {capacity}"
            )),
        }
    }
}

#[export_module]
pub mod shared_types {
    /// Adds a whole number, and gives what the counter is then: no other caller gets the same while all add alike.
    #[rhai_fn(name = "add", return_raw, pure)]
    pub fn add(counter: &mut Counter, amount: i64) -> Result<i64, Box<EvalAltResult>> {
        Ok(counter.get()?.add(amount))
    }

    /// Sets the counter.
    #[rhai_fn(name = "set", return_raw, pure)]
    pub fn set_counter(counter: &mut Counter, value: i64) -> Result<(), Box<EvalAltResult>> {
        counter.get()?.set(value);
        Ok(())
    }

    /// What the counter is now.
    #[rhai_fn(get = "value", return_raw, pure)]
    pub fn value(counter: &mut Counter) -> Result<i64, Box<EvalAltResult>> {
        Ok(counter.get()?.value())
    }

    /// The value under a key, as a copy; without one the default, or `()`.
    #[rhai_fn(name = "get", return_raw, pure)]
    pub fn get(map: &mut SharedMap, key: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        Ok(script_value(map.get()?.get(key)))
    }

    #[rhai_fn(name = "get", return_raw, pure)]
    pub fn get_or(
        map: &mut SharedMap,
        key: &str,
        default: Dynamic,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let found = map.get()?.get(key);
        Ok(found.map_or(default, |value| convert::from_json(&value)))
    }

    /// Puts a value under a key; a map holds a million at most.
    #[rhai_fn(name = "set", return_raw, pure)]
    pub fn set(map: &mut SharedMap, key: &str, value: Dynamic) -> Result<(), Box<EvalAltResult>> {
        let value = plain(&value)?;
        map.get()?.set(key, value).or_else(|full| map.0.full(&full))
    }

    /// Puts a value under a key that has none. True for the one caller that did, so it settles who does a thing.
    #[rhai_fn(name = "set_if_absent", return_raw, pure)]
    pub fn set_if_absent(
        map: &mut SharedMap,
        key: &str,
        value: Dynamic,
    ) -> Result<bool, Box<EvalAltResult>> {
        let value = plain(&value)?;
        let set = map.get()?.set_if_absent(key, value);
        set.or_else(|full| map.0.full(&full))
    }

    /// Takes a key away; gives the value it had, or `()`. Of several callers one gets it.
    #[rhai_fn(name = "remove", return_raw, pure)]
    pub fn remove(map: &mut SharedMap, key: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        Ok(script_value(map.get()?.remove(key)))
    }

    /// Whether there is a value under a key.
    #[rhai_fn(name = "has", return_raw, pure)]
    pub fn has(map: &mut SharedMap, key: &str) -> Result<bool, Box<EvalAltResult>> {
        Ok(map.get()?.has(key))
    }

    /// All keys, in alphabetical order.
    #[rhai_fn(name = "keys", return_raw, pure)]
    pub fn keys(map: &mut SharedMap) -> Result<Array, Box<EvalAltResult>> {
        let keys = map.get()?.keys();
        Ok(keys.into_iter().map(Dynamic::from).collect())
    }

    /// How many keys there are.
    #[rhai_fn(name = "len", get = "len", return_raw, pure)]
    pub fn map_len(map: &mut SharedMap) -> Result<i64, Box<EvalAltResult>> {
        Ok(map.get()?.len() as i64)
    }

    /// Puts a value at the end. Without room that is a script error; with a timeout the virtual user waits for room, and gets whether there was any.
    #[rhai_fn(name = "push", return_raw, pure)]
    pub fn push(queue: &mut Queue, value: Dynamic) -> Result<bool, Box<EvalAltResult>> {
        let value = something(&value)?;
        match queue.get()?.push(value) {
            Ok(()) => Ok(true),
            Err((full, _)) => queue.0.full(&full),
        }
    }

    #[rhai_fn(name = "push", return_raw, pure)]
    pub fn push_within(
        queue: &mut Queue,
        value: Dynamic,
        timeout: Dynamic,
    ) -> Result<bool, Box<EvalAltResult>> {
        let (value, limit) = (something(&value)?, duration_of(&timeout)?);
        let queue = queue.get()?.clone();
        let pushed =
            waiting(async move { tokio::time::timeout(limit, queue.push_when_free(value)).await })?;
        Ok(pushed.is_ok())
    }

    /// Takes the value that has waited longest; `()` if there is none. With a timeout the virtual user waits for one.
    #[rhai_fn(name = "pop", return_raw, pure)]
    pub fn pop(queue: &mut Queue) -> Result<Dynamic, Box<EvalAltResult>> {
        Ok(script_value(queue.get()?.pop()))
    }

    #[rhai_fn(name = "pop", return_raw, pure)]
    pub fn pop_within(queue: &mut Queue, timeout: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        let limit = duration_of(&timeout)?;
        let queue = queue.get()?.clone();
        let popped =
            waiting(async move { tokio::time::timeout(limit, queue.pop_when_filled()).await })?;
        Ok(script_value(popped.ok()))
    }

    /// How many values wait.
    #[rhai_fn(name = "len", get = "len", return_raw, pure)]
    pub fn queue_len(queue: &mut Queue) -> Result<i64, Box<EvalAltResult>> {
        Ok(queue.get()?.len() as i64)
    }
}
