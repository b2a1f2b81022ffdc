//! The history: every run of a project in one small database, for lists and trends.
//!
//! - **In**: a result at the end of its run ([`Store::record`]).
//! - **Out**: rows of runs ([`Store::runs`]), the course of any figure over them ([`Store::course`]) with its change points and outliers
//!   ([`trend`]), tables for other tools ([`table`]).
//!
//! The database is SQLite, [`FILE`] in the project's folder. It is a copy: the result files are what was measured, and a database that is lost or
//! broken takes nothing with it. Several runs may end at once (write-ahead log, a busy timeout), and one that is killed
//! leaves either all of a run there or nothing of it (one transaction each).

mod figures;
mod rows;
mod schema;
mod store;
pub mod table;
pub mod trend;

pub use figures::{Figure, Kind, figures};
pub use rows::{Filter, Line, Point, Recorded};
pub use schema::HistoryError;
pub use store::Store;

/// Where the history is kept, from the project's folder.
pub const FILE: &str = ".rhaid/history.db";
