//! What is looked at before a document is read: its version, and numbers that no run counts to. In one go, and without keeping any of it.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::Value;

/// No run counts further: beyond this JSON's numbers skip some.
const MOST: u64 = 1 << 53;
/// A seed is no count: it may be any number.
const SEED: &str = "seed";

/// Whatever stands there.
#[derive(serde::Deserialize)]
struct Any(#[serde(deserialize_with = "super::bounded::whole")] Value);

/// A document at first sight.
#[derive(Default)]
pub struct FirstLook {
    pub version: Option<Value>,
    /// A whole number that is too large, if there is one.
    pub too_large: Option<u64>,
}

impl<'de> Deserialize<'de> for FirstLook {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Document)
    }
}

struct Document;

impl<'de> Visitor<'de> for Document {
    type Value = FirstLook;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a result")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FirstLook, A::Error> {
        let mut seen = FirstLook::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "version" => seen.version = Some(map.next_value::<Any>()?.0),
                SEED => drop(map.next_value::<IgnoredAny>()?),
                _ => map.next_value_seed(Walk(&mut seen.too_large))?,
            }
        }
        Ok(seen)
    }
}

/// Walks through a value and keeps the first number that is too large.
struct Walk<'a>(&'a mut Option<u64>);

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        if number > MOST {
            self.0.get_or_insert(number);
        }
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element_seed(Walk(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        while let Some(key) = fields.next_key::<String>()? {
            match key.as_str() {
                SEED => drop(fields.next_value::<IgnoredAny>()?),
                _ => fields.next_value_seed(Walk(self.0))?,
            }
        }
        Ok(())
    }
}
