//! Questions to a cluster, each of which has an answer or an end.

use std::future::Future;
use std::time::Duration;

use http_body_util::Limited;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, Preconditions};
use kube::client::ClientBuilder;
use kube::{Client, core::ObjectList};
use serde_json::json;
use tower::util::MapResponseLayer;

use super::cluster::{Cluster, PATIENCE};
use super::error::{Asked, ClusterError};

/// Pods that are asked for at once.
const PAGE: u32 = 500;
/// Pages of one list. A fault on more pods than this is none that anybody meant.
const MOST_PAGES: usize = 20;
/// Bytes of one answer: many times what a page of pods has.
const MOST_BYTES: usize = 64 << 20;
/// How often a list is begun anew whose pages the cluster has forgotten.
const TRIES: usize = 3;
/// Before a cluster that is busy is asked again.
const PAUSES: [Duration; 2] = [Duration::from_millis(300), Duration::from_secs(1)];
/// Who changes things, as the cluster notes it.
const MANAGER: &str = "rhaid";

/// Whether the cluster itself says that it may be otherwise in a moment.
fn is_busy(why: &kube::Error) -> bool {
    matches!(why, kube::Error::Api(status) if matches!(status.code, 429 | 503 | 504))
}

/// Whether what was asked for may have been done all the same: too many requests are turned away before.
fn may_be_done(why: &kube::Error) -> bool {
    !matches!(why, kube::Error::Api(status) if status.code == 429)
}

/// The answer to a change.
struct Answered<T> {
    /// What was asked for, or the status if it says something of the thing itself.
    outcome: Result<T, u16>,
    /// It was asked for before, and nobody knows what came of that: the status may be about the change itself.
    is_repeated: bool,
}

/// A client of a cluster, for as long as its runtime lives.
pub struct Session {
    client: Client,
    cluster: Cluster,
}

/// How it went with one pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    Done,
    /// It was gone before, or another one has its name by now.
    Gone,
}

/// How it went with a change that is for what was seen, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Done,
    /// Somebody else was faster.
    Overtaken,
    /// It was asked for more than once, and is not as it was: by the first time, or by somebody else.
    Unclear,
}

/// The replicas of a deployment, as they were seen.
#[derive(Debug, Clone)]
pub struct Seen {
    pub uid: String,
    pub version: String,
    pub replicas: u32,
}

impl Session {
    pub(super) fn begin(cluster: Cluster) -> Result<Self, ClusterError> {
        let asked = Asked {
            what: "begin a session".to_owned(),
            namespace: cluster.namespace().to_owned(),
            verbs: "",
            resource: "",
        };
        let builder = ClientBuilder::try_from(cluster.config());
        let builder = builder.map_err(|why| cluster.told(why, &asked))?;
        // An answer that has no end fills nobody's memory.
        let bound = MapResponseLayer::new(|answer: http::Response<_>| {
            answer.map(|body| Limited::new(body, MOST_BYTES))
        });
        let client = builder.with_layer(&bound).build();
        Ok(Self { client, cluster })
    }

    /// The answer, or the status if it says something of the thing itself. A cluster that is busy is asked again, twice.
    async fn answer<T, F>(
        &self,
        asked: &Asked,
        question: impl Fn() -> F,
    ) -> Result<Result<T, u16>, ClusterError>
    where
        F: Future<Output = kube::Result<T>>,
    {
        Ok(self.answered(asked, question).await?.outcome)
    }

    /// The same, and whether it was asked for more than once.
    async fn answered<T, F>(
        &self,
        asked: &Asked,
        question: impl Fn() -> F,
    ) -> Result<Answered<T>, ClusterError>
    where
        F: Future<Output = kube::Result<T>>,
    {
        let mut is_repeated = false;
        let mut pauses = PAUSES.into_iter();
        loop {
            match tokio::time::timeout(PATIENCE, question()).await {
                Ok(Ok(answer)) => {
                    return Ok(Answered {
                        outcome: Ok(answer),
                        is_repeated,
                    });
                }
                Ok(Err(kube::Error::Api(status))) if matches!(status.code, 404 | 409 | 410) => {
                    return Ok(Answered {
                        outcome: Err(status.code),
                        is_repeated,
                    });
                }
                Ok(Err(why)) => match pauses.next().filter(|_| is_busy(&why)) {
                    Some(pause) => {
                        is_repeated |= may_be_done(&why);
                        tokio::time::sleep(pause).await;
                    }
                    None => return Err(self.cluster.told(why, asked)),
                },
                Err(_) => return Err(self.cluster.silent(&asked.to_string(), PATIENCE)),
            }
        }
    }

    fn asked(&self, what: String, verbs: &'static str, resource: &'static str) -> Asked {
        Asked {
            what,
            namespace: self.cluster.namespace().to_owned(),
            verbs,
            resource,
        }
    }

    fn refused(asked: &Asked, status: u16) -> ClusterError {
        ClusterError::Refused {
            asked: asked.to_string(),
            status,
            message: match status {
                404 => "there is no such thing",
                409 => "somebody else changed it meanwhile",
                _ => "it has forgotten what was asked before",
            }
            .to_owned(),
        }
    }

    fn pods_api(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), self.cluster.namespace())
    }

    /// All pods with these labels.
    pub async fn pods(&self, selector: &str) -> Result<Vec<Pod>, ClusterError> {
        let asked = self.asked("list pods".to_owned(), "list,delete", "pods");
        let api = self.pods_api();
        'anew: for _ in 0..TRIES {
            let mut pods = Vec::new();
            let mut page = ListParams::default().labels(selector).limit(PAGE);
            for _ in 0..MOST_PAGES {
                let list: ObjectList<Pod> = match self.answer(&asked, || api.list(&page)).await? {
                    Ok(list) => list,
                    // The rest of a list that took too long.
                    Err(410) if page.continue_token.is_some() => continue 'anew,
                    Err(status) => return Err(Self::refused(&asked, status)),
                };
                pods.extend(list.items);
                match list.metadata.continue_.filter(|token| !token.is_empty()) {
                    Some(token) => page = page.continue_token(&token),
                    None => return Ok(pods),
                }
            }
            let most = MOST_PAGES * PAGE as usize;
            return Err(ClusterError::Refused {
                asked: asked.to_string(),
                status: 200,
                message: format!("there are more than {most}: choose other labels"),
            });
        }
        Err(Self::refused(&asked, 410))
    }

    /// Deletes one pod, and none that has its name by now.
    pub async fn delete(
        &self,
        name: &str,
        uid: &str,
        grace: Option<u32>,
    ) -> Result<Deletion, ClusterError> {
        let asked = self.asked(format!("delete the pod `{name}`"), "list,delete", "pods");
        let params = DeleteParams {
            grace_period_seconds: grace,
            preconditions: Some(Preconditions {
                uid: Some(uid.to_owned()),
                resource_version: None,
            }),
            ..DeleteParams::default()
        };
        let pods = self.pods_api();
        match self
            .answered(&asked, || pods.delete(name, &params))
            .await?
        {
            Answered { outcome: Ok(_), .. }
            // It is gone by now, or another one has its name: by the first time that it was asked for.
            | Answered {
                outcome: Err(404 | 409),
                is_repeated: true,
            } => Ok(Deletion::Done),
            Answered {
                outcome: Err(404 | 409),
                ..
            } => Ok(Deletion::Gone),
            Answered {
                outcome: Err(status),
                ..
            } => Err(Self::refused(&asked, status)),
        }
    }

    fn scaling(&self, what: String) -> Asked {
        self.asked(what, "get,patch", "deployments/scale")
    }

    fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), self.cluster.namespace())
    }

    /// How many replicas a deployment is to have; nothing if there is none of that name.
    pub async fn replicas(&self, name: &str) -> Result<Option<Seen>, ClusterError> {
        let asked = self.scaling(format!("look at the replicas of the deployment `{name}`"));
        let deployments = self.deployments();
        let scale: Scale = match self.answer(&asked, || deployments.get_scale(name)).await? {
            Ok(scale) => scale,
            Err(404) => return Ok(None),
            Err(status) => return Err(Self::refused(&asked, status)),
        };
        let seen = (|| {
            Some(Seen {
                uid: scale.metadata.uid?,
                version: scale.metadata.resource_version?,
                // Where it is left out it is none.
                replicas: u32::try_from(scale.spec?.replicas.unwrap_or_default()).ok()?,
            })
        })();
        seen.map(Some).ok_or_else(|| ClusterError::Nonsense {
            url: self.cluster.url(),
            asked: asked.to_string(),
            why: "it has no uid, version or number".to_owned(),
        })
    }

    /// Gives a deployment this many replicas, if it still is as it was seen.
    pub async fn scale(
        &self,
        name: &str,
        seen: &Seen,
        replicas: u32,
    ) -> Result<Change, ClusterError> {
        let asked = self.scaling(format!("scale the deployment `{name}` to {replicas}"));
        let patch = json!({
            "metadata": { "uid": seen.uid, "resourceVersion": seen.version },
            "spec": { "replicas": replicas },
        });
        let params = PatchParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PatchParams::default()
        };
        let deployments = self.deployments();
        let patch = Patch::Merge(&patch);
        let change = || deployments.patch_scale(name, &params, &patch);
        match self.answered(&asked, change).await? {
            Answered { outcome: Ok(_), .. } => Ok(Change::Done),
            Answered {
                outcome: Err(404 | 409),
                is_repeated: false,
            } => Ok(Change::Overtaken),
            Answered {
                outcome: Err(409),
                is_repeated: true,
            } => Ok(Change::Unclear),
            Answered {
                outcome: Err(status),
                ..
            } => Err(Self::refused(&asked, status)),
        }
    }
}
