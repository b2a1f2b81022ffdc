//! `influxdb=URL`: a point for every series and second, in InfluxDB's line protocol.
//!
//! The address is that of a database of version 1, as k6 has it (`http://host:8086/mydb`), or a whole one to write to
//! (`http://host:8086/api/v2/write?org=o&bucket=b`). `RHAID_INFLUXDB_TOKEN` is the token of version 2 and later.

use std::fmt::Write;

use futures_util::future::LocalBoxFuture;
use reqwest::Url;

use super::columns::readings;
use super::courier::{Courier, Parcel, QUEUE_BYTES};
use super::feed::{Moment, RunInfo};
use super::hub::Surroundings;
use super::receiver::{Posts, Receiver};
use super::{Book, Output, OutputError, Tally};

pub const NAME: &str = "influxdb";

pub struct InfluxDb {
    courier: Courier,
    id: String,
}

impl InfluxDb {
    /// # Errors
    /// When the address or its credentials do not fit.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let mut env = (*around.env).clone();
        if let Some(token) = env
            .get("RHAID_INFLUXDB_TOKEN")
            .filter(|token| !token.is_empty())
        {
            let header = format!("Authorization: Token {}", token.trim());
            let headers = env.entry("RHAID_INFLUXDB_HEADERS".to_owned()).or_default();
            *headers = format!("{headers}\n{header}");
        }
        let mut receiver = Receiver::new(NAME, target, &env)?;
        to_write(&mut receiver.url);
        let posts = Posts {
            receiver,
            headers: &[("content-type", "text/plain; charset=utf-8")],
        };
        Ok(Box::new(Self {
            courier: Courier::start(NAME, QUEUE_BYTES, posts, &around.say),
            id: String::new(),
        }))
    }
}

/// Makes the address of a database one to write to, in milliseconds.
fn to_write(url: &mut Url) {
    let is_whole = url.path().trim_end_matches('/').ends_with("/write");
    if !is_whole {
        let database = url.path().trim_matches('/').to_owned();
        url.set_path("/write");
        if !database.is_empty() {
            url.query_pairs_mut().append_pair("db", &database);
        }
    }
    if !url.query_pairs().any(|(name, _)| name == "precision") {
        url.query_pairs_mut().append_pair("precision", "ms");
    }
}

/// A name or value as the line protocol wants it. A line has no way to write a line's end.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ',' | '=' | ' ' => out.extend(['\\', c]),
            '\n' | '\r' | '\t' => out.push_str("\\ "),
            // Before a separator it would take its meaning away.
            '\\' => out.push('/'),
            c => out.push(c),
        }
    }
    out
}

impl Output for InfluxDb {
    fn begin(&mut self, run: &RunInfo) {
        self.id.clone_from(&run.id);
    }

    fn second(&mut self, now: &Moment, book: &Book) {
        let mut body = String::new();
        let mut samples = 0;
        for line in book.lines() {
            let values = readings(line.current);
            if values.is_empty() {
                continue;
            }
            samples += 1;
            body.push_str(&escaped(&line.info.name));
            let own = [("testid", self.id.as_str())];
            let own = own
                .into_iter()
                .filter(|(key, _)| !line.tags.contains_key(*key));
            let tags = line
                .tags
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_str()));
            // A tag without a value is none there.
            for (key, value) in tags.chain(own).filter(|(_, value)| !value.is_empty()) {
                let _ = write!(body, ",{}={}", escaped(key), escaped(value));
            }
            for (at, (name, value)) in values.iter().enumerate() {
                let separator = if at == 0 { ' ' } else { ',' };
                let _ = write!(body, "{separator}{name}={value}");
            }
            let _ = writeln!(body, " {}", now.at);
        }
        if samples > 0 {
            self.courier.post(Parcel {
                body: body.into(),
                samples,
            });
        }
    }

    fn end(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_versions_become_ones_to_write_to() {
        let written = |text: &str| {
            let mut url = Url::parse(text).unwrap();
            to_write(&mut url);
            url.to_string()
        };
        assert_eq!(
            written("http://h:8086/mydb"),
            "http://h:8086/write?db=mydb&precision=ms"
        );
        assert_eq!(
            written("http://h:8086/api/v2/write?org=o&bucket=b"),
            "http://h:8086/api/v2/write?org=o&bucket=b&precision=ms"
        );
        assert_eq!(
            written("http://h:8086/write?db=a&precision=s"),
            "http://h:8086/write?db=a&precision=s"
        );
    }

    #[test]
    fn what_separates_is_escaped_and_a_line_stays_one() {
        assert_eq!(escaped("a b,c=d\ne\\"), "a\\ b\\,c\\=d\\ e/");
    }
}
