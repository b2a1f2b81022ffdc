//! How a run receives webhooks, read from `hooks`.

use std::net::SocketAddr;
use std::sync::Arc;

use super::reader::Reader;
use crate::hooks::{Place, Settings};

/// The keys of `hooks`.
pub const KEYS: [&str; 6] = ["listen", "url", "max_body", "correlate", "id", "sequence"];

/// Bytes that `max_body` may be.
const MOST_BODY: u64 = 64 << 20;

/// Places at which keys are looked for.
const MOST_PLACES: usize = 8;

/// Reads the settings.
pub fn read(reader: &mut Reader<'_>) -> Settings {
    let mut settings = Settings::default();
    let Some(map) = reader.object("hooks") else {
        return settings;
    };
    let path = reader.path_of("hooks");
    let mut inner = Reader::new(map, path, reader.errors());
    if let Some(text) = inner.string("listen") {
        match text.parse::<SocketAddr>() {
            Ok(address) => settings.listen = address,
            Err(_) => inner.error(
                "listen",
                format!("`{text}` is no address to listen on"),
                Some(
                    "write an address and a port, such as \"127.0.0.1:0\"; port 0 takes a free one"
                        .to_owned(),
                ),
            ),
        }
    }
    settings.url = inner.string("url").map(str::to_owned).and_then(|text| {
        let parsed = url::Url::parse(&text);
        let known = parsed.is_ok_and(|url| {
            let plain = url.query().is_none() && url.fragment().is_none();
            matches!(url.scheme(), "http" | "https") && url.has_host() && plain
        });
        if !known {
            inner.error(
                "url",
                format!("`{text}` is no URL that others could be appended to"),
                Some("write what the target reaches the listener by, such as \"https://load.example.com/hooks\"".to_owned()),
            );
        }
        known.then(|| text.trim_end_matches('/').to_owned())
    });
    match inner.size("max_body") {
        Some(size @ 1..=MOST_BODY) => settings.max_body = size as usize,
        Some(_) => inner.error("max_body", "must be from 1 byte to 64MiB", None),
        None => {}
    }
    for text in inner.strings("correlate").unwrap_or_default() {
        if let Some(place) = place(&mut inner, "correlate", &text) {
            settings.correlate.push(place);
        }
    }
    if settings.correlate.len() > MOST_PLACES {
        inner.error(
            "correlate",
            format!("names more than {MOST_PLACES} places"),
            None,
        );
    }
    let text = inner.string("id");
    settings.rules.id = text.and_then(|text| place(&mut inner, "id", text));
    let text = inner.string("sequence");
    settings.rules.sequence = text.and_then(|text| place(&mut inner, "sequence", text));
    inner.finish(&KEYS, |_| None);
    settings
}

fn place(reader: &mut Reader<'_>, key: &str, text: &str) -> Option<Arc<Place>> {
    match text.parse::<Place>() {
        Ok(place) => Some(Arc::new(place)),
        Err(wrong) => {
            reader.error(key, wrong.message, Some(wrong.help));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::OptionError;
    use super::*;

    fn read_from(value: Value) -> Result<Settings, Vec<String>> {
        let (value, mut errors) = (json!({ "hooks": value }), Vec::new());
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
            "listen": "0.0.0.0:9000", "url": "https://load.example.com/hooks/", "max_body": "64KiB",
            "correlate": ["$.id", "header:x-request-id"], "id": "$.event", "sequence": "$.n",
        }))
        .unwrap();
        assert_eq!(settings.listen.port(), 9000);
        assert_eq!(
            settings.url.as_deref(),
            Some("https://load.example.com/hooks")
        );
        assert_eq!((settings.max_body, settings.correlate.len()), (65_536, 2));
        assert_eq!(settings.rules.sequence.unwrap().as_str(), "$.n");
        let one = read_from(json!({ "correlate": "$.id" })).unwrap();
        assert_eq!(
            (one.correlate.len(), one.listen.ip().is_loopback()),
            (1, true)
        );
    }

    #[test]
    fn every_mistake_is_told_with_its_key() {
        let wrong = read_from(json!({
            "listen": "9000", "url": "load.example.com", "max_body": 0, "correlate": ["id", "$["],
            "sequence": "header:a b", "ids": "$.id",
        }))
        .unwrap_err()
        .join("\n");
        for part in [
            "hooks.listen: `9000` is no address",
            "hooks.url: `load.example.com` is no URL",
            "hooks.max_body: must be from 1 byte",
            "hooks.correlate: `id` is no place in a call (write \"$.id\"",
            "hooks.correlate: `$[` is not a JSONPath",
            "hooks.sequence: `a b` is not a header name",
            "hooks.ids: unknown option `ids` (did you mean `id`?)",
        ] {
            assert!(wrong.contains(part), "{part}\n{wrong}");
        }
    }
}
