//! One sample of JMeter, and what becomes of it.

use rustc_hash::FxHashMap;
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use super::parent;
use crate::import::document::{About, moment};
use crate::import::error::Flaw;
use crate::import::gather::{Gatherer, Place};
use crate::import::timeline::Moment;
use crate::lengths::name;
use crate::metrics::Builtin;
use crate::result::RunResult;
use crate::units::format_count;

/// Places that are remembered; a file with more of them has ids in its labels.
const REMEMBERED: usize = 5_000;
/// What a transaction controller says of itself.
const TRANSACTION: &str = "Number of samples in transaction";

/// How the code of an HTTP request without a response begins.
const NO_RESPONSE: &str = "Non HTTP response code";

/// What a line tells of a sample, as far as it tells it. Times in milliseconds.
#[derive(Debug, Default)]
pub struct Sample<'a> {
    pub time: &'a str,
    pub elapsed: &'a str,
    pub label: &'a str,
    pub code: &'a str,
    pub message: &'a str,
    pub failure: &'a str,
    pub success: Option<&'a str>,
    pub bytes: Option<&'a str>,
    pub sent: Option<&'a str>,
    pub latency: Option<&'a str>,
    pub connect: Option<&'a str>,
    pub threads: Option<&'a str>,
    pub url: Option<&'a str>,
    /// The name of the virtual user.
    pub thread: &'a str,
    /// Whether the samples that it sums up stand within it.
    pub has_samples: bool,
}

impl Sample<'_> {
    /// Whether it sums up other samples.
    pub fn is_transaction(&self) -> bool {
        self.message.starts_with(TRANSACTION)
    }
}

/// Where samples of one label and outcome go.
#[derive(Clone, Copy)]
struct Places {
    requests: Place,
    failed: Place,
    duration: Place,
    connecting: Place,
    waiting: Place,
    received: Place,
    sent: Place,
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Epoch,
    Zoned,
    Local,
}

/// Samples as they come in.
pub struct Samples {
    gatherer: Gatherer,
    places: FxHashMap<Vec<u8>, Places>,
    key: Vec<u8>,
    threads: Place,
    form: Option<Form>,
    judged: bool,
    began: parent::Began,
    /// Transactions that stand for their samples.
    alone: u64,
}

impl Samples {
    pub fn new() -> Self {
        let mut gatherer = Gatherer::new();
        let threads = gatherer.builtin(Builtin::Vus, []);
        Self {
            gatherer,
            places: FxHashMap::default(),
            key: Vec::new(),
            threads,
            form: None,
            judged: false,
            began: parent::Began::default(),
            alone: 0,
        }
    }

    /// Takes in a sample.
    ///
    /// # Errors
    /// When it cannot be.
    pub fn add(&mut self, sample: &Sample<'_>) -> Result<(), Flaw> {
        let from = self.moment(sample.time)?;
        let elapsed = milliseconds("elapsed", sample.elapsed)?;
        let to = from.saturating_add((elapsed * 1e6) as i64);
        if sample.is_transaction() {
            let place = self
                .gatherer
                .builtin(Builtin::GroupDuration, [("group", sample.label)]);
            self.gatherer.add(place, (from, to), elapsed, "elapsed")?;
            let declared = parent::samples_of(sample.message);
            if sample.has_samples || self.began.has_since(sample.thread, from, declared) {
                return Ok(());
            }
            self.alone += 1;
        }
        self.began.note(sample.thread, from);
        let status = status(sample.code);
        let success = match (sample.success, status) {
            (Some(text), _) => Some(truth(text)?),
            (None, Some(status)) => Some(status.starts_with(['1', '2', '3'])),
            (None, None) => None,
        };
        self.judged |= success.is_some();
        let places = self.places(sample.label, status.unwrap_or_default(), success);
        let span = (from, to);
        self.gatherer.add(places.requests, span, 1.0, "http_reqs")?;
        if let Some(success) = success {
            let failed = f64::from(u8::from(!success));
            self.gatherer
                .add(places.failed, span, failed, "http_req_failed")?;
        }
        self.gatherer
            .add(places.duration, span, elapsed, "elapsed")?;
        let connect = optional("Connect", sample.connect)?;
        if let Some(connect) = connect {
            self.gatherer
                .add(places.connecting, span, connect, "Connect")?;
        }
        if let Some(latency) = optional("Latency", sample.latency)? {
            // JMeter counts both from the start of the sample.
            let waiting = (latency - connect.unwrap_or_default()).max(0.0);
            self.gatherer
                .add(places.waiting, span, waiting, "Latency")?;
        }
        if let Some(bytes) = optional("bytes", sample.bytes)? {
            self.gatherer.add(places.received, span, bytes, "bytes")?;
        }
        if let Some(bytes) = optional("sentBytes", sample.sent)? {
            self.gatherer.add(places.sent, span, bytes, "sentBytes")?;
        }
        if let Some(threads) = optional("allThreads", sample.threads)? {
            self.gatherer
                .add(self.threads, span, threads, "allThreads")?;
        }
        if success == Some(false) {
            let message = [sample.failure, sample.message]
                .into_iter()
                .find(|text| !text.trim().is_empty())
                .unwrap_or("the sample failed");
            let url = sample.url.filter(|url| !matches!(*url, "" | "null"));
            self.gatherer.failure(sample.code, message, url, to);
        }
        Ok(())
    }

    fn places(&mut self, label: &str, status: &str, success: Option<bool>) -> Places {
        self.key.clear();
        let label = name(label);
        self.key.extend_from_slice(label.as_bytes());
        self.key.push(0);
        self.key.extend_from_slice(status.as_bytes());
        self.key.push(match success {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        });
        if let Some(places) = self.places.get(&self.key) {
            return *places;
        }
        let expected = match success {
            None => "",
            Some(true) => "true",
            Some(false) => "false",
        };
        let tags = [
            ("name", &*label),
            ("status", status),
            ("expected_response", expected),
        ];
        let mut of = |metric| self.gatherer.builtin(metric, tags);
        let places = Places {
            requests: of(Builtin::HttpReqs),
            failed: of(Builtin::HttpReqFailed),
            duration: of(Builtin::HttpReqDuration),
            connecting: of(Builtin::HttpReqConnecting),
            waiting: of(Builtin::HttpReqWaiting),
            received: of(Builtin::DataReceived),
            sent: of(Builtin::DataSent),
        };
        if self.places.len() < REMEMBERED {
            self.places.insert(self.key.clone(), places);
        }
        places
    }

    fn moment(&mut self, text: &str) -> Result<Moment, Flaw> {
        let (found, form) = match text.parse::<i64>() {
            Ok(milliseconds) => (milliseconds.checked_mul(1_000_000), Form::Epoch),
            Err(_) => match moment(text) {
                Some(found) => (Some(found), Form::Zoned),
                None => (local(text), Form::Local),
            },
        };
        let Some(found) = found.filter(|found| *found > 0) else {
            return Err(Flaw::new(format!("`{text}` is no time"))
                .help("JMeter writes milliseconds since 1970 unless `jmeter.save.saveservice.timestamp_format` says otherwise"));
        };
        match self.form {
            Some(before) if before != form => Err(Flaw::new(format!(
                "the time `{text}` is written in another way than those above"
            ))
            .help("logs of machines with different settings were put together; their clocks cannot be compared")),
            _ => {
                self.form = Some(form);
                Ok(found)
            }
        }
    }

    /// The result.
    ///
    /// # Errors
    /// When there was no sample.
    pub fn finish(self, script: String, version: String) -> Result<RunResult, Flaw> {
        if self.gatherer.samples() == 0 {
            return Err(Flaw::new(
                "there are no samples in it: nothing was measured",
            ));
        }
        let mut notes = Vec::new();
        if self.form == Some(Form::Local) {
            notes
                .push("the times in the file have no time zone; they were taken as UTC".to_owned());
        }
        if !self.judged {
            notes.push("the file tells neither `success` nor `responseCode`, so not how many requests failed".to_owned());
        }
        if self.alone > 0 {
            notes.push(format!(
                "{} transactions count as one request each: the file does not hold the samples that they are made of",
                format_count(self.alone)
            ));
        }
        Ok(self.gatherer.finish(About {
            tool: "jmeter",
            version,
            script,
            notes,
            ..About::default()
        }))
    }
}

/// The status that a code tells: as we write it, 0 is that of a request without a response. Samplers that are no HTTP have codes of
/// their own.
fn status(code: &str) -> Option<&str> {
    let is_status = code.len() == 3 && code.bytes().all(|digit| digit.is_ascii_digit());
    match code {
        code if is_status => Some(code),
        code if code.starts_with(NO_RESPONSE) => Some("0"),
        _ => None,
    }
}

fn truth(text: &str) -> Result<bool, Flaw> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Ok(true),
        text if text.eq_ignore_ascii_case("false") => Ok(false),
        other => Err(Flaw::new(format!(
            "`success` is `{other}`, and neither true nor false"
        ))),
    }
}

fn milliseconds(name: &str, text: &str) -> Result<f64, Flaw> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_nan() => Err(Flaw::new(format!("`{name}` is not a number (NaN)"))),
        Ok(value) if value < 0.0 => Err(Flaw::new(format!(
            "`{name}` is {value}: a duration is never negative"
        ))
        .help("the clock of the load generator was set back while the test ran")),
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err(Flaw::new(format!("`{name}` is `{text}`, and no number"))),
    }
}

fn optional(name: &str, text: Option<&str>) -> Result<Option<f64>, Flaw> {
    match text {
        None | Some("" | "null") => Ok(None),
        Some(text) => milliseconds(name, text).map(Some),
    }
}

/// Times as JMeter can be told to write them.
fn local(text: &str) -> Option<Moment> {
    const FORMS: [&[BorrowedFormatItem<'static>]; 4] = [
        format_description!("[year]/[month]/[day] [hour]:[minute]:[second].[subsecond]"),
        format_description!("[year]/[month]/[day] [hour]:[minute]:[second]"),
        format_description!("[year]-[month]-[day] [hour]:[minute]:[second].[subsecond]"),
        format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"),
    ];
    let text = text.trim().replace('T', " ").replace(',', ".");
    let found = FORMS
        .iter()
        .find_map(|form| PrimitiveDateTime::parse(&text, form).ok())?;
    i64::try_from(found.assume_utc().unix_timestamp_nanos()).ok()
}
