//! E-mail by SMTP: `smtp://user:password@host:port?from=…&to=…`, encrypted where the server can; `smtps://…` from the first byte on.

use std::time::Duration;

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::{Message, SmtpTransport, Transport};

use super::{Attempt, Failed, Kind, News, Notifier};

/// How long the server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) struct Email;

struct To {
    /// Without `from` and `to`.
    server: String,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Kind for Email {
    fn name(&self) -> &'static str {
        "email"
    }

    fn takes(&self) -> &'static str {
        "smtp://user:password@host:port?from=rhaid@example.com&to=team@example.com, or smtps://…"
    }

    fn to(&self, target: &str) -> Result<Box<dyn Notifier>, String> {
        let mut url: url::Url = target
            .parse()
            .map_err(|error| format!("it is no URL: {error}"))?;
        if !matches!(url.scheme(), "smtp" | "smtps") {
            return Err("it begins with neither smtp:// nor smtps://".to_owned());
        }
        let (mut from, mut to, mut others) = (None, Vec::new(), Vec::new());
        for (name, value) in url.query_pairs() {
            let mailbox = |text: &str| {
                text.trim()
                    .parse::<Mailbox>()
                    .map_err(|_| format!("`{name}` is no address of a mailbox"))
            };
            match &*name {
                "from" => from = Some(mailbox(&value)?),
                "to" => {
                    for one in value.split(',') {
                        to.push(mailbox(one)?);
                    }
                }
                "tls" => others.push((name.to_string(), value.to_string())),
                _ => return Err("of parameters it may have from, to and tls".to_owned()),
            }
        }
        let from = from.ok_or("it says no `from`")?;
        if to.is_empty() {
            return Err("it says no `to`".to_owned());
        }
        if others.is_empty() && url.scheme() == "smtp" {
            others.push(("tls".to_owned(), "opportunistic".to_owned()));
        }
        match others.is_empty() {
            true => url.set_query(None),
            false => {
                url.query_pairs_mut().clear().extend_pairs(&others);
            }
        }
        let server = String::from(url);
        SmtpTransport::from_url(&server)
            .map_err(|_| "`tls` is `required`, `opportunistic` or not there".to_owned())?;
        Ok(Box::new(To { server, from, to }))
    }
}

impl Notifier for To {
    fn send<'a>(&'a self, _: &'a reqwest::Client, news: &'a News) -> Attempt<'a> {
        Box::pin(async move {
            let never = |why: String| Failed { why, again: None };
            let mut message = Message::builder()
                .from(self.from.clone())
                // A header is one line.
                .subject(news.title.replace(char::is_control, " "))
                .header(ContentType::TEXT_PLAIN);
            for to in &self.to {
                message = message.to(to.clone());
            }
            let message = message
                .body(news.text())
                .map_err(|error| never(error.to_string()))?;
            let transport = SmtpTransport::from_url(&self.server)
                .map_err(|error| never(error.to_string()))?
                .timeout(Some(PATIENCE))
                .build();
            // The library's own asynchronous client would bring macros that the whole program waits for when it is built.
            let sent = tokio::task::spawn_blocking(move || transport.send(&message)).await;
            match sent {
                Ok(Ok(_)) => Ok(()),
                Err(error) => Err(never(error.to_string())),
                Ok(Err(error)) => Err(Failed {
                    again: (!error.is_permanent()).then_some(Duration::ZERO),
                    why: error.to_string(),
                }),
            }
        })
    }
}
