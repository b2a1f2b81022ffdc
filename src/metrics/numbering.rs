//! Which series is which: every recorder numbers its own, and who adds them up needs one number for each.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// Tags as they stand in results.
pub type TagMap = BTreeMap<String, String>;

/// Numbers of the series of several recorders, from zero on in the order in which they came about.
#[derive(Debug, Default)]
pub struct Numbering {
    index: HashMap<(String, Arc<TagMap>), usize>,
    /// Each that a series has, once: a request alone has a dozen series of the same tags.
    tag_sets: HashSet<Arc<TagMap>>,
    /// Per recorder: its own number to ours.
    maps: Vec<Vec<usize>>,
}

impl Numbering {
    /// The next series that a recorder tells of: our number for it, and its tags.
    pub fn enter(
        &mut self,
        recorder: usize,
        name: &str,
        tags: &[(String, String)],
    ) -> (usize, Arc<TagMap>) {
        let tags = self.share(Arc::new(tags.iter().cloned().collect()));
        let next = self.index.len();
        let key = (name.to_owned(), tags.clone());
        let number = *self.index.entry(key).or_insert(next);
        if self.maps.len() <= recorder {
            self.maps.resize_with(recorder + 1, Vec::new);
        }
        if let Some(map) = self.maps.get_mut(recorder) {
            map.push(number);
        }
        (number, tags)
    }

    /// Our number for a series that a recorder knows by this one.
    pub fn number_of(&self, recorder: usize, number: u32) -> Option<usize> {
        self.maps.get(recorder)?.get(number as usize).copied()
    }

    /// The one among the known tag sets that is like this, which is known from now on.
    pub fn share(&mut self, tags: Arc<TagMap>) -> Arc<TagMap> {
        if let Some(known) = self.tag_sets.get(&tags) {
            return known.clone();
        }
        self.tag_sets.insert(tags.clone());
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_one_name_and_tags_are_one_whoever_tells_of_them() {
        let mut numbering = Numbering::default();
        let a = [("name".to_owned(), "a".to_owned())];
        let (first, tags) = numbering.enter(0, "reqs", &a);
        assert_eq!(numbering.enter(0, "reqs", &[]).0, 1);
        assert_eq!(numbering.enter(3, "time", &a).0, 2);
        let (again, same) = numbering.enter(3, "reqs", &a);
        assert_eq!(first, again);
        assert!(Arc::ptr_eq(&tags, &same));
        assert_eq!(numbering.number_of(0, 1), Some(1));
        assert_eq!(numbering.number_of(3, 0), Some(2));
        assert_eq!(numbering.number_of(3, 1), Some(0));
        assert_eq!(numbering.number_of(1, 0), None);
        assert_eq!(numbering.number_of(3, 2), None);
        assert_eq!(numbering.number_of(9, 0), None);
    }
}
