//! What rhaid has to say of itself: events of `tracing`, at the levels that are asked for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use tracing::callsite::Identifier;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::Record;
use crate::vu::LogLevel;

/// How often the same place in rhaid is heard in a second.
const SAME: u64 = 10;

/// Who records are passed to.
type Sink = Box<dyn Fn(&Record<'_>) + Send>;

/// Nobody else is asked: `tracing` has one subscriber for the whole process.
static SINK: Mutex<Option<Sink>> = Mutex::new(None);

/// From now on passes records to this one; what was before is heard no more.
pub fn pass_to(sink: Option<Sink>) {
    *locked(&SINK) = sink;
}

/// Listens at these levels, as `info` or `info,rhaid::http=debug`. A second time it changes nothing.
///
/// # Errors
/// A sentence, when these are no levels.
pub fn listen(levels: &str) -> Result<(), String> {
    let mistake = || {
        "write a level (error, warn, info, debug, trace, off), or one for each module: info,rhaid::http=debug".to_owned()
    };
    // Of itself the filter takes a word that is no level for a module's name.
    let is_level = |text: &str| {
        let text = text.trim();
        !text.is_empty() && text.parse::<LevelFilter>().is_ok()
    };
    let is_right = |part: &str| is_level(part.rsplit_once('=').map_or(part, |(_, level)| level));
    if !levels.split(',').all(is_right) {
        return Err(mistake());
    }
    let filter = EnvFilter::builder().parse(levels).map_err(|_| mistake())?;
    let layer = Ears {
        heard: Mutex::default(),
    };
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init();
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a place was heard, and in which second.
#[derive(Default)]
struct Heard {
    second: u64,
    times: u64,
}

struct Ears {
    heard: Mutex<HashMap<Identifier, Heard>>,
}

impl Ears {
    /// Whether this one is to be told; and how many of the same place were not, in an earlier second.
    fn admit(&self, place: Identifier, second: u64) -> (bool, u64) {
        let mut heard = locked(&self.heard);
        let known = heard.entry(place).or_default();
        let mut missed = 0;
        if known.second != second {
            missed = known.times.saturating_sub(SAME);
            *known = Heard { second, times: 0 };
        }
        known.times += 1;
        (known.times <= SAME, missed)
    }
}

impl<S: Subscriber> Layer<S> for Ears {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let (is_told, missed) = self.admit(meta.callsite(), since.as_secs());
        if !is_told {
            return;
        }
        let mut words = Words::default();
        event.record(&mut words);
        let mut record = Record {
            at: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            level: match *meta.level() {
                Level::ERROR => LogLevel::Error,
                Level::WARN => LogLevel::Warn,
                Level::INFO => LogLevel::Info,
                Level::DEBUG => LogLevel::Debug,
                Level::TRACE => LogLevel::Trace,
            },
            run: "",
            source: Cow::Borrowed(meta.target()),
            text: Cow::Owned(words.message),
            scenario: "",
            vu: 0,
            iteration: None,
            place: None,
            fields: words.fields,
        };
        if missed > 0 {
            record
                .fields
                .push((Cow::Borrowed("more_like_this_before"), missed.to_string()));
        }
        if let Some(sink) = &*locked(&SINK) {
            sink(&record);
        }
    }
}

/// What an event says.
#[derive(Default)]
struct Words {
    message: String,
    fields: Vec<(Cow<'static, str>, String)>,
}

impl Words {
    fn take(&mut self, field: &Field, value: String) {
        match field.name() {
            "message" => self.message = value,
            name => self.fields.push((Cow::Borrowed(name), value)),
        }
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.take(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn levels_are_read_and_mistakes_are_told() {
        for wrong in [
            "loud",
            "",
            "info,rhaid::http=loud",
            "info,loud",
            "rhaid::http=",
        ] {
            let told = listen(wrong).unwrap_err();
            assert!(told.contains("write a level"), "{wrong}");
        }
    }

    #[test]
    fn one_place_is_heard_ten_times_a_second_and_counted_beyond() {
        let told: Arc<Mutex<Vec<String>>> = Arc::default();
        let hears = told.clone();
        pass_to(Some(Box::new(move |record| {
            if record.source == "rhaid::logging::test" {
                hears.lock().unwrap().push(record.text.to_string());
            }
        })));
        let ears = Ears {
            heard: Mutex::default(),
        };
        let subscriber = tracing_subscriber::registry().with(ears);
        tracing::subscriber::with_default(subscriber, || {
            for n in 0..100 {
                tracing::info!(target: "rhaid::logging::test", n, "again");
            }
        });
        let told = told.lock().unwrap().len();
        // The second can have turned in between.
        assert!((10..=20).contains(&told), "{told}");
    }
}
