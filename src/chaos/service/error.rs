//! What can go wrong with services.

use std::io;
use std::path::PathBuf;

use super::hint;
use crate::chaos::GuardianError;

/// Nothing was changed, unless the service itself did half of what it was told.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error(
        "this machine was not started by systemd, so it has no units: there is no /run/systemd/system"
    )]
    NoSystemd,
    #[error("`{0}` is not the name of a unit: expected one as `postgresql.service`")]
    UnitName(String),
    #[error("the unit `{name}` does not run, it is {state}{}", hint(.known))]
    UnitNotActive {
        name: String,
        state: String,
        known: Option<String>,
    },
    #[error("`systemctl {words}` failed: {why}")]
    Systemctl { words: String, why: String },
    #[error("there is no socket of Docker or Podman: looked at {}; name another in DOCKER_HOST, as `unix:///run/docker.sock`", .0.join(", "))]
    NoSocket(Vec<String>),
    #[error(
        "DOCKER_HOST is `{0}`, and only sockets of this machine are spoken to: expected `unix:///run/docker.sock`"
    )]
    NotSocket(String),
    #[error("cannot speak to Docker at `{}`: {source}{}", .socket.display(), if source.kind() == io::ErrorKind::PermissionDenied { "; join the group `docker`, or be root" } else { "" })]
    Socket {
        socket: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("`{0}` is not the name of a container")]
    ContainerName(String),
    #[error("there is no container named `{name}`{}", hint(.known))]
    NoContainer { name: String, known: Option<String> },
    #[error("the container `{name}` does not run, it is {state}")]
    ContainerNotRunning { name: String, state: String },
    #[error(
        "the container `{0}` is removed when it stops (`--rm`), so that it could not be started again; pause it, or start it without that"
    )]
    RemovesItself(String),
    #[error("the container `{0}` is the one that rhaid runs in")]
    Own(String),
    #[error("Docker refuses to {what} the container `{name}`: {message} (status {status})")]
    Refused {
        what: &'static str,
        name: String,
        status: u16,
        message: String,
    },
    #[error("`{0}` is no signal: expected one as `KILL` or `TERM`")]
    Signal(String),
    #[error(transparent)]
    Guardian(#[from] GuardianError),
}
