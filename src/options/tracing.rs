//! Which iterations are traced, read from `tracing`.

use serde_json::Value;

use super::keys;
use super::reader::{Reader, describe};
use crate::suggest::did_you_mean;
use crate::trace::{PROPAGATIONS, Propagation, SAMPLE_HELP, Sampling, Settings, UrlTemplate};
use crate::units;

/// Reads the settings.
pub fn read(reader: &mut Reader<'_>) -> Settings {
    let mut settings = Settings::default();
    let Some(map) = reader.object("tracing") else {
        return settings;
    };
    let path = reader.path_of("tracing");
    let mut inner = Reader::new(map, path, reader.errors());
    if let Some(value) = inner.value("sample") {
        match sampling(value) {
            Ok(sampling) => settings.sampling = sampling,
            Err(message) => inner.error("sample", message, Some(SAMPLE_HELP.to_owned())),
        }
    }
    if let Some(value) = inner.value("slowest") {
        match share(value) {
            Some(share) if share > 0.0 && share <= 0.5 => settings.slowest = share,
            _ => inner.error(
                "slowest",
                format!("{} is no share of the slowest", describe(value)),
                Some("write a share above 0% and up to 50%, such as \"1%\"".to_owned()),
            ),
        }
    }
    if let Some(text) = inner.string("propagation") {
        match Propagation::named(text) {
            Some(propagation) => settings.propagation = propagation,
            None => {
                let names = || PROPAGATIONS.iter().map(|(name, _)| *name);
                let all = || format!("there are: {}", names().collect::<Vec<_>>().join(", "));
                inner.error(
                    "propagation",
                    format!("`{text}` is no format of headers that is known here"),
                    Some(did_you_mean(text, names()).unwrap_or_else(all)),
                );
            }
        }
    }
    if let Some(text) = inner.string("url") {
        match UrlTemplate::parse(text) {
            Ok(template) => settings.url = Some(template),
            Err((message, help)) => inner.error("url", message, Some(help)),
        }
    }
    inner.finish(&keys::names(keys::TRACING), |_| None);
    settings
}

fn sampling(value: &Value) -> Result<Sampling, String> {
    match value {
        Value::String(text) => Sampling::parse(text),
        Value::Bool(false) => Ok(Sampling::Off),
        other => other
            .as_f64()
            .and_then(Sampling::of)
            .ok_or_else(|| format!("{} is no way to choose traces", describe(other))),
    }
}

fn share(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => units::parse_fraction(text).ok(),
        other => other.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::OptionError;
    use super::*;

    fn read_from(value: Value) -> Result<Settings, Vec<String>> {
        let (value, mut errors) = (json!({ "tracing": value }), Vec::new());
        let mut reader = Reader::new(value.as_object().unwrap(), Vec::new(), &mut errors);
        let settings = read(&mut reader);
        match errors.is_empty() {
            true => Ok(settings),
            false => Err(errors.iter().map(OptionError::to_string).collect()),
        }
    }

    #[test]
    fn settings_are_read() {
        let settings = read_from(json!({
            "sample": "tail", "slowest": "5%", "propagation": "jaeger",
            "url": "http://127.0.0.1:16686/trace/{trace_id}",
        }))
        .unwrap();
        assert_eq!(settings.sampling, Sampling::Tail);
        assert_eq!(settings.slowest, 0.05);
        assert_eq!(settings.propagation, Propagation::Jaeger);
        assert!(settings.url.is_some());
        assert_eq!(
            read_from(json!({ "sample": 0.25 })).unwrap().sampling,
            Sampling::Ratio(0.25)
        );
        assert_eq!(read_from(json!({})).unwrap(), Settings::default());
    }

    #[test]
    fn the_table_tells_the_defaults_that_hold() {
        for key in keys::TRACING.iter().filter(|key| key.default != "none") {
            let set = read_from(json!({ key.name: key.default })).unwrap();
            assert_eq!(set, Settings::default(), "{}", key.name);
        }
    }

    #[test]
    fn every_mistake_is_told_with_its_key() {
        let wrong = read_from(json!({
            "sample": "often", "slowest": "90%", "propagation": "w3", "url": "http://127.0.0.1/", "samples": 1,
        }))
        .unwrap_err()
        .join("\n");
        for part in [
            "tracing.sample: `often` is no way to choose traces",
            "tracing.slowest",
            "did you mean `w3c`",
            "{trace_id}",
            "did you mean `sample`",
        ] {
            assert!(wrong.contains(part), "{part} is not in {wrong}");
        }
    }
}
