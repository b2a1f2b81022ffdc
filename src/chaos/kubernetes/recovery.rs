//! How soon others are ready in the place of pods that were deleted.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, Instant};

use super::cluster::{Cluster, PATIENCE};
use super::error::ClusterError;
use super::pods::Found;
use super::session::Session;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);
/// Between two looks at whether somebody still waits.
const STEP: Duration = Duration::from_millis(50);

/// What was there before, and is to be there again.
#[derive(Clone)]
pub struct Recovery {
    pub(super) cluster: Cluster,
    pub(super) selector: String,
    /// The deleted ones, which may be ready for as long as their grace lasts.
    pub(super) gone: BTreeSet<String>,
    /// So many were ready.
    pub(super) wanted: usize,
    pub(super) since: Instant,
}

impl fmt::Debug for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recovery({} of `{}`)", self.wanted, self.selector)
    }
}

/// What the last look told.
#[derive(Default)]
struct Seen {
    ready: usize,
    /// Why it told nothing.
    failed: Option<String>,
}

impl Recovery {
    /// Waits until as many pods are ready as were before the deletion: the time since that. Nothing if `is_over` says that nobody
    /// waits any more.
    ///
    /// # Errors
    /// When they are not within `longest`. A cluster that does not answer meanwhile is asked again.
    pub fn wait(
        &self,
        longest: Duration,
        is_over: impl Fn() -> bool + Send + 'static,
    ) -> Result<Option<Duration>, ClusterError> {
        let this = self.clone();
        self.cluster
            .ask(longest + PATIENCE, &|| false, move |session| async move {
                let seen = RefCell::default();
                tokio::select! {
                    took = this.all_ready(&session, &seen) => Ok(Some(took)),
                    () = over(is_over) => Ok(None),
                    () = tokio::time::sleep(longest) => {
                        let Seen { ready, failed } = seen.take();
                        Err(ClusterError::NotReady {
                            selector: this.selector.clone(),
                            ready,
                            wanted: this.wanted,
                            after: this.since.elapsed(),
                            last: failed,
                        })
                    }
                }
            })
    }

    async fn all_ready(&self, session: &Session, seen: &RefCell<Seen>) -> Duration {
        loop {
            match session.pods(&self.selector).await {
                Ok(pods) => {
                    let pods = pods.into_iter().filter_map(Found::of);
                    let ready = pods.filter(|pod| pod.counts() && !self.gone.contains(&pod.uid));
                    let ready = ready.count();
                    if ready >= self.wanted {
                        return self.since.elapsed();
                    }
                    seen.replace(Seen {
                        ready,
                        failed: None,
                    });
                }
                Err(why) => {
                    let told = why.to_string().replace("\nhelp: ", "; ");
                    seen.borrow_mut().failed = Some(told);
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

async fn over(is_over: impl Fn() -> bool) {
    while !is_over() {
        tokio::time::sleep(STEP).await;
    }
}
