//! What an iteration is, the script's options, and what of it is told.

use std::collections::BTreeSet;

use super::security::Need;
use crate::convert::Settings;
use crate::convert::journey::{Function, Item, Think};

/// Users read more often than they write.
const READING: u32 = 3;

/// Seconds that a user pauses after an iteration, at least and at most.
const PAUSE: (f64, f64) = (0.5, 1.5);

/// A tag's function.
pub struct Part {
    /// The call of its function.
    pub call: String,
    /// Whether it only reads.
    pub reads: bool,
    pub needs: BTreeSet<Need>,
}

/// What an iteration is, and all of it once.
pub fn functions(parts: &[Part], needy: bool, settings: &Settings) -> Vec<Function> {
    let parameters = if needy {
        vec!["ctx".to_owned()]
    } else {
        Vec::new()
    };
    let pause = (settings.think > 0.0).then_some(Item::Think(Think::Uniform {
        min: PAUSE.0 * settings.think,
        max: PAUSE.1 * settings.think,
    }));
    let mut function = Function {
        name: "iteration".to_owned(),
        parameters: parameters.clone(),
        ..Function::default()
    };
    if let [only] = parts {
        function
            .items
            .push(Item::Code(vec![format!("{};", only.call)]));
        function.items.extend(pause);
        return vec![function];
    }
    let mut lines = vec!["flow::choose([".to_owned()];
    lines.extend(
        parts
            .iter()
            .map(|part| format!("    [{}, || {}],", weight(part), part.call)),
    );
    lines.push("]);".to_owned());
    function
        .doc
        .push("What one user does: the numbers say how often.".to_owned());
    function.items.push(Item::Code(lines));
    function.items.extend(pause);
    let everything = Function {
        name: "everything".to_owned(),
        parameters,
        doc: vec!["All of it, one after the other.".to_owned()],
        items: vec![Item::Code(
            parts.iter().map(|part| format!("{};", part.call)).collect(),
        )],
    };
    vec![function, everything]
}

fn weight(part: &Part) -> u32 {
    if part.reads { READING } else { 1 }
}

/// So many of something.
pub fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}
