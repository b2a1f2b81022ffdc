//! What a scenario's executor is made of: the options that only some executors have.

use std::sync::Arc;
use std::time::Duration;

use super::reader::{MAX_VUS, Reader, describe, read_rate, too_many_vus};
use super::stages::stages;
use crate::executor::{
    Arrivals, ConstantArrivalRate, ConstantVus, DEFAULT_MAX_DURATION, Executor,
    ExternallyControlled, Kind, PerVuIterations, PlanError, RampingArrivalRate, RampingVus,
    SharedIterations,
};

/// Without `max_vus`, an open model may grow this far.
const DEFAULT_MAX_VUS: u32 = 100;

/// What shapes a plan's time beside the script: how long a second lasts, and what chance is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct Clockwork {
    pub scale: f64,
    pub seed: u64,
}

impl Clockwork {
    pub fn scaled(self, duration: Duration) -> Duration {
        // A scale of one must not cost precision.
        if self.scale == 1.0 {
            duration
        } else {
            Duration::from_secs_f64(duration.as_secs_f64() * self.scale)
        }
    }
}

/// Reads the executor of a scenario called `name`.
///
/// # Errors
/// When its options make no plan.
pub fn build(
    kind: Kind,
    name: &str,
    reader: &mut Reader<'_>,
    clockwork: Clockwork,
) -> Result<Arc<dyn Executor>, PlanError> {
    let scaled = &|duration: Duration| clockwork.scaled(duration);
    let vus = |reader: &mut Reader<'_>| reader.small_count("vus", 0).unwrap_or(1);
    let duration =
        |reader: &mut Reader<'_>| scaled(reader.duration("duration").unwrap_or_default());
    let max_duration = |reader: &mut Reader<'_>| {
        scaled(
            reader
                .duration("max_duration")
                .unwrap_or(DEFAULT_MAX_DURATION),
        )
    };
    let executor: Arc<dyn Executor> = match kind {
        Kind::SharedIterations => {
            let vus = vus(reader);
            let iterations = reader.count("iterations", 0).unwrap_or(1);
            // More users than iterations would only idle.
            let vus = vus
                .min(u32::try_from(iterations).unwrap_or(u32::MAX))
                .max(u32::from(vus > 0));
            Arc::new(SharedIterations::new(
                vus,
                iterations,
                max_duration(reader),
            )?)
        }
        Kind::PerVuIterations => {
            let vus = vus(reader);
            let iterations = reader.count("iterations", 0).unwrap_or(1);
            Arc::new(PerVuIterations::new(vus, iterations, max_duration(reader))?)
        }
        Kind::ConstantVus => {
            let vus = vus(reader);
            Arc::new(ConstantVus::new(vus, duration(reader))?)
        }
        Kind::RampingVus => {
            let start = reader.small_count("start_vus", 0).unwrap_or(1);
            let stages = stages(reader, scaled, |value| {
                match value.as_u64().map(u32::try_from) {
                    Some(Ok(target)) if target <= MAX_VUS => Ok(target),
                    Some(Ok(_) | Err(_)) => Err(too_many_vus(value).into()),
                    _ => Err(format!(
                        "expected a whole number of virtual users, found {}",
                        describe(value)
                    )
                    .into()),
                }
            });
            Arc::new(RampingVus::new(start, stages)?)
        }
        Kind::ConstantArrivalRate => {
            let (unit, second) = time_unit(reader);
            let rate = reader.rate("rate", unit).unwrap_or_default();
            let duration = duration(reader);
            let (least, most) = open_vus(reader);
            let arrivals = arrivals(reader, name, clockwork.seed);
            Arc::new(ConstantArrivalRate::new(
                rate, second, duration, least, most, arrivals,
            )?)
        }
        Kind::RampingArrivalRate => {
            let (unit, second) = time_unit(reader);
            let start = reader.rate("start_rate", unit).unwrap_or_default();
            let stages = stages(reader, scaled, |value| {
                read_rate(value, unit).unwrap_or_else(|| {
                    Err(format!(
                        "expected a rate such as 50 or \"300/m\", found {}",
                        describe(value)
                    )
                    .into())
                })
            });
            let (least, most) = open_vus(reader);
            let arrivals = arrivals(reader, name, clockwork.seed);
            Arc::new(RampingArrivalRate::new(
                start, second, &stages, least, most, arrivals,
            )?)
        }
        Kind::ExternallyControlled if reader.has("rate") => {
            for other in ["vus", "pace"] {
                if reader.has(other) {
                    reader.error(
                        other,
                        format!("`{other}` is for a scenario whose users are controlled, and `rate` for one whose rate is"),
                        Some(format!("leave out `rate` or `{other}`")),
                    );
                }
            }
            let (unit, second) = time_unit(reader);
            let rate = reader.rate("rate", unit).unwrap_or_default();
            let (least, most) = open_vus(reader);
            let duration = reader.duration("duration").map(scaled);
            Arc::new(ExternallyControlled::at_rate(
                rate, second, least, most, duration,
            )?)
        }
        Kind::ExternallyControlled => {
            for other in ["time_unit", "pre_allocated_vus"] {
                if reader.has(other) {
                    reader.error(
                        other,
                        format!("`{other}` is for a scenario whose rate is controlled, and this one has no `rate`"),
                        Some(format!("give it a `rate`, or leave out `{other}`")),
                    );
                }
            }
            let vus = vus(reader);
            let most = reader
                .small_count("max_vus", 0)
                .unwrap_or(vus.max(DEFAULT_MAX_VUS));
            let duration = reader.duration("duration").map(scaled);
            Arc::new(ExternallyControlled::new(vus, most, duration)?)
        }
    };
    Ok(executor)
}

/// The unit that rates are given in, and the one that they are in once they are read: a second, unless the unit is a mistake.
fn time_unit(reader: &mut Reader<'_>) -> (Duration, Duration) {
    const SECOND: Duration = Duration::from_secs(1);
    let unit = reader.duration("time_unit").unwrap_or(SECOND);
    (unit, if unit.is_zero() { unit } else { SECOND })
}

fn open_vus(reader: &mut Reader<'_>) -> (u32, u32) {
    let most = reader.small_count("max_vus", 0);
    let least = reader
        .small_count("pre_allocated_vus", 0)
        .unwrap_or_else(|| most.unwrap_or(1).min(1));
    (least, most.unwrap_or(least.max(DEFAULT_MAX_VUS)))
}

fn arrivals(reader: &mut Reader<'_>, name: &str, seed: u64) -> Arrivals {
    match reader.string("arrivals") {
        None | Some("regular") => Arrivals::Regular,
        Some("poisson") => Arrivals::Poisson {
            seed: name_seed(name, seed),
        },
        Some(other) => {
            let help = crate::suggest::did_you_mean(other, ["regular", "poisson"]);
            reader.error(
                "arrivals",
                format!("expected \"regular\" or \"poisson\", found {other:?}"),
                help,
            );
            Arrivals::Regular
        }
    }
}

/// FNV-1a over the scenario's name and the run's seed, so that scenarios get sequences of their own.
fn name_seed(name: &str, seed: u64) -> u64 {
    name.bytes()
        .chain(seed.to_le_bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}
