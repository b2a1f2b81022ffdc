//! The nearest valid name for a misspelt one.

/// The known name nearest to `wrong`, if one is near enough to be meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |name: &str| name.to_lowercase().replace(['-', ' '], "_");
    let folded = fold(wrong);
    known
        .into_iter()
        .filter_map(|name| Some((closeness(&folded, &fold(name))?, name)))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// How near two names are; nothing if one can hardly be meant by the other.
fn closeness(wrong: &str, name: &str) -> Option<f64> {
    if is_turned_round(wrong, name) {
        return Some(1.0);
    }
    let similarity = strsim::jaro_winkler(wrong, name);
    let distance = strsim::damerau_levenshtein(wrong, name);
    let length = |name: &str| name.chars().count();
    // That a name begins like another one says little if most of it is different.
    let is_alike = similarity > 0.86
        && (distance <= length(wrong).max(length(name)) / 3
            || length(wrong) > 2 && name.starts_with(wrong)
            || length(name) > 2 && !wrong.contains('_') && wrong.starts_with(name));
    let is_slip = distance <= 1 || distance <= 2 && length(wrong) > 4;
    (is_alike || is_slip).then_some(similarity)
}

/// Whether two names have the same words in another order: `json_parse`, `parse_json`.
fn is_turned_round(wrong: &str, name: &str) -> bool {
    let words = |name: &str| {
        let mut words: Vec<String> = name.split('_').map(str::to_owned).collect();
        words.sort();
        words
    };
    wrong != name && wrong.contains('_') && words(wrong) == words(name)
}

/// ``did you mean `x`?``, if something is near enough.
pub fn did_you_mean<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(wrong, known).map(|name| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_mended_and_nonsense_is_not() {
        let known = ["duration", "vus", "executor", "constant-vus", "ramping-vus"];
        assert_eq!(nearest("durration", known), Some("duration"));
        assert_eq!(nearest("vu", known), Some("vus"));
        assert_eq!(nearest("constant_vus", known), Some("constant-vus"));
        assert_eq!(
            nearest("preAllocatedVUs", ["pre_allocated_vus"]),
            Some("pre_allocated_vus")
        );
        assert_eq!(nearest("zebra", known), None);
    }

    #[test]
    fn what_only_begins_alike_is_not_meant() {
        assert_eq!(nearest("foo", ["floor", "food"]), Some("food"));
        assert_eq!(nearest("foo", ["floor"]), None);
        assert_eq!(
            nearest("json_parse", ["json", "parse_json", "json_text"]),
            Some("parse_json")
        );
        assert_eq!(nearest("integer", ["int"]), Some("int"));
        assert_eq!(nearest("durat", ["duration"]), Some("duration"));
    }
}
