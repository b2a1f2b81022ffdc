//! A process that rhaid started.

use std::io;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use super::identity::Identity;
use super::strays::end_family;
use crate::chaos::guardian::Number;
use crate::chaos::{Deed, Guardian, GuardianError};

/// A process that leads a group of its own. Rhaid ends it at the latest when this is dropped, the guardian if rhaid cannot.
#[derive(Debug)]
pub struct Ours {
    child: Child,
    identity: Identity,
    guardian: Guardian,
    number: Option<Number>,
    mark: Option<String>,
}

impl Ours {
    /// Takes a child that waits to be told that it may begin, and tells the guardian of it. By the `mark` in its environment
    /// those are found whom it starts and who leave its group.
    ///
    /// # Errors
    /// When there is no guardian; the child is ended.
    pub fn take(
        mut child: Child,
        name: &str,
        grace: Duration,
        mark: Option<&str>,
        guardian: &Guardian,
    ) -> Result<Self, GuardianError> {
        // It waits, so that its number is its own.
        let identity = Identity::of(child.id());
        let entered = identity
            .map_err(|error| GuardianError::Start(error.to_string()))
            .and_then(|identity| {
                let deed = Deed::Kill {
                    process: identity,
                    name: name.to_owned(),
                    grace_ms: u64::try_from(grace.as_millis()).unwrap_or(u64::MAX),
                    mark: mark.map(str::to_owned),
                };
                Ok((identity, guardian.enter(deed)?))
            });
        match entered {
            Ok((identity, number)) => Ok(Self {
                child,
                identity,
                guardian: guardian.clone(),
                number: Some(number),
                mark: mark.map(str::to_owned),
            }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Ends it, its group and its strays, first asking them if there is a `grace`. Nothing if that was done.
    ///
    /// # Errors
    /// When it is still there.
    pub fn end(&mut self, grace: Duration) -> io::Result<()> {
        let Some(number) = self.number else {
            return Ok(());
        };
        end_family(self.identity, self.mark.as_deref(), grace)?;
        self.child.wait()?;
        self.number = None;
        self.guardian.done(number);
        Ok(())
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        // What fails here the guardian tries again.
        let _ = self.end(Duration::ZERO);
    }
}
