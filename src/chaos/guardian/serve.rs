//! The guardian's own side.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};

use super::line::{Line, entered};
use crate::chaos::{Deed, Undo};

/// What was in the way may have been passing.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

/// Makes this process deaf to all that would end it or make it stand still, but for what cannot be refused.
///
/// # Errors
/// When the system does not allow it.
pub fn shield() -> io::Result<()> {
    let mut deaf = SigSet::empty();
    for signal in [
        Signal::SIGHUP,
        Signal::SIGINT,
        Signal::SIGQUIT,
        Signal::SIGTERM,
        Signal::SIGALRM,
        Signal::SIGUSR1,
        Signal::SIGUSR2,
        Signal::SIGPIPE,
        Signal::SIGTSTP,
        // Else a complaint to a terminal whose foreground is another's would stop it.
        Signal::SIGTTIN,
        Signal::SIGTTOU,
    ] {
        deaf.add(signal);
    }
    deaf.thread_block()?;
    Ok(())
}

/// Keeps the list until the input ends, then undoes what is left of it, the last first. What could not be undone.
pub fn serve(mut input: impl BufRead, mut output: impl Write) -> Vec<String> {
    let mut open: BTreeMap<u64, Deed> = BTreeMap::new();
    let mut text = Vec::new();
    loop {
        text.clear();
        // A line without an end was cut off with the one who wrote it, who did nothing before it was confirmed.
        match input.read_until(b'\n', &mut text) {
            Ok(0) | Err(_) => break,
            Ok(_) if !text.ends_with(b"\n") => break,
            Ok(_) => {}
        }
        let answer = match Line::parse(&String::from_utf8_lossy(&text)) {
            Some(Line::Enter(number, deed)) => {
                open.insert(number, deed);
                entered(number)
            }
            Some(Line::Done(number)) => {
                open.remove(&number);
                continue;
            }
            None => "unknown".to_owned(),
        };
        // Who does not listen is dead or dying, and that the input will tell.
        let _ = writeln!(output, "{answer}").and_then(|()| output.flush());
    }
    let mut failed = Vec::new();
    // What may have to wait keeps nothing else waiting.
    let (waiting, at_once): (Vec<_>, Vec<_>) =
        open.into_values().rev().partition(|deed| deed.may_wait());
    for mut deed in at_once.into_iter().chain(waiting) {
        if let Err(why) = put_right(&mut deed) {
            failed.push(format!("cannot {}: {why}", deed.about()));
        }
    }
    failed
}

fn put_right(deed: &mut Deed) -> Result<(), String> {
    let mut outcome = deed.undo();
    for _ in 1..TRIES {
        if outcome.is_ok() {
            break;
        }
        std::thread::sleep(PAUSE);
        outcome = deed.undo();
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::chaos::OwnFile;

    fn file(dir: &Path, name: &str) -> (PathBuf, Deed) {
        let path = dir.join(name);
        std::fs::write(&path, "").unwrap();
        let file = OwnFile::new(&path, &std::fs::metadata(&path).unwrap());
        (path, Deed::Remove { file })
    }

    #[test]
    fn what_is_left_at_the_end_is_undone_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (left, first) = file(dir.path(), "left");
        let (done, second) = file(dir.path(), "done");
        let (cut, third) = file(dir.path(), "cut");
        let mut input = String::new();
        for line in [Line::Enter(0, first), Line::Enter(1, second), Line::Done(1)] {
            input.push_str(&line.text().unwrap());
        }
        input.push_str("nonsense\n");
        input.push_str(Line::Enter(2, third).text().unwrap().trim_end());
        let mut output = Vec::new();
        assert_eq!(serve(input.as_bytes(), &mut output), Vec::<String>::new());
        assert_eq!(output, b"entered 0\nentered 1\nunknown\n");
        assert!(!left.exists() && done.exists() && cut.exists());
    }

    #[test]
    fn what_cannot_be_undone_is_told_and_the_rest_is_undone_all_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let (left, first) = file(dir.path(), "left");
        // The process numbered one is not signalled.
        let parent = crate::chaos::process::Identity::of(1).unwrap();
        let second = Deed::Continue {
            process: parent,
            name: "init".to_owned(),
        };
        let mut input = Line::Enter(0, first).text().unwrap();
        input.push_str(&Line::Enter(1, second).text().unwrap());
        let failed = serve(input.as_bytes(), Vec::new());
        assert_eq!(
            failed,
            ["cannot continue process 1 (`init`): process 1 is not signalled"]
        );
        assert!(!left.exists());
    }
}
