//! What can go wrong with clusters.

use std::fmt;
use std::io;
use std::time::Duration;

use crate::chaos::{ChaosError, GuardianError};
use crate::units::format_duration;

/// Nothing was changed, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "no Kubernetes cluster is configured; looked at {}\nhelp: name a kubeconfig by KUBECONFIG",
        .0.join(", ")
    )]
    NotConfigured(Vec<String>),
    #[error("the kubeconfig cannot be used ({place}): {why}")]
    Kubeconfig { place: String, why: String },
    #[error("there is no context `{name}` in the kubeconfig ({place}){hint}")]
    NoContext {
        name: String,
        place: String,
        hint: String,
    },
    #[error("`{0}` is no selector of labels: expected one such as `app=hotel,tier!=cache`")]
    Selector(String),
    #[error(
        "an empty selector would mean all pods: name labels such as `app=hotel`, which `kubectl get pods --show-labels` tells"
    )]
    SelectsAll,
    #[error("`{0}` is not the name of a deployment")]
    DeploymentName(String),
    #[error("there is no option `{name}`; {hint}")]
    UnknownOption { name: String, hint: String },
    #[error("`{name}`: {why}")]
    Option { name: &'static str, why: String },
    #[error(
        "the cluster at {url} ({by}) is not on this machine, and no target of faults\nhelp: name `{host}` in `allowed_hosts`, beside the hosts of the load, to allow faults on it"
    )]
    Elsewhere {
        url: String,
        by: String,
        host: String,
    },
    #[error("cannot reach the cluster at {url} ({by}): {why}")]
    Reach {
        url: String,
        by: String,
        why: String,
    },
    #[error("the cluster at {url} ({by}) does not answer within {}: {asked}", format_duration(*.after))]
    Silent {
        url: String,
        by: String,
        asked: String,
        after: Duration,
    },
    #[error(
        "the cluster at {url} does not know who this is: {why}\nhelp: the credentials come from {by}; `kubectl auth whoami` tells whether they hold"
    )]
    Unknown {
        url: String,
        by: String,
        why: String,
    },
    #[error("the cluster does not let {} {asked}{}", .user.as_deref().unwrap_or("this user"), .grant.as_deref().map(|grant| format!("\nhelp: grant it: {grant}")).unwrap_or_default())]
    Forbidden {
        asked: String,
        user: Option<String>,
        /// Commands that would grant it.
        grant: Option<String>,
    },
    #[error("the cluster refuses to {asked}: {message} (status {status})")]
    Refused {
        asked: String,
        status: u16,
        message: String,
    },
    #[error("the cluster at {url} answers something that is not Kubernetes: {asked}: {why}")]
    Nonsense {
        url: String,
        asked: String,
        why: String,
    },
    #[error(
        "no pod with the labels `{selector}` runs in the namespace `{namespace}`{}",
        match .others { 0 => String::new(), others => format!(" ({others} are there and do not run)") }
    )]
    NoPod {
        selector: String,
        namespace: String,
        others: usize,
    },
    #[error(
        "{wanted} pods with the labels `{selector}` are to be deleted, and {running} run in the namespace `{namespace}`"
    )]
    TooFew {
        selector: String,
        namespace: String,
        wanted: usize,
        running: usize,
    },
    #[error(
        "nobody would make these pods again, for no controller owns them: {}\nhelp: choose other labels, or say `ownerless: true` if they are to be lost",
        .0.join(", ")
    )]
    Ownerless(Vec<String>),
    #[error(
        "these pods are their node's own, which runs them whether the cluster has them or not: {}\nhelp: choose other labels",
        .0.join(", ")
    )]
    OfNode(Vec<String>),
    #[error("{why}\nnote: deleted before that: {}", .done.join(", "))]
    Partly {
        done: Vec<String>,
        #[source]
        why: Box<ClusterError>,
    },
    #[error("all of the chosen pods were gone before they were deleted: {}", .0.join(", "))]
    Vanished(Vec<String>),
    #[error(
        "only {ready} of {wanted} pods with the labels `{selector}` are ready {} after the deletion{}",
        format_duration(*.after),
        .last.as_deref().map(|last| format!("; {last}")).unwrap_or_default()
    )]
    NotReady {
        selector: String,
        ready: usize,
        wanted: usize,
        after: Duration,
        /// Why the last look told nothing.
        last: Option<String>,
    },
    #[error("the fault was over before the cluster answered")]
    TooLate,
    #[error(
        "nobody knows whether the cluster still scales the deployment `{name}`: it was asked to, did not say that it is done, and {} later it has {has} replicas as before",
        format_duration(*.after)
    )]
    Unsettled {
        name: String,
        has: u32,
        after: Duration,
    },
    #[error("there is no deployment `{name}` in the namespace `{namespace}`")]
    NoDeployment { name: String, namespace: String },
    #[error(
        "the deployment `{name}` has {has} replicas, so that {wanted} would break nothing: a fault takes some away"
    )]
    NotLess { name: String, has: u32, wanted: u32 },
    #[error(
        "another fault has scaled the deployment `{0}` down: only one at a time can put it back"
    )]
    Held(String),
    #[error("the deployment `{0}` is being changed all the time by somebody else")]
    Contended(String),
    #[error(transparent)]
    Guardian(#[from] GuardianError),
    #[error(transparent)]
    Chaos(#[from] ChaosError),
    #[error("cannot start a thread: {0}")]
    System(#[source] io::Error),
}

impl ClusterError {
    /// Whether what was asked for may have been done, or still be done.
    pub fn is_unclear(&self) -> bool {
        match self {
            Self::Silent { .. } | Self::Reach { .. } | Self::Nonsense { .. } | Self::TooLate => {
                true
            }
            Self::Refused { status, .. } => *status >= 500,
            _ => false,
        }
    }

    /// Which option is wrong, by its name.
    pub fn option(&self) -> Option<&str> {
        match self {
            Self::UnknownOption { name, .. } => Some(name),
            Self::Option { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// What a cluster is asked to do, for people, and what has to be granted for it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// `delete the pod `hotel-1``.
    pub what: String,
    pub namespace: String,
    /// What the fault does in all: `list,delete`.
    pub verbs: &'static str,
    /// `pods`.
    pub resource: &'static str,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in the namespace `{}`", self.what, self.namespace)
    }
}

impl Asked {
    /// The commands that let a user do it, if its name is one that a shell takes as it is.
    pub fn grant(&self, user: &str) -> Option<String> {
        let is_plain = |text: &str| {
            let fits = |c: char| c.is_ascii_alphanumeric() || ":@._-".contains(c);
            !text.is_empty() && text.chars().all(fits) && !text.starts_with('-')
        };
        let who = match user.strip_prefix("system:serviceaccount:") {
            Some(account) => format!("--serviceaccount={account}"),
            None => format!("--user={user}"),
        };
        is_plain(user).then(|| {
            let Self {
                namespace,
                verbs,
                resource,
                ..
            } = self;
            let role = format!("rhaid-{}", resource.replace('/', "-"));
            format!(
                "kubectl -n {namespace} create role {role} --verb={verbs} --resource={resource} && \
kubectl -n {namespace} create rolebinding {role} --role={role} {who}"
            )
        })
    }
}

/// Who may not, by the cluster's own words: `User "…" cannot`.
pub fn user_of(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("User \"")?;
    let (user, _) = rest.split_once('"')?;
    Some(plain(user))
}

/// What somebody else says, in one short line.
pub fn plain(text: &str) -> String {
    const LONGEST: usize = 300;
    let line: String = text
        .trim()
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    match text.trim().chars().count() > LONGEST {
        true => line + "…",
        false => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_is_told_how_to_be_let() {
        let message = r#"pods "a" is forbidden: User "system:serviceaccount:qa:rhaid" cannot delete resource "pods" in API group "" in the namespace "shop""#;
        let user = user_of(message).unwrap();
        assert_eq!(user, "system:serviceaccount:qa:rhaid");
        let asked = Asked {
            what: "delete the pod `a`".into(),
            namespace: "shop".into(),
            verbs: "list,delete",
            resource: "pods",
        };
        let grant = asked.grant(&user).unwrap();
        assert!(grant.contains("--serviceaccount=qa:rhaid"), "{grant}");
        assert!(
            grant.contains("-n shop create role rhaid-pods --verb=list,delete --resource=pods"),
            "{grant}"
        );
        let grant = asked.grant("ada@example.com").unwrap();
        assert!(grant.contains("--user=ada@example.com"), "{grant}");
        // No cluster writes commands for a shell.
        assert_eq!(asked.grant("x; rm -rf ~"), None);
        assert_eq!(user_of("forbidden"), None);
    }

    #[test]
    fn what_others_say_is_one_short_line() {
        assert_eq!(plain(" a\n\u{1b}[2Jb "), "a  [2Jb");
        assert_eq!(plain(&"x".repeat(1_000)).chars().count(), 301);
    }
}
