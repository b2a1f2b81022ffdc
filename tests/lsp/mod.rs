//! The language server: an editor's messages to the real binary.

mod client;
mod documents;
mod knowledge;
mod protocol;
