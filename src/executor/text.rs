//! Words and figures for people, shared by the descriptions of all executors.

use std::fmt::Write as _;
use std::time::Duration;

use crate::units::format_count;

/// `4m`, `1h30s`, `500ms`, `1.5s`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let millis = duration.subsec_millis();
    if seconds == 0 && !duration.is_zero() {
        let whole_millis = duration.subsec_nanos().is_multiple_of(1_000_000);
        return if whole_millis {
            format!("{millis}ms")
        } else {
            format!("{duration:?}")
        };
    }
    let mut text = String::new();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    // Writing into a String cannot fail.
    if hours > 0 {
        let _ = write!(text, "{hours}h");
    }
    if minutes > 0 {
        let _ = write!(text, "{minutes}m");
    }
    if seconds % 60 == 0 && millis == 0 && seconds > 0 {
        return text;
    }
    let _ = write!(text, "{}", seconds % 60);
    if millis > 0 {
        let fraction = format!("{millis:03}");
        let _ = write!(text, ".{}", fraction.trim_end_matches('0'));
    }
    text.push('s');
    text
}

/// `1 VU`, `20 VUs`.
pub(super) fn vus(count: u32) -> String {
    counted(u64::from(count), "VU")
}

/// `1 stage`, `3 stages`.
pub(super) fn counted(count: u64, noun: &str) -> String {
    format!(
        "{} {noun}{}",
        format_count(count),
        if count == 1 { "" } else { "s" }
    )
}

/// `5.00 iterations/s`; a rate under one in a hundred seconds is told per hour, so that it never reads 0.00.
pub(super) fn rate(per_second: f64) -> String {
    if per_second >= 0.01 || per_second == 0.0 {
        format!("{per_second:.2} iterations/s")
    } else {
        format!("{:.2} iterations/h", per_second * 3600.0)
    }
}

/// `(VUs 5 to 20)` or `(20 VUs)`.
pub(super) fn pool(pre_allocated_vus: u32, max_vus: u32) -> String {
    if pre_allocated_vus == max_vus {
        vus(max_vus)
    } else {
        format!(
            "VUs {} to {}",
            format_count(u64::from(pre_allocated_vus)),
            format_count(u64::from(max_vus))
        )
    }
}

/// `a, b, c`, cut short when there are very many.
pub(super) fn list(items: &[String]) -> String {
    const SHOWN: usize = 12;
    let mut text = items
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if items.len() > SHOWN {
        let _ = write!(text, ", and {} more", items.len() - SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_no_parts_that_are_zero() {
        for (millis, expected) in [
            (0, "0s"),
            (500, "500ms"),
            (1_500, "1.5s"),
            (60_000, "1m"),
            (150_000, "2m30s"),
            (600_000, "10m"),
            (7_200_000, "2h"),
            (3_630_000, "1h30s"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), expected);
        }
        assert_eq!(duration(Duration::from_micros(1500)), "1.5ms");
    }

    #[test]
    fn a_slow_rate_never_reads_as_zero() {
        assert_eq!(rate(5.0), "5.00 iterations/s");
        assert_eq!(rate(1.0 / 3600.0), "1.00 iterations/h");
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        assert_eq!(vus(1), "1 VU");
        assert_eq!(counted(3, "stage"), "3 stages");
        assert_eq!(vus(1_200), "1,200 VUs");
        assert_eq!(pool(5, 20), "VUs 5 to 20");
        assert_eq!(pool(4, 4), "4 VUs");
    }

    #[test]
    fn a_long_list_is_cut() {
        let items: Vec<String> = (0..20).map(|n| n.to_string()).collect();
        assert!(list(&items).ends_with("10, 11, and 8 more"));
    }
}
