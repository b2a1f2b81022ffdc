//! An editor, as far as the tests need one: it starts the real binary and speaks to it.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

pub struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    kept: Vec<Value>,
    next: i64,
    pub folder: TempDir,
}

impl Editor {
    /// Starts a server; nothing has been said yet.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_rhaid"))
            .arg("lsp")
            .current_dir(folder.path())
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = child.stdout.take().unwrap();
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self {
            child,
            input,
            messages,
            kept: Vec::new(),
            next: 1,
            folder,
        }
    }

    /// Starts a server and greets it.
    pub fn ready() -> Self {
        let mut editor = Self::new();
        let hello = editor.request(
            "initialize",
            json!({ "processId": null, "rootUri": null, "capabilities": {} }),
        );
        assert_eq!(hello["result"]["serverInfo"]["name"], "rhaid");
        editor.notify("initialized", json!({}));
        editor
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks and waits for the answer.
    pub fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.next;
        self.next += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.wait(|message| message["id"] == id)
    }

    /// The next message that fits; the others are kept.
    #[track_caller]
    pub fn wait(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&fits) {
            return self.kept.remove(at);
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(message) = self.messages.recv_timeout(left) else {
                panic!("no such message; there were: {:#?}", self.kept);
            };
            if fits(&message) {
                return message;
            }
            self.kept.push(message);
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn uri(&self, name: &str) -> String {
        format!("file://{}", self.path(name).display())
    }

    /// Writes a file to disk.
    pub fn file(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        self.notify("textDocument/didOpen", json!({ "textDocument": { "uri": uri, "languageId": "rhai", "version": 1, "text": text } }));
    }

    pub fn change(&mut self, name: &str, version: i64, changes: Value) {
        let uri = self.uri(name);
        self.notify("textDocument/didChange", json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": changes }));
    }

    /// The diagnostics of a document's version, as lines `line:column-end code message`.
    #[track_caller]
    pub fn diagnostics(&mut self, name: &str, version: i64) -> Vec<String> {
        let uri = self.uri(name);
        let message = self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
                && message["params"]["version"] == version
        });
        lines(&message)
    }

    pub fn ask(&mut self, what: &str, name: &str, line: usize, character: usize) -> Value {
        let uri = self.uri(name);
        let params = json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": character } });
        self.request(&format!("textDocument/{what}"), params)["result"].clone()
    }

    /// What can be written at a place.
    pub fn labels(&mut self, name: &str, line: usize, character: usize) -> Vec<String> {
        let list = self.ask("completion", name, line, character);
        let items = list["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| item["label"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Closes the server's input.
    pub fn hang_up(&mut self) {
        self.input = None;
    }

    /// The server's exit code.
    #[track_caller]
    pub fn exit_code(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        panic!("it did not end");
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Diagnostics as lines.
pub fn lines(message: &Value) -> Vec<String> {
    let all = message["params"]["diagnostics"].as_array().unwrap();
    all.iter()
        .map(|d| {
            let (start, end) = (&d["range"]["start"], &d["range"]["end"]);
            format!(
                "{}:{}-{} {} {}",
                start["line"],
                start["character"],
                end["character"],
                d["code"].as_str().unwrap(),
                d["message"].as_str().unwrap().lines().next().unwrap()
            )
        })
        .collect()
}

fn read(from: &mut impl Read) -> Option<Value> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        from.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head
        .strip_prefix("Content-Length: ")?
        .lines()
        .next()?
        .parse()
        .ok()?;
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// Whether a file lies in a folder.
pub fn is_below(uri: &str, folder: &Path) -> bool {
    uri.starts_with(&format!(
        "file://{}",
        folder.canonicalize().unwrap().display()
    ))
}
