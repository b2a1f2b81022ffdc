//! Where messages go: brokers and a topic.

/// What Kafka takes for a topic's name, in characters.
const LONGEST_TOPIC: usize = 249;
/// Where brokers listen unless told otherwise.
const PORT: u16 = 9092;
const EXAMPLE: &str = "127.0.0.1:9092/loadtests";

/// Brokers to begin with, and a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "kafka"),
    allow(dead_code, reason = "only its form is looked at")
)]
pub struct Target {
    /// Each with its port.
    pub brokers: Vec<String>,
    pub topic: String,
    /// Whether they are spoken to by TLS.
    pub tls: bool,
}

/// What is wrong with a target.
pub fn check(target: &str) -> Result<(), String> {
    Target::parse(target).map(drop)
}

impl Target {
    /// Reads `BROKER[,BROKER]/TOPIC`, with `tls://` before it for TLS.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (tls, rest) = match text.strip_prefix("tls://") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if rest.contains("://") {
            return Err(format!(
                "write brokers without a scheme, such as {EXAMPLE}, or with tls:// before them"
            ));
        }
        let Some((brokers, topic)) = rest.rsplit_once('/') else {
            return Err(format!(
                "write brokers and a topic with a `/` between them, such as {EXAMPLE}"
            ));
        };
        let is_topic = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if topic.is_empty()
            || topic.len() > LONGEST_TOPIC
            || matches!(topic, "." | "..")
            || !topic.chars().all(is_topic)
        {
            return Err(format!(
                "`{topic}` is no topic: write letters, digits, `.`, `_` and `-`, {LONGEST_TOPIC} of them at most"
            ));
        }
        let brokers = brokers.split(',').map(broker).collect::<Result<_, _>>()?;
        Ok(Self {
            brokers,
            topic: topic.to_owned(),
            tls,
        })
    }
}

/// A broker with its port.
fn broker(text: &str) -> Result<String, String> {
    let (host, port) = match text.rsplit_once(':') {
        // An IPv6 address has colons of its own.
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port = port.map_or(Ok(PORT), str::parse::<u16>);
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .is_some_and(|host| host.parse::<std::net::Ipv6Addr>().is_ok());
    match port {
        Ok(port) if port > 0 && (is_address || (!host.is_empty() && host.chars().all(is_host))) => {
            Ok(format!("{host}:{port}"))
        }
        _ => Err(format!(
            "`{text}` is no broker: write host and port, such as {EXAMPLE}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn brokers_have_ports_and_a_topic_follows() {
        let target =
            Target::parse("a.example,10.0.0.1:19092,[::1],[::1]:7/load_tests.v-1").unwrap();
        let brokers = ["a.example:9092", "10.0.0.1:19092", "[::1]:9092", "[::1]:7"];
        assert_eq!(target.brokers, brokers);
        assert_eq!(
            (target.topic.as_str(), target.tls),
            ("load_tests.v-1", false)
        );
        assert!(Target::parse("tls://a:9093/t").unwrap().tls);
    }

    #[test]
    fn mistakes_are_told() {
        let long = format!("a:1/{}", "t".repeat(250));
        for (wrong, told) in [
            ("a:9092", "a topic with a `/`"),
            ("a:9092/", "no topic"),
            ("a:9092/b c", "no topic"),
            ("a:9092/..", "no topic"),
            (long.as_str(), "249"),
            ("/t", "no broker"),
            ("a,,b/t", "no broker"),
            ("a:0/t", "no broker"),
            ("a:99999/t", "no broker"),
            ("::1/t", "no broker"),
            ("kafka://a:9092/t", "without a scheme"),
        ] {
            let error = Target::parse(wrong).unwrap_err();
            assert!(error.contains(told), "{wrong}: {error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_anybody_writes_ends_it(text in ".*") {
            if let Ok(target) = Target::parse(&text) {
                prop_assert!(!target.brokers.is_empty() && !target.topic.is_empty());
            }
        }
    }
}
