//! Webhooks that a run receives, end to end: the script is the sender as well, unless the demo target is.

mod answers;
mod counting;
mod demo;
mod keys;
mod mistakes;
mod receiving;
mod signatures;
