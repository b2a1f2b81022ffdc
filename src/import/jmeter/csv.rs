//! JTL as CSV, which is what JMeter writes by default.

use super::sample::{Sample, Samples};
use crate::data::{Dialect, Mistake, Records, each_value};
use crate::import::error::Flaw;
use crate::import::{Confidence, Importer, Shape, Source};
use crate::result::RunResult;
use crate::suggest::nearest;

/// Columns of a file without a header, as JMeter orders them by default.
const DEFAULT: [&str; 17] = [
    "timeStamp",
    "elapsed",
    "label",
    "responseCode",
    "responseMessage",
    "threadName",
    "dataType",
    "success",
    "failureMessage",
    "bytes",
    "sentBytes",
    "grpThreads",
    "allThreads",
    "URL",
    "Latency",
    "IdleTime",
    "Connect",
];
/// Without these there is nothing to judge.
const NEEDED: [&str; 3] = ["timeStamp", "elapsed", "label"];
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// JTL as CSV.
pub struct Csv;

impl Importer for Csv {
    fn name(&self) -> &'static str {
        "jmeter-csv"
    }

    fn title(&self) -> &'static str {
        "a JMeter JTL (CSV)"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        let first = shape.first_line();
        let delimiter = char::from(delimiter(first.as_bytes()));
        let mut values = first.split(delimiter).map(|value| value.trim_matches('"'));
        let has = |name: &str| values.clone().any(|value| value == name);
        if has("timeStamp") && (has("elapsed") || has("label")) {
            return Confidence::Sure;
        }
        let headless = values.next().is_some_and(is_epoch)
            && values
                .next()
                .is_some_and(|elapsed| elapsed.parse::<u64>().is_ok())
            && values.count() > 4;
        if headless {
            Confidence::Likely
        } else {
            Confidence::No
        }
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let dialect = Dialect {
            delimiter: delimiter(
                source
                    .head()
                    .split(|byte| *byte == b'\n')
                    .next()
                    .unwrap_or_default(),
            ),
            ..Dialect::default()
        };
        let mut records = Records::new(source.stream(), 0);
        let mut samples = Samples::new();
        let mut columns: Option<Columns> = None;
        let mut values: Vec<String> = Vec::new();
        while records.advance()? {
            if let Some(rest) = records.record.strip_prefix(b"\xef\xbb\xbf") {
                records.record = rest.to_vec();
            }
            let line = records.line;
            let mut count = 0;
            let split = each_value(&records.record, line, &dialect, |value| {
                // The texts of the row before are written over, so a row allocates nothing.
                match values.get_mut(count) {
                    Some(text) => {
                        text.clear();
                        text.push_str(&value);
                    }
                    None => values.push(value.into_owned()),
                }
                count += 1;
            });
            let whole = records.record.ends_with(b"\n");
            split.map_err(|mistake| cut(mistake, whole))?;
            let row = values.get(..count).unwrap_or_default();
            let known = match &columns {
                Some(known) => known,
                None => {
                    let headless = row.first().is_some_and(|value| is_epoch(value));
                    let found = if headless {
                        // Older versions write fewer, in the same order.
                        Columns::of(DEFAULT.iter().copied().take(row.len()), line)?
                    } else {
                        Columns::of(row.iter().map(String::as_str), line)?
                    };
                    let known = columns.insert(Columns {
                        count: row.len(),
                        ..found
                    });
                    if !headless {
                        continue;
                    }
                    known
                }
            };
            if row.len() != known.count {
                let what = format!(
                    "this row has {} values, and there are {} columns",
                    row.len(),
                    known.count
                );
                return Err(cut(Mistake::new(line, what), whole));
            }
            samples.add(&known.sample(row)).map_err(|flaw| {
                let flaw = Flaw {
                    line: Some(line),
                    ..flaw
                };
                if whole {
                    flaw
                } else {
                    cut(Mistake::new(line, flaw.what), whole)
                }
            })?;
        }
        samples.finish(script, String::new())
    }
}

/// What is wrong with a row: of the last one, which does not end as rows do, that it is cut off.
fn cut(mistake: Mistake, whole: bool) -> Flaw {
    if whole {
        return mistake.into();
    }
    Flaw::at(
        mistake.line,
        format!("the file is cut off in this line: {}", mistake.what),
    )
    .help("JMeter was stopped before it had written all; copy the file again, or delete the line")
}

fn is_epoch(text: &str) -> bool {
    text.len() == 13 && text.bytes().all(|digit| digit.is_ascii_digit())
}

/// The delimiter that a first line has most of.
fn delimiter(line: &[u8]) -> u8 {
    let count = |wanted: u8| line.iter().filter(|byte| **byte == wanted).count();
    let most = DELIMITERS
        .into_iter()
        .rev()
        .max_by_key(|delimiter| count(*delimiter));
    most.unwrap_or(b',')
}

/// Where each value stands in a row.
struct Columns {
    count: usize,
    at: [Option<usize>; 14],
}

impl Columns {
    const NAMES: [&'static str; 14] = [
        "timeStamp",
        "elapsed",
        "label",
        "responseCode",
        "responseMessage",
        "failureMessage",
        "success",
        "bytes",
        "sentBytes",
        "Latency",
        "Connect",
        "allThreads",
        "URL",
        "threadName",
    ];

    fn of<'n>(names: impl Iterator<Item = &'n str>, line: u64) -> Result<Self, Flaw> {
        let names: Vec<&str> = names.map(str::trim).collect();
        let missing: Vec<&str> = NEEDED
            .into_iter()
            .filter(|needed| !names.contains(needed))
            .collect();
        if let Some(first) = missing.first() {
            let near = nearest(first, names.iter().copied());
            let near = near.map_or_else(String::new, |near| format!(" (there is `{near}`)"));
            let what = format!("the header has no column `{}`{near}", missing.join("`, `"));
            return Err(Flaw::at(line, what)
                .help("turn it on in user.properties: jmeter.save.saveservice.timestamp_format=ms, …time=true, …label=true"));
        }
        Ok(Self {
            count: names.len(),
            at: Self::NAMES.map(|wanted| names.iter().position(|name| *name == wanted)),
        })
    }

    fn sample<'r>(&self, row: &'r [String]) -> Sample<'r> {
        let of = |at: usize| -> Option<&'r str> {
            let column = self.at.get(at).copied().flatten()?;
            row.get(column).map(String::as_str)
        };
        Sample {
            time: of(0).unwrap_or_default(),
            elapsed: of(1).unwrap_or_default(),
            label: of(2).unwrap_or_default(),
            code: of(3).unwrap_or_default(),
            message: of(4).unwrap_or_default(),
            failure: of(5).unwrap_or_default(),
            success: of(6),
            bytes: of(7),
            sent: of(8),
            latency: of(9),
            connect: of(10),
            threads: of(11),
            url: of(12),
            thread: of(13).unwrap_or_default(),
            has_samples: false,
        }
    }
}
