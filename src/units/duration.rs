//! Durations: `1m30s`, `250ms`, `1.5s`, a bare number of seconds.

use std::time::Duration;

use super::amount::{self, Amount};
use super::{UnitError, three_digits};

/// The longest duration that is accepted: ten years of 365 days. Longer ones are mistakes, and instants that
/// far away cannot be computed everywhere.
pub const MAX_DURATION: Duration = Duration::from_secs(10 * 365 * 86_400);

const EXPECTED: &str = "a number of seconds, or numbers with units (d, h, m, s, ms, us, ns) such as \"1m30s\" or \"250ms\"";

/// Units from long to short, with their nanoseconds and the words people use for them.
const UNITS: [(&str, u64, &[&str]); 7] = [
    ("d", 86_400_000_000_000, &["day", "days"]),
    ("h", 3_600_000_000_000, &["hr", "hrs", "hour", "hours"]),
    ("m", 60_000_000_000, &["min", "mins", "minute", "minutes"]),
    ("s", 1_000_000_000, &["sec", "secs", "second", "seconds"]),
    (
        "ms",
        1_000_000,
        &["msec", "msecs", "millis", "millisecond", "milliseconds"],
    ),
    (
        "us",
        1_000,
        &[
            "µs",
            "μs",
            "usec",
            "usecs",
            "micros",
            "microsecond",
            "microseconds",
        ],
    ),
    (
        "ns",
        1,
        &["nsec", "nsecs", "nanos", "nanosecond", "nanoseconds"],
    ),
];

const NEGATIVE: &str = "a duration cannot be negative";
const TOO_LONG: &str = "it is longer than ten years";

fn error(input: &str, problem: impl Into<String>, suggestion: Option<String>) -> UnitError {
    let problem = problem.into();
    let expected = match problem.as_str() {
        NEGATIVE => "a duration of zero or more",
        TOO_LONG => "a duration of ten years (3650d) at most",
        _ => EXPECTED,
    };
    UnitError {
        quantity: "duration",
        input: input.to_owned(),
        problem,
        expected,
        suggestion,
    }
}

/// The place in [`UNITS`] of a unit that may be written so.
fn unit_at(word: &str) -> Option<usize> {
    let word = if matches!(word, "µs" | "μs") {
        "us"
    } else {
        word
    };
    UNITS.iter().position(|(name, ..)| *name == word)
}

/// Reads a duration: numbers with units from large to small, each unit at most once, without spaces. A bare
/// number is seconds.
///
/// # Errors
/// For everything else, and for durations longer than [`MAX_DURATION`].
pub fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let text = text.trim();
    strict(text).map_err(|problem| error(text, problem, suggest(text)))
}

fn strict(text: &str) -> Result<Duration, String> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if text.starts_with('-') {
        return Err(NEGATIVE.into());
    }
    let amounts = amount::split(text).ok_or("it does not consist of numbers and units")?;
    if text.contains(char::is_whitespace) {
        let unknown = amounts
            .iter()
            .find(|amount| !amount.unit.is_empty() && unit_at(amount.unit).is_none());
        return Err(unknown.map_or("there is a space in it".into(), |amount| {
            unknown_unit(amount.unit)
        }));
    }
    let mut total = 0u128;
    let mut next = 0;
    for Amount { digits, unit } in &amounts {
        let at = match *unit {
            "" if amounts.len() == 1 => 3,
            "" => return Err(format!("`{digits}` has no unit")),
            unit => unit_at(unit).ok_or_else(|| unknown_unit(unit))?,
        };
        if at < next {
            return Err("units go from large to small, each at most once".into());
        }
        next = at + 1;
        let too_long = || TOO_LONG.to_owned();
        let nanoseconds = amount::scale(digits, UNITS[at].1)
            .ok_or_else(too_long)?
            .value;
        total = total
            .checked_add(nanoseconds)
            .filter(|sum| *sum <= MAX_DURATION.as_nanos())
            .ok_or_else(too_long)?;
    }
    let (seconds, rest) = (total / 1_000_000_000, total % 1_000_000_000);
    Ok(Duration::new(seconds as u64, rest as u32))
}

fn unknown_unit(unit: &str) -> String {
    format!("there is no unit `{unit}`")
}

/// The same amounts with the nearest units, if that makes a duration.
fn suggest(text: &str) -> Option<String> {
    let mut fixed = String::new();
    for Amount { digits, unit } in amount::split(text)? {
        fixed.push_str(digits);
        fixed.push_str(match unit {
            "" => "",
            unit => known(unit)?,
        });
    }
    strict(&fixed).is_ok().then_some(fixed)
}

fn known(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let names = || {
        UNITS.iter().flat_map(|(name, _, words)| {
            std::iter::once(name)
                .chain(*words)
                .map(move |w| (*w, *name))
        })
    };
    let near = amount::nearest(&lower, names().map(|(word, _)| word))?;
    names()
        .find(|(word, _)| *word == near)
        .map(|(_, name)| name)
}

/// A number of seconds, as scripts may give one, as a duration.
///
/// # Errors
/// When it is negative, not a number, or longer than [`MAX_DURATION`].
pub fn duration_from_number(seconds: f64) -> Result<Duration, UnitError> {
    // Beyond what a double tells apart, digits only fill the line.
    let input = if seconds.abs() < 1e15 {
        format!("{seconds}")
    } else {
        format!("{seconds:e}")
    };
    if seconds < 0.0 {
        return Err(error(&input, NEGATIVE, None));
    }
    if seconds.is_nan() {
        return Err(error(&input, "it is not a number", None));
    }
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= MAX_DURATION => Ok(duration),
        _ => Err(error(&input, TOO_LONG, None)),
    }
}

/// A duration for people, which [`parse_duration`] reads back: `1m30s`, `250ms`, `1.53s`. Exact to the
/// millisecond; below a second to the microsecond, below a millisecond to the nanosecond.
pub fn format_duration(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    let unit = match nanoseconds {
        0 => return "0s".into(),
        1_000_000_000.. => 1_000_000,
        1_000_000.. => 1_000,
        _ => 1,
    };
    let rounded = (nanoseconds + unit / 2) / unit * unit;
    let mut text = String::new();
    let mut rest = rounded;
    for (name, length, _) in &UNITS[..3] {
        let whole = rest / u128::from(*length);
        rest %= u128::from(*length);
        if whole > 0 {
            text.push_str(&format!("{whole}{name}"));
        }
    }
    let (length, name) = match rest {
        0 => return text,
        1_000_000_000.. => (1_000_000_000, "s"),
        1_000_000.. => (1_000_000, "ms"),
        1_000.. => (1_000, "µs"),
        _ => (1, "ns"),
    };
    let thousandths = rest * 1000 / length;
    text.push_str(&decimal(thousandths));
    text.push_str(name);
    text
}

/// Thousandths as a decimal number without trailing zeros.
fn decimal(thousandths: u128) -> String {
    let (whole, fraction) = (thousandths / 1000, thousandths % 1000);
    if fraction == 0 {
        format!("{whole}")
    } else {
        format!("{whole}.{fraction:03}")
            .trim_end_matches('0')
            .to_owned()
    }
}

/// A latency in milliseconds for people, with three significant digits: `12.3µs`, `1.53ms`, `250ms`, `1.53s`,
/// `2.50m`. What is not a finite number is `-`.
pub fn format_millis(milliseconds: f64) -> String {
    if !milliseconds.is_finite() {
        return "-".into();
    }
    let sign = if milliseconds < 0.0 { "-" } else { "" };
    let (value, unit) = match milliseconds.abs() {
        0.0 => return "0ms".into(),
        // What rounds to 60 seconds is a minute.
        v if v >= 59_950.0 => ((v / 60_000.0).max(1.0), "m"),
        v if v >= 999.5 => (v / 1000.0, "s"),
        v if v >= 0.9995 => (v, "ms"),
        v => (v * 1000.0, "µs"),
    };
    format!("{sign}{}{unit}", three_digits(value))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        let cases = [
            ("250ms", 250_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5s", 1_500_000_000),
            ("2h", 7_200_000_000_000),
            ("10us", 10_000),
            ("10µs", 10_000),
            ("7ns", 7),
            ("1d", 86_400_000_000_000),
            ("1d2h3m4s5ms", 93_784_005_000_000),
            ("0", 0),
            ("0.3", 300_000_000),
            (".5s", 500_000_000),
            (" 30 ", 30_000_000_000),
            ("3650d", 315_360_000_000_000_000),
        ];
        for (text, nanoseconds) in cases {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_nanos(nanoseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn wrong_durations_say_what_was_expected_and_offer_the_nearest() {
        let cases = [
            ("", "it is empty", None),
            ("-5s", "a duration cannot be negative", None),
            ("5 sec", "there is no unit `sec`", Some("5s")),
            ("5secnds", "there is no unit `secnds`", Some("5s")),
            ("2 minutes", "there is no unit `minutes`", Some("2m")),
            ("5S", "there is no unit `S`", Some("5s")),
            ("1m 30s", "there is a space in it", Some("1m30s")),
            ("1m30", "`30` has no unit", None),
            (
                "30s1m",
                "units go from large to small, each at most once",
                None,
            ),
            ("5 parsecs", "there is no unit `parsecs`", None),
            ("soon", "it does not consist of numbers and units", None),
            ("3651d", "it is longer than ten years", None),
            (
                "99999999999999999999999999999999999999999d",
                "it is longer than ten years",
                None,
            ),
        ];
        for (text, problem, suggestion) in cases {
            let error = parse_duration(text).unwrap_err();
            assert_eq!(
                (error.problem.as_str(), error.suggestion.as_deref()),
                (problem, suggestion),
                "{text}"
            );
        }
        assert_eq!(
            parse_duration("5 sec").unwrap_err().to_string(),
            "`5 sec` is not a duration: there is no unit `sec`; write a number of seconds, or numbers with units \
             (d, h, m, s, ms, us, ns) such as \"1m30s\" or \"250ms\" (did you mean `5s`?)"
        );
    }

    #[test]
    fn numbers_are_seconds() {
        assert_eq!(duration_from_number(1.5), Ok(Duration::from_millis(1500)));
        for wrong in [-1.0, f64::NAN, f64::INFINITY, 1e18] {
            assert!(duration_from_number(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_are_written_short() {
        let cases = [
            (0, "0s"),
            (999, "999ns"),
            (1_500, "1.5µs"),
            (1_530_000, "1.53ms"),
            (250_000_000, "250ms"),
            (999_999_600, "1s"),
            (1_530_000_000, "1.53s"),
            (60_005_000_000, "1m5ms"),
            (90_000_000_000, "1m30s"),
            (7_200_000_000_000, "2h"),
            (129_600_000_000_000, "1d12h"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(format_duration(Duration::from_nanos(nanoseconds)), text);
        }
    }

    #[test]
    fn latencies_have_three_digits() {
        let inputs = [
            0.0, 0.000_5, 0.0123, 0.9996, 1.534, 250.0, 999.6, 1530.0, 59_960.0, 150_000.0, -12.5,
        ];
        let outputs = [
            "0ms", "0.500µs", "12.3µs", "1.00ms", "1.53ms", "250ms", "1.00s", "1.53s", "1.00m",
            "2.50m", "-12.5ms",
        ];
        assert_eq!(inputs.map(format_millis), outputs);
        assert_eq!(format_millis(f64::NAN), "-");
    }

    proptest! {
        #[test]
        fn written_durations_read_back_to_the_millisecond(milliseconds in 0u64..=315_360_000_000, short in 0u64..100_000) {
            for milliseconds in [milliseconds, short] {
                let duration = Duration::from_millis(milliseconds);
                prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
            }
        }

        #[test]
        fn short_durations_read_back_to_the_nanosecond(nanoseconds in 0u64..1_000_000) {
            let duration = Duration::from_nanos(nanoseconds);
            prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
        }

        #[test]
        fn no_text_makes_the_parser_panic(any in ".*", near in "[0-9.]{0,30} ?[dhmsunµ.]{0,3}[0-9.]{0,3}[a-z]{0,9}") {
            let _ = parse_duration(&any);
            let _ = parse_duration(&near);
        }

        #[test]
        fn no_number_makes_a_formatter_panic(number in any::<f64>(), seconds in any::<u64>()) {
            let _ = duration_from_number(number);
            let _ = format_millis(number);
            let _ = format_duration(Duration::new(seconds, 999_999_999));
        }
    }
}
