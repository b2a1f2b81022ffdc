//! From marks about webhook calls to samples of the run.

use std::rc::Rc;

use super::aggregate::Aggregate;
use crate::hooks::{CannotListen, Event, Hooks, Why};
use crate::metrics::{Builtin, Tags};
use crate::options::Options;

/// Counters of what the listener sees, whose owner may have gone long ago.
const SEEN: [Event; 6] = [
    Event::Received,
    Event::Duplicate,
    Event::OutOfOrder,
    Event::Unexpected(Why::Unknown),
    Event::BadSignature,
    Event::Dropped,
];

/// Listens, for a script that receives webhooks. Its counters begin at nothing, so that an objective on one has what it judges.
///
/// # Errors
/// When the address cannot be had.
pub fn listen(
    hooks: &Hooks,
    options: &Options,
    aggregate: &mut Aggregate,
) -> Result<(), CannotListen> {
    hooks.listen()?;
    for event in SEEN {
        // A reason is named when there is one.
        let tags = tags_of(options, None, None);
        aggregate.count(metric_of(event), tags, 0.0);
        for scenario in &options.scenarios {
            let tags = tags_of(options, Some(&scenario.name), None);
            aggregate.count(metric_of(event), tags, 0.0);
        }
    }
    Ok(())
}

/// Counts what was marked since the last time.
pub fn count(hooks: &Hooks, options: &Options, aggregate: &mut Aggregate) {
    for (event, scenario, times) in hooks.desk().tally.take() {
        let reason = match event {
            Event::Unexpected(why) => Some(why.as_str()),
            _ => None,
        };
        let tags = tags_of(options, scenario.as_deref(), reason);
        aggregate.count(metric_of(event), tags, times as f64);
    }
}

const fn metric_of(event: Event) -> Builtin {
    match event {
        Event::Received => Builtin::WebhookReceived,
        Event::Duplicate => Builtin::WebhookDuplicate,
        Event::OutOfOrder => Builtin::WebhookOutOfOrder,
        Event::Unexpected(_) => Builtin::WebhookUnexpected,
        Event::BadSignature => Builtin::WebhookBadSignature,
        Event::Dropped => Builtin::WebhookDropped,
    }
}

/// As a virtual user of the scenario has them.
fn tags_of(options: &Options, scenario: Option<&str>, reason: Option<&str>) -> Tags {
    let known = options
        .scenarios
        .iter()
        .find(|known| Some(known.name.as_str()) == scenario);
    let own = known.into_iter().flat_map(|scenario| &scenario.tags);
    let given = options
        .tags
        .iter()
        .chain(own)
        .map(|(key, value)| (key.as_str(), value.as_str()));
    let named = scenario.map(|name| ("scenario", name));
    let reason = reason.map(|reason| ("reason", reason));
    let pairs = given.chain(named).chain(reason);
    Tags::new(pairs.map(|(key, value)| (Rc::from(key), Rc::from(value))))
}
