//! A forward proxy: absolute-form requests for `http`, CONNECT tunnels for `https`, optional Basic credentials.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::background::{Accepted, Background};
use super::routes::Answer;
use super::server::Serving;
use super::wire::{Conn, Head, Next};

/// What a proxy was used for.
#[derive(Default)]
struct Uses {
    forwarded: AtomicUsize,
    tunnels: AtomicUsize,
    refused: AtomicUsize,
    targets: Mutex<Vec<String>>,
}

/// An HTTP proxy on loopback. [`Serving::url`] with an empty path is its address as a client wants it.
pub struct HttpProxy {
    serving: Serving,
    uses: Arc<Uses>,
}

impl HttpProxy {
    pub fn start() -> Self {
        Self::serve(None)
    }

    /// Answers 407 to whoever does not send these Basic credentials.
    pub fn start_with_auth(user: &str, password: &str) -> Self {
        Self::serve(Some(format!(
            "Basic {}",
            STANDARD.encode(format!("{user}:{password}"))
        )))
    }

    fn serve(credentials: Option<String>) -> Self {
        let uses = Arc::new(Uses::default());
        let counted = Arc::clone(&uses);
        let credentials = Arc::new(credentials);
        let background = Background::start("http proxy", move |accepted: Accepted| {
            let (uses, credentials) = (Arc::clone(&counted), Arc::clone(&credentials));
            async move {
                let (stream, _peer) = accepted.split();
                // Either end may vanish; what there was to count has been counted.
                let _ = relay(Conn::new(stream), &uses, credentials.as_deref()).await;
            }
        });
        Self {
            serving: Serving::new("http", background),
            uses,
        }
    }

    /// Requests passed on and tunnels opened.
    pub fn uses(&self) -> usize {
        self.forwarded() + self.tunnels()
    }

    /// Requests passed on in absolute form.
    pub fn forwarded(&self) -> usize {
        self.uses.forwarded.load(Ordering::SeqCst)
    }

    /// CONNECT tunnels opened.
    pub fn tunnels(&self) -> usize {
        self.uses.tunnels.load(Ordering::SeqCst)
    }

    /// Requests refused for their credentials.
    pub fn refused(&self) -> usize {
        self.uses.refused.load(Ordering::SeqCst)
    }

    /// The `host:port` of every use, in order.
    pub fn targets(&self) -> Vec<String> {
        self.uses.targets.lock().unwrap().clone()
    }
}

impl Deref for HttpProxy {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.serving
    }
}

async fn relay(
    mut conn: Conn<TcpStream>,
    uses: &Uses,
    credentials: Option<&str>,
) -> std::io::Result<()> {
    while let Some(head) = conn.read_head().await? {
        let allowed =
            credentials.is_none_or(|wanted| head.header("proxy-authorization") == Some(wanted));
        if !allowed {
            uses.refused.fetch_add(1, Ordering::SeqCst);
            conn.read_body(&head).await?;
            let answer = Answer::text(407, "who are you?\n")
                .with("proxy-authenticate", "Basic realm=\"proxy\"");
            conn.send(&answer, head.next()).await?;
            if head.next() == Next::Close {
                break;
            }
        } else if head.method == "CONNECT" {
            return tunnel(conn, &head.target, uses).await;
        } else {
            return forward(conn, &head, uses).await;
        }
    }
    Ok(())
}

async fn tunnel(mut conn: Conn<TcpStream>, target: &str, uses: &Uses) -> std::io::Result<()> {
    uses.tunnels.fetch_add(1, Ordering::SeqCst);
    uses.targets.lock().unwrap().push(target.to_owned());
    let Ok(mut upstream) = TcpStream::connect(target).await else {
        return unreachable(conn).await;
    };
    conn.raw(b"HTTP/1.1 200 Connection established\r\n\r\n")
        .await?;
    let (mut client, ahead) = conn.into_parts();
    upstream.write_all(&ahead).await?;
    tokio::io::copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(())
}

/// Passes one request on, asking the upstream to close, so that the answer ends with the connection.
async fn forward(mut conn: Conn<TcpStream>, head: &Head, uses: &Uses) -> std::io::Result<()> {
    let body = conn.read_body(head).await?;
    let Some((host, path)) = split_target(&head.target) else {
        return conn
            .send(
                &Answer::text(400, "a proxy wants the whole URL\n"),
                Next::Close,
            )
            .await;
    };
    uses.forwarded.fetch_add(1, Ordering::SeqCst);
    uses.targets.lock().unwrap().push(host.clone());
    let Ok(mut upstream) = TcpStream::connect(&host).await else {
        return unreachable(conn).await;
    };
    let mut request = format!("{} {path} HTTP/1.1\r\n", head.method);
    for (name, value) in &head.headers {
        let hop_by_hop = name.starts_with("proxy-")
            || matches!(
                name.as_str(),
                "connection" | "transfer-encoding" | "content-length"
            );
        if !hop_by_hop {
            request.extend([name, ": ", value, "\r\n"]);
        }
    }
    if !body.is_empty() {
        request.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    request.push_str("via: 1.1 test-proxy\r\nconnection: close\r\n\r\n");
    upstream.write_all(request.as_bytes()).await?;
    upstream.write_all(&body).await?;
    let (mut client, _) = conn.into_parts();
    tokio::io::copy(&mut upstream, &mut client).await?;
    client.shutdown().await
}

async fn unreachable(mut conn: Conn<TcpStream>) -> std::io::Result<()> {
    conn.send(
        &Answer::text(502, "the target cannot be reached\n"),
        Next::Close,
    )
    .await?;
    conn.close_writing().await;
    Ok(())
}

/// `http://host:port/path` as `host:port` and `/path`.
fn split_target(target: &str) -> Option<(String, String)> {
    let url = url::Url::parse(target).ok()?;
    let host = format!("{}:{}", url.host_str()?, url.port_or_known_default()?);
    let path = &url[url::Position::BeforePath..];
    Some((host, path.to_owned()))
}
