//! Programs that a run starts, breaks and ends.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::CommandError;
use super::launch::{Launch, LaunchError, launch};
use super::ours::Ours;
use crate::chaos::{EntryId, FaultId, Guardian, Ledger, Undo};
use crate::suggest::did_you_mean;

const LOOK: Duration = Duration::from_millis(20);
const CONNECT_WITHIN: Duration = Duration::from_millis(500);

/// When a command counts as ready: something answers at this address.
#[derive(Debug, Clone)]
pub struct Ready {
    /// `host:port`.
    pub address: String,
    pub within: Duration,
}

/// A program to start.
#[derive(Debug, Clone)]
pub struct CommandSpec {
    /// The program and its arguments. No shell reads them.
    pub argv: Vec<String>,
    /// Beside the variables of rhaid itself.
    pub env: BTreeMap<String, String>,
    pub dir: Option<PathBuf>,
    /// Its output is added to this file; it goes nowhere if there is none.
    pub log: Option<PathBuf>,
    pub ready: Option<Ready>,
    /// It is asked to end, and has so long for it.
    pub grace: Duration,
}

impl CommandSpec {
    /// This program with these arguments; five seconds to end.
    pub fn new(argv: Vec<String>) -> Self {
        Self {
            argv,
            env: BTreeMap::new(),
            dir: None,
            log: None,
            ready: None,
            grace: Duration::from_secs(5),
        }
    }
}

/// The commands of a run, by name. They end with it: at the latest when the last handle is dropped, and by the guardian if rhaid is killed.
#[derive(Debug, Clone)]
pub struct Commands {
    all: Arc<All>,
}

#[derive(Debug)]
struct All {
    guardian: Guardian,
    by_name: Mutex<BTreeMap<String, Arc<One>>>,
    /// Nothing is started any more.
    closed: Arc<AtomicBool>,
}

/// One command. It is locked while it starts or ends, so that nobody does both at once.
#[derive(Debug)]
struct One {
    name: String,
    spec: CommandSpec,
    running: Mutex<Option<Ours>>,
    guardian: Guardian,
    closed: Arc<AtomicBool>,
}

impl Commands {
    /// None yet.
    pub fn new(guardian: Guardian) -> Self {
        let all = All {
            guardian,
            by_name: Mutex::default(),
            closed: Arc::default(),
        };
        Self { all: Arc::new(all) }
    }

    /// Starts a command and waits until it is ready: its process's number.
    ///
    /// # Errors
    /// When the name is taken, it cannot be started, or it is not ready in time; it does not run then.
    pub fn start(&self, name: &str, spec: CommandSpec) -> Result<u32, CommandError> {
        let one = Arc::new(One {
            name: name.to_owned(),
            spec,
            running: Mutex::default(),
            guardian: self.all.guardian.clone(),
            closed: Arc::clone(&self.all.closed),
        });
        {
            let mut by_name = self.all.by_name();
            if by_name.contains_key(name) {
                return Err(CommandError::Exists(name.to_owned()));
            }
            by_name.insert(name.to_owned(), Arc::clone(&one));
        }
        one.start().inspect_err(|_| {
            self.all.by_name().remove(name);
        })
    }

    /// The number of its process, if it runs.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn pid(&self, name: &str) -> Result<Option<u32>, CommandError> {
        let one = self.one(name)?;
        let mut running = one.running();
        Ok(running.as_mut().and_then(|ours| {
            let pid = ours.identity().pid;
            ours.ended().is_none().then_some(pid)
        }))
    }

    /// Kills a command: at once, or `politely`, by asking it first. The way back starts it again and waits until it is ready.
    ///
    /// # Errors
    /// When there is none of that name, it does not run, or it does not end.
    pub fn kill(
        &self,
        ledger: &Ledger,
        fault: FaultId,
        name: &str,
        politely: bool,
    ) -> Result<EntryId, CommandError> {
        let one = self.one(name)?;
        if self.pid(name)?.is_none() {
            return Err(CommandError::NotRunning(name.to_owned()));
        }
        // No deed of the guardian's: without rhaid it is not to run.
        let entry = ledger.enter(fault, Box::new(StartAgain(Arc::clone(&one))));
        let grace = if politely {
            one.spec.grace
        } else {
            Duration::ZERO
        };
        match one.end(grace) {
            Ok(()) => Ok(entry),
            Err(error) => {
                ledger.withdraw(entry);
                Err(error)
            }
        }
    }

    /// Ends a command, starts it again and waits until it is ready: how long all of that took. The way back of one that does not start
    /// tries once more.
    ///
    /// # Errors
    /// When there is none of that name, it does not end, or it does not start.
    pub fn restart(
        &self,
        ledger: &Ledger,
        fault: FaultId,
        name: &str,
        politely: bool,
    ) -> Result<Duration, CommandError> {
        let one = self.one(name)?;
        let began = Instant::now();
        let entry = ledger.enter(fault, Box::new(StartAgain(Arc::clone(&one))));
        let grace = if politely {
            one.spec.grace
        } else {
            Duration::ZERO
        };
        if let Err(why) = one.end(grace) {
            ledger.withdraw(entry);
            return Err(why);
        }
        one.start()?;
        ledger.withdraw(entry);
        Ok(began.elapsed())
    }

    /// Starts a command that has ended.
    ///
    /// # Errors
    /// When there is none of that name, it runs, or it does not start.
    pub fn start_again(&self, name: &str) -> Result<u32, CommandError> {
        self.one(name)?.start()
    }

    /// Ends a command, asking it first. It can be started again.
    ///
    /// # Errors
    /// When there is none of that name, or it does not end.
    pub fn end(&self, name: &str) -> Result<(), CommandError> {
        let one = self.one(name)?;
        one.end(one.spec.grace)
    }

    /// Ends all of them; none can be started any more. To be called after the ledger has undone everything.
    pub fn end_all(&self) -> Vec<CommandError> {
        self.all.end()
    }

    fn one(&self, name: &str) -> Result<Arc<One>, CommandError> {
        let by_name = self.all.by_name();
        by_name
            .get(name)
            .cloned()
            .ok_or_else(|| CommandError::None {
                name: name.to_owned(),
                known: did_you_mean(name, by_name.keys().map(String::as_str)),
            })
    }
}

impl All {
    fn by_name(&self) -> MutexGuard<'_, BTreeMap<String, Arc<One>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) -> Vec<CommandError> {
        self.closed.store(true, Ordering::SeqCst);
        let all: Vec<_> = self.by_name().values().cloned().collect();
        // Side by side: the slowest takes as long as all.
        let mut failed = Vec::new();
        std::thread::scope(|scope| {
            let ending: Vec<_> = all
                .iter()
                .map(|one| scope.spawn(|| one.end(one.spec.grace)))
                .collect();
            for ended in ending {
                failed.extend(ended.join().ok().and_then(Result::err));
            }
        });
        failed
    }
}

impl Drop for All {
    fn drop(&mut self) {
        self.end();
    }
}

impl One {
    fn running(&self) -> MutexGuard<'_, Option<Ours>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) -> Result<u32, CommandError> {
        let name = || self.name.clone();
        let mut running = self.running();
        if self.closed.load(Ordering::SeqCst) {
            return Err(CommandError::Closed);
        }
        if let Some(ours) = running.as_mut() {
            if ours.ended().is_none() {
                return Err(CommandError::Running(name()));
            }
            // It ended by itself; those of its group may be left.
            *running = None;
        }
        if self.spec.argv.is_empty() {
            return Err(CommandError::Empty(name()));
        }
        if let Some(dir) = self.spec.dir.as_ref().filter(|dir| !dir.is_dir()) {
            return Err(CommandError::Dir {
                name: name(),
                dir: dir.clone(),
            });
        }
        let ready = match &self.spec.ready {
            None => None,
            Some(ready) => Some((ready, self.addresses(ready)?)),
        };
        if let Some((ready, addresses)) = &ready
            && answers(addresses)
        {
            return Err(CommandError::Taken {
                name: name(),
                address: ready.address.clone(),
            });
        }
        let log = match &self.spec.log {
            None => None,
            Some(log) => {
                let opened = OpenOptions::new().create(true).append(true).open(log);
                Some(opened.map_err(|source| CommandError::Log {
                    name: name(),
                    log: log.clone(),
                    source,
                })?)
            }
        };
        let what = Launch {
            name: &self.name,
            argv: &self.spec.argv,
            env: &self.spec.env,
            dir: self.spec.dir.as_deref(),
            log,
            grace: self.spec.grace,
        };
        let mut ours = launch(&self.guardian, what).map_err(|error| match error {
            LaunchError::Start(why) => CommandError::Start { name: name(), why },
            LaunchError::Guardian(error) => error.into(),
        })?;
        if let Some((ready, addresses)) = &ready {
            self.wait(&mut ours, ready, addresses)?;
        }
        let pid = ours.identity().pid;
        *running = Some(ours);
        Ok(pid)
    }

    fn addresses(&self, ready: &Ready) -> Result<Vec<SocketAddr>, CommandError> {
        let found = ready.address.to_socket_addrs();
        let addresses: Vec<_> = found.into_iter().flatten().collect();
        if addresses.is_empty() {
            return Err(CommandError::Address {
                name: self.name.clone(),
                address: ready.address.clone(),
            });
        }
        Ok(addresses)
    }

    fn wait(
        &self,
        ours: &mut Ours,
        ready: &Ready,
        addresses: &[SocketAddr],
    ) -> Result<(), CommandError> {
        let began = Instant::now();
        loop {
            // Asked first: a port that another one took meanwhile is not the command's answer.
            if let Some(status) = ours.ended() {
                return Err(CommandError::Ended {
                    name: self.name.clone(),
                    address: ready.address.clone(),
                    status: status.to_string(),
                    log: self.spec.log.clone(),
                });
            }
            if answers(addresses) {
                return Ok(());
            }
            if began.elapsed() >= ready.within || self.closed.load(Ordering::SeqCst) {
                return Err(CommandError::NotReady {
                    name: self.name.clone(),
                    address: ready.address.clone(),
                    within: ready.within,
                    log: self.spec.log.clone(),
                });
            }
            std::thread::sleep(LOOK);
        }
    }

    fn end(&self, grace: Duration) -> Result<(), CommandError> {
        let mut running = self.running();
        if let Some(ours) = running.as_mut() {
            ours.end(grace).map_err(|source| CommandError::End {
                name: self.name.clone(),
                source,
            })?;
        }
        *running = None;
        Ok(())
    }
}

fn answers(addresses: &[SocketAddr]) -> bool {
    addresses
        .iter()
        .any(|address| TcpStream::connect_timeout(address, CONNECT_WITHIN).is_ok())
}

/// The way back from a kill.
#[derive(Debug)]
struct StartAgain(Arc<One>);

impl Undo for StartAgain {
    fn about(&self) -> String {
        format!("start the command `{}` again", self.0.name)
    }

    fn undo(&mut self) -> Result<(), String> {
        match self.0.start() {
            // Somebody did already, or nobody needs it any more.
            Ok(_) | Err(CommandError::Running(_) | CommandError::Closed) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}
