//! `statsd=ADDRESS`: counters, gauges and timers once a second by UDP, with tags as DogStatsD has them.
//!
//! A trend's second is sent as timers: its values in order, in up to twenty groups of equal size, each group as its middle value with a sample
//! rate that says how many values it stands for. So the receiver's own percentiles come out right.

use std::fmt::Write;
use std::net::{SocketAddr, ToSocketAddrs};

use futures_util::future::LocalBoxFuture;
use tokio::net::UdpSocket;

use super::courier::{Carrier, Courier, Parcel, QUEUE_BYTES, Refusal};
use super::feed::Moment;
use super::hub::Surroundings;
use super::{Book, Line, Output, OutputError, Tally};
use crate::metrics::histogram::from_scaled;
use crate::metrics::totals::Accumulator;
use crate::metrics::{Contains, Histogram};

pub const NAME: &str = "statsd";

/// What fits into a datagram on every network.
const DATAGRAM: usize = 1_432;
/// Groups of a second's values.
const GROUPS: u64 = 20;

pub struct StatsD {
    courier: Courier,
}

/// What is wrong with an address.
pub fn check(target: &str) -> Result<(), String> {
    match target.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(()),
        _ => Err("write the address with its port: 127.0.0.1:8125".to_owned()),
    }
}

impl StatsD {
    /// # Errors
    /// When the address is nobody's, or there is no way to it.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let usage =
            |why: std::io::Error| OutputError::Usage(format!("`--out {NAME}={target}`: {why}"));
        let to = target
            .to_socket_addrs()
            .map_err(usage)?
            .next()
            .ok_or_else(|| usage(std::io::Error::other("it is the name of no address")))?;
        let any: SocketAddr = match to {
            SocketAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
            SocketAddr::V6(_) => ([0u16; 8], 0).into(),
        };
        let socket = std::net::UdpSocket::bind(any)?;
        socket.connect(to)?;
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        Ok(Box::new(Self {
            courier: Courier::start(NAME, QUEUE_BYTES, Datagrams(socket), &around.say),
        }))
    }
}

/// A name or tag without what separates.
fn plain(text: &str) -> String {
    let harmless = |c: char| match c {
        ':' | '|' | ',' | '#' | '@' => '_',
        c if c.is_control() || c.is_whitespace() => '_',
        c => c,
    };
    text.chars().map(harmless).collect()
}

/// Values in up to [`GROUPS`] groups of equal size: the middle one of each, and how many there are.
fn groups(histogram: &Histogram) -> Vec<(f64, u64)> {
    let count = histogram.count();
    let groups = GROUPS.min(count);
    let middle = |group: u64| {
        let (from, to) = (group * count / groups, (group + 1) * count / groups);
        let rank = (from + to) as f64 / 2.0 / count as f64;
        (
            from_scaled(histogram.value_at_quantile(rank) as f64),
            to - from,
        )
    };
    (0..groups).map(middle).collect()
}

/// The lines of one series' second.
fn lines(line: &Line<'_>) -> Vec<String> {
    let name = format!("rhaid.{}", plain(&line.info.name));
    let tags: Vec<_> = line
        .tags
        .iter()
        .map(|(key, value)| format!("{}:{}", plain(key), plain(value)))
        .collect();
    let tags = match tags.is_empty() {
        true => String::new(),
        false => format!("|#{}", tags.join(",")),
    };
    match line.current {
        Accumulator::Counter { sum } if *sum > 0.0 => vec![format!("{name}:{sum}|c{tags}")],
        Accumulator::Gauge { last, samples, .. } if *samples > 0 => {
            // A signed value would change the gauge by so much.
            let value = match *last < 0.0 {
                true => format!("{name}:0|g{tags}\n{name}:{last}|g{tags}"),
                false => format!("{name}:{last}|g{tags}"),
            };
            vec![value]
        }
        Accumulator::Rate { trues, total } if *total > 0 => vec![
            format!("{name}.trues:{trues}|c{tags}"),
            format!("{name}.count:{total}|c{tags}"),
        ],
        Accumulator::Trend(histogram) => {
            let kind = match line.info.contains {
                Contains::Time => "ms",
                Contains::Data | Contains::Default => "h",
            };
            let line = |(value, times): (f64, u64)| {
                let mut line = format!("{name}:{value}|{kind}");
                if times > 1 {
                    let _ = write!(line, "|@{}", 1.0 / times as f64);
                }
                line.push_str(&tags);
                line
            };
            groups(histogram).into_iter().map(line).collect()
        }
        _ => Vec::new(),
    }
}

struct Datagrams(UdpSocket);

impl Carrier for Datagrams {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel) -> LocalBoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            let sent = self.0.send(&parcel.body).await;
            // What is nobody's port now can be somebody's in the next second; this second's numbers are gone.
            sent.map(drop).map_err(|why| Refusal::Never {
                why: why.to_string(),
            })
        })
    }
}

impl Output for StatsD {
    fn second(&mut self, _now: &Moment, book: &Book) {
        let (mut datagram, mut samples) = (String::new(), 0);
        for text in book.lines().flat_map(|line| lines(&line)) {
            if !datagram.is_empty() && datagram.len() + text.len() + 1 > DATAGRAM {
                let body = std::mem::take(&mut datagram).into();
                self.courier.post(Parcel { body, samples });
                samples = 0;
            }
            if !datagram.is_empty() {
                datagram.push('\n');
            }
            datagram.push_str(&text);
            samples += 1;
        }
        if samples > 0 {
            self.courier.post(Parcel {
                body: datagram.into(),
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
    fn groups_stand_for_all_values_in_their_order() {
        let mut histogram = Histogram::new();
        for value in 1..=1_000u64 {
            histogram.record(value * 1_000_000);
        }
        let groups = groups(&histogram);
        assert_eq!(groups.len(), 20);
        assert_eq!(groups.iter().map(|(_, times)| times).sum::<u64>(), 1_000);
        assert!(groups.is_sorted_by(|a, b| a.0 <= b.0));
        assert!((groups[18].0 - 925.0).abs() < 2.0, "{:?}", groups[18]);
        let mut few = Histogram::new();
        few.record(5_000_000);
        assert_eq!(super::groups(&few).len(), 1);
        assert_eq!(super::groups(&Histogram::new()), []);
    }

    #[test]
    fn what_separates_is_left_out() {
        assert_eq!(plain("a:b|c,d\n#e@f"), "a_b_c_d__e_f");
        assert!(check("127.0.0.1:8125").is_ok());
        assert!(check("127.0.0.1").is_err());
    }
}
