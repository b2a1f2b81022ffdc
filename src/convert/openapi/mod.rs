//! OpenAPI 3: a description of a service becomes users who call all of it.
//!
//! ```text
//! api       which operations there are              refs, schema   what `$ref`, `allOf` and the like say together
//! feeds     whose response has whose id             example        values that schemas describe
//! order     create, read, update, delete            parameters, bodies, security   what a request carries
//! script    all of this as a journey             mains, names   its main functions, what things are called
//! ```
//!
//! Nothing is fetched: a reference into another file is told to the user and counts as a schema that allows everything.

mod api;
mod bodies;
mod example;
mod feeds;
mod mains;
mod names;
mod order;
mod parameters;
mod refs;
mod schema;
mod script;
mod security;
mod servers;

use super::{Error, Importer, Input, Journey, Setting, Settings, document};

/// The importer of OpenAPI documents.
#[derive(Debug)]
pub struct OpenApi;

impl Importer for OpenApi {
    fn name(&self) -> &'static str {
        "openapi"
    }

    fn reads(&self) -> &'static str {
        "an OpenAPI 3.x document (.yaml or .json)"
    }

    fn takes(&self) -> &'static [Setting] {
        &[Setting::Think]
    }

    fn import(&self, input: Input<'_>, settings: &Settings) -> Result<Journey, Error> {
        let name = input.name.clone();
        let text = input.into_text()?;
        let root = document::json_or_yaml(&text).map_err(|error| error.of(&name, &text))?;
        // The text of a large document is as large again.
        drop(text);
        let api = api::Api::read(&root, &name)?;
        Ok(script::journey(api, &name, settings))
    }
}
