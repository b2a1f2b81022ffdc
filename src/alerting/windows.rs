//! Over which windows it is looked how fast a budget burns.

use std::time::Duration;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A pair of windows: an alert fires while the budget burns so many times too fast in both. The long one says that it matters, the short one
/// that it still goes on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burn {
    pub factor: f64,
    pub long: Duration,
    pub short: Duration,
    pub severity: &'static str,
}

/// A set of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Windows {
    /// A budget of 30 days, as in the SRE workbook: 14.4 over 1h/5m and 6 over 6h/30m page, 1 over 3d/6h makes a ticket.
    Month,
    /// A run of minutes: 14.4 over 1m/15s and 6 over 5m/30s page, 1 over 15m/2m makes a ticket; each run by itself.
    Run,
}

impl Windows {
    pub fn burns(self) -> [Burn; 3] {
        let burn = |factor, long, short, severity| Burn {
            factor,
            long: seconds(long),
            short: seconds(short),
            severity,
        };
        match self {
            Self::Month => [
                burn(14.4, 3_600, 300, "page"),
                burn(6.0, 21_600, 1_800, "page"),
                burn(1.0, 259_200, 21_600, "ticket"),
            ],
            Self::Run => [
                burn(14.4, 60, 15, "page"),
                burn(6.0, 300, 30, "page"),
                burn(1.0, 900, 120, "ticket"),
            ],
        }
    }

    /// All windows, the shortest first.
    pub fn all(self) -> Vec<Duration> {
        let mut all: Vec<_> = self
            .burns()
            .iter()
            .flat_map(|burn| [burn.long, burn.short])
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// The labels that stay apart when series are added up.
    pub fn kept_labels(self) -> &'static [&'static str] {
        match self {
            Self::Month => &[],
            Self::Run => &["testid"],
        }
    }

    /// After how long a page that nobody has ended is escalated.
    pub fn escalates_after(self) -> Duration {
        match self {
            Self::Month => seconds(1_800),
            Self::Run => seconds(120),
        }
    }

    /// How often rules are evaluated.
    pub fn interval(self) -> Duration {
        match self {
            Self::Month => seconds(30),
            Self::Run => seconds(5),
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Run => "run",
        }
    }
}
