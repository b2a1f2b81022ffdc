//! The names of this room in a program that cannot speak to clusters: nothing of them can be made.

use std::time::Duration;

use serde_json::{Map, Value};

use super::{Configured, Deleted, NOT_BUILT, Scaled};
use crate::chaos::{Chaos, FaultId, Ledger};

/// It always is that this program has no Kubernetes.
#[derive(Debug, thiserror::Error)]
#[error("{NOT_BUILT}")]
pub struct ClusterError;

impl ClusterError {
    /// Which option is wrong.
    pub fn option(&self) -> Option<&str> {
        None
    }
}

/// Pods that nobody can name.
#[derive(Debug)]
pub enum Pods {}

impl Pods {
    /// # Errors
    /// Always.
    pub fn read(_selector: &str, _options: &Map<String, Value>) -> Result<Self, ClusterError> {
        Err(ClusterError)
    }

    /// # Errors
    /// There are no such pods.
    pub fn delete(&self, _fault: FaultId, _chaos: &Chaos) -> Result<Deleted, ClusterError> {
        match *self {}
    }
}

/// A deployment that nobody can name.
#[derive(Debug)]
pub enum Deployment {}

impl Deployment {
    /// # Errors
    /// Always.
    pub fn read(_name: &str, _options: &Map<String, Value>) -> Result<Self, ClusterError> {
        Err(ClusterError)
    }

    /// # Errors
    /// There is no such deployment.
    pub fn scale(
        &self,
        _ledger: &Ledger,
        _fault: FaultId,
        _chaos: &Chaos,
        _replicas: u32,
    ) -> Result<Scaled, ClusterError> {
        match *self {}
    }
}

/// A recovery that never began.
#[derive(Debug, Clone)]
pub enum Recovery {}

impl Recovery {
    /// # Errors
    /// There is no such recovery.
    pub fn wait(
        &self,
        _longest: Duration,
        _is_over: impl Fn() -> bool + Send + 'static,
    ) -> Result<Option<Duration>, ClusterError> {
        match *self {}
    }
}

/// # Errors
/// Always.
pub fn configured() -> Result<Configured, ClusterError> {
    Err(ClusterError)
}
