//! Files that are of no format that is known: what they are, as far as that can be told, and what to give instead.

use super::error::Flaw;
use super::{Shape, all};

/// What is known of files that cannot be read: how they begin, what they are, and what helps.
const KNOWN: [(&[&str], &str, &str); 11] = [
    (
        &["metric_name,timestamp,metric_value"],
        "k6's `--out csv`",
        "write `--out json=FILE`, which holds the same and more",
    ),
    (
        &["Timestamp,User Count,Type,Name"],
        "Locust's `_stats_history.csv`",
        "give the file that ends in `_stats.csv`",
    ),
    (
        &["Method,Name,Error,Occurrences"],
        "Locust's `_failures.csv`",
        "give the file that ends in `_stats.csv`",
    ),
    (
        &["Count,Message,Traceback,Nodes"],
        "Locust's `_exceptions.csv`",
        "give the file that ends in `_stats.csv`",
    ),
    (
        &["Label,# Samples", "sampler_label,aggregate_report_count"],
        "a table of JMeter's reports",
        "give the log of samples that it was made of (`jmeter -l FILE.jtl`)",
    ),
    (
        &["var stats = {"],
        "Gatling's `stats.js`",
        "give `stats.json`, which lies beside it",
    ),
    (
        &["RUN\t", "ASSERTION\t"],
        "Gatling's `simulation.log`",
        "give `js/stats.json` of the report that Gatling makes of it",
    ),
    (
        &["This is ApacheBench"],
        "the output of ApacheBench",
        "it tells too little to be judged; `wrk --latency` or `oha --output-format json` do the same and tell more",
    ),
    (
        &[
            "response-time,DNS+dialup,DNS,Request-write",
            "\nSummary:\n  Total:",
            "Summary:\n  Success rate:",
        ],
        "the output of hey or oha for people, or hey's CSV",
        "run `oha --output-format json`",
    ),
    (
        &["Requests      [total", "Requests\t[total"],
        "vegeta's report for people",
        "run `vegeta report -type=json`",
    ),
    (
        &["<!DOCTYPE html", "<html"],
        "a page in HTML",
        "give the data that the report was made of",
    ),
];

/// A file that nobody claims.
pub fn unknown(shape: &Shape<'_>) -> Flaw {
    let begins = |start: &&str| shape.text.trim_start().starts_with(start.trim_start());
    for (starts, what, help) in KNOWN {
        if starts.iter().any(begins) {
            return Flaw::new(format!("it is {what}, which is not read")).help(help);
        }
    }
    let titles: Vec<&str> = all().iter().map(|importer| importer.title()).collect();
    let known = format!(
        "it is none of: {}. If it is one of them all the same, name it with --from",
        titles.join(", ")
    );
    if shape.binary {
        let what = if shape.text.contains("vegeta") {
            "it is no text; it may be what `vegeta attack` writes"
        } else {
            "it is no text"
        };
        let flaw = Flaw::new(format!("{what}, so it is no result that is known"));
        return flaw.help(if shape.text.contains("vegeta") {
            "run `vegeta report -type=json FILE` or `vegeta encode FILE` first".to_owned()
        } else {
            known
        });
    }
    let outer = shape.outer_keys();
    let what = if shape.is_object() && !outer.is_empty() {
        let shown: Vec<String> = outer.iter().take(6).map(|key| format!("`{key}`")).collect();
        format!(
            "it is a JSON object with {}, and no result that is known",
            shown.join(", ")
        )
    } else {
        let mut first = shape.first_line().to_owned();
        crate::lengths::shorten(&mut first, 60);
        format!("it is no result that is known; it begins with `{first}`")
    };
    Flaw::new(what).help(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let flaw = unknown(&Shape::of(text.as_bytes()));
        format!("{} / {}", flaw.what, flaw.help.unwrap_or_default())
    }

    #[test]
    fn a_neighbour_of_what_is_read_is_told_what_to_give_instead() {
        assert!(told("var stats = {\n type: \"GROUP\"").contains("give `stats.json`"));
        assert!(
            told("Timestamp,User Count,Type,Name,Requests/s\n").contains("ends in `_stats.csv`")
        );
        assert!(told("metric_name,timestamp,metric_value,check\n").contains("--out json=FILE"));
    }

    #[test]
    fn anything_else_is_told_what_was_looked_for() {
        let all = told("{\"a\": 1, \"b\": {\"c\": 2}}");
        assert!(all.contains("a JSON object with `a`, `b`"), "{all}");
        assert!(
            all.contains("k6 --summary-export") && all.contains("--from"),
            "{all}"
        );
        assert!(told("\u{0}\u{1}ELF").starts_with("it is no text"));
        assert!(told("hello").contains("it begins with `hello`"));
    }
}
