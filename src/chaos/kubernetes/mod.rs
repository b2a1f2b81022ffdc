//! Faults on what a Kubernetes cluster runs: pods that are deleted, deployments that are scaled down.
//!
//! In: what a script names, by labels or by name, and a kubeconfig. Out: pods that are gone, for which their controllers make others;
//! deployments with fewer replicas, and the way back, which the guardian knows too.
//!
//! What speaks to clusters is made of crates that most do without, so it is there with the feature `kubernetes` alone. Without it all
//! has the same names (`absent`), and nothing of it can be made.

#[cfg(not(feature = "kubernetes"))]
mod absent;
#[cfg(feature = "kubernetes")]
mod cluster;
#[cfg(feature = "kubernetes")]
mod deployment;
#[cfg(feature = "kubernetes")]
mod error;
#[cfg(feature = "kubernetes")]
mod given;
#[cfg(feature = "kubernetes")]
mod place;
#[cfg(feature = "kubernetes")]
mod pods;
#[cfg(feature = "kubernetes")]
mod recovery;
#[cfg(feature = "kubernetes")]
mod session;

#[cfg(not(feature = "kubernetes"))]
pub use absent::{ClusterError, Deployment, Pods, Recovery, configured};
#[cfg(feature = "kubernetes")]
pub use cluster::configured;
#[cfg(feature = "kubernetes")]
pub use deployment::{Deployment, ScaleBack};
#[cfg(feature = "kubernetes")]
pub use error::ClusterError;
#[cfg(feature = "kubernetes")]
pub use place::Place;
#[cfg(feature = "kubernetes")]
pub use pods::Pods;
#[cfg(feature = "kubernetes")]
pub use recovery::Recovery;

/// What a program without Kubernetes says, and how to get one with it.
pub const NOT_BUILT: &str = "this rhaid was built without Kubernetes\nhelp: build one with it: `cargo build --release --features kubernetes`, \
or `cargo install --path . --features kubernetes`";

/// Whether this program can speak to clusters.
pub const IS_BUILT: bool = cfg!(feature = "kubernetes");

/// Pods that were deleted.
#[derive(Debug)]
pub struct Deleted {
    pub names: Vec<String>,
    /// What was done, in words.
    pub told: String,
    /// What waits for those that come in their place.
    pub recovery: Recovery,
}

/// A deployment that was scaled down.
#[derive(Debug)]
pub struct Scaled {
    /// The replicas that it had.
    pub before: u32,
    /// What was done, in words.
    pub told: String,
}

/// The cluster that faults would be done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    /// Where its API server is.
    pub url: String,
    /// ``context `kind` of /root/.kube/config``.
    pub by: String,
    /// The namespace of faults that name none.
    pub namespace: String,
}
