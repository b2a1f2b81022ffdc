//! Plain lines, for where there is no terminal to draw on.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use console::Style;

use super::entry::{Tone, Urls, harmless, headline, phases, who};
use super::{Event, Order, Screen, Setting};
use crate::result::SloStatus;
use crate::vu::tap::{Happening, What};

/// Writes a line for everything that happens.
pub struct Lines<W> {
    setting: Setting,
    out: W,
    /// What was said last about each objective.
    slos: BTreeMap<String, SloStatus>,
    rejected: bool,
    /// One version was good.
    good: bool,
}

impl<W: Write> Lines<W> {
    pub fn new(setting: Setting, out: W) -> Self {
        Self {
            setting,
            out,
            slos: BTreeMap::new(),
            rejected: false,
            good: false,
        }
    }

    fn say(&mut self, tone: Tone, text: &str) {
        let style = match tone {
            Tone::Good => Style::new().green(),
            Tone::Bad => Style::new().red(),
            Tone::Careful => Style::new().yellow(),
            Tone::Faint => Style::new().dim(),
            Tone::Plain => Style::new(),
        };
        let text = harmless(text, &self.setting.secrets);
        let styled = style.force_styling(self.setting.colour).apply_to(text);
        // Who no longer reads is no reason to end.
        let _ = writeln!(self.out, "{styled}");
    }
}

impl<W: Write> Screen for Lines<W> {
    fn happening(&mut self, happening: Happening) {
        let Some((tone, line)) = headline(&happening.what, Urls::Whole) else {
            return;
        };
        let (who, line) = (who(&happening), line.whole());
        // Only a log may have several lines: nothing else passes for one that rhaid wrote.
        let line = match &happening.what {
            What::Log { .. } => line,
            _ => line.replace('\n', " "),
        };
        let more = match &happening.what {
            What::Request(request) => format!("  ({})", phases(request)),
            _ => String::new(),
        };
        self.say(tone, &format!("{who}  {line}{more}"));
        if let What::IterationEnded {
            failure: Some(failure),
            ..
        } = &happening.what
        {
            self.say(Tone::Plain, failure.rendered.trim_end());
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Began(scenarios) => {
                for (name, load) in scenarios {
                    self.say(Tone::Plain, &format!("running {name}: {load}"));
                }
            }
            Event::Progress(progress) => {
                for slo in &progress.slos {
                    let known = self.slos.insert(slo.label().to_owned(), slo.status);
                    if known.unwrap_or(SloStatus::NoData) == slo.status {
                        continue;
                    }
                    let tone = match slo.status {
                        SloStatus::Pass => Tone::Good,
                        SloStatus::Warning => Tone::Careful,
                        SloStatus::NoData => Tone::Faint,
                        SloStatus::Fail | SloStatus::Critical => Tone::Bad,
                    };
                    let line = format!(
                        "slo {} {}: {} ({})",
                        slo.label(),
                        slo.target,
                        slo.status.label(),
                        slo.actual_text
                    );
                    self.say(tone, &line);
                }
            }
            Event::Missed(count) => {
                self.say(
                    Tone::Faint,
                    &format!("… {count} more, too fast to be shown"),
                );
            }
            Event::Notice(text) | Event::Answer(text) => self.say(Tone::Plain, &text),
            Event::Warning(warning) => self.say(Tone::Plain, warning.render(false).trim_end()),
            Event::Taken { version, what } => {
                self.good = true;
                let mended = if std::mem::take(&mut self.rejected) {
                    "mended, "
                } else {
                    ""
                };
                self.say(
                    Tone::Good,
                    &format!("{mended}version {version} is in force"),
                );
                for line in what {
                    self.say(Tone::Plain, &format!("  {line}"));
                }
            }
            Event::Rejected(why) => {
                self.rejected = true;
                self.say(Tone::Plain, why.trim_end());
                let meanwhile = match self.good {
                    true => "the last good version goes on",
                    false => "nothing runs until it is mended",
                };
                self.say(Tone::Careful, meanwhile);
            }
            Event::Trouble(why) | Event::Idle(why) => self.say(Tone::Bad, &why),
            Event::Paused(paused) => {
                self.say(Tone::Plain, if paused { "paused" } else { "going on" });
            }
            Event::Suspended | Event::Continued | Event::End => {}
        }
    }

    fn look(&mut self, patience: Duration) -> Vec<Order> {
        let _ = self.out.flush();
        std::thread::sleep(patience);
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_that_cannot_be_played_is_shown_until_it_is_mended() {
        let mut out = Vec::new();
        let mut lines = Lines::new(Setting::of("s.rhai"), &mut out);
        lines.event(Event::Rejected("error: no\n".into()));
        lines.event(Event::Taken {
            version: 2,
            what: vec!["vus: 1 → 2".into()],
        });
        lines.event(Event::Taken {
            version: 3,
            what: Vec::new(),
        });
        lines.event(Event::Rejected("error: no\n".into()));
        let said = String::from_utf8(out).unwrap();
        assert_eq!(
            said,
            "error: no\nnothing runs until it is mended\nmended, version 2 is in force\n  vus: 1 → 2\nversion 3 is in force\n\
             error: no\nthe last good version goes on\n"
        );
    }
}
