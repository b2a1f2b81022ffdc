//! Delivery: to all targets at once, each tried a few times, all within a bounded time.

use std::time::Duration;

use futures_util::future::join_all;

use super::{Attempt, Failed, News, Target};
use crate::outgoing;

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pauses between attempts.
const PAUSES: [Duration; 2] = [Duration::from_millis(500), Duration::from_millis(1_500)];

/// News that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the notification to {kind} was not delivered: {why}")]
pub struct Undelivered {
    pub kind: &'static str,
    pub why: String,
}

/// Tells the news to everybody; who was not reached.
pub async fn deliver(targets: &[Target], news: &News) -> Vec<Undelivered> {
    let client = match outgoing::client(PATIENCE) {
        Ok(client) => client,
        Err(error) => {
            let lost = |target: &Target| Undelivered {
                kind: target.kind,
                why: error.to_string(),
            };
            return targets.iter().map(lost).collect();
        }
    };
    let client = &client;
    let sent = join_all(targets.iter().map(|target| async move {
        let why = match tokio::time::timeout(LIMIT, tried(target, client, news)).await {
            Ok(Ok(())) => return None,
            Ok(Err(why)) => why,
            Err(_) => format!("it took more than {} s", LIMIT.as_secs()),
        };
        Some(Undelivered {
            kind: target.kind,
            why,
        })
    }));
    sent.await.into_iter().flatten().collect()
}

async fn tried(target: &Target, client: &reqwest::Client, news: &News) -> Result<(), String> {
    for pause in PAUSES {
        match target.notifier.send(client, news).await {
            Ok(()) => return Ok(()),
            Err(Failed { why, again: None }) => return Err(why),
            Err(Failed {
                again: Some(wished),
                ..
            }) => tokio::time::sleep(pause.max(wished)).await,
        }
    }
    let last = target.notifier.send(client, news).await;
    last.map_err(|failed| format!("{} (after {} tries)", failed.why, PAUSES.len() + 1))
}

/// Posts JSON to an address.
pub(super) fn post<'a>(
    client: &'a reqwest::Client,
    address: &'a url::Url,
    body: &serde_json::Value,
) -> Attempt<'a> {
    let request = client
        .post(address.clone())
        .header("content-type", "application/json")
        .body(body.to_string());
    Box::pin(async move {
        let response = request.send().await.map_err(|error| Failed {
            why: outgoing::why(&error),
            // A request that cannot be made stays so.
            again: (!error.is_builder()).then_some(Duration::ZERO),
        })?;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        let wished = response
            .headers()
            .get("retry-after")
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map_or(Duration::ZERO, Duration::from_secs);
        let may_go_well =
            status.is_server_error() || status.as_u16() == 429 || status.as_u16() == 408;
        Err(Failed {
            why: format!("it {}", outgoing::answered(&response)),
            again: may_go_well.then_some(wished),
        })
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::super::Wanted;
    use super::*;
    use crate::result::sample;

    /// Answers so many calls with these statuses; the bodies that came.
    fn answering(
        statuses: &'static [&'static str],
    ) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/secret", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let mut bodies = Vec::new();
            for status in statuses {
                let (mut stream, _) = listener.accept().unwrap();
                let (mut text, mut buffer) = (String::new(), [0; 4096]);
                loop {
                    let length = text.split_once("\r\n\r\n").and_then(|(head, body)| {
                        let of = head
                            .to_lowercase()
                            .split_once("content-length: ")?
                            .1
                            .split("\r\n")
                            .next()?
                            .parse::<usize>()
                            .ok()?;
                        (body.len() >= of).then_some(body.to_owned())
                    });
                    if let Some(body) = length {
                        bodies.push(body);
                        break;
                    }
                    let read = stream.read(&mut buffer).unwrap();
                    text.push_str(&String::from_utf8_lossy(&buffer[..read]));
                }
                write!(
                    stream,
                    "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )
                .unwrap();
            }
            bodies
        });
        (url, thread)
    }

    async fn sent(url: &str) -> Vec<Undelivered> {
        let target = format!("webhook={url}")
            .parse::<Wanted>()
            .unwrap()
            .resolve(|_| None)
            .unwrap();
        let news = News::of(&sample::passing(), None, Vec::new());
        deliver(&[target], &news).await
    }

    #[tokio::test]
    async fn a_server_that_is_busy_is_asked_again() {
        let (url, server) = answering(&["503 Busy", "429 Slower", "200 OK"]);
        assert_eq!(sent(&url).await, []);
        let bodies = server.join().unwrap();
        assert_eq!(bodies.len(), 3);
        let body: serde_json::Value = serde_json::from_str(&bodies[2]).unwrap();
        assert_eq!(body["verdict"]["status"], "pass");
    }

    #[tokio::test]
    async fn one_that_refuses_is_not_and_its_address_is_not_told() {
        let (url, server) = answering(&["404 Not Found"]);
        let told: Vec<String> = sent(&url).await.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            ["the notification to webhook was not delivered: it answered 404 Not Found"]
        );
        server.join().unwrap();
    }
}
