//! The curve of a search, drawn with characters: response time over rate.

use super::Trial;
use crate::units::{format_fraction, format_millis};

/// Columns of the longest bar.
const BAR: usize = 30;

/// A line for each rate that was tried, in their order: bars of the p95, and whether the objectives held. Trials at the same rate
/// (to a hundredth) share a line.
pub fn curve(trials: &[Trial], unicode: bool) -> Vec<String> {
    let mut order: Vec<&Trial> = trials.iter().collect();
    order.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let longest = order
        .iter()
        .filter_map(|trial| trial.p95)
        .fold(0.0, f64::max);
    let (block, good, bad) = match unicode {
        true => ("█", "✓", "✗"),
        false => ("#", "+", "x"),
    };
    let lines = order.chunk_by(|a, b| b.rate <= a.rate * 1.01);
    lines
        .filter_map(|same| {
            let first = same.first()?;
            let p95s: Vec<f64> = same.iter().filter_map(|trial| trial.p95).collect();
            let p95 = (!p95s.is_empty()).then(|| p95s.iter().sum::<f64>() / p95s.len() as f64);
            let failed = same.iter().map(|trial| trial.failed).fold(0.0, f64::max);
            let share = p95.map_or(0.0, |p95| crate::result::ratio(p95, longest));
            let bar = block.repeat((share * BAR as f64).round() as usize);
            let marks: String = same
                .iter()
                .map(|trial| if trial.held { good } else { bad })
                .collect();
            Some(
                format!(
                    "{:>9.1}/s {:>9} {:>7} {marks} {bar}",
                    first.rate,
                    p95.map_or_else(|| "-".to_owned(), format_millis),
                    format_fraction(failed),
                )
                .trim_end()
                .to_owned(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_in_order_and_the_longest_bar_is_the_slowest() {
        let trial = |rate: f64, p95: f64, held: bool| Trial {
            rate,
            reached: rate,
            held,
            why: String::new(),
            p95: Some(p95),
            failed: 0.0,
        };
        let drawn = curve(
            &[
                trial(100.0, 20.0, true),
                trial(200.0, 80.0, false),
                trial(50.0, 10.0, true),
                trial(50.0, 10.0, false),
            ],
            false,
        );
        assert_eq!(
            drawn,
            [
                "     50.0/s    10.0ms      0% +x ####",
                "    100.0/s    20.0ms      0% + ########",
                "    200.0/s    80.0ms      0% x ##############################",
            ]
        );
    }
}
