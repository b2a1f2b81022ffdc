//! Which process is meant.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::error::ProcessError;
use super::identity::{Identity, Stat, everybody};
use crate::lengths;
use crate::suggest::did_you_mean;

/// Shown of those that are too many.
const SHOWN: usize = 5;
/// Of a command line, in characters.
const SHORT: usize = 60;
/// Parts of rhaid that run as processes of their own.
const PARTS: &[&str] = &["guardian", "burner", "launch"];

/// How a process is named.
#[derive(Debug, Clone)]
pub enum Which {
    Pid(u32),
    /// The name of its program, exactly.
    Name(String),
    /// What its command line must match somewhere.
    Pattern(Regex),
}

impl Which {
    /// By its number.
    ///
    /// # Errors
    /// When it can be no process's.
    pub fn pid(pid: i64) -> Result<Self, ProcessError> {
        u32::try_from(pid)
            .ok()
            .filter(|pid| *pid > 0)
            .map(Self::Pid)
            .ok_or(ProcessError::Number(pid))
    }

    /// By the name of its program, exactly.
    pub fn name(name: &str) -> Self {
        Self::Name(name.to_owned())
    }

    /// By a regular expression that its command line must match somewhere.
    ///
    /// # Errors
    /// When it is none.
    pub fn pattern(pattern: &str) -> Result<Self, ProcessError> {
        Regex::new(pattern)
            .map(Self::Pattern)
            .map_err(|error| ProcessError::Pattern {
                pattern: pattern.to_owned(),
                why: error.to_string(),
            })
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pid(pid) => write!(f, "{pid}"),
            Self::Name(name) => write!(f, "named `{name}`"),
            Self::Pattern(pattern) => write!(f, "whose command line matches `{pattern}`"),
        }
    }
}

/// A process that was meant.
#[derive(Debug, Clone)]
pub struct Found {
    pub identity: Identity,
    pub name: String,
    /// Its arguments, with blanks between.
    pub command: String,
    /// It stood still already.
    pub stopped: bool,
}

/// A process, and by what it may be called.
struct Candidate {
    stat: Stat,
    arguments: Vec<String>,
    file: Option<PathBuf>,
}

impl Candidate {
    fn of(stat: Stat) -> Self {
        let pid = stat.identity.pid;
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments = line.split(|byte| *byte == 0);
        let mut arguments: Vec<String> = arguments
            .map(|argument| String::from_utf8_lossy(argument).into_owned())
            .collect();
        // Each ends with a zero.
        arguments.pop();
        Self {
            stat,
            arguments,
            file: std::fs::read_link(format!("/proc/{pid}/exe")).ok(),
        }
    }

    /// The kernel keeps only the beginning of a long name; the file and the first argument have all of it.
    fn names(&self) -> impl Iterator<Item = &str> {
        let file = self.file.as_deref().and_then(base);
        let first = self
            .arguments
            .first()
            .and_then(|first| base(Path::new(first)));
        [Some(self.stat.name.as_str()), first, file]
            .into_iter()
            .flatten()
    }

    fn command(&self) -> String {
        self.arguments.join(" ")
    }

    /// Whether it is the guardian or another part of rhaid.
    fn is_part_of(&self, own: Option<&Path>) -> bool {
        let part = self.arguments.get(1).map(String::as_str);
        own.is_some()
            && self.file.as_deref() == own
            && part.is_some_and(|part| PARTS.contains(&part))
    }
}

fn base(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()
}

/// Who is never touched: rhaid, those who started it, what starts all others, and the kernel.
struct Spared {
    line: BTreeSet<u32>,
    own: Option<PathBuf>,
}

impl Spared {
    fn now() -> Result<Self, ProcessError> {
        let mut line = BTreeSet::from([0, 1]);
        let mut pid = std::process::id();
        while line.insert(pid) {
            match Stat::of(pid).map_err(ProcessError::System)? {
                Some(stat) => pid = stat.parent,
                None => break,
            }
        }
        let own = std::fs::read_link("/proc/self/exe").ok();
        Ok(Self { line, own })
    }

    fn why(&self, candidate: &Candidate) -> Option<&'static str> {
        let pid = candidate.stat.identity.pid;
        if pid == std::process::id() {
            return Some("rhaid itself");
        }
        if pid == 1 {
            return Some("the one that all others come from");
        }
        if self.line.contains(&pid) {
            return Some("one that rhaid was started by");
        }
        if candidate.stat.kernel {
            return Some("a part of the kernel");
        }
        candidate
            .is_part_of(self.own.as_deref())
            .then_some("a part of rhaid")
    }
}

/// The processes that are meant: exactly one unless `all` are.
///
/// # Errors
/// When there is none, more than one that was not asked for, or one that is never touched.
pub fn find(which: &Which, all: bool) -> Result<Vec<Found>, ProcessError> {
    let spared = Spared::now()?;
    let everybody = everybody().map_err(ProcessError::System)?;
    let mut others: Vec<Candidate> = Vec::new();
    let mut found: Vec<Found> = Vec::new();
    for stat in everybody.into_iter().filter(|stat| !stat.is_dead()) {
        let candidate = Candidate::of(stat);
        let pid = candidate.stat.identity.pid;
        if let Some(why) = spared.why(&candidate) {
            match which {
                Which::Pid(asked) if *asked == pid => {
                    return Err(ProcessError::Spared { pid, why });
                }
                _ => continue,
            }
        }
        let meant = match which {
            Which::Pid(asked) => *asked == pid,
            Which::Name(name) => candidate.names().any(|own| own == name),
            Which::Pattern(pattern) => pattern.is_match(&candidate.command()),
        };
        if meant {
            found.push(Found {
                identity: candidate.stat.identity,
                command: candidate.command(),
                stopped: candidate.stat.is_stopped(),
                name: candidate.stat.name,
            });
        } else {
            others.push(candidate);
        }
    }
    found.sort_by_key(|found| found.identity.pid);
    if found.is_empty() {
        let known = match which {
            Which::Name(name) => did_you_mean(name, others.iter().flat_map(Candidate::names)),
            Which::Pid(_) | Which::Pattern(_) => None,
        };
        return Err(ProcessError::None {
            which: which.to_string(),
            known,
        });
    }
    if found.len() > 1 && !all {
        return Err(ProcessError::Several {
            which: which.to_string(),
            count: found.len(),
            list: listed(&found),
        });
    }
    Ok(found)
}

fn listed(found: &[Found]) -> String {
    let shown = found.iter().take(SHOWN).map(|found| {
        let mut command = found.command.clone();
        lengths::shorten(&mut command, SHORT);
        format!("{} (`{command}`)", found.identity.pid)
    });
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if found.len() > SHOWN {
        text.push_str(", …");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(which: &Which) -> String {
        find(which, true).unwrap_err().to_string()
    }

    #[test]
    fn rhaid_those_who_started_it_and_the_kernel_are_never_meant() {
        let own = std::process::id();
        assert!(refused(&Which::Pid(own)).contains("rhaid itself"));
        assert!(refused(&Which::Pid(1)).contains("all others come from"));
        let parent = Stat::of(own).unwrap().unwrap().parent;
        if parent > 1 {
            assert!(refused(&Which::Pid(parent)).contains("started by"));
        }
        // Everything is meant, and those are not among it.
        let all = find(&Which::pattern("").unwrap(), true);
        for found in all.unwrap_or_default() {
            assert!(![own, parent, 1].contains(&found.identity.pid));
        }
    }

    #[test]
    fn what_can_be_no_process_is_told_apart_from_what_is_none() {
        assert!(matches!(Which::pid(0), Err(ProcessError::Number(0))));
        assert!(matches!(Which::pid(-7), Err(ProcessError::Number(-7))));
        assert!(matches!(
            Which::pattern("("),
            Err(ProcessError::Pattern { .. })
        ));
        assert_eq!(
            refused(&Which::Pid(u32::MAX)),
            format!("there is no process {}", u32::MAX)
        );
    }
}
