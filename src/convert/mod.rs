//! Converters: what others recorded or described becomes a journey in Rhai.
//!
//! In: a document of another tool ([`Input`]) and what the user asks for ([`Settings`]). An [`Importer`], one for each kind
//! of document, reads it into a [`Journey`], which knows nothing of where it came from. Out: [`emit::script`], the journey
//! as a script that a person would like to go on writing.
//!
//! ```text
//! FILE ─► Importer::import ─► Journey ─► emit::script ─► SCRIPT.rhai
//! ```

mod chaostoolkit;
mod curl;
mod document;
pub mod emit;
pub mod guess;
mod har;
mod hidden;
mod input;
pub mod journey;
mod k6;
mod lifted;
mod load;
mod openapi;
mod postman;
pub mod recording;
mod shell;
pub mod text;
mod tokens;

use std::path::PathBuf;

pub use input::Input;
pub use journey::Journey;
pub use shell::join as shell_join;

/// What the user asks for. An importer heeds what its [`Importer::takes`] names.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Domains whose requests are kept, with those below them; empty: those of the first document's site.
    pub domains: Vec<String>,
    /// What becomes of style sheets, scripts, images and fonts.
    pub assets: Assets,
    /// Recorded pauses are multiplied by this; 0 leaves them out.
    pub think: f64,
    /// A file of variables beside the document.
    pub environment: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            assets: Assets::Batch,
            think: 1.0,
            environment: None,
        }
    }
}

/// What becomes of a page's style sheets, scripts, images and fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assets {
    /// One `http::batch` for each page, of the assets that were recorded.
    Batch,
    /// `std/page` loads what the page names when the script runs.
    Page,
    /// They are left out.
    Drop,
}

/// An option of the command line that only some importers take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    Domains,
    Assets,
    Think,
    Environment,
}

/// Why a document cannot be converted: what is wrong, where, and what helps. Ends with the exit code for wrong data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default())]
pub struct Error {
    /// Begins with the place, such as `file.har: line 3 column 7: …`.
    pub message: String,
    pub help: Option<String>,
}

impl Error {
    /// An error at a place of the input, with what helps.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: Some(help.into()),
        }
    }

    /// One that needs no help.
    pub fn plain(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
        }
    }
}

/// Reads one kind of document.
pub trait Importer: Sync {
    /// What it is called on the command line.
    fn name(&self) -> &'static str;

    /// What it reads, in half a sentence: `"an HTTP Archive (.har), as browsers save it"`.
    fn reads(&self) -> &'static str;

    /// The options that it heeds.
    fn takes(&self) -> &'static [Setting] {
        &[]
    }

    /// Whether a command may stand in the place of the file: `rhaid convert curl 'curl …'`.
    fn takes_words(&self) -> bool {
        false
    }

    /// Reads a document into a journey.
    ///
    /// # Errors
    /// When it is not such a document, or has nothing in it that could become a request.
    fn import(&self, input: Input<'_>, settings: &Settings) -> Result<Journey, Error>;
}

/// All importers there are, in the order of the help.
pub const IMPORTERS: &[&dyn Importer] = &[
    &har::Har,
    &openapi::OpenApi,
    &postman::Postman,
    &curl::Curl,
    &k6::K6,
    &chaostoolkit::ChaosToolkit,
];

/// The importer of that name.
pub fn importer(name: &str) -> Option<&'static dyn Importer> {
    IMPORTERS
        .iter()
        .find(|importer| importer.name() == name)
        .copied()
}
