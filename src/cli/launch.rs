//! `rhaid launch`: what becomes another program when rhaid says so.

use std::ffi::OsString;

use clap::Args;

use super::Failure;
use crate::chaos::process::become_program;
use crate::exit;

/// What it becomes.
#[derive(Debug, Args)]
pub struct LaunchArguments {
    /// The program and its arguments.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub argv: Vec<OsString>,
}

/// Returns only when it does not become the program; rhaid reads why.
pub fn run(arguments: LaunchArguments) -> Result<u8, Failure> {
    become_program(&arguments.argv);
    Ok(exit::REVIEW)
}
