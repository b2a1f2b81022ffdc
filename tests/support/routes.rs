//! The well-behaved answers: a request comes in, a whole [`Answer`] goes out, whatever the protocol.
//!
//! | path | answer |
//! |---|---|
//! | `/hello` | `hello\n` |
//! | `/status/{code}` | that status |
//! | `/graphql` | the variables as data; an error as well if the query has `broken`, and no data if it has `refused` |
//! | `/assets`, `/assets/kept.css`, `/assets/fresh.js` | a page that names assets, here and elsewhere; two of them |
//! | `/assets/of?html=…` | that page |
//! | `/busy` | 503, to be tried again after 30 seconds |
//! | `/json`, `/html` | a document with rooms; a page with a form, links and a table |
//! | `/bytes/{n}` | n bytes, the i-th being i modulo 251 |
//! | `/echo` | what was received, as JSON |
//! | `/headers/set` | custom, duplicate and empty headers |
//! | `/cookies/set?a=1&b=2` | sets each pair; `_path`, `_domain`, `_expires`, `_max_age`, `_secure`, `_httponly`, `_samesite` are attributes |
//! | `/cookies/variety` | one cookie of each kind |
//! | `/cookies/echo` | the cookies received, as JSON |
//! | `/redirect/{n}` | a chain of n relative redirects to `/hello` |
//! | `/redirect/301`, `302`, `303`, `307`, `308` | that status, to `/echo` |
//! | `/redirect/loop`, `/redirect/to?url=…&status=…` | to itself; anywhere |
//! | `/auth/basic/{u}/{p}`, `/auth/bearer/{t}`, `/auth/digest/{u}/{p}?qop=auth&algorithm=…` | 200 or a challenge |
//! | `/oauth/token` | a new token, good for an hour, whoever asks |
//! | `/gzip`, `/deflate`, `/deflate?raw`, `/brotli`, `/zstd` | [`packed::text`] compressed |
//! | `/gzip/bad`, `/gzip/bomb`, `/gzip/bomb/{mib}` | a corrupt body; a GiB, or so many MiB, of zeros |
//! | `/204`, `/304` | no body |

use serde_json::{Map, Value, json};

use super::traffic::{SeenRequest, Traffic};
use super::{auth, packed};

const BOMB_MIB: usize = 1024;

const PAGE: &str = r#"<!DOCTYPE html>
<html lang="en">
<head><title>The rooms</title></head>
<body>
  <h1 id="top" class="title big">The rooms</h1>
  <form id="search" action="/echo" method="get">
    <input name="nights" value="2"><input type="hidden" name="csrf_token" value="t0k3n">
    <select name="beds"><option value="1">one</option><option value="2" selected>two</option></select>
    <button type="submit">Search</button>
  </form>
  <form id="book" action="/echo" method="post"><textarea name="wishes">a quiet room</textarea></form>
  <ul class="links"><li><a href="/hello">Hello</a></li><li><a href="json?page=2#top">Next &amp; last</a></li></ul>
  <table>
    <tr><th>Room</th><th>Price</th></tr>
    <tr data-id="101"><td>Single</td><td>80.50</td></tr>
    <tr data-id="102"><td>Double</td><td>120</td></tr>
  </table>
</body>
</html>
"#;

/// Six assets of this server, one of them twice and one missing; two of another host, and what is no request.
const PAGE_WITH_ASSETS: &str = r##"<!DOCTYPE html>
<html><head>
  <link rel="stylesheet" href="/assets/kept.css"><link rel="preload" as="style" href="assets/kept.css#again">
  <link rel="shortcut icon" href="/bytes/30"><link rel="canonical" href="/nowhere">
  <script src="assets/fresh.js"></script><script>inline();</script>
  <script src="http://127.0.0.1:1/tracker.js"></script><script src="//127.0.0.1:1/ads.js"></script>
</head><body>
  <img src="bytes/1000?v=2"><img src=" ../bytes/2000 "><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">
  <img src="/missing.png"><img src=""><img alt="none">
</body></html>
"##;

/// A whole response. The protocol adds the length.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    pub fn json(value: &Value) -> Self {
        Self::new(200, "application/json", value.to_string())
    }

    fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    fn packed(coding: &str, body: Vec<u8>) -> Self {
        Self::new(200, "text/plain; charset=utf-8", body).with("content-encoding", coding)
    }

    fn redirect(status: u16, location: &str) -> Self {
        Self::text(status, "elsewhere\n").with("location", location)
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// False for the statuses that end with their head.
    pub fn may_have_body(&self) -> bool {
        !matches!(self.status, 100..200 | 204 | 304)
    }
}

/// The answer to `request`; 404 for a path that is no route.
pub fn answer(request: &SeenRequest, traffic: &Traffic) -> Answer {
    let path = request.path().to_owned();
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["hello"] => Answer::text(200, "hello\n"),
        ["status", code] => number(code).map_or_else(not_found, |code| status(code as u16)),
        ["graphql"] => graphql(request),
        ["assets"] => Answer::new(200, "text/html; charset=utf-8", PAGE_WITH_ASSETS),
        ["assets", "of"] => {
            let html = request.query_value("html").unwrap_or_default();
            Answer::new(200, "text/html; charset=utf-8", html)
        }
        ["assets", "kept.css"] => Answer::new(200, "text/css", "p {}"),
        ["assets", "fresh.js"] => {
            Answer::new(200, "text/javascript", "1;").with("cache-control", "private, no-store")
        }
        ["json"] => Answer::json(&rooms()),
        ["html"] => Answer::new(200, "text/html; charset=utf-8", PAGE),
        ["bytes", n] => number(n).map_or_else(not_found, |n| {
            Answer::new(200, "application/octet-stream", bytes(n))
        }),
        ["busy"] => Answer::text(503, "come back later\n").with("retry-after", "30"),
        ["echo"] => Answer::json(&echo(request)),
        ["headers", "set"] => headers(),
        ["cookies", "set"] => set_cookies(request),
        ["cookies", "variety"] => cookie_variety(),
        ["cookies", "echo"] => Answer::json(&json!({ "cookies": cookies(request) })),
        ["oauth", "token"] => auth::token(traffic),
        ["redirect", rest @ ..] => redirect(request, rest),
        ["auth", "basic", user, password] => auth::basic(request, user, password),
        ["auth", "bearer", token] => auth::bearer(request, token),
        ["auth", "digest", user, password] => auth::digest(request, traffic, user, password),
        ["gzip"] => Answer::packed("gzip", packed::gzip(packed::text().as_bytes())),
        ["gzip", "bad"] => Answer::packed("gzip", packed::broken_gzip()),
        ["gzip", "bomb"] => Answer::packed("gzip", packed::gzip_bomb(BOMB_MIB)),
        ["gzip", "bomb", mib] => number(mib).map_or_else(not_found, |mib| {
            Answer::packed("gzip", packed::gzip_bomb(mib))
        }),
        ["deflate"] if request.query_value("raw").is_some() => {
            Answer::packed("deflate", packed::deflate_raw(packed::text().as_bytes()))
        }
        ["deflate"] => Answer::packed("deflate", packed::deflate(packed::text().as_bytes())),
        ["brotli"] => Answer::packed("br", packed::brotli()),
        ["zstd"] => Answer::packed("zstd", packed::zstd()),
        ["204"] => Answer::empty(204),
        ["304"] => Answer::empty(304).with("etag", "\"rooms-1\""),
        _ => not_found(),
    }
}

/// The i-th byte is i modulo 251, a prime, so that a lost or doubled block shows.
pub fn bytes(n: usize) -> Vec<u8> {
    (0..n).map(|i| (i % 251) as u8).collect()
}

fn number(text: &str) -> Option<usize> {
    text.parse().ok()
}

fn not_found() -> Answer {
    Answer::text(404, "no such route\n")
}

fn status(code: u16) -> Answer {
    match code {
        204 | 304 => Answer::empty(code),
        200..=999 => Answer::text(code, &format!("status {code}\n")),
        _ => Answer::text(400, "a final status is between 200 and 999\n"),
    }
}

fn rooms() -> Value {
    json!({
        "hotel": { "name": "The Rhaid", "stars": 4, "address": { "city": "Zürich", "zip": "8001" } },
        "rooms": [
            { "id": 101, "type": "single", "price": 80.5, "free": true, "beds": [1] },
            { "id": 102, "type": "double", "price": 120, "free": false, "beds": [1, 2] },
            { "id": 203, "type": "suite", "price": 310.25, "free": true, "beds": [1, 2, 3], "note": null },
        ],
        "total": 3,
        "next page": null,
    })
}

fn echo(request: &SeenRequest) -> Value {
    let mut headers = Map::new();
    for (name, value) in &request.headers {
        match headers.get_mut(name) {
            Some(Value::String(earlier)) => *earlier = format!("{earlier}, {value}"),
            _ => _ = headers.insert(name.clone(), value.as_str().into()),
        }
    }
    let query: Map<String, Value> = request
        .query()
        .into_iter()
        .map(|(name, value)| (name, value.into()))
        .collect();
    json!({
        "method": request.method,
        "target": request.target,
        "path": request.path(),
        "query": query,
        "headers": headers,
        "body": request.text(),
        "body_length": request.body.len(),
        "remote": request.remote_addr.to_string(),
        "connection": request.conn_id.0,
        "http_version": request.http_version,
    })
}

fn graphql(request: &SeenRequest) -> Answer {
    let sent: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let query = sent["query"].as_str().unwrap_or_default();
    let errors = json!([
        { "message": "no such room", "path": ["rooms", 0, "rate"] },
        { "message": "no such guest" },
    ]);
    Answer::json(&if query.contains("refused") {
        json!({ "data": null, "errors": errors })
    } else if query.contains("broken") {
        json!({ "data": sent["variables"], "errors": errors })
    } else {
        json!({ "data": sent["variables"] })
    })
}

fn headers() -> Answer {
    Answer::text(200, "see the headers\n")
        .with("x-custom", "one")
        .with("X-Mixed-Case", "Kept As Sent")
        .with("x-twice", "first")
        .with("x-twice", "second")
        .with("x-empty", "")
        .with("x-commas", "a, b, \"c, d\"")
        .with("x-request-id", "5f3c9c1e")
}

fn set_cookies(request: &SeenRequest) -> Answer {
    let query = request.query();
    let mut attributes = String::new();
    for (name, value) in &query {
        match name.as_str() {
            "_path" => attributes.extend(["; Path=", value]),
            "_domain" => attributes.extend(["; Domain=", value]),
            "_expires" => attributes.extend(["; Expires=", value]),
            "_max_age" => attributes.extend(["; Max-Age=", value]),
            "_samesite" => attributes.extend(["; SameSite=", value]),
            "_secure" => attributes.push_str("; Secure"),
            "_httponly" => attributes.push_str("; HttpOnly"),
            _ => {}
        }
    }
    if !attributes.contains("; Path=") {
        attributes.push_str("; Path=/");
    }
    query
        .iter()
        .filter(|(name, _)| !name.starts_with('_'))
        .fold(
            Answer::text(200, "cookies are set\n"),
            |answer, (name, value)| {
                answer.with("set-cookie", &format!("{name}={value}{attributes}"))
            },
        )
}

fn cookie_variety() -> Answer {
    [
        "session=s1; Path=/",
        "here_only=h1",
        "deep=d1; Path=/cookies/deep",
        "kept=k1; Path=/; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
        "kept_too=k2; Path=/; Max-Age=3600",
        "gone=g1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "gone_too=g2; Path=/; Max-Age=0",
        "secret=s2; Path=/; Secure",
        "unseen=u1; Path=/; HttpOnly; SameSite=Lax",
        "foreign=f1; Path=/; Domain=other.example",
    ]
    .iter()
    .fold(Answer::text(200, "one of each\n"), |answer, cookie| {
        answer.with("set-cookie", cookie)
    })
}

fn cookies(request: &SeenRequest) -> Map<String, Value> {
    request
        .headers_named("cookie")
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect()
}

fn redirect(request: &SeenRequest, rest: &[&str]) -> Answer {
    match rest {
        ["loop"] => Answer::redirect(302, "/redirect/loop"),
        ["to"] => {
            let status = request
                .query_value("status")
                .and_then(|status| status.parse().ok());
            let url = request.query_value("url").unwrap_or_default();
            Answer::redirect(status.unwrap_or(302), &url)
        }
        [code @ ("301" | "302" | "303" | "307" | "308")] => {
            Answer::redirect(number(code).unwrap_or_default() as u16, "/echo")
        }
        [n] => match number(n) {
            None => not_found(),
            Some(0 | 1) => Answer::redirect(302, "/hello"),
            Some(n) => Answer::redirect(302, &format!("/redirect/{}", n - 1)),
        },
        _ => not_found(),
    }
}
