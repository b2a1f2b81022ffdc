//! What can go wrong with databases.

use std::io;

/// Nothing is left changed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("`{url}` is not the URL of a {kind} database: {why}; expected `{example}`")]
    Url {
        /// Without a password.
        url: String,
        kind: &'static str,
        why: String,
        example: &'static str,
    },
    #[error("cannot reach the database at {place}: {source}")]
    Connect {
        place: String,
        #[source]
        source: io::Error,
    },
    #[error("the connection to the database at {place} broke: {source}")]
    Broken {
        place: String,
        #[source]
        source: io::Error,
    },
    #[error("the database at {place} answers what is not understood: {what}")]
    Protocol { place: String, what: String },
    #[error("the database at {place} refuses: {message}{}", .help.map(|help| format!("; {help}")).unwrap_or_default())]
    Refused {
        place: String,
        /// The database's own code, if it has such.
        code: String,
        message: String,
        help: Option<&'static str>,
    },
    #[error("`{0}` is not the name of a table: expected `table` or `schema.table`")]
    Table(String),
    #[error("{what} is above 0, not {given}")]
    Number { what: &'static str, given: u64 },
    #[error("the database at {place} has no connection left that may be taken")]
    NoneLeft { place: String },
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}
