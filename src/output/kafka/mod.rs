//! `kafka=BROKER[,BROKER]/TOPIC`: what `ndjson` writes to a file, as messages to a topic of Kafka: a JSON object each.
//!
//! - **In**: what happens and what was measured, every second; credentials from the environment.
//! - **Out**: messages whose key is the run's id, so that one partition has all of a run, in its order. What a broker did not confirm is
//!   sent again: at least once.
//!
//! Only a rhaid that is built with the feature `kafka` opens one; any can read [`target`](mod@target), where to. [`stream`] makes messages
//! and posts them, [`producer`] carries them, to the partition that [`partition`](mod@partition) chooses.

#[cfg(feature = "kafka")]
mod partition;
#[cfg(feature = "kafka")]
mod producer;
#[cfg(feature = "kafka")]
mod stream;
mod target;

pub const NAME: &str = "kafka";

#[cfg(feature = "kafka")]
pub use stream::open;
pub use target::check;

/// Opens nothing: there is no Kafka in here.
///
/// # Errors
/// Always; it says how to get one.
#[cfg(not(feature = "kafka"))]
pub fn open(
    _: &str,
    _: &super::hub::Surroundings,
) -> Result<Box<dyn super::Output>, super::OutputError> {
    Err(super::OutputError::Usage(format!(
        "`--out {NAME}=…`: this rhaid was built without Kafka; build one with it, `cargo build --release --features kafka`"
    )))
}
