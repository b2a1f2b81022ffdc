//! What rhaid and its guardian say to each other, a line each.

use crate::chaos::Deed;

/// To the guardian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// This may have to be undone.
    Enter(u64, Deed),
    /// It has been undone, or was never done.
    Done(u64),
}

impl Line {
    pub fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.trim_end_matches('\n').split_once(' ')?;
        match word {
            "enter" => {
                let (number, deed) = rest.split_once(' ')?;
                Some(Self::Enter(
                    number.parse().ok()?,
                    serde_json::from_str(deed).ok()?,
                ))
            }
            "done" | "withdraw" => Some(Self::Done(rest.parse().ok()?)),
            _ => None,
        }
    }

    /// With the end of the line.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        Ok(match self {
            Self::Enter(number, deed) => {
                format!("enter {number} {}\n", serde_json::to_string(deed)?)
            }
            Self::Done(number) => format!("done {number}\n"),
        })
    }
}

/// What the guardian answers to an entry.
pub fn entered(number: u64) -> String {
    format!("entered {number}")
}
