//! Parse, dispatch, exit.

use std::process::ExitCode;

/// Many short-lived allocations on few threads are what load generation is made of; this allocator keeps
/// them thread-local.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    ExitCode::from(rhaid::cli::main(std::env::args_os()))
}
