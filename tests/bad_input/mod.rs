//! Bad input: what a user, a script, a target or a disk gets wrong, and what the real binary says to it.
//!
//! Whole messages are held against `tests/golden/bad_input`, so that whoever changes one reads it anew.

mod foreign;
mod golden;

mod advice;
mod command_line;
mod files;
mod hostile;
mod limits;
mod members;
mod names;
mod objectives;
mod options;
mod results;
mod rows;
mod runtime;
mod setup;
mod special;
mod syntax;
mod targets;
