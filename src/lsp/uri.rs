//! Files as editors name them.

use std::path::{Path, PathBuf};

use url::Url;

/// The file of a document. One that is no file yet, or a name that means nothing, has a path that leads nowhere.
pub fn path(uri: &str) -> PathBuf {
    let parsed = Url::parse(uri).ok();
    let file = parsed
        .filter(|url| url.scheme() == "file")
        .and_then(|url| url.to_file_path().ok());
    file.unwrap_or_else(|| {
        let name: String = uri
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '_' })
            .take(60)
            .collect();
        PathBuf::from(format!("{name}.rhai"))
    })
}

/// The name of a file for editors.
pub fn of(path: &Path) -> Option<String> {
    let whole = std::path::absolute(path).ok()?;
    Url::from_file_path(whole).ok().map(String::from)
}

/// The file without links and detours, so that a document is found under whatever name it is imported.
pub fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_go_both_ways_and_others_lead_nowhere() {
        let file = Path::new("/tmp/ein Ördner/a%b.rhai");
        assert_eq!(path(&of(file).unwrap()), file);
        for wrong in [
            "untitled:Untitled-1",
            "nonsense",
            "",
            "file://host/x",
            "http://x/../../etc/passwd",
        ] {
            assert_eq!(path(wrong).components().count(), 1, "{wrong}");
        }
    }
}
