//! Figures as a reader wants them: three significant digits, a unit, thousands apart.

use crate::result::Contains;

/// A response time given in milliseconds: `12.3ms`, `1.20s`, `412µs` (`412us` without `unicode`).
pub fn latency(milliseconds: f64, unicode: bool) -> String {
    if !milliseconds.is_finite() {
        return "-".to_owned();
    }
    if milliseconds == 0.0 {
        return "0ms".to_owned();
    }
    if milliseconds < 0.0 {
        return format!("-{}", latency(-milliseconds, unicode));
    }
    let micro = if unicode { "µs" } else { "us" };
    // The bounds lie half a digit below 1,000, where rounding would otherwise show a fourth digit.
    let (value, unit) = if milliseconds < 0.000_01 {
        return format!("<0.01{micro}");
    } else if milliseconds < 0.999_5 {
        (milliseconds * 1_000.0, micro)
    } else if milliseconds < 999.5 {
        (milliseconds, "ms")
    } else {
        (milliseconds / 1_000.0, "s")
    };
    format!("{}{unit}", significant(value))
}

/// How long something took, in seconds: `0.018s`, `12.3s`, `2m31s`, `1h05m`.
pub fn span(seconds: f64, unicode: bool) -> String {
    if seconds < 59.95 {
        return latency(seconds * 1_000.0, unicode);
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3_600, whole / 60 % 60, whole % 60);
    match hours {
        0 => format!("{minutes}m{rest:02}s"),
        _ => format!("{}h{minutes:02}m", thousands(hours)),
    }
}

/// A whole number with its thousands apart: `12,345`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// From here on a number's digits are more than anybody counts: `1e15`.
const WHOLE: f64 = 1e15;

/// A plain number: whole numbers in full, others with three significant digits, what is beyond all counting as `1.00e308`.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    if size >= WHOLE {
        return format!("{value:.2e}");
    }
    if size.fract() == 0.0 || size >= 999.5 {
        return format!("{sign}{}", thousands(size.round() as u64));
    }
    format!("{sign}{}", significant(size))
}

/// A number per second: `57.3/s`.
pub fn per_second(rate: f64) -> String {
    format!(
        "{}/s",
        if rate == 0.0 {
            "0".to_owned()
        } else {
            number(rate)
        }
    )
}

/// A share as a percentage. Only nothing is `0%` and only all is `100%`; what is close to either says so.
pub fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    if !percent.is_finite() {
        "-".to_owned()
    } else if percent == 0.0 || percent == 100.0 {
        format!("{percent:.0}%")
    } else if percent > 0.0 && percent < 0.01 {
        "<0.01%".to_owned()
    } else if percent > 99.99 && percent < 100.0 {
        ">99.99%".to_owned()
    } else if (99.0..100.0).contains(&percent) {
        // Cut, not rounded: 99.996 % must not be read as 100 %.
        format!("{:.2}%", (percent * 100.0).floor() / 100.0)
    } else if percent.abs() < 9.995 {
        format!("{percent:.2}%")
    } else {
        format!("{percent:.1}%")
    }
}

/// A distance to a target: `+12%`, `-13.7%`. What is close to the target says on which side it is.
pub fn margin(fraction: f64) -> String {
    let percent = fraction * 100.0;
    let sign = if percent < 0.0 { "-" } else { "+" };
    match percent.abs() {
        size if !size.is_finite() => "-".to_owned(),
        0.0 => "0%".to_owned(),
        size if size < 0.05 => format!("{sign}<0.1%"),
        size if size > 999.0 && sign == "-" => "< -999%".to_owned(),
        size if size > 999.0 => "> +999%".to_owned(),
        size => format!("{sign}{size:.1}%"),
    }
}

/// An amount of data in decimal units: `1.23 MB`.
pub fn bytes(amount: f64) -> String {
    let mut value = amount.abs();
    let mut unit = "B";
    for next in ["kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            break;
        }
        value /= 1_000.0;
        unit = next;
    }
    let sign = if amount < 0.0 { "-" } else { "" };
    format!("{sign}{} {unit}", number(value))
}

/// A value of a metric, by what the metric contains.
pub fn measured(value: f64, contains: Contains, unicode: bool) -> String {
    match contains {
        Contains::Time => latency(value, unicode),
        Contains::Data => bytes(value),
        Contains::Default => number(value),
    }
}

/// `1 SLO`, `2 SLOs`.
pub fn plural(count: u64, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        thousands(count),
        if count == 1 { one } else { many }
    )
}

/// Three significant digits of a positive number; whole from 100 on.
fn significant(value: f64) -> String {
    if value < 0.01 {
        format!("{value:.1e}")
    } else if value < 0.099_95 {
        format!("{value:.4}")
    } else if value < 0.999_5 {
        format!("{value:.3}")
    } else if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        thousands(value.round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_has_three_digits_and_the_unit_that_suits_it() {
        let shown = [
            0.0, 0.0004, 0.0123, 0.412, 0.999_6, 1.0, 12.34, 999.4, 999.6, 12_345.0, 1.5e6,
        ];
        assert_eq!(
            shown.map(|ms| latency(ms, true)),
            [
                "0ms", "0.400µs", "12.3µs", "412µs", "1.00ms", "1.00ms", "12.3ms", "999ms",
                "1.00s", "12.3s", "1,500s"
            ]
        );
        assert_eq!(latency(0.412, false), "412us");
        assert_eq!(latency(f64::NAN, true), "-");
    }

    #[test]
    fn numbers_beyond_all_counting_are_told_by_their_size() {
        let shown = [1_234_567.0, 2e19, 1e308, -1e300].map(number);
        assert_eq!(shown, ["1,234,567", "2.00e19", "1.00e308", "-1.00e300"]);
    }

    #[test]
    fn a_span_is_read_in_minutes_and_hours() {
        let shown = [0.018, 12.3, 59.94, 59.96, 151.2, 3_900.0, 90_061.0];
        assert_eq!(
            shown.map(|s| span(s, true)),
            [
                "18.0ms", "12.3s", "59.9s", "1m00s", "2m31s", "1h05m", "25h01m"
            ]
        );
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(thousands),
            ["0", "999", "1,000", "1,234,567"]
        );
    }

    #[test]
    fn a_share_close_to_all_or_nothing_is_not_rounded_to_it() {
        let shown = [0.0, 0.000_01, 0.0123, 0.5, 0.99996, 0.999_999, 1.0];
        assert_eq!(
            shown.map(percent),
            [
                "0%", "<0.01%", "1.23%", "50.0%", ">99.99%", ">99.99%", "100%"
            ]
        );
        assert_eq!(percent(0.999_89), "99.98%");
    }

    #[test]
    fn a_margin_says_on_which_side_it_is() {
        assert_eq!(
            [0.916, -0.137, 0.0, 0.0001, -0.0001, 99.0, -99.0].map(margin),
            [
                "+91.6%", "-13.7%", "0%", "+<0.1%", "-<0.1%", "> +999%", "< -999%"
            ]
        );
    }

    #[test]
    fn data_is_shown_in_decimal_units() {
        assert_eq!(
            [0.0, 512.0, 1_000.0, 15_765_064.0].map(bytes),
            ["0 B", "512 B", "1 kB", "15.8 MB"]
        );
    }

    #[test]
    fn a_count_of_one_is_singular() {
        assert_eq!(plural(1, "SLO", "SLOs"), "1 SLO");
        assert_eq!(plural(1_200, "SLO", "SLOs"), "1,200 SLOs");
    }
}
