//! rhaid's side: starts the guardian, tells it what may have to be undone, and starts another when it was killed.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::error::GuardianError;
use super::line::{Line, entered};
use crate::chaos::Deed;
use crate::chaos::own::Own;

/// A guardian that is silent for longer counts as lost: it may have been stopped.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// At the end it may have to undo what could not be undone before.
const END_WITHIN: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(2);
/// Guardians that are tried for one entry.
const TRIES: u32 = 3;

/// A guardian, shared by all who break things. No process is started before the first entry. When the last handle goes, the guardian
/// undoes what is left on its list and ends.
#[derive(Debug, Clone, Default)]
pub struct Guardian {
    desk: Arc<Desk>,
}

/// The place of a deed on the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(u64);

#[derive(Debug, Default)]
struct Desk {
    own: Own,
    /// Where a guardian writes what it could not undo.
    failures: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    open: BTreeMap<u64, Deed>,
    running: Option<Running>,
    /// Counts guardians, so that the one who listens to an earlier one knows.
    started: u64,
    lost: Option<GuardianError>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// Its end is what the guardian waits for; only ever dropped when the guardian is to undo, or is dead.
    lines: ChildStdin,
    answers: Receiver<String>,
}

impl Guardian {
    /// A guardian that is a part of this program, and writes what it could not undo to this file too.
    pub fn new(own: Own, failures: Option<PathBuf>) -> Self {
        let desk = Desk {
            own,
            failures,
            state: Mutex::default(),
        };
        Self {
            desk: Arc::new(desk),
        }
    }

    /// Puts a deed on the list. When this returns, it will be done even if rhaid is killed. To be called before what it undoes is done.
    ///
    /// # Errors
    /// When there can be no guardian. Nothing is to be broken then.
    pub fn enter(&self, deed: Deed) -> Result<Number, GuardianError> {
        let mut state = self.desk.state();
        let number = state.next;
        state.next += 1;
        state.open.insert(number, deed.clone());
        let entered = Desk::tell(&self.desk, &mut state, number, deed);
        match &entered {
            Ok(()) => state.lost = None,
            Err(error) => {
                state.open.remove(&number);
                state.lost = Some(error.clone());
            }
        }
        entered.map(|()| Number(number))
    }

    /// Takes a deed off the list: it was done, or is not needed.
    pub fn done(&self, number: Number) {
        let mut state = self.desk.state();
        if state.open.remove(&number.0).is_none() {
            return;
        }
        if let (Some(running), Ok(line)) = (&mut state.running, Line::Done(number.0).text()) {
            // One that is dead is replaced by who listens to it; the deed is not on the new one's list.
            let _ = running.lines.write_all(line.as_bytes());
        }
    }

    /// Why nobody guards what is broken now, if that is so.
    pub fn lost(&self) -> Option<GuardianError> {
        self.desk.state().lost.clone()
    }

    /// The number of the guardian's process, if there is one.
    pub fn pid(&self) -> Option<u32> {
        let state = self.desk.state();
        state.running.as_ref().map(|running| running.child.id())
    }

    /// The program that guards, which has more parts than that.
    pub fn own(&self) -> &Own {
        &self.desk.own
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the guardian of one more deed, which is on the list already. One that does not confirm is replaced.
    fn tell(
        this: &Arc<Self>,
        state: &mut State,
        number: u64,
        deed: Deed,
    ) -> Result<(), GuardianError> {
        let mut line = Some(Line::Enter(number, deed));
        let mut last = None;
        for _ in 0..TRIES {
            let outcome = match (&mut state.running, &line) {
                (Some(running), Some(line)) => running.enter(line, number),
                // A new one is told everything that is on the list.
                _ => Self::start(this, state),
            };
            match outcome {
                Ok(()) => return Ok(()),
                Err(error) => {
                    last = Some(error);
                    line = None;
                    if let Some(running) = state.running.take() {
                        running.discard();
                    }
                }
            }
        }
        Err(last.unwrap_or_else(|| GuardianError::Lost("it was never there".to_owned())))
    }

    /// Starts a guardian and tells it the whole list.
    fn start(this: &Arc<Self>, state: &mut State) -> Result<(), GuardianError> {
        let mut command = this.own.command("guardian");
        if let Some(file) = &this.failures {
            command.arg("--failures").arg(file);
        }
        // A group of its own: what is sent to rhaid's whole group, as by Ctrl-C, is not for it.
        let child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn();
        let failed = |why: &str| GuardianError::Start(why.to_owned());
        let mut child = child.map_err(|error| failed(&error.to_string()))?;
        let (Some(lines), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(failed("it has no pipes"));
        };
        state.started += 1;
        let generation = state.started;
        let (tell, answers) = mpsc::channel();
        let desk = Arc::downgrade(this);
        let listening = std::thread::Builder::new()
            .name("guardian".to_owned())
            .spawn(move || {
                for line in BufReader::new(output).lines() {
                    let Ok(line) = line else { break };
                    // Nobody waits for answers to what a replaced one was told.
                    let _ = tell.send(line);
                }
                // Who waits for an answer is told before the list is asked for.
                drop(tell);
                Self::replace(&desk, generation);
            });
        let mut running = Running {
            child,
            lines,
            answers,
        };
        if let Err(error) = listening {
            running.discard();
            return Err(failed(&error.to_string()));
        }
        for (number, deed) in &state.open {
            if let Err(error) = running.enter(&Line::Enter(*number, deed.clone()), *number) {
                running.discard();
                return Err(error);
            }
        }
        state.running = Some(running);
        Ok(())
    }

    /// A guardian has ended before its time: another takes over.
    fn replace(desk: &Weak<Self>, generation: u64) {
        let Some(desk) = desk.upgrade() else {
            return;
        };
        let mut state = desk.state();
        if state.started != generation {
            return;
        }
        let Some(dead) = state.running.take() else {
            return;
        };
        dead.discard();
        if !state.open.is_empty() {
            state.lost = Self::start(&desk, &mut state).err();
        }
    }
}

impl Running {
    fn enter(&mut self, line: &Line, number: u64) -> Result<(), GuardianError> {
        let lost = |why: String| GuardianError::Lost(why);
        let text = line.text().map_err(|error| lost(error.to_string()))?;
        self.lines
            .write_all(text.as_bytes())
            .map_err(|error| lost(error.to_string()))?;
        let wanted = entered(number);
        let asked = Instant::now();
        loop {
            let left = ANSWER_WITHIN.saturating_sub(asked.elapsed());
            match self.answers.recv_timeout(left) {
                Ok(answer) if answer == wanted => return Ok(()),
                Ok(answer) if answer == "unknown" => {
                    return Err(lost(
                        "it does not understand; is it of another version?".to_owned(),
                    ));
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => {
                    return Err(lost(format!("silent for {} s", ANSWER_WITHIN.as_secs())));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(lost("it ended".to_owned())),
            }
        }
    }

    /// Ends it without its undoing anything: dead before its input ends.
    fn discard(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(Running {
            mut child, lines, ..
        }) = state.running.take()
        else {
            return;
        };
        drop(lines);
        let asked = Instant::now();
        while matches!(child.try_wait(), Ok(None)) {
            // It undoes what it can, and ends by itself: it is not killed for being slow.
            if asked.elapsed() > END_WITHIN {
                return;
            }
            std::thread::sleep(LOOK);
        }
    }
}
