//! Commands of curl.

use super::{Error, Importer, Input, Journey, Settings};

/// Reads commands of curl.
pub struct Curl;

impl Importer for Curl {
    fn name(&self) -> &'static str {
        "curl"
    }

    fn reads(&self) -> &'static str {
        "commands of curl, as a browser's \"Copy as cURL\" gives them or people write them"
    }

    fn takes_words(&self) -> bool {
        true
    }

    fn import(&self, input: Input<'_>, _: &Settings) -> Result<Journey, Error> {
        let name = input.name.clone();
        let _ = input.into_text()?;
        Err(Error::plain(name))
    }
}
