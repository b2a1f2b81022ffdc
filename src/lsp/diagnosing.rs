//! Diagnostics, made on a thread of their own: a script's top level may take its time, and nobody who types waits for it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::documents::{Document, uri_of_source};
use super::position;
use super::server::Settings;
use super::uri;
use crate::executor::Share;
use crate::options::Overrides;
use crate::run::{Looked, Request, look};
use crate::script::{Diagnostic, Overlay, Severity, Sources};
use crate::secrets::Secrets;

/// How long nothing must have been typed.
const QUIET: Duration = Duration::from_millis(150);
/// A stack that holds what scripts may nest.
const STACK: usize = 64 << 20;

/// All open documents as they are at one time.
pub struct Job {
    pub documents: Vec<Document>,
    pub overlay: Overlay,
}

/// What is to be shown for one document: its name, its version, its diagnostics.
pub struct Shown {
    pub uri: String,
    pub version: Option<i64>,
    pub diagnostics: Vec<Value>,
}

/// Starts the thread. Of several jobs in a row only the last is done; `show` is called for every document whose diagnostics may have
/// changed.
///
/// # Errors
/// When the system gives no thread.
pub fn start(
    settings: Settings,
    show: impl Fn(Shown) + Send + 'static,
) -> std::io::Result<Sender<Job>> {
    let (sender, jobs) = channel();
    std::thread::Builder::new()
        .name("diagnostics".to_owned())
        .stack_size(STACK)
        .spawn(move || work(&settings, &jobs, &show))?;
    Ok(sender)
}

fn work(settings: &Settings, jobs: &Receiver<Job>, show: &impl Fn(Shown)) {
    let mut shown: BTreeSet<String> = BTreeSet::new();
    let mut next = jobs.recv().ok();
    while let Some(mut job) = next.take() {
        loop {
            match jobs.recv_timeout(QUIET) {
                Ok(newer) => job = newer,
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        let mut all: BTreeMap<String, (Option<i64>, Vec<Value>)> = job
            .documents
            .iter()
            .map(|document| (document.uri.clone(), (document.version, Vec::new())))
            .collect();
        let mut told = BTreeSet::new();
        for document in &job.documents {
            for (uri, text, found) in of_document(settings, document, &job) {
                if told.insert((uri.clone(), found.line, found.column, found.message.clone())) {
                    all.entry(uri).or_default().1.push(as_json(&found, &text));
                }
            }
        }
        let gone: Vec<String> = shown
            .iter()
            .filter(|uri| !all.contains_key(*uri))
            .cloned()
            .collect();
        shown = all.keys().cloned().collect();
        for (uri, (version, diagnostics)) in all {
            show(Shown {
                uri,
                version,
                diagnostics,
            });
        }
        for uri in gone {
            show(Shown {
                uri,
                version: None,
                diagnostics: Vec::new(),
            });
        }
        next = jobs.recv().ok();
    }
}

/// What is found about a document, each with the name of the document it stands in and that one's text.
fn of_document(
    settings: &Settings,
    document: &Document,
    job: &Job,
) -> Vec<(String, std::sync::Arc<str>, Diagnostic)> {
    let sources =
        Sources::from_text(&document.path, &document.text).with_overlay(job.overlay.clone());
    let texts = sources.clone();
    let request = Request {
        script: document.path.clone(),
        env: settings.env.clone(),
        secrets: Secrets::default(),
        defaults: (settings.defaults)(&defaults_file(&document.path)),
        overrides: Overrides::default(),
        scale: 1.0,
        seed: 0,
        share: Share::whole(),
    };
    // Whatever goes wrong in here, the editor keeps its server.
    let looked = catch_unwind(AssertUnwindSafe(|| look(sources, request)));
    let looked = looked.unwrap_or_else(|_| Looked::default());
    let mut found = looked.found;
    if let Some(error) = looked.error {
        let message = error.to_string();
        found.push(Diagnostic::at(
            &texts,
            &texts.main,
            rhai::Position::NONE,
            message,
        ));
    }
    // The document that is open is meant, under whichever name it is imported.
    let open: BTreeMap<PathBuf, &Document> = job
        .documents
        .iter()
        .map(|document| (uri::canonical(&document.path), document))
        .collect();
    found
        .into_iter()
        .filter_map(|diagnostic| {
            if diagnostic.source == texts.main {
                return Some((document.uri.clone(), document.text.clone(), diagnostic));
            }
            let text = texts.text(&diagnostic.source).unwrap_or_default();
            let uri = match open.get(&uri::canonical(Path::new(&diagnostic.source))) {
                Some(document) => document.uri.clone(),
                None => uri_of_source(&diagnostic.source)?,
            };
            Some((uri, text, diagnostic))
        })
        .collect()
}

/// The `rhaid.toml` that a script in this place is run with: the nearest above it.
fn defaults_file(script: &Path) -> PathBuf {
    let found = script
        .ancestors()
        .skip(1)
        .map(|folder| folder.join("rhaid.toml"))
        .find(|file| file.is_file());
    found.unwrap_or_default()
}

fn as_json(found: &Diagnostic, text: &str) -> Value {
    let start = position::of_script(text, found.line, found.column);
    let end = position::of_script(text, found.line, found.end_column());
    let message = match &found.help {
        Some(help) => format!("{}\nhelp: {help}", found.message),
        None => found.message.clone(),
    };
    let mut diagnostic = json!({
        "range": { "start": start.json(), "end": end.max(start).json() },
        "severity": match found.severity {
            Severity::Error => 1,
            Severity::Warning => 2,
        },
        "code": found.code,
        "source": "rhaid",
        "message": message,
    });
    // Editors show what is not needed in grey.
    if found.code == "unused-function"
        && let Some(fields) = diagnostic.as_object_mut()
    {
        fields.insert("tags".to_owned(), json!([1]));
    }
    diagnostic
}
