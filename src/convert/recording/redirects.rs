//! Redirects: a script follows them, so that what a response led to is no request of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::Kept;

/// How many exchanges later the rest of a redirect may be.
const REDIRECT_WITHIN: usize = 50;

/// Which exchanges are the rest of an earlier one.
pub struct Redirects {
    pub skipped: BTreeSet<usize>,
    /// Where an exchange that was sent on ends.
    pub ends: BTreeMap<usize, usize>,
    /// Those that were sent on to where the recording does not follow.
    pub open: BTreeSet<usize>,
}

/// Finds them.
pub fn redirects(kept: &[Kept]) -> Redirects {
    let mut found = Redirects {
        skipped: BTreeSet::new(),
        ends: BTreeMap::new(),
        open: BTreeSet::new(),
    };
    for (start, exchange) in kept.iter().enumerate() {
        if found.skipped.contains(&start) {
            continue;
        }
        let (mut at, mut last) = (start, exchange);
        while let Some(target) = last.exchange.redirect() {
            let target = last.url.join(target).ok().map(without_fragment);
            let next = kept
                .iter()
                .enumerate()
                .skip(at + 1)
                .take(REDIRECT_WITHIN)
                .find(|(next, kept)| {
                    !found.skipped.contains(next)
                        && Some(without_fragment(kept.url.clone())) == target
                });
            match next {
                Some((next, exchange)) => {
                    found.skipped.insert(next);
                    found.ends.insert(start, next);
                    (at, last) = (next, exchange);
                }
                None => {
                    found.open.insert(start);
                    break;
                }
            }
        }
    }
    found
}

fn without_fragment(mut url: url::Url) -> url::Url {
    url.set_fragment(None);
    url
}
