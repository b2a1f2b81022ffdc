//! `random`: random numbers that follow from the run's seed and the virtual user.

use std::cell::RefCell;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult};

use super::{error, number};
use crate::vu;

thread_local! {
    /// For a script's top level, which belongs to no virtual user; the same in every worker.
    static TOP_LEVEL: RefCell<SmallRng> = RefCell::new(SmallRng::seed_from_u64(0));
}

/// Draws from the virtual user's own numbers.
pub fn with<T>(draw: impl FnOnce(&mut SmallRng) -> T) -> T {
    match vu::current() {
        Some(vu) => draw(&mut vu.rng.borrow_mut()),
        None => TOP_LEVEL.with_borrow_mut(draw),
    }
}

/// A standard normal number (Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958).
fn standard_normal(rng: &mut SmallRng) -> f64 {
    // 1 - u is never zero, so the logarithm is finite.
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

/// A UUID (version 4) of these bytes.
pub fn uuid_of(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

#[export_module(manifest)]
pub mod random_module {
    /// A whole number from `low` to `high`, both included.
    #[rhai_fn(return_raw)]
    pub fn int(low: i64, high: i64) -> Result<i64, Box<EvalAltResult>> {
        if low > high {
            return error(format!(
                "random::int needs a range from low to high, not from {low} to {high}"
            ));
        }
        Ok(with(|rng| rng.random_range(low..=high)))
    }

    /// A number from 0 up to, but not including, 1.
    pub fn float() -> f64 {
        with(|rng| rng.random())
    }

    /// A number from `low` up to `high`, each as likely.
    #[rhai_fn(return_raw)]
    pub fn between(low: Dynamic, high: Dynamic) -> Result<f64, Box<EvalAltResult>> {
        let (low, high) = (
            number(&low, "the lower bound")?,
            number(&high, "the upper bound")?,
        );
        Ok(low + (high - low) * with(|rng| rng.random::<f64>()))
    }

    /// True with this probability, from 0 to 1.
    #[rhai_fn(return_raw)]
    pub fn chance(probability: Dynamic) -> Result<bool, Box<EvalAltResult>> {
        let probability = number(&probability, "a probability")?;
        Ok(with(|rng| rng.random::<f64>()) < probability)
    }

    /// A number from the normal distribution with this mean and standard deviation.
    #[rhai_fn(return_raw)]
    pub fn normal(mean: Dynamic, deviation: Dynamic) -> Result<f64, Box<EvalAltResult>> {
        let (mean, deviation) = (
            number(&mean, "the mean")?,
            number(&deviation, "the deviation")?,
        );
        Ok(mean + deviation * with(standard_normal))
    }

    /// A number from the exponential distribution with this mean: the time between independent events.
    #[rhai_fn(return_raw)]
    pub fn exponential(mean: Dynamic) -> Result<f64, Box<EvalAltResult>> {
        let mean = number(&mean, "the mean")?;
        Ok(-mean * with(|rng| (1.0 - rng.random::<f64>()).ln()))
    }

    /// One element of a list.
    #[rhai_fn(return_raw)]
    pub fn pick(list: &mut Array) -> Result<Dynamic, Box<EvalAltResult>> {
        if list.is_empty() {
            return error("random::pick needs a list with something in it");
        }
        let index = with(|rng| rng.random_range(0..list.len()));
        Ok(list[index].clone())
    }

    /// A random UUID (version 4).
    pub fn uuid() -> String {
        super::uuid_of(with(|rng| rng.random()))
    }
}
