//! One journey, run by the real binary; what it saw comes back as JSON.
//!
//! ```ignore
//! let ran = Journey::new("seen.status = http::get(url + \"/hello\").status;")
//!     .at(&server)
//!     .options("timeout: \"1s\"")
//!     .run();
//! assert_eq!(ran.saw()["status"], 200);
//! ```
//!
//! The body is an iteration of its own: it finds the server's address in `url` and its context in `ctx`, and
//! puts what the test is to look at into the map `seen`.

use serde_json::Value;

use super::bin::{Output, Rhaid};
use super::server::Serving;

const MARK: &str = "SEEN ";

/// A journey in the making.
pub struct Journey {
    body: String,
    options: String,
    functions: String,
    rhaid: Rhaid,
}

impl Journey {
    /// A journey whose iteration has this body.
    pub fn new(body: &str) -> Self {
        Self {
            body: body.to_owned(),
            options: String::new(),
            functions: String::new(),
            rhaid: Rhaid::at(env!("CARGO_BIN_EXE_rhaid")),
        }
    }

    /// Sends it to this server.
    #[must_use]
    pub fn at(self, server: &Serving) -> Self {
        self.url(&server.url(""))
    }

    /// Sends it to this address, without a slash at its end.
    #[must_use]
    pub fn url(mut self, url: &str) -> Self {
        self.rhaid = self.rhaid.env("URL", url);
        self
    }

    /// Gives it a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.rhaid = self.rhaid.env(name, value);
        self
    }

    /// Entries of the script's `options`, as they stand between `#{` and `}`.
    #[must_use]
    pub fn options(mut self, entries: &str) -> Self {
        entries.clone_into(&mut self.options);
        self
    }

    /// Further functions of the script.
    #[must_use]
    pub fn functions(mut self, text: &str) -> Self {
        text.clone_into(&mut self.functions);
        self
    }

    /// A file beside the script.
    #[must_use]
    pub fn file(mut self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        self.rhaid = self.rhaid.file(name, contents);
        self
    }

    /// Arguments of the command line.
    #[must_use]
    pub fn args<const N: usize>(mut self, args: [&str; N]) -> Self {
        self.rhaid = self.rhaid.args(args);
        self
    }

    /// Runs it to its end, whatever that is.
    #[track_caller]
    pub fn finish(self) -> Ran {
        let Self {
            body,
            options,
            functions,
            rhaid,
        } = self;
        let script = format!(
            "export const options = #{{ {options} }};\n{functions}\nfn iteration(ctx) {{\n    \
             let url = env(\"URL\", \"\");\n    let seen = #{{}};\n{body}\n    \
             print(\"{MARK}\" + json_text(seen));\n}}\n"
        );
        let output = rhaid.script(&script).run();
        let seen = output
            .stderr
            .lines()
            .filter_map(|line| line.split_once(MARK))
            .map(|(_, json)| serde_json::from_str(json).unwrap())
            .collect();
        Ran { output, seen }
    }

    /// Runs it and expects it to pass.
    #[track_caller]
    pub fn run(self) -> Ran {
        let ran = self.finish();
        ran.output.expect_code(0);
        ran
    }
}

/// A journey that has been run.
pub struct Ran {
    pub output: Output,
    seen: Vec<Value>,
}

impl Ran {
    /// What the only iteration saw.
    #[track_caller]
    pub fn saw(&self) -> &Value {
        assert_eq!(
            self.seen.len(),
            1,
            "iterations that came to their end\n{}",
            self.output
        );
        &self.seen[0]
    }

    /// What every iteration saw, in the order in which they ended.
    pub fn all(&self) -> &[Value] {
        &self.seen
    }

    /// A metric's values over all tag sets.
    #[track_caller]
    pub fn metric(&self, name: &str) -> &Value {
        let result = self.output.expect_result();
        let metrics = result["metrics"].as_array().unwrap();
        match metrics.iter().find(|metric| metric["name"] == name) {
            Some(metric) => &metric["total"],
            None => panic!("the run has no metric {name}\n{}", self.output),
        }
    }

    /// A metric's values for each tag set.
    #[track_caller]
    pub fn series(&self, name: &str) -> &[Value] {
        let result = self.output.expect_result();
        let metrics = result["metrics"].as_array().unwrap();
        match metrics.iter().find(|metric| metric["name"] == name) {
            Some(metric) => metric["series"].as_array().unwrap(),
            None => panic!("the run has no metric {name}\n{}", self.output),
        }
    }

    /// A counter's sum.
    #[track_caller]
    pub fn count(&self, name: &str) -> u64 {
        let count = self.metric(name)["count"].as_f64().unwrap();
        assert_eq!(count.fract(), 0.0, "{name} is no whole number");
        count as u64
    }
}
