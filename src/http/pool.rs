//! The open connections of one virtual user.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

use super::h2c;
use super::io::Io;
use super::target::Target;

/// What is spoken on a connection.
pub enum Kind {
    Http1 {
        io: Io,
        /// Set on the way to a forward proxy: whole URLs are sent, with these credentials if any.
        absolute_form: Option<Option<String>>,
    },
    Http2(h2c::Connection),
}

/// A connection in use, with what is known about it.
pub struct Connection {
    pub remote: SocketAddr,
    pub kind: Kind,
    /// It carried a request before.
    pub reused: bool,
}

impl Connection {
    /// Bytes (read, written) on the wire since the last call.
    pub fn take_counts(&mut self) -> (u64, u64) {
        match &mut self.kind {
            Kind::Http1 { io, .. } => io.take_counts(),
            Kind::Http2(connection) => connection.take_counts(),
        }
    }
}

/// A connection that waits for its next request.
struct Idle {
    target: Rc<Target>,
    remote: SocketAddr,
    kind: Kind,
}

/// Idle connections kept per virtual user; the oldest is closed when there are more.
const MAX_IDLE: usize = 64;

/// Connections that wait for their next request. The last one used is the first one taken.
#[derive(Default)]
pub struct Pool(RefCell<Vec<Idle>>);

impl Pool {
    /// An open connection to the target's origin, if one is kept.
    pub fn take(&self, target: &Rc<Target>) -> Option<Connection> {
        let mut idle = self.0.borrow_mut();
        let mut at = idle.len();
        while at > 0 {
            at -= 1;
            let found = &idle[at];
            if !Rc::ptr_eq(&found.target, target) && !found.target.same_origin(target) {
                continue;
            }
            if let Kind::Http2(connection) = &found.kind {
                // Streams of a batch share it, so it stays.
                if connection.is_open() {
                    return Some(Connection {
                        remote: found.remote,
                        kind: Kind::Http2(connection.clone()),
                        reused: true,
                    });
                }
                idle.swap_remove(at);
                continue;
            }
            let mut found = idle.swap_remove(at);
            if let Kind::Http1 { io, .. } = &mut found.kind
                && io.is_idle_and_open()
            {
                return Some(Connection {
                    remote: found.remote,
                    kind: found.kind,
                    reused: true,
                });
            }
        }
        None
    }

    /// Keeps a connection for a later request to the target's origin.
    pub fn keep(&self, target: &Rc<Target>, connection: Connection) {
        // A shared HTTP/2 connection never left.
        if let Kind::Http1 { .. } = connection.kind {
            self.push(target, connection.remote, connection.kind);
        }
    }

    /// Lets other requests to the target's origin use a connection that can carry several at once.
    pub fn share(&self, target: &Rc<Target>, connection: &Connection) {
        if let Kind::Http2(http2) = &connection.kind {
            self.push(target, connection.remote, Kind::Http2(http2.clone()));
        }
    }

    fn push(&self, target: &Rc<Target>, remote: SocketAddr, kind: Kind) {
        let mut idle = self.0.borrow_mut();
        if idle.len() >= MAX_IDLE {
            idle.remove(0);
        }
        idle.push(Idle {
            target: target.clone(),
            remote,
            kind,
        });
    }

    /// Closes all.
    pub fn clear(&self) {
        self.0.borrow_mut().clear();
    }
}
