//! JSON of any shape that a stranger wrote, in bounded memory.
//!
//! A value takes many times the room of its text: a list of millions of zeros, packed in a few kilobytes, would take gigabytes.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Values in one document.
const MOST: u64 = 500_000;

/// Which values of lists are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lists {
    Whole,
    /// Texts, lists and objects alone.
    WithoutScalars,
}

#[derive(Clone, Copy)]
struct Bounded<'c> {
    left: &'c Cell<u64>,
    lists: Lists,
    /// Whether the value stands in a list.
    listed: bool,
}

/// A value of at most half a million values.
///
/// # Errors
/// When it has more.
pub fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    bounded(deserializer, Lists::Whole)
}

/// The same without numbers, truth values and nulls in lists: no summary says anything by them.
///
/// # Errors
/// As [`whole`].
pub fn slim<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    bounded(deserializer, Lists::WithoutScalars)
}

fn bounded<'de, D: Deserializer<'de>>(deserializer: D, lists: Lists) -> Result<Value, D::Error> {
    let left = Cell::new(MOST);
    let seed = Bounded {
        left: &left,
        lists,
        listed: false,
    };
    Ok(seed.deserialize(deserializer)?.unwrap_or_default())
}

impl Bounded<'_> {
    /// Room for one more value.
    fn take<E: Error>(self) -> Result<(), E> {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(E::custom(format!(
                "there are more than {} values in it, which no tool writes",
                crate::units::format_count(MOST)
            ))),
        }
    }

    fn scalar<E: Error>(self, value: impl Into<Value>) -> Result<Option<Value>, E> {
        if self.listed && self.lists == Lists::WithoutScalars {
            return Ok(None);
        }
        self.take()?;
        Ok(Some(value.into()))
    }

    fn within(self, listed: bool) -> Self {
        Self { listed, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    /// Nothing for what is left out.
    type Value = Option<Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Option<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        self.scalar(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        self.scalar(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        self.scalar(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        self.scalar(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        self.scalar(Value::Null)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        self.take()?;
        Ok(Some(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        self.take()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self.within(true))? {
            values.extend(value);
        }
        Ok(Some(Value::Array(values)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        self.take()?;
        let mut values = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.within(false))?;
            values.insert(key, value.unwrap_or_default());
        }
        Ok(Some(Value::Object(values)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str, slimmed: bool) -> Result<Value, serde_json::Error> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        if slimmed {
            slim(&mut deserializer)
        } else {
            whole(&mut deserializer)
        }
    }

    #[test]
    fn what_is_small_is_read_as_it_is() {
        let text = r#"{"a": [1, -2, 0.5, null, true, "x", [3], {"b": 4}], "c": null, "d": 5}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        assert_eq!(read(text, false).unwrap(), value);
        let slimmed = json!({ "a": ["x", [], { "b": 4 }], "c": null, "d": 5 });
        assert_eq!(read(text, true).unwrap(), slimmed);
    }

    #[test]
    fn what_would_fill_the_memory_is_left_out_or_refused() {
        let zeros = format!("{{\"x\": [{}0]}}", "0,".repeat(MOST as usize));
        assert_eq!(read(&zeros, true).unwrap(), json!({ "x": [] }));
        let error = read(&zeros, false).unwrap_err().to_string();
        assert!(error.contains("more than 500,000 values"), "{error}");
        let empties = format!("[{}{{}}]", "{},".repeat(MOST as usize));
        assert!(read(&empties, true).is_err());
    }
}
