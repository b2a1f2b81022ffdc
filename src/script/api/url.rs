//! `url`: URLs taken apart and put together.

use ::url::Url;
use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult, Map};

use super::{Fallible, error};

fn parsed(text: &str) -> Fallible<Url> {
    Url::parse(text).or_else(|why| {
        error(format!(
            "`{text}` is not a URL: {why}\nhelp: a whole one begins with http:// or https://"
        ))
    })
}

fn text_or_nothing(text: Option<&str>) -> Dynamic {
    text.map_or(Dynamic::UNIT, |text| text.to_owned().into())
}

#[export_module(manifest)]
pub mod url_module {
    /// A URL's parts as a map: `scheme`, `user`, `password`, `host`, `port`, `path`, `query` (a map of texts) and `fragment`. What is not there is `()`; the port is the scheme's unless the URL names one.
    #[rhai_fn(return_raw)]
    pub fn parse(url: &str) -> Result<Map, Box<EvalAltResult>> {
        let url = parsed(url)?;
        let query: Map = url
            .query_pairs()
            .map(|(name, value)| (name.as_ref().into(), value.into_owned().into()))
            .collect();
        let port = url.port_or_known_default();
        let user = Some(url.username()).filter(|user| !user.is_empty());
        Ok(Map::from([
            ("scheme".into(), url.scheme().to_owned().into()),
            ("user".into(), text_or_nothing(user)),
            ("password".into(), text_or_nothing(url.password())),
            ("host".into(), text_or_nothing(url.host_str())),
            (
                "port".into(),
                port.map_or(Dynamic::UNIT, |port| i64::from(port).into()),
            ),
            ("path".into(), url.path().to_owned().into()),
            ("query".into(), query.into()),
            ("fragment".into(), text_or_nothing(url.fragment())),
        ]))
    }

    /// Where a link on a page leads: `url::join("https://shop.test/a/b", "../c?d=1")` is "https://shop.test/c?d=1".
    #[rhai_fn(return_raw)]
    pub fn join(page: &str, link: &str) -> Result<String, Box<EvalAltResult>> {
        match parsed(page)?.join(link) {
            Ok(url) => Ok(url.into()),
            Err(why) => error(format!("`{link}` leads nowhere from `{page}`: {why}")),
        }
    }

    /// The value of a field of a URL's query; `()` if there is none.
    #[rhai_fn(return_raw)]
    pub fn query(url: &str, name: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        let url = parsed(url)?;
        let found = url.query_pairs().find(|(key, _)| key == name);
        Ok(text_or_nothing(found.map(|(_, value)| value).as_deref()))
    }

    /// The URL with these fields in its query, in place of those of the same names; `()` as a value removes one.
    #[rhai_fn(return_raw)]
    pub fn with_query(url: &str, fields: Map) -> Result<String, Box<EvalAltResult>> {
        let mut url = parsed(url)?;
        let mut pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .filter(|(name, _)| !fields.contains_key(name.as_str()))
            .collect();
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_unit()) {
            pairs.push((name.to_string(), value.to_string()));
        }
        if pairs.is_empty() {
            url.set_query(None);
        } else {
            url.query_pairs_mut().clear().extend_pairs(pairs);
        }
        Ok(url.into())
    }
}
