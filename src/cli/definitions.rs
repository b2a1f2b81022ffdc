//! `rhaid definitions`: what scripts see, for editors.

use std::path::Path;

use super::command_args::DefinitionsArguments;
use super::{Failure, print};
use crate::exit;
use crate::script::definitions;

/// Writes the definition files.
pub fn run(arguments: DefinitionsArguments) -> Result<u8, Failure> {
    let files = definitions::files();
    for (name, text) in &files {
        write(&arguments.folder.join(name), text)?;
    }
    print(&format!(
        "{} files in {}\n",
        files.len(),
        arguments.folder.display()
    ))?;
    Ok(exit::PASS)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
    written.map_err(|error| {
        let message = format!(
            "error: cannot write `{}`: {error}\nhelp: name a folder that can be written to",
            path.display()
        );
        Failure::new(exit::CANNOT_WRITE, message)
    })
}
