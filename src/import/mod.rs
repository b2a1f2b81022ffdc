//! Results of other tools, and our own: from a file to a [`RunResult`].
//!
//! In: a file, or standard input; gzip is unpacked. Out: a result document, as a run of our own would have left it as far as the file tells:
//! metrics under our names (which are k6's), endpoints, checks, errors, and the main metrics over time where the file holds samples.
//! Objectives that the file brings along are in it with the verdict that its own tool recorded; nothing is judged here.
//!
//! A format is one implementation of [`Importer`], in a file of its own, listed in [`all`]. Formats of samples are read as streams through a
//! `gather::Gatherer`, in memory that follows the number of metrics and tag sets; summaries are read whole, with a greatest size.
//!
//! What a file does not tell is left empty; a statistic that it does not tell is NaN, never 0.

mod document;
mod error;
mod foreign;
mod gather;
mod gatling;
mod hdr_log;
mod intervals;
mod jmeter;
mod json;
mod k6;
mod locust;
mod oha;
mod overtime;
mod own;
mod shape;
mod sheet;
mod source;
mod spread;
mod timeline;
mod vegeta;
mod wrk;

#[cfg(test)]
mod tests;

use std::path::Path;

pub use error::{Flaw, ImportError, Kind};
pub use shape::Shape;
pub use source::Source;

use crate::result::RunResult;
use crate::run::masking::{mask_result, mask_words};
use crate::secrets::Secrets;

/// How sure an importer is that a file is of its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// It is not.
    No,
    /// It looks like it, and so may others.
    Likely,
    /// Nothing else looks like this.
    Sure,
}

impl Confidence {
    /// Sure when it is so.
    pub fn when(so: bool) -> Self {
        if so { Self::Sure } else { Self::No }
    }
}

/// One format.
pub trait Importer: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What makes such a file, in a few words.
    fn title(&self) -> &'static str;

    /// Whether a file that begins like this is of the format.
    fn sniff(&self, shape: &Shape<'_>) -> Confidence;

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong with the file, and in which line.
    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw>;
}

/// Every format.
pub fn all() -> &'static [&'static dyn Importer] {
    &[
        &own::Own,
        &k6::SummaryExport,
        &k6::HandleSummary,
        &k6::MachineReadable,
        &k6::Points,
        &jmeter::Csv,
        &jmeter::Xml,
        &locust::Stats,
        &gatling::Stats,
        &oha::Report,
        &vegeta::Report,
        &vegeta::Results,
        &wrk::Text,
        &hdr_log::Log,
    ]
}

/// The format called `name`.
pub fn by_name(name: &str) -> Option<&'static dyn Importer> {
    all()
        .iter()
        .copied()
        .find(|importer| importer.name() == name)
}

/// A file, read.
pub struct Imported {
    /// The format that it is of.
    pub format: &'static dyn Importer,
    pub result: RunResult,
}

/// Reads the file at `path` (`-` is standard input), of the format `from` or else of the one that it looks like.
///
/// # Errors
/// When there is no such file, it is of no format that is known, or is wrong.
pub fn read(path: &Path, from: Option<&'static dyn Importer>) -> Result<Imported, ImportError> {
    of_source(Source::open(path)?, from)
}

/// Reads what is already open.
///
/// # Errors
/// As [`read`].
pub fn of_source(
    source: Source<'_>,
    from: Option<&'static dyn Importer>,
) -> Result<Imported, ImportError> {
    let name = source.name().to_owned();
    let format = match from {
        Some(format) => format,
        None => guess(&source).map_err(|flaw| flaw.of(&name))?,
    };
    let mut result = format
        .read(source)
        .map_err(|flaw| flaw.without_secrets().of(&name))?;
    // What a run of our own would not tell of its URLs, no other tool's tells either.
    mask_result(&mut result, &Secrets::default());
    mask_words(&mut result.run.script, &Secrets::default());
    Ok(Imported { format, result })
}

/// The format that a file looks like.
fn guess(source: &Source<'_>) -> Result<&'static dyn Importer, Flaw> {
    let head = source.head();
    if head.trim_ascii().is_empty() {
        return Err(Flaw::new("the file is empty")
            .help("whatever was to write it stopped before, or wrote elsewhere"));
    }
    let shape = Shape::of(head);
    let best = all()
        .iter()
        .map(|importer| (importer.sniff(&shape), *importer))
        .filter(|(confidence, _)| *confidence > Confidence::No)
        // Of equals the first.
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    match best {
        Some((_, importer)) => Ok(importer),
        None => Err(foreign::unknown(&shape)),
    }
}
