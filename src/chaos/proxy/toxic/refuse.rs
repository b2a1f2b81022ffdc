//! Nobody is let in.

use serde_json::{Map, Value};

use super::{Arrival, Attributes, Fit, Fitting, Gate, Kind, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::Close;

pub(super) const KIND: Kind = Kind {
    name: "refuse",
    about: "resets new connections at once; open ones go on",
    attributes: &[],
    make,
};

#[derive(Debug, Clone, Copy)]
struct Refuse;

fn make(_: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(Refuse))
}

impl Toxic for Refuse {
    fn attributes(&self) -> Map<String, Value> {
        Map::new()
    }

    fn gate(&self, _: &mut Arrival) -> Gate {
        Gate::Away(Close::Reset)
    }

    fn fit(&self, _: Fitting) -> Fit {
        Fit::Nothing
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fitting, gate, made};
    use super::*;

    #[test]
    fn new_connections_are_reset_and_open_ones_left_alone() {
        let toxic = made("refuse", "{}");
        assert!(matches!(gate(toxic.as_ref()), Gate::Away(Close::Reset)));
        assert!(matches!(toxic.fit(fitting()), Fit::Nothing));
    }
}
