//! What a fault can break beside proxies and databases: processes, commands, the machine, services, names.

use std::path::PathBuf;

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult};

use super::basics::duration_of;
use super::faults::{Fault, on_the_side};
use super::{Fallible, error};
use crate::chaos::Touches;
use crate::chaos::dns::Answer;
use crate::chaos::machine::{self, Amount};
use crate::chaos::process::{Which, stop};
use crate::chaos::service::{Docker, Systemd};
use crate::units;

/// Processes of this machine.
#[derive(Clone)]
pub struct FaultProcess {
    fault: Fault,
    which: Which,
    all: bool,
}

/// A command that the run started.
#[derive(Clone)]
pub struct FaultCommand {
    fault: Fault,
    name: String,
}

/// This machine.
#[derive(Clone)]
pub struct FaultMachine(Fault);

/// A unit of systemd, or a container.
#[derive(Clone)]
pub struct FaultService {
    fault: Fault,
    name: String,
    is_container: bool,
}

/// Host names that the load looks up.
#[derive(Clone)]
pub struct FaultNames {
    fault: Fault,
    hosts: String,
}

/// A number of bytes (`"500MB"`) or a share of what is free (`"80%"`).
fn amount_of(value: &Dynamic) -> Fallible<Amount> {
    if let Ok(bytes) = value.as_int() {
        return match u64::try_from(bytes) {
            Ok(bytes) => Ok(Amount::Bytes(bytes)),
            Err(_) => error("an amount is not negative"),
        };
    }
    let text = value.clone().into_immutable_string();
    let Ok(text) = text else {
        return error("an amount is a number of bytes, or a text such as \"500MB\" or \"80%\"");
    };
    if text.trim_end().ends_with('%') {
        return units::parse_fraction(&text)
            .map(Amount::Share)
            .or_else(|why| error(why.to_string()));
    }
    units::parse_size(&text)
        .map(Amount::Bytes)
        .or_else(|why| error(why.to_string()))
}

pub(super) fn count_of(number: i64, what: &str) -> Fallible<u64> {
    u64::try_from(number)
        .or_else(|_| error(format!("{what} must not be negative, and is {number}")))
}

/// Left free on a disk or in memory.
const RESERVE: u64 = 512 << 20;

impl FaultProcess {
    fn stop(&self) -> Fallible<i64> {
        let (which, all) = (self.which.clone(), self.all);
        on_the_side(&self.fault, Touches::Process, move |ledger, id, _| {
            let stopped = stop(ledger, id, &which, all).map_err(|why| why.to_string())?;
            let names: Vec<_> = stopped
                .processes
                .iter()
                .map(|found| format!("{} ({})", found.name, found.identity.pid))
                .collect();
            let count = stopped.processes.len() as i64;
            Ok((count, format!("stopped {}", names.join(", "))))
        })
    }
}

impl FaultService {
    /// Does one thing with a unit or a container.
    fn act(&self, what: &'static str) -> Fallible<()> {
        let (name, is_container) = (self.name.clone(), self.is_container);
        on_the_side(&self.fault, Touches::Service, move |ledger, id, _| {
            let told = format!(
                "{what} of {} `{name}`",
                if is_container { "container" } else { "unit" }
            );
            let outcome = if is_container {
                Docker::find().and_then(|docker| match what {
                    "stop" => docker.stop(ledger, id, &name).map(drop),
                    "kill" => docker.kill(ledger, id, &name, "KILL").map(drop),
                    "pause" => docker.pause(ledger, id, &name).map(drop),
                    _ => docker.restart(&name).map(drop),
                })
            } else {
                Systemd::find().and_then(|systemd| match what {
                    "stop" | "pause" => systemd.stop(ledger, id, &name).map(drop),
                    "kill" => systemd.kill(ledger, id, &name, "KILL").map(drop),
                    _ => systemd.restart(&name).map(drop),
                })
            };
            outcome.map(|()| ((), told)).map_err(|why| why.to_string())
        })
    }
}

impl FaultNames {
    fn answer(&self, answer: Answer, told: String) -> Fallible<()> {
        let hosts = self.hosts.clone();
        let dns = super::virtual_user("a fault of names")?
            .worker
            .client
            .settings()
            .dns
            .clone();
        on_the_side(&self.fault, Touches::Dns, move |ledger, id, _| {
            let entered = dns.inject(ledger, id, &hosts, answer);
            entered
                .map(|_| ((), format!("names `{hosts}` {told}")))
                .map_err(|why| why.to_string())
        })
    }
}

#[export_module]
pub mod breaking_types {
    /// The process whose program has this name, exactly one.
    #[rhai_fn(name = "process", pure)]
    pub fn process_by_name(fault: &mut Fault, name: &str) -> FaultProcess {
        FaultProcess {
            fault: fault.clone(),
            which: Which::name(name),
            all: false,
        }
    }

    /// The process of this number.
    #[rhai_fn(name = "process", return_raw, pure)]
    pub fn process_by_pid(fault: &mut Fault, pid: i64) -> Result<FaultProcess, Box<EvalAltResult>> {
        match Which::pid(pid) {
            Ok(which) => Ok(FaultProcess {
                fault: fault.clone(),
                which,
                all: false,
            }),
            Err(why) => error(why.to_string()),
        }
    }

    /// All processes whose command line matches this regular expression.
    #[rhai_fn(return_raw, pure)]
    pub fn processes(fault: &mut Fault, pattern: &str) -> Result<FaultProcess, Box<EvalAltResult>> {
        match Which::pattern(pattern) {
            Ok(which) => Ok(FaultProcess {
                fault: fault.clone(),
                which,
                all: true,
            }),
            Err(why) => error(why.to_string()),
        }
    }

    /// Lets the process stand still (SIGSTOP); it goes on when the fault is over. Gives how many were stopped.
    #[rhai_fn(name = "stop", return_raw, pure)]
    pub fn stop_process(process: &mut FaultProcess) -> Result<i64, Box<EvalAltResult>> {
        process.stop()
    }

    /// A command of the options' `commands`.
    #[rhai_fn(pure)]
    pub fn command(fault: &mut Fault, name: &str) -> FaultCommand {
        FaultCommand {
            fault: fault.clone(),
            name: name.to_owned(),
        }
    }

    /// Kills the command; it is started again when the fault is over.
    #[rhai_fn(name = "kill", return_raw, pure)]
    pub fn kill_command(command: &mut FaultCommand) -> Result<(), Box<EvalAltResult>> {
        let name = command.name.clone();
        on_the_side(
            &command.fault,
            Touches::Process,
            move |ledger, id, chaos| {
                let killed = chaos.commands().kill(ledger, id, &name, false);
                killed
                    .map(|_| ((), format!("killed command `{name}`")))
                    .map_err(|why| why.to_string())
            },
        )
    }

    /// Lets the command stand still (SIGSTOP); it goes on when the fault is over.
    #[rhai_fn(name = "stop", return_raw, pure)]
    pub fn stop_command(command: &mut FaultCommand) -> Result<(), Box<EvalAltResult>> {
        let name = command.name.clone();
        on_the_side(
            &command.fault,
            Touches::Process,
            move |ledger, id, chaos| {
                let pid = chaos.commands().pid(&name).map_err(|why| why.to_string())?;
                let Some(pid) = pid else {
                    return Err(format!("the command `{name}` does not run"));
                };
                let stopped = stop(ledger, id, &Which::Pid(pid), false);
                stopped
                    .map(|_| ((), format!("stopped command `{name}` ({pid})")))
                    .map_err(|why| why.to_string())
            },
        )
    }

    /// Ends the command and starts it again at once. Gives the seconds until it was ready.
    #[rhai_fn(name = "restart", return_raw, pure)]
    pub fn restart_command(command: &mut FaultCommand) -> Result<f64, Box<EvalAltResult>> {
        let name = command.name.clone();
        on_the_side(
            &command.fault,
            Touches::Process,
            move |ledger, id, chaos| {
                let took = chaos
                    .commands()
                    .restart(ledger, id, &name, true)
                    .map_err(|why| why.to_string())?;
                Ok((took.as_secs_f64(), format!("restarted command `{name}`")))
            },
        )
    }

    /// This machine: its processors, memory, disks and files.
    #[rhai_fn(pure)]
    pub fn machine(fault: &mut Fault) -> FaultMachine {
        FaultMachine(fault.clone())
    }

    /// Keeps every processor busy to this percentage.
    #[rhai_fn(return_raw, pure)]
    pub fn cpu(machine: &mut FaultMachine, percent: i64) -> Result<(), Box<EvalAltResult>> {
        let load = u32::try_from(percent).unwrap_or(0);
        on_the_side(&machine.0, Touches::Machine, move |ledger, id, chaos| {
            let longest = chaos.longest(id);
            let taken = machine::cpu(ledger, id, None, load, longest, None)
                .map_err(|why| why.to_string())?;
            Ok(((), format!("{} processors busy to {load}%", taken.taken)))
        })
    }

    /// Takes memory: `"500MB"`, or a share of what is free: `"80%"`. Half a gibibyte is left.
    #[rhai_fn(return_raw, pure)]
    pub fn memory(machine: &mut FaultMachine, amount: Dynamic) -> Result<(), Box<EvalAltResult>> {
        let amount = amount_of(&amount)?;
        on_the_side(&machine.0, Touches::Machine, move |ledger, id, chaos| {
            let longest = chaos.longest(id);
            let taken = machine::memory(ledger, id, amount, RESERVE, longest)
                .map_err(|why| why.to_string())?;
            Ok((
                (),
                format!("{} of memory taken", units::format_bytes(taken.taken)),
            ))
        })
    }

    /// Fills the disk of a folder by a file in it, which is removed when the fault is over. Half a gibibyte is left.
    #[rhai_fn(return_raw, pure)]
    pub fn disk(
        machine: &mut FaultMachine,
        folder: &str,
        amount: Dynamic,
    ) -> Result<(), Box<EvalAltResult>> {
        let (amount, folder) = (amount_of(&amount)?, PathBuf::from(folder));
        on_the_side(&machine.0, Touches::Machine, move |ledger, id, _| {
            let filled = machine::fill(ledger, id, &folder, amount, RESERVE)
                .map_err(|why| why.to_string())?;
            Ok((
                (),
                format!(
                    "{} of disk filled in {}",
                    units::format_bytes(filled.bytes),
                    folder.display()
                ),
            ))
        })
    }

    /// Keeps the disk of a folder busy with writing and reading.
    #[rhai_fn(return_raw, pure)]
    pub fn io(
        machine: &mut FaultMachine,
        folder: &str,
        workers: i64,
    ) -> Result<(), Box<EvalAltResult>> {
        let workers = u32::try_from(workers).unwrap_or(0);
        let folder = PathBuf::from(folder);
        on_the_side(&machine.0, Touches::Machine, move |ledger, id, chaos| {
            let longest = chaos.longest(id);
            let busy = machine::io(ledger, id, &folder, workers, RESERVE, longest);
            busy.map_err(|why| why.to_string())?;
            Ok((
                (),
                format!("{workers} writers keep {} busy", folder.display()),
            ))
        })
    }

    /// Opens so many files, as far as a process of its own may.
    #[rhai_fn(name = "files", return_raw, pure)]
    pub fn open_files(machine: &mut FaultMachine, count: i64) -> Result<(), Box<EvalAltResult>> {
        let count = count_of(count, "a number of files")?;
        on_the_side(&machine.0, Touches::Machine, move |ledger, id, chaos| {
            let longest = chaos.longest(id);
            let taken =
                machine::open_files(ledger, id, count, longest).map_err(|why| why.to_string())?;
            Ok((
                (),
                format!("{} files opened", units::format_count(taken.taken)),
            ))
        })
    }

    /// A unit of systemd.
    #[rhai_fn(pure)]
    pub fn unit(fault: &mut Fault, name: &str) -> FaultService {
        FaultService {
            fault: fault.clone(),
            name: name.to_owned(),
            is_container: false,
        }
    }

    /// A container of Docker, or of what speaks like it.
    #[rhai_fn(pure)]
    pub fn container(fault: &mut Fault, name: &str) -> FaultService {
        FaultService {
            fault: fault.clone(),
            name: name.to_owned(),
            is_container: true,
        }
    }

    /// Stops the service; it is started again when the fault is over.
    #[rhai_fn(name = "stop", return_raw, pure)]
    pub fn stop_service(service: &mut FaultService) -> Result<(), Box<EvalAltResult>> {
        service.act("stop")
    }

    /// Kills the service; it is started again when the fault is over.
    #[rhai_fn(name = "kill", return_raw, pure)]
    pub fn kill_service(service: &mut FaultService) -> Result<(), Box<EvalAltResult>> {
        service.act("kill")
    }

    /// Lets the service stand still; it goes on when the fault is over. A unit is stopped.
    #[rhai_fn(name = "pause", return_raw, pure)]
    pub fn pause_service(service: &mut FaultService) -> Result<(), Box<EvalAltResult>> {
        service.act("pause")
    }

    /// Restarts the service.
    #[rhai_fn(name = "restart", return_raw, pure)]
    pub fn restart_service(service: &mut FaultService) -> Result<(), Box<EvalAltResult>> {
        service.act("restart")
    }

    /// Names that the load looks up: a name, or `*.example.com`, or `*`.
    #[rhai_fn(pure)]
    pub fn dns(fault: &mut Fault, hosts: &str) -> FaultNames {
        FaultNames {
            fault: fault.clone(),
            hosts: hosts.to_owned(),
        }
    }

    /// The names cannot be found.
    #[rhai_fn(name = "fail", return_raw, pure)]
    pub fn fail_names(names: &mut FaultNames) -> Result<(), Box<EvalAltResult>> {
        names.answer(Answer::Fail, "cannot be found".into())
    }

    /// Looking the names up takes this much longer.
    #[rhai_fn(name = "slow", return_raw, pure)]
    pub fn slow_names(names: &mut FaultNames, delay: Dynamic) -> Result<(), Box<EvalAltResult>> {
        let delay = duration_of(&delay)?;
        let told = format!("are found {} later", units::format_duration(delay));
        names.answer(Answer::Delay(delay), told)
    }

    /// The names lead to this address of the machine itself.
    #[rhai_fn(name = "lead_to", return_raw, pure)]
    pub fn lead_names(names: &mut FaultNames, address: &str) -> Result<(), Box<EvalAltResult>> {
        match address.parse() {
            Ok(address) => names.answer(Answer::Address(address), format!("lead to {address}")),
            Err(_) => error(format!("`{address}` is not an IP address")),
        }
    }
}
