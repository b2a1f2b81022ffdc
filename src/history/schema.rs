//! What the database looks like, how an older one becomes a newer one, and what can be wrong with it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension, TransactionBehavior};

/// What brings a database from each version to the next; its version is SQLite's `user_version`.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        script TEXT NOT NULL,
        branch TEXT,
        commit_hash TEXT,
        started_at TEXT NOT NULL,
        started_seconds INTEGER NOT NULL,
        duration_seconds REAL NOT NULL,
        status TEXT NOT NULL,
        exit_code INTEGER NOT NULL,
        scale REAL NOT NULL,
        tool TEXT NOT NULL,
        result_path TEXT
    ) STRICT;
    CREATE INDEX runs_by_time ON runs (started_seconds);
    CREATE TABLE figures (
        run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
        metric TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        statistic TEXT NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (metric, endpoint, statistic, run)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX figures_by_run ON figures (run);
"];

/// The history could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The folder or the file could not be made or opened.
    #[error("the history `{}` could not be opened: {why}. Check that the folder can be written to", path.display())]
    Open { path: PathBuf, why: String },
    /// Somebody else holds it.
    #[error("the history `{}` is locked by another process. End it, or try again", path.display())]
    Locked { path: PathBuf },
    /// It is no database, or a damaged one.
    #[error("the history `{}` is damaged: {why}. Move it away (add `.broken` to its name), and the next run begins a new one; the result files are not touched", path.display())]
    Corrupt { path: PathBuf, why: String },
    /// A newer program made it.
    #[error("the history `{}` has version {found}, and this rhaid knows {}. Use the rhaid that wrote it, or a newer one", path.display(), MIGRATIONS.len())]
    Newer { path: PathBuf, found: i64 },
    /// Anything else that SQLite says.
    #[error("the history `{}` failed: {why}", path.display())]
    Other { path: PathBuf, why: String },
}

/// Brings a database to the newest version.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), HistoryError> {
    let wrong = |error: rusqlite::Error| told(path, &error);
    let version = |connection: &Connection| -> rusqlite::Result<i64> {
        let found = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .optional()?;
        Ok(found.unwrap_or(0))
    };
    let newest = MIGRATIONS.len() as i64;
    let found = version(connection).map_err(wrong)?;
    if found > newest {
        return Err(HistoryError::Newer {
            path: path.to_owned(),
            found,
        });
    }
    if found == newest {
        return Ok(());
    }
    // Two runs may find an old database at once: the second one looks again when it is its turn.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(wrong)?;
    let found = usize::try_from(version(&transaction).map_err(wrong)?).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(found) {
        transaction.execute_batch(step).map_err(wrong)?;
    }
    transaction
        .pragma_update(None, "user_version", newest)
        .map_err(wrong)?;
    transaction.commit().map_err(wrong)
}

/// What SQLite says, as whoever asked can use it.
pub(super) fn told(path: &Path, error: &rusqlite::Error) -> HistoryError {
    let (path, why) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => HistoryError::Locked { path },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            HistoryError::Corrupt { path, why }
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            HistoryError::Open { path, why }
        }
        _ => HistoryError::Other { path, why },
    }
}
