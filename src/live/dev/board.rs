//! What the split view shows: what happened lately, what of it is looked at, and how things stand.

use std::collections::VecDeque;
use std::time::Duration;

use super::entry::{Tone, Urls, headline, who};
use super::fit::Saying;
use super::{Event, Setting};
use crate::run::Progress;
use crate::vu::tap::{Happening, What};

/// Rows that are kept; older ones are forgotten.
const KEPT: usize = 2_000;

/// What they may weigh together, in bytes.
const KEPT_BYTES: usize = 64 << 20;

/// Of a row that a filter looks for its text in, in bytes.
const SEARCHED: usize = 2 << 10;

/// One row of the list.
pub struct Row {
    pub tone: Tone,
    pub who: String,
    pub said: Saying,
    /// What it was; nothing for a notice.
    pub happening: Option<Happening>,
}

impl Row {
    fn bytes(&self) -> usize {
        let happening = self.happening.as_ref().map_or(0, Happening::weight);
        happening + self.who.len() + self.said.bytes()
    }

    fn matches(&self, filter: &Filter) -> bool {
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

/// Everything there is to see.
pub struct Board {
    pub setting: Setting,
    pub scenarios: Vec<(String, String)>,
    pub progress: Option<Box<Progress>>,
    pub version: u32,
    pub paused: bool,
    /// No run goes on.
    pub idle: bool,
    /// Why what was saved is not in force.
    pub rejected: Option<String>,
    /// What is being written as a filter.
    pub typing: bool,
    pub filter: Filter,
    /// The request that is open.
    pub open: bool,
    /// Lines of the open request that are above its window.
    pub scrolled: u16,
    /// Lines of the help that are above its window, if it is open.
    pub help: Option<u16>,
    /// The fault that is chosen, if their box is open.
    pub faults: Option<usize>,
    /// The scenario that keys are about; all if none.
    pub scenario: Option<usize>,
    rows: VecDeque<Row>,
    bytes: usize,
    /// Number of the first row kept, counting from the first ever.
    first: u64,
    /// Number of the row looked at; the newest if none.
    chosen: Option<u64>,
}

impl Board {
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            scenarios: Vec::new(),
            progress: None,
            version: 0,
            paused: false,
            idle: false,
            rejected: None,
            typing: false,
            filter: Filter::default(),
            open: false,
            scrolled: 0,
            help: None,
            faults: None,
            scenario: None,
            rows: VecDeque::new(),
            bytes: 0,
            first: 0,
            chosen: None,
        }
    }

    pub fn happening(&mut self, happening: Happening) {
        if let Some((tone, said)) = headline(&happening.what, Urls::Path) {
            self.push(Row {
                tone,
                who: who(&happening),
                said,
                happening: Some(happening),
            });
        }
    }

    pub fn event(&mut self, event: Event) {
        match event {
            Event::Began(scenarios) => {
                self.scenario = self.scenario.filter(|index| *index < scenarios.len());
                self.scenarios = scenarios;
                self.progress = None;
                self.idle = false;
            }
            Event::Progress(progress) => self.progress = Some(progress),
            Event::Missed(count) => {
                self.notice(Tone::Faint, format!("… {count} more, too fast to be shown"));
            }
            Event::Notice(text) => self.notice(Tone::Plain, text),
            Event::Taken { version, what } => {
                self.version = version;
                let mended = self.rejected.take().is_some();
                let mended = if mended { "mended, " } else { "" };
                self.notice(Tone::Good, format!("{mended}version {version} is in force"));
                for line in what {
                    self.notice(Tone::Careful, format!("  {line}"));
                }
            }
            Event::Rejected(why) => {
                self.notice(Tone::Bad, "what was saved is not in force".to_owned());
                self.rejected = Some(why);
            }
            Event::Trouble(why) => self.notice(Tone::Bad, why),
            Event::Idle(why) => {
                self.idle = true;
                self.notice(Tone::Bad, why);
            }
            Event::Paused(paused) => self.paused = paused,
            Event::Suspended | Event::Continued | Event::End => {}
        }
    }

    fn notice(&mut self, tone: Tone, text: String) {
        self.push(Row {
            tone,
            who: String::new(),
            said: text.into(),
            happening: None,
        });
    }

    fn push(&mut self, row: Row) {
        self.bytes += row.bytes();
        self.rows.push_back(row);
        while self.rows.len() > KEPT || (self.bytes > KEPT_BYTES && self.rows.len() > 1) {
            if let Some(gone) = self.rows.pop_front() {
                self.bytes -= gone.bytes();
                self.first += 1;
            }
        }
    }

    pub fn clear(&mut self) {
        self.first += self.rows.len() as u64;
        self.rows.clear();
        self.bytes = 0;
        self.chosen = None;
        self.open = false;
    }

    /// The rows that pass the filter, with their numbers.
    fn shown(&self) -> impl DoubleEndedIterator<Item = (u64, &Row)> {
        let numbered = self.rows.iter().enumerate();
        numbered
            .map(|(index, row)| (self.first + index as u64, row))
            .filter(|(_, row)| row.matches(&self.filter))
    }

    /// The rows in a window of so many lines, and which of them is looked at. The newest are at the bottom.
    pub fn window(&self, height: usize) -> (Vec<&Row>, Option<usize>) {
        let rows: Vec<(u64, &Row)> = self.shown().collect();
        let at = self
            .chosen
            .map(|chosen| rows.partition_point(|(number, _)| *number < chosen))
            .map(|at| at.min(rows.len().saturating_sub(1)));
        // The one looked at stays in the middle third, where there is more on both sides.
        let end = match at {
            Some(at) => (at + height / 3 + 1).clamp(height.min(rows.len()), rows.len()),
            None => rows.len(),
        };
        let start = end.saturating_sub(height);
        let chosen = match at {
            Some(at) => Some(at),
            None => rows.len().checked_sub(1),
        };
        let window = rows.get(start..end).unwrap_or_default();
        (
            window.iter().map(|(_, row)| *row).collect(),
            chosen.and_then(|at| at.checked_sub(start)),
        )
    }

    /// The row that is looked at.
    pub fn looked_at(&self) -> Option<&Row> {
        match self.chosen {
            Some(chosen) => self
                .shown()
                .find(|(number, _)| *number >= chosen)
                .or_else(|| self.shown().next_back()),
            None => self.shown().next_back(),
        }
        .map(|(_, row)| row)
    }

    /// Looks at a row so many further down, or up; past the last one at whatever is newest.
    pub fn go(&mut self, by: isize) {
        let numbers: Vec<u64> = self.shown().map(|(number, _)| number).collect();
        let last = numbers.len().saturating_sub(1);
        let at = match self.chosen {
            Some(chosen) => numbers.partition_point(|number| *number < chosen).min(last),
            None => last,
        };
        let to = at.saturating_add_signed(by);
        self.chosen = if to >= last && by > 0 {
            None
        } else {
            numbers.get(to).copied()
        };
        self.scrolled = 0;
    }

    /// Looks at the next request up or down.
    pub fn go_to_request(&mut self, down: bool) {
        let requests: Vec<u64> = self
            .shown()
            .filter(|(_, row)| {
                let what = row.happening.as_ref().map(|happening| &happening.what);
                matches!(what, Some(What::Request(_)))
            })
            .map(|(number, _)| number)
            .collect();
        let here = self.chosen.unwrap_or(u64::MAX);
        let next = if down {
            requests.iter().find(|number| **number > here)
        } else {
            requests.iter().rev().find(|number| **number < here)
        };
        if let Some(next) = next {
            self.chosen = Some(*next);
            self.scrolled = 0;
        }
    }

    /// How long someone has been looking on, over all runs.
    pub fn elapsed(&self) -> Duration {
        self.setting.began.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board(rows: usize) -> Board {
        let mut board = Board::new(Setting::of("s"));
        for row in 0..rows {
            board.event(Event::Notice(format!("row {row}")));
        }
        board
    }

    fn texts(board: &Board, height: usize) -> (Vec<String>, Option<usize>) {
        let (rows, chosen) = board.window(height);
        (rows.iter().map(|row| row.said.whole()).collect(), chosen)
    }

    #[test]
    fn the_newest_rows_are_shown_until_one_is_chosen() {
        let mut board = board(10);
        assert_eq!(
            texts(&board, 2),
            (vec!["row 8".into(), "row 9".into()], Some(1))
        );
        board.go(-3);
        assert_eq!(
            board.looked_at().map(|row| row.said.whole()).as_deref(),
            Some("row 6")
        );
        let (rows, chosen) = texts(&board, 4);
        assert_eq!(rows.get(chosen.unwrap()).map(String::as_str), Some("row 6"));
        board.event(Event::Notice("row 10".into()));
        assert_eq!(
            board.looked_at().map(|row| row.said.whole()).as_deref(),
            Some("row 6")
        );
        board.go(100);
        assert_eq!(
            board.looked_at().map(|row| row.said.whole()).as_deref(),
            Some("row 10")
        );
    }

    #[test]
    fn a_filter_leaves_rows_out_and_an_empty_window_is_no_mistake() {
        let mut board = board(10);
        board.filter.text = "ROW 3".into();
        assert_eq!(texts(&board, 5), (vec!["row 3".into()], Some(0)));
        board.filter.only_bad = true;
        assert_eq!(texts(&board, 5), (Vec::new(), None));
        board.go(-1);
        assert!(board.looked_at().is_none());
        assert!(board.window(0).0.is_empty());
    }

    #[test]
    fn only_what_failed_is_neither_a_warning_nor_what_a_save_changed() {
        let mut board = board(1);
        board.event(Event::Taken {
            version: 1,
            what: vec!["vus: 1 → 2".into()],
        });
        board.event(Event::Trouble("setup failed".into()));
        board.filter.only_bad = true;
        assert_eq!(texts(&board, 9), (vec!["setup failed".into()], Some(0)));
    }

    #[test]
    fn old_rows_are_forgotten() {
        let mut board = board(KEPT + 10);
        assert_eq!(board.rows.len(), KEPT);
        board.go(-(KEPT as isize) * 2);
        assert_eq!(
            board.looked_at().map(|row| row.said.whole()).as_deref(),
            Some("row 10")
        );
        board.clear();
        assert!(board.looked_at().is_none());
    }
}
