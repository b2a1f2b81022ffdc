//! Experiments of the Chaos Toolkit: its probes become a load with objectives, its actions faults.
//!
//! ```text
//! values      configuration and secrets: what `${name}` stands for
//! activity    one probe or action, as the document has it
//! request     what its provider `http` sends, and what is expected
//! deed        what an action breaks, or puts right
//! kubernetes  the same, of actions on a cluster
//! timeline    when each fault begins and ends
//! script      all of this as a journey
//! ```
//!
//! An experiment looks twice, before and after; a run looks all the time. So the probes are sent as requests from the start to the end,
//! what must be steady before is asked before the first fault, and what must be well after is an objective of a scenario that
//! begins when all is undone.

mod activity;
mod deed;
mod kubernetes;
mod request;
mod script;
mod timeline;
mod values;

use serde_json::Value as Json;

use super::{Error, Importer, Input, Journey, Settings, document};

/// The importer of the Chaos Toolkit's experiments.
#[derive(Debug)]
pub struct ChaosToolkit;

impl Importer for ChaosToolkit {
    fn name(&self) -> &'static str {
        "chaostoolkit"
    }

    fn reads(&self) -> &'static str {
        "an experiment of the Chaos Toolkit (.json, .yaml)"
    }

    fn import(&self, input: Input<'_>, _: &Settings) -> Result<Journey, Error> {
        let name = input.name.clone();
        let text = input.into_text()?;
        let root = document::json_or_yaml(&text).map_err(|error| error.of(&name, &text))?;
        script::journey(experiment(&root, &name)?, &name)
    }
}

/// The experiment of a document: itself, or the one that a journal tells of.
fn experiment<'d>(root: &'d Json, name: &str) -> Result<&'d Json, Error> {
    let inner = match root.get("experiment") {
        Some(inner) if root.get("chaoslib-version").is_some() => inner,
        _ => root,
    };
    let has = |key: &str| inner.get(key).is_some_and(|value| !value.is_null());
    if has("method") || has("steady-state-hypothesis") {
        return Ok(inner);
    }
    Err(Error::new(
        format!("{name}: this is no experiment of the Chaos Toolkit"),
        "one has a `method`, or a `steady-state-hypothesis`, at its top",
    ))
}
