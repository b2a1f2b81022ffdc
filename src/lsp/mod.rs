//! The language server: what `rhaid check` knows, and more, while a script is being written.
//!
//! In: the messages of an editor, as the Language Server Protocol has them, on standard input. Out: answers and diagnostics on standard
//! output. It looks at the text as it stands in the editor, saved or not, that of imported modules too, and sends nothing anywhere.
//!
//! What is asked for while a text is half-written cannot wait for it to be right: so completion, hover and the like read the text
//! token by token ([`outline`]) and need no syntax tree, while diagnostics come from the same look as `rhaid check`'s, on a thread
//! of its own, a moment after the last change.

mod catalog;
mod completion;
mod diagnosing;
mod documents;
mod lexer;
mod lookup;
mod outline;
mod position;
mod server;
mod situation;
mod symbols;
mod uri;
mod wire;

pub use server::{Settings, serve};
