//! Addresses to listen on, as they are written and as they are had.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use socket2::{Domain, Protocol, Socket, Type};

use super::error::ProxyError;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 4_096;

/// Where a proxy listens of which nothing is said: a free port, for this machine alone.
const ANYWHERE: &str = "127.0.0.1:0";

/// Whether an address as it is written leads to the one that is listened on.
pub(super) fn means(written: &str, listened: &str) -> bool {
    resolve(written).is_ok_and(|address| address.to_string() == listened)
}

/// Whether who connects to one address meets who listens on the other. Names that would have to be looked up are taken for different.
pub fn leads_to_itself(listen: &str, upstream: &str) -> bool {
    let read = |address: &str| {
        let address = address.replacen("localhost:", "127.0.0.1:", 1);
        let address = match address.strip_prefix(':') {
            Some(port) => format!("0.0.0.0:{port}"),
            None => address,
        };
        address.parse::<SocketAddr>().ok()
    };
    let (Some(listen), Some(upstream)) = (read(listen), read(upstream)) else {
        return false;
    };
    let is_one = listen.ip() == upstream.ip()
        || (listen.ip().is_unspecified() && upstream.ip().is_loopback())
        || (upstream.ip().is_unspecified() && listen.ip().is_loopback());
    is_one && listen.port() == upstream.port() && listen.port() != 0
}

/// The first address that is found, of the older kind if there are both.
pub(super) fn resolve(address: &str) -> Result<SocketAddr, ProxyError> {
    // `:8080` is every address of this machine, as in Go.
    let full = match address {
        "" => ANYWHERE.to_owned(),
        address if address.starts_with(':') => format!("[::]{address}"),
        address => address.to_owned(),
    };
    let wrong = |source: io::Error| match source.kind() {
        io::ErrorKind::InvalidInput => ProxyError::Address(address.to_owned()),
        _ => ProxyError::Lookup {
            address: address.to_owned(),
            source,
        },
    };
    let mut found = full.to_socket_addrs().map_err(wrong)?;
    let first = found.by_ref().min_by_key(SocketAddr::is_ipv6);
    first.ok_or_else(|| ProxyError::Address(address.to_owned()))
}

/// Listens; gives the address with the port that was picked.
pub(super) fn listen(address: &str) -> Result<(Socket, SocketAddr), ProxyError> {
    let resolved = resolve(address)?;
    let bound = if resolved.ip().is_unspecified() {
        // Both kinds at once, where the machine has the newer one.
        let every = SocketAddr::new(IpAddr::V6(Ipv6Addr::UNSPECIFIED), resolved.port());
        match bind(every) {
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => bind(SocketAddr::new(
                std::net::Ipv4Addr::UNSPECIFIED.into(),
                resolved.port(),
            )),
            bound => bound,
        }
    } else {
        bind(resolved)
    };
    bound.map_err(|source| ProxyError::Listen {
        address: resolved.to_string(),
        source,
    })
}

fn bind(address: SocketAddr) -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() && address.ip().is_unspecified() {
        socket.set_only_v6(false)?;
    }
    socket.set_reuse_address(true)?;
    // Linux hands it on to every connection that is accepted, which saves each a call.
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let bound = socket.local_addr()?.as_socket().unwrap_or(address);
    Ok((socket, bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_the_address_that_is_listened_on() {
        assert!(means("localhost:9", "127.0.0.1:9"));
        assert!(!means("localhost:9", "127.0.0.1:8"));
        assert!(!means("127.0.0.1:0", "127.0.0.1:8"));
    }

    #[test]
    fn nothing_said_is_a_free_port_for_this_machine() {
        let (_socket, address) = listen("").unwrap();
        assert!(address.ip().is_loopback() && address.port() != 0);
    }

    #[test]
    fn what_is_no_address_is_told() {
        for wrong in ["nope", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:x"] {
            let error = resolve(wrong).unwrap_err();
            assert!(matches!(error, ProxyError::Address(_)), "{error}");
        }
    }
}
