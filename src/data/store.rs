//! The data files of a script, each read once however many threads and users ask.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::{DataError, Dataset, Format};

/// Cheap to clone: every clone sees the same files.
#[derive(Debug, Clone, Default)]
pub struct Store(Arc<Mutex<Sets>>);

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
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = known.get(&(path.clone(), format.clone())) {
            return Ok(set.clone());
        }
        let set = Arc::new(Dataset::open(&path, shown, format.clone())?);
        known.insert((path, format), set.clone());
        Ok(set)
    }

    /// The files that were opened.
    pub fn files(&self) -> Vec<PathBuf> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.keys().map(|(path, _)| path.clone()).collect()
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
