//! Numbers followed by units, the part that durations and sizes share.

/// One number and the word right after it: `1.5s`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount<'a> {
    /// As written: digits with at most one point.
    pub digits: &'a str,
    pub unit: &'a str,
}

/// Splits `1m30.5s` into its amounts. Spaces may stand between numbers and units; callers that do not want
/// them look for them first. `None` when the text is not a sequence of numbers with words after them.
pub(super) fn split(text: &str) -> Option<Vec<Amount<'_>>> {
    let mut amounts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let (number, after) = rest.split_at(digits);
        if !number.contains(|c: char| c.is_ascii_digit()) || number.matches('.').count() > 1 {
            return None;
        }
        let after = after.trim_start();
        let word = after
            .find(|c: char| c.is_ascii_digit() || c == '.' || c.is_whitespace())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(word);
        amounts.push(Amount {
            digits: number,
            unit,
        });
        rest = after.trim_start();
    }
    (!amounts.is_empty()).then_some(amounts)
}

/// `digits` × `factor`, exact up to the fraction that is lost in whole numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scaled {
    /// Rounded half up.
    pub value: u128,
    pub exact: bool,
}

/// Multiplies without the detour over floats, so that `0.3s` is 300 ms and not a nanosecond less. `None` when
/// the number is too large for any use.
pub(super) fn scale(digits: &str, factor: u64) -> Option<Scaled> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole: u128 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let fraction = fraction.trim_end_matches('0');
    // 18 digits of a fraction are finer than any unit; the surplus only makes the result inexact.
    let kept = fraction.get(..18).unwrap_or(fraction);
    let ten = 10u128.pow(kept.len() as u32);
    let part: u128 = if kept.is_empty() {
        0
    } else {
        kept.parse().ok()?
    };
    let part = part * u128::from(factor);
    let value = whole
        .checked_mul(u128::from(factor))?
        .checked_add((part + ten / 2) / ten)?;
    Some(Scaled {
        value,
        exact: part.is_multiple_of(ten) && kept.len() == fraction.len(),
    })
}

/// The word among `words` that is the nearest to a misspelt one, if any is near.
pub(super) fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    words
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= candidate.chars().count() / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fall_into_numbers_and_units() {
        let parts = |text| {
            split(text).map(|all| all.iter().map(|a| (a.digits, a.unit)).collect::<Vec<_>>())
        };
        assert_eq!(parts("1m30.5s"), Some(vec![("1", "m"), ("30.5", "s")]));
        assert_eq!(parts(" 5 sec "), Some(vec![("5", "sec")]));
        assert_eq!(parts("20"), Some(vec![("20", "")]));
        for wrong in ["", "s", "-1s", "1..2s", ".s", "1s,2s?."] {
            assert_eq!(parts(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn scaling_is_exact_where_floats_are_not() {
        assert_eq!(
            scale("0.3", 1_000_000_000),
            Some(Scaled {
                value: 300_000_000,
                exact: true
            })
        );
        assert_eq!(
            scale("1.5", 1),
            Some(Scaled {
                value: 2,
                exact: false
            })
        );
        assert_eq!(
            scale(".1234567890123456789012", 1000),
            Some(Scaled {
                value: 123,
                exact: false
            })
        );
        assert_eq!(scale(&"9".repeat(60), 1), None);
    }
}
