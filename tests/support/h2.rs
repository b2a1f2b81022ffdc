//! HTTP/2: by prior knowledge in clear text here, by ALPN in `tls`.
//!
//! Answers every route of `routes`, and some of its own:
//!
//! | path | what happens |
//! |---|---|
//! | `/slow/{ms}` | waits, then `slow\n` |
//! | `/goaway` | answers, then takes no new stream on this connection (GOAWAY, no error) |
//! | `/goaway/abrupt` | no answer: GOAWAY with ENHANCE_YOUR_CALM, then the connection closes |
//! | `/reset` | RST_STREAM with INTERNAL_ERROR instead of an answer |
//! | `/reset/body` | half of the body, then RST_STREAM |
//! | `/stall/headers` | never answers |

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{Request, Response};
use tokio::sync::mpsc;

use super::background::{Accepted, Background, Peer};
use super::routes::{self, Answer};
use super::server::Serving;
use super::traffic::{ConnId, SeenRequest, Traffic};
use super::wire::Wire;

/// HTTP/2 without TLS, for clients that know (h2c by prior knowledge).
pub struct H2Server(Serving);

impl H2Server {
    pub fn start() -> Self {
        let background = Background::start("h2 server", |accepted: Accepted| async move {
            let (stream, peer) = accepted.split();
            serve(stream, &peer).await;
        });
        Self(Serving::new("http", background))
    }

    /// How many streams clients opened, over all connections.
    pub fn streams(&self) -> usize {
        self.traffic().request_count()
    }
}

impl Deref for H2Server {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.0
    }
}

/// What a stream asks of its whole connection.
enum GoAway {
    Gracefully,
    Abruptly,
}

/// Serves HTTP/2 on `io` until either side closes.
pub async fn serve<W: Wire>(io: W, peer: &Peer) {
    let Ok(mut connection) = h2::server::handshake(io).await else {
        return;
    };
    let (ask, mut asked) = mpsc::unbounded_channel();
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                let stream = Stream {
                    traffic: Arc::clone(&peer.traffic),
                    conn_id: peer.id,
                    remote_addr: peer.remote,
                    ask: ask.clone(),
                };
                // A stream that cannot be answered any more is the client's doing.
                tokio::spawn(async move { stream.serve(request, respond).await.ok() });
            }
            Some(how) = asked.recv() => match how {
                GoAway::Gracefully => connection.graceful_shutdown(),
                GoAway::Abruptly => connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM),
            },
        }
    }
}

struct Stream {
    traffic: Arc<Traffic>,
    conn_id: ConnId,
    remote_addr: std::net::SocketAddr,
    ask: mpsc::UnboundedSender<GoAway>,
}

/// Counts a stream as open while it lives.
struct OpenStream(Arc<Traffic>);

impl OpenStream {
    fn new(traffic: &Arc<Traffic>) -> Self {
        traffic.stream_opened();
        Self(Arc::clone(traffic))
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.stream_closed();
    }
}

impl Stream {
    async fn serve(
        self,
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
    ) -> Result<(), h2::Error> {
        let _open = OpenStream::new(&self.traffic);
        let request = self.read(request).await?;
        self.traffic.record(request.clone());
        let head_only = request.method == "HEAD";
        let path = request.path().to_owned();
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["slow", ms] => {
                tokio::time::sleep(Duration::from_millis(ms.parse().unwrap_or(0))).await;
                send(&mut respond, Answer::text(200, "slow\n"), head_only)
            }
            ["goaway"] => {
                let sent = send(&mut respond, Answer::text(200, "goodbye\n"), head_only);
                let _ = self.ask.send(GoAway::Gracefully);
                sent
            }
            ["goaway", "abrupt"] => {
                let _ = self.ask.send(GoAway::Abruptly);
                std::future::pending().await
            }
            ["reset"] => {
                respond.send_reset(Reason::INTERNAL_ERROR);
                Ok(())
            }
            ["reset", "body"] => {
                let head = Response::builder()
                    .header("content-length", "1000")
                    .body(());
                let mut body = respond.send_response(head.unwrap_or_default(), false)?;
                body.send_data(Bytes::from_static(&[b'.'; 500]), false)?;
                wait_until_sent(&mut body, 500).await;
                body.send_reset(Reason::INTERNAL_ERROR);
                Ok(())
            }
            ["stall", "headers"] => std::future::pending().await,
            _ => send(
                &mut respond,
                routes::answer(&request, &self.traffic),
                head_only,
            ),
        }
    }

    async fn read(&self, request: Request<RecvStream>) -> Result<SeenRequest, h2::Error> {
        let (head, mut stream) = request.into_parts();
        let mut body = Vec::new();
        while let Some(data) = stream.data().await {
            let data = data?;
            body.extend_from_slice(&data);
            stream.flow_control().release_capacity(data.len())?;
        }
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str().to_owned(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        Ok(SeenRequest {
            method: head.method.as_str().to_owned(),
            target: head
                .uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
            headers,
            body,
            conn_id: self.conn_id,
            remote_addr: self.remote_addr,
            http_version: "2",
        })
    }
}

fn send(
    respond: &mut SendResponse<Bytes>,
    answer: Answer,
    head_only: bool,
) -> Result<(), h2::Error> {
    let mut head = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        head = head.header(name.to_ascii_lowercase(), value);
    }
    if answer.may_have_body() {
        head = head.header("content-length", answer.body.len());
    }
    let ends = head_only || !answer.may_have_body() || answer.body.is_empty();
    let mut body = respond.send_response(head.body(()).unwrap_or_default(), ends)?;
    if ends {
        Ok(())
    } else {
        body.send_data(answer.body.into(), true)
    }
}

/// A reset discards what is still buffered, so half a body must first have left.
async fn wait_until_sent(body: &mut h2::SendStream<Bytes>, length: usize) {
    body.reserve_capacity(length);
    let _ = std::future::poll_fn(|context| body.poll_capacity(context)).await;
    tokio::task::yield_now().await;
}
