//! The data files of a script, each read once however many threads and users ask.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::{DataError, Dataset, Format};

/// Most bytes of a file that is read whole: as much as a text in a script has.
const MAX_WHOLE: u64 = 256 << 20;

/// Cheap to clone: every clone sees the same files.
#[derive(Debug, Clone, Default)]
pub struct Store {
    sets: Arc<Mutex<Sets>>,
    whole: Arc<Mutex<HashMap<PathBuf, Bytes>>>,
    /// What was said about files that were missing.
    missed: Arc<Mutex<BTreeSet<String>>>,
}

type Sets = HashMap<(PathBuf, Format), Arc<Dataset>>;

impl Store {
    /// A file's rows. Whoever asks for a file that another is just reading waits for it.
    ///
    /// # Errors
    /// When it cannot be read, or something in it is wrong.
    pub fn open(
        &self,
        path: PathBuf,
        shown: &str,
        format: Format,
    ) -> Result<Arc<Dataset>, DataError> {
        let mut known = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = known.get(&(path.clone(), format.clone())) {
            return Ok(set.clone());
        }
        let set = Dataset::open(&path, shown, format.clone());
        let set = Arc::new(set.map_err(|error| self.note_missing(error))?);
        known.insert((path, format), set.clone());
        Ok(set)
    }

    /// A file's bytes, all of them.
    ///
    /// # Errors
    /// When it cannot be read, or is too large for that.
    pub fn bytes(&self, path: &Path, shown: &str) -> Result<Bytes, DataError> {
        let mut known = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = known.get(path) {
            return Ok(bytes.clone());
        }
        let bytes: Bytes = crate::project::read(path, MAX_WHOLE)
            .map_err(|error| self.note_missing(DataError::unreadable(path, shown, &error)))?
            .into();
        known.insert(path.to_owned(), bytes.clone());
        Ok(bytes)
    }

    /// The columns of a CSV file that was opened; nothing if it was not, or in several ways that differ in them.
    pub fn columns(&self, path: &Path) -> Option<Vec<String>> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut of_file = sets
            .iter()
            .filter(|((known, format), _)| known == path && matches!(format, Format::Csv(_)))
            .map(|(_, set)| set.columns());
        let first = of_file.next()?;
        of_file
            .all(|columns| columns == first)
            .then(|| first.to_vec())
    }

    /// The CSV files that were opened, with their columns.
    pub fn tables(&self) -> Vec<(PathBuf, Vec<String>)> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tables: Vec<_> = sets
            .iter()
            .filter(|((_, format), _)| matches!(format, Format::Csv(_)))
            .map(|((path, _), set)| (path.clone(), set.columns().to_vec()))
            .collect();
        tables.sort();
        tables.dedup();
        tables
    }

    /// Whether a script was told in these words that a file is missing.
    pub fn has_missed(&self, message: &str) -> bool {
        let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        missed.contains(message)
    }

    /// Keeps that a file was missing, if that is what was wrong.
    fn note_missing(&self, error: DataError) -> DataError {
        if error.is_missing() {
            let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
            missed.insert(error.message());
        }
        error
    }

    /// The files that were opened.
    pub fn files(&self) -> Vec<PathBuf> {
        let sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        let of_rows = sets.keys().map(|(path, _)| path);
        of_rows.chain(whole.keys()).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        std::fs::write(&path, "1\n2\n").unwrap();
        let store = Store::default();
        let open = || {
            store
                .clone()
                .open(path.clone(), "rows.jsonl", Format::JsonLines)
        };
        assert!(Arc::ptr_eq(&open().unwrap(), &open().unwrap()));
    }
}
