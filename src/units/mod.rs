//! Quantities as people write them: durations, rates, sizes and shares.
//!
//! In: text from scripts, configuration and the command line, which all read the same. Out: plain numbers in
//! one unit each (a [`Duration`](std::time::Duration), events per second, bytes, a fraction from 0 to 1), or a
//! [`UnitError`] that says what was expected; and the way back, numbers as short text for people.

mod amount;
mod duration;
mod error;
mod rate;
mod size;

pub use duration::{
    MAX_DURATION, duration_from_number, format_duration, format_millis, parse_duration,
};
pub use error::UnitError;
pub use rate::{Rate, format_count, format_fraction, format_rate, format_times, parse_fraction};
pub use size::{format_bytes, parse_size};

/// A positive number below a thousand with three significant digits: `1.53`, `15.3`, `153`.
fn three_digits(value: f64) -> String {
    // The borders lie where rounding would reach the next power of ten, so that there are never four digits.
    let decimals = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_never_four() {
        let inputs = [
            0.0123, 0.99949, 0.9996, 1.0, 9.994, 9.996, 15.34, 99.96, 153.4, 999.4,
        ];
        let outputs = [
            "0.012", "0.999", "1.00", "1.00", "9.99", "10.0", "15.3", "100", "153", "999",
        ];
        assert_eq!(inputs.map(three_digits), outputs);
    }
}
