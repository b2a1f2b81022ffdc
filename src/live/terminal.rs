//! Progress on standard error.

use std::collections::BTreeSet;
use std::io::Write;
use std::time::{Duration, Instant};

use console::{Style, Term};
use unicode_width::UnicodeWidthStr;

use super::line::{clock, progress_lines};
use crate::harmless;
use crate::logging::{Format, Record};
use crate::result::AnomalyResult;
use crate::run::{Progress, ScenarioState};
use crate::units::format_count;
use crate::vu::{LogLevel, LogLine};

/// Without a terminal, a line per scenario this often.
const PLAIN_INTERVAL: Duration = Duration::from_secs(10);

/// Anomalies of a second that are told one by one: one cause shows in many series.
const MOST_ANOMALIES: usize = 5;

/// A line for each anomaly, and how many more there are.
fn anomaly_lines(anomalies: &[AnomalyResult]) -> Vec<String> {
    let told = anomalies.iter().take(MOST_ANOMALIES);
    let mut lines: Vec<String> = told
        .map(|anomaly| harmless::line(&format!("anomaly: {}", anomaly.told())))
        .collect();
    let more = anomalies.len().saturating_sub(MOST_ANOMALIES);
    if more > 0 {
        lines.push(format!("anomaly: and {more} more at once"));
    }
    lines
}

/// Writes progress to standard error: redrawn lines on a terminal, plain lines elsewhere, nothing if quiet.
pub struct Terminal {
    term: Term,
    redraws: bool,
    quiet: bool,
    logs: Format,
    colour: bool,
    /// Lines drawn last time, to be drawn over.
    drawn: usize,
    last_plain: Option<Instant>,
    /// What was drawn last, to be drawn again.
    last: Option<Progress>,
    phase: &'static str,
    /// Scenarios of which a plain line has said that they are done.
    done: BTreeSet<String>,
}

impl Terminal {
    /// A view on standard error. `quiet`: only what goes wrong is shown. `logs`: how lines of the log are written.
    pub fn new(quiet: bool, logs: Format) -> Self {
        let term = Term::stderr();
        let redraws = term.is_term() && !quiet;
        let colour = console::colors_enabled_stderr();
        Self {
            term,
            redraws,
            quiet,
            logs,
            colour,
            drawn: 0,
            last_plain: None,
            last: None,
            phase: "",
            done: BTreeSet::new(),
        }
    }

    /// Shows a run's progress.
    pub fn show(&mut self, progress: &Progress) {
        self.clear();
        for line in &progress.logs {
            self.log(line, &progress.run);
        }
        if progress.dropped_logs > 0 {
            self.write(&format!(
                "… {} more log lines dropped: they came too fast",
                format_count(progress.dropped_logs)
            ));
        }
        if self.quiet {
            return;
        }
        for line in anomaly_lines(&progress.anomalies) {
            let line = Style::new()
                .yellow()
                .force_styling(self.colour)
                .apply_to(line);
            self.write(&line.to_string());
        }
        let started = !progress.elapsed.is_zero();
        if self.redraws {
            self.draw(progress, started);
        } else if started || progress.phase != self.phase {
            let due = self
                .last_plain
                .is_none_or(|last| last.elapsed() >= PLAIN_INTERVAL);
            if due || progress.phase != self.phase {
                self.last_plain = Some(Instant::now());
                for line in plain_lines(progress, &mut self.done) {
                    self.write(&line);
                }
            }
        }
        self.phase = progress.phase;
        if self.redraws {
            self.last = Some(Progress {
                logs: Vec::new(),
                anomalies: Vec::new(),
                dropped_logs: 0,
                ..progress.clone()
            });
        }
    }

    /// Says something between two looks at the run, above its progress.
    pub fn say(&mut self, text: &str) {
        if self.redraws {
            // The terminal has echoed `^C` under the progress.
            let _ = self.term.clear_line();
        }
        self.clear();
        self.write(text);
        if let Some(last) = self.last.take() {
            self.show(&last);
        }
    }

    fn draw(&mut self, progress: &Progress, started: bool) {
        let width = usize::from(self.term.size().1).max(20);
        let dim = Style::new().dim().force_styling(self.colour);
        let mut lines = Vec::new();
        if progress.phase != "running" {
            lines.push(dim.apply_to(format!("{} …", progress.phase)).to_string());
        }
        if started {
            let names = progress
                .scenarios
                .iter()
                .map(|scenario| scenario.name.width())
                .max()
                .unwrap_or(0)
                .min(20);
            // More scenarios than fit are summed up in the last line.
            let room = usize::from(self.term.size().0).saturating_sub(2).max(1);
            let told: Vec<_> = progress.scenarios.iter().take(room).cloned().collect();
            lines.extend(progress_lines(&told, names, width - 1, true));
            if progress.scenarios.len() > room {
                lines.push(format!(
                    "… and {} more scenarios",
                    progress.scenarios.len() - room
                ));
            }
        }
        for line in &lines {
            self.write(line);
        }
        self.drawn = lines.len();
    }

    /// Takes the drawn lines away.
    pub fn clear(&mut self) {
        if self.drawn > 0 {
            // A terminal that went away is no reason to end a run.
            let _ = self.term.clear_last_lines(self.drawn);
            self.drawn = 0;
        }
    }

    fn log(&mut self, line: &LogLine, run: &str) {
        if self.quiet && line.level < LogLevel::Warn {
            return;
        }
        if self.logs == Format::Json {
            return self.write(&Record::of_line(line, run).written(Format::Json));
        }
        let (word, style) = match line.level {
            LogLevel::Trace => ("trace", Style::new().dim()),
            LogLevel::Debug => ("debug", Style::new().dim()),
            LogLevel::Info => ("info", Style::new().cyan()),
            LogLevel::Warn => ("warn", Style::new().yellow()),
            LogLevel::Error => ("error", Style::new().red()),
        };
        let word = style
            .force_styling(self.colour)
            .apply_to(format!("{word:<5}"));
        let who = if line.vu > 0 {
            format!(" [{} #{}]", harmless::text(&line.scenario), line.vu)
        } else {
            String::new()
        };
        // Control characters of a response must not reach the terminal.
        let told = line.told();
        let text = harmless::text(&told);
        self.write(&format!("{word}{who} {text}"));
    }

    fn write(&mut self, line: &str) {
        let _ = writeln!(self.term, "{line}");
    }
}

/// A line for each scenario; for one that has ended only the first time. `done`: those of which that has been said.
fn plain_lines(progress: &Progress, done: &mut BTreeSet<String>) -> Vec<String> {
    let mut told = Vec::new();
    for scenario in &progress.scenarios {
        if scenario.state == ScenarioState::Done && !done.insert(scenario.name.clone()) {
            continue;
        }
        told.push(scenario.clone());
    }
    let names = told.iter().map(|scenario| scenario.name.width()).max();
    let lines = progress_lines(&told, names.unwrap_or(0), 160, false);
    let stamped = lines.into_iter();
    stamped
        .map(|line| format!("[{}] {line}", clock(progress.elapsed)))
        .collect()
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::ScenarioProgress;

    fn scenario(name: &str, state: ScenarioState) -> ScenarioProgress {
        ScenarioProgress {
            name: name.to_owned(),
            state,
            vus: 1,
            allocated: None,
            vus_max: 1,
            iterations: 1,
            iterations_planned: None,
            rate: 1.0,
            p95: None,
            errors: 0,
            failed: 0,
            dropped: 0,
            elapsed: Duration::from_secs(20),
            total: None,
        }
    }

    #[test]
    fn without_a_terminal_a_scenario_is_done_once() {
        let progress = Progress {
            elapsed: Duration::from_secs(20),
            phase: "running",
            scenarios: vec![
                scenario("first", ScenarioState::Done),
                scenario("second", ScenarioState::Running),
            ],
            logs: Vec::new(),
            dropped_logs: 0,
            slos: Vec::new(),
            run: String::new(),
            detail: None,
            faults: Vec::new(),
            anomalies: Vec::new(),
        };
        let mut done = BTreeSet::new();
        assert_eq!(plain_lines(&progress, &mut done).len(), 2);
        let later = plain_lines(&progress, &mut done);
        assert_eq!(later.len(), 1, "{later:?}");
        assert!(
            later.iter().all(|line| line.contains("second")),
            "{later:?}"
        );
    }
}
