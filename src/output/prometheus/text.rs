//! Text for scrapers: OpenMetrics, and Prometheus' older format for who knows that alone.
//!
//! They differ in little: OpenMetrics names the family of a counter without `_total`, has exemplars, and says where it ends.

use std::fmt::{self, Write};

use super::buckets::{Buckets, Example};
use super::ledger::Ledger;
use super::names::FamilyKind;
use super::reading::{Label, Reading, Shown};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    OpenMetrics,
    Plain,
}

impl Dialect {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// Everything that is known.
pub fn text(ledger: &Ledger, dialect: Dialect) -> String {
    let mut page = Page {
        text: String::new(),
        dialect,
    };
    for family in ledger.shown() {
        // A string takes everything.
        let _ = page.family(&family);
    }
    if dialect == Dialect::OpenMetrics {
        page.text.push_str("# EOF\n");
    }
    page.text
}

/// What was written so far.
struct Page {
    text: String,
    dialect: Dialect,
}

impl Page {
    fn family(&mut self, family: &Shown<'_>) -> fmt::Result {
        let (ending, kind) = match family.kind {
            FamilyKind::Counter => ("_total", "counter"),
            FamilyKind::Gauge => ("", "gauge"),
            FamilyKind::Histogram => ("", "histogram"),
        };
        let series = format!("{}{ending}", family.name);
        let name = match self.dialect {
            Dialect::OpenMetrics => family.name,
            Dialect::Plain => series.as_str(),
        };
        write!(self.text, "# HELP {name} ")?;
        self.escaped(
            family.help.trim_end_matches('.'),
            self.dialect == Dialect::OpenMetrics,
        );
        writeln!(self.text, ".\n# TYPE {name} {kind}")?;
        for (labels, reading) in &family.series {
            match reading {
                Reading::Number(value) => {
                    self.name(&series, labels, None)?;
                    writeln!(self.text, " {}", Number(*value))?;
                }
                Reading::Histogram(buckets) => self.histogram(family.name, labels, buckets)?,
            }
        }
        Ok(())
    }

    fn histogram(&mut self, name: &str, labels: &[Label], buckets: &Buckets) -> fmt::Result {
        self.name(&format!("{name}_sum"), labels, None)?;
        writeln!(self.text, " {}", Number(buckets.sum))?;
        self.name(&format!("{name}_count"), labels, None)?;
        writeln!(self.text, " {}", buckets.count)?;
        let name = format!("{name}_bucket");
        for (place, (bound, count)) in buckets.cumulative().enumerate() {
            self.name(&name, labels, Some(bound))?;
            write!(self.text, " {count}")?;
            if let (Dialect::OpenMetrics, Some(example)) = (self.dialect, buckets.example(place)) {
                self.example(example)?;
            }
            self.text.push('\n');
        }
        Ok(())
    }

    /// A series: its name and labels.
    fn name(&mut self, name: &str, labels: &[Label], bound: Option<f64>) -> fmt::Result {
        self.text.push_str(name);
        let mut before = '{';
        if let Some(bound) = bound {
            write!(self.text, "{{le=\"{}\"", Number(bound))?;
            before = ',';
        }
        for (key, value) in labels {
            write!(self.text, "{before}{key}=\"")?;
            self.escaped(value, true);
            self.text.push('"');
            before = ',';
        }
        if before == ',' {
            self.text.push('}');
        }
        Ok(())
    }

    fn example(&mut self, example: &Example) -> fmt::Result {
        let [(trace, trace_id), (span, span_id)] = example.labels();
        let (seconds, millis) = (example.at / 1_000, example.at % 1_000);
        write!(
            self.text,
            " # {{{trace}=\"{trace_id}\",{span}=\"{span_id}\"}} {} {seconds}.{millis:03}",
            Number(example.value)
        )
    }

    fn escaped(&mut self, text: &str, quotes: bool) {
        for c in text.chars() {
            match c {
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '"' if quotes => self.text.push_str("\\\""),
                c => self.text.push(c),
            }
        }
    }
}

/// A number as both write it: `1.0`, `+Inf`, `NaN`.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            value => write!(f, "{value:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Builtin, Recorder, Tags};
    use crate::output::prometheus::{Bounds, Names};
    use crate::output::{Book, Moment, RunInfo};
    use crate::trace::{Exemplar, Settings, SpanId, TraceId, Tracing};

    /// A run of two requests, of which one was traced; with the trace.
    fn run() -> (Ledger, TraceId, SpanId) {
        let mut ledger = Ledger::new(Names::Rhaid, Bounds::with(&[]));
        ledger.begin(&RunInfo {
            id: "run-1".to_owned(),
            script: "a \"b\"\\\n.rhai".to_owned(),
            at: 1_700_000_000_000,
        });
        let mut recorder = Recorder::new(10);
        let tags = Tags::new([("name".into(), "a \"b\"\n\\".into())]);
        let tags = recorder.intern(tags);
        let duration = recorder.series(Builtin::HttpReqDuration.into(), tags);
        let requests = recorder.series(Builtin::HttpReqs.into(), tags);
        for nanos in [3_000_000, 700_000_000] {
            recorder.count(requests, 1.0);
            recorder.time(duration, nanos);
        }
        let mut book = Book::default();
        book.absorb(0, &recorder.snapshot());
        let mut ids = Tracing::new(Settings::default(), 1, false).ids();
        let exemplar = Exemplar {
            value: 700_000_000,
            at: 1_700_000_003_045_000_000,
            trace: ids.trace(),
            span: ids.span(),
        };
        book.exemplify(0, &[(duration, exemplar)]);
        let now = Moment {
            at: 1_700_000_004_000,
            elapsed: std::time::Duration::from_secs(4),
            phase: "running",
            slos: Vec::new(),
        };
        assert!(!ledger.second(&now, &book));
        (ledger, exemplar.trace, exemplar.span)
    }

    #[test]
    fn open_metrics_has_the_newest_example_of_a_bucket_behind_it() {
        let (ledger, trace, span) = run();
        let text = text(&ledger, Dialect::OpenMetrics);
        let bucket = format!(
            "rhaid_http_req_duration_seconds_bucket{{le=\"0.75\",name=\"a \\\"b\\\"\\n\\\\\",testid=\"run-1\"}} 2 \
             # {{trace_id=\"{trace}\",span_id=\"{span}\"}} 0.7 1700000003.045\n"
        );
        assert!(text.contains(&bucket), "{text}");
        assert_eq!(text.matches(" # {").count(), 1, "{text}");
        assert!(
            text.contains("# TYPE rhaid_http_reqs counter\nrhaid_http_reqs_total{"),
            "{text}"
        );
        assert!(text.contains("_bucket{le=\"+Inf\","), "{text}");
        assert!(text.ends_with("\n# EOF\n"), "{text}");
    }

    #[test]
    fn the_older_format_has_none_and_no_end() {
        let (ledger, ..) = run();
        let text = text(&ledger, Dialect::Plain);
        assert!(!text.contains(" # {") && !text.contains("# EOF"), "{text}");
        assert!(
            text.contains("# TYPE rhaid_http_reqs_total counter\nrhaid_http_reqs_total{"),
            "{text}"
        );
    }
}
