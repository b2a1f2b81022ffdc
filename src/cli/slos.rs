//! Objectives on the command line: `--slo slo.toml`, or `--slo "http_req_duration: p(95) < 300ms"`.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::Failure;
use crate::slo::file::{self, FileError};

/// The objectives that are asked for, as options hold them: by metric.
///
/// # Errors
/// When one is neither an objective nor a file of such.
pub fn wanted(texts: &[String]) -> Result<Map<String, Value>, Failure> {
    let mut all: Map<String, Value> = Map::new();
    for text in texts {
        let found = match pair(text) {
            Some((metric, target)) => Map::from_iter([(metric.to_owned(), json!([target]))]),
            None => of_file(Path::new(text))?,
        };
        for (metric, list) in found {
            match (all.get_mut(&metric), list) {
                (Some(Value::Array(known)), Value::Array(more)) => known.extend(more),
                (_, list) => {
                    all.insert(metric, list);
                }
            }
        }
    }
    Ok(all)
}

/// The files among what is asked for.
pub fn files(texts: &[String]) -> impl Iterator<Item = &Path> {
    let files = texts.iter().filter(|text| pair(text).is_none());
    files.map(Path::new)
}

/// `METRIC: TARGET`; no path looks like that, since a target has an operator in it.
fn pair(text: &str) -> Option<(&str, &str)> {
    // Tags have colons of their own: `http_req_duration{name:reserve}: p(95) < 1s`.
    let end = text.find('}').unwrap_or(0);
    let colon = end + text.get(end..)?.find(':')?;
    let (metric, target) = (text.get(..colon)?.trim(), text.get(colon + 1..)?.trim());
    let has_operator = target.contains(['<', '>', '=']);
    (has_operator && !metric.is_empty()).then_some((metric, target))
}

fn of_file(path: &Path) -> Result<Map<String, Value>, Failure> {
    file::table(path).map_err(|error| {
        let is_missing = matches!(error, FileError::Missing(_));
        let mut failure = Failure::from(error);
        if is_missing {
            failure.message.push_str(
                "\nhelp: write a file, or an objective such as --slo \"http_req_duration: p(95) < 300ms\"",
            );
        }
        failure
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit;

    #[test]
    fn an_objective_is_told_from_a_file() {
        assert_eq!(
            pair("http_req_duration: p(95) < 300ms"),
            Some(("http_req_duration", "p(95) < 300ms"))
        );
        assert_eq!(
            pair("http_req_duration{name:reserve}: p(99)<1s"),
            Some(("http_req_duration{name:reserve}", "p(99)<1s"))
        );
        assert_eq!(pair("ci/slo.toml"), None);
        assert_eq!(pair("c:\\slo.toml"), None);
    }

    #[test]
    fn objectives_about_one_metric_stand_together() {
        let all = wanted(&[
            "checks: rate > 99%".to_owned(),
            "checks: rate > 90%".to_owned(),
        ]);
        let all = all.map_err(|failure| failure.message).unwrap();
        assert_eq!(all["checks"], json!(["rate > 99%", "rate > 90%"]));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let failure = wanted(&["no/such.toml".to_owned()]).unwrap_err();
        assert_eq!(failure.code, exit::NO_INPUT);
        assert!(
            failure.message.contains("no/such.toml"),
            "{}",
            failure.message
        );
    }
}
