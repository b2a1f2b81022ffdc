//! The thread that listens, with a runtime of its own, away from those of the virtual users. What an open page does not take in time is left
//! out.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, watch};

use super::board::Board;
use super::guard::Guard;
use super::routes::{Shared, router};
use super::{CannotServe, Message, PATIENCE, Settings};
use crate::listening;

/// Connections at once. An open page holds one.
const MAX_CONNECTIONS: usize = 256;
/// Messages that wait for a page: it may be so many seconds late.
const WAITING: usize = 8;

/// Listens from now on: where, and the thread.
///
/// # Errors
/// When the address cannot be had.
pub fn start(
    settings: Settings,
    incoming: mpsc::Receiver<Message>,
) -> Result<(String, JoinHandle<()>), CannotServe> {
    let Settings {
        listen: address,
        any_port,
        token,
        script,
    } = settings;
    let failed = |source| CannotServe { address, source };
    let listener = match bind(address) {
        Err(error) if any_port && error.kind() == io::ErrorKind::AddrInUse => {
            bind(SocketAddr::new(address.ip(), 0))
        }
        bound => bound,
    };
    let listener = listener.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let mut url = format!("http://{}/", reachable(bound));
    if let Some(token) = &token {
        // What stands behind the `#` is sent nowhere.
        url = format!("{url}#token={}", token.text());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    let shared = Arc::new(Shared {
        board: Mutex::new(Board::new(script)),
        steering: Mutex::default(),
        messages: broadcast::Sender::new(WAITING),
        open: watch::Sender::new(0),
        guard: Guard::new(bound.port(), token),
    });
    let serve = move || {
        runtime.block_on(async move {
            tokio::select! {
                () = serve(listener, shared.clone()) => {}
                () = attend(shared, incoming) => {}
            }
        });
    };
    let thread = std::thread::Builder::new()
        .name("dashboard".to_owned())
        .spawn(serve)
        .map_err(failed)?;
    Ok((url, thread))
}

/// Bound here and not on the thread, so that whoever asked is told of a failure.
fn bind(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// An address that leads to where everything is listened to.
fn reachable(mut bound: SocketAddr) -> SocketAddr {
    if bound.ip().is_unspecified() {
        bound.set_ip(match bound.ip() {
            IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    bound
}

/// Takes in what the run tells, until its end.
async fn attend(shared: Arc<Shared>, mut incoming: mpsc::Receiver<Message>) {
    while let Some(message) = incoming.recv().await {
        // Looked at and sent under one lock: who opens a page meanwhile gets each message once.
        let mut board = shared.board();
        let bytes = match message {
            Message::Begin(steering) => {
                steer(&shared, Some(steering));
                board.begin();
                board.snapshot()
            }
            Message::Progress(progress) => board.take(*progress),
            Message::Idle(why) => board.idle(why),
            Message::Over(result) => {
                steer(&shared, None);
                board.over(result)
            }
            Message::End => break,
        };
        // Without an open page nobody gets it.
        let _ = shared.messages.send(bytes);
    }
    steer(&shared, None);
    if shared.board().status.over {
        // Pages fetch the result, then they go.
        let mut open = shared.open.subscribe();
        let _ = tokio::time::timeout(PATIENCE, open.wait_for(|open| *open == 0)).await;
    }
}

fn steer(shared: &Shared, steering: Option<Arc<dyn super::Steering>>) {
    *shared
        .steering
        .lock()
        .unwrap_or_else(PoisonError::into_inner) = steering;
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    if let Ok(listener) = TcpListener::from_std(listener) {
        listening::serve(listener, router(shared), MAX_CONNECTIONS).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_leads_somewhere() {
        let shown = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(shown("0.0.0.0:80"), "127.0.0.1:80");
        assert_eq!(shown("[::]:80"), "[::1]:80");
        assert_eq!(shown("192.168.1.2:80"), "192.168.1.2:80");
    }
}
