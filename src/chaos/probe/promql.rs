//! A query of Prometheus, or of what speaks like it, that compares something.
//!
//! As in alerting rules, a comparison keeps what it holds of: the statement holds if anything is left. By `bool` a comparison gives
//! 1 or 0 instead, and then nothing of it may be 0.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::{Answer, Probe};

const PATH: &str = "/api/v1/query";

/// Why a text is no query to be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPromql {
    #[error("it compares nothing, so it can neither hold nor not hold")]
    NoComparison,
    #[error("`{0}` is no URL of a Prometheus server")]
    Url(String),
}

/// A query and where it is asked.
#[derive(Debug, Clone)]
pub struct Promql {
    query: String,
    url: String,
    /// Its comparison gives 1 or 0.
    is_bool: bool,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
}

impl Promql {
    /// `server`: as Prometheus' own page is opened, with what stands before `/api` there.
    ///
    /// # Errors
    /// When the query compares nothing, or the server's URL is none.
    pub fn new(
        query: &str,
        server: &str,
        headers: Vec<(HeaderName, HeaderValue)>,
        timeout: Duration,
    ) -> Result<Self, NotPromql> {
        let is_bool = comparison(query).ok_or(NotPromql::NoComparison)?;
        let not_url = || NotPromql::Url(server.to_owned());
        let mut url = Url::parse(server).map_err(|_| not_url())?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(not_url());
        }
        let before = url.path().trim_end_matches('/').to_owned();
        // A whole address is one as well.
        let before = before.strip_suffix(PATH).unwrap_or(&before);
        let path = format!("{before}{PATH}");
        url.set_path(&path);
        url.set_query(None);
        url.query_pairs_mut().append_pair("query", query);
        Ok(Self {
            query: query.to_owned(),
            url: url.to_string(),
            is_bool,
            headers,
            timeout,
        })
    }

    fn result(&self, body: &[u8]) -> Result<Vec<f64>, String> {
        let odd = || "its answer is none of Prometheus".to_owned();
        let answer: Value = serde_json::from_slice(body).map_err(|_| odd())?;
        // An error may have data beside it: what was found until then.
        if answer.get("status").and_then(Value::as_str) != Some("success") {
            return Err(odd());
        }
        let data = answer.get("data").ok_or_else(odd)?;
        let result = data.get("result").ok_or_else(odd)?;
        // A pair of a time and a number, which is a text.
        let number = |pair: &Value| pair.get(1)?.as_str()?.parse::<f64>().ok();
        match data.get("resultType").and_then(Value::as_str) {
            Some("scalar") => Ok(number(result).into_iter().collect()),
            Some("vector") => {
                let samples = result.as_array().into_iter().flatten();
                Ok(samples
                    .filter_map(|sample| number(sample.get("value")?))
                    .collect())
            }
            _ => Err(odd()),
        }
    }
}

impl Probe for Promql {
    fn label(&self) -> String {
        self.query.clone()
    }

    fn url(&self) -> &str {
        &self.url
    }

    fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn judge(&self, answer: &Answer<'_>) -> Result<(), String> {
        if answer.status != 200 {
            let said: Option<Value> = serde_json::from_slice(answer.body).ok();
            let said = said.and_then(|said| said.get("error")?.as_str().map(str::to_owned));
            return Err(match said {
                Some(said) => format!("Prometheus refused the query: {said}"),
                None => format!("Prometheus answered {}", answer.status),
            });
        }
        let found = self.result(answer.body)?;
        if found.is_empty() {
            return Err("it held of nothing".to_owned());
        }
        if found.iter().any(|value| value.is_nan()) {
            return Err("it was no number (NaN)".to_owned());
        }
        match self.is_bool && found.contains(&0.0) {
            true => Err("it was 0".to_owned()),
            false => Ok(()),
        }
    }
}

/// Whether a query compares something, and if so whether it does by `bool`. What is in quotes or chooses labels compares nothing.
fn comparison(query: &str) -> Option<bool> {
    let (mut quote, mut braces, mut found) = (None, 0_usize, None);
    let mut rest = query.char_indices();
    while let Some((at, character)) = rest.next() {
        match (quote, character) {
            (Some('"' | '\''), '\\') => drop(rest.next()),
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(character),
            (None, '{') => braces += 1,
            (None, '}') => braces = braces.saturating_sub(1),
            (None, '<' | '>' | '=' | '!') if braces == 0 => {
                let after = query.get(at..).unwrap_or_default();
                let after = after.trim_start_matches(['<', '>', '=', '!']).trim_start();
                let word = after
                    .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                    .next();
                let is_bool = word == Some("bool");
                found = Some(is_bool || found.unwrap_or(false));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promql(query: &str) -> Promql {
        Promql::new(
            query,
            "http://127.0.0.1:9090/prometheus/",
            Vec::new(),
            Duration::from_secs(1),
        )
        .unwrap()
    }

    fn judged(query: &str, kind: &str, result: &str) -> Result<(), String> {
        let body =
            format!(r#"{{"status":"success","data":{{"resultType":"{kind}","result":{result}}}}}"#);
        promql(query).judge(&Answer {
            status: 200,
            body: body.as_bytes(),
        })
    }

    #[test]
    fn a_query_must_compare_something() {
        for (query, is_bool) in [
            ("sum(rate(errors[1m])) < 5", Some(false)),
            ("up == bool 1", Some(true)),
            ("a{b!=\"c\", d=~\"<\"}", None),
            ("up", None),
            ("a{b=\"}\"} >=\n  bool_metric", Some(false)),
            ("label_replace(a, \"x\", \"==\", '<', \"\\\"<\")", None),
        ] {
            assert_eq!(comparison(query), is_bool, "{query}");
        }
        let none = Promql::new("up", "http://127.0.0.1", Vec::new(), Duration::ZERO);
        assert_eq!(none.unwrap_err(), NotPromql::NoComparison);
        let none = Promql::new("up > 0", "127.0.0.1:9090", Vec::new(), Duration::ZERO);
        assert!(matches!(none, Err(NotPromql::Url(_))));
    }

    #[test]
    fn it_is_asked_below_the_servers_path() {
        let asked = promql("up < 5").url;
        assert_eq!(
            asked,
            "http://127.0.0.1:9090/prometheus/api/v1/query?query=up+%3C+5"
        );
        let whole = "http://127.0.0.1:9090/api/v1/query";
        let whole = Promql::new("up < 5", whole, Vec::new(), Duration::ZERO).unwrap();
        assert_eq!(
            whole.url,
            "http://127.0.0.1:9090/api/v1/query?query=up+%3C+5"
        );
    }

    #[test]
    fn what_is_left_of_a_comparison_holds_and_a_zero_of_bool_does_not() {
        let sample = |value: &str| format!(r#"[{{"metric":{{}},"value":[1,"{value}"]}}]"#);
        assert_eq!(judged("a < 5", "vector", &sample("0")), Ok(()));
        assert_eq!(
            judged("a < 5", "vector", "[]"),
            Err("it held of nothing".into())
        );
        assert_eq!(judged("a < bool 5", "vector", &sample("1")), Ok(()));
        assert_eq!(
            judged("a < bool 5", "vector", &sample("0")),
            Err("it was 0".into())
        );
        assert_eq!(judged("1 < bool 5", "scalar", r#"[1,"1"]"#), Ok(()));
        let refused = promql("a <").judge(&Answer {
            status: 400,
            body: br#"{"status":"error","errorType":"bad_data","error":"parse error"}"#,
        });
        assert_eq!(
            refused,
            Err("Prometheus refused the query: parse error".into())
        );
        let odd = promql("a < 1").judge(&Answer {
            status: 200,
            body: b"<html>",
        });
        assert!(odd.is_err());
    }
}
