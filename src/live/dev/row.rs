//! One row of the list, and what is left out of it.

use std::time::Duration;

use super::entry::Tone;
use super::fit::Saying;
use crate::vu::tap::Happening;

/// Of a row that a filter looks for its text in, in bytes.
const SEARCHED: usize = 2 << 10;

/// One row of the list.
pub struct Row {
    pub tone: Tone,
    pub who: String,
    pub said: Saying,
    /// What it was; nothing for a notice.
    pub happening: Option<Happening>,
    /// What is seen of a notice when it is open, if that is more than its line.
    pub whole: Option<String>,
}

impl Row {
    /// A row that tells of no user. Of a text in several lines the first is the row; all are seen when it is open.
    pub fn notice(tone: Tone, text: String) -> Self {
        let first = text.lines().next().unwrap_or_default().to_owned();
        Self {
            tone,
            who: String::new(),
            happening: None,
            whole: (first.len() < text.len()).then_some(text),
            said: first.into(),
        }
    }

    /// When it came about, since someone began to look on.
    pub fn at(&self) -> Option<Duration> {
        self.happening.as_ref().map(|happening| happening.at)
    }

    /// Bytes that it takes about.
    pub fn bytes(&self) -> usize {
        let happening = self.happening.as_ref().map_or(0, Happening::weight);
        let whole = self.whole.as_ref().map_or(0, String::len);
        happening + whole + self.who.len() + self.said.bytes()
    }

    pub fn matches(&self, filter: &Filter) -> bool {
        let text = || {
            let said = self.said.whole();
            let part = said.get(..said.floor_char_boundary(SEARCHED));
            format!("{} {}", self.who, part.unwrap_or(&said)).to_lowercase()
        };
        (!filter.only_bad || self.tone == Tone::Bad)
            && (filter.text.is_empty() || text().contains(&filter.text.to_lowercase()))
    }
}

/// What is left out of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub text: String,
    pub only_bad: bool,
}
