//! The way to a receiver: HTTP or gRPC, one address for each kind of data.

use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use reqwest::Url;

use super::{NAME, SIGNALS, grpc};
use crate::output::OutputError;
use crate::output::courier::{Carrier, Parcel, Refusal};
use crate::output::receiver::{self, Receiver};
use crate::{harmless, lengths};

/// How much of an answer is read: it is a number and a sentence.
pub(super) const MOST_ANSWER: usize = 64 << 10;
/// How much of a receiver's words is told.
const TOLD: usize = 200;

const HEADERS: [(&str, &str); 1] = [("content-type", "application/x-protobuf")];

/// A kind of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Traces,
    Metrics,
    Logs,
}

/// By what it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Http,
    Grpc,
}

impl Signal {
    fn word(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// Where it goes, of a receiver at `base`.
    fn url(self, base: &Url, way: Way) -> Url {
        let mut url = base.clone();
        let path = match way {
            Way::Http => {
                let base = base.path().trim_end_matches('/');
                // Somebody may have written the whole of one.
                let mut words = SIGNALS
                    .iter()
                    .map(|signal| format!("/v1/{}", signal.word()));
                let base = words
                    .find_map(|end| base.strip_suffix(&end))
                    .unwrap_or(base);
                format!("{base}/v1/{}", self.word())
            }
            Way::Grpc => {
                let (package, service) = match self {
                    Self::Traces => ("trace", "TraceService"),
                    Self::Metrics => ("metrics", "MetricsService"),
                    Self::Logs => ("logs", "LogsService"),
                };
                format!("/opentelemetry.proto.collector.{package}.v1.{service}/Export")
            }
        };
        url.set_path(&path);
        url
    }

    /// How many samples the receiver rejected, and what it said.
    fn rejected(self, answer: &[u8]) -> Option<(i64, String)> {
        match self {
            Self::Traces => {
                let partial = ExportTraceServiceResponse::decode(answer).ok()?;
                let partial = partial.partial_success?;
                Some((partial.rejected_spans, partial.error_message))
            }
            Self::Metrics => {
                let partial = ExportMetricsServiceResponse::decode(answer).ok()?;
                let partial = partial.partial_success?;
                Some((partial.rejected_data_points, partial.error_message))
            }
            Self::Logs => {
                let partial = ExportLogsServiceResponse::decode(answer).ok()?;
                let partial = partial.partial_success?;
                Some((partial.rejected_log_records, partial.error_message))
            }
        }
    }
}

/// The address, as HTTP has it, and the way.
pub fn address(target: &str) -> Result<(String, Way), String> {
    let wrong = || {
        "write an address that begins with http://, https://, grpc:// or grpcs://, such as http://127.0.0.1:4318".to_owned()
    };
    let (scheme, rest) = target.split_once("://").ok_or_else(wrong)?;
    let (scheme, way) = match scheme {
        "http" | "https" => (scheme, Way::Http),
        "grpc" => ("http", Way::Grpc),
        "grpcs" => ("https", Way::Grpc),
        _ => return Err(wrong()),
    };
    // A parser of URLs overlooks slashes before the host.
    if rest.starts_with('/') {
        return Err(wrong());
    }
    let url = format!("{scheme}://{rest}");
    receiver::check(&url).map_err(|_| wrong())?;
    Ok((url, way))
}

/// Carries one kind of data.
pub struct Export {
    receiver: Rc<Receiver>,
    url: Url,
    way: Way,
    signal: Signal,
    /// There is no place for it at the receiver.
    is_unwanted: bool,
    /// It took some before.
    has_taken: bool,
}

impl Export {
    /// One for each kind of data.
    ///
    /// # Errors
    /// When the address or its credentials do not fit.
    pub fn all(target: &str, env: &BTreeMap<String, String>) -> Result<[Self; 3], OutputError> {
        let (target, way) = address(target)
            .map_err(|why| OutputError::Usage(format!("`--out {NAME}=…`: {why}")))?;
        let receiver = Rc::new(match way {
            Way::Http => Receiver::new(NAME, &target, env)?,
            Way::Grpc => Receiver::http2(NAME, &target, env)?,
        });
        Ok(SIGNALS.map(|signal| Self {
            receiver: receiver.clone(),
            url: signal.url(&receiver.url, way),
            way,
            signal,
            is_unwanted: false,
            has_taken: false,
        }))
    }

    async fn export(&mut self, parcel: &Parcel) -> Result<(), Refusal> {
        let word = self.signal.word();
        if self.is_unwanted {
            return Err(unwanted(word));
        }
        let answered = match self.way {
            Way::Http => {
                let asked = self
                    .receiver
                    .ask(&self.url, &HEADERS, parcel.body.clone())
                    .await;
                match asked {
                    Ok(response) => Ok(receiver::beginning(response, MOST_ANSWER).await),
                    Err(refusal) => Err(refusal),
                }
            }
            Way::Grpc => grpc::unary(&self.receiver, &self.url, &parcel.body).await,
        };
        let answer = match answered {
            Ok(answer) => answer,
            // Some take traces alone, which is what they are for.
            // Whoever took some goes on taking them: then something else is wrong for a while.
            Err(Refusal::Absent { why }) if self.has_taken => {
                return Err(Refusal::Later { why, after: None });
            }
            Err(Refusal::Absent { .. }) if self.signal != Signal::Traces => {
                self.is_unwanted = true;
                return Err(unwanted(word));
            }
            Err(refusal) => return Err(refusal),
        };
        self.has_taken = true;
        match self.signal.rejected(&answer) {
            None | Some((0, _)) => Ok(()),
            Some((rejected, said)) => Err(Refusal::Partly {
                why: match told(&said).as_str() {
                    "" => format!("the receiver did not take all {word}"),
                    said => format!("the receiver did not take all {word}: {said}"),
                },
                lost: u64::try_from(rejected).unwrap_or(0),
            }),
        }
    }
}

fn unwanted(word: &str) -> Refusal {
    Refusal::Unwanted {
        why: format!("the receiver takes no {word}, so none are sent"),
    }
}

/// A receiver's words, fit to be shown.
pub(super) fn told(said: &str) -> String {
    let mut said = said.to_owned();
    lengths::shorten(&mut said, TOLD);
    harmless::line(said.trim()).to_string()
}

impl Carrier for Export {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel) -> LocalBoxFuture<'a, Result<(), Refusal>> {
        Box::pin(self.export(parcel))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(target: &str) -> Vec<String> {
        let exports = Export::all(target, &BTreeMap::new()).unwrap_or_else(|e| panic!("{e}"));
        exports
            .iter()
            .map(|export| export.url.to_string())
            .collect()
    }

    #[test]
    fn every_kind_has_its_address() {
        let plain = urls("http://127.0.0.1:4318");
        assert_eq!(plain[0], "http://127.0.0.1:4318/v1/traces");
        assert_eq!(plain[2], "http://127.0.0.1:4318/v1/logs");
        assert_eq!(urls("http://127.0.0.1:4318/v1/traces"), plain);
        assert_eq!(urls("http://127.0.0.1:4318/"), plain);
        assert_eq!(urls("https://h/otlp")[1], "https://h/otlp/v1/metrics");
        assert_eq!(
            urls("grpc://127.0.0.1:4317")[1],
            "http://127.0.0.1:4317/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
        );
        assert!(urls("grpcs://h:4317")[0].starts_with("https://h:4317/opentelemetry"));
    }

    #[test]
    fn other_addresses_are_refused() {
        for wrong in ["", "127.0.0.1:4318", "tcp://h:1", "http://", "grpc:///x"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
