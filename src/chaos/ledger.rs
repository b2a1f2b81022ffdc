//! What is broken now, with the way back.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::deed::Deed;
use super::guardian::{Guardian, GuardianError, Number};
use super::undo::Undo;

/// A way back that failed within this time is tried once more.
const SHORT: Duration = Duration::from_secs(5);

/// One time that a fault is injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FaultId(pub u64);

/// One thing that a fault changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(u64);

/// Something that could not be put right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedUndo {
    pub fault: FaultId,
    /// What was to be done.
    pub what: String,
    pub why: String,
}

#[derive(Debug)]
struct Entry {
    id: EntryId,
    fault: FaultId,
    undo: Box<dyn Undo>,
    /// Its place on the guardian's list, if it is there.
    guarded: Option<Number>,
}

#[derive(Debug, Default)]
struct Book {
    next: u64,
    entries: Vec<Entry>,
    /// What is being put right now.
    undoing: Vec<(EntryId, FaultId, String)>,
    failed: Vec<FailedUndo>,
}

/// All that is broken now. What is left when it is dropped is undone.
#[derive(Debug, Default)]
pub struct Ledger {
    book: Mutex<Book>,
    guardian: Guardian,
}

impl Ledger {
    /// A ledger whose deeds are entered with this guardian too.
    pub fn guarded_by(guardian: Guardian) -> Self {
        Self {
            book: Mutex::default(),
            guardian,
        }
    }

    /// Who undoes deeds when rhaid is killed.
    pub fn guardian(&self) -> &Guardian {
        &self.guardian
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters what is about to be changed. It is to be entered before it is changed: what is undone without having been
    /// done does no harm.
    pub fn enter(&self, fault: FaultId, undo: Box<dyn Undo>) -> EntryId {
        self.note(fault, undo, None)
    }

    /// The same for what outlives rhaid: it is undone also if rhaid is killed.
    ///
    /// # Errors
    /// When there can be no guardian. The fault is not to be done then.
    pub fn enter_deed(&self, fault: FaultId, deed: Deed) -> Result<EntryId, GuardianError> {
        self.enter_guarded(fault, Box::new(deed.clone()), deed)
    }

    /// The same where rhaid itself has a better way back than the one that is left when it was killed.
    ///
    /// # Errors
    /// When there can be no guardian. The fault is not to be done then.
    pub fn enter_guarded(
        &self,
        fault: FaultId,
        undo: Box<dyn Undo>,
        deed: Deed,
    ) -> Result<EntryId, GuardianError> {
        let number = self.guardian.enter(deed)?;
        Ok(self.note(fault, undo, Some(number)))
    }

    fn note(&self, fault: FaultId, undo: Box<dyn Undo>, guarded: Option<Number>) -> EntryId {
        let mut book = self.book();
        let id = EntryId(book.next);
        book.next += 1;
        book.entries.push(Entry {
            id,
            fault,
            undo,
            guarded,
        });
        id
    }

    /// Strikes out what was never changed.
    pub fn withdraw(&self, id: EntryId) {
        let entry = self.take(id);
        if let Some(number) = entry.and_then(|entry| entry.guarded) {
            self.guardian.done(number);
        }
    }

    fn take(&self, id: EntryId) -> Option<Entry> {
        let mut book = self.book();
        let place = book.entries.iter().position(|entry| entry.id == id)?;
        Some(book.entries.remove(place))
    }

    /// Undoes one thing; nothing if that was done already.
    ///
    /// # Errors
    /// Why it is still broken; it is among the failed ones then.
    pub fn undo(&self, id: EntryId) -> Result<(), FailedUndo> {
        self.take(id).map_or(Ok(()), |entry| self.put_right(entry))
    }

    /// Undoes all that a fault changed, the last first: how many things are as they were, and which are not.
    pub fn undo_fault(&self, fault: FaultId) -> (usize, Vec<FailedUndo>) {
        self.undo_where(|entry| entry.fault == fault)
    }

    /// Undoes everything, the last first.
    pub fn undo_all(&self) -> (usize, Vec<FailedUndo>) {
        self.undo_where(|_| true)
    }

    fn undo_where(&self, which: impl Fn(&Entry) -> bool) -> (usize, Vec<FailedUndo>) {
        let mut count = 0;
        let mut failed = Vec::new();
        loop {
            // One at a time, so that what is entered meanwhile finds the book open.
            let entry = {
                let mut book = self.book();
                let place = book.entries.iter().rposition(&which);
                place.map(|place| book.entries.remove(place))
            };
            let Some(entry) = entry else {
                return (count, failed);
            };
            match self.put_right(entry) {
                Ok(()) => count += 1,
                Err(why) => failed.push(why),
            }
        }
    }

    fn put_right(&self, mut entry: Entry) -> Result<(), FailedUndo> {
        let id = entry.id;
        let told = (id, entry.fault, entry.undo.about());
        self.book().undoing.push(told);
        let outcome = self.try_to_put_right(&mut entry);
        self.book().undoing.retain(|(known, ..)| *known != id);
        outcome
    }

    fn try_to_put_right(&self, entry: &mut Entry) -> Result<(), FailedUndo> {
        // Once more: what was in the way may have been passing.
        let began = Instant::now();
        let outcome = entry.undo.undo().or_else(|why| {
            // What has taken its time has tried long enough.
            match began.elapsed() < SHORT {
                true => entry.undo.undo(),
                false => Err(why),
            }
        });
        // What resists stays on the guardian's list, which tries again at the end.
        if let (Ok(()), Some(number)) = (&outcome, entry.guarded) {
            self.guardian.done(number);
        }
        outcome.map_err(|why| {
            let failed = FailedUndo {
                fault: entry.fault,
                what: entry.undo.about(),
                why,
            };
            self.book().failed.push(failed.clone());
            failed
        })
    }

    /// What is not put right yet: it is being tried, or its turn has not come.
    pub fn unfinished(&self) -> Vec<FailedUndo> {
        let book = self.book();
        let why = "it was not done by the end of the run";
        let told = |fault: FaultId, what: String| FailedUndo {
            fault,
            what,
            why: why.to_owned(),
        };
        let undoing = book.undoing.iter();
        let undoing = undoing.map(|(_, fault, what)| told(*fault, what.clone()));
        let waiting = book.entries.iter();
        let waiting = waiting.map(|entry| told(entry.fault, entry.undo.about()));
        undoing.chain(waiting).collect()
    }

    /// What was changed is known to be done: its way back needs not wait for it to come about.
    pub fn settle(&self, id: EntryId) {
        let mut book = self.book();
        let entry = book.entries.iter_mut().find(|entry| entry.id == id);
        let Some(entry) = entry else { return };
        entry.undo.settle();
        if let (Some(number), Some(deed)) = (entry.guarded, entry.undo.deed())
            && let Ok(new) = self.guardian.enter(deed.clone())
        {
            entry.guarded = Some(new);
            self.guardian.done(number);
        }
    }

    /// What could not be put right so far.
    pub fn failed(&self) -> Vec<FailedUndo> {
        self.book().failed.clone()
    }

    /// What is to be done as the guardian would do it, by fault.
    pub fn deeds(&self) -> Vec<(FaultId, Deed)> {
        let book = self.book();
        let deeds = book.entries.iter();
        deeds
            .filter_map(|entry| Some((entry.fault, entry.undo.deed()?.clone())))
            .collect()
    }

    /// What is broken now, in words, by fault.
    pub fn broken(&self) -> Vec<(FaultId, String)> {
        let book = self.book();
        let told = |entry: &Entry| (entry.fault, entry.undo.about());
        book.entries.iter().map(told).collect()
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.undo_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    type Done = Arc<Mutex<Vec<&'static str>>>;

    #[derive(Debug)]
    struct Told {
        name: &'static str,
        done: Done,
        fails: usize,
    }

    impl Undo for Told {
        fn about(&self) -> String {
            self.name.to_owned()
        }

        fn undo(&mut self) -> Result<(), String> {
            if self.fails > 0 {
                self.fails -= 1;
                return Err("it resists".to_owned());
            }
            self.done.lock().unwrap().push(self.name);
            Ok(())
        }
    }

    fn told(done: &Done, name: &'static str, fails: usize) -> Box<dyn Undo> {
        let done = done.clone();
        Box::new(Told { name, done, fails })
    }

    #[test]
    fn a_faults_deeds_are_undone_the_last_first_and_others_stay() {
        let done = Done::default();
        let ledger = Ledger::default();
        for (fault, name) in [(1, "a"), (2, "b"), (1, "c")] {
            ledger.enter(FaultId(fault), told(&done, name, 0));
        }
        assert_eq!(ledger.undo_fault(FaultId(1)), (2, vec![]));
        assert_eq!(*done.lock().unwrap(), ["c", "a"]);
        assert_eq!(ledger.broken(), [(FaultId(2), "b".to_owned())]);
        drop(ledger);
        assert_eq!(*done.lock().unwrap(), ["c", "a", "b"]);
    }

    #[test]
    fn what_fails_once_is_tried_again_and_what_fails_twice_is_told() {
        let done = Done::default();
        let ledger = Ledger::default();
        ledger.enter(FaultId(1), told(&done, "once", 1));
        ledger.enter(FaultId(1), told(&done, "twice", 2));
        let (count, failed) = ledger.undo_all();
        assert_eq!((count, failed.len()), (1, 1));
        assert_eq!(
            (failed[0].what.as_str(), failed[0].why.as_str()),
            ("twice", "it resists")
        );
        assert_eq!(*done.lock().unwrap(), ["once"]);
        assert_eq!(ledger.failed(), failed);
    }

    #[test]
    fn what_is_withdrawn_or_undone_is_not_undone_again() {
        let done = Done::default();
        let ledger = Ledger::default();
        let never = ledger.enter(FaultId(1), told(&done, "never", 0));
        let early = ledger.enter(FaultId(1), told(&done, "early", 0));
        ledger.withdraw(never);
        ledger.undo(early).unwrap();
        ledger.undo(early).unwrap();
        ledger.undo_all();
        assert_eq!(*done.lock().unwrap(), ["early"]);
    }
}
