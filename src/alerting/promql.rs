//! Small parts of PromQL: durations, names, matchers.

use std::time::Duration;

use crate::output::prometheus::label;
use crate::slo::{Condition, Pattern, Selector};

/// `5m`, `6h`, `3d`: as PromQL writes a duration of whole seconds.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [(86_400, "d"), (3_600, "h"), (60, "m")];
    let unit = units
        .iter()
        .find(|(length, _)| seconds > 0 && seconds.is_multiple_of(*length));
    match unit {
        Some((length, unit)) => format!("{}{unit}", seconds / length),
        None => format!("{seconds}s"),
    }
}

/// A number that reads back to the same, without the noise of binary fractions.
pub fn number(value: f64) -> String {
    let text = format!("{value:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Whether a character must not stand in a file of rules as it is: YAML refuses it, or takes it for the end of a line.
pub fn is_unwritable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Text in double quotes, with the escapes that PromQL shares with JSON and YAML.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            '\n' => quoted.push_str("\\n"),
            // All of them have four digits.
            c if is_unwritable(c) => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The matchers of a selector's conditions and some further ones, in braces; nothing if there are none.
pub fn matchers(selector: &Selector, further: &[String]) -> String {
    let own = selector.conditions().iter().map(matcher);
    let all: Vec<String> = own.chain(further.iter().cloned()).collect();
    match all.is_empty() {
        true => String::new(),
        false => format!("{{{}}}", all.join(",")),
    }
}

fn matcher(condition: &Condition) -> String {
    let key = label(&condition.key);
    let (equal, like) = match condition.negated {
        false => ("=", "=~"),
        true => ("!=", "!~"),
    };
    let pattern = |before: &str, text: &str, after: &str| {
        format!(
            "{key}{like}{}",
            quoted(&format!("{before}{}{after}", regex::escape(text)))
        )
    };
    match &condition.pattern {
        Pattern::Exact(text) => format!("{key}{equal}{}", quoted(text)),
        Pattern::Prefix(text) => pattern("", text, ".*"),
        Pattern::Suffix(text) => pattern(".*", text, ""),
        Pattern::Contains(text) => pattern(".*", text, ".*"),
        Pattern::Any if condition.negated => format!("{key}=\"\""),
        Pattern::Any => format!("{key}!=\"\""),
    }
}

/// The matcher of a bucket's bound, as any exporter may write it.
pub fn bucket(bound: f64) -> String {
    let text = number(bound);
    match text.contains('.') {
        true => format!("le={}", quoted(&text)),
        false => {
            let pattern = format!("{text}(?:\\.0)?");
            format!("le=~{}", quoted(&pattern))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_numbers_are_written_as_prometheus_reads_them() {
        let texts = [15, 60, 300, 21_600, 259_200, 90].map(|s| duration(Duration::from_secs(s)));
        assert_eq!(texts, ["15s", "1m", "5m", "6h", "3d", "90s"]);
        assert_eq!(
            [14.4 * 0.05, 0.8, 1.0, 1.0 - 0.999].map(number),
            ["0.72", "0.8", "1", "0.001"]
        );
        assert_eq!(
            (bucket(0.8), bucket(1.0)),
            ("le=\"0.8\"".into(), "le=~\"1(?:\\\\.0)?\"".into())
        );
    }

    #[test]
    fn conditions_are_matchers() {
        let selector = r#"m{name:"a \"b\"",status:!5*,url:*.x,group:*,kind:!*}"#
            .parse()
            .unwrap();
        assert_eq!(
            matchers(&selector, &["le=\"1\"".into()]),
            r#"{name="a \"b\"",status!~"5.*",url=~".*\\.x",group!="",kind="",le="1"}"#
        );
        assert_eq!(matchers(&"m".parse().unwrap(), &[]), "");
    }
}
