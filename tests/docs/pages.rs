//! The pages: Markdown files with fenced blocks.

use std::path::{Path, PathBuf};

/// A page of the guide.
pub struct Page {
    /// From the project's folder: `docs/http.md`.
    pub name: String,
    pub text: String,
}

/// A fenced block: what is between two lines of backticks.
pub struct Block {
    pub page: String,
    /// Of its first line.
    pub line: usize,
    pub language: String,
    /// What follows the language in the opening line.
    pub words: Vec<String>,
    pub text: String,
}

impl Block {
    /// Where it stands, for a failing test's message.
    pub fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }
}

/// The project's folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the project.
pub fn read(name: &str) -> String {
    let path = root().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The pages in `docs/`, the runbooks in `docs/chaos/`, and the pages beside them.
pub fn all() -> Vec<Page> {
    let mut names: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(PathBuf::from)
        .to_vec();
    for entry in std::fs::read_dir(root().join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            names.push(Path::new("docs").join(path.file_name().unwrap()));
        }
    }
    for entry in std::fs::read_dir(root().join("docs/chaos")).unwrap() {
        names.push(Path::new("docs/chaos").join(entry.unwrap().file_name()));
    }
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let name = name.to_string_lossy().into_owned();
            Page {
                text: read(&name),
                name,
            }
        })
        .collect()
}

impl Page {
    /// Its fenced blocks, in order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks: Vec<Block> = Vec::new();
        let mut open: Option<Block> = None;
        for (at, line) in self.text.lines().enumerate() {
            let fence = line.trim_start().strip_prefix("```");
            match (&mut open, fence) {
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => {
                    block.text.push_str(line);
                    block.text.push('\n');
                }
                (None, Some(info)) => {
                    let mut words = info.split_whitespace().map(str::to_owned);
                    open = Some(Block {
                        page: self.name.clone(),
                        line: at + 2,
                        language: words.next().unwrap_or_default(),
                        words: words.collect(),
                        text: String::new(),
                    });
                }
                (None, None) => {}
            }
        }
        assert!(
            open.is_none(),
            "{}: a fenced block is not closed",
            self.name
        );
        blocks
    }

    /// The page without its fenced blocks.
    pub fn prose(&self) -> String {
        let mut fenced = false;
        let mut out = String::new();
        for line in self.text.lines() {
            if line.trim_start().starts_with("```") {
                fenced = !fenced;
            } else if !fenced {
                out.push_str(line);
                out.push('\n');
            }
        }
        out
    }

    /// The cells of every table row whose first cell is one name in backticks, under the heading `## heading` or
    /// `### heading`.
    pub fn rows(&self, heading: &str) -> Vec<Vec<String>> {
        let mut inside = false;
        let mut rows = Vec::new();
        for line in self.text.lines() {
            if line.starts_with('#') {
                inside = line.trim_start_matches('#').trim() == heading;
            } else if inside && line.starts_with("| `") {
                let cells = line.trim_matches('|').split('|');
                rows.push(cells.map(|cell| cell.trim().to_owned()).collect());
            }
        }
        rows
    }
}
