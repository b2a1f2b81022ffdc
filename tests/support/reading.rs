//! How these tests start a run and read what it left: metrics, rows and log lines by name.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::bin::{Output, Rhaid};

/// A run of this script by the binary under test.
pub fn run_of(script: &str) -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid")).script(script)
}

/// What a finished run left, by name. Everything panics, output and all, where the name is not there.
pub trait Reading {
    /// The values of a metric over all tag sets.
    fn metric(&self, name: &str) -> &Value;
    /// The values of each tag set of a metric that has all of these tags.
    fn tagged(&self, name: &str, tags: &[(&str, &str)]) -> Vec<&Value>;
    /// The sum of a counter; 0 for one that nothing was added to.
    fn count(&self, name: &str) -> u64;
    /// A scenario's row.
    fn scenario(&self, name: &str) -> &Value;
    /// The row of the only endpoint of that name.
    fn endpoint(&self, name: &str) -> &Value;
    /// The row of the objective of that name, or of the only one on that metric.
    fn slo(&self, name: &str) -> &Value;
    /// Passes and fails of each check.
    fn checks(&self) -> BTreeMap<String, (u64, u64)>;
    /// How the run ended, in a word.
    fn outcome(&self) -> &str;
    /// The texts that the script logged as `info`, sorted: virtual users log in any order.
    fn logged(&self) -> Vec<String>;
}

impl Reading for Output {
    #[track_caller]
    fn metric(&self, name: &str) -> &Value {
        &find(self, "metrics", "name", name)["total"]
    }

    #[track_caller]
    fn tagged(&self, name: &str, tags: &[(&str, &str)]) -> Vec<&Value> {
        let series = find(self, "metrics", "name", name)["series"]
            .as_array()
            .unwrap();
        series
            .iter()
            .filter(|series| {
                tags.iter()
                    .all(|(key, value)| series["tags"][key] == *value)
            })
            .map(|series| &series["values"])
            .collect()
    }

    #[track_caller]
    fn count(&self, name: &str) -> u64 {
        let metrics = self.expect_result()["metrics"].as_array().unwrap();
        let metric = metrics.iter().find(|metric| metric["name"] == name);
        metric.map_or(0, |metric| {
            metric["total"]["count"].as_f64().unwrap() as u64
        })
    }

    #[track_caller]
    fn scenario(&self, name: &str) -> &Value {
        find(self, "scenarios", "name", name)
    }

    #[track_caller]
    fn endpoint(&self, name: &str) -> &Value {
        find(self, "endpoints", "name", name)
    }

    #[track_caller]
    fn slo(&self, name: &str) -> &Value {
        let rows = self.expect_result()["slos"].as_array().unwrap();
        let named = rows.iter().find(|row| row["name"] == name);
        named.unwrap_or_else(|| find(self, "slos", "metric", name))
    }

    #[track_caller]
    fn checks(&self) -> BTreeMap<String, (u64, u64)> {
        let rows = self.expect_result()["checks"].as_array().unwrap();
        rows.iter()
            .map(|row| {
                let count = |key: &str| row[key].as_u64().unwrap();
                let name = row["name"].as_str().unwrap().to_owned();
                (name, (count("passes"), count("fails")))
            })
            .collect()
    }

    #[track_caller]
    fn outcome(&self) -> &str {
        self.expect_result()["run"]["outcome"]["kind"]
            .as_str()
            .unwrap()
    }

    fn logged(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .stderr
            .lines()
            .filter_map(|line| line.strip_prefix("info "))
            .map(|line| match line.split_once("] ") {
                Some((who, text)) if who.starts_with(" [") && who.contains(" #") => text.to_owned(),
                _ => line.trim_start().to_owned(),
            })
            .collect();
        lines.sort();
        lines
    }
}

/// The only row of a table with this value under this key.
#[track_caller]
fn find<'a>(output: &'a Output, table: &str, key: &str, value: &str) -> &'a Value {
    let rows = output.expect_result()[table].as_array().unwrap();
    let mut found = rows.iter().filter(|row| row[key] == value);
    let row = found.next().unwrap_or_else(|| {
        let known: Vec<&Value> = rows.iter().map(|row| &row[key]).collect();
        panic!("no row of `{table}` has the {key} {value:?}: {known:?}\n{output}")
    });
    assert!(
        found.next().is_none(),
        "`{table}` has several rows with the {key} {value:?}"
    );
    row
}

/// A number of a result.
#[track_caller]
pub fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}
