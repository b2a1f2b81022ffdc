//! What a name stands for where it is used.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::code::Kind;

/// A module of k6, or of its library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Module {
    K6,
    Http,
    Metrics,
    Data,
    Crypto,
    Encoding,
    Execution,
    Utils,
    Csv,
}

impl Module {
    /// The module of an import's source.
    pub fn of(source: &str) -> Option<Self> {
        Some(match source {
            "k6" => Self::K6,
            "k6/http" => Self::Http,
            "k6/metrics" => Self::Metrics,
            "k6/data" => Self::Data,
            "k6/crypto" => Self::Crypto,
            "k6/encoding" => Self::Encoding,
            "k6/execution" => Self::Execution,
            _ if source.contains("k6-utils") => Self::Utils,
            _ if source.contains("papaparse") => Self::Csv,
            _ => return None,
        })
    }
}

/// A metric of the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metric {
    /// `trend`, `counter`, `rate`, `gauge`.
    pub make: &'static str,
    /// `metrics::trend("wait", true)`.
    pub code: String,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A variable of this function.
    Local {
        name: String,
        kind: Kind,
    },
    /// A constant of the top level.
    Constant {
        name: String,
        kind: Kind,
    },
    /// What a virtual user remembers: `ctx.state.NAME`.
    State {
        name: String,
        kind: Kind,
    },
    /// A function of the top level, with so many parameters, of which the first must be given.
    Function {
        name: String,
        params: usize,
        required: usize,
    },
    /// A whole module.
    Module(Module),
    /// Something out of a module.
    Member(Module, String),
    Metric(Metric),
    /// An expression.
    Inline {
        code: String,
        kind: Kind,
    },
    /// A file that is read as bytes: what `open(path, "b")` gives.
    File(String),
    /// A file that is read as text.
    TextFile(String),
    /// A module of the project, by the name it is imported under.
    Own(String),
    /// A function of such a module.
    OwnFunction {
        code: String,
        params: usize,
        ctx: bool,
    },
    /// Nothing that can be used; why.
    Lost(String),
}

/// Names in blocks within blocks.
#[derive(Debug, Default)]
pub struct Scopes(Vec<HashMap<String, Meaning>>);

impl Scopes {
    pub fn enter(&mut self) {
        self.0.push(HashMap::new());
    }

    pub fn leave(&mut self) {
        self.0.pop();
    }

    pub fn set(&mut self, name: &str, meaning: Meaning) {
        if let Some(innermost) = self.0.last_mut() {
            innermost.insert(name.to_owned(), meaning);
        }
    }

    /// Sets a name of the top level.
    pub fn set_global(&mut self, name: &str, meaning: Meaning) {
        if let Some(outermost) = self.0.first_mut() {
            outermost.insert(name.to_owned(), meaning);
        }
    }

    pub fn get(&self, name: &str) -> Option<&Meaning> {
        self.0.iter().rev().find_map(|scope| scope.get(name))
    }

    pub fn get_global(&self, name: &str) -> Option<&Meaning> {
        self.0.first().and_then(|scope| scope.get(name))
    }
}

/// What one pass over a source learns for the next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Variables of the top level that change: a user's memory.
    pub state: BTreeSet<String>,
    /// Functions of the top level that take `ctx`.
    pub with_ctx: BTreeSet<String>,
    /// What constants of the top level are.
    pub kinds: BTreeMap<String, Kind>,
}

/// What a pass found out about the functions of the top level.
#[derive(Debug, Default)]
pub struct Found {
    pub changed: BTreeSet<String>,
    pub kinds: BTreeMap<String, Kind>,
    /// Functions that look at `ctx` themselves.
    pub with_ctx: BTreeSet<String>,
    /// Who calls whom.
    pub calls: BTreeMap<String, BTreeSet<String>>,
}

impl Found {
    /// Together with what was known before.
    pub fn into_facts(mut self, before: &Facts) -> Facts {
        self.with_ctx.extend(before.with_ctx.iter().cloned());
        loop {
            let more: Vec<String> = self
                .calls
                .iter()
                .filter(|(caller, called)| {
                    !self.with_ctx.contains(*caller) && !called.is_disjoint(&self.with_ctx)
                })
                .map(|(caller, _)| caller.clone())
                .collect();
            if more.is_empty() {
                break;
            }
            self.with_ctx.extend(more);
        }
        self.changed.extend(before.state.iter().cloned());
        Facts {
            state: self.changed,
            with_ctx: self.with_ctx,
            kinds: self.kinds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_calls_one_that_takes_ctx_takes_it_too() {
        let mut found = Found::default();
        found.with_ctx.insert("c".to_owned());
        for (caller, called) in [("a", "b"), ("b", "c"), ("x", "a"), ("y", "z")] {
            let called = BTreeSet::from([called.to_owned()]);
            found.calls.insert(caller.to_owned(), called);
        }
        let facts = found.into_facts(&Facts::default());
        let all: Vec<&str> = facts.with_ctx.iter().map(String::as_str).collect();
        assert_eq!(all, ["a", "b", "c", "x"]);
    }
}
