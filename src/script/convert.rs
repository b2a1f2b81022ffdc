//! Values between scripts and JSON.

use rhai::{Array, Blob, Dynamic, FnPtr, ImmutableString, Map};
use serde_json::{Number, Value};

/// A script's value has no JSON form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} cannot be written as JSON{}", what, if path.is_empty() { String::new() } else { format!(" (at `{path}`)") })]
pub struct NotJson {
    pub what: String,
    pub path: String,
}

/// How deeply lists and maps may be nested in JSON: what its readers take, rhaid's own included.
const MAX_DEPTH: usize = 127;

/// A script's value as JSON. Blobs become arrays of numbers; functions and handles have no JSON form.
///
/// # Errors
/// [`NotJson`] with the path to the culprit.
pub fn to_json(value: &Dynamic) -> Result<Value, NotJson> {
    let mut path = String::new();
    convert(value, &mut path, 0)
}

fn convert(value: &Dynamic, path: &mut String, depth: usize) -> Result<Value, NotJson> {
    if depth > MAX_DEPTH {
        return Err(NotJson {
            what: format!("a value nested more than {MAX_DEPTH} levels deep"),
            path: String::new(),
        });
    }
    if value.is_unit() {
        return Ok(Value::Null);
    }
    if let Ok(number) = value.as_int() {
        return Ok(Value::from(number));
    }
    if let Ok(number) = value.as_float() {
        return Number::from_f64(number)
            .map(Value::Number)
            .ok_or_else(|| NotJson {
                what: format!("the number {number}"),
                path: path.clone(),
            });
    }
    if let Ok(flag) = value.as_bool() {
        return Ok(Value::Bool(flag));
    }
    if let Ok(character) = value.as_char() {
        return Ok(Value::String(character.to_string()));
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(Value::String(text.to_string()));
    }
    if let Some(map) = value.read_lock::<Map>() {
        let mut object = serde_json::Map::with_capacity(map.len());
        for (key, item) in map.iter() {
            let length = path.len();
            if length > 0 {
                path.push('.');
            }
            path.push_str(key);
            object.insert(key.to_string(), convert(item, path, depth + 1)?);
            path.truncate(length);
        }
        return Ok(Value::Object(object));
    }
    if let Some(array) = value.read_lock::<Array>() {
        let mut items = Vec::with_capacity(array.len());
        for (index, item) in array.iter().enumerate() {
            let length = path.len();
            path.push_str(&format!("[{index}]"));
            items.push(convert(item, path, depth + 1)?);
            path.truncate(length);
        }
        return Ok(Value::Array(items));
    }
    if let Some(blob) = value.read_lock::<Blob>() {
        return Ok(Value::Array(
            blob.iter().map(|byte| Value::from(*byte)).collect(),
        ));
    }
    let what = if value.is::<FnPtr>() {
        "a function".to_owned()
    } else {
        format!("a {}", plain_name(value.type_name()))
    };
    Err(NotJson {
        what,
        path: path.clone(),
    })
}

/// A type as scripts know it: `Response` for `rhaid::…::ScriptResponse`.
fn plain_name(rust: &str) -> &str {
    let name = rust.rsplit("::").next().unwrap_or(rust);
    name.strip_prefix("Script").unwrap_or(name)
}

/// Whether a value is something that only a script can hold, such as a response.
pub fn is_opaque(value: &Dynamic) -> bool {
    let plain = value.is_unit()
        || value.is_int()
        || value.is_float()
        || value.is_bool()
        || value.is_char()
        || value.is_string()
        || value.is_map()
        || value.is_array()
        || value.is_blob();
    !plain && !value.is::<FnPtr>()
}

/// JSON as a script's value. A whole number too large for an integer becomes a float.
pub fn from_json(value: &Value) -> Dynamic {
    match value {
        Value::Null => Dynamic::UNIT,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(from_json).collect::<Array>().into(),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| (key.as_str().into(), from_json(item)))
            .collect::<Map>()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_survives_the_way_through_a_script() {
        let value = json!({ "a": [1, 2.5, "x", true, null], "b": { "c": -7 } });
        assert_eq!(to_json(&from_json(&value)).unwrap(), value);
    }

    #[test]
    fn what_is_nested_too_deeply_is_refused() {
        let nest = |levels| (0..levels).fold(Dynamic::from(1_i64), |inner, _| vec![inner].into());
        let text = to_json(&nest(MAX_DEPTH)).unwrap().to_string();
        assert!(serde_json::from_str::<Value>(&text).is_ok());
        let error = to_json(&nest(MAX_DEPTH + 1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a value nested more than 127 levels deep cannot be written as JSON"
        );
    }

    #[test]
    fn what_has_no_json_form_is_named_with_its_path() {
        let mut map = Map::new();
        map.insert(
            "list".into(),
            vec![Dynamic::from(FnPtr::new("f").unwrap())].into(),
        );
        let error = to_json(&map.into()).unwrap_err();
        assert_eq!(
            (error.what.as_str(), error.path.as_str()),
            ("a function", "list[0]")
        );
        assert!(to_json(&f64::NAN.into()).is_err());
    }
}
