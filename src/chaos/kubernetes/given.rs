//! What a script gives beside labels or a name: options, and names that are safe in a path.

use std::time::Duration;

use serde_json::{Map, Value};

use super::error::ClusterError;
use crate::suggest::did_you_mean;
use crate::units;

/// Where to look: what is not said, the kubeconfig says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub namespace: Option<String>,
    /// A context of the kubeconfig.
    pub context: Option<String>,
}

/// How many of those that are there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Amount {
    /// Above 0.
    Count(usize),
    /// In (0, 1].
    Share(f64),
}

impl Amount {
    /// How many of so many that is; a share is rounded up.
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Count(count) => count,
            // What a fraction in binary is too much is no pod more.
            Self::Share(share) => ((all as f64 * share - 1e-9).ceil() as usize).min(all),
        }
    }
}

/// Options by name, as they are read. What is null is not given.
pub struct Options<'a> {
    given: &'a Map<String, Value>,
}

impl<'a> Options<'a> {
    /// # Errors
    /// When there are others than these.
    pub fn of(given: &'a Map<String, Value>, known: &[&str]) -> Result<Self, ClusterError> {
        match given.keys().find(|name| !known.contains(&name.as_str())) {
            None => Ok(Self { given }),
            Some(name) => Err(ClusterError::UnknownOption {
                name: name.clone(),
                hint: did_you_mean(name, known.iter().copied()).unwrap_or_else(|| {
                    let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                    format!("it has {}", known.join(", "))
                }),
            }),
        }
    }

    /// # Errors
    /// When a name is none.
    pub fn scope(&self) -> Result<Scope, ClusterError> {
        let namespace = self.text("namespace", "a name such as \"shop\"")?;
        if let Some(name) = namespace
            && !is_label(name)
        {
            return Err(wrong(
                "namespace",
                format!("`{name}` is not the name of a namespace"),
            ));
        }
        let context = self.text("context", "a name such as \"staging\"")?;
        Ok(Scope {
            namespace: namespace.map(str::to_owned),
            context: context.map(str::to_owned),
        })
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.given.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &'static str, example: &str) -> Result<Option<&'a str>, ClusterError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(Some(text)),
            Some(other) => Err(wrong(name, format!("expected {example}, not {other}"))),
        }
    }

    /// One, if nothing is said.
    ///
    /// # Errors
    /// When it is neither a number above 0 nor a share.
    pub fn amount(&self, name: &'static str) -> Result<Amount, ClusterError> {
        const EXPECTED: &str = "expected a number of pods above 0, or a share such as \"50%\"";
        let above_0 = |count: u64| usize::try_from(count).ok().filter(|count| *count > 0);
        match self.get(name) {
            None => Ok(Amount::Count(1)),
            Some(Value::String(text)) if text.trim_end().ends_with('%') => {
                match units::parse_fraction(text) {
                    Ok(share) if share > 0.0 && share <= 1.0 => Ok(Amount::Share(share)),
                    Ok(_) => Err(wrong(name, format!("{EXPECTED}, not \"{text}\""))),
                    Err(why) => Err(wrong(name, why.to_string())),
                }
            }
            // A variable of the environment is a text.
            Some(value) => value
                .as_u64()
                .or_else(|| value.as_str()?.trim().parse().ok())
                .and_then(above_0)
                .map(Amount::Count)
                .ok_or_else(|| wrong(name, format!("{EXPECTED}, not {value}"))),
        }
    }

    /// In whole seconds, which is what Kubernetes knows: less than one is one.
    ///
    /// # Errors
    /// When it is no duration.
    pub fn seconds(&self, name: &'static str) -> Result<Option<u32>, ClusterError> {
        let duration = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) => units::parse_duration(text),
            Some(value) => match value.as_f64() {
                Some(seconds) => units::duration_from_number(seconds),
                None => {
                    return Err(wrong(
                        name,
                        format!("expected a duration such as \"5s\", not {value}"),
                    ));
                }
            },
        };
        let duration = duration.map_err(|why| wrong(name, why.to_string()))?;
        Ok(Some(whole_seconds(duration)))
    }

    /// False, if nothing is said.
    ///
    /// # Errors
    /// When it is neither.
    pub fn flag(&self, name: &'static str) -> Result<bool, ClusterError> {
        match self.get(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(wrong(name, format!("expected true or false, not {other}"))),
        }
    }
}

fn wrong(name: &'static str, why: String) -> ClusterError {
    ClusterError::Option { name, why }
}

fn whole_seconds(duration: Duration) -> u32 {
    let begun = u64::from(duration.subsec_nanos() > 0);
    u32::try_from(duration.as_secs().saturating_add(begun)).unwrap_or(u32::MAX)
}

/// Whether this may be the name of a namespace.
fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_part(name)
}

/// Whether this may be the name of a deployment.
pub fn is_name(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_part)
}

fn is_part(part: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !part.is_empty() && part.chars().all(fits) && !part.starts_with('-') && !part.ends_with('-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read<T>(
        given: Value,
        read: impl Fn(&Options<'_>) -> Result<T, ClusterError>,
    ) -> Result<T, String> {
        let given = given.as_object().unwrap();
        let known = ["namespace", "context", "count", "grace", "ownerless"];
        Options::of(given, &known)
            .and_then(|options| read(&options))
            .map_err(|why| why.to_string())
    }

    #[test]
    fn amounts_are_numbers_above_0_or_shares() {
        let amount = |given: Value| read(given, |options| options.amount("count"));
        assert_eq!(amount(json!({})), Ok(Amount::Count(1)));
        assert_eq!(amount(json!({"count": 3})), Ok(Amount::Count(3)));
        assert_eq!(amount(json!({"count": "3"})), Ok(Amount::Count(3)));
        assert_eq!(amount(json!({"count": null})), Ok(Amount::Count(1)));
        assert_eq!(amount(json!({"count": "50%"})), Ok(Amount::Share(0.5)));
        for wrong in [
            json!(0),
            json!(-1),
            json!(1.5),
            json!("0%"),
            json!("101%"),
            json!("some"),
            json!(true),
        ] {
            let error = amount(json!({ "count": wrong })).unwrap_err();
            assert!(error.contains("`count`"), "{error}");
        }
    }

    #[test]
    fn a_share_is_rounded_up_and_is_never_more_than_all() {
        let of = |share: f64, all: usize| Amount::Share(share).of(all);
        assert_eq!([of(0.5, 3), of(0.5, 4), of(0.01, 3)], [2, 2, 1]);
        // 0.07 * 100 is a little more than 7.
        assert_eq!([of(0.07, 100), of(1.0, 5), of(0.5, 0)], [7, 5, 0]);
        assert_eq!(Amount::Count(2).of(1), 2);
    }

    #[test]
    fn grace_is_in_whole_seconds() {
        let grace = |given: Value| read(given, |options| options.seconds("grace"));
        assert_eq!(grace(json!({})), Ok(None));
        assert_eq!(grace(json!({"grace": 0})), Ok(Some(0)));
        assert_eq!(grace(json!({"grace": "500ms"})), Ok(Some(1)));
        assert_eq!(grace(json!({"grace": "1m"})), Ok(Some(60)));
        assert!(grace(json!({"grace": "soon"})).is_err());
        assert!(grace(json!({"grace": -1})).is_err());
        assert!(grace(json!({"grace": []})).is_err());
    }

    #[test]
    fn names_are_no_paths_and_misspelt_options_are_told() {
        let scope = |given: Value| read(given, |options| options.scope());
        let scoped = scope(json!({"namespace": "shop", "context": "kind-a"})).unwrap();
        assert_eq!(scoped.namespace.as_deref(), Some("shop"));
        for wrong in ["../x", "a/b", "Shop", "", "-a", "a.b"] {
            let error = scope(json!({ "namespace": wrong })).unwrap_err();
            assert!(error.contains("`namespace`"), "{error}");
        }
        assert!(is_name("db") && is_name("db.v1-2") && !is_name("a/b") && !is_name("a..b"));
        let error = scope(json!({"namspace": "shop"})).unwrap_err();
        assert!(error.contains("did you mean `namespace`?"), "{error}");
        let error = scope(json!({"zebra": 1})).unwrap_err();
        assert!(error.contains("it has `namespace`, `context`"), "{error}");
    }
}
