//! One line, and how it is written.

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::harmless;
use crate::vu::{LogLevel, LogLine};

/// How lines are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Text,
    Json,
}

/// A line with what it belongs to.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a> {
    /// Milliseconds since 1970.
    pub at: u64,
    pub level: LogLevel,
    /// The run's id; empty outside of one.
    pub run: &'a str,
    /// What says it: `script`, or a module of rhaid.
    pub source: Cow<'a, str>,
    pub text: Cow<'a, str>,
    pub scenario: &'a str,
    /// 0 for what no virtual user says.
    pub vu: u64,
    pub iteration: Option<u64>,
    /// File and line of the script.
    pub place: Option<&'a str>,
    /// Further values by name.
    pub fields: Vec<(Cow<'a, str>, String)>,
}

impl<'a> Record<'a> {
    /// What a script logged in a run.
    pub fn of_line(line: &'a LogLine, run: &'a str) -> Self {
        Self {
            at: line.time,
            level: line.level,
            run,
            source: Cow::Borrowed("script"),
            text: line.told(),
            scenario: &line.scenario,
            vu: line.vu,
            iteration: line.iteration,
            place: line.place.as_deref(),
            fields: line.trace.map_or_else(Vec::new, |(trace, span)| {
                vec![
                    (Cow::Borrowed("trace_id"), trace.to_string()),
                    (Cow::Borrowed("span_id"), span.to_string()),
                ]
            }),
        }
    }

    /// The line, without its end.
    pub fn written(&self, format: Format) -> String {
        match format {
            Format::Json => Value::Object(self.object()).to_string(),
            Format::Text => self.text(),
        }
    }

    /// Its values by name; what is not known is left out.
    pub fn object(&self) -> Map<String, Value> {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| {
            object.insert(name.to_owned(), value);
        };
        put("time", json!(moment(self.at)));
        put("level", json!(self.level.as_str()));
        put("source", json!(self.source));
        put("message", json!(self.text));
        for (name, value) in [("run", self.run), ("scenario", self.scenario)] {
            if !value.is_empty() {
                put(name, json!(value));
            }
        }
        if self.vu > 0 {
            put("vu", json!(self.vu));
            put("iteration", json!(self.iteration));
        }
        if let Some(place) = self.place {
            put("place", json!(place));
        }
        for (name, value) in &self.fields {
            // A field must not pass for one of the above.
            let is_taken = object.contains_key(&**name);
            let name = if is_taken {
                format!("{name}_")
            } else {
                name.to_string()
            };
            object.insert(name, json!(value));
        }
        object
    }

    fn text(&self) -> String {
        let mut text = format!(
            "{} {:<5}",
            moment(self.at),
            self.level.as_str().to_uppercase()
        );
        if self.source != "script" {
            text.push_str(&format!(" {}", self.source));
        }
        if !self.scenario.is_empty() {
            text.push_str(&format!(" [{} #{}", self.scenario, self.vu));
            if let Some(iteration) = self.iteration {
                text.push_str(&format!(" iteration {iteration}"));
            }
            text.push(']');
        }
        if let Some(place) = self.place {
            text.push_str(&format!(" {place}"));
        }
        text.push(' ');
        text.push_str(&self.text);
        for (name, value) in &self.fields {
            text.push_str(&format!(" {name}={value}"));
        }
        // One line, whatever a script puts into it.
        harmless::line(&text)
    }
}

fn moment(at: u64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000)
        .ok()
        .and_then(|moment| moment.format(&Rfc3339).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record<'static> {
        Record {
            at: 1_700_000_000_250,
            level: LogLevel::Warn,
            run: "r1",
            source: Cow::Borrowed("script"),
            text: Cow::Borrowed("two\nlines \u{1b}[31m"),
            scenario: "guests",
            vu: 3,
            iteration: Some(7),
            place: Some("j.rhai:9"),
            fields: vec![(Cow::Borrowed("level"), "mine".to_owned())],
        }
    }

    #[test]
    fn a_line_of_text_is_one_line_without_commands() {
        let text = record().written(Format::Text);
        assert!(
            text.starts_with("2023-11-14T22:13:20.25Z WARN  [guests #3 iteration 7] j.rhai:9 two"),
            "{text}"
        );
        assert!(!text.contains('\n') && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn json_has_every_value_once() {
        let text = record().written(Format::Json);
        assert!(!text.contains('\n'));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["message"], "two\nlines \u{1b}[31m");
        assert_eq!(
            (&value["level"], &value["level_"]),
            (&json!("warn"), &json!("mine"))
        );
        assert_eq!((&value["vu"], &value["iteration"]), (&json!(3), &json!(7)));
    }
}
