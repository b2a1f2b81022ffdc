//! Units of systemd.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::error::ServiceError;
use crate::chaos::{Deed, EntryId, FaultId, Ledger};
use crate::suggest::did_you_mean;

const USUAL: &str = "systemctl";
/// Where systemd is what started the machine.
const RUNS: &str = "/run/systemd/system";
const SIGNALS: &[&str] = &[
    "HUP", "INT", "QUIT", "ABRT", "KILL", "USR1", "USR2", "TERM", "CONT", "STOP",
];

/// The systemd of this machine.
#[derive(Debug, Clone)]
pub struct Systemd {
    program: PathBuf,
}

impl Systemd {
    /// The one that started this machine.
    ///
    /// # Errors
    /// When something else did.
    pub fn find() -> Result<Self, ServiceError> {
        if Path::new(RUNS).exists() {
            Ok(Self::at(Path::new(USUAL)))
        } else {
            Err(ServiceError::NoSystemd)
        }
    }

    /// The one that is spoken to by this program.
    pub fn at(program: &Path) -> Self {
        Self {
            program: program.to_owned(),
        }
    }

    /// Stops a unit. The way back starts it.
    ///
    /// # Errors
    /// When it does not run, systemd refuses, or there is no guardian.
    pub fn stop(
        &self,
        ledger: &Ledger,
        fault: FaultId,
        unit: &str,
    ) -> Result<EntryId, ServiceError> {
        self.change(ledger, fault, unit, &["stop"])
    }

    /// Sends all processes of a unit a signal by its name, as `KILL`. The way back starts it, if systemd has not.
    ///
    /// # Errors
    /// When that is no signal, the unit does not run, systemd refuses, or there is no guardian.
    pub fn kill(
        &self,
        ledger: &Ledger,
        fault: FaultId,
        unit: &str,
        signal_name: &str,
    ) -> Result<EntryId, ServiceError> {
        let signal = format!("--signal={}", signal(signal_name)?);
        self.change(ledger, fault, unit, &["kill", &signal])
    }

    /// Restarts a unit: how long it took until systemd said that it runs. There is nothing to undo.
    ///
    /// # Errors
    /// When it does not run, or systemd refuses.
    pub fn restart(&self, unit: &str) -> Result<Duration, ServiceError> {
        self.check(unit)?;
        let began = Instant::now();
        self.call(&["restart"], unit)?;
        Ok(began.elapsed())
    }

    /// Starts a unit. One that runs is left as it is.
    pub(in crate::chaos) fn start(&self, unit: &str) -> Result<(), ServiceError> {
        self.call(&["start"], unit)
    }

    fn change(
        &self,
        ledger: &Ledger,
        fault: FaultId,
        unit: &str,
        words: &[&str],
    ) -> Result<EntryId, ServiceError> {
        self.check(unit)?;
        let way_back = Deed::StartUnit {
            systemctl: self.program.clone(),
            unit: unit.to_owned(),
        };
        let entry = ledger.enter_deed(fault, way_back)?;
        match self.call(words, unit) {
            Ok(()) => Ok(entry),
            Err(error) => {
                // Half of it may have been done.
                let _ = ledger.undo(entry);
                Err(error)
            }
        }
    }

    /// Only what runs can be broken, and put back to running.
    fn check(&self, unit: &str) -> Result<(), ServiceError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || ":_.\\@-".contains(c);
        if unit.is_empty() || unit.starts_with('-') || !unit.chars().all(fits) {
            return Err(ServiceError::UnitName(unit.to_owned()));
        }
        let output = self.run(&["is-active"], Some(unit))?;
        if output.status.success() {
            return Ok(());
        }
        let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let listed = self.run(
            &[
                "list-units",
                "--all",
                "--plain",
                "--no-legend",
                "--no-pager",
            ],
            None,
        )?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let units = listed
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        // A name without a kind is a service's.
        let names = units.flat_map(|unit| [Some(unit), unit.strip_suffix(".service")]);
        let known = did_you_mean(unit, names.flatten().filter(|known| *known != unit));
        Err(ServiceError::UnitNotActive {
            name: unit.to_owned(),
            state: if state.is_empty() {
                "not known to systemd".to_owned()
            } else {
                state
            },
            known,
        })
    }

    fn call(&self, words: &[&str], unit: &str) -> Result<(), ServiceError> {
        let output = self.run(words, Some(unit))?;
        if output.status.success() {
            return Ok(());
        }
        let why = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let why = if why.is_empty() {
            output.status.to_string()
        } else {
            why
        };
        Err(failed(words, Some(unit), why))
    }

    fn run(&self, words: &[&str], unit: Option<&str>) -> Result<Output, ServiceError> {
        Command::new(&self.program)
            .arg("--no-ask-password")
            .args(words)
            .arg("--")
            .args(unit)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| failed(words, unit, error.to_string()))
    }
}

fn failed(words: &[&str], unit: Option<&str>, why: String) -> ServiceError {
    let mut all: Vec<&str> = words.to_vec();
    all.extend(unit);
    ServiceError::Systemctl {
        words: all.join(" "),
        why,
    }
}

/// A signal's name, without `SIG`.
pub(super) fn signal(name: &str) -> Result<String, ServiceError> {
    let upper = name.to_uppercase();
    let short = upper.strip_prefix("SIG").unwrap_or(&upper);
    if SIGNALS.contains(&short) {
        Ok(short.to_owned())
    } else {
        Err(ServiceError::Signal(name.to_owned()))
    }
}
