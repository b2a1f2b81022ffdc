//! Requests and responses as they were recorded.

/// A request and its response, with all that was said.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    /// When the request began, in seconds; only differences matter.
    pub began: f64,
    /// How long it took, in seconds.
    pub took: f64,
    /// The page that it belongs to, by its id; empty if the recording has none.
    pub page: String,
    pub kind: Kind,
    /// In capitals.
    pub method: String,
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Sent,
    /// 0: there was no response.
    pub status: u16,
    pub response_headers: Vec<(String, String)>,
    /// Without parameters, in lower case.
    pub content_type: String,
    /// The response's body, if it is text; empty if it is none or was not recorded.
    pub content: String,
}

impl Exchange {
    /// A header of the request.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// A header of the response.
    pub fn response_header(&self, name: &str) -> Option<&str> {
        find(&self.response_headers, name)
    }

    /// Where the response sends the browser on to.
    pub fn redirect(&self) -> Option<&str> {
        let moved = matches!(self.status, 301 | 302 | 303 | 307 | 308);
        self.response_header("location").filter(|_| moved)
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// What a browser wants with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// A page, which begins a new part of the journey.
    Document,
    /// What a page needs to look as it does.
    Asset,
    /// Asked for by a script, or anything else.
    #[default]
    Call,
    /// What no script can or should repeat: web sockets, preflights, requests within the browser.
    Other,
}

/// What a request carried.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Sent {
    #[default]
    Nothing,
    Text(String),
    Bytes(Vec<u8>),
    /// Fields of a form, taken apart and unescaped.
    Form(Vec<(String, String)>),
    Multipart(Vec<Part>),
    /// There was a body, but it was not recorded; why.
    Lost(&'static str),
}

/// A field of a multipart body.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    pub name: String,
    pub value: String,
    /// Of a file.
    pub file: Option<String>,
    pub content_type: String,
}

/// Endings of paths that are assets whatever their content type says.
const ENDINGS: &[&str] = &[
    ".css",
    ".js",
    ".mjs",
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".svg",
    ".webp",
    ".avif",
    ".ico",
    ".woff",
    ".woff2",
    ".ttf",
    ".otf",
    ".eot",
    ".mp4",
    ".webm",
    ".mp3",
    ".map",
    ".webmanifest",
];

/// What a request is for, by what was answered and where it went, for recordings that do not say.
pub fn guess(method: &str, path: &str, content_type: &str, accept: &str) -> Kind {
    let lower = path.to_ascii_lowercase();
    if method != "GET" {
        // A form that is sent leads to a page.
        return match content_type {
            "text/html" if accept.starts_with("text/html") => Kind::Document,
            _ => Kind::Call,
        };
    }
    let is = |prefix: &str| content_type.starts_with(prefix);
    if ENDINGS.iter().any(|ending| lower.ends_with(ending))
        || is("image/")
        || is("font/")
        || is("audio/")
        || is("video/")
        || matches!(
            content_type,
            "text/css" | "text/javascript" | "application/javascript" | "application/x-javascript"
        )
    {
        return Kind::Asset;
    }
    if content_type == "text/html" || content_type == "application/xhtml+xml" {
        return Kind::Document;
    }
    Kind::Call
}
