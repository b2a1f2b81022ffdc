//! A toxic's attributes, read from JSON.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::chaos::proxy::error::ProxyError;

/// The attributes given for a toxic. What is not given has a default.
pub struct Attributes<'a> {
    kind: &'static str,
    given: &'a Map<String, Value>,
}

impl<'a> Attributes<'a> {
    pub fn new(kind: &'static str, given: &'a Map<String, Value>) -> Self {
        Self { kind, given }
    }

    /// What is wrong with one of them.
    pub fn wrong(&self, attribute: &str, wrong: impl Into<String>) -> ProxyError {
        ProxyError::Attribute {
            kind: self.kind,
            attribute: attribute.to_owned(),
            wrong: wrong.into(),
        }
    }

    /// Whether there is a value.
    pub fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// As it was given.
    pub fn value(&self, name: &str) -> Option<&'a Value> {
        self.given.get(name).filter(|value| !value.is_null())
    }

    /// A whole number. Toxiproxy's are signed; a negative one is as good as none.
    ///
    /// # Errors
    /// When it is not a whole number.
    pub fn count(&self, name: &str, default: u64) -> Result<u64, ProxyError> {
        let Some(value) = self.value(name) else {
            return Ok(default);
        };
        if let Some(count) = value.as_u64() {
            return Ok(count);
        }
        if value.as_i64().is_some() {
            return Ok(0);
        }
        match value.as_f64() {
            Some(float) if float.fract() == 0.0 && (0.0..1e15).contains(&float) => Ok(float as u64),
            _ => Err(self.wrong(name, format!("expected a whole number, not {value}"))),
        }
    }

    /// A whole number that may be negative.
    ///
    /// # Errors
    /// When it is not one.
    pub fn difference(&self, name: &str) -> Result<i64, ProxyError> {
        let Some(value) = self.value(name) else {
            return Ok(0);
        };
        let float = value.as_f64().filter(|float| float.fract() == 0.0);
        value
            .as_i64()
            .or_else(|| {
                float
                    .filter(|float| float.abs() < 1e15)
                    .map(|float| float as i64)
            })
            .ok_or_else(|| self.wrong(name, format!("expected a whole number, not {value}")))
    }

    /// Milliseconds.
    ///
    /// # Errors
    /// When it is not a whole number.
    pub fn millis(&self, name: &str) -> Result<Duration, ProxyError> {
        Ok(Duration::from_millis(self.count(name, 0)?))
    }

    /// A number from 0 to 100.
    ///
    /// # Errors
    /// When it is not one.
    pub fn percentage(&self, name: &str, default: f64) -> Result<f64, ProxyError> {
        match self.value(name).map(|value| (value, value.as_f64())) {
            None => Ok(default),
            Some((_, Some(share))) if (0.0..=100.0).contains(&share) => Ok(share),
            Some((value, _)) => Err(self.wrong(
                name,
                format!("expected a number from 0 to 100, not {value}"),
            )),
        }
    }

    /// A share from 0 to 1.
    ///
    /// # Errors
    /// When it is not one.
    pub fn share(&self, name: &str, default: f64) -> Result<f64, ProxyError> {
        match self.value(name).map(|value| (value, value.as_f64())) {
            None => Ok(default),
            Some((_, Some(share))) if (0.0..=1.0).contains(&share) => Ok(share),
            Some((value, _)) => {
                Err(self.wrong(name, format!("expected a number from 0 to 1, not {value}")))
            }
        }
    }

    /// Yes or no.
    ///
    /// # Errors
    /// When it is neither.
    pub fn truth(&self, name: &str) -> Result<bool, ProxyError> {
        match self.value(name) {
            None => Ok(false),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(other) => Err(self.wrong(name, format!("expected true or false, not {other}"))),
        }
    }

    /// Text.
    ///
    /// # Errors
    /// When it is not text.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, ProxyError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, format!("expected text, not {other}"))),
        }
    }

    /// A list of texts, or one alone.
    ///
    /// # Errors
    /// When it is neither.
    pub fn list(&self, name: &str) -> Result<Vec<String>, ProxyError> {
        let Some(value) = self.value(name) else {
            return Ok(Vec::new());
        };
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let list = match value {
            Value::Array(list) => list.iter().map(text).collect(),
            other => text(other).map(|text| vec![text]),
        };
        list.ok_or_else(|| self.wrong(name, format!("expected a list of texts, not {value}")))
    }

    /// A map of texts.
    ///
    /// # Errors
    /// When it is not one.
    pub fn texts(&self, name: &str) -> Result<Vec<(String, String)>, ProxyError> {
        let Some(value) = self.value(name) else {
            return Ok(Vec::new());
        };
        let wrong = || self.wrong(name, format!("expected a map of texts, not {value}"));
        let map = value.as_object().ok_or_else(wrong)?;
        let text = |(key, value): (&String, &Value)| match value {
            Value::String(text) => Some((key.clone(), text.clone())),
            Value::Number(number) => Some((key.clone(), number.to_string())),
            Value::Bool(truth) => Some((key.clone(), truth.to_string())),
            _ => None,
        };
        map.iter()
            .map(text)
            .collect::<Option<_>>()
            .ok_or_else(wrong)
    }
}
