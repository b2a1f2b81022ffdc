//! The loop: one message after the other, and diagnostics as they are found.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Sender, channel};

use serde_json::{Value, json};

use super::diagnosing::{self, Job, Shown};
use super::documents::Documents;
use super::position::Position;
use super::wire::{self, ErrorCode, Incoming, answer, notification};
use super::{completion, lookup, symbols};
use crate::run::Defaults;

/// What the server is started with.
pub struct Settings {
    /// What `env()` gives.
    pub env: BTreeMap<String, String>,
    /// Reads a file of defaults; of one that is not there or wrong, no defaults.
    pub defaults: Box<dyn Fn(&Path) -> Defaults + Send>,
}

/// What comes to the loop.
enum Event {
    Incoming(Incoming),
    /// The stream broke.
    Broken(String),
    Shown(Shown),
}

/// Where the conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Running,
    /// The editor has asked to end; only `exit` is left to say.
    Ending,
}

/// Serves one editor until it says `exit` or goes away; whether it ended as the protocol wants it: `shutdown` first.
///
/// # Errors
/// When the system gives no thread, or the answers cannot be written.
pub fn serve(
    mut input: impl BufRead + Send + 'static,
    mut output: impl Write,
    settings: Settings,
) -> std::io::Result<bool> {
    let (events, incoming) = channel();
    let shown = events.clone();
    let jobs = diagnosing::start(settings, move |found| {
        // Nobody listens any more when the server ends.
        let _ = shown.send(Event::Shown(found));
    })?;
    std::thread::Builder::new()
        .name("reader".to_owned())
        .spawn(move || {
            loop {
                let event = match wire::read(&mut input) {
                    Ok(message) => Event::Incoming(message),
                    Err(error) => Event::Broken(error.to_string()),
                };
                let is_last = matches!(event, Event::Incoming(Incoming::End) | Event::Broken(_));
                if events.send(event).is_err() || is_last {
                    return;
                }
            }
        })?;
    let mut server = Server {
        stage: Stage::New,
        documents: Documents::default(),
        jobs,
    };
    for event in incoming {
        match event {
            Event::Incoming(Incoming::End) => return Ok(server.stage == Stage::Ending),
            Event::Broken(why) => {
                wire::write(
                    &mut output,
                    &answer(&Value::Null, Err((ErrorCode::Parse, why))),
                )?;
                return Ok(false);
            }
            Event::Incoming(Incoming::Garbage(why)) => {
                wire::write(
                    &mut output,
                    &answer(&Value::Null, Err((ErrorCode::Parse, why))),
                )?;
            }
            Event::Incoming(Incoming::Message(message)) => {
                if message.get("method").and_then(Value::as_str) == Some("exit") {
                    return Ok(server.stage == Stage::Ending);
                }
                if let Some(reply) = server.handle(&message) {
                    wire::write(&mut output, &reply)?;
                }
            }
            Event::Shown(Shown {
                uri,
                version,
                diagnostics,
            }) => {
                let mut params = json!({ "uri": uri, "diagnostics": diagnostics });
                if let (Some(version), Some(fields)) = (version, params.as_object_mut()) {
                    fields.insert("version".to_owned(), version.into());
                }
                let message = notification("textDocument/publishDiagnostics", params);
                wire::write(&mut output, &message)?;
            }
        }
    }
    Ok(false)
}

struct Server {
    stage: Stage,
    documents: Documents,
    jobs: Sender<Job>,
}

/// A request's result, or why it has none.
type Result = std::result::Result<Value, (ErrorCode, String)>;

impl Server {
    /// The answer to a message, if it wants one.
    fn handle(&mut self, message: &Value) -> Option<Value> {
        let Some(method) = message.get("method").and_then(Value::as_str) else {
            // Answers to what the server asked: it asks nothing.
            let is_answer = message.get("result").is_some() || message.get("error").is_some();
            let why = "a message has a method".to_owned();
            return (!is_answer).then(|| {
                answer(
                    message.get("id").unwrap_or(&Value::Null),
                    Err((ErrorCode::InvalidRequest, why)),
                )
            });
        };
        let params = message.get("params").unwrap_or(&Value::Null);
        let id = message.get("id").filter(|id| !id.is_null());
        let Some(id) = id else {
            let told = catch_unwind(AssertUnwindSafe(|| self.notice(method, params)));
            // A notification has no answer, not even that it failed.
            drop(told);
            return None;
        };
        let result = catch_unwind(AssertUnwindSafe(|| self.request(method, params)));
        let result = result.unwrap_or_else(|_| {
            let why = format!("`{method}` failed; this is a mistake in rhaid");
            Err((ErrorCode::Internal, why))
        });
        Some(answer(id, result))
    }

    fn request(&mut self, method: &str, params: &Value) -> Result {
        match (self.stage, method) {
            (Stage::New, "initialize") => {
                self.stage = Stage::Running;
                return Ok(capabilities());
            }
            (Stage::New, _) => {
                let why = "the first request is `initialize`".to_owned();
                return Err((ErrorCode::NotInitialized, why));
            }
            (Stage::Running, "shutdown") => {
                self.stage = Stage::Ending;
                return Ok(Value::Null);
            }
            (Stage::Running, "initialize") => {
                let why = "`initialize` was sent before".to_owned();
                return Err((ErrorCode::InvalidRequest, why));
            }
            (Stage::Ending, _) => {
                let why = "after `shutdown` there is only `exit`".to_owned();
                return Err((ErrorCode::InvalidRequest, why));
            }
            (Stage::Running, _) => {}
        }
        let at = || {
            let position = params.get("position").and_then(Position::read);
            position.ok_or_else(|| {
                (
                    ErrorCode::InvalidParams,
                    "a `position` is missing".to_owned(),
                )
            })
        };
        let Some(uri) = uri_of(params) else {
            let why = match method {
                "textDocument/completion"
                | "textDocument/hover"
                | "textDocument/definition"
                | "textDocument/documentSymbol"
                | "textDocument/signatureHelp" => (
                    ErrorCode::InvalidParams,
                    "a `textDocument` is missing".to_owned(),
                ),
                _ => unknown(method),
            };
            return Err(why);
        };
        let (documents, document) = (&self.documents, self.documents.get(uri));
        type Ask = fn(&Documents, &super::documents::Document, Position) -> Value;
        let ask: Ask = match method {
            "textDocument/documentSymbol" => {
                return Ok(document.map_or_else(|| json!([]), symbols::of));
            }
            "textDocument/completion" => completion::complete,
            "textDocument/hover" => lookup::hover,
            "textDocument/definition" => lookup::definition,
            "textDocument/signatureHelp" => lookup::signature,
            _ => return Err(unknown(method)),
        };
        let at = at()?;
        Ok(document.map_or(Value::Null, |document| ask(documents, document, at)))
    }

    fn notice(&mut self, method: &str, params: &Value) {
        if self.stage != Stage::Running {
            return;
        }
        let Some(uri) = uri_of(params) else {
            if method == "workspace/didChangeWatchedFiles" {
                self.look_again();
            }
            return;
        };
        let document = params.get("textDocument").unwrap_or(&Value::Null);
        let version = document.get("version").and_then(Value::as_i64);
        match method {
            "textDocument/didOpen" => {
                let text = document
                    .get("text")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                self.documents.open(uri, version, text);
            }
            "textDocument/didChange" => {
                let changes = params.get("contentChanges").and_then(Value::as_array);
                let changes = changes.map_or(&[] as &[Value], Vec::as_slice);
                self.documents.change(uri, version, changes);
            }
            "textDocument/didClose" => self.documents.close(uri),
            "textDocument/didSave" => {}
            _ => return,
        }
        self.look_again();
    }

    fn look_again(&self) {
        let job = Job {
            documents: self.documents.all().cloned().collect(),
            overlay: self.documents.overlay(),
        };
        // Without its thread the server still completes and explains.
        let _ = self.jobs.send(job);
    }
}

fn uri_of(params: &Value) -> Option<&str> {
    params.get("textDocument")?.get("uri")?.as_str()
}

fn unknown(method: &str) -> (ErrorCode, String) {
    (
        ErrorCode::MethodNotFound,
        format!("there is no method `{method}`"),
    )
}

fn capabilities() -> Value {
    json!({
        "capabilities": {
            "positionEncoding": "utf-16",
            "textDocumentSync": { "openClose": true, "change": 2, "save": true },
            "completionProvider": { "triggerCharacters": [".", ":", "\"", "/"] },
            "hoverProvider": true,
            "definitionProvider": true,
            "documentSymbolProvider": true,
            "signatureHelpProvider": { "triggerCharacters": ["(", ","] },
        },
        "serverInfo": { "name": "rhaid", "version": env!("CARGO_PKG_VERSION") },
    })
}
