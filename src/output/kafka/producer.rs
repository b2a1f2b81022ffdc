//! Carries batches to their partition, by a client that is given up whenever it does not get on: the courier tries again.

use std::collections::BTreeMap;
use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use rskafka::BackoffConfig;
use rskafka::chrono::DateTime;
use rskafka::client::error::{Error, ProtocolError};
use rskafka::client::partition::{Compression, PartitionClient, UnknownTopicHandling};
use rskafka::client::{ClientBuilder, Credentials, SaslConfig};
use rskafka::record::Record;
use rustls::ClientConfig;

use super::stream::messages;
use super::target::Target;
use super::{NAME, partition};
use crate::output::OutputError;
use crate::output::courier::{Carrier, Parcel, Refusal};
use crate::output::receiver::{setting, tls};
use crate::suggest::did_you_mean;
use crate::{harmless, lengths};

/// How long a batch may take, connecting included.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long the client itself tries again, such as while a partition gets another leader.
const PATIENCE: Duration = Duration::from_secs(1);
/// How much of a refusal is told.
const TOLD: usize = 200;
/// Who brokers think they are spoken to by.
const NAME_THERE: &str = "rhaid";
/// The ways to log in.
const MECHANISMS: [&str; 3] = ["plain", "scram-sha-256", "scram-sha-512"];

/// Carries batches to brokers.
pub struct Producer {
    target: Target,
    tls: Option<Arc<ClientConfig>>,
    login: Option<SaslConfig>,
    /// The partition's leader, while it gets on.
    leader: Option<PartitionClient>,
    /// Where the run's messages go: known from the first time on.
    partition: Option<i32>,
}

impl Producer {
    /// One for a target, with the credentials that the environment has.
    ///
    /// # Errors
    /// When a credential does not fit.
    pub fn new(target: Target, env: &BTreeMap<String, String>) -> Result<Self, OutputError> {
        let usage = |why: String| OutputError::Usage(format!("`--out {NAME}=…`: {why}"));
        let settings = tls(NAME, env)?;
        let is_set = !settings.ca.is_empty() || settings.identity.is_some();
        let tls = match target.tls {
            true => Some(
                settings
                    .client_config(&[])
                    .map_err(|why| usage(why.to_string()))?,
            ),
            false if is_set => {
                return Err(usage(
                    "certificates are set in the environment, but brokers are not spoken to by TLS: write tls:// before them"
                        .to_owned(),
                ));
            }
            false => None,
        };
        Ok(Self {
            target,
            tls,
            login: login(env).map_err(usage)?,
            leader: None,
            partition: None,
        })
    }

    /// The leader of the partition that a key belongs to.
    async fn connect(&self, key: &[u8]) -> Result<PartitionClient, Error> {
        let mut builder = ClientBuilder::new(self.target.brokers.clone())
            .client_id(NAME_THERE)
            .backoff_config(BackoffConfig {
                init_backoff: Duration::from_millis(100),
                max_backoff: Duration::from_secs(1),
                base: 2.0,
                deadline: Some(PATIENCE),
            });
        if let Some(tls) = &self.tls {
            builder = builder.tls_config(tls.clone());
        }
        if let Some(login) = &self.login {
            builder = builder.sasl_config(login.clone());
        }
        let client = builder.build().await?;
        let topic = self.target.topic.as_str();
        let number = match self.partition {
            Some(number) => number,
            None => {
                let topics = client.list_topics().await?;
                let known = topics.iter().find(|known| known.name == topic);
                // One that is not there may come about by being asked for.
                partition::of(key, known.map_or(1, |known| known.partitions.len()))
            }
        };
        client
            .partition_client(topic, number, UnknownTopicHandling::Error)
            .await
    }

    async fn send(&mut self, body: &[u8]) -> Result<(), Error> {
        let (key, messages) = messages(body);
        // Taken out, so that one that is given up half-way is gone.
        let leader = match self.leader.take() {
            Some(leader) => leader,
            None => self.connect(key).await?,
        };
        self.partition = Some(leader.partition());
        let record = |message: &super::stream::Message<'_>| Record {
            key: Some(key.to_vec()),
            value: Some(message.json.to_vec()),
            headers: BTreeMap::new(),
            timestamp: DateTime::from_timestamp_millis(message.at).unwrap_or_default(),
        };
        let records = messages.iter().map(record).collect();
        let sent = leader.produce(records, Compression::Snappy).await;
        if !matches!(
            sent,
            Err(Error::Connection(_) | Error::Request(_) | Error::RetryFailed(_))
        ) {
            self.leader = Some(leader);
        }
        sent.map(drop)
    }
}

impl Carrier for Producer {
    fn deliver<'a>(&'a mut self, parcel: &'a Parcel) -> LocalBoxFuture<'a, Result<(), Refusal>> {
        Box::pin(async move {
            match tokio::time::timeout(TIMEOUT, self.send(&parcel.body)).await {
                Ok(sent) => sent.map_err(|error| refusal(&error, &self.target.topic)),
                Err(_) => Err(Refusal::Later {
                    why: "the broker took too long".to_owned(),
                    after: None,
                }),
            }
        })
    }
}

/// What the environment says about logging in.
fn login(env: &BTreeMap<String, String>) -> Result<Option<SaslConfig>, String> {
    let get = |name: &str| setting(NAME, env, name);
    let mechanism = get("SASL").map(|name| name.to_lowercase());
    let credentials = match (get("USERNAME"), get("PASSWORD")) {
        (Some(name), Some(password)) => Credentials::new(name, password),
        (None, None) if mechanism.is_none() => return Ok(None),
        _ => {
            return Err(
                "RHAID_KAFKA_USERNAME and RHAID_KAFKA_PASSWORD belong together: set both, or none"
                    .to_owned(),
            );
        }
    };
    match mechanism.as_deref() {
        None | Some("plain") => Ok(Some(SaslConfig::Plain(credentials))),
        Some("scram-sha-256") => Ok(Some(SaslConfig::ScramSha256(credentials))),
        Some("scram-sha-512") => Ok(Some(SaslConfig::ScramSha512(credentials))),
        Some(other) => {
            let help = did_you_mean(other, MECHANISMS)
                .unwrap_or_else(|| format!("write one of {}", MECHANISMS.join(", ")));
            Err(format!(
                "RHAID_KAFKA_SASL is `{other}`, which is no way to log in: {help}"
            ))
        }
    }
}

/// What an error means: what could be otherwise soon may be tried again.
fn refusal(error: &Error, topic: &str) -> Refusal {
    let later = |why: String| Refusal::Later { why, after: None };
    let never = |why: String| Refusal::Never { why };
    // What the client has tried again itself failed for this in the end.
    let cause = match error {
        Error::RetryFailed(failed) => failed.source().and_then(|cause| cause.downcast_ref()),
        _ => None,
    };
    match cause.unwrap_or(error) {
        Error::ServerError { protocol_error, .. } => match protocol_error {
            ProtocolError::UnknownTopicOrPartition => later(format!(
                "the topic `{topic}` is not there, and the broker does not make it"
            )),
            ProtocolError::TopicAuthorizationFailed => {
                never(format!("nothing may be written to the topic `{topic}`"))
            }
            ProtocolError::ClusterAuthorizationFailed => {
                never("the brokers do not let rhaid write".to_owned())
            }
            ProtocolError::InvalidTopicException => never(format!(
                "the brokers do not take `{topic}` for a topic's name"
            )),
            ProtocolError::MessageTooLarge | ProtocolError::RecordListTooLarge => {
                never("a batch was larger than the broker takes".to_owned())
            }
            other => later(format!("the broker says {other}")),
        },
        other => later(told(other)),
    }
}

/// What the client begins with where several brokers failed.
const SEVERAL: &str = "Multiple errors occured: ";

/// An error in a line, without how often it was tried.
fn told(error: &Error) -> String {
    let text = error.to_string();
    let cause = text
        .rsplit_once("Source: ")
        .map_or(&*text, |(_, cause)| cause);
    let mut cause = cause.trim_start_matches(SEVERAL).to_owned();
    lengths::shorten(&mut cause, TOLD);
    harmless::line(&cause)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    fn told_of(target: &str, pairs: &[(&str, &str)]) -> String {
        let target = Target::parse(target).unwrap();
        match Producer::new(target, &env(pairs)) {
            Ok(_) => "nothing is wrong".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn ways_to_log_in_are_read_and_mistakes_show_no_secret() {
        let both = [
            ("RHAID_KAFKA_USERNAME", "me"),
            ("RHAID_KAFKA_PASSWORD", "s3cret"),
        ];
        let kind = |name: &str| {
            let all = [both.as_slice(), &[("RHAID_KAFKA_SASL", name)]].concat();
            login(&env(&all))
        };
        assert!(matches!(login(&env(&both)), Ok(Some(SaslConfig::Plain(_)))));
        assert!(matches!(
            kind("SCRAM-SHA-256"),
            Ok(Some(SaslConfig::ScramSha256(_)))
        ));
        assert!(matches!(
            kind("scram-sha-512"),
            Ok(Some(SaslConfig::ScramSha512(_)))
        ));
        assert!(matches!(login(&env(&[])), Ok(None)));
        let error = kind("scram-sha-257").unwrap_err();
        assert!(
            error.contains("scram-sha-256") && !error.contains("s3cret"),
            "{error}"
        );
        assert!(
            login(&env(&both[..1]))
                .unwrap_err()
                .contains("belong together")
        );
    }

    #[test]
    fn certificates_want_tls() {
        let ca = [("RHAID_KAFKA_CA", "/nowhere/ca.pem")];
        assert!(told_of("a/t", &ca).contains("tls://"));
        assert!(told_of("tls://a/t", &ca).contains("/nowhere/ca.pem"));
        assert_eq!(told_of("a/t", &[]), "nothing is wrong");
        let cert = [("RHAID_KAFKA_CERT", "a.pem")];
        assert!(told_of("tls://a/t", &cert).contains("belong together"));
    }
}
