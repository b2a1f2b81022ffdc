//! `--out`: the outputs of a run, from their first word to what became of them.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::command_args::RunArguments;
use super::{Failure, complain};
use crate::exit;
use crate::live::Voice;
use crate::logging::{self, Record};
use crate::metrics::Contains;
use crate::options::Options;
use crate::output::{Account, EventKind, Feed, Hub, OutputError, Setting, Wanted, wanted};
use crate::secrets::{Secrets, mask_urls};
use crate::slo::{Aggregate, Threshold};
use crate::units::format_count;

/// The variable that names outputs beside those of the command line, separated by spaces.
const VARIABLE: &str = "RHAID_OUT";
/// How long the end of a run waits for outputs to deliver what is left.
const PATIENCE: Duration = Duration::from_secs(15);

/// The outputs of the environment and those of the command line.
///
/// # Errors
/// When what stands in the environment is none.
pub fn asked_for(arguments: &RunArguments) -> Result<Vec<Wanted>, Failure> {
    let mut all = Vec::new();
    let variable = std::env::var(VARIABLE).unwrap_or_default();
    for text in variable.split_whitespace() {
        all.push(wanted(text).map_err(|why| {
            let text = mask_urls(text);
            let message = format!("error: invalid value '{text}' in {VARIABLE}: {why}");
            Failure::new(exit::USAGE, message)
        })?);
    }
    for wanted in [
        &arguments.outputs,
        &arguments.annotate,
        &arguments.log_outputs,
    ] {
        all.extend_from_slice(wanted);
    }
    Ok(all)
}

/// Listens to what rhaid tells of itself, if a level is asked for; it goes to standard error, above the progress, and to the outputs.
///
/// # Errors
/// When it is no level.
pub fn listen(
    arguments: &RunArguments,
    voice: Voice,
    feed: Option<Feed>,
    secrets: &Secrets,
) -> Result<(), Failure> {
    let Some(levels) = &arguments.log_level else {
        return Ok(());
    };
    logging::listen(levels).map_err(|why| {
        let message = format!("error: invalid value '{levels}' for '--log-level': {why}");
        Failure::new(exit::USAGE, message)
    })?;
    let format = arguments.log_format.into();
    let secrets = secrets.clone();
    logging::pass_to(Some(Box::new(move |record| {
        let masked = secrets.mask(&record.text).into_owned();
        let fields = record
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), secrets.mask(value).into_owned()));
        let record = Record {
            text: Cow::Owned(masked),
            fields: fields.collect(),
            ..record.clone()
        };
        voice.say(record.written(format));
        if let Some(feed) = &feed {
            let owned = |(name, value): &(Cow<'_, str>, String)| (name.to_string(), value.clone());
            feed.event(
                EventKind::Own {
                    level: record.level,
                    module: record.source.to_string(),
                    fields: record.fields.iter().map(owned).collect(),
                },
                record.text.clone(),
            );
        }
    })));
    Ok(())
}

/// Outputs at work.
pub struct Streams {
    hub: Hub,
    /// While progress is shown, warnings go through it.
    voice: Arc<Mutex<Option<Voice>>>,
}

impl Streams {
    /// Opens the outputs, if there are any.
    ///
    /// # Errors
    /// When one of them cannot be opened.
    pub fn start(
        wanted: Vec<Wanted>,
        options: &Options,
        arguments: &RunArguments,
    ) -> Result<Option<Self>, Failure> {
        if wanted.is_empty() {
            return Ok(None);
        }
        let voice: Arc<Mutex<Option<Voice>>> = Arc::default();
        let speaks = voice.clone();
        let say = move |text: &str| {
            match &*speaks.lock().unwrap_or_else(PoisonError::into_inner) {
                Some(voice) => voice.say(text),
                None => complain(text),
            };
        };
        let setting = Setting {
            env: std::env::vars().collect(),
            bounds: bounds(options),
            names: arguments.prometheus_names.into(),
            histograms: arguments.prometheus_histograms.into(),
            log_format: arguments.log_format.into(),
            say: Box::new(say),
        };
        let hub = Hub::start(wanted, setting).map_err(|error| {
            let code = match &error {
                OutputError::Usage(_) | OutputError::Listen { .. } => exit::USAGE,
                OutputError::File { .. } => exit::CANNOT_WRITE,
                OutputError::Start(_) => exit::INTERNAL,
            };
            let message =
                format!("error: {error}\nThat was tried before the start: nothing was sent.");
            Failure::new(code, message)
        })?;
        Ok(Some(Self { hub, voice }))
    }

    /// Where the run hands over what it measures.
    pub fn feed(&self) -> Feed {
        self.hub.feed()
    }

    /// While progress is shown, warnings stand above it.
    pub fn speak_through(&self, voice: Option<Voice>) {
        *self.voice.lock().unwrap_or_else(PoisonError::into_inner) = voice;
    }

    /// Has everything delivered, and tells of what was not.
    pub fn end(self) {
        let (accounts, missed) = self.hub.end(PATIENCE, || {
            complain("note: waiting for outputs to deliver what is left; Ctrl-C ends that");
        });
        for account in &accounts {
            if let Some(text) = told(account) {
                complain(&format!("warning: {text}"));
            }
        }
        if missed > 0 {
            complain(&format!(
                "warning: this machine was too busy to hand everything to the outputs of `--out`: {} reports of workers are missing there; the result has all figures",
                format_count(missed)
            ));
        }
    }
}

/// Bounds of objectives on single values, by what is compared with them: times in seconds, amounts of data in bytes.
fn bounds(options: &Options) -> Vec<(Contains, f64)> {
    let mut bounds = Vec::new();
    for objective in &options.slos {
        for expression in [Some(&objective.target), objective.warn.as_ref()] {
            let Some(expression) = expression else {
                continue;
            };
            // Others are about numbers of samples and shares of them.
            if matches!(
                expression.aggregate,
                Aggregate::Percentile(_)
                    | Aggregate::Avg
                    | Aggregate::Med
                    | Aggregate::Max
                    | Aggregate::Min
            ) {
                let bound = expression.threshold.bound();
                let (time, plain) = ((Contains::Time, bound / 1e3), (Contains::Default, bound));
                match expression.threshold {
                    Threshold::Time(_) => bounds.push(time),
                    Threshold::Bytes(_) => bounds.push((Contains::Data, bound)),
                    // Nothing tells yet whether the metric is one of times.
                    _ => bounds.extend([time, plain]),
                }
            }
        }
    }
    bounds
}

/// What went wrong with one output.
fn told(account: &Account) -> Option<String> {
    let Account {
        output,
        delivered,
        in_time,
    } = account;
    // What had everything and was slow to close has everything.
    if delivered.lost == 0 && (*in_time || delivered.sent > 0) {
        return None;
    }
    if delivered.lost == 0 {
        let why = delivered.problem.as_deref().unwrap_or_default();
        return Some(format!(
            "`--out {output}` did not get everything: {why}; the result has all figures"
        ));
    }
    let lost = format_count(delivered.lost);
    let all = format_count(delivered.sent + delivered.lost);
    let why = match &delivered.problem {
        Some(problem) => format!(": {problem}"),
        None if *in_time => String::new(),
        None => ": the end of the run could not wait longer".to_owned(),
    };
    Some(format!(
        "`--out {output}` did not get {lost} of {all} samples{why}; the result has all figures"
    ))
}
