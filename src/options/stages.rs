//! The stages of a ramp.

use std::time::Duration;

use serde_json::Value;

use super::OptionError;
use super::reader::{Reader, Wrong, describe, read_duration};
use crate::executor::Stage;

/// Reads `stages`; none if they are missing or wrong. `target` reads the value that a stage leads to.
pub fn stages<T>(
    reader: &mut Reader<'_>,
    scaled: &dyn Fn(Duration) -> Duration,
    target: impl Fn(&Value) -> Result<T, Wrong>,
) -> Vec<Stage<T>> {
    let Some(items) = reader.array("stages") else {
        return Vec::new();
    };
    let path = reader.path_of("stages");
    let mut stages = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let path: Vec<String> = path.iter().cloned().chain([at.to_string()]).collect();
        let Some(map) = item.as_object() else {
            reader.errors().push(OptionError {
                path,
                message: format!(
                    "expected a stage such as #{{ duration: \"30s\", target: 20 }}, found {}",
                    describe(item)
                ),
                help: None,
            });
            continue;
        };
        let mut inner = Reader::new(map, path, reader.errors());
        let duration = match inner.value("duration").map(read_duration) {
            None => {
                inner.error_here(
                    "a stage needs a `duration`",
                    Some("\"0s\" is a jump".to_owned()),
                );
                None
            }
            Some(Some(Ok(duration))) => Some(duration),
            Some(Some(Err(wrong))) => {
                inner.wrong("duration", wrong);
                None
            }
            Some(None) => {
                inner.error("duration", "expected a duration such as \"30s\"", None);
                None
            }
        };
        let target = match inner.value("target").map(&target) {
            None => {
                inner.error_here(
                    "a stage needs a `target`",
                    Some("what it leads to: virtual users, or a rate".to_owned()),
                );
                None
            }
            Some(Ok(target)) => Some(target),
            Some(Err(wrong)) => {
                inner.wrong("target", wrong);
                None
            }
        };
        inner.finish(&["duration", "target"], |_| None);
        if let (Some(duration), Some(target)) = (duration, target) {
            stages.push(Stage {
                duration: scaled(duration),
                target,
            });
        }
    }
    stages
}
