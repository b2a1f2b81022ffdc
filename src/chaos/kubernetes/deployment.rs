//! Deployments that have fewer replicas for a while.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Scaled;
use super::cluster::{Cluster, LONGEST};
use super::error::ClusterError;
use super::given::{Options, Scope, is_name};
use super::place::Place;
use super::session::{Change, Seen};
use crate::chaos::{Chaos, Deed, FaultId, Ledger};

/// How long a change is waited for of which nobody has said that it is done.
const COMES_ABOUT: Duration = Duration::from_secs(15);
/// The same, where the connection broke.
const SOON: Duration = Duration::from_secs(2);
/// Between two looks at whether it has come about.
const LOOK: Duration = Duration::from_millis(500);
/// How often a change is tried that somebody else was faster with.
const TRIES: usize = 5;

/// A deployment by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    name: String,
    scope: Scope,
}

/// The way back: gives a deployment its replicas again, if it still has those that the fault left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleBack {
    place: Place,
    /// The context of then: the current one may be another by now.
    context: Option<String>,
    namespace: String,
    name: String,
    /// One of the same name that was made since is another.
    uid: String,
    before: u32,
    left: u32,
    /// The cluster has said that it is done. Otherwise it may still come about.
    #[serde(default)]
    pub(in crate::chaos) is_settled: bool,
}

impl Deployment {
    /// The one of this name, with the options `namespace` and `context`.
    ///
    /// # Errors
    /// When something of it is wrong. Nothing is asked.
    pub fn read(name: &str, options: &Map<String, Value>) -> Result<Self, ClusterError> {
        if !is_name(name) {
            return Err(ClusterError::DeploymentName(super::error::plain(name)));
        }
        let options = Options::of(options, &["namespace", "context"])?;
        Ok(Self {
            name: name.to_owned(),
            scope: options.scope()?,
        })
    }

    /// Gives it fewer replicas, none even. The way back gives it those that it had.
    ///
    /// # Errors
    /// When there is none, it has no more than that, another fault has scaled it down, the cluster refuses, or there is no guardian.
    pub fn scale(
        &self,
        ledger: &Ledger,
        fault: FaultId,
        chaos: &Chaos,
        replicas: u32,
    ) -> Result<Scaled, ClusterError> {
        let cluster = Cluster::of(&self.scope)?;
        cluster.check(chaos)?;
        let is_over = || !chaos.is_on(fault);
        let scaled = |before: u32| Scaled {
            before,
            told: format!(
                "scaled deployment `{}` in `{}` from {before} to {replicas}",
                self.name,
                cluster.namespace(),
            ),
        };
        for _ in 0..TRIES {
            let seen = self.look(&cluster, &is_over)?;
            if replicas >= seen.replicas {
                return Err(ClusterError::NotLess {
                    name: self.name.clone(),
                    has: seen.replicas,
                    wanted: replicas,
                });
            }
            let way_back = ScaleBack {
                place: cluster.place().clone(),
                context: cluster.context().map(str::to_owned),
                namespace: cluster.namespace().to_owned(),
                name: self.name.clone(),
                uid: seen.uid.clone(),
                before: seen.replicas,
                left: replicas,
                is_settled: false,
            };
            let entry = ledger.enter_deed(fault, Deed::ScaleBack(way_back))?;
            // After the entry: of two faults that come at once, at least one sees the other.
            if is_held(ledger, fault, &seen.uid) {
                ledger.withdraw(entry);
                return Err(ClusterError::Held(self.name.clone()));
            }
            match change(&cluster, &self.name, &seen, replicas, &is_over) {
                Ok(Change::Done) => {
                    ledger.settle(entry);
                    return Ok(scaled(seen.replicas));
                }
                Ok(Change::Overtaken) => ledger.withdraw(entry),
                Ok(Change::Unclear) => {
                    let now = self.look(&cluster, &is_over);
                    match now {
                        Ok(now) if now.replicas != replicas || now.uid != seen.uid => {
                            ledger.withdraw(entry);
                        }
                        Ok(_) => {
                            ledger.settle(entry);
                            return Ok(scaled(seen.replicas));
                        }
                        Err(why) => return Err(why),
                    }
                }
                // The way back stays entered, and looks again: it may have been done, or still be done.
                Err(why) if why.is_unclear() => {
                    // Whom nobody reaches any more has done it by now, or never will.
                    let is_gone = matches!(why, ClusterError::Reach { .. });
                    let longest = if is_gone { SOON } else { COMES_ABOUT };
                    if self.comes_about(&cluster, &seen, replicas, longest, &is_over) {
                        ledger.settle(entry);
                        return Ok(scaled(seen.replicas));
                    }
                    if is_gone && !is_over() {
                        ledger.withdraw(entry);
                    }
                    return Err(why);
                }
                Err(why) => {
                    ledger.withdraw(entry);
                    return Err(why);
                }
            }
        }
        Err(ClusterError::Contended(self.name.clone()))
    }

    /// Whether a change of which nobody has said that it is done can be seen, as long as the fault is on.
    fn comes_about(
        &self,
        cluster: &Cluster,
        before: &Seen,
        replicas: u32,
        longest: Duration,
        is_over: &dyn Fn() -> bool,
    ) -> bool {
        let began = Instant::now();
        while !is_over() && began.elapsed() < longest {
            if let Ok(seen) = self.look(cluster, is_over)
                && seen.uid == before.uid
                && seen.replicas == replicas
            {
                return true;
            }
            std::thread::sleep(LOOK);
        }
        false
    }

    fn look(&self, cluster: &Cluster, is_over: &dyn Fn() -> bool) -> Result<Seen, ClusterError> {
        let name = self.name.clone();
        let seen = cluster.ask(LONGEST, is_over, move |session| async move {
            session.replicas(&name).await
        })?;
        seen.ok_or_else(|| ClusterError::NoDeployment {
            name: self.name.clone(),
            namespace: cluster.namespace().to_owned(),
        })
    }
}

fn change(
    cluster: &Cluster,
    name: &str,
    seen: &Seen,
    replicas: u32,
    is_over: &dyn Fn() -> bool,
) -> Result<Change, ClusterError> {
    let (name, seen) = (name.to_owned(), seen.clone());
    cluster.ask(LONGEST, is_over, move |session| async move {
        session.scale(&name, &seen, replicas).await
    })
}

/// Whether another fault has to put this deployment back.
fn is_held(ledger: &Ledger, fault: FaultId, uid: &str) -> bool {
    let deeds = ledger.deeds();
    deeds.iter().any(|(other, deed)| {
        *other != fault && matches!(deed, Deed::ScaleBack(back) if back.uid == uid)
    })
}

impl ScaleBack {
    /// Does it. A deployment that is gone, or that somebody else has scaled since, is left as it is.
    ///
    /// # Errors
    /// When the cluster cannot be asked, or refuses.
    pub(in crate::chaos) fn carry_out(&self) -> Result<(), ClusterError> {
        let scope = Scope {
            namespace: Some(self.namespace.clone()),
            context: self.context.clone(),
        };
        let cluster = Cluster::within(&self.place, &scope)?;
        let back = self.clone();
        let began = Instant::now();
        cluster.ask(LONGEST, &|| false, move |session| async move {
            let mut tries = 0;
            while tries < TRIES {
                let seen = match session.replicas(&back.name).await? {
                    Some(seen) if seen.uid == back.uid && seen.replicas == back.left => seen,
                    // It was asked for, and has not come about: it may be on its way.
                    Some(seen)
                        if !back.is_settled
                            && seen.uid == back.uid
                            && seen.replicas == back.before =>
                    {
                        if began.elapsed() >= COMES_ABOUT {
                            return Err(ClusterError::Unsettled {
                                name: back.name,
                                has: seen.replicas,
                                after: began.elapsed(),
                            });
                        }
                        tokio::time::sleep(LOOK).await;
                        continue;
                    }
                    _ => return Ok(()),
                };
                tries += 1;
                if session.scale(&back.name, &seen, back.before).await? == Change::Done {
                    return Ok(());
                }
            }
            Err(ClusterError::Contended(back.name))
        })
    }

    pub(in crate::chaos) fn about(&self) -> String {
        format!(
            "scale the deployment `{}` in `{}` back to {}",
            self.name, self.namespace, self.before
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_one_line_without_a_secret() {
        let back = ScaleBack {
            place: Place::Files(vec!["/root/.kube/config".into()]),
            context: Some("kind".to_owned()),
            namespace: "shop".to_owned(),
            name: "db".to_owned(),
            uid: "u".to_owned(),
            before: 3,
            left: 0,
            is_settled: true,
        };
        let deed = Deed::ScaleBack(back);
        let line = serde_json::to_string(&deed).unwrap();
        assert_eq!(
            line,
            r#"{"do":"scale_back","place":{"files":["/root/.kube/config"]},"context":"kind","namespace":"shop","name":"db","uid":"u","before":3,"left":0,"is_settled":true}"#
        );
        assert_eq!(serde_json::from_str::<Deed>(&line).unwrap(), deed);
    }

    #[test]
    fn a_name_is_no_path() {
        let read = |name: &str| Deployment::read(name, &Map::new());
        assert!(read("hotel-db.v2").is_ok());
        for name in ["", "../db", "Db", "a b"] {
            assert!(read(name).is_err(), "{name}");
        }
    }
}
