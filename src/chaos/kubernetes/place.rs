//! Where it is written how a cluster is reached.

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ClusterError;

/// What a pod is given to speak to its own cluster.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const HOST: &str = "KUBERNETES_SERVICE_HOST";

/// Where it is written. The guardian is told this, and no secret of what is written there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Kubeconfig files: of what several say, the first one's word counts. Their paths are absolute, as the guardian stands elsewhere.
    Files(Vec<PathBuf>),
    /// This process is in a pod, whose service account it is.
    Pod,
}

impl Place {
    /// Where kubectl looks: the files in `KUBECONFIG`, else `~/.kube/config`, else what a pod is given.
    ///
    /// # Errors
    /// When there is nothing, with all that was looked at.
    pub fn find() -> Result<Self, ClusterError> {
        Self::among(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn among(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, ClusterError> {
        if let Some(listed) = variable("KUBECONFIG") {
            let all: Vec<PathBuf> = env::split_paths(&listed)
                .filter(|path| !path.as_os_str().is_empty())
                .collect();
            // As kubectl does it: those that are not there are passed over.
            let there: Vec<PathBuf> = all
                .iter()
                .filter(|path| path.exists())
                .map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()))
                .collect();
            if there.is_empty() {
                let told = all
                    .iter()
                    .map(|path| format!("`{}` of KUBECONFIG", path.display()));
                return Err(ClusterError::NotConfigured(told.collect()));
            }
            return Ok(Self::Files(there));
        }
        let mut looked = vec!["KUBECONFIG (which is not set)".to_owned()];
        if let Some(home) = variable("HOME") {
            let usual = Path::new(&home).join(".kube/config");
            if usual.exists() {
                return Ok(Self::Files(vec![usual]));
            }
            looked.push(format!("`{}`", usual.display()));
        }
        if variable(HOST).is_some() && Path::new(TOKEN).exists() {
            return Ok(Self::Pod);
        }
        looked.push(format!("`{TOKEN}` (for this is no pod of a cluster)"));
        Err(ClusterError::NotConfigured(looked))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pod => f.write_str("the pod's service account"),
            Self::Files(files) => {
                for (number, file) in files.iter().enumerate() {
                    let comma = if number > 0 { ", " } else { "" };
                    write!(f, "{comma}{}", file.display())?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_the_order_of_kubectl() {
        let dir = tempfile::tempdir().unwrap();
        let named = dir.path().join("named");
        std::fs::create_dir(dir.path().join(".kube")).unwrap();
        let usual = dir.path().join(".kube/config");
        for file in [&named, &usual] {
            std::fs::write(file, "").unwrap();
        }
        let missing = dir.path().join("missing");
        let listed = env::join_paths([&missing, &named]).unwrap();
        let find = |listed: Option<OsString>| {
            Place::among(|name| match name {
                "KUBECONFIG" => listed.clone(),
                "HOME" => Some(dir.path().into()),
                _ => None,
            })
        };
        assert_eq!(find(Some(listed)).unwrap(), Place::Files(vec![named]));
        assert_eq!(find(None).unwrap(), Place::Files(vec![usual.clone()]));
        // What is named and missing is not made up for by another's cluster.
        let error = find(Some(missing.clone().into())).unwrap_err().to_string();
        assert!(error.contains(&missing.display().to_string()), "{error}");
        std::fs::remove_file(&usual).unwrap();
        let error = find(None).unwrap_err().to_string();
        for part in ["KUBECONFIG", ".kube/config", TOKEN] {
            assert!(error.contains(part), "{error}");
        }
    }
}
