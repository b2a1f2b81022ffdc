//! Waits for a script to be saved.
//!
//! A thread waits for changes to what a [`Reader`] depends on (the script, its modules, the data files it has read, the file of
//! defaults) and tells it once they have settled.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::Failure;
use crate::exit;

/// Editors write a file in several steps, and a checkout writes many files: what comes within this time is one change.
const SETTLE: Duration = Duration::from_millis(30);
/// A stream of changes without a pause is looked at after this time all the same.
const AT_MOST: Duration = Duration::from_millis(300);
/// How often it is looked whether the script has come to depend on further files.
const LOOK_AROUND: Duration = Duration::from_millis(500);

/// Who is told of what was saved.
pub trait Reader: Send {
    /// What it depends on now, whether it is there or not.
    fn files(&self) -> BTreeSet<PathBuf>;
    /// Something was saved.
    fn saved(&mut self);
    /// Says something to the user.
    fn say(&self, text: String);
}

enum Signal {
    Changed,
    End,
}

/// Watches until it is dropped.
pub struct Watch {
    signals: Sender<Signal>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Watches what the reader depends on.
    ///
    /// # Errors
    /// When the system does not let files be watched.
    pub fn start(reader: Box<dyn Reader>) -> Result<Self, Failure> {
        let refused = |error: String| {
            let message = format!("error: cannot watch files: {error}");
            Failure::new(exit::INTERNAL, message)
        };
        let (signals, incoming) = channel();
        let changes = signals.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading a file is no change; an error (too many changes at once) may hide one.
            let reads_only = event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_)));
            if !reads_only {
                let _ = changes.send(Signal::Changed);
            }
        })
        .map_err(|error| refused(error.to_string()))?;
        let mut follower = Follower {
            watcher,
            files: BTreeSet::new(),
            folders: BTreeSet::new(),
            seen: 0,
            stamps: 0,
            reader,
        };
        follower.look_around();
        follower.seen = fingerprint(&follower.files);
        follower.stamps = stamps(&follower.files);
        let thread = std::thread::Builder::new()
            .name("watch".to_owned())
            .spawn(move || follower.follow(&incoming))
            .map_err(|error| refused(error.to_string()))?;
        Ok(Self {
            signals,
            thread: Some(thread),
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.signals.send(Signal::End);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's side.
struct Follower {
    watcher: RecommendedWatcher,
    /// What the reader depends on.
    files: BTreeSet<PathBuf>,
    /// Where these lie. Folders are watched, not files: editors put a new file in the old one's place.
    folders: BTreeSet<PathBuf>,
    /// Fingerprint of the files when they were last looked at.
    seen: u64,
    /// What the system said of them then.
    stamps: u64,
    reader: Box<dyn Reader>,
}

impl Follower {
    fn follow(mut self, signals: &Receiver<Signal>) {
        loop {
            match signals.recv_timeout(LOOK_AROUND) {
                Ok(Signal::Changed) => {
                    if !settle(signals) {
                        return;
                    }
                    self.look_at_changes();
                }
                Err(RecvTimeoutError::Timeout) => {
                    // What a file was like before anyone depended on it is no change.
                    if self.look_around() {
                        self.seen = fingerprint(&self.files);
                        self.stamps = stamps(&self.files);
                    } else {
                        self.look_at_stamps();
                    }
                }
                Ok(Signal::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Finds out what the reader depends on, and watches where that lies; whether there is more than before.
    fn look_around(&mut self) -> bool {
        let files = self.reader.files();
        if files.is_subset(&self.files) {
            return false;
        }
        self.files.extend(files);
        self.watch_folders();
        true
    }

    fn watch_folders(&mut self) {
        for file in &self.files {
            // A link's own folder, and that of what it leads to.
            let folders = [Some(file.clone()), file.canonicalize().ok()];
            for folder in folders.iter().flatten().filter_map(|file| folder_of(file)) {
                if self.folders.contains(&folder) {
                    continue;
                }
                match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                    Ok(()) => {}
                    Err(error) => self.reader.say(format!(
                        "warn  changes in `{}` will go unnoticed: {error}",
                        folder.display()
                    )),
                }
                self.folders.insert(folder);
            }
        }
    }

    /// Finds what nobody told: a folder that was made anew, a link that leads elsewhere, a file system that tells nothing.
    fn look_at_stamps(&mut self) {
        if stamps(&self.files) == self.stamps {
            return;
        }
        for folder in std::mem::take(&mut self.folders) {
            // One that is gone is not watched any more.
            let _ = self.watcher.unwatch(&folder);
        }
        self.watch_folders();
        self.look_at_changes();
    }

    fn look_at_changes(&mut self) {
        self.look_around();
        self.stamps = stamps(&self.files);
        let now = fingerprint(&self.files);
        if now == self.seen {
            return;
        }
        self.seen = now;
        self.reader.saved();
        // What the script is made of may be new.
        if self.look_around() {
            self.seen = fingerprint(&self.files);
        }
    }
}

/// The scripts in and below a folder, if `wanted`; not more than a project can have.
pub fn scripts_around(folder: &Path, wanted: bool) -> Vec<PathBuf> {
    const MOST: usize = 500;
    const DEEPEST: usize = 4;
    let mut found = Vec::new();
    let mut waiting = Vec::from_iter(wanted.then(|| (folder.to_owned(), 0)));
    while let Some((folder, depth)) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEEPEST && !hidden => {
                    waiting.push((path, depth + 1));
                }
                Ok(kind) if !kind.is_dir() && path.extension().is_some_and(|e| e == "rhai") => {
                    found.push(path);
                }
                _ => {}
            }
            if found.len() >= MOST {
                return found;
            }
        }
    }
    found
}

/// Waits until nothing has changed for a moment; false if it is all over.
fn settle(signals: &Receiver<Signal>) -> bool {
    let deadline = Instant::now() + AT_MOST;
    while Instant::now() < deadline {
        match signals.recv_timeout(SETTLE) {
            Ok(Signal::Changed) => {}
            Err(RecvTimeoutError::Timeout) => return true,
            Ok(Signal::End) | Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}

fn folder_of(file: &Path) -> Option<PathBuf> {
    let folder = file.parent()?;
    Some(if folder.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        folder.to_owned()
    })
}

/// The files' content as a number; a file that cannot be read counts as such.
fn fingerprint(files: &BTreeSet<PathBuf>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.hash(&mut hasher);
        match std::fs::metadata(file) {
            // Large data files are not read for each save of a script.
            Ok(found) if found.is_file() && found.len() > READ => stamp(&found).hash(&mut hasher),
            // Only a regular file can be read without waiting.
            Ok(found) if found.is_file() => std::fs::read(file).ok().hash(&mut hasher),
            _ => 0_u8.hash(&mut hasher),
        }
    }
    hasher.finish()
}

/// Of a file that is read to see whether it has changed, in bytes; of a larger one its length and time count.
const READ: u64 = 4 << 20;

fn stamp(found: &std::fs::Metadata) -> (u64, Option<std::time::SystemTime>) {
    (found.len(), found.modified().ok())
}

/// What the system says of the files, as a number.
fn stamps(files: &BTreeSet<PathBuf>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.canonicalize().ok().hash(&mut hasher);
        let found = std::fs::metadata(file).ok();
        found.map(|found| stamp(&found)).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_that_follow_each_other_are_one_and_an_end_is_an_end() {
        let (sender, receiver) = channel();
        for _ in 0..10_000 {
            sender.send(Signal::Changed).unwrap();
        }
        assert!(settle(&receiver));
        assert!(receiver.try_recv().is_err());
        sender.send(Signal::End).unwrap();
        assert!(!settle(&receiver));
    }

    #[test]
    fn a_fingerprint_tells_content_absence_and_folders_apart() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.rhai");
        let files = BTreeSet::from([file.clone()]);
        let absent = fingerprint(&files);
        std::fs::write(&file, "1").unwrap();
        let one = fingerprint(&files);
        std::fs::write(&file, "2").unwrap();
        let two = fingerprint(&files);
        std::fs::write(&file, "1").unwrap();
        assert_eq!(fingerprint(&files), one);
        assert!(absent != one && one != two);
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        assert_eq!(fingerprint(&files), absent);
    }
}
