//! Runs the real binary in a folder of its own, with a clean environment and a time limit.
//!
//! ```ignore
//! let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
//!     .script("fn iteration() { http::get(env(\"BASE_URL\", \"\")); }")
//!     .args(["--iterations", "1"])
//!     .env("BASE_URL", server.url("/hello"))
//!     .run();
//! output.expect_code(0);
//! ```

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const DEFAULT_LIMIT: Duration = Duration::from_secs(60);
const SCRIPT: &str = "script.rhai";
const RESULT: &str = "result.json";
const POLL: Duration = Duration::from_millis(2);

/// A command line in the making.
pub struct Rhaid {
    binary: PathBuf,
    script: bool,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    limit: Duration,
    dir: TempDir,
}

impl Rhaid {
    /// Runs the binary at this path: `env!("CARGO_BIN_EXE_rhaid")` in an integration test.
    pub fn at(binary: impl AsRef<Path>) -> Self {
        Self {
            binary: binary.as_ref().to_owned(),
            script: false,
            args: Vec::new(),
            env: Vec::new(),
            limit: DEFAULT_LIMIT,
            dir: tempfile::Builder::new()
                .prefix("rhaid-test-")
                .tempdir()
                .unwrap(),
        }
    }

    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    #[must_use]
    pub fn args(self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Writes a file into the working folder; `name` may contain folders.
    #[must_use]
    pub fn file(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        let path = self.dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
        self
    }

    /// Writes `script.rhai` and puts `run script.rhai` before the arguments.
    #[must_use]
    pub fn script(mut self, text: &str) -> Self {
        self.script = true;
        self.file(SCRIPT, text)
    }

    /// The working folder.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// How long the process may take; 60 seconds unless told.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Runs to the end.
    ///
    /// # Panics
    /// When the time limit is exceeded: the process is killed and its output shown.
    #[track_caller]
    pub fn run(self) -> Output {
        self.spawn().wait()
    }

    /// Starts it and returns at once.
    pub fn spawn(self) -> Running {
        let args = self.command_line();
        let mut command = Command::new(&self.binary);
        command
            .args(&args)
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, _) in std::env::vars_os() {
            if is_meddling(&name.to_string_lossy()) {
                command.env_remove(name);
            }
        }
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} did not start: {error}", self.binary.display()));
        let stdout = Capture::of(child.stdout.take().unwrap());
        let stderr = Capture::of(child.stderr.take().unwrap());
        let result = result_path(&args).map(|path| self.dir.path().join(path));
        Running {
            child: Some(child),
            stdout,
            stderr,
            result,
            deadline: Instant::now() + self.limit,
            limit: self.limit,
            dir: Some(self.dir),
        }
    }

    /// `run` writes its result where [`Output`] finds it, unless the test chose another place.
    fn command_line(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = Vec::new();
        if self.script {
            args.extend(["run".into(), SCRIPT.into()]);
        }
        args.extend(self.args.iter().cloned());
        let runs = args.first().is_some_and(|arg| arg == "run");
        if runs && result_path(&args).is_none() {
            args.extend(["--result".into(), RESULT.into()]);
        }
        args
    }
}

/// Variables of the developer's shell that would change what a test sees.
fn is_meddling(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    name.starts_with("RHAID_")
        || name.ends_with("_PROXY")
        || matches!(
            name.as_str(),
            "KUBECONFIG" | "NO_COLOR" | "CLICOLOR" | "CLICOLOR_FORCE" | "FORCE_COLOR"
        )
}

fn result_path(args: &[OsString]) -> Option<PathBuf> {
    args.iter().enumerate().find_map(|(i, arg)| {
        let text = arg.to_string_lossy();
        match text.strip_prefix("--result") {
            Some("") => args.get(i + 1).map(PathBuf::from),
            Some(rest) => rest.strip_prefix('=').map(PathBuf::from),
            None => None,
        }
    })
}

/// A process that has not ended yet. Killed when dropped.
pub struct Running {
    child: Option<Child>,
    stdout: Capture,
    stderr: Capture,
    result: Option<PathBuf>,
    deadline: Instant,
    limit: Duration,
    dir: Option<TempDir>,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// The working folder.
    pub fn dir(&self) -> &Path {
        self.dir.as_ref().unwrap().path()
    }

    /// Sends SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// Sends a signal by its name without `SIG`.
    pub fn signal(&self, name: &str) {
        // The shell's own `kill` exists wherever a shell does, and needs no unsafe call.
        let status = Command::new("sh")
            .args([
                "-c",
                "kill -s \"$1\" \"$2\"",
                "sh",
                name,
                &self.pid().to_string(),
            ])
            .status()
            .unwrap();
        assert!(status.success(), "SIG{name} could not be sent");
    }

    /// Waits until the process has printed `text` on either stream.
    #[track_caller]
    pub fn wait_for_output(&mut self, text: &str) {
        while !self.stdout().contains(text) && !self.stderr().contains(text) {
            if self.ended().is_some() {
                self.stdout.finish();
                self.stderr.finish();
                let printed = self.stdout().contains(text) || self.stderr().contains(text);
                assert!(
                    printed,
                    "it ended without printing {text:?}\n{}",
                    self.streams()
                );
                return;
            }
            self.check_deadline();
            std::thread::sleep(POLL);
        }
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When the time limit is exceeded: the process is killed and its output shown.
    #[track_caller]
    pub fn wait(mut self) -> Output {
        let status = loop {
            if let Some(status) = self.ended() {
                break status;
            }
            self.check_deadline();
            std::thread::sleep(POLL);
        };
        self.child = None;
        self.stdout.finish();
        self.stderr.finish();
        // What a refused run would have written over is no result.
        let refused = status.code() == Some(64);
        let result = self.result.as_ref().filter(|_| !refused).and_then(|path| {
            // A device such as /dev/full can be read for ever.
            let bytes = path.is_file().then(|| std::fs::read(path).ok())??;
            Some(serde_json::from_slice(&bytes).unwrap_or_else(|error| {
                panic!("{} is not JSON: {error}", path.display());
            }))
        });
        Output {
            code: status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap_or_default()),
            stdout: self.stdout(),
            stderr: self.stderr(),
            result,
            dir: self.dir.take().unwrap(),
        }
    }

    fn ended(&mut self) -> Option<ExitStatus> {
        self.child.as_mut().unwrap().try_wait().unwrap()
    }

    #[track_caller]
    fn check_deadline(&mut self) {
        if Instant::now() > self.deadline {
            self.kill();
            panic!("still running after {:?}\n{}", self.limit, self.streams());
        }
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    fn streams(&self) -> String {
        format!(
            "--- stdout\n{}\n--- stderr\n{}",
            self.stdout(),
            self.stderr()
        )
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a finished process left.
pub struct Output {
    /// The exit code; 128 plus the signal's number when a signal ended it, as shells count.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    /// The document that `run` wrote; `None` when it wrote none.
    pub result: Option<Value>,
    /// The working folder, removed when this value goes.
    pub dir: TempDir,
}

impl Output {
    /// Asserts the exit code; shows both streams when it is another.
    #[track_caller]
    pub fn expect_code(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "the exit code\n{self}");
        self
    }

    /// Asserts that one of the streams contains `text`.
    #[track_caller]
    pub fn expect_text(&self, text: &str) -> &Self {
        let found = self.stdout.contains(text) || self.stderr.contains(text);
        assert!(found, "{text:?} was not printed\n{self}");
        self
    }

    /// The same for what may be broken into lines, within a frame even.
    #[track_caller]
    pub fn expect_words(&self, text: &str) -> &Self {
        let plain = |stream: &str| {
            let unframed = stream.replace('│', " ");
            unframed.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        let found = plain(&self.stdout).contains(text) || plain(&self.stderr).contains(text);
        assert!(found, "{text:?} was not printed\n{self}");
        self
    }

    /// The result document.
    #[track_caller]
    pub fn expect_result(&self) -> &Value {
        self.result
            .as_ref()
            .unwrap_or_else(|| panic!("no result was written\n{self}"))
    }

    /// A file of the working folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            code,
            stdout,
            stderr,
            ..
        } = self;
        write!(
            f,
            "--- exit code {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

/// Reads a stream on a thread of its own, so that a full pipe never blocks the process.
struct Capture {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Capture {
    fn of(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut block = [0; 8192];
            while let Ok(length @ 1..) = stream.read(&mut block) {
                sink.lock().unwrap().extend_from_slice(&block[..length]);
            }
        });
        Self {
            bytes,
            reader: Some(reader),
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// Waits for the end of the stream.
    fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
