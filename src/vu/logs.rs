//! How many lines a worker passes on: what thousands of virtual users say alike is said a few times, and then counted.

use rustc_hash::FxHashMap;

use super::worker::{LogLevel, LogLine};

/// Lines that a worker passes on in a second.
const LINES: u32 = 1_000;
/// How often of the same text.
const SAME: u32 = 100;

/// A text that was logged in this second.
#[derive(Debug)]
struct Repeated {
    times: u64,
    scenario: String,
    place: Option<String>,
}

/// What was logged in this second.
#[derive(Debug, Default)]
pub struct Logs {
    passed: u32,
    texts: FxHashMap<(LogLevel, String), Repeated>,
    dropped: u64,
}

impl Logs {
    /// Gives a line back that is to be passed on. The text of one that is not counts towards the others of its kind.
    pub fn admit(&mut self, line: LogLine) -> Option<LogLine> {
        let key = (line.level, line.text);
        let known = self.texts.get_mut(&key);
        if let Some(known) = known {
            known.times += 1;
            if known.times > u64::from(SAME) {
                return None;
            }
        }
        if self.passed >= LINES {
            // Of what is never passed on there will be no "more".
            if let Some(known) = self.texts.get_mut(&key) {
                known.times -= 1;
            }
            self.dropped += 1;
            return None;
        }
        self.passed += 1;
        let line = LogLine {
            text: key.1.clone(),
            ..line
        };
        self.texts.entry(key).or_insert_with(|| Repeated {
            times: 1,
            scenario: line.scenario.clone(),
            place: line.place.clone(),
        });
        Some(line)
    }

    /// The second is over: a line for each text that came more often than it was passed on, and how many lines were dropped.
    pub fn end_second(&mut self, at: f64, time: u64) -> (Vec<LogLine>, u64) {
        self.passed = 0;
        let often = self
            .texts
            .drain()
            .filter(|(_, known)| known.times > u64::from(SAME));
        let mut lines: Vec<_> = often
            .map(|((level, text), known)| LogLine {
                level,
                text,
                scenario: known.scenario,
                vu: 0,
                iteration: None,
                place: known.place,
                trace: None,
                at,
                time,
                more: known.times - u64::from(SAME),
            })
            .collect();
        lines.sort_by(|a, b| b.more.cmp(&a.more).then_with(|| a.text.cmp(&b.text)));
        (lines, std::mem::take(&mut self.dropped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> LogLine {
        LogLine {
            level: LogLevel::Info,
            text: text.to_owned(),
            scenario: "guests".to_owned(),
            vu: 7,
            iteration: Some(1),
            place: Some("a.rhai:3".to_owned()),
            trace: None,
            at: 0.5,
            time: 1,
            more: 0,
        }
    }

    #[test]
    fn what_is_said_again_and_again_is_said_a_few_times_and_counted() {
        let mut logs = Logs::default();
        let passed = (0..4_223).filter_map(|_| logs.admit(line("full"))).count();
        assert_eq!(passed, 100);
        assert!(logs.admit(line("other")).is_some());
        let (more, dropped) = logs.end_second(1.0, 1);
        assert_eq!((more.len(), more[0].more, dropped), (1, 4_123, 0));
        assert_eq!(more[0].text, "full");
        // The next second begins anew.
        assert!(logs.admit(line("full")).is_some());
        assert_eq!(logs.end_second(2.0, 2).0.len(), 0);
    }

    #[test]
    fn different_lines_are_bounded_and_the_rest_is_counted() {
        let mut logs = Logs::default();
        let passed = (0..5_000)
            .filter_map(|n| logs.admit(line(&n.to_string())))
            .count();
        assert_eq!(passed, 1_000);
        assert_eq!(logs.end_second(1.0, 1).1, 4_000);
    }
}
