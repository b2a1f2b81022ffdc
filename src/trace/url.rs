//! Where a trace is to be seen.

use std::fmt;

/// A URL with `{trace_id}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlTemplate(String);

/// What stands for the trace.
pub const PLACE: &str = "{trace_id}";

impl UrlTemplate {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, and how to mend it.
    pub fn parse(text: &str) -> Result<Self, (String, String)> {
        let example = "such as \"http://127.0.0.1:16686/trace/{trace_id}\"";
        if !text.contains(PLACE) {
            return Err((
                format!("`{text}` has no place for the trace"),
                format!("write {PLACE} where its id belongs, {example}"),
            ));
        }
        let filled = text.replace(PLACE, "0");
        match url::Url::parse(&filled) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                Ok(Self(text.to_owned()))
            }
            _ => Err((
                format!("`{text}` is no address of a page"),
                format!("write one that begins with http:// or https://, {example}"),
            )),
        }
    }

    /// The page of one trace. `None` if that is no id of a trace: it may come from a file that anybody wrote.
    pub fn fill(&self, trace_id: &str) -> Option<String> {
        let is_id = trace_id.len() == 32 && trace_id.bytes().all(|b| b.is_ascii_hexdigit());
        is_id.then(|| self.0.replace(PLACE, trace_id))
    }
}

impl fmt::Display for UrlTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_with_a_place_for_the_trace_are_taken() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        let template = UrlTemplate::parse("https://t.example/x?id={trace_id}&v=1").unwrap();
        let filled = template.fill(id).unwrap();
        assert_eq!(filled, format!("https://t.example/x?id={id}&v=1"));
        assert_eq!(template.fill("\"><script>"), None);
        for wrong in [
            "https://t.example/",
            "javascript:alert('{trace_id}')",
            "{trace_id}",
            "",
        ] {
            assert!(UrlTemplate::parse(wrong).is_err(), "{wrong}");
        }
    }
}
