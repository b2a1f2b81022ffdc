//! Why there is no guardian.

/// Nothing may be broken then that only a guardian could put right.
#[derive(Debug, Clone, thiserror::Error)]
pub enum GuardianError {
    #[error(
        "cannot start the guardian, which puts processes and files right if rhaid is killed: {0}; no such fault is done without it"
    )]
    Start(String),
    #[error(
        "the guardian, which puts processes and files right if rhaid is killed, does not answer: {0}; no such fault is done without it"
    )]
    Lost(String),
}
