//! What the split view shows: what happened lately, what of it is looked at, and how things stand.

use std::collections::VecDeque;
use std::time::Duration;

use super::entry::{Tone, Urls, headline, who};
use super::row::{Filter, Row};
use super::{Event, Setting};
use crate::run::Progress;
use crate::vu::tap::{Exchanged, Happening, What};

/// Rows that are kept; older ones are forgotten.
const KEPT: usize = 2_000;

/// What they may weigh together, in bytes.
const KEPT_BYTES: usize = 64 << 20;

/// How long the answer to a key is seen.
const ANSWERED: Duration = Duration::from_secs(6);

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
    /// The row that is looked at is open.
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
    /// The row was chosen by being opened: the newest is followed again when it is closed.
    only_opened: bool,
    /// Rows that came while the list stood and there was no room for more.
    passed: u64,
    /// What a key was answered, and until when that is seen.
    answer: Option<(String, Duration)>,
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
            only_opened: false,
            passed: 0,
            answer: None,
        }
    }

    pub fn happening(&mut self, happening: Happening) {
        if let Some((tone, said)) = headline(&happening.what, Urls::Path) {
            self.push(Row {
                tone,
                who: who(&happening),
                said,
                happening: Some(happening),
                whole: None,
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
            Event::Missed(count) if self.chosen.is_some() => self.passed += count,
            Event::Missed(count) => {
                self.notice(Tone::Faint, format!("… {count} more, too fast to be shown"));
            }
            Event::Notice(text) => self.notice(Tone::Plain, text),
            Event::Warning(warning) => {
                let line = format!("warning: {}", warning.one_line());
                self.push(Row {
                    whole: Some(warning.render(false)),
                    ..Row::notice(Tone::Careful, line)
                });
            }
            Event::Answer(text) => self.answer = Some((text, self.elapsed() + ANSWERED)),
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
        self.push(Row::notice(tone, text));
    }

    fn push(&mut self, row: Row) {
        if row.happening.is_some() && self.stands_in_the_way() {
            self.passed += 1;
            return;
        }
        self.bytes += row.bytes();
        self.rows.push_back(row);
        while self.is_too_much(self.rows.len()) && !self.stands_in_the_way() {
            if let Some(gone) = self.rows.pop_front() {
                self.bytes -= gone.bytes();
                self.first += 1;
            }
        }
    }

    fn is_too_much(&self, rows: usize) -> bool {
        rows > KEPT || (self.bytes > KEPT_BYTES && rows > 1)
    }

    /// Whether the row looked at would soon be forgotten for a further one.
    fn stands_in_the_way(&self) -> bool {
        let before = |chosen: u64| chosen.saturating_sub(self.first);
        self.is_too_much(self.rows.len() + 1)
            && self
                .chosen
                .is_some_and(|chosen| before(chosen) < KEPT as u64 / 2)
    }

    pub fn clear(&mut self) {
        self.first += self.rows.len() as u64;
        self.rows.clear();
        self.bytes = 0;
        self.passed = 0;
        self.follow();
        self.open = false;
    }

    /// Looks at the newest row from now on.
    fn follow(&mut self) {
        self.choose(None);
    }

    fn choose(&mut self, chosen: Option<u64>) {
        self.chosen = chosen;
        if chosen.is_none() && self.passed > 0 {
            let passed = std::mem::take(&mut self.passed);
            self.notice(Tone::Faint, format!("… {passed} more went by meanwhile"));
        }
        self.only_opened = false;
        self.scrolled = 0;
    }

    /// Opens the row that is looked at, which then stays the one.
    pub fn open(&mut self) {
        let newest = self.shown().next_back().map(|(number, _)| number);
        if self.chosen.is_none() {
            self.choose(newest);
            self.only_opened = true;
        }
        self.open = true;
        self.scrolled = 0;
    }

    /// Closes it; who followed the newest row before does so again.
    pub fn close(&mut self) {
        self.open = false;
        if self.only_opened {
            self.follow();
        }
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
        self.here().map(|(_, row)| row)
    }

    fn here(&self) -> Option<(u64, &Row)> {
        match self.chosen {
            Some(chosen) => self
                .shown()
                .find(|(number, _)| *number >= chosen)
                .or_else(|| self.shown().next_back()),
            None => self.shown().next_back(),
        }
    }

    /// The row that the list stands at, and how many newer ones there are; `None` as long as it follows the newest.
    pub fn stands_at(&self) -> Option<(&Row, u64)> {
        self.chosen?;
        let (here, row) = self.here()?;
        let newer = self.shown().rev().take_while(|(number, _)| *number > here);
        Some((row, newer.count() as u64 + self.passed))
    }

    /// The request that the row looked at is about, if it is none itself: the one that a check looked at, or else the last one before it of
    /// the same iteration.
    pub fn request_behind(&self) -> Option<&Exchanged> {
        let (number, row) = self.here()?;
        let happening = row.happening.as_ref()?;
        let about = match &happening.what {
            What::Request(_) => return None,
            What::Check { about, .. } => about.as_ref(),
            _ => None,
        };
        let before = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let earlier = self.rows.iter().take(before).rev();
        let same = earlier
            .filter_map(|row| row.happening.as_ref())
            .filter(|other| (other.vu, &other.scenario) == (happening.vu, &happening.scenario))
            .take_while(|other| {
                other.iteration == happening.iteration
                    && !matches!(other.what, What::IterationEnded { .. })
            });
        let requests = same.filter_map(|other| match &other.what {
            What::Request(request) => Some(request.as_ref()),
            _ => None,
        });
        match about {
            Some(timings) => requests.into_iter().find(|one| one.timings == *timings),
            None => requests.into_iter().next(),
        }
    }

    /// What the last key was answered, as long as that is news.
    pub fn answer(&self) -> Option<&str> {
        let (text, until) = self.answer.as_ref()?;
        (self.elapsed() < *until).then_some(text)
    }

    /// The answer has been read, or another key has been pressed.
    pub fn forget_answer(&mut self) {
        self.answer = None;
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
        self.choose(match to >= last && by > 0 {
            true => None,
            false => numbers.get(to).copied(),
        });
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
            self.choose(Some(*next));
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
    use crate::http::Timings;
    use crate::live::dev::detail;
    use crate::script::{Diagnostic, Sources};
    use crate::secrets::Secrets;

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

    fn of_user(vu: u64, iteration: u64, what: What) -> Happening {
        Happening {
            at: Duration::ZERO,
            scenario: "guests".into(),
            vu,
            iteration,
            what,
        }
    }

    fn request(path: &str, waiting: u64) -> What {
        What::Request(Box::new(Exchanged {
            url: format!("http://h{path}"),
            timings: Timings {
                waiting,
                ..Timings::default()
            },
            ..Exchanged::test("GET")
        }))
    }

    fn check(about: Option<u64>) -> What {
        What::Check {
            name: "it is right".into(),
            held: true,
            sides: None,
            reason: None,
            about: about.map(|waiting| Timings {
                waiting,
                ..Timings::default()
            }),
        }
    }

    #[test]
    fn a_check_has_the_request_that_it_looked_at_behind_it() {
        let mut board = board(3);
        let behind = |board: &Board| board.request_behind().map(|request| request.url.clone());
        board.happening(of_user(1, 0, request("/old", 1)));
        board.happening(of_user(1, 1, request("/first", 1)));
        board.happening(of_user(1, 1, request("/second", 2)));
        board.happening(of_user(2, 1, request("/other", 3)));
        assert_eq!(behind(&board), None);
        board.happening(of_user(1, 1, check(None)));
        assert_eq!(behind(&board).as_deref(), Some("http://h/second"));
        board.happening(of_user(1, 1, check(Some(1))));
        assert_eq!(behind(&board).as_deref(), Some("http://h/first"));
        board.happening(of_user(1, 2, check(Some(1))));
        assert_eq!(behind(&board), None);
    }

    #[test]
    fn what_is_open_stays_and_closing_it_follows_again_unless_something_was_chosen() {
        let mut board = board(3);
        assert!(board.stands_at().is_none());
        board.open();
        board.event(Event::Notice("row 3".into()));
        board.event(Event::Notice("row 4".into()));
        let (row, newer) = board.stands_at().expect("it stands");
        assert_eq!((row.said.whole().as_str(), newer), ("row 2", 2));
        board.close();
        assert!(board.stands_at().is_none());
        board.go(-1);
        board.open();
        board.close();
        assert!(board.stands_at().is_some());
        board.open();
        board.go(1);
        assert!(board.open && board.stands_at().is_none());
    }

    #[test]
    fn a_warning_is_a_plain_line_and_has_its_picture_when_it_is_open() {
        let sources = Sources::from_text(
            std::path::Path::new("journey.rhai"),
            "let a = 1;\nlet b = 2;",
        );
        let place = rhai::Position::new(2, 5);
        let warning = Diagnostic::at(&sources, "journey.rhai", place, "`b` is never read");
        let mut board = board(0);
        board.event(Event::Warning(Box::new(warning.as_warning())));
        assert_eq!(
            texts(&board, 9).0,
            ["warning: `b` is never read (journey.rhai:2)"]
        );
        let open = detail::lines(board.looked_at().unwrap(), None, &Secrets::default());
        assert!(
            open.iter().any(|(_, line)| line.contains("let b = 2;")),
            "{open:?}"
        );
    }

    #[test]
    fn a_row_that_is_looked_at_is_not_forgotten() {
        let mut board = board(KEPT);
        board.open();
        for iteration in 0..3 * KEPT as u64 {
            board.happening(of_user(1, iteration, request("/", 1)));
        }
        let (row, newer) = board.stands_at().expect("it stands");
        assert_eq!(row.said.whole(), format!("row {}", KEPT - 1));
        assert_eq!(newer, 3 * KEPT as u64);
        assert!(board.rows.len() <= KEPT);
        board.close();
        assert_eq!(
            board.looked_at().map(|row| row.said.whole()),
            Some(format!("… {} more went by meanwhile", 2 * KEPT + KEPT / 2))
        );
        board.happening(of_user(1, 0, request("/new", 1)));
        assert!(board.request_behind().is_none() && board.stands_at().is_none());
    }

    #[test]
    fn of_a_text_in_lines_the_first_is_the_row() {
        let mut board = board(0);
        board.event(Event::Trouble("setup failed\n  ╭─[ x ]".into()));
        assert_eq!(texts(&board, 9).0, ["setup failed"]);
        let open = detail::lines(board.looked_at().unwrap(), None, &Secrets::default());
        assert_eq!(open.len(), 2, "{open:?}");
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
