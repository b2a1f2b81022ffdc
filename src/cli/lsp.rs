//! `rhaid lsp`: the language server, on standard input and output.

use std::io::{BufReader, stdin, stdout};

use super::command_args::LspArguments;
use super::{Failure, config};
use crate::exit;
use crate::lsp::{Settings, serve};

/// Serves one editor. 0 if it said goodbye as the protocol has it, else 1.
pub fn run(arguments: LspArguments) -> Result<u8, Failure> {
    let settings = Settings {
        env: config::environment(&arguments.env),
        defaults: Box::new(|file| {
            let asked = file.to_owned();
            config::defaults(Some(&asked)).unwrap_or_default()
        }),
    };
    // Not locked: a lock could not go to the thread that reads.
    match serve(BufReader::new(stdin()), stdout().lock(), settings) {
        Ok(true) => Ok(exit::PASS),
        Ok(false) => Ok(exit::REVIEW),
        // The editor went away.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(exit::REVIEW),
        Err(error) => Err(Failure::new(
            exit::CANNOT_WRITE,
            format!("error: cannot serve the editor: {error}"),
        )),
    }
}
