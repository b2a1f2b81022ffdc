//! Example values: what a schema describes, made so that a service accepts it and, where it can be, another one each time.
//!
//! [`Maker::make`] takes a schema, and gives a [`Made`]: a value, parts of which are calls of `fake`, `random` or `time`. What
//! the document gives as an example, a default or a constant is taken as it is. A schema that contains itself ends where
//! it may be left out.

mod hints;
pub use hints::words;
mod numbers;
mod pattern;
mod texts;

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value as Json};

use super::refs::{Lost, Refs, reference_of};
use super::schema::{Kind, Schema};
use crate::convert::text::{Text, Value};

/// Maps and lists in each other at most; an expression of a script may be nested 48 deep.
const DEEPEST: usize = 20;

/// From here on, only what is required.
const DEEP: usize = 5;

/// Values of one example, above which only what is required is made.
const MANY: usize = 250;

/// Schemas looked at for one example at most: those that fan out end here.
const MOST: usize = 5_000;

/// Elements of a list at most, however many it must have.
const LONGEST: usize = 50;

/// An example value.
#[derive(Debug, Clone, PartialEq)]
pub enum Made {
    Plain(Json),
    /// A Rhai expression, and a value such as it gives.
    Call {
        code: String,
        like: Json,
    },
    List(Vec<Made>),
    Map(Vec<(String, Made)>),
}

impl Made {
    fn text(text: impl Into<String>) -> Self {
        Self::Plain(Json::String(text.into()))
    }

    fn call(code: impl Into<String>, like: impl Into<Json>) -> Self {
        Self::Call {
            code: code.into(),
            like: like.into(),
        }
    }

    /// As a value of a script.
    pub fn into_value(self) -> Value {
        match self {
            Self::Plain(json) => json.into(),
            Self::Call { code, .. } => Value::Code(code),
            Self::List(items) => Value::List(items.into_iter().map(Self::into_value).collect()),
            Self::Map(fields) => Value::map(
                fields
                    .into_iter()
                    .map(|(name, made)| (name, made.into_value())),
            ),
        }
    }

    /// As a text: a field of a form, a part of a URL. Lists and maps become JSON.
    pub fn into_text(self) -> Text {
        match self {
            Self::Plain(Json::String(text)) => text.into(),
            Self::Plain(Json::Null) => Text::default(),
            Self::Plain(json @ (Json::Bool(_) | Json::Number(_))) => json.to_string().into(),
            // A number drawn at random is no text that could be escaped.
            Self::Call {
                like: like @ Json::Number(_),
                ..
            } => like.to_string().into(),
            Self::Call { code, .. } => Text::code(code),
            other => other.into_like().to_string().into(),
        }
    }

    /// A value such as the script will make.
    pub fn into_like(self) -> Json {
        match self {
            Self::Plain(json) => json,
            Self::Call { like, .. } => like,
            Self::List(items) => items.into_iter().map(Self::into_like).collect(),
            Self::Map(fields) => Json::Object(
                fields
                    .into_iter()
                    .map(|(name, made)| (name, made.into_like()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}

/// No finite value follows this schema, or none of a sensible size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endless;

/// Makes examples of the schemas of one document.
#[derive(Debug)]
pub struct Maker<'a> {
    refs: Refs<'a>,
    /// References that were followed and lead to nothing.
    pub lost: BTreeSet<Lost>,
    /// What was made of a reference, for something of that name; the name is empty where it did not count.
    known: HashMap<(&'a str, String), Result<Made, Endless>>,
    /// References whose values are being made.
    open: Vec<&'a str>,
    depth: usize,
    looked: usize,
    made: usize,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
struct Place<'p> {
    /// The field's name; empty where there is none.
    name: &'p str,
    /// The name of what it is a field of.
    owner: &'p str,
}

impl<'a> Maker<'a> {
    pub fn new(refs: Refs<'a>) -> Self {
        Self {
            refs,
            lost: BTreeSet::new(),
            known: HashMap::new(),
            open: Vec::new(),
            depth: 0,
            looked: 0,
            made: 0,
        }
    }

    /// All that a schema says.
    pub fn schema(&mut self, schema: &'a Json) -> Schema<'a> {
        Schema::of(self.refs, &[schema], &mut self.lost)
    }

    /// An example of a schema, for something of that name.
    ///
    /// # Errors
    /// When it would have no end.
    pub fn make(&mut self, schema: &'a Json, name: &str) -> Result<Made, Endless> {
        let Some(reference) = reference_of(schema) else {
            return self.afresh(schema, name);
        };
        for name in ["", name] {
            if let Some(known) = self.known.get(&(reference, name.to_owned())) {
                return known.clone();
            }
        }
        let made = self.afresh(schema, name);
        // The fields of what has a name of its own are called after that.
        let own = matches!(&made, Ok(Made::Map(fields)) if !fields.is_empty());
        let name = if own { "" } else { name };
        self.known
            .insert((reference, name.to_owned()), made.clone());
        made
    }

    fn afresh(&mut self, schema: &'a Json, name: &str) -> Result<Made, Endless> {
        self.open.clear();
        (self.depth, self.looked, self.made) = (0, 0, 0);
        self.any(&[schema], Place { name, owner: "" })
    }

    fn any(&mut self, schemas: &[&'a Json], place: Place<'_>) -> Result<Made, Endless> {
        self.look(schemas)?;
        let schema = Schema::of(self.refs, schemas, &mut self.lost);
        self.of(schema, place)
    }

    /// Counts a look at schemas that a value must follow all.
    fn look(&mut self, schemas: &[&'a Json]) -> Result<(), Endless> {
        self.looked += 1;
        let is_nothing = schemas.iter().any(|schema| **schema == Json::Bool(false));
        if self.depth > DEEPEST || self.looked > MOST || is_nothing {
            return Err(Endless);
        }
        Ok(())
    }

    fn of(&mut self, mut schema: Schema<'a>, place: Place<'_>) -> Result<Made, Endless> {
        if let Some(given) = given(&schema) {
            return Ok(Made::Plain(given));
        }
        if schema
            .references
            .iter()
            .any(|known| self.open.contains(known))
        {
            return if schema.nullable() {
                Ok(Made::Plain(Json::Null))
            } else {
                Err(Endless)
            };
        }
        if let Some(choices) = schema.choices.pop() {
            return self.first_of(&schema, choices, place);
        }
        if let Some(target) = schema.undecided() {
            let reference = if target.contains('/') {
                target.to_owned()
            } else {
                format!("#/components/schemas/{target}")
            };
            if let Ok(target) = self.refs.find(&reference) {
                // The subtype refers to this schema in turn, whose words are known already.
                schema.absorb(self.refs, target, &mut self.lost);
                schema.chosen = Some(reference);
                return self.of(schema, place);
            }
        }
        self.made += 1;
        let opened = self.open.len();
        self.open.extend(&schema.references);
        self.depth += 1;
        let made = match schema.kind() {
            Kind::Object => self.object(&schema, place),
            Kind::Array => self.array(&schema, place),
            Kind::Text => Ok(texts::make(&schema, place)),
            Kind::Integer => Ok(numbers::make(&schema, true)),
            Kind::Number => Ok(numbers::make(&schema, false)),
            Kind::Boolean => Ok(Made::Plain(Json::Bool(true))),
            Kind::Null => Ok(Made::Plain(Json::Null)),
            Kind::Any if place.name.is_empty() => Ok(Made::Map(Vec::new())),
            Kind::Any => Ok(texts::make(&schema, place)),
        };
        self.depth -= 1;
        self.open.truncate(opened);
        match made {
            Err(Endless) if schema.nullable() => Ok(Made::Plain(Json::Null)),
            made => made,
        }
    }

    /// The first of several schemas that has an end, and is not nothing if it can be helped.
    fn first_of(
        &mut self,
        schema: &Schema<'a>,
        choices: &'a [Json],
        place: Place<'_>,
    ) -> Result<Made, Endless> {
        let mut nothing = false;
        for choice in choices {
            self.looked += 1;
            let reference = reference_of(choice);
            if self.looked > MOST {
                break;
            }
            if reference.is_some_and(|reference| schema.references.contains(&reference)) {
                continue;
            }
            let mut merged = schema.clone();
            merged.absorb(self.refs, choice, &mut self.lost);
            if merged.kind() == Kind::Null {
                nothing = true;
                continue;
            }
            if let Some(reference) = reference {
                merged.chosen = Some(reference.to_owned());
            }
            if let Ok(made) = self.of(merged, place) {
                return Ok(made);
            }
        }
        if nothing {
            Ok(Made::Plain(Json::Null))
        } else {
            Err(Endless)
        }
    }

    fn object(&mut self, schema: &Schema<'a>, place: Place<'_>) -> Result<Made, Endless> {
        let tag = schema.discriminator();
        let owner = match schema.references.first() {
            Some(reference) => super::refs::name_of(reference),
            None => place.name,
        };
        let mut fields: Vec<(String, Made)> = Vec::new();
        for (name, schemas) in &schema.properties {
            let required = schema.required.contains(name);
            if let Some((property, value)) = &tag
                && property == name
            {
                fields.push(((*name).to_owned(), Made::text(value.clone())));
                continue;
            }
            if !required && (self.depth > DEEP || self.made > MANY || self.looked > MOST) {
                continue;
            }
            let inner = Schema::of(self.refs, schemas, &mut self.lost);
            if inner.flag("readOnly") {
                continue;
            }
            let made = self.look(schemas);
            match made.and_then(|()| self.of(inner, Place { name, owner })) {
                Ok(made) => fields.push(((*name).to_owned(), made)),
                Err(Endless) if required => return Err(Endless),
                Err(Endless) => {}
            }
        }
        let missing = schema
            .required
            .iter()
            .filter(|name| !schema.has_property(name));
        for name in missing {
            let made = match &tag {
                Some((property, value)) if property == name => Made::text(value.clone()),
                _ => self.additional(schema, Place { name, owner })?,
            };
            fields.push(((*name).to_owned(), made));
        }
        let least = schema.count("minProperties").unwrap_or(0).min(LONGEST);
        let may = fields.is_empty()
            && matches!(schema.word("additionalProperties"), Some(Json::Object(_)));
        while fields.len() < least || (may && fields.is_empty()) {
            let name = format!("key{}", fields.len() + 1);
            match self.additional(schema, Place { name: &name, owner }) {
                Ok(made) => fields.push((name.clone(), made)),
                Err(Endless) if fields.len() >= least => break,
                Err(Endless) => return Err(Endless),
            }
        }
        Ok(Made::Map(fields))
    }

    /// A property that the schema does not name.
    fn additional(&mut self, schema: &Schema<'a>, place: Place<'_>) -> Result<Made, Endless> {
        match schema.word("additionalProperties") {
            Some(additional @ Json::Object(_)) => self.any(&[additional], place),
            _ => Ok(texts::make(&Schema::default(), place)),
        }
    }

    fn array(&mut self, schema: &Schema<'a>, place: Place<'_>) -> Result<Made, Endless> {
        let least = schema.count("minItems").unwrap_or(0).min(LONGEST);
        let most = schema.count("maxItems").unwrap_or(usize::MAX);
        let wanted = least.max(1).min(most);
        let first = match schema.word("prefixItems").and_then(Json::as_array) {
            Some(items) => items.as_slice(),
            None => &[],
        };
        let rest = schema.word("items");
        let singular = place.name.strip_suffix('s').unwrap_or(place.name);
        let place = Place {
            name: singular,
            ..place
        };
        let mut items: Vec<Made> = Vec::new();
        for at in 0..wanted.max(first.len().min(most)) {
            let made = match first.get(at).or(rest) {
                Some(item) => self.any(&[item], place),
                None => Ok(texts::make(&Schema::default(), place)),
            };
            match made {
                Ok(made) if schema.flag("uniqueItems") && items.contains(&made) => {
                    match another(self.choices_of(rest), made, at) {
                        Some(made) => items.push(made),
                        None => break,
                    }
                }
                Ok(made) => items.push(made),
                Err(Endless) if at >= least => break,
                Err(Endless) => return Err(Endless),
            }
        }
        Ok(Made::List(items))
    }

    /// The values that the elements of a list are chosen from.
    fn choices_of(&mut self, items: Option<&'a Json>) -> &'a [Json] {
        let schema = items.map(|items| self.schema(items)).unwrap_or_default();
        let values = schema.word("enum").and_then(Json::as_array);
        values.map(Vec::as_slice).unwrap_or_default()
    }
}

/// The value that the document itself gives, if any.
fn given(schema: &Schema<'_>) -> Option<Json> {
    let example = || schema.word("example").cloned();
    let examples = || match schema.word("examples") {
        Some(Json::Array(examples)) => examples.first().cloned(),
        _ => None,
    };
    let chosen = || {
        let values = schema.word("enum")?.as_array()?;
        let first = values.iter().find(|value| !value.is_null());
        first.or(values.first()).cloned()
    };
    let found = schema
        .word("const")
        .cloned()
        .or_else(example)
        .or_else(examples)
        .or_else(|| {
            schema
                .word("default")
                .filter(|value| !value.is_null())
                .cloned()
        })
        .or_else(chosen)?;
    // Many documents write the example of a text or a list in another type than their own schema's.
    let fits = match schema.kind() {
        Kind::Text => found.is_string(),
        Kind::Integer | Kind::Number => found.is_number(),
        Kind::Boolean => found.is_boolean(),
        Kind::Array => found.is_array(),
        Kind::Object => found.is_object(),
        Kind::Null | Kind::Any => true,
    };
    if fits || (found.is_null() && schema.nullable()) {
        return Some(found);
    }
    match (schema.kind(), &found) {
        (Kind::Text, Json::Number(number)) => Some(Json::String(number.to_string())),
        (Kind::Text, Json::Bool(flag)) => Some(Json::String(flag.to_string())),
        (Kind::Integer | Kind::Number | Kind::Boolean, Json::String(text)) => {
            serde_json::from_str(text)
                .ok()
                .filter(|value: &Json| !value.is_string())
        }
        _ => None,
    }
}

/// A value beside one that is in the list already.
fn another(choices: &[Json], made: Made, at: usize) -> Option<Made> {
    if let Some(choice) = choices.get(at) {
        return Some(Made::Plain(choice.clone()));
    }
    match made {
        // Each call gives another value.
        Made::Call { .. } => Some(made),
        Made::Plain(Json::Number(number)) if choices.is_empty() => {
            let number = number.as_i64()?.checked_add(i64::try_from(at).ok()?)?;
            Some(Made::Plain(number.into()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
