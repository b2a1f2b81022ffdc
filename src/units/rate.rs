//! Rates and shares: `50/s`, `300/m`, `1%`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{UnitError, format_duration, parse_duration, three_digits};

const EXPECTED: &str =
    "a number per second, or a number per time such as \"50/s\", \"300/m\" or \"10/30s\"";
const EXPECTED_FRACTION: &str =
    "a percentage such as \"1%\", or a fraction from 0 to 1 such as \"0.01\"";

/// So many events in so much time. The time is kept apart, so that 300 a minute stays an exact number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    amount: f64,
    per: Duration,
}

impl Rate {
    /// `amount` events every `per`. `None` unless the amount is a finite number not below 0 and the time
    /// is longer than nothing.
    pub fn new(amount: f64, per: Duration) -> Option<Self> {
        (amount.is_finite() && amount >= 0.0 && !per.is_zero()).then_some(Self { amount, per })
    }

    /// Events within one [`per`](Self::per).
    pub fn amount(self) -> f64 {
        self.amount
    }

    /// The time within which the events fall.
    pub fn per(self) -> Duration {
        self.per
    }

    /// Events per second.
    pub fn per_second(self) -> f64 {
        self.amount / self.per.as_secs_f64()
    }
}

impl FromStr for Rate {
    type Err = UnitError;

    /// Reads `50/s`, `300/m`, `10/30s`; a bare number is per second.
    fn from_str(text: &str) -> Result<Self, UnitError> {
        let text = text.trim();
        strict_rate(text).map_err(|problem| UnitError {
            quantity: "rate",
            input: text.to_owned(),
            problem,
            expected: EXPECTED,
            suggestion: suggest_rate(text),
        })
    }
}

/// A finite number not below 0, written with digits and a point.
fn plain_number(text: &str) -> Option<f64> {
    let digits = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse()
        .ok()
        .filter(|number: &f64| digits && number.is_finite())
}

fn strict_rate(text: &str) -> Result<Rate, String> {
    let (amount, per) = text.split_once('/').unwrap_or((text, "s"));
    let (amount, per) = (amount.trim(), per.trim());
    if amount.is_empty() {
        return Err("there is no number in it".into());
    }
    if amount.starts_with('-') {
        return Err("a rate cannot be negative".into());
    }
    let number = plain_number(amount).ok_or_else(|| format!("`{amount}` is not a number"))?;
    let one = per.starts_with(char::is_alphabetic);
    let duration = parse_duration(&if one {
        format!("1{per}")
    } else {
        per.to_owned()
    })
    .map_err(|_| format!("`{per}` is not a time"))?;
    Rate::new(number, duration).ok_or_else(|| "the time is zero".into())
}

fn suggest_rate(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let words = [
        ("rps", "s"),
        ("req/s", "s"),
        ("rpm", "m"),
        ("tps", "s"),
        ("/hz", "s"),
        ("hz", "s"),
    ];
    let spelt = words
        .iter()
        .find_map(|(ending, unit)| Some(format!("{}/{unit}", lower.strip_suffix(ending)?.trim())));
    let fixed = spelt.or_else(|| {
        let (amount, per) = lower
            .split_once('/')
            .or_else(|| lower.split_once(" per "))?;
        let suggestion = parse_duration(&format!("1{}", per.trim()))
            .err()
            .and_then(|error| error.suggestion);
        let unit = suggestion
            .as_deref()
            .unwrap_or(per)
            .trim_start_matches('1')
            .trim()
            .to_owned();
        Some(format!("{}/{unit}", amount.trim()))
    })?;
    (fixed != lower && strict_rate(&fixed).is_ok()).then_some(fixed)
}

/// As it is read: `50/s`, `10/30s`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format_duration(self.per);
        let exact = if parse_duration(&text) == Ok(self.per) {
            text
        } else {
            format!("{}ns", self.per.as_nanos())
        };
        let one = ["1d", "1h", "1m", "1s", "1ms", "1µs", "1ns"].contains(&exact.as_str());
        write!(
            f,
            "{}/{}",
            self.amount,
            if one { &exact[1..] } else { &exact }
        )
    }
}

/// Reads a share: `1%` or `0.01`, from 0 to 1.
///
/// # Errors
/// When it is not such a number, or beyond 0 to 1 (0 % to 100 %).
pub fn parse_fraction(text: &str) -> Result<f64, UnitError> {
    let text = text.trim();
    let error = |problem: String, suggestion: Option<String>| UnitError {
        quantity: "share",
        input: text.to_owned(),
        problem,
        expected: EXPECTED_FRACTION,
        suggestion,
    };
    let percent = text.strip_suffix('%').map(str::trim_end);
    let number = percent.unwrap_or(text);
    let Some(value) = plain_number(number) else {
        let problem = match number {
            "" => "there is no number in it".into(),
            negative if negative.starts_with('-') => "a share cannot be negative".into(),
            other => format!("`{other}` is not a number"),
        };
        return Err(error(problem, None));
    };
    match percent {
        Some(_) if value <= 100.0 => Ok(value / 100.0),
        Some(_) => Err(error("it is more than 100%".into(), None)),
        None if value <= 1.0 => Ok(value),
        None => Err(error(
            "it is more than 1".into(),
            (value <= 100.0).then(|| format!("{text}%")),
        )),
    }
}

/// A share for people, as a percentage with three significant digits: `1.00%`, `99.5%`, `0%`, `100%`. Shares
/// that are not whole never round up to 100 %.
pub fn format_fraction(fraction: f64) -> String {
    if !fraction.is_finite() {
        return "-".into();
    }
    let percent = fraction.abs() * 100.0;
    let sign = if fraction < 0.0 { "-" } else { "" };
    match percent {
        0.0 => "0%".into(),
        p if (99.95..100.0).contains(&p) => format!("{sign}{:.3}%", (p * 1000.0).floor() / 1000.0),
        p => format!("{sign}{}%", three_digits(p)),
    }
}

/// A count for people, with a comma at every thousand.
pub fn format_count(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How often something happened: `never`, `once`, `4,213 times`.
pub fn format_times(count: u64) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{} times", format_count(count)),
    }
}

/// A number of events per second for people: `0.500/s`, `15.3/s`, `1,530/s`.
pub fn format_rate(per_second: f64) -> String {
    if !per_second.is_finite() {
        return "-".into();
    }
    let sign = if per_second < 0.0 { "-" } else { "" };
    match per_second.abs() {
        0.0 => "0/s".into(),
        v if v >= 999.5 => format!("{sign}{}/s", format_count(v.round() as u64)),
        v => format!("{sign}{}/s", three_digits(v)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn rates_read_as_people_write_them() {
        let cases = [
            ("50/s", 50.0),
            ("300/m", 5.0),
            ("36/h", 0.01),
            ("20", 20.0),
            ("10/30s", 1.0 / 3.0),
            ("0.5 / s", 0.5),
            ("5/500ms", 10.0),
        ];
        for (text, per_second) in cases {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.per_second(), per_second, "{text}");
        }
        let rate: Rate = "300/m".parse().unwrap();
        assert_eq!(
            (rate.amount(), rate.per()),
            (300.0, Duration::from_secs(60))
        );
    }

    #[test]
    fn wrong_rates_say_why_and_offer_the_nearest() {
        let cases = [
            ("", "there is no number in it", None),
            ("-5/s", "a rate cannot be negative", None),
            ("50/sec", "`sec` is not a time", Some("50/s")),
            ("50rps", "`50rps` is not a number", Some("50/s")),
            (
                "50 per minute",
                "`50 per minute` is not a number",
                Some("50/m"),
            ),
            ("50/0s", "the time is zero", None),
            ("50/", "`` is not a time", None),
            ("inf", "`inf` is not a number", None),
            ("fast", "`fast` is not a number", None),
        ];
        for (text, problem, suggestion) in cases {
            let error = text.parse::<Rate>().unwrap_err();
            assert_eq!(
                (error.problem.as_str(), error.suggestion.as_deref()),
                (problem, suggestion),
                "{text}"
            );
        }
        assert_eq!(
            "50/sec".parse::<Rate>().unwrap_err().to_string(),
            "`50/sec` is not a rate: `sec` is not a time; write a number per second, or a number per time such as \
             \"50/s\", \"300/m\" or \"10/30s\" (did you mean `50/s`?)"
        );
    }

    #[test]
    fn shares_are_percentages_or_fractions() {
        let right = [
            ("1%", 0.01),
            ("0.01", 0.01),
            ("100%", 1.0),
            ("0", 0.0),
            ("99.5 %", 0.995),
        ];
        for (text, fraction) in right {
            assert_eq!(parse_fraction(text), Ok(fraction), "{text}");
        }
        assert_eq!(
            parse_fraction("5").unwrap_err().suggestion.as_deref(),
            Some("5%")
        );
        for wrong in ["", "%", "-1%", "101%", "2000", "one", "1%%", "NaN"] {
            assert!(parse_fraction(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(
            [0, 7, 999, 1000, 1_234_567].map(format_count),
            ["0", "7", "999", "1,000", "1,234,567"]
        );
        let rates = [0.0, 0.5, 15.34, 999.6, 1530.4, f64::NAN].map(format_rate);
        assert_eq!(
            rates,
            ["0/s", "0.500/s", "15.3/s", "1,000/s", "1,530/s", "-"]
        );
        let shares = [0.0, 0.01, 0.000_42, 0.995, 0.999_99, 0.999_999_9, 1.0].map(format_fraction);
        assert_eq!(
            shares,
            [
                "0%", "1.00%", "0.042%", "99.5%", "99.999%", "99.999%", "100%"
            ]
        );
    }

    proptest! {
        #[test]
        fn written_rates_read_back(amount in 0.0f64..1e9, nanoseconds in 1u64..1_000_000_000_000_000, whole in 1u64..100_000) {
            for per in [Duration::from_nanos(nanoseconds), Duration::from_secs(whole)] {
                let rate = Rate::new(amount, per).unwrap();
                prop_assert_eq!(rate.to_string().parse::<Rate>(), Ok(rate));
            }
        }

        #[test]
        fn no_text_makes_a_parser_panic(any in ".*", near in "[0-9.]{0,9} ?/?[0-9a-zµ%]{0,4}") {
            for text in [any, near] {
                let _ = text.parse::<Rate>();
                let _ = parse_fraction(&text);
            }
        }
    }
}
