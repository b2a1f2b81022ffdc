//! Containers, by the API that Docker and Podman share.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::error::ServiceError;
use super::socket::{Answer, ask};
use crate::chaos::{Deed, EntryId, FaultId, Ledger};
use crate::suggest::did_you_mean;

/// By then one that was asked to end has ended.
const ENDS: Duration = Duration::from_secs(GRACE as u64 + 5);
/// Between two looks at whether it has.
const LOOK: Duration = Duration::from_millis(200);
/// So long a container has to end before Docker kills it, in seconds.
const GRACE: u32 = 10;

/// A Docker or a Podman of this machine.
#[derive(Debug, Clone)]
pub struct Docker {
    socket: PathBuf,
}

/// What is asked about a container.
struct Container {
    id: String,
    /// `running`, `paused`, `exited` …
    state: String,
    removes_itself: bool,
}

impl Docker {
    /// The one whose socket is in `DOCKER_HOST`, or at one of the usual places.
    ///
    /// # Errors
    /// When there is none.
    pub fn find() -> Result<Self, ServiceError> {
        if let Some(host) = std::env::var("DOCKER_HOST")
            .ok()
            .filter(|host| !host.is_empty())
        {
            return match host.strip_prefix("unix://") {
                Some(socket) => Ok(Self::at(Path::new(socket))),
                None => Err(ServiceError::NotSocket(host)),
            };
        }
        let mut places: Vec<PathBuf> = vec!["/var/run/docker.sock".into()];
        if let Some(own) = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from) {
            places.push(own.join("docker.sock"));
            places.push(own.join("podman/podman.sock"));
        }
        places.push("/run/podman/podman.sock".into());
        match places.iter().find(|place| place.exists()) {
            Some(socket) => Ok(Self::at(socket)),
            None => Err(ServiceError::NoSocket(
                places
                    .iter()
                    .map(|place| format!("`{}`", place.display()))
                    .collect(),
            )),
        }
    }

    /// The one with this socket.
    pub fn at(socket: &Path) -> Self {
        Self {
            socket: std::path::absolute(socket).unwrap_or_else(|_| socket.to_owned()),
        }
    }

    /// Stops a container: it is asked to end, and killed after ten seconds. The way back starts it.
    ///
    /// # Errors
    /// When there is no such container, it does not run, it could not be started again, Docker refuses, or there is no guardian.
    pub fn stop(
        &self,
        ledger: &Ledger,
        fault: FaultId,
        name: &str,
    ) -> Result<EntryId, ServiceError> {
        let container = self.to_be_ended(name)?;
        let path = format!("/containers/{}/stop?t={GRACE}", container.id);
        let way_back = self.start_deed(&container, name);
        self.change(ledger, fault, name, way_back, "stop", &path)
    }

    /// Sends a container a signal by its name, as `KILL`. The way back starts it, if the signal ended it.
    ///
    /// # Errors
    /// When that is no signal, there is no such container, it does not run, it could not be started again, Docker refuses, or there is no guardian.
    pub fn kill(
        &self,
        ledger: &Ledger,
        fault: FaultId,
        name: &str,
        signal: &str,
    ) -> Result<EntryId, ServiceError> {
        let signal = super::unit::signal(signal)?;
        let container = self.to_be_ended(name)?;
        let path = format!("/containers/{}/kill?signal={signal}", container.id);
        let way_back = self.start_deed(&container, name);
        self.change(ledger, fault, name, way_back, "kill", &path)
    }

    /// Pauses a container: all of its processes stand still. The way back lets them go on.
    ///
    /// # Errors
    /// When there is no such container, it does not run, Docker refuses, or there is no guardian.
    pub fn pause(
        &self,
        ledger: &Ledger,
        fault: FaultId,
        name: &str,
    ) -> Result<EntryId, ServiceError> {
        let container = self.running(name)?;
        let path = format!("/containers/{}/pause", container.id);
        let way_back = Deed::UnpauseContainer {
            socket: self.socket.clone(),
            id: container.id,
            name: name.to_owned(),
        };
        self.change(ledger, fault, name, way_back, "pause", &path)
    }

    /// Restarts a container: how long it took until Docker said that it runs. There is nothing to undo.
    ///
    /// # Errors
    /// When there is no such container, or Docker refuses.
    pub fn restart(&self, name: &str) -> Result<Duration, ServiceError> {
        let container = self.container(name)?;
        if is_own(&container.id) {
            return Err(ServiceError::Own(name.to_owned()));
        }
        let began = Instant::now();
        let path = format!("/containers/{}/restart?t={GRACE}", container.id);
        self.post("restart", name, &path)?;
        Ok(began.elapsed())
    }

    /// Starts a container. One that runs already is left as it is, unless it is on its way to its end: nobody has said that it has come there.
    pub(in crate::chaos) fn start(
        &self,
        id: &str,
        name: &str,
        has_ended: bool,
    ) -> Result<(), ServiceError> {
        let began = Instant::now();
        if !has_ended {
            while began.elapsed() < ENDS && self.container(id)?.state == "running" {
                std::thread::sleep(LOOK);
            }
        }
        self.post("start", name, &format!("/containers/{id}/start"))
    }

    /// Lets a container go on. One that is not paused is left as it is.
    pub(in crate::chaos) fn unpause(&self, id: &str, name: &str) -> Result<(), ServiceError> {
        let container = self.container(id)?;
        if container.state != "paused" {
            return Ok(());
        }
        self.post("unpause", name, &format!("/containers/{id}/unpause"))
    }

    fn start_deed(&self, container: &Container, name: &str) -> Deed {
        Deed::StartContainer {
            socket: self.socket.clone(),
            id: container.id.clone(),
            name: name.to_owned(),
            is_settled: false,
        }
    }

    fn change(
        &self,
        ledger: &Ledger,
        fault: FaultId,
        name: &str,
        way_back: Deed,
        what: &'static str,
        path: &str,
    ) -> Result<EntryId, ServiceError> {
        let entry = ledger.enter_deed(fault, way_back)?;
        match self.post(what, name, path) {
            Ok(()) => {
                ledger.settle(entry);
                Ok(entry)
            }
            Err(error) => {
                // Half of it may have been done.
                let _ = ledger.undo(entry);
                Err(error)
            }
        }
    }

    fn to_be_ended(&self, name: &str) -> Result<Container, ServiceError> {
        let container = self.running(name)?;
        if container.removes_itself {
            return Err(ServiceError::RemovesItself(name.to_owned()));
        }
        Ok(container)
    }

    fn running(&self, name: &str) -> Result<Container, ServiceError> {
        let container = self.container(name)?;
        if is_own(&container.id) {
            return Err(ServiceError::Own(name.to_owned()));
        }
        if container.state != "running" {
            return Err(ServiceError::ContainerNotRunning {
                name: name.to_owned(),
                state: container.state,
            });
        }
        Ok(container)
    }

    fn container(&self, name: &str) -> Result<Container, ServiceError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        if name.is_empty() || name.starts_with(['.', '-']) || !name.chars().all(fits) {
            return Err(ServiceError::ContainerName(name.to_owned()));
        }
        let written = utf8_percent_encode(name, NON_ALPHANUMERIC);
        let answer = self.ask("GET", &format!("/containers/{written}/json"))?;
        if answer.status == 404 {
            let names = self.names();
            return Err(ServiceError::NoContainer {
                name: name.to_owned(),
                known: did_you_mean(name, names.iter().map(String::as_str)),
            });
        }
        let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let read = json.filter(|_| answer.status == 200).and_then(|json| {
            Some(Container {
                id: json.get("Id")?.as_str()?.to_owned(),
                state: json.pointer("/State/Status")?.as_str()?.to_owned(),
                removes_itself: json
                    .pointer("/HostConfig/AutoRemove")
                    .and_then(Value::as_bool)
                    .unwrap_or_default(),
            })
        });
        read.ok_or_else(|| refused("describe", name, &answer))
    }

    /// The names of all containers; none if Docker does not tell.
    fn names(&self) -> Vec<String> {
        let answer = self.ask("GET", "/containers/json?all=1").ok();
        let json: Option<Value> =
            answer.and_then(|answer| serde_json::from_slice(&answer.body).ok());
        let all = json.as_ref().and_then(Value::as_array);
        all.into_iter()
            .flatten()
            .filter_map(|container| container.get("Names")?.as_array())
            .flatten()
            .filter_map(|name| Some(name.as_str()?.trim_start_matches('/').to_owned()))
            .collect()
    }

    fn post(&self, what: &'static str, name: &str, path: &str) -> Result<(), ServiceError> {
        let answer = self.ask("POST", path)?;
        match answer.status {
            // 304: it was so already.
            200..=299 | 304 => Ok(()),
            _ => Err(refused(what, name, &answer)),
        }
    }

    fn ask(&self, method: &str, path: &str) -> Result<Answer, ServiceError> {
        ask(&self.socket, method, path).map_err(|source| ServiceError::Socket {
            socket: self.socket.clone(),
            source,
        })
    }
}

fn refused(what: &'static str, name: &str, answer: &Answer) -> ServiceError {
    ServiceError::Refused {
        what,
        name: name.to_owned(),
        status: answer.status,
        message: answer.message(),
    }
}

/// Whether this process is in that container.
fn is_own(id: &str) -> bool {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    // Where control groups do not tell, this does: Docker mounts the file from the container's own folder.
    let mounts = read("/proc/self/mountinfo");
    let mut mounted = mounts
        .lines()
        .filter(|line| line.contains(" /etc/hostname "));
    id.len() >= 12
        && (read("/proc/self/cgroup").contains(id) || mounted.any(|line| line.contains(id)))
}
