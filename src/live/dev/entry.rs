//! One thing that happened, in words.

use std::time::Duration;

use super::fit::Saying;
use crate::secrets::Secrets;
use crate::units::{format_bytes, format_millis};
use crate::vu::LogLevel;
use crate::vu::tap::{Exchanged, Happening, Sides, What};

/// How a line is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Careful,
    Plain,
    Faint,
}

/// Milliseconds of so many nanoseconds, for reading.
pub fn millis(nanos: u64) -> String {
    format_millis(nanos as f64 / 1e6)
}

/// The first line of what happened, without who and when, and how to take it; nothing if it is not worth one.
pub fn headline(what: &What, urls: Urls) -> Option<(Tone, Saying)> {
    Some(match what {
        What::IterationBegan => return None,
        What::IterationEnded {
            took,
            failure: None,
            interrupted,
        } => {
            let how = if *interrupted {
                "cut off after"
            } else {
                "done in"
            };
            let took = format_millis(took.as_secs_f64() * 1e3);
            (Tone::Faint, format!("iteration {how} {took}").into())
        }
        What::IterationEnded {
            failure: Some(failure),
            ..
        } => (
            Tone::Bad,
            format!("iteration failed: {}", failure.message).into(),
        ),
        What::Request(request) => (
            if request.expected {
                Tone::Plain
            } else {
                Tone::Bad
            },
            request_line(request, urls),
        ),
        What::Check { name, held, .. } => {
            let (tone, mark, found) = match held {
                true => (Tone::Good, "✓ ", String::new()),
                false => (Tone::Bad, "✗ ", found(what)),
            };
            let said = Saying {
                head: mark.to_owned(),
                name: name.clone(),
                end: found,
                extra: String::new(),
            };
            (tone, said)
        }
        What::Log { level, text } => (
            match level {
                LogLevel::Error => Tone::Bad,
                LogLevel::Warn => Tone::Careful,
                LogLevel::Info | LogLevel::Debug | LogLevel::Trace => Tone::Plain,
            },
            format!("{} {text}", word(*level)).into(),
        ),
    })
}

/// What a check found beside what it expected.
fn found(what: &What) -> String {
    let What::Check { sides, reason, .. } = what else {
        return String::new();
    };
    match (sides, reason) {
        (
            Some(Sides {
                operator,
                left,
                right,
            }),
            _,
        ) => {
            let expected = match operator.as_str() {
                "==" => right.clone(),
                other => format!("{other} {right}"),
            };
            format!("  found {left}, expected {expected}")
        }
        (None, Some(reason)) => format!("  {reason}"),
        (None, None) => String::new(),
    }
}

fn word(level: LogLevel) -> &'static str {
    match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "log",
        LogLevel::Warn => "warn",
        LogLevel::Error => "error",
    }
}

/// How much is shown of a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urls {
    Whole,
    /// From the path on.
    Path,
}

/// `GET http://…  200  12ms  ↑98B ↓1.2kB`, or `GET http://…  12ms  cannot connect …`.
fn request_line(request: &Exchanged, urls: Urls) -> Saying {
    let took = millis(request.timings.duration());
    let end = match &request.error {
        // How much of it there is room for, nobody knows.
        Some(error) => format!("  {took}  {error}"),
        None => format!("  {}  {took}", request.status),
    };
    let name = match &request.name {
        Some(name) => format!(" [{name}]"),
        None => String::new(),
    };
    let Exchanged { method, url, .. } = request;
    let url = match urls {
        Urls::Whole => url,
        Urls::Path => url
            .split_once("://")
            .and_then(|(_, rest)| rest.find('/').and_then(|at| rest.get(at..)))
            .unwrap_or(url),
    };
    Saying {
        head: format!("{method} "),
        name: format!("{url}{name}"),
        end,
        extra: format!(
            "  ↑{} ↓{}",
            format_bytes(request.bytes_sent),
            format_bytes(request.bytes_received)
        ),
    }
}

/// The phases of a request that took any time: `connecting 0.2ms · waiting 3.1ms`.
pub fn phases(request: &Exchanged) -> String {
    let timings = &request.timings;
    let within = timings.looking_up + timings.connecting + timings.tls_handshaking;
    let table = [
        ("blocked", timings.blocked.saturating_sub(within)),
        ("looking up", timings.looking_up),
        ("connecting", timings.connecting),
        ("TLS", timings.tls_handshaking),
        ("sending", timings.sending),
        ("waiting", timings.waiting),
        ("receiving", timings.receiving),
    ];
    // What takes less than a microsecond tells nobody anything.
    let told = table.into_iter().filter(|(_, nanos)| *nanos >= 1_000);
    let parts: Vec<String> = told
        .map(|(phase, nanos)| format!("{phase} {}", millis(nanos)))
        .collect();
    parts.join(" · ")
}

/// Who did it and when: `0:01.204  guests #1·3`.
pub fn who(happening: &Happening) -> String {
    let Happening {
        scenario,
        vu,
        iteration,
        ..
    } = happening;
    let at = at(happening.at);
    match vu {
        0 => format!("{at}  {scenario}"),
        vu => format!("{at}  {scenario} #{vu}·{iteration}"),
    }
}

/// A moment of the run: `1:05.204`.
pub fn at(moment: Duration) -> String {
    let (seconds, millis) = (moment.as_secs(), moment.subsec_millis());
    format!("{}:{:02}.{millis:03}", seconds / 60, seconds % 60)
}

/// Fit for a terminal: without secrets and control characters.
pub fn harmless(text: &str, secrets: &Secrets) -> String {
    let masked = secrets.mask(text);
    crate::harmless::text(&masked).replace('\t', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(operator: &str, left: &str, right: &str) -> String {
        let what = What::Check {
            name: "c".into(),
            held: false,
            sides: Some(Sides {
                operator: operator.into(),
                left: left.into(),
                right: right.into(),
            }),
            reason: None,
            about: None,
        };
        headline(&what, Urls::Whole).unwrap().1.whole()
    }

    #[test]
    fn a_failed_check_shows_what_it_found_beside_what_it_expected() {
        assert_eq!(check("==", "503", "200"), "✗ c  found 503, expected 200");
        assert_eq!(check(">", "0", "0"), "✗ c  found 0, expected > 0");
    }

    #[test]
    fn nothing_of_an_answer_controls_the_terminal() {
        let secrets = Secrets::default();
        secrets.keep("hunter22");
        assert_eq!(
            harmless("a\u{1b}[2J\thunter22\u{202e}", &secrets),
            "a\u{fffd}[2J ***\u{fffd}"
        );
    }

    #[test]
    fn a_moment_is_a_clock() {
        assert_eq!(at(Duration::from_millis(65_204)), "1:05.204");
    }
}
