//! What a line says, in as many columns as there are.

use unicode_width::UnicodeWidthStr;

use super::entry::harmless;
use crate::report::text::{Cut, shorten};
use crate::secrets::Secrets;

/// A name is not shortened further than this for what stands behind it.
const NAME: usize = 8;

/// Of a text that has one line, in bytes: no terminal shows more.
const SHOWN: usize = 4 << 10;

/// A line in parts, which give way to each other where there is no room for all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Saying {
    pub head: String,
    /// Shortened in its middle.
    pub name: String,
    /// Stays as long as anything does.
    pub end: String,
    /// The first to go.
    pub extra: String,
}

impl From<String> for Saying {
    fn from(head: String) -> Self {
        Self {
            head,
            ..Self::default()
        }
    }
}

impl Saying {
    /// All of it.
    pub fn whole(&self) -> String {
        [&self.head, &self.name, &self.end, &self.extra]
            .map(String::as_str)
            .concat()
    }

    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.head.len() + self.name.len() + self.end.len() + self.extra.len()
    }

    /// In one line of so many columns, fit for a terminal.
    pub fn fitted(&self, room: usize, secrets: &Secrets) -> String {
        let clean = |part: &str| {
            let shown = part.get(..part.floor_char_boundary(SHOWN)).unwrap_or(part);
            harmless(shown, secrets).replace('\n', " ")
        };
        let [head, name, end, extra] =
            [&self.head, &self.name, &self.end, &self.extra].map(|part| clean(part));
        let beside = head.width() + end.width();
        let (end, beside) = match beside + name.width() + extra.width() <= room {
            true => (format!("{end}{extra}"), beside + extra.width()),
            false => (end, beside),
        };
        let name = match room.checked_sub(beside) {
            Some(left) if left >= name.width().min(NAME) => {
                shorten(&name, left, Cut::BeforePlace, true)
            }
            _ => shorten(&name, NAME, Cut::Middle, true),
        };
        shorten(&format!("{head}{name}{end}"), room, Cut::End, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Saying {
        Saying {
            head: "GET ".into(),
            name: "/api/v1/pms/reservations/4711/guests?nights=2 [guests]".into(),
            end: "  200  12ms".into(),
            extra: "  ↑98B ↓1.2kB".into(),
        }
    }

    #[test]
    fn a_path_gives_way_in_its_middle_and_the_outcome_stays() {
        let fitted = |room| request().fitted(room, &Secrets::default());
        assert_eq!(fitted(100), request().whole());
        assert_eq!(
            fitted(60),
            "GET /api/v1/pms/reserv…1/guests?nights=2 [guests]  200  12ms"
        );
        assert_eq!(fitted(30), "GET /api/v1…guests]  200  12ms");
        for room in 0..100 {
            let line = fitted(room);
            assert!(line.width() <= room, "{room}: {line}");
            assert!(room < 24 || line.contains("  200  12ms"), "{room}: {line}");
        }
    }

    #[test]
    fn a_text_is_cut_at_its_end_and_never_shows_a_part_of_a_secret() {
        let secrets = Secrets::default();
        secrets.keep("hunter22");
        let said = Saying::from("log the key is hunter22, and more\nof it".to_owned());
        assert_eq!(said.fitted(20, &secrets), "log the key is ***,…");
        assert_eq!(said.fitted(17, &secrets), "log the key is *…");
    }
}
