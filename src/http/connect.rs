//! Opening a connection: look up, connect, through a proxy if need be, handshake; each phase timed.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Instant;

use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

use super::apart::apart;
use super::client::Client;
use super::error::HttpError;
use super::io::{Counted, Io, Leftovers};
use super::proxy::{Proxy, ProxyKind, connect_tunnel};
use super::response::Timings;
use super::settings::Http2;
use super::target::Target;
use super::tls;

/// A connection just opened.
pub struct Opened {
    pub io: Io,
    /// The address of the server, or of the proxy.
    pub remote: SocketAddr,
    pub http2: bool,
    /// Requests must name the whole URL: plain HTTP through an HTTP proxy.
    pub absolute_form: Option<Option<String>>,
}

/// Whose connection it is: where it starts from, and who gets its bytes if it comes to nothing.
pub struct From<'a> {
    pub local: Option<IpAddr>,
    pub leftovers: &'a Rc<Leftovers>,
}

/// What is being done, for the message when time runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    #[default]
    Starting,
    LookingUp,
    Connecting,
    Handshaking,
    Exchanging,
}

impl Phase {
    /// Time ran out in this phase, `blocked` nanoseconds after the request began: what no earlier phase took was
    /// spent here.
    pub fn cut(self, timings: &mut Timings, blocked: u64) {
        let before =
            timings.blocked + timings.looking_up + timings.connecting + timings.tls_handshaking;
        let rest = blocked.saturating_sub(before);
        match self {
            Self::LookingUp => timings.looking_up += rest,
            Self::Connecting => timings.connecting += rest,
            Self::Handshaking => timings.tls_handshaking += rest,
            Self::Starting | Self::Exchanging => {}
        }
        timings.blocked = blocked;
    }
}

/// Opens a connection for `target`. Phases are written to `timings` as they end, `phase` as they begin, so both
/// are right also when the caller gives up in between.
pub async fn open(
    client: &Client,
    target: &Target,
    from: &From<'_>,
    timings: &mut Timings,
    phase: &mut Phase,
) -> Result<Opened, HttpError> {
    let proxy = client.proxies.pick(target);
    let (mut stream, remote) = match proxy {
        Some(proxy) => dial(client, &proxy.host, proxy.port, from, timings, phase).await?,
        None => dial(client, &target.host, target.port, from, timings, phase).await?,
    };
    let mut absolute_form = None;
    match proxy {
        Some(proxy) if proxy.kind == ProxyKind::Socks5 => {
            let started = Instant::now();
            stream = apart(socks(stream, proxy, target)).await?;
            timings.connecting += nanos(started);
        }
        Some(proxy) if target.https => {
            let started = Instant::now();
            let tunnel = connect_tunnel(&mut stream, proxy, &target.host, target.port);
            apart(tunnel).await?;
            timings.connecting += nanos(started);
        }
        Some(proxy) => absolute_form = Some(proxy.authorization()),
        None => {}
    }
    if !target.https {
        let http2 = client.settings().http2 == Http2::PriorKnowledge && absolute_form.is_none();
        return Ok(Opened {
            io: Io::Plain(stream),
            remote,
            http2,
            absolute_form,
        });
    }
    *phase = Phase::Handshaking;
    let started = Instant::now();
    let config = client
        .tls(false)
        .map_err(|error| HttpError::new(HttpError::TLS, error.to_string()))?;
    let name = ServerName::try_from(target.host.to_string()).map_err(|_| {
        HttpError::new(
            HttpError::INVALID_URL,
            format!("{:?} is not a name that TLS can ask for", target.host),
        )
    })?;
    let connected = apart(TlsConnector::from(config).connect(name, stream)).await;
    timings.tls_handshaking += nanos(started);
    let stream = connected.map_err(|error| tls::handshake_error(&error, &target.host))?;
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2")
        || client.settings().http2 == Http2::PriorKnowledge;
    Ok(Opened {
        io: Io::Tls(Box::new(stream)),
        remote,
        http2,
        absolute_form: None,
    })
}

/// Looks up and connects.
async fn dial(
    client: &Client,
    host: &Rc<str>,
    port: u16,
    from: &From<'_>,
    timings: &mut Timings,
    phase: &mut Phase,
) -> Result<(Counted, SocketAddr), HttpError> {
    *phase = Phase::LookingUp;
    let hosts = &client.settings().hosts;
    let fixed = if hosts.is_empty() {
        None
    } else {
        hosts
            .get(&format!("{host}:{port}"))
            .or_else(|| hosts.get(&**host))
    };
    let addresses: Vec<SocketAddr> = match fixed {
        Some(fixed) => vec![SocketAddr::new(
            fixed.ip(),
            if fixed.port() == 0 {
                port
            } else {
                fixed.port()
            },
        )],
        None => {
            let started = Instant::now();
            let resolved = client.resolve(host).await;
            match resolved {
                Ok((addresses, took)) => {
                    timings.looking_up += u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
                    addresses
                        .iter()
                        .map(|ip| SocketAddr::new(*ip, port))
                        .collect()
                }
                Err(error) => {
                    timings.looking_up += nanos(started);
                    return Err(error);
                }
            }
        }
    };
    for address in &addresses {
        // The rule is applied again to what the name resolved to.
        if let Some(why) = client.settings().rules.blocking(&address.ip().to_string()) {
            return Err(HttpError::new(HttpError::BLOCKED_ADDRESS, why));
        }
    }
    *phase = Phase::Connecting;
    let started = Instant::now();
    let mut last = None;
    for address in addresses {
        // Where the load is led elsewhere, people know it by the name that they wrote.
        let told = || match (fixed, client.settings().fault_proxies.get(&address)) {
            (_, Some(proxy)) => format!("{host}:{port} (through the proxy `{proxy}`)"),
            (Some(_), None) => format!("{host}:{port} (at {address})"),
            (None, None) => address.to_string(),
        };
        match connect(address, from.local, &told).await {
            Ok(stream) => {
                timings.connecting += nanos(started);
                // Without this a small request waits for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                return Ok((Counted::new(stream, from.leftovers.clone()), address));
            }
            Err(error) => last = Some(error),
        }
    }
    timings.connecting += nanos(started);
    Err(last.unwrap_or_else(|| HttpError::new(HttpError::DNS, format!("{host} has no address"))))
}

/// `told`: what the address is called in errors.
async fn connect(
    address: SocketAddr,
    local: Option<IpAddr>,
    told: &dyn Fn() -> String,
) -> Result<TcpStream, HttpError> {
    let failed = |error: std::io::Error| HttpError::from_connect(&error, &told());
    let Some(local) = local.filter(|local| local.is_ipv4() == address.is_ipv4()) else {
        return TcpStream::connect(address).await.map_err(failed);
    };
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }
    .map_err(failed)?;
    socket.bind(SocketAddr::new(local, 0)).map_err(|error| {
        HttpError::new(
            HttpError::DIAL,
            format!(
                "cannot connect from {local}: {error}; `local_ips` must name addresses of this machine"
            ),
        )
    })?;
    socket.connect(address).await.map_err(failed)
}

async fn socks(stream: Counted, proxy: &Proxy, target: &Target) -> Result<Counted, HttpError> {
    use tokio_socks::tcp::Socks5Stream;
    let to = (&*target.host, target.port);
    let connected = match &proxy.user {
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(stream, to, user, password).await
        }
        None => Socks5Stream::connect_with_socket(stream, to).await,
    };
    connected.map(Socks5Stream::into_inner).map_err(|error| {
        HttpError::new(
            HttpError::PROXY,
            format!("the proxy {}:{} refused: {error}", proxy.host, proxy.port),
        )
    })
}

fn nanos(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
