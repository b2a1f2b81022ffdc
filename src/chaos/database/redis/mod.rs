//! Redis, and what speaks as it does.

mod client;
mod crowd;
mod pause;
mod sleep;

use super::error::DatabaseError;
use super::place::{Kind, Place};

pub use crowd::exhaust;
pub use pause::pause;
pub use sleep::slow;

const KIND: Kind = Kind {
    name: "Redis",
    schemes: &["redis"],
    port: 6379,
    example: "redis://:password@127.0.0.1:6379",
};

/// Where a Redis is.
///
/// # Errors
/// When the URL is none of a Redis.
pub fn place(url: &str) -> Result<Place, DatabaseError> {
    Place::parse(url, &KIND)
}
