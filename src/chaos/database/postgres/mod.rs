//! PostgreSQL, and what speaks as it does.

mod busy;
mod client;
mod crowd;
mod lock;
mod scram;
mod terminate;
mod wire;

use super::error::DatabaseError;
use super::place::{Kind, Place};

pub use busy::slow;
pub use crowd::exhaust;
pub use lock::lock_table;
pub use terminate::{terminate, terminate_every};

const KIND: Kind = Kind {
    name: "PostgreSQL",
    schemes: &["postgres", "postgresql"],
    port: 5432,
    example: "postgres://user:password@127.0.0.1:5432/database",
};

/// Where a PostgreSQL is.
///
/// # Errors
/// When the URL is none of a PostgreSQL.
pub fn place(url: &str) -> Result<Place, DatabaseError> {
    Place::parse(url, &KIND)
}
