//! A plain HTTP/1.1 server, and what all servers here have in common.

use std::net::SocketAddr;
use std::ops::Deref;

use super::background::{Accepted, Background, Peer};
use super::traffic::{SeenRequest, Traffic};
use super::wire::{Conn, Head, Next, Wire};
use super::{misbehave, routes};

/// A server that answers until it is dropped. Every kind of server here derefs to this.
pub struct Serving {
    scheme: &'static str,
    background: Background,
}

impl Serving {
    pub fn new(scheme: &'static str, background: Background) -> Self {
        Self { scheme, background }
    }

    pub fn addr(&self) -> SocketAddr {
        self.background.addr()
    }

    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// The URL of `path`, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.addr())
    }

    /// The same with `localhost` or another name of this machine as the host.
    pub fn url_by_name(&self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}{path}", self.scheme, self.addr().port())
    }

    /// The requests in order of arrival; the first 50,000 are kept whole.
    pub fn requests(&self) -> Vec<SeenRequest> {
        self.traffic().requests()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.traffic().connections()
    }

    /// The other counts.
    pub fn traffic(&self) -> &Traffic {
        self.background.traffic()
    }
}

/// HTTP/1.1 without TLS.
pub struct HttpServer(Serving);

impl HttpServer {
    pub fn start() -> Self {
        let background = Background::start("http server", |accepted: Accepted| async move {
            let (stream, peer) = accepted.split();
            serve(stream, &peer).await;
        });
        Self(Serving::new("http", background))
    }
}

impl Deref for HttpServer {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.0
    }
}

/// Serves HTTP/1.1 on `io` until either side closes. A request that is not HTTP ends the connection.
pub async fn serve<W: Wire>(io: W, peer: &Peer) {
    let mut conn = Conn::new(io);
    let mut served = 0;
    while let Ok(Some(head)) = conn.read_head().await {
        match serve_one(&mut conn, peer, head, served).await {
            Ok(Next::KeepAlive) => served += 1,
            Ok(Next::Close) => break,
            Ok(Next::Reset) => return conn.reset(),
            Err(_) => return,
        }
    }
    conn.close_writing().await;
}

async fn serve_one<W: Wire>(
    conn: &mut Conn<W>,
    peer: &Peer,
    head: Head,
    served: usize,
) -> std::io::Result<Next> {
    let mut request = SeenRequest {
        method: head.method.clone(),
        target: head.target.clone(),
        headers: head.headers.clone(),
        body: Vec::new(),
        conn_id: peer.id,
        remote_addr: peer.remote,
        http_version: head.http_version,
    };
    if !misbehave::answers_early(request.path()) {
        if head.expects_continue() {
            conn.raw(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        request.body = conn.read_body(&head).await?;
    }
    peer.traffic.record(request.clone());
    let wanted = head.next();
    if let Some(next) = misbehave::answer(conn, &request, served).await? {
        return Ok(if next == Next::KeepAlive {
            wanted
        } else {
            next
        });
    }
    let answer = routes::answer(&request, &peer.traffic);
    conn.send(&answer, wanted).await?;
    Ok(wanted)
}
