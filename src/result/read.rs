//! Reading a result back, with errors that tell a broken file from a foreign one and from a newer one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde_json::error::Category;

use super::first_look::FirstLook;
use super::{RunResult, VERSION};

/// A result could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file could not be opened or read.
    #[error("could not read the result `{}`: {source}. Check the path and its permissions", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file has no content.
    #[error("the result `{}` is empty: whatever made it stopped before writing. Run the test again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file ends in the middle of the document.
    #[error(
        "the result `{}` is cut off: it ends in line {line} in the middle of the document. Copy or download it again", path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// Its last line.
        line: usize,
    },
    /// The file is not JSON.
    #[error("`{}` is not JSON: {message}. A result is the file that `rhaid run --result FILE` writes", path.display())]
    NotJson {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        message: String,
    },
    /// The file is JSON, but no result.
    #[error("`{}` is no rhaid result: {message}. A result is the file that `rhaid run --result FILE` writes", path.display())]
    NotAResult {
        /// The file.
        path: PathBuf,
        /// What is missing or wrong, with line and column where known.
        message: String,
    },
    /// The document is of a version that this program does not know.
    #[error(
        "the result `{}` has version {found}, and this rhaid reads version {VERSION}. Read it with the rhaid that wrote it, or a newer one",
        path.display()
    )]
    UnknownVersion {
        /// The file.
        path: PathBuf,
        /// The version it has.
        found: String,
    },
}

/// Reads the result in the file at `path`.
///
/// # Errors
/// [`ReadError`]: the version is looked at before anything else in the document, so a newer file is called newer and not broken.
pub fn read(path: &Path) -> Result<RunResult, ReadError> {
    let bytes = fs::read(path).map_err(|source| ReadError::Io {
        path: path.to_owned(),
        source,
    })?;
    parse(path, &bytes)
}

/// Reads the result in `bytes`, which came from the file at `path`.
///
/// # Errors
/// As [`read`].
pub fn parse(path: &Path, bytes: &[u8]) -> Result<RunResult, ReadError> {
    let file = || path.to_owned();
    if bytes.trim_ascii().is_empty() {
        return Err(ReadError::Empty { path: file() });
    }
    let wrong = |error: serde_json::Error| match error.classify() {
        Category::Eof => ReadError::Truncated {
            path: file(),
            line: error.line(),
        },
        Category::Syntax | Category::Io => ReadError::NotJson {
            path: file(),
            message: error.to_string(),
        },
        Category::Data => ReadError::NotAResult {
            path: file(),
            message: error.to_string(),
        },
    };
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        serde_json::from_slice::<IgnoredAny>(bytes).map_err(wrong)?;
        return Err(ReadError::NotAResult {
            path: file(),
            message: "it is not an object".to_owned(),
        });
    }
    let first: FirstLook = serde_json::from_slice(bytes).map_err(wrong)?;
    let not_a_result = |message: String| ReadError::NotAResult {
        path: file(),
        message,
    };
    match first.version {
        Some(version) if version == VERSION => {}
        Some(version) => {
            return Err(ReadError::UnknownVersion {
                path: file(),
                found: version.to_string(),
            });
        }
        None => return Err(not_a_result("it has no `version`".to_owned())),
    }
    let result: RunResult = serde_json::from_slice(bytes).map_err(wrong)?;
    // Others add counts up and make room by lengths.
    if let Some(count) = first.too_large {
        let message = format!("it counts to {count}, which no run can");
        return Err(not_a_result(message));
    }
    if !result.intervals.is_whole() {
        let message = "the lists in its `intervals` are not as long as it says";
        return Err(not_a_result(message.to_owned()));
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{sample, to_json};

    fn error(text: &str) -> String {
        parse(Path::new("run.json"), text.as_bytes())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn counts_and_lengths_that_cannot_be_are_refused() {
        let mut document = serde_json::to_value(sample::passing()).unwrap();
        document["run"]["seed"] = u64::MAX.into();
        assert!(parse(Path::new("run.json"), document.to_string().as_bytes()).is_ok());
        document["endpoints"][0]["requests"] = u64::MAX.into();
        assert!(error(&document.to_string()).contains("counts to 18446744073709551615"));
        let mut document = serde_json::to_value(sample::passing()).unwrap();
        document["intervals"] = serde_json::json!({
            "interval_seconds": 1, "start_seconds": 0.0, "covered_seconds": 4_000_000_000_u64,
            "rows": [{ "metric": "http_reqs", "kind": "counter", "sums": [1.0] }],
        });
        assert!(error(&document.to_string()).contains("not as long as it says"));
    }

    #[test]
    fn what_was_written_is_read_back_unchanged() {
        for (name, result) in sample::all() {
            let text = to_json(&result).unwrap();
            let read = parse(Path::new("run.json"), text.as_bytes()).unwrap();
            assert_eq!(read, result, "{name}");
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_called_cut_off() {
        let text = to_json(&sample::passing()).unwrap();
        for part in [10, 100, text.len() / 2, text.len() - 3] {
            let message = error(&text[..part]);
            assert!(message.contains("is cut off"), "{part}: {message}");
        }
    }

    #[test]
    fn an_empty_file_a_foreign_file_and_plain_text_are_told_apart() {
        assert!(error(" \n").contains("is empty"));
        assert!(
            error("<html>").contains("`run.json` is not JSON: expected value at line 1 column 1")
        );
        assert!(error(r#"{"metrics": {}}"#).contains("is no rhaid result: it has no `version`"));
        assert!(error("[1, 2]").contains("is no rhaid result"));
    }

    #[test]
    fn a_missing_part_is_named() {
        let message = error(r#"{"version": 1}"#);
        assert!(message.contains("missing field `tool`"), "{message}");
    }

    #[test]
    fn another_version_is_named_before_anything_else_is_looked_at() {
        let message = error(r#"{"version": 2, "tool": 7}"#);
        assert!(
            message.contains("has version 2, and this rhaid reads version 1"),
            "{message}"
        );
        assert!(error(r#"{"version": "2025-01"}"#).contains(r#"version "2025-01""#));
    }

    #[test]
    fn fields_that_a_later_program_added_are_ignored() {
        let mut document = serde_json::to_value(sample::passing()).unwrap();
        document["weather"] = "fine".into();
        let text = document.to_string();
        assert_eq!(
            parse(Path::new("run.json"), text.as_bytes()).unwrap(),
            sample::passing()
        );
    }

    #[test]
    fn a_missing_file_is_named_with_what_the_system_said() {
        let message = read(Path::new("/nowhere/run.json"))
            .unwrap_err()
            .to_string();
        assert!(message.contains("`/nowhere/run.json`"), "{message}");
        assert!(message.contains("No such file"), "{message}");
    }
}
