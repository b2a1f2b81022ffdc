//! Tag sets, interned: a sample carries a small number instead of a map of strings.

use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::lengths::shared_name;

/// Key and value pairs, sorted by key, each key once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Tags(Rc<[(Rc<str>, Rc<str>)]>);

impl Tags {
    /// Tags of these pairs, cut to the length of a [name](crate::lengths::NAME); of pairs with the same key the last wins. A pair
    /// without a key or without a value is no tag: outputs know none, and would take two tag sets for one.
    pub fn new(pairs: impl IntoIterator<Item = (Rc<str>, Rc<str>)>) -> Self {
        let mut sorted: Vec<(Rc<str>, Rc<str>)> = Vec::new();
        for (key, value) in pairs {
            let (key, value) = (shared_name(key), shared_name(value));
            match sorted.binary_search_by(|(other, _)| other.cmp(&key)) {
                Ok(at) => sorted[at].1 = value,
                Err(at) => sorted.insert(at, (key, value)),
            }
        }
        sorted.retain(|(key, value)| !key.is_empty() && !value.is_empty());
        Self(sorted.into())
    }

    /// These tags with `pairs` added over them.
    #[must_use]
    pub fn with(&self, pairs: impl IntoIterator<Item = (Rc<str>, Rc<str>)>) -> Self {
        Self::new(self.0.iter().cloned().chain(pairs))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .binary_search_by(|(other, _)| (**other).cmp(key))
            .ok()
            .map(|at| &*self.0[at].1)
    }

    /// The pairs, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }

    /// Owned pairs that may leave the thread.
    pub fn to_owned_pairs(&self) -> Vec<(String, String)> {
        self.iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect()
    }
}

/// The number of an interned tag set in one [`TagInterner`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagSetId(pub(super) u32);

/// Gives each distinct tag set a number, up to a cap. Past it, new sets are folded: only tags of few values are kept, and the name
/// becomes `other`, so that memory stays bounded when a script puts an id into a name.
#[derive(Debug)]
pub struct TagInterner {
    sets: Vec<Tags>,
    ids: FxHashMap<Tags, TagSetId>,
    cap: usize,
    folded: u64,
}

/// What the name of samples becomes that were folded.
const OTHER: &str = "other";

/// Whether a tag survives folding: there cannot be many values of it. Without its status a request would count as one that got none,
/// and without whether it was expected as one that did not fail.
pub fn survives_folding(key: &str) -> bool {
    // Scenarios are bounded by the script itself.
    matches!(key, "scenario" | "status" | "expected_response")
}

/// Whether the value is one of the few that such a tag has.
fn is_bounded(key: &str, value: &str) -> bool {
    survives_folding(key)
        && match key {
            "status" => value.len() <= 3 && value.bytes().all(|digit| digit.is_ascii_digit()),
            "expected_response" => matches!(value, "true" | "false"),
            _ => true,
        }
}

/// Whether tags are what folding leaves.
pub fn is_folded<'t>(tags: impl IntoIterator<Item = (&'t String, &'t String)>) -> bool {
    let mut named = false;
    tags.into_iter().all(|(key, value)| {
        let name = key == "name" && value == OTHER;
        named |= name;
        name || survives_folding(key)
    }) && named
}

impl TagInterner {
    /// The set without tags, always present.
    pub const EMPTY: TagSetId = TagSetId(0);

    /// An interner that holds at most `cap` sets (and the few that folding makes).
    pub fn new(cap: usize) -> Self {
        let empty = Tags::default();
        Self {
            sets: vec![empty.clone()],
            ids: FxHashMap::from_iter([(empty, Self::EMPTY)]),
            cap,
            folded: 0,
        }
    }

    /// The number of `tags`.
    pub fn intern(&mut self, tags: Tags) -> TagSetId {
        if let Some(&id) = self.ids.get(&tags) {
            return id;
        }
        if self.sets.len() < self.cap {
            return self.insert(tags);
        }
        self.folded += 1;
        let other: Rc<str> = OTHER.into();
        let name: Rc<str> = "name".into();
        let kept = tags.0.iter().filter(|(key, value)| is_bounded(key, value));
        let kept = kept.cloned();
        let folded = Tags::new(kept.chain([(name, other)]));
        match self.ids.get(&folded) {
            Some(&id) => id,
            None => self.insert(folded),
        }
    }

    fn insert(&mut self, tags: Tags) -> TagSetId {
        // A run cannot hold four billion tag sets: the cap is a usize that memory bounds far below.
        let id = TagSetId(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        self.sets.push(tags.clone());
        self.ids.insert(tags, id);
        id
    }

    /// The tags with that number.
    pub fn get(&self, id: TagSetId) -> &Tags {
        self.sets.get(id.0 as usize).unwrap_or(&self.sets[0])
    }

    /// How many look-ups were folded into `other`.
    pub fn folded(&self) -> u64 {
        self.folded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        Tags::new(pairs.iter().map(|(k, v)| (Rc::from(*k), Rc::from(*v))))
    }

    #[test]
    fn order_does_not_matter_and_the_last_value_wins() {
        assert_eq!(
            tags(&[("b", "2"), ("a", "1")]),
            tags(&[("a", "1"), ("b", "0"), ("b", "2")])
        );
        assert_eq!(tags(&[("a", "1")]).get("a"), Some("1"));
        assert_eq!(tags(&[("a", "1")]).get("b"), None);
    }

    #[test]
    fn a_page_in_a_tag_is_not_kept() {
        let page = "x".repeat(100_000);
        let tags = tags(&[("page", &page), (&page, "y")]);
        assert!(tags.iter().all(|(k, v)| k.len() < 300 && v.len() < 300));
        assert!(tags.get("page").unwrap().ends_with('…'));
    }

    #[test]
    fn equal_sets_share_a_number() {
        let mut interner = TagInterner::new(10);
        let first = interner.intern(tags(&[("a", "1")]));
        assert_eq!(first, interner.intern(tags(&[("a", "1")])));
        assert_ne!(first, interner.intern(tags(&[("a", "2")])));
    }

    #[test]
    fn past_the_cap_only_what_has_few_values_is_kept() {
        let mut interner = TagInterner::new(2);
        interner.intern(tags(&[("scenario", "s"), ("name", "1")]));
        let few = [
            ("scenario", "s"),
            ("status", "200"),
            ("expected_response", "true"),
        ];
        let set = |name| tags(&[&few[..], &[("name", name), ("method", name)]].concat());
        let surplus = interner.intern(set("2"));
        assert_eq!(
            *interner.get(surplus),
            tags(&[&few[..], &[("name", "other")]].concat())
        );
        assert_eq!(surplus, interner.intern(set("3")));
        let many = tags(&[
            ("scenario", "s"),
            ("status", "id-17"),
            ("expected_response", "17"),
        ]);
        let folded = interner.intern(many);
        assert_eq!(
            *interner.get(folded),
            tags(&[("scenario", "s"), ("name", "other")])
        );
        assert_eq!(interner.folded(), 3);
    }
}
