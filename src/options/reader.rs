//! Reading unknown values into known types, collecting every mistake with its path.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};

use super::tags::reserved_tag;
use crate::slo::SloError;
use crate::suggest::did_you_mean;
use crate::units::{self, UnitError};

/// Most virtual users of a plan.
pub const MAX_VUS: u32 = 10_000_000;

/// What is wrong with a number of users beyond [`MAX_VUS`].
pub fn too_many_vus(number: impl std::fmt::Display) -> String {
    format!(
        "{number} is more than one machine can run (at most {})",
        units::format_count(u64::from(MAX_VUS))
    )
}

/// Fractions from here on are mistakes, and cannot all be told from their neighbours.
const LARGEST_COUNT: f64 = 1e15;

/// What a count is, in words.
const WHOLE_NUMBER: &str = "a whole number";

/// A mistake in the options: where, what, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}{}", if path.is_empty() { "options".to_owned() } else { path.join(".") }, help.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
pub struct OptionError {
    /// Keys (and array positions) from the top of the options to the value.
    pub path: Vec<String>,
    pub message: String,
    pub help: Option<String>,
}

/// What is wrong with one value, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub message: String,
    pub help: Option<String>,
}

impl From<String> for Wrong {
    fn from(message: String) -> Self {
        Self {
            message,
            help: None,
        }
    }
}

impl From<UnitError> for Wrong {
    fn from(error: UnitError) -> Self {
        Self {
            message: format!(
                "`{}` is not a {}: {}",
                error.input, error.quantity, error.problem
            ),
            help: Some(error.fix()),
        }
    }
}

impl From<SloError> for Wrong {
    fn from(error: SloError) -> Self {
        let help = match &error.suggestion {
            Some(suggestion) => format!("did you mean `{suggestion}`? {}", error.fix),
            None => error.fix,
        };
        Self {
            message: format!("in `{}`: {}", error.text, error.what),
            help: Some(help),
        }
    }
}

/// Reads one map. Every key asked for counts as known; [`finish`](Self::finish) complains about the others.
pub struct Reader<'a> {
    map: &'a Map<String, Value>,
    path: Vec<String>,
    seen: BTreeSet<&'a str>,
    errors: &'a mut Vec<OptionError>,
}

impl<'a> Reader<'a> {
    /// A reader of `map`, which stands at `path`.
    pub fn new(
        map: &'a Map<String, Value>,
        path: Vec<String>,
        errors: &'a mut Vec<OptionError>,
    ) -> Self {
        Self {
            map,
            path,
            seen: BTreeSet::new(),
            errors,
        }
    }

    /// The path of a key in this map.
    pub fn path_of(&self, key: &str) -> Vec<String> {
        self.path.iter().cloned().chain([key.to_owned()]).collect()
    }

    /// Reports a mistake at a key.
    pub fn error(&mut self, key: &str, message: impl Into<String>, help: Option<String>) {
        let path = self.path_of(key);
        self.errors.push(OptionError {
            path,
            message: message.into(),
            help,
        });
    }

    /// Reports what is wrong with the value of a key.
    pub fn wrong(&mut self, key: &str, wrong: impl Into<Wrong>) {
        let Wrong { message, help } = wrong.into();
        self.error(key, message, help);
    }

    /// Reports a mistake about the map as a whole.
    pub fn error_here(&mut self, message: impl Into<String>, help: Option<String>) {
        self.errors.push(OptionError {
            path: self.path.clone(),
            message: message.into(),
            help,
        });
    }

    /// Where mistakes are collected.
    pub fn errors(&mut self) -> &mut Vec<OptionError> {
        self.errors
    }

    /// The raw value of a key; `()` in a script counts as absent.
    pub fn value(&mut self, key: &str) -> Option<&'a Value> {
        let (key, value) = self.map.get_key_value(key)?;
        self.seen.insert(key);
        (!value.is_null()).then_some(value)
    }

    /// Whether the key is there.
    pub fn has(&self, key: &str) -> bool {
        self.map.get(key).is_some_and(|value| !value.is_null())
    }

    fn typed<T>(
        &mut self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<Result<T, Wrong>>,
    ) -> Option<T> {
        let value = self.value(key)?;
        match read(value) {
            Some(Ok(read)) => Some(read),
            Some(Err(wrong)) => {
                self.wrong(key, wrong);
                None
            }
            None => {
                let message = format!("expected {expected}, found {}", describe(value));
                self.error(key, message, number_in_quotes(expected, value));
                None
            }
        }
    }

    /// A string.
    pub fn string(&mut self, key: &str) -> Option<&'a str> {
        self.typed(key, "a string", |value| value.as_str().map(Ok))
    }

    /// A truth value.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        self.typed(key, "true or false", |value| value.as_bool().map(Ok))
    }

    /// A whole number of at least `least`.
    pub fn count(&mut self, key: &str, least: u64) -> Option<u64> {
        self.typed(key, WHOLE_NUMBER, |value| {
            let number = value.as_f64()?;
            if number < least as f64 {
                return Some(Err(
                    format!("must be at least {least}, found {value}").into()
                ));
            }
            if let Some(whole) = value.as_u64() {
                return Some(Ok(whole));
            }
            // 1e3 and 10.0 are whole numbers too.
            if number.fract() != 0.0 {
                return None;
            }
            if number >= LARGEST_COUNT {
                return Some(Err(format!("{number:e} is too large").into()));
            }
            Some(Ok(number as u64))
        })
    }

    /// A whole number of virtual users or the like.
    pub fn small_count(&mut self, key: &str, least: u32) -> Option<u32> {
        let number = self.count(key, u64::from(least))?;
        match u32::try_from(number) {
            Ok(number) if number <= MAX_VUS => Some(number),
            _ => {
                self.error(key, too_many_vus(number), None);
                None
            }
        }
    }

    /// A duration: seconds or a string such as `"1m30s"`.
    pub fn duration(&mut self, key: &str) -> Option<Duration> {
        self.typed(
            key,
            "a duration such as \"1m30s\" or a number of seconds",
            read_duration,
        )
    }

    /// A rate: a number per `time_unit` (`None` then) or a string such as `"50/s"`.
    pub fn rate(&mut self, key: &str, time_unit: Duration) -> Option<f64> {
        self.typed(key, "a rate such as 50, \"50/s\" or \"300/m\"", |value| {
            read_rate(value, time_unit)
        })
    }

    /// A size: bytes or a string such as `"10MB"`.
    pub fn size(&mut self, key: &str) -> Option<u64> {
        self.typed(
            key,
            "a size such as \"10MB\" or a number of bytes",
            |value| match value {
                Value::String(text) => Some(units::parse_size(text).map_err(Wrong::from)),
                other => other.as_u64().map(Ok),
            },
        )
    }

    /// A map of strings; numbers and truth values are taken as their text.
    pub fn string_map(&mut self, key: &str) -> Option<BTreeMap<String, String>> {
        self.typed(key, "a map of names to values", |value| {
            let map = value.as_object()?;
            let read = map.iter().map(|(name, value)| match scalar_text(value) {
                Some(text) => Ok((name.clone(), text)),
                None => Err(format!(
                    "the value of `{name}` must be a string, found {}",
                    describe(value)
                )
                .into()),
            });
            Some(read.collect())
        })
    }

    /// The map `tags`, without those that rhaid sets itself.
    pub fn tags(&mut self) -> BTreeMap<String, String> {
        let tags = self.string_map("tags").unwrap_or_default();
        for (name, wrong) in tags
            .keys()
            .filter_map(|name| Some((name, reserved_tag(name)?)))
        {
            let mut path = self.path_of("tags");
            path.push(name.clone());
            self.errors.push(OptionError {
                path,
                message: wrong.message,
                help: wrong.help,
            });
        }
        tags
    }

    /// A list of strings; a single string counts as a list of one.
    pub fn strings(&mut self, key: &str) -> Option<Vec<String>> {
        self.typed(key, "a string or a list of strings", |value| match value {
            Value::Array(items) => {
                let read = items.iter().map(|item| {
                    scalar_text(item).ok_or_else(|| {
                        format!("expected strings, found {} among them", describe(item)).into()
                    })
                });
                Some(read.collect())
            }
            other => scalar_text(other).map(|text| Ok(vec![text])),
        })
    }

    /// A map, to be read with a reader of its own.
    pub fn object(&mut self, key: &str) -> Option<&'a Map<String, Value>> {
        self.typed(key, "a map such as #{ … }", |value| {
            value.as_object().map(Ok)
        })
    }

    /// A list.
    pub fn array(&mut self, key: &str) -> Option<&'a Vec<Value>> {
        self.typed(key, "a list such as [ … ]", |value| {
            value.as_array().map(Ok)
        })
    }

    /// Complains about every key that was not asked for. `known`: the names to suggest; `elsewhere`: what to say
    /// about a name that is right in another place.
    pub fn finish(mut self, known: &[&str], elsewhere: impl Fn(&str) -> Option<String>) {
        let unknown: Vec<(&String, &Value)> = self
            .map
            .iter()
            .filter(|(key, _)| !self.seen.contains(key.as_str()))
            .collect();
        for (key, value) in unknown {
            if known.contains(&key.as_str()) {
                // `()` says "not set", also of a key that is valid but was not looked at.
                if !value.is_null() {
                    let message =
                        format!("`{key}` has no meaning together with the other options here");
                    self.error(key, message, None);
                }
                continue;
            }
            let help = super::keys::k6_name(key)
                .map(|ours| format!("here this is `{ours}`"))
                .or_else(|| elsewhere(key))
                .or_else(|| did_you_mean(key, known.iter().copied()))
                .unwrap_or_else(|| format!("known here: {}", known.join(", ")));
            self.error(key, format!("unknown option `{key}`"), Some(help));
        }
    }
}

/// Reads a duration value; `None` if it is of the wrong type.
pub fn read_duration(value: &Value) -> Option<Result<Duration, Wrong>> {
    let read = match value {
        Value::String(text) => units::parse_duration(text),
        other => units::duration_from_number(other.as_f64()?),
    };
    Some(read.map_err(Wrong::from))
}

/// Reads a rate in units per second; `None` if it is of the wrong type.
pub fn read_rate(value: &Value, time_unit: Duration) -> Option<Result<f64, Wrong>> {
    let per_second = match value {
        Value::String(text) if text.contains('/') => {
            return Some(parse_rate(text));
        }
        Value::String(text) => match text.trim().parse::<f64>() {
            Ok(number) => number,
            Err(_) => return Some(parse_rate(text)),
        },
        other => other.as_f64()?,
    };
    if !per_second.is_finite() || per_second < 0.0 {
        return Some(Err(
            format!("a rate must not be negative, found {value}").into()
        ));
    }
    Some(Ok(per_second / time_unit.as_secs_f64().max(1e-9)))
}

fn parse_rate(text: &str) -> Result<f64, Wrong> {
    let rate: units::Rate = text.parse()?;
    Ok(rate.per_second())
}

/// What a value is, for a message.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "()".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.chars().count() > 40 => {
            format!("{:?}…", text.chars().take(40).collect::<String>())
        }
        Value::String(text) => format!("{text:?}"),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "a map".to_owned(),
    }
}

/// What to do about a text where a whole number is wanted and the text is one: variables of the environment are always texts.
fn number_in_quotes(expected: &str, value: &Value) -> Option<String> {
    let number: i64 = value.as_str()?.trim().parse().ok()?;
    (expected == WHOLE_NUMBER).then(|| {
        format!("write {number} without quotes; a text from the environment becomes a number by `parse_int(env(\"NAME\", \"{number}\"))`")
    })
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
