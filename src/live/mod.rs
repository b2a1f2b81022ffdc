//! A run in progress, for people who watch.
//!
//! In: a [`Progress`](crate::run::Progress) once a second. Out: lines on standard error; a terminal gets a line per scenario that
//! is redrawn, anything else gets plain lines now and then, and programs get JSON if they ask for it. [`dev`] is for those who write the script
//! meanwhile, [`web`] for who looks on in a browser.

pub mod dev;
mod line;
mod ndjson;
mod terminal;
mod view;
pub mod web;

pub use line::progress_lines;
pub use ndjson::message;
pub use terminal::Terminal;
pub use view::{Shown, View, Voice};
