//! `rhaid reference`: the script reference, made from what is registered.

use super::{Failure, print};
use crate::exit;
use crate::script::reference;

/// Prints the reference.
pub fn run() -> Result<u8, Failure> {
    print(&reference::markdown());
    Ok(exit::PASS)
}
