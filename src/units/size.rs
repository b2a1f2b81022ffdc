//! Amounts of data: `10MB`, `64KiB`, a bare number of bytes.

use super::amount::{self, Amount};
use super::{UnitError, three_digits};

const EXPECTED: &str = "a number of bytes, or a number with a unit (B, kB, MB, GB, TB or KiB, MiB, GiB, TiB) such as \"10MB\" or \"64KiB\"";

const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads an amount of data in bytes. Case does not matter; a kB is 1000 bytes, a KiB 1024.
///
/// # Errors
/// When it is not one, not a whole number of bytes, or more than 64 bits hold.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let text = text.trim();
    strict(text).map_err(|problem| UnitError {
        quantity: "size",
        input: text.to_owned(),
        problem,
        expected: EXPECTED,
        suggestion: suggest(text),
    })
}

fn strict(text: &str) -> Result<u64, String> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    if text.starts_with('-') {
        return Err("a size cannot be negative".into());
    }
    let amounts = amount::split(text).ok_or("it is not a number with a unit")?;
    let [Amount { digits, unit }] = amounts[..] else {
        return Err("it has more than one number".into());
    };
    let factor = factor(unit).ok_or_else(|| format!("there is no unit `{unit}`"))?;
    if text.contains(char::is_whitespace) {
        return Err("there is a space in it".into());
    }
    let scaled = amount::scale(digits, factor).ok_or("it is too large")?;
    if !scaled.exact {
        return Err("it is not a whole number of bytes".into());
    }
    u64::try_from(scaled.value).map_err(|_| "it is too large".into())
}

fn factor(unit: &str) -> Option<u64> {
    if unit.is_empty() {
        return Some(1);
    }
    UNITS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(unit))
        .map(|(_, factor)| *factor)
}

fn suggest(text: &str) -> Option<String> {
    let amounts = amount::split(text)?;
    let [Amount { digits, unit }] = amounts[..] else {
        return None;
    };
    let unit = match unit.to_lowercase().as_str() {
        "k" | "kilobyte" | "kilobytes" => "kB",
        "m" | "megabyte" | "megabytes" => "MB",
        "g" | "gigabyte" | "gigabytes" => "GB",
        "t" | "terabyte" | "terabytes" => "TB",
        "ki" => "KiB",
        "mi" => "MiB",
        "gi" => "GiB",
        "ti" => "TiB",
        "byte" | "bytes" => "B",
        "" => "",
        other => amount::nearest(other, UNITS.iter().map(|(name, _)| *name))?,
    };
    let fixed = format!("{digits}{unit}");
    (fixed != text && strict(&fixed).is_ok()).then_some(fixed)
}

/// An amount of data for people, in thousands: `512B`, `1.53kB`, `10.0MB`.
pub fn format_bytes(bytes: u64) -> String {
    if bytes < 1000 {
        return format!("{bytes}B");
    }
    let bytes = bytes as f64;
    let (unit, factor) = UNITS[1..5]
        .iter()
        .rev()
        .find(|(_, factor)| bytes >= 0.9995 * *factor as f64)
        .unwrap_or(&UNITS[1]);
    format!("{}{unit}", three_digits(bytes / *factor as f64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_read_as_people_write_them() {
        let cases = [
            ("10MB", 10_000_000),
            ("64KiB", 65_536),
            ("512", 512),
            ("0", 0),
            ("1.5kb", 1500),
            ("512B", 512),
            ("2TiB", 2 << 40),
        ];
        for (text, bytes) in cases {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn wrong_sizes_say_why_and_offer_the_nearest() {
        let cases = [
            ("", "it is empty", None),
            ("-1MB", "a size cannot be negative", None),
            ("10 MB", "there is a space in it", Some("10MB")),
            ("10M", "there is no unit `M`", Some("10MB")),
            ("10 bytes", "there is no unit `bytes`", Some("10B")),
            ("64KiBs", "there is no unit `KiBs`", Some("64KiB")),
            ("1.5", "it is not a whole number of bytes", None),
            ("1MB2kB", "it has more than one number", None),
            ("99999999TB", "it is too large", None),
            ("big", "it is not a number with a unit", None),
            ("5 furlongs", "there is no unit `furlongs`", None),
        ];
        for (text, problem, suggestion) in cases {
            let error = parse_size(text).unwrap_err();
            assert_eq!(
                (error.problem.as_str(), error.suggestion.as_deref()),
                (problem, suggestion),
                "{text}"
            );
        }
    }

    #[test]
    fn sizes_are_written_with_three_digits() {
        let inputs = [
            0,
            999,
            1000,
            1530,
            999_600,
            10_000_000,
            5_000_000_000_000,
            u64::MAX,
        ];
        let outputs = [
            "0B",
            "999B",
            "1.00kB",
            "1.53kB",
            "1.00MB",
            "10.0MB",
            "5.00TB",
            "18446744TB",
        ];
        assert_eq!(inputs.map(format_bytes), outputs);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(any in ".*", near in "[0-9.]{0,30} ?[kKmMgGtTiIbB]{0,4}", bytes in any::<u64>()) {
            let _ = (parse_size(&any), parse_size(&near), format_bytes(bytes));
        }
    }
}
