//! Tables of all figures for other tools: a row for each figure of each run, in columns that are the same in every format.
//!
//! - **In**: the lines of [`Store::lines`](super::Store::lines).
//! - **Out**: the bytes of a file; nothing is written here.

mod csv;
#[cfg(feature = "parquet")]
mod parquet;

use super::Line;

/// The names of the columns, in their order.
pub const COLUMNS: [&str; 10] = [
    "run",
    "started_at",
    "script",
    "branch",
    "commit",
    "status",
    "metric",
    "endpoint",
    "statistic",
    "value",
];

/// A table could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The program was built without the format.
    #[error(
        "this rhaid was built without Parquet\nhelp: build one with it, `cargo build --release --features parquet`, or write --csv"
    )]
    NoParquet,
    /// A library could not do it.
    #[error("cannot make a table: {0}")]
    Failed(String),
}

impl TableError {
    fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Comma-separated values.
///
/// # Errors
/// [`TableError`].
pub fn csv(lines: &[Line]) -> Result<Vec<u8>, TableError> {
    csv::table(lines)
}

/// A file of Apache Parquet.
///
/// # Errors
/// [`TableError`]: always, unless this was built with the feature `parquet`.
pub fn parquet(lines: &[Line]) -> Result<Vec<u8>, TableError> {
    #[cfg(feature = "parquet")]
    return parquet::table(lines);
    #[cfg(not(feature = "parquet"))]
    {
        let _ = lines;
        Err(TableError::NoParquet)
    }
}

#[cfg(all(test, not(feature = "parquet")))]
mod tests {
    use super::*;

    #[test]
    fn without_the_feature_it_is_told_how_to_get_it() {
        let error = parquet(&[]).unwrap_err().to_string();
        assert!(error.contains("--features parquet"), "{error}");
    }
}
