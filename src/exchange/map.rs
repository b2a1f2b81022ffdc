//! A map that all users read and write.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::Value;

use super::weight::weight;
use super::{Full, MAX_VALUES, MAX_WEIGHT, lock};

#[derive(Debug, Default)]
pub struct SharedMap(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    values: BTreeMap<String, Value>,
    weight: usize,
}

impl Entries {
    fn remove(&mut self, key: &str) -> Option<Value> {
        let value = self.values.remove(key)?;
        self.weight = self.weight.saturating_sub(key.len() + weight(&value));
        Some(value)
    }

    fn insert(&mut self, key: &str, value: Value) -> Result<(), Full> {
        let old = self
            .values
            .get(key)
            .map_or(0, |old| key.len() + weight(old));
        let after = self.weight.saturating_sub(old) + key.len() + weight(&value);
        if after > MAX_WEIGHT {
            return Err(Full::Weight);
        }
        if self.values.len() >= MAX_VALUES && !self.values.contains_key(key) {
            return Err(Full::Values(MAX_VALUES));
        }
        self.weight = after;
        self.values.insert(key.to_owned(), value);
        Ok(())
    }
}

impl SharedMap {
    pub fn get(&self, key: &str) -> Option<Value> {
        lock(&self.0).values.get(key).cloned()
    }

    /// # Errors
    /// When there is no room.
    pub fn set(&self, key: &str, value: Value) -> Result<(), Full> {
        lock(&self.0).insert(key, value)
    }

    /// Sets what is not set yet; whether it was this call that did.
    ///
    /// # Errors
    /// When there is no room.
    pub fn set_if_absent(&self, key: &str, value: Value) -> Result<bool, Full> {
        let mut entries = lock(&self.0);
        if entries.values.contains_key(key) {
            return Ok(false);
        }
        entries.insert(key, value).map(|()| true)
    }

    pub fn remove(&self, key: &str) -> Option<Value> {
        lock(&self.0).remove(key)
    }

    pub fn has(&self, key: &str) -> bool {
        lock(&self.0).values.contains_key(key)
    }

    /// In alphabetical order.
    pub fn keys(&self) -> Vec<String> {
        lock(&self.0).values.keys().cloned().collect()
    }

    pub fn len(&self) -> usize {
        lock(&self.0).values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_to_set_a_key_knows_it() {
        let map = SharedMap::default();
        assert_eq!(map.set_if_absent("a", json!(1)), Ok(true));
        assert_eq!(map.set_if_absent("a", json!(2)), Ok(false));
        assert_eq!(map.get("a"), Some(json!(1)));
        assert_eq!(map.remove("a"), Some(json!(1)));
        assert!(map.is_empty() && !map.has("a"));
    }

    #[test]
    fn what_is_replaced_or_removed_makes_room_again() {
        let map = SharedMap::default();
        let large = Value::String("x".repeat(MAX_WEIGHT / 2 - 100));
        map.set("a", large.clone()).unwrap();
        map.set("b", large.clone()).unwrap();
        assert_eq!(map.set("c", large.clone()), Err(Full::Weight));
        map.set("b", large.clone()).unwrap();
        map.remove("a");
        map.set("c", large).unwrap();
        assert_eq!(map.keys(), ["b", "c"]);
    }
}
