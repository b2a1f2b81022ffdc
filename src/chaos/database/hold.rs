//! A fault that lasts as long as somebody holds it.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::error::DatabaseError;
use crate::chaos::{EntryId, FaultId, Ledger, Undo};

/// A database that is gone is asked again after this.
const RETRY: Duration = Duration::from_millis(200);

/// A database's fault that is going on.
#[derive(Debug, Clone)]
pub struct Holding {
    pub entry: EntryId,
    /// How much of it: connections, clients, threads.
    pub count: u64,
}

/// A thread that holds something, and does something with it again and again, until it is told to end or `longest` is over.
#[derive(Debug)]
pub struct Hold {
    about: String,
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Hold {
    /// `tick` is called again `every` so often, and says whether it went well; never, if there is no such time.
    pub fn start<T: Send + 'static>(
        about: String,
        mut held: T,
        longest: Duration,
        every: Option<Duration>,
        mut tick: impl FnMut(&mut T) -> bool + Send + 'static,
    ) -> io::Result<Self> {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = std::thread::Builder::new()
            .name("fault".to_owned())
            .spawn(move || {
                let began = Instant::now();
                let mut next = every;
                loop {
                    let left = longest.saturating_sub(began.elapsed());
                    let wait = next.map_or(left, |next| next.min(left));
                    match stopped.recv_timeout(wait) {
                        Err(RecvTimeoutError::Timeout) if began.elapsed() < longest => {
                            let well = tick(&mut held);
                            next = every.map(|every| if well { every } else { every.max(RETRY) });
                        }
                        _ => return,
                    }
                }
            })?;
        Ok(Self {
            about,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Enters it with its fault.
    pub fn enter(
        outcome: io::Result<Self>,
        ledger: &Ledger,
        fault: FaultId,
        count: u64,
    ) -> Result<Holding, DatabaseError> {
        let hold = outcome.map_err(DatabaseError::Thread)?;
        Ok(Holding {
            entry: ledger.enter(fault, Box::new(hold)),
            count,
        })
    }

    /// Tells the thread to end, and does not wait for it.
    pub fn tell(&mut self) {
        self.stop.take();
    }

    fn end(&mut self) {
        self.tell();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Undo for Hold {
    fn about(&self) -> String {
        self.about.clone()
    }

    fn undo(&mut self) -> Result<(), String> {
        self.end();
        Ok(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.end();
    }
}
