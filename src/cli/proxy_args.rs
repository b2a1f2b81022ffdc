//! The arguments of `rhaid proxy`, and how its short forms of proxies and toxics are read.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use super::values::{seed, workers};
use crate::chaos::proxy::toxic::{self, Kind};
use crate::chaos::proxy::{Draft, Spec, Stream, Toxicity, leads_to_itself};

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid proxy [NAME=LISTEN=UPSTREAM]... [OPTIONS]",
    after_help = "\
Examples:
  rhaid proxy                                              the API alone; proxies are made through it
  rhaid proxy redis=127.0.0.1:16379=127.0.0.1:6379         a proxy at once
  rhaid proxy redis=16379=6379 pms=9100=pms.test:9000      ports alone are those of this machine
  rhaid proxy pms=9100=9000 --toxic pms:latency:latency=200,jitter=50
  rhaid proxy pms=9100=9000 --toxic pms:timeout:stream=upstream,toxicity=0.1
  rhaid proxy --config toxiproxy.json                      the proxies of a file of Toxiproxy's

  curl -X POST http://127.0.0.1:8474/proxies/pms/toxics -d '{\"type\":\"bandwidth\",\"attributes\":{\"rate\":64}}'
  curl -X DELETE http://127.0.0.1:8474/proxies/pms/toxics/bandwidth_downstream

The API is that of Toxiproxy 2.12, so its clients work as they are. docs/proxy.md has the toxics and the API. Everything ends with Ctrl-C."
)]
pub struct ProxyArguments {
    /// Proxies to begin with: a name, where it listens, and where it connects to.
    #[arg(value_name = "NAME=LISTEN=UPSTREAM", value_parser = spec)]
    pub proxies: Vec<Spec>,
    /// A toxic to begin with: proxy, type, and attributes; also stream, toxicity and name. May be given several times.
    #[arg(long = "toxic", value_name = "PROXY:TYPE:KEY=VALUE,…", value_parser = quick)]
    pub toxics: Vec<Quick>,
    /// Proxies to begin with, in Toxiproxy's JSON format.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the API listens; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8474")]
    pub listen: String,
    /// Seed of what toxics draw: the same seed spoils the same connections [default: a new one].
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// Threads that serve connections [default: one per processor].
    #[arg(long, value_name = "N", value_parser = workers, allow_negative_numbers = true)]
    pub threads: Option<u16>,
    /// Serve counters of every proxy at /metrics, for Prometheus.
    #[arg(long)]
    pub proxy_metrics: bool,
    /// Serve this process's time, memory and files at /metrics.
    #[arg(long)]
    pub runtime_metrics: bool,
}

/// A toxic as it is written on the command line.
#[derive(Debug, Clone)]
pub struct Quick {
    pub proxy: String,
    kind: &'static Kind,
    name: Option<String>,
    stream: Stream,
    toxicity: Toxicity,
    attributes: Map<String, Value>,
}

impl Quick {
    pub fn draft(self) -> Draft {
        Draft {
            name: self.name,
            kind: self.kind,
            stream: self.stream,
            written: None,
            toxicity: self.toxicity,
            attributes: self.attributes,
        }
    }
}

/// `NAME=LISTEN=UPSTREAM`.
fn spec(text: &str) -> Result<Spec, String> {
    let parts: Vec<&str> = text.split('=').collect();
    let [name, listen, upstream] = parts.as_slice() else {
        return Err("write NAME=LISTEN=UPSTREAM, such as pms=127.0.0.1:9100=127.0.0.1:9000".into());
    };
    if name.is_empty() || upstream.is_empty() {
        return Err("a proxy needs a name and an address to connect to".into());
    }
    let (listen, upstream) = (address(listen)?, address(upstream)?);
    if leads_to_itself(&listen, &upstream) {
        return Err(format!("the proxy `{name}` would connect to itself"));
    }
    Ok(Spec {
        name: (*name).to_owned(),
        listen,
        upstream,
        enabled: true,
    })
}

/// An address, or a port of this machine.
fn address(text: &str) -> Result<String, String> {
    if text.is_empty() || text.parse::<u16>().is_ok() {
        let port = if text.is_empty() { "0" } else { text };
        return Ok(format!("127.0.0.1:{port}"));
    }
    let port = text.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(_)) => Ok(text.to_owned()),
        _ => Err(format!(
            "`{text}` is no address: write HOST:PORT, or a port"
        )),
    }
}

/// `PROXY:TYPE:KEY=VALUE,…`.
fn quick(text: &str) -> Result<Quick, String> {
    let mut parts = text.splitn(3, ':');
    let (Some(proxy), Some(kind)) = (parts.next(), parts.next()) else {
        return Err("write PROXY:TYPE:KEY=VALUE,…, such as pms:latency:latency=200".into());
    };
    let mut quick = Quick {
        proxy: proxy.to_owned(),
        kind: toxic::kind(kind).map_err(|error| error.to_string())?,
        name: None,
        stream: Stream::Downstream,
        toxicity: Toxicity::ALWAYS,
        attributes: Map::new(),
    };
    let pairs = parts.next().unwrap_or_default();
    for pair in pairs.split(',').filter(|pair| !pair.is_empty()) {
        let Some((key, value)) = pair.split_once('=') else {
            return Err(format!("`{pair}`: write KEY=VALUE"));
        };
        match key {
            "name" => quick.name = Some(value.to_owned()),
            "stream" => quick.stream = Stream::parse(value).map_err(|error| error.to_string())?,
            "toxicity" => {
                let share = value
                    .parse()
                    .map_err(|_| format!("`{value}`: a toxicity is a number from 0 to 1"))?;
                quick.toxicity = Toxicity::new(share).map_err(|error| error.to_string())?;
            }
            _ => {
                let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
                quick.attributes.insert(key.to_owned(), value);
            }
        }
    }
    if let Some(error) = quick.kind.unknown(&quick.attributes) {
        return Err(error.to_string());
    }
    let made = quick.kind.make(&quick.attributes);
    made.map_err(|error| error.to_string())?;
    Ok(quick)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_a_name_and_two_addresses() {
        let spec = |text| spec(text).map(|spec| (spec.name, spec.listen, spec.upstream));
        let expected = |name: &str, listen: &str, upstream: &str| {
            Ok((name.to_owned(), listen.to_owned(), upstream.to_owned()))
        };
        assert_eq!(
            spec("pms=127.0.0.1:9100=pms.test:9000"),
            expected("pms", "127.0.0.1:9100", "pms.test:9000")
        );
        assert_eq!(
            spec("a==9000"),
            expected("a", "127.0.0.1:0", "127.0.0.1:9000")
        );
        assert_eq!(spec("a=[::1]:1=2"), expected("a", "[::1]:1", "127.0.0.1:2"));
        for wrong in [
            "pms",
            "pms=1",
            "=1=2",
            "a=1=",
            "a=x=1",
            "a=1=host",
            "a=1=2=3",
            "a=1=h:99999",
        ] {
            assert!(spec(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_toxic_is_checked_before_anything_listens() {
        let made = quick("pms:latency:latency=200,stream=upstream,toxicity=0.5,name=slow").unwrap();
        let draft = made.draft();
        assert_eq!(
            (draft.name.as_deref(), draft.stream),
            (Some("slow"), Stream::Upstream)
        );
        assert_eq!(draft.attributes["latency"], 200);
        for (wrong, told) in [
            ("pms", "write PROXY:TYPE"),
            ("pms:latncy", "did you mean `latency`?"),
            ("pms:latency:latncy=5", "did you mean `latency`?"),
            ("pms:latency:latency", "write KEY=VALUE"),
            ("pms:latency:latency=fast", "expected a whole number"),
            ("pms:latency:toxicity=2", "from 0 to 1"),
            ("pms:latency:stream=sideways", "`upstream` or `downstream`"),
        ] {
            let error = quick(wrong).unwrap_err();
            assert!(error.contains(told), "{wrong}: {error}");
        }
    }
}
