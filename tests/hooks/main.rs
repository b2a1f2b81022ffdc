//! Webhooks that a run receives, end to end: the script is the sender as well, unless the demo target is.

#[path = "../runs/reading.rs"]
#[allow(dead_code, reason = "the tests of runs use the rest of it")]
mod reading;
#[path = "../support/mod.rs"]
mod support;

mod answers;
mod counting;
mod demo;
mod keys;
mod mistakes;
mod receiving;
mod signatures;
