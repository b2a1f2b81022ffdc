//! Whether the load generator itself was fit to measure: how long things took, how busy it was, how late it started what was planned.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::format::{bytes, latency, percent, plural, thousands};
use crate::hints::generator::{BUSY as SATURATED, LATE, busy, workers};
use crate::hints::trust;
use crate::result::{RunResult, ratio};

/// From this share on, there is little room for bursts.
const BUSY: f64 = 0.7;
/// Of a lag that is too much, the part from which on it is close.
const CLOSE: f64 = 0.5;
/// From this share of the machine's memory on, the system may have begun to swap.
const FULL: f64 = 0.8;
/// From this share of the planned arrivals on, dropped ones make it another test than was planned.
const DROPPED: f64 = 0.01;

/// How long it all took, in seconds: the scenarios if there were any, else what came before them.
pub fn lasted(result: &RunResult) -> f64 {
    if result.run.duration_seconds > 0.0 {
        result.run.duration_seconds
    } else {
        from_start_to_end(result)
    }
}

/// All of the run, what comes before and after the scenarios included, in seconds.
pub fn from_start_to_end(result: &RunResult) -> f64 {
    let run = &result.run;
    let at = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    match (at(&run.started_at), at(&run.ended_at)) {
        (Some(start), Some(end)) => (end - start).as_seconds_f64().max(0.0),
        _ => 0.0,
    }
}

/// How far the figures can be trusted, as far as it hangs on the generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// The document does not tell: it is another tool's.
    Unknown,
    Trustworthy,
    /// Something was close to a limit.
    Doubtful,
    /// The generator was the limit: the figures say more about it than about the target.
    Untrustworthy,
}

/// One figure of the generator, with what it means.
#[derive(Debug, PartialEq, Eq)]
pub struct Sign {
    pub label: &'static str,
    pub value: String,
    pub trust: Trust,
    /// What the figure means, and from where on it is too much.
    pub meaning: String,
}

/// What is known about the generator.
#[derive(Debug, PartialEq, Eq)]
pub struct Health {
    /// As bad as the worst sign.
    pub trust: Trust,
    pub sentence: &'static str,
    pub signs: Vec<Sign>,
}

impl Health {
    /// Judges the generator by its own figures.
    pub fn of(result: &RunResult) -> Self {
        let signs: Vec<Sign> = [
            processors(result),
            memory(result),
            lag(result),
            dropped(result),
        ]
        .into_iter()
        .flatten()
        .collect();
        let worst = signs.iter().map(|sign| sign.trust).max();
        let trust = match worst {
            Some(_) if !trust(result).is_trustworthy() => Trust::Untrustworthy,
            worst => worst.unwrap_or(Trust::Unknown),
        };
        let sentence = match trust {
            Trust::Unknown => "The document does not tell how the load generator fared.",
            Trust::Trustworthy => {
                "Trustworthy: the load generator had room to spare, so the figures are about the target."
            }
            Trust::Doubtful => {
                "Read with care: the load generator came close to a limit, or did not make all the load that was planned."
            }
            Trust::Untrustworthy => {
                "Not trustworthy: the load generator was at its limit, so response times hold its own delay too. Use more workers or machines, or less load."
            }
        };
        Self {
            trust,
            sentence,
            signs,
        }
    }
}

fn processors(result: &RunResult) -> Option<Sign> {
    if workers(result) == 0 {
        return None;
    }
    let share = busy(result);
    // In a second, starting up is most of what there is.
    let long = result.run.duration_seconds > 1.0;
    let trust = match share {
        share if share > SATURATED && long => Trust::Untrustworthy,
        share if share >= BUSY && long => Trust::Doubtful,
        _ => Trust::Trustworthy,
    };
    let workers = plural(u64::from(workers(result)), "worker", "workers");
    Some(Sign {
        label: "Processor",
        value: format!("{} of {workers}", percent(share)),
        trust,
        meaning: format!(
            "share of its workers' time that was spent computing; too much from {} on",
            percent(SATURATED)
        ),
    })
}

fn memory(result: &RunResult) -> Option<Sign> {
    let (used, all) = (
        result.generator.peak_rss_bytes as f64,
        result.run.machine.memory_bytes as f64,
    );
    if used == 0.0 {
        return None;
    }
    let share = ratio(used, all);
    let of = match all > 0.0 {
        true => format!(" of {}", bytes(all)),
        false => String::new(),
    };
    Some(Sign {
        label: "Memory",
        value: format!("{}{of}", bytes(used)),
        trust: match share >= FULL {
            true => Trust::Doubtful,
            false => Trust::Trustworthy,
        },
        meaning: format!(
            "the most that was resident at once; from {} of the machine's on it may have swapped",
            percent(FULL)
        ),
    })
}

fn lag(result: &RunResult) -> Option<Sign> {
    let lag = result.trend("iteration_lag")?;
    let median = result.trend("http_req_duration").map(|t| t.med);
    let allowed = LATE.max(median.unwrap_or_default());
    Some(Sign {
        label: "Iteration lag",
        value: format!(
            "p99 {}, at most {}",
            latency(lag.p99, true),
            latency(lag.max, true)
        ),
        trust: match lag.p99 {
            lag if lag > allowed => Trust::Untrustworthy,
            lag if lag > allowed * CLOSE => Trust::Doubtful,
            _ => Trust::Trustworthy,
        },
        meaning: format!(
            "how much later than planned iterations began; too late from {} on",
            latency(allowed, true)
        ),
    })
}

fn dropped(result: &RunResult) -> Option<Sign> {
    let arrivals = || {
        result
            .scenarios
            .iter()
            .filter(|scenario| scenario.executor.contains("arrival-rate"))
    };
    arrivals().next()?;
    let dropped: u64 = arrivals().map(|s| s.dropped_iterations).sum();
    let started: u64 = arrivals()
        .map(|s| s.iterations + s.interrupted_iterations)
        .sum();
    let share = ratio(dropped as f64, (dropped + started) as f64);
    Some(Sign {
        label: "Dropped arrivals",
        value: match dropped {
            0 => "none".to_owned(),
            _ => format!("{} ({})", thousands(dropped), percent(share)),
        },
        trust: if share >= DROPPED { Trust::Doubtful } else { Trust::Trustworthy },
        meaning: "iterations that found no free virtual user: the load was less than planned; raise max_vus, or make the target faster".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{Generator, sample};

    #[test]
    fn without_scenarios_setup_took_the_time() {
        let mut result = sample::passing();
        result.run.duration_seconds = 0.0;
        result.run.started_at = "2026-03-01T09:05:07.250Z".to_owned();
        result.run.ended_at = "2026-03-01T09:05:08Z".to_owned();
        assert_eq!(lasted(&result), 0.75);
    }

    #[test]
    fn a_generator_with_room_to_spare_is_trusted_and_one_at_its_limit_is_not() {
        assert_eq!(Health::of(&sample::passing()).trust, Trust::Trustworthy);
        let health = Health::of(&sample::failing());
        assert_eq!(health.trust, Trust::Untrustworthy);
        assert!(health.signs[0].value.starts_with("97.6%"), "{health:?}");
    }

    #[test]
    fn a_document_without_a_generator_says_nothing_about_it() {
        let mut result = sample::passing();
        result.generator = Generator::default();
        result.run.machine.workers = 0;
        result.scenarios.clear();
        result
            .metrics
            .retain(|metric| metric.name != "iteration_lag");
        assert_eq!(Health::of(&result).trust, Trust::Unknown);
    }

    #[test]
    fn arrivals_that_were_dropped_make_it_another_test() {
        let mut result = sample::passing();
        result.scenarios[1].dropped_iterations = 750;
        assert_eq!(Health::of(&result).trust, Trust::Doubtful);
    }
}
