//! Postman: a collection becomes one journey, folders as groups, requests in their order.
//!
//! ```text
//! variables   what `{{name}}` stands for: the environment, an earlier response, something made up
//! request     a request: its URL, headers, credentials, body
//! templates   texts and JSON with `{{name}}` in them
//! javascript  the common lines of test scripts as checks and extractions
//! script      all of this as a journey
//! ```

mod address;
mod javascript;
mod request;
mod script;
mod templates;
mod variables;

use std::path::Path;

use serde_json::Value as Json;

use super::{Error, Importer, Input, Journey, Setting, Settings, document};

/// The importer of Postman's collections.
#[derive(Debug)]
pub struct Postman;

impl Importer for Postman {
    fn name(&self) -> &'static str {
        "postman"
    }

    fn reads(&self) -> &'static str {
        "a Postman collection 2.1 (.json)"
    }

    fn takes(&self) -> &'static [Setting] {
        &[Setting::Think, Setting::Environment]
    }

    fn import(&self, input: Input<'_>, settings: &Settings) -> Result<Journey, Error> {
        let name = input.name.clone();
        let collection = collection(read(input)?, &name)?;
        let environment = settings
            .environment
            .as_deref()
            .map(environment)
            .transpose()?;
        script::journey(&collection, environment.as_ref(), &name, settings)
    }
}

fn read(input: Input<'_>) -> Result<Json, Error> {
    let name = input.name.clone();
    let text = input.into_text()?;
    document::json(&text).map_err(|error| error.of(&name, &text))
}

/// The collection of a document, if it is one of a version that is known.
fn collection(mut root: Json, name: &str) -> Result<Json, Error> {
    const EXPORT: &str = "in Postman: the collection's menu, Export, Collection v2.1";
    // What Postman's own service answers with has the collection inside.
    if let Some(inner) = root
        .get_mut("collection")
        .filter(|inner| inner.get("info").is_some())
    {
        root = inner.take();
    }
    if root.get("requests").is_some() && root.get("order").is_some() {
        return Err(Error::new(
            format!("{name}: this is a collection of the version 1.0, which is not read"),
            format!("export it anew as 2.1; {EXPORT}"),
        ));
    }
    if root.get("values").is_some() && root.get("item").is_none() {
        return Err(Error::new(
            format!("{name}: this is an environment, not a collection"),
            "give the collection, and this file with --environment",
        ));
    }
    if root.get("openapi").is_some() || root.get("swagger").is_some() {
        return Err(Error::new(
            format!("{name}: this is a description of an API"),
            "`rhaid convert openapi` reads those",
        ));
    }
    let schema = root
        .get("info")
        .and_then(|info| info.get("schema")?.as_str());
    if let Some(schema) = schema
        && schema.contains("/collection/")
        && !schema.contains("/v2.")
    {
        return Err(Error::new(
            format!(
                "{name}: only collections of the versions 2.0 and 2.1 are read, and this one follows {schema}"
            ),
            EXPORT,
        ));
    }
    match root.get("item") {
        Some(Json::Array(items)) if !items.is_empty() => Ok(root),
        Some(Json::Array(_)) => Err(Error::new(
            format!("{name}: the collection is empty"),
            "there must be a request in it",
        )),
        _ => Err(Error::new(
            format!("{name}: this is no Postman collection: there is no list `item` at its top"),
            EXPORT,
        )),
    }
}

fn environment(path: &Path) -> Result<Json, Error> {
    let name = path.display().to_string();
    let input = Input::open(path)
        .map_err(|error| Error::plain(format!("cannot read the environment `{name}`: {error}")))?;
    let root = read(input)?;
    if root.get("values").is_none_or(|values| !values.is_array()) {
        return Err(Error::new(
            format!("{name}: this is no Postman environment: there is no list `values` at its top"),
            "in Postman: Environments, the environment's menu, Export",
        ));
    }
    Ok(root)
}
