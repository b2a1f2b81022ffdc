//! For GitHub Actions: annotations on the run of a workflow, by the commands that its log understands.
//!
//! The page of the run (`GITHUB_STEP_SUMMARY`) gets the Markdown report; whoever writes reports to files sees to that.

use super::headline::Headline;
use super::{Look, Report, ReportError};
use crate::result::{RunResult, SloStatus};
use crate::units::format_times;

/// GitHub shows ten errors and ten warnings of a step.
const MOST: usize = 10;

/// Annotations.
pub(super) struct Github;

impl Report for Github {
    fn name(&self) -> &'static str {
        "github"
    }

    fn about(&self) -> &'static str {
        "annotations for GitHub Actions, and the step's summary"
    }

    fn extension(&self) -> &'static str {
        "log"
    }

    fn render(&self, result: &RunResult, _: &Look) -> Result<String, ReportError> {
        let mut lines = Vec::new();
        let script = &result.run.script;
        for slo in &result.slos {
            let level = match slo.status {
                SloStatus::Warning => "warning",
                _ if slo.is_met() => continue,
                _ => "error",
            };
            let actual = match slo.actual_text.as_str() {
                "" => "there was no sample",
                actual => actual,
            };
            let title = format!(
                "{} {} ({})",
                slo.status.label(),
                slo.label(),
                slo.priority.label()
            );
            let message = format!("{}: it was {actual}", slo.target);
            lines.push(command(level, &title, script, &message));
        }
        let headline = Headline::of(result);
        if result.verdict.exit_code != 0 && lines.is_empty() {
            let reasons = headline.reasons.join("; ");
            let message = format!("{} {reasons}", headline.phrase);
            lines.push(command("error", headline.word, script, message.trim()));
        }
        for error in result.errors.iter().take(MOST - lines.len().min(MOST)) {
            let message = format!("{}: {}", format_times(error.count), error.message);
            lines.push(command("warning", "Errors of the run", script, &message));
        }
        lines.truncate(2 * MOST);
        let title = format!("{}: {}", headline.word, headline.phrase);
        lines.push(command("notice", "rhaid", script, &title));
        Ok(lines.join("\n") + "\n")
    }
}

fn command(level: &str, title: &str, file: &str, message: &str) -> String {
    format!(
        "::{level} title={},file={}::{}",
        property(title),
        property(file),
        data(message)
    )
}

/// The escapes of a command's message.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Those of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn every_missed_objective_is_an_annotation_on_a_line_of_its_own() {
        for (name, result) in sample::all() {
            let text = Github.render(&result, &Look::default()).unwrap();
            let errors = text
                .lines()
                .filter(|line| line.starts_with("::error"))
                .count();
            let missed = result.slos.iter().filter(|slo| !slo.is_met()).count();
            if missed > 0 {
                assert_eq!(errors, missed, "{name}: {text}");
            }
            assert_eq!(
                errors == 0,
                result.verdict.exit_code < 2 && missed == 0,
                "{name}: {text}"
            );
            assert!(
                text.lines().all(|line| line.starts_with("::")),
                "{name}: {text}"
            );
        }
    }

    #[test]
    fn nothing_in_a_name_begins_another_command() {
        let mut result = sample::passing();
        result.slos[0].status = SloStatus::Fail;
        result.slos[0].name = Some("a\n::set-output name=x::y, z: 5%".to_owned());
        let text = Github.render(&result, &Look::default()).unwrap();
        assert!(!text.contains("\n::set-output"), "{text}");
        assert!(
            text.contains("a%0A%3A%3Aset-output name=x%3A%3Ay%2C z%3A 5%25"),
            "{text}"
        );
    }
}
