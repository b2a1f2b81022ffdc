//! Faults that databases have of themselves, beside those of a proxy before them.
//!
//! In: a database's URL. Out: one that stalls, refuses, or drops its clients for a while, and the way back. Each fault is held by connections of rhaid's own, so that
//! the database ends it by itself when they are gone, be it that rhaid was killed. No message names a URL's user or password.

mod error;
mod hold;
mod place;
pub mod postgres;
pub mod redis;

pub use error::DatabaseError;
pub use hold::Holding;
pub use place::Place;
