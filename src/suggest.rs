//! The nearest valid name for a misspelt one.

/// The known name nearest to `wrong`, if one is near enough to be meant.
pub fn nearest<'a>(wrong: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let fold = |name: &str| name.to_lowercase().replace(['-', ' '], "_");
    let folded = fold(wrong);
    known
        .into_iter()
        .map(|name| {
            (
                strsim::jaro_winkler(&folded, &fold(name)),
                strsim::damerau_levenshtein(&folded, &fold(name)),
                name,
            )
        })
        .filter(|(similarity, distance, _)| {
            *similarity > 0.86 || *distance <= 1 || (*distance <= 2 && wrong.len() > 4)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, _, name)| name)
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
}
