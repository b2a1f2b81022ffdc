//! HTTP Archives, as Chrome, Firefox, Safari and Playwright write them.
//!
//! The file is read entry by entry and never held as a whole: what is held is what [`Recording`] keeps.

mod entry;
mod read;

use std::io::{BufReader, Read};

use super::recording::Recording;
use super::{Error, Importer, Input, Journey, Setting, Settings};

/// What helps if there is nothing in one.
const ADVICE: &str = "record a page while it loads; --domain NAME says whose requests are kept";

/// Reads HTTP Archives.
pub struct Har;

impl Importer for Har {
    fn name(&self) -> &'static str {
        "har"
    }

    fn reads(&self) -> &'static str {
        "an HTTP Archive, as browsers and Playwright save it"
    }

    fn takes(&self) -> &'static [Setting] {
        &[Setting::Domains, Setting::Assets, Setting::Think]
    }

    fn import(&self, input: Input<'_>, settings: &Settings) -> Result<Journey, Error> {
        let name = input.name.clone();
        let short = name.rsplit(['/', '\\']).next().unwrap_or(&name).to_owned();
        let mut recording = Recording::new(short, ADVICE, settings.clone());
        let mut reader = BufReader::with_capacity(1 << 16, input.into_reader());
        without_mark(&mut reader)
            .map_err(|error| Error::plain(format!("{name}: cannot read it: {error}")))
            .and_then(|start| {
                read::entries(start.chain(reader), &mut recording)
                    .map_err(|error| explain(&name, &error))
            })?;
        recording.finish()
    }
}

/// The first bytes, without a byte order mark.
fn without_mark(reader: &mut impl Read) -> std::io::Result<std::io::Cursor<Vec<u8>>> {
    let mut start = Vec::new();
    reader.by_ref().take(3).read_to_end(&mut start)?;
    if start == *b"\xef\xbb\xbf" {
        start.clear();
    }
    Ok(std::io::Cursor::new(start))
}

fn explain(name: &str, error: &serde_json::Error) -> Error {
    let place = match error.line() {
        // It is about the whole.
        0 => name.to_owned(),
        line => format!("{name}: line {line} column {}", error.column()),
    };
    if error.is_eof() {
        return Error::new(
            format!("{place}: the file ends in the middle"),
            "save the recording again, and wait until the file is complete",
        );
    }
    if error.is_io() {
        return Error::plain(format!("{name}: cannot read it: {error}"));
    }
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    if error.is_syntax() && message.contains("recursion limit") {
        return Error::plain(format!(
            "{place}: it is nested too deeply to be an HTTP Archive"
        ));
    }
    Error::new(
        format!("{place}: this is no HTTP Archive: {message}"),
        "a HAR file is JSON with `log.entries`; in the browser's network panel: Save all as HAR",
    )
}
