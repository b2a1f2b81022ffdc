//! Where a notification goes, as it is written: `slack=https://…`, or `slack=env:SLACK_URL`, since a webhook's address is a secret.

use std::fmt;
use std::str::FromStr;

use super::{Kind, Notifier, by_name};
use crate::secrets::MASK;
use crate::suggest::did_you_mean;

/// A target that cannot be used. No message repeats the target itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error(
        "write KIND=TARGET, such as slack=env:SLACK_WEBHOOK; kinds are {}",
        names()
    )]
    NoKind,
    #[error("there is no kind of notification `{name}`{}: there are {}", suggestion.as_ref().map(|s| format!(" ({s})")).unwrap_or_default(), names())]
    UnknownKind {
        name: String,
        suggestion: Option<String>,
    },
    #[error("the environment has no variable `{0}`: set it, or write the target itself")]
    NoVariable(String),
    #[error("{kind} takes {takes}: {why}")]
    Wrong {
        kind: &'static str,
        takes: &'static str,
        why: String,
    },
}

fn names() -> String {
    let names: Vec<_> = super::all().iter().map(|kind| kind.name()).collect();
    names.join(", ")
}

/// A target as it was asked for; what it says is not shown.
#[derive(Clone)]
pub struct Wanted {
    kind: &'static dyn Kind,
    text: String,
}

impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={MASK}", self.kind.name())
    }
}

impl FromStr for Wanted {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let (name, target) = text.split_once('=').ok_or(TargetError::NoKind)?;
        let name = name.trim();
        let Some(kind) = by_name(name) else {
            // What stands before the first sign of equality of an address is none of anybody's business.
            if name.contains(|c: char| !c.is_ascii_alphanumeric()) {
                return Err(TargetError::NoKind);
            }
            let known = super::all().iter().map(|kind| kind.name());
            return Err(TargetError::UnknownKind {
                name: name.to_owned(),
                suggestion: did_you_mean(name, known),
            });
        };
        Ok(Self {
            kind,
            text: target.trim().to_owned(),
        })
    }
}

impl Wanted {
    /// The target, with what a variable of the environment says put in its place.
    ///
    /// # Errors
    /// [`TargetError`] when there is no such variable, or it is no target of the kind.
    pub fn resolve(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Target, TargetError> {
        let text = match self.text.strip_prefix("env:") {
            Some(name) => variable(name)
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
                .ok_or_else(|| TargetError::NoVariable(name.to_owned()))?,
            None => self.text.clone(),
        };
        let notifier = self.kind.to(&text).map_err(|why| TargetError::Wrong {
            kind: self.kind.name(),
            takes: self.kind.takes(),
            why,
        })?;
        Ok(Target {
            kind: self.kind.name(),
            notifier,
        })
    }
}

/// Where news go.
pub struct Target {
    pub(super) kind: &'static str,
    pub(super) notifier: Box<dyn Notifier>,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={MASK}", self.kind)
    }
}

/// The address of a webhook.
pub(super) fn address(text: &str) -> Result<url::Url, String> {
    let url: url::Url = text
        .parse()
        .map_err(|error| format!("it is none: {error}"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("it begins with `{other}:`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_may_stand_in_the_environment() {
        let wanted: Wanted = "slack=env:HOOK".parse().unwrap();
        let hook = |name: &str| {
            (name == "HOOK").then(|| "https://hooks.example.com/T/B/secret\n".to_owned())
        };
        let target = wanted.resolve(hook).unwrap();
        assert_eq!(
            format!("{wanted:?} {target:?}"),
            format!("slack={MASK} slack={MASK}")
        );
        let told = wanted.resolve(|_| None).unwrap_err().to_string();
        assert!(told.contains("`HOOK`"), "{told}");
    }

    #[test]
    fn what_is_no_target_is_told_without_being_repeated() {
        let told = |text: &str| match text.parse::<Wanted>() {
            Ok(wanted) => wanted.resolve(|_| None).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(told("slak=https://x").contains("did you mean `slack`"));
        for secret in [
            "https://hooks.example.com/secret",
            "https://hooks.example.com/secret?a=b",
            "slack=hooks.example.com/secret",
            "teams=ftp://hooks.example.com/secret",
            "email=smtp://secret@host",
            "email=smtp://secret:secret@host?from=a@b",
        ] {
            assert!(!told(secret).contains("secret"), "{}", told(secret));
        }
    }
}
