//! One schema out of many: what `$ref`, its siblings and `allOf` say together.
//!
//! A [`Schema`] only borrows from the document: however often a large schema is used, it is not copied.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::refs::{Lost, Refs, name_of, reference_of};

/// Schemas that one schema may be put together from.
const PARTS: usize = 200;

/// What all parts of a schema say together.
#[derive(Debug, Clone, Default)]
pub struct Schema<'a> {
    /// Keywords with a value of their own; where parts differ, the outermost one counts.
    words: BTreeMap<&'a str, &'a Value>,
    /// What each property must be, in the order of the document.
    pub properties: Vec<(&'a str, Vec<&'a Value>)>,
    /// Where each stands among them.
    places: FxHashMap<&'a str, usize>,
    pub required: BTreeSet<&'a str>,
    /// `oneOf` and `anyOf`: of each list one is to be chosen.
    pub choices: Vec<&'a [Value]>,
    /// References that were followed, outermost first.
    pub references: Vec<&'a str>,
    /// The reference that was chosen of `oneOf`, `anyOf` or a discriminator's mapping.
    pub chosen: Option<String>,
    parts: usize,
}

impl<'a> Schema<'a> {
    /// Puts the parts together. References that lead nowhere go to `lost` and count as schemas that allow everything.
    pub fn of(refs: Refs<'a>, parts: &[&'a Value], lost: &mut BTreeSet<Lost>) -> Self {
        let mut schema = Self::default();
        for part in parts {
            schema.absorb(refs, part, lost);
        }
        schema
    }

    /// Adds what one more schema says.
    pub fn absorb(&mut self, refs: Refs<'a>, part: &'a Value, lost: &mut BTreeSet<Lost>) {
        self.parts += 1;
        let Some(fields) = part.as_object() else {
            return;
        };
        if self.parts > PARTS {
            return;
        }
        for (word, value) in fields {
            match word.as_str() {
                "$ref" | "allOf" => {}
                "properties" => {
                    for (name, schema) in value.as_object().into_iter().flatten() {
                        self.property(name, schema);
                    }
                }
                "required" => {
                    let names = value.as_array().into_iter().flatten();
                    self.required.extend(names.filter_map(Value::as_str));
                }
                "oneOf" | "anyOf" => {
                    let choices = value.as_array().map(Vec::as_slice).unwrap_or_default();
                    if !choices.is_empty() {
                        self.choices.push(choices);
                    }
                }
                word => {
                    self.words.entry(word).or_insert(value);
                }
            }
        }
        if let Some(reference) = reference_of(part)
            && !self.references.contains(&reference)
        {
            self.references.push(reference);
            match refs.find(reference) {
                Ok(target) => self.absorb(refs, target, lost),
                Err(error) => {
                    lost.insert(error);
                }
            }
        }
        for part in fields
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.absorb(refs, part, lost);
        }
    }

    fn property(&mut self, name: &'a str, schema: &'a Value) {
        let next = self.properties.len();
        let place = *self.places.entry(name).or_insert(next);
        match self.properties.get_mut(place) {
            Some((_, schemas)) => schemas.push(schema),
            None => self.properties.push((name, vec![schema])),
        }
    }

    /// Whether there is a property of that name.
    pub fn has_property(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    pub fn word(&self, word: &str) -> Option<&'a Value> {
        self.words.get(word).copied()
    }

    pub fn text(&self, word: &str) -> Option<&'a str> {
        self.word(word).and_then(Value::as_str)
    }

    pub fn flag(&self, word: &str) -> bool {
        self.word(word) == Some(&Value::Bool(true))
    }

    /// A keyword that counts something.
    pub fn count(&self, word: &str) -> Option<usize> {
        // Some generators write whole numbers as `1.0`.
        let number = self.word(word)?;
        let whole = number.as_u64().or_else(|| {
            let number = number.as_f64().filter(|number| number.fract() == 0.0)?;
            format!("{number}").parse().ok()
        })?;
        usize::try_from(whole).ok()
    }

    /// The type that a value is to have; of several the first that is not null.
    pub fn kind(&self) -> Kind {
        match self.word("type") {
            Some(Value::String(name)) => Kind::named(name),
            Some(Value::Array(names)) => {
                let mut kinds = names.iter().filter_map(Value::as_str).map(Kind::named);
                kinds.find(|kind| *kind != Kind::Null).unwrap_or(Kind::Null)
            }
            _ => self.implied(),
        }
    }

    /// Whether nothing will do.
    pub fn nullable(&self) -> bool {
        self.flag("nullable")
            || match self.word("type") {
                Some(Value::String(name)) => name == "null",
                Some(Value::Array(names)) => names.iter().any(|name| name == "null"),
                _ => false,
            }
    }

    /// The type that other keywords make sense for.
    fn implied(&self) -> Kind {
        let has = |words: &[&str]| words.iter().any(|word| self.words.contains_key(word));
        if !self.properties.is_empty()
            || has(&["additionalProperties", "minProperties", "discriminator"])
        {
            Kind::Object
        } else if has(&["items", "prefixItems", "minItems"]) {
            Kind::Array
        } else if has(&[
            "multipleOf",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
        ]) {
            Kind::Number
        } else if has(&["format", "pattern", "minLength", "maxLength"]) {
            Kind::Text
        } else {
            Kind::Any
        }
    }

    /// The property that tells which of several schemas a value follows, and what it says for this one.
    pub fn discriminator(&self) -> Option<(&'a str, String)> {
        let discriminator = self.word("discriminator")?;
        let property = discriminator.get("propertyName")?.as_str()?;
        let chosen = self.chosen.as_deref();
        for (value, target) in self.mapping() {
            if chosen.is_some_and(|chosen| same(chosen, target)) {
                return Some((property, value.to_owned()));
            }
        }
        for (value, target) in self.mapping() {
            if self.references.iter().any(|known| same(known, target)) {
                return Some((property, value.to_owned()));
            }
        }
        let own = self
            .chosen
            .as_deref()
            .or(self.references.first().copied())?;
        Some((property, name_of(own).to_owned()))
    }

    /// Whether the discriminator says which schemas there are, and none of them is this one.
    pub fn undecided(&self) -> Option<&'a str> {
        if self.chosen.is_some() {
            return None;
        }
        let is_known = |target: &str| self.references.iter().any(|known| same(known, target));
        let mut targets = self.mapping().map(|(_, target)| target);
        let first = targets.next()?;
        (!is_known(first) && !targets.any(is_known)).then_some(first)
    }

    fn mapping(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mapping = self
            .word("discriminator")
            .and_then(|found| found.get("mapping"));
        mapping
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .filter_map(|(value, target)| Some((value.as_str(), target.as_str()?)))
    }
}

/// Whether two references name the same schema; a discriminator may give the name alone.
fn same(reference: &str, target: &str) -> bool {
    reference == target || (!target.contains('/') && name_of(reference) == target)
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Object,
    Array,
    Text,
    Integer,
    Number,
    Boolean,
    Null,
    Any,
}

impl Kind {
    fn named(name: &str) -> Self {
        match name {
            "object" => Self::Object,
            "array" => Self::Array,
            "string" | "file" => Self::Text,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "null" => Self::Null,
            _ => Self::Any,
        }
    }
}
