//! A small SOCKS5 proxy (RFC 1928: CONNECT only; RFC 1929 for a user and password).

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::background::{Accepted, Background};
use super::server::Serving;

const VERSION: u8 = 5;
const NO_AUTH: u8 = 0;
const USER_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;
const SUCCEEDED: u8 = 0;
const HOST_UNREACHABLE: u8 = 4;
const COMMAND_NOT_SUPPORTED: u8 = 7;

#[derive(Default)]
struct Uses {
    targets: Mutex<Vec<String>>,
    refused: AtomicUsize,
}

/// A SOCKS5 proxy on loopback.
pub struct SocksProxy {
    serving: Serving,
    uses: Arc<Uses>,
}

impl SocksProxy {
    pub fn start() -> Self {
        Self::serve(None)
    }

    /// Refuses whoever does not give this user and password.
    pub fn start_with_auth(user: &str, password: &str) -> Self {
        Self::serve(Some((user.to_owned(), password.to_owned())))
    }

    fn serve(credentials: Option<(String, String)>) -> Self {
        let uses = Arc::new(Uses::default());
        let counted = Arc::clone(&uses);
        let credentials = Arc::new(credentials);
        let background = Background::start("socks proxy", move |accepted: Accepted| {
            let (uses, credentials) = (Arc::clone(&counted), Arc::clone(&credentials));
            async move {
                let (stream, _peer) = accepted.split();
                // Either end may vanish; what there was to count has been counted.
                let _ = relay(stream, &uses, credentials.as_ref().as_ref()).await;
            }
        });
        Self {
            serving: Serving::new("socks5", background),
            uses,
        }
    }

    /// How many connections were asked for.
    pub fn uses(&self) -> usize {
        self.targets().len()
    }

    /// How many clients were refused for their credentials.
    pub fn refused(&self) -> usize {
        self.uses.refused.load(Ordering::SeqCst)
    }

    /// The `host:port` of every use, in order: a name when the client left resolving to the proxy.
    pub fn targets(&self) -> Vec<String> {
        self.uses.targets.lock().unwrap().clone()
    }
}

impl Deref for SocksProxy {
    type Target = Serving;

    fn deref(&self) -> &Serving {
        &self.serving
    }
}

async fn relay(
    mut client: TcpStream,
    uses: &Uses,
    credentials: Option<&(String, String)>,
) -> io::Result<()> {
    if !greet(&mut client, credentials).await? {
        uses.refused.fetch_add(1, Ordering::SeqCst);
        return client.shutdown().await;
    }
    let [_, command, _, kind] = read_array::<4>(&mut client).await?;
    let host = match kind {
        1 => Ipv4Addr::from(read_array::<4>(&mut client).await?).to_string(),
        4 => format!("[{}]", Ipv6Addr::from(read_array::<16>(&mut client).await?)),
        _ => read_short_string(&mut client).await?,
    };
    let port = client.read_u16().await?;
    let target = format!("{host}:{port}");
    uses.targets.lock().unwrap().push(target.clone());
    if command != 1 {
        return reply(&mut client, COMMAND_NOT_SUPPORTED).await;
    }
    let Ok(mut upstream) = TcpStream::connect(&target).await else {
        return reply(&mut client, HOST_UNREACHABLE).await;
    };
    reply(&mut client, SUCCEEDED).await?;
    tokio::io::copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(())
}

/// Agrees on a method and checks the credentials; false when the client is refused.
async fn greet(client: &mut TcpStream, credentials: Option<&(String, String)>) -> io::Result<bool> {
    let [version, methods] = read_array::<2>(client).await?;
    let mut offered = vec![0; usize::from(methods)];
    client.read_exact(&mut offered).await?;
    let wanted = if credentials.is_some() {
        USER_PASSWORD
    } else {
        NO_AUTH
    };
    if version != VERSION || !offered.contains(&wanted) {
        client.write_all(&[VERSION, NO_METHOD]).await?;
        return Ok(false);
    }
    client.write_all(&[VERSION, wanted]).await?;
    let Some((user, password)) = credentials else {
        return Ok(true);
    };
    let _version = client.read_u8().await?;
    let given = (
        read_short_string(client).await?,
        read_short_string(client).await?,
    );
    let right = given.0 == *user && given.1 == *password;
    client.write_all(&[1, u8::from(!right)]).await?;
    Ok(right)
}

async fn reply(client: &mut TcpStream, code: u8) -> io::Result<()> {
    client
        .write_all(&[VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0])
        .await
}

async fn read_array<const N: usize>(client: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    client.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// A length byte and as many bytes of text.
async fn read_short_string(client: &mut TcpStream) -> io::Result<String> {
    let mut bytes = vec![0; usize::from(client.read_u8().await?)];
    client.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
