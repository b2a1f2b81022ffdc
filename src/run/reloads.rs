//! Versions of the script that took over while the run was going on.

use std::collections::BTreeSet;
use std::time::Duration;

use super::blueprint::Blueprint;
use crate::result::Reload;

/// More reloads than this are counted as the last one: nobody reads them one by one.
const MAX_MARKS: usize = 1_000;

/// Which versions took over, and when.
#[derive(Debug, Default)]
pub struct Reloads {
    marks: Vec<Reload>,
    failed: BTreeSet<u32>,
}

impl Reloads {
    /// A worker plays a version from now on; whether it is the first that does, which is what counts.
    pub fn note(&mut self, version: u32, sha256: String, at: Duration) -> bool {
        let known = self.marks.iter().any(|mark| mark.version == version);
        if known {
            return false;
        }
        if self.marks.len() >= MAX_MARKS {
            self.marks.pop();
        }
        self.marks.push(Reload {
            at: at.as_secs_f64(),
            version,
            script_sha256: sha256,
        });
        true
    }

    /// A worker could not take a version up; whether this is the first word of it.
    pub fn failed(&mut self, version: u32) -> bool {
        self.failed.insert(version)
    }

    /// In the order in which they took over.
    pub fn marks(&self) -> Vec<Reload> {
        self.marks.clone()
    }
}

/// Whether a changed script can take over in a run that goes on by its old plan. Gives what the user should know about it.
///
/// # Errors
/// A sentence, when the plan needs functions that the script no longer has.
pub fn take_over(running: &Blueprint, newer: &Blueprint) -> Result<Vec<String>, String> {
    let scenarios = &running.options.scenarios;
    let lost = scenarios
        .iter()
        .find(|scenario| !newer.functions.contains(&scenario.exec));
    if let Some(scenario) = lost {
        return Err(format!(
            "the running scenario `{}` needs the function `{}`, which is no longer there\nhelp: keep it, or start a new run",
            scenario.name, scenario.exec
        ));
    }
    let mut notes = Vec::new();
    if running.raw != newer.raw {
        notes.push(
            "the options have changed: this run keeps the plan it began with, the next one has the new one"
                .to_owned(),
        );
    }
    if running.setup != newer.setup {
        notes.push(
            "`setup` has changed: this run keeps the data it began with, the next one runs the new one"
                .to_owned(),
        );
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_marked_when_the_first_worker_takes_it_up() {
        let mut reloads = Reloads::default();
        reloads.note(1, "a".to_owned(), Duration::from_secs(1));
        reloads.note(1, "a".to_owned(), Duration::from_secs(2));
        reloads.note(2, "b".to_owned(), Duration::from_secs(3));
        let seen: Vec<_> = reloads.marks().iter().map(|m| (m.version, m.at)).collect();
        assert_eq!(seen, [(1, 1.0), (2, 3.0)]);
        assert!(reloads.failed(3));
        assert!(!reloads.failed(3));
    }
}
