//! A relay in front of a server that counts the bytes of both directions, whatever is spoken.

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use super::background::{Accepted, Background, wait_until};
use super::server::Serving;

#[derive(Default)]
struct Bytes {
    from_client: AtomicU64,
    to_client: AtomicU64,
}

/// Passes connections on. Derefs to its client's side: `url`, `connections`.
pub struct Relay {
    serving: Serving,
    bytes: Arc<Bytes>,
}

impl Relay {
    /// In front of one of the servers here.
    pub fn before(server: &Serving) -> Self {
        Self::to(server.scheme(), server.addr())
    }

    /// In front of an address; `scheme` is that of [`Serving::url`].
    pub fn to(scheme: &'static str, upstream: SocketAddr) -> Self {
        let bytes = Arc::new(Bytes::default());
        let counted = Arc::clone(&bytes);
        let background = Background::start("relay", move |accepted: Accepted| {
            let bytes = Arc::clone(&counted);
            async move {
                let (client, _peer) = accepted.split();
                if let Ok(server) = TcpStream::connect(upstream).await {
                    let _ = server.set_nodelay(true);
                    relay(client, server, &bytes).await;
                }
            }
        });
        Self {
            serving: Serving::new(scheme, background),
            bytes,
        }
    }

    /// Bytes that clients sent, and bytes that were sent to them while they were there.
    ///
    /// Waits until every connection has ended, so that nothing is under way any more.
    #[track_caller]
    pub fn bytes(&self) -> (u64, u64) {
        wait_until(
            "all connections have ended",
            Duration::from_secs(10),
            || self.traffic().open_connections() == 0,
        );
        (
            self.bytes.from_client.load(Ordering::SeqCst),
            self.bytes.to_client.load(Ordering::SeqCst),
        )
    }
}

impl Deref for Relay {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.serving
    }
}

async fn relay(mut client: TcpStream, mut server: TcpStream, bytes: &Bytes) {
    let gone = AtomicBool::new(false);
    let (client_read, client_write) = client.split();
    let (server_read, server_write) = server.split();
    let up = async {
        copy(client_read, server_write, |n| {
            bytes.from_client.fetch_add(n, Ordering::SeqCst);
        })
        .await;
        gone.store(true, Ordering::SeqCst);
    };
    // What a server says to a client that has left reaches nobody.
    let down = copy(server_read, client_write, |n| {
        if !gone.load(Ordering::SeqCst) {
            bytes.to_client.fetch_add(n, Ordering::SeqCst);
        }
    });
    tokio::join!(up, down);
}

/// Copies until the end, and passes the end on.
async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: impl Fn(u64),
) {
    let mut block = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut block).await {
        count(length as u64);
        if to.write_all(&block[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
