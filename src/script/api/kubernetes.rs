//! What a fault can do to what a Kubernetes cluster runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult, Map};
use serde_json::Value;

use super::basics::duration_of;
use super::faults::{Fault, on_the_side};
use super::{Fallible, error, virtual_user, waiting};
use crate::chaos::Touches;
use crate::chaos::kubernetes::{Deployment, Pods, Recovery};
use crate::script::convert;

/// Pods, by their labels.
#[derive(Clone)]
pub struct FaultPods {
    fault: Fault,
    pods: Arc<Pods>,
    /// How others come in their place, once some were deleted; all copies of a handle know.
    recovery: Rc<RefCell<Option<Recovery>>>,
}

/// A deployment, by its name.
#[derive(Clone)]
pub struct FaultDeployment {
    fault: Fault,
    deployment: Arc<Deployment>,
}

/// Options as a script gives them.
fn options(given: &Map) -> Fallible<serde_json::Map<String, Value>> {
    let mut read = serde_json::Map::new();
    for (name, value) in given {
        let value = convert::to_json(value).or_else(|why| error(format!("`{name}`: {why}")))?;
        read.insert(name.to_string(), value);
    }
    Ok(read)
}

impl FaultPods {
    fn of(fault: &Fault, labels: &str, given: &Map) -> Fallible<Self> {
        match Pods::read(labels, &options(given)?) {
            Ok(pods) => Ok(Self {
                fault: fault.clone(),
                pods: Arc::new(pods),
                recovery: Rc::default(),
            }),
            Err(why) => error(why.to_string()),
        }
    }

    fn delete(&self) -> Fallible<Array> {
        let pods = Arc::clone(&self.pods);
        let deleted = on_the_side(&self.fault, Touches::Kubernetes, move |_, id, chaos| {
            let deleted = pods.delete(id, chaos).map_err(|why| why.to_string())?;
            Ok(((deleted.names, deleted.recovery), deleted.told))
        });
        let (names, recovery) = deleted?;
        *self.recovery.borrow_mut() = Some(recovery);
        Ok(names.into_iter().map(Dynamic::from).collect())
    }

    fn wait_ready(&self, longest: &Dynamic) -> Fallible<Dynamic> {
        let longest = duration_of(longest)?;
        let recovery = self.recovery.borrow().clone();
        let Some(recovery) = recovery else {
            return error(
                "nothing was deleted yet: let pods = fault.pods(\"app=hotel\"); pods.delete(); pods.wait_ready(\"60s\")",
            );
        };
        let chaos = virtual_user("waiting for pods")?.worker.run.chaos.clone();
        let waited =
            tokio::task::spawn_blocking(move || recovery.wait(longest, move || chaos.is_over()));
        match waiting(waited)? {
            Ok(Ok(Some(took))) => Ok(took.as_secs_f64().into()),
            Ok(Ok(None)) => Ok(Dynamic::UNIT),
            Ok(Err(why)) => error(why.to_string()),
            Err(_) => error("the pods could not be waited for; this is a mistake in rhaid"),
        }
    }
}

impl FaultDeployment {
    fn of(fault: &Fault, name: &str, given: &Map) -> Fallible<Self> {
        match Deployment::read(name, &options(given)?) {
            Ok(deployment) => Ok(Self {
                fault: fault.clone(),
                deployment: Arc::new(deployment),
            }),
            Err(why) => error(why.to_string()),
        }
    }

    fn scale(&self, replicas: i64) -> Fallible<i64> {
        let Ok(replicas) = u32::try_from(replicas) else {
            return error(format!("a number of replicas is 0 or more, not {replicas}"));
        };
        let deployment = Arc::clone(&self.deployment);
        on_the_side(
            &self.fault,
            Touches::Kubernetes,
            move |ledger, id, chaos| {
                let scaled = deployment.scale(ledger, id, chaos, replicas);
                scaled
                    .map(|scaled| (i64::from(scaled.before), scaled.told))
                    .map_err(|why| why.to_string())
            },
        )
    }
}

#[export_module]
pub mod kubernetes_types {
    /// Pods with these labels, in the namespace that the kubeconfig says: `"app=hotel,tier!=cache"`.
    #[rhai_fn(return_raw, pure)]
    pub fn pods(fault: &mut Fault, labels: &str) -> Result<FaultPods, Box<EvalAltResult>> {
        FaultPods::of(fault, labels, &Map::new())
    }

    /// Options are `namespace`, `context` (of the kubeconfig), `count` (how many, one unless told: `2`, or a share of those that run:
    /// `"50%"`), `grace` (how long each has to end), and `ownerless: true` for pods that nobody makes again.
    #[rhai_fn(name = "pods", return_raw, pure)]
    pub fn pods_with(
        fault: &mut Fault,
        labels: &str,
        options: Map,
    ) -> Result<FaultPods, Box<EvalAltResult>> {
        FaultPods::of(fault, labels, &options)
    }

    /// Deletes as many of the pods as were said, one unless told; the run's seed decides which. Their controllers make others: there
    /// is nothing to undo. Gives the names of those that were deleted.
    #[rhai_fn(name = "delete", return_raw, pure)]
    pub fn delete_pods(pods: &mut FaultPods) -> Result<Array, Box<EvalAltResult>> {
        pods.delete()
    }

    /// Waits until as many of the pods are ready as were before they were deleted, and throws if that takes longer than this. Gives
    /// the seconds since the deletion, or `()` if the run ends before.
    #[rhai_fn(return_raw, pure)]
    pub fn wait_ready(
        pods: &mut FaultPods,
        longest: Dynamic,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        pods.wait_ready(&longest)
    }

    /// The deployment of this name, in the namespace that the kubeconfig says.
    #[rhai_fn(return_raw, pure)]
    pub fn deployment(
        fault: &mut Fault,
        name: &str,
    ) -> Result<FaultDeployment, Box<EvalAltResult>> {
        FaultDeployment::of(fault, name, &Map::new())
    }

    /// Options are `namespace`, and `context` (of the kubeconfig).
    #[rhai_fn(name = "deployment", return_raw, pure)]
    pub fn deployment_with(
        fault: &mut Fault,
        name: &str,
        options: Map,
    ) -> Result<FaultDeployment, Box<EvalAltResult>> {
        FaultDeployment::of(fault, name, &options)
    }

    /// Lets the deployment have fewer replicas, or none: `scale(0)`. It has as many as before when the fault is over, unless somebody
    /// else has scaled it meanwhile. Gives how many it had.
    #[rhai_fn(name = "scale", return_raw, pure)]
    pub fn scale_deployment(
        deployment: &mut FaultDeployment,
        replicas: i64,
    ) -> Result<i64, Box<EvalAltResult>> {
        deployment.scale(replicas)
    }
}
