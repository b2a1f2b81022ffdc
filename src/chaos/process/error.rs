//! What can go wrong with processes.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::chaos::GuardianError;
use crate::units::format_duration;

/// Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("there is no process {which}{}", hint(.known))]
    None {
        which: String,
        known: Option<String>,
    },
    #[error("{count} processes are {which}: {list}; name one by its number, or say `all`")]
    Several {
        which: String,
        count: usize,
        list: String,
    },
    #[error("process {pid} is never touched: it is {why}")]
    Spared { pid: u32, why: &'static str },
    #[error(
        "process {pid} (`{name}`) stands still already; continuing it afterwards would not put back what was"
    )]
    Still { pid: u32, name: String },
    #[error("the pattern `{pattern}` is no regular expression: {why}")]
    Pattern { pattern: String, why: String },
    #[error("a process's number is above 0, not {0}")]
    Number(i64),
    #[error("cannot signal process {pid} (`{name}`): {source}{}", if source.kind() == io::ErrorKind::PermissionDenied { "; it is another user's" } else { "" })]
    Signal {
        pid: u32,
        name: String,
        #[source]
        source: io::Error,
    },
    #[error("cannot look at the processes of this machine: {0}")]
    System(#[source] io::Error),
    #[error(transparent)]
    Guardian(#[from] GuardianError),
}

fn hint(known: &Option<String>) -> String {
    known
        .as_ref()
        .map_or(String::new(), |known| format!("; {known}"))
}

/// What can go wrong with the commands of a run.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("there is already a command named `{0}`")]
    Exists(String),
    #[error("there is no command named `{name}`{}", hint(.known))]
    None { name: String, known: Option<String> },
    #[error("the command `{0}` names no program")]
    Empty(String),
    #[error("the command `{0}` does not run")]
    NotRunning(String),
    #[error("the command `{0}` runs already")]
    Running(String),
    #[error("the commands of this run have been ended")]
    Closed,
    #[error("the folder `{}` of the command `{name}` does not exist", .dir.display())]
    Dir { name: String, dir: PathBuf },
    #[error("cannot open the log `{}` of the command `{name}`: {source}", .log.display())]
    Log {
        name: String,
        log: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("cannot start the command `{name}`: {why}")]
    Start { name: String, why: String },
    #[error(
        "`{address}`, where the command `{name}` is to answer, is not an address: expected `host:port`, as `127.0.0.1:9000`"
    )]
    Address { name: String, address: String },
    #[error(
        "something else answers at {address} already, where the command `{name}` is to answer; end it, or choose another port"
    )]
    Taken { name: String, address: String },
    #[error("the command `{name}` ended before it answered at {address}: {status}{}", told(.log))]
    Ended {
        name: String,
        address: String,
        status: String,
        log: Option<PathBuf>,
    },
    #[error("the command `{name}` did not answer at {address} within {}{}", format_duration(*.within), told(.log))]
    NotReady {
        name: String,
        address: String,
        within: Duration,
        log: Option<PathBuf>,
    },
    #[error("cannot end the command `{name}`: {source}")]
    End {
        name: String,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Guardian(#[from] GuardianError),
}

fn told(log: &Option<PathBuf>) -> String {
    match log {
        Some(log) => format!("; see `{}`", log.display()),
        None => "; give it a `log` to see why".to_owned(),
    }
}
