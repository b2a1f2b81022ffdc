//! Waits for a script to be saved.
//!
//! A thread waits for changes to what a [`Reader`] depends on (the script, its modules, the data files it has read, the file of
//! defaults) and tells it once they have settled.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

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
            seen: BTreeMap::new(),
            stamps: 0,
            reader,
        };
        follower.look_around(None);
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
    /// Fingerprint of each file when it was last looked at.
    seen: BTreeMap<PathBuf, u64>,
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
                    self.look_around(None);
                    self.look_at_stamps();
                }
                Ok(Signal::End) | Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Finds out what the reader depends on, and watches where that lies. What a file was like before anyone depended on it is no
    /// change; what has come over the files that were known by then is one, and is not lost on the way. Nor is what was written
    /// `since` the reader began to read: it may have read what was there before.
    fn look_around(&mut self, since: Option<SystemTime>) {
        let new: Vec<PathBuf> = self
            .reader
            .files()
            .into_iter()
            .filter(|file| !self.files.contains(file))
            .collect();
        if new.is_empty() {
            return;
        }
        for file in new {
            let is_younger = since.is_some_and(|since| is_written_after(&file, since));
            if !is_younger {
                self.seen.insert(file.clone(), fingerprint(&file));
            }
            self.files.insert(file);
        }
        self.watch_folders();
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
        // A file that a change has brought, such as a module that was missing, is part of the change.
        self.look_around(Some(SystemTime::UNIX_EPOCH));
        self.stamps = stamps(&self.files);
        let now = fingerprints(&self.files);
        if now == self.seen {
            return;
        }
        self.seen = now;
        let began = SystemTime::now();
        self.reader.saved();
        // What the script is made of may be new.
        self.look_around(Some(began));
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

/// Whether a file was written after a moment, as far as the clock of the file system tells: it may be a few milliseconds behind.
fn is_written_after(file: &Path, moment: SystemTime) -> bool {
    let written = std::fs::metadata(file).and_then(|found| found.modified());
    written.is_ok_and(|written| written + Duration::from_millis(20) > moment)
}

/// Each file's content as a number.
fn fingerprints(files: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, u64> {
    let each = files.iter();
    each.map(|file| (file.clone(), fingerprint(file))).collect()
}

/// A file's content as a number; a folder in its place, and nothing at all, count as such.
fn fingerprint(file: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    match std::fs::metadata(file) {
        // Large data files are not read for each save of a script.
        Ok(found) if found.is_file() && found.len() > READ => stamp(&found).hash(&mut hasher),
        // Only a regular file can be read without waiting.
        Ok(found) if found.is_file() => std::fs::read(file).ok().hash(&mut hasher),
        Ok(_) => 1_u8.hash(&mut hasher),
        Err(_) => 0_u8.hash(&mut hasher),
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
        let absent = fingerprint(&file);
        std::fs::write(&file, "1").unwrap();
        let one = fingerprint(&file);
        std::fs::write(&file, "2").unwrap();
        let two = fingerprint(&file);
        std::fs::write(&file, "1").unwrap();
        assert_eq!(fingerprint(&file), one);
        std::fs::remove_file(&file).unwrap();
        std::fs::create_dir(&file).unwrap();
        let in_its_place = fingerprint(&file);
        assert_eq!(BTreeSet::from([absent, one, two, in_its_place]).len(), 4);
    }

    /// Depends on a second file as soon as it was told of a change.
    struct Grows {
        folder: PathBuf,
        told: std::sync::Arc<std::sync::atomic::AtomicUsize>,
    }

    impl Reader for Grows {
        fn files(&self) -> BTreeSet<PathBuf> {
            let mut files = BTreeSet::from([self.folder.join("a")]);
            if self.told.load(std::sync::atomic::Ordering::SeqCst) > 0 {
                files.insert(self.folder.join("b"));
            }
            files
        }

        fn saved(&mut self) {
            self.told.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            // While it reads, both files are saved.
            for file in ["a", "b"] {
                let _ = std::fs::write(self.folder.join(file), "while it was read");
            }
        }

        fn say(&self, _text: String) {}
    }

    #[test]
    fn a_save_while_another_is_read_is_not_lost_though_there_are_new_files() {
        let folder = tempfile::tempdir().unwrap();
        let told = std::sync::Arc::<std::sync::atomic::AtomicUsize>::default();
        let file = folder.path().join("a");
        std::fs::write(&file, "1").unwrap();
        let mut follower = Follower {
            watcher: notify::recommended_watcher(|_| {}).unwrap(),
            files: BTreeSet::new(),
            folders: BTreeSet::new(),
            seen: BTreeMap::new(),
            stamps: 0,
            reader: Box::new(Grows {
                folder: folder.path().to_owned(),
                told: told.clone(),
            }),
        };
        follower.look_around(None);
        std::fs::write(&file, "2").unwrap();
        follower.look_at_changes();
        assert_eq!(follower.files.len(), 2);
        assert!(!follower.seen.contains_key(&folder.path().join("b")));
        follower.look_at_changes();
        assert_eq!(told.load(std::sync::atomic::Ordering::SeqCst), 2);
    }
}
