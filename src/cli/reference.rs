//! `rhaid reference`: what scripts and results look like, made from the code itself.

use super::command_args::{Part, ReferenceArguments};
use super::{Failure, print};
use crate::script::reference;
use crate::{exit, result};

/// Prints a reference.
pub fn run(arguments: ReferenceArguments) -> Result<u8, Failure> {
    match arguments.part {
        Part::Script => print(&reference::markdown())?,
        Part::ResultSchema => {
            let schema = serde_json::to_string_pretty(&result::schema()).unwrap_or_default();
            print(&format!("{schema}\n"))?;
        }
    }
    Ok(exit::PASS)
}
