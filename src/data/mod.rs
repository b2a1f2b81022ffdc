//! Data files: rows for virtual users, read once and shared by all of them.
//!
//! What comes in: a file of the script's project, and how its rows are written ([`Format`]). What goes out: any row by its
//! number ([`Dataset::row`]), and which row is whose turn ([`Turns`]). A file is looked through once, so that every
//! mistake in it is known before anything is sent; after that only where its rows begin is kept, and a row is parsed when it is
//! asked for.

mod csv;
mod error;
mod index;
mod json;
mod permutation;
#[cfg(test)]
mod properties;
mod set;
mod store;
mod turns;
mod types;

pub(crate) use csv::{Records, each as each_value};
pub use error::{DataError, not_utf8_file as not_utf8};
pub(crate) use error::{Mistake, not_utf8 as not_utf8_line};
pub use set::{Dataset, Row};
pub use store::Store;
pub use turns::{Taken, Turns, TurnsOfRun};
pub use types::{Cell, Kind};

/// How the rows of a file are written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Format {
    Csv(Dialect),
    /// One list.
    Json,
    /// One value on each line.
    JsonLines,
}

/// What differs between CSV files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dialect {
    /// An ASCII character.
    pub delimiter: u8,
    /// Names of the columns, for a file whose first row is data.
    pub columns: Option<Vec<String>>,
    /// Columns whose values are no texts.
    pub types: Vec<(String, Kind)>,
}

impl Default for Dialect {
    fn default() -> Self {
        Self {
            delimiter: b',',
            columns: None,
            types: Vec::new(),
        }
    }
}
