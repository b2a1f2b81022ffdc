//! Exit codes: what a pipeline reads. They are a contract; each has one meaning.

/// Every objective was met.
pub const PASS: u8 = 0;
/// Warnings, or a P1 or P2 objective failed: look before you ship.
pub const REVIEW: u8 = 1;
/// A P0 objective failed, the run was aborted, or scripts threw: do not ship.
pub const BLOCKED: u8 = 2;
/// Wrong usage of the command line.
pub const USAGE: u8 = 64;
/// The script or a data file is wrong; nothing ran.
pub const SCRIPT: u8 = 65;
/// An input file is missing.
pub const NO_INPUT: u8 = 66;
/// `setup` could not reach the target.
pub const UNREACHABLE: u8 = 69;
/// A mistake in rhaid itself.
pub const INTERNAL: u8 = 70;
/// A fault could not be undone.
pub const NOT_UNDONE: u8 = 71;
/// A result, or what was asked for on standard output, could not be written.
pub const CANNOT_WRITE: u8 = 74;
/// A configuration file is wrong, or the system's own for this process: too few files may be open.
pub const CONFIG: u8 = 78;
/// Interrupted from outside; results were still written.
pub const INTERRUPTED: u8 = 130;
