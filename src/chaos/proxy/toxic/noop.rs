//! Nothing at all.

use serde_json::{Map, Value};

use super::{Attributes, Fit, Fitting, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;

pub(super) const KIND: Kind = Kind {
    name: "noop",
    about: "does nothing",
    attributes: &[],
    make,
};

#[derive(Debug)]
struct Noop;

fn make(_: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(Noop))
}

impl Toxic for Noop {
    fn attributes(&self) -> Map<String, Value> {
        Map::new()
    }

    fn fit(&self, _: Fitting) -> Fit {
        Fit::Nothing
    }
}
