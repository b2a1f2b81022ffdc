//! One virtual user's side of HTTP: its connections, its cookies, and the life of a request.

use std::cell::{Cell, RefCell};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};

use super::client::Client;
use super::connect::{self, Opened, Phase};
use super::cookies::Jar;
use super::deadline::LazyTimer;
use super::error::HttpError;
use super::io::{Io, Leftovers};
use super::request::{Auth, Request};
use super::response::{HeaderBlock, Protocol, Response, Timings};
use super::settings::Reuse;
use super::target::Target;
use super::{auth, decode, h1, h2c};

/// One hop of a request, as it is measured.
#[derive(Debug)]
pub struct Exchange<'a> {
    pub method: &'a Method,
    pub target: &'a Rc<Target>,
    pub status: u16,
    pub protocol: Protocol,
    pub timings: Timings,
    pub bytes_sent: u64,
    pub bytes_received: u64,
    pub error: Option<&'a HttpError>,
    /// Whether the outcome is what was asked for.
    pub expected: bool,
}

/// Who is told of every hop.
pub trait Observer {
    fn exchanged(&self, exchange: &Exchange<'_>);
}

/// A connection that waits for its next request.
struct Idle {
    target: Rc<Target>,
    remote: SocketAddr,
    kind: Kind,
}

enum Kind {
    Http1 {
        io: Io,
        absolute_form: Option<Option<String>>,
    },
    Http2(h2c::Connection),
}

/// A connection in use, with what is known about it.
struct Connection {
    remote: SocketAddr,
    kind: Kind,
    /// It carried a request before.
    reused: bool,
}

impl Connection {
    fn take_counts(&mut self) -> (u64, u64) {
        match &mut self.kind {
            Kind::Http1 { io, .. } => io.take_counts(),
            Kind::Http2(connection) => connection.take_counts(),
        }
    }
}

/// A hop's raw outcome.
struct Answer {
    status: u16,
    protocol: Protocol,
    headers: HeaderBlock,
    has_cookies: bool,
    has_encoding: bool,
    body: Bytes,
    reusable: bool,
}

/// What a hop leaves behind even when it is cut short: shared with the code that cuts it.
#[derive(Default)]
struct Progress {
    timings: Timings,
    phase: Phase,
    connection: Option<Connection>,
    /// When the request began to be written.
    written_from: Option<Instant>,
}

/// The connections and cookies of one virtual user.
pub struct Session {
    idle: RefCell<Vec<Idle>>,
    jar: RefCell<Jar>,
    timer: LazyTimer,
    local: Option<IpAddr>,
    leftovers: Rc<Leftovers>,
    /// The last request got no answer from the network; kept for who wants to know why a setup failed.
    unreachable: Cell<bool>,
}

/// Idle connections kept per virtual user; the oldest is closed when there are more.
const MAX_IDLE: usize = 64;

impl Session {
    /// A session without connections. `local`: the source address of its connections.
    pub fn new(local: Option<IpAddr>) -> Self {
        Self {
            idle: RefCell::default(),
            jar: RefCell::default(),
            timer: LazyTimer::default(),
            local,
            leftovers: Rc::default(),
            unreachable: Cell::new(false),
        }
    }

    /// The virtual user's cookies.
    pub fn jar(&self) -> &RefCell<Jar> {
        &self.jar
    }

    /// Whether some request failed in the network so far.
    pub fn was_unreachable(&self) -> bool {
        self.unreachable.get()
    }

    /// To be called between iterations.
    pub fn end_iteration(&self, client: &Client) {
        if !client.settings().keep_cookies {
            self.jar.borrow_mut().clear();
        }
        if client.settings().reuse == Reuse::Iteration {
            self.idle.borrow_mut().clear();
        }
    }

    /// Sends a request, follows redirects, answers a digest challenge. Always gives a response; one with
    /// `error` set if there is none.
    pub async fn send(
        &self,
        client: &Client,
        request: Request,
        observer: &dyn Observer,
    ) -> Response {
        let settings = client.settings();
        let timeout = request.timeout.unwrap_or(settings.timeout);
        // The clock is read as rarely as possible: at several hundred thousand requests a second it shows.
        let mut began = Instant::now();
        let deadline = tokio::time::Instant::from_std(began) + timeout;
        let mut hop = Hop::new(request, settings);
        loop {
            let (response, follow) = self
                .hop(client, &mut hop, began, deadline, timeout, observer)
                .await;
            if !follow {
                return response;
            }
            began = Instant::now();
        }
    }

    /// One hop; whether `hop` now holds another one to make.
    async fn hop(
        &self,
        client: &Client,
        hop: &mut Hop,
        began: Instant,
        deadline: tokio::time::Instant,
        timeout: Duration,
        observer: &dyn Observer,
    ) -> (Response, bool) {
        let settings = client.settings();
        let mut progress = Progress::default();
        let outcome = match settings.rules.refusal(&hop.request.target.host) {
            Some(why) => Err(HttpError::new(HttpError::BLOCKED_HOST, why)),
            None => match self
                .timer
                .until(deadline, self.attempt(client, hop, began, &mut progress))
                .await
            {
                Ok(outcome) => outcome,
                Err(_elapsed) => {
                    let now = Instant::now();
                    match progress.written_from {
                        Some(from) if progress.phase == Phase::Exchanging => {
                            progress.timings.waiting = nanos(from, now);
                        }
                        _ => progress.phase.cut(&mut progress.timings, nanos(began, now)),
                    }
                    Err(timed_out(progress.phase, timeout, &hop.request.target))
                }
            },
        };
        let (mut received, mut sent) = self.leftovers.take();
        let mut remote = None;
        if let Some(mut connection) = progress.connection.take() {
            let (read, written) = connection.take_counts();
            received += read;
            sent += written;
            remote = Some(connection.remote);
            // A stream of HTTP/2 can fail without its connection.
            let reusable = match &connection.kind {
                Kind::Http1 { .. } => outcome.as_ref().is_ok_and(|answer| answer.reusable),
                Kind::Http2(http2) => http2.is_open(),
            };
            if reusable && settings.reuse != Reuse::Off {
                self.keep(&hop.request.target, connection);
            }
        }
        let target = hop.request.target.clone();
        let decoded = outcome.and_then(|mut answer| {
            if answer.has_cookies {
                self.jar.borrow_mut().store(&target.url, &answer.headers);
            }
            if answer.has_encoding
                && let Some(encoding) = answer.headers.get("content-encoding")
            {
                answer.body = decode::decode(&encoding, answer.body, settings.max_response_size)?;
            }
            Ok(answer)
        });
        let mut response = Response {
            status: 0,
            protocol: Protocol::default(),
            headers: HeaderBlock::default(),
            body: Bytes::new(),
            timings: progress.timings,
            url: target.url.as_str().into(),
            method: hop.request.method.clone(),
            remote,
            error: None,
            error_code: 0,
        };
        let mut follow = false;
        let mut expected = false;
        match decoded {
            Ok(answer) => {
                response.status = answer.status;
                response.protocol = answer.protocol;
                response.headers = answer.headers;
                response.body = answer.body;
                match hop.next(client, &response) {
                    Next::Stay => expected = hop.expects(answer.status),
                    Next::Follow => (follow, expected) = (true, true),
                    Next::Fail(error) => response.error = Some(Rc::new(error)),
                }
                if !expected {
                    response.error_code = HttpError::status_code(answer.status);
                }
            }
            Err(error) => {
                if error.is_network() {
                    self.unreachable.set(true);
                }
                response.error = Some(Rc::new(error));
            }
        }
        if let Some(error) = &response.error {
            response.error_code = error.code();
        }
        observer.exchanged(&Exchange {
            method: &response.method,
            target: &target,
            status: response.status,
            protocol: response.protocol,
            timings: response.timings,
            bytes_sent: sent,
            bytes_received: received,
            error: response.error.as_deref(),
            expected,
        });
        (response, follow)
    }

    /// Gets a connection and makes one exchange on it; once more on a fresh one if a kept connection turns
    /// out to be dead and repeating is harmless.
    async fn attempt(
        &self,
        client: &Client,
        hop: &Hop,
        began: Instant,
        progress: &mut Progress,
    ) -> Result<Answer, HttpError> {
        let request = &hop.request;
        let mut blocked_until = began;
        if let Some(wait) = client.rate_limit() {
            tokio::time::sleep(wait).await;
            blocked_until = Instant::now();
            progress.timings.blocked = nanos(began, blocked_until);
        }
        let mut fresh_only = false;
        loop {
            let kept = if fresh_only {
                None
            } else {
                self.take_idle(&request.target)
            };
            let connection = match kept {
                Some(connection) => connection,
                None => {
                    // Boxed: connecting is rare, and its state would make every request's future large.
                    let opened = Box::pin(connect::open(
                        client,
                        &request.target,
                        &connect::From {
                            local: self.local,
                            leftovers: &self.leftovers,
                        },
                        &mut progress.timings,
                        &mut progress.phase,
                    ))
                    .await;
                    blocked_until = Instant::now();
                    progress.timings.blocked = nanos(began, blocked_until);
                    let Opened {
                        io,
                        remote,
                        http2,
                        absolute_form,
                    } = opened?;
                    let kind = if http2 {
                        Kind::Http2(Box::pin(h2c::Connection::start(io)).await?)
                    } else {
                        Kind::Http1 { io, absolute_form }
                    };
                    Connection {
                        remote,
                        kind,
                        reused: false,
                    }
                }
            };
            progress.timings.blocked = nanos(began, blocked_until);
            progress.phase = Phase::Exchanging;
            let reused = connection.reused;
            let connection = progress.connection.insert(connection);
            let discard = request
                .discard_body
                .unwrap_or(client.settings().discard_bodies);
            let max_body = client.settings().max_response_size;
            // A kept connection is there at once.
            let from = blocked_until;
            progress.written_from = Some(from);
            match &mut connection.kind {
                Kind::Http1 { io, absolute_form } => {
                    let expect = h1::Expect {
                        head_request: request.method == Method::HEAD,
                        discard,
                        max_body,
                    };
                    let cookies = self.cookie_header(request);
                    let result = h1::exchange(io, &client.scratch, expect, |out| {
                        write_http1(out, client, hop, cookies.as_deref(), absolute_form.as_ref());
                    })
                    .await;
                    match result {
                        Ok(received) => {
                            set_phases(
                                &mut progress.timings,
                                from,
                                received.sent,
                                received.first_byte,
                                received.end,
                            );
                            let head = received.message.head;
                            return Ok(Answer {
                                status: head.status,
                                protocol: if head.minor_version == 0 {
                                    Protocol::Http10
                                } else {
                                    Protocol::Http11
                                },
                                headers: HeaderBlock::Raw(head.raw),
                                has_cookies: head.has_cookies,
                                has_encoding: head.has_encoding,
                                body: received.message.body,
                                reusable: received.reusable,
                            });
                        }
                        Err(failed) => {
                            let hung_up = failed.unanswered && reused && request.is_idempotent();
                            if !hung_up {
                                let end = Instant::now();
                                let sent = failed.sent.unwrap_or(end);
                                set_phases(
                                    &mut progress.timings,
                                    from,
                                    sent,
                                    failed.first_byte.unwrap_or(end),
                                    end,
                                );
                                return Err(failed.error);
                            }
                        }
                    }
                }
                Kind::Http2(http2) => {
                    let cookies = self.cookie_header(request);
                    let head = http2_request(client, hop, cookies.as_deref())?;
                    let body = Bytes::copy_from_slice(request.body.bytes());
                    match Box::pin(http2.exchange(head, body, discard, max_body)).await {
                        Ok(received) => {
                            set_phases(
                                &mut progress.timings,
                                from,
                                received.sent,
                                received.first_byte,
                                received.end,
                            );
                            return Ok(Answer {
                                status: received.status,
                                protocol: Protocol::Http2,
                                has_cookies: received.headers.contains_key(header::SET_COOKIE),
                                has_encoding: received
                                    .headers
                                    .contains_key(header::CONTENT_ENCODING),
                                headers: HeaderBlock::Map(received.headers),
                                body: received.body,
                                reusable: http2.is_open(),
                            });
                        }
                        Err(error) => {
                            let dead = !http2.is_open() || error.code() == HttpError::HTTP2_GOAWAY;
                            if !(reused && dead && request.is_idempotent()) {
                                progress.timings.waiting = nanos(from, Instant::now());
                                return Err(error);
                            }
                        }
                    }
                }
            }
            // The server had hung up between requests: not the request's fault.
            if let Some(mut dead) = progress.connection.take() {
                self.leftovers.add(dead.take_counts());
            }
            fresh_only = true;
            blocked_until = Instant::now();
        }
    }

    fn cookie_header(&self, request: &Request) -> Option<String> {
        self.jar
            .borrow()
            .header(&request.target.url, &request.cookies)
    }

    fn take_idle(&self, target: &Rc<Target>) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        let mut at = idle.len();
        while at > 0 {
            at -= 1;
            let same = Rc::ptr_eq(&idle[at].target, target)
                || (idle[at].target.https == target.https
                    && idle[at].target.authority == target.authority);
            if !same {
                continue;
            }
            if let Kind::Http2(connection) = &idle[at].kind {
                // Streams of a batch share it, so it stays.
                if connection.is_open() {
                    return Some(Connection {
                        remote: idle[at].remote,
                        kind: Kind::Http2(connection.clone()),
                        reused: true,
                    });
                }
                idle.swap_remove(at);
                continue;
            }
            let mut found = idle.swap_remove(at);
            if let Kind::Http1 { io, .. } = &mut found.kind
                && io.is_idle_and_open()
            {
                return Some(Connection {
                    remote: found.remote,
                    kind: found.kind,
                    reused: true,
                });
            }
        }
        None
    }

    fn keep(&self, target: &Rc<Target>, connection: Connection) {
        if connection.reused && matches!(connection.kind, Kind::Http2(_)) {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        if idle.len() >= MAX_IDLE {
            idle.remove(0);
        }
        idle.push(Idle {
            target: target.clone(),
            remote: connection.remote,
            kind: connection.kind,
        });
    }
}

/// A request on its way through redirects and challenges.
struct Hop {
    request: Request,
    redirects_left: u32,
    redirects_followed: u32,
    follow: bool,
    digest: Option<String>,
    challenged: bool,
    /// A redirect led to another host.
    strayed: bool,
}

fn is_credential(name: &HeaderName) -> bool {
    matches!(*name, header::AUTHORIZATION | header::COOKIE)
}

enum Next {
    Stay,
    Follow,
    Fail(HttpError),
}

impl Hop {
    fn new(mut request: Request, settings: &super::Settings) -> Self {
        let limit = request.redirects.unwrap_or(settings.max_redirects);
        if request.auth.is_none()
            && let Some((user, password)) = &request.target.user
        {
            request.auth = Some(Rc::new(Auth::Basic {
                user: user.clone(),
                password: password.clone(),
            }));
        }
        if request.expected.is_none() && settings.expected != super::StatusSet::default() {
            request.expected = Some(Rc::new(settings.expected.clone()));
        }
        Self {
            request,
            redirects_left: limit,
            redirects_followed: 0,
            follow: limit > 0,
            digest: None,
            challenged: false,
            strayed: false,
        }
    }

    /// Whether a header of the run goes with this hop.
    fn takes_default(&self, name: &HeaderName) -> bool {
        let own_proof = *name == header::AUTHORIZATION && self.request.auth.is_some();
        !(self.request.has_header(name) || own_proof || (self.strayed && is_credential(name)))
    }

    fn expects(&self, status: u16) -> bool {
        match &self.request.expected {
            Some(set) => set.contains(status),
            None => (200..400).contains(&status),
        }
    }

    /// Looks at a response and prepares the next hop if there is one.
    fn next(&mut self, client: &Client, response: &Response) -> Next {
        match response.status {
            401 if !self.challenged => self.answer_challenge(response),
            301 | 302 | 303 | 307 | 308 if self.follow => match response.headers.get("location") {
                Some(location) => self.redirect(client, response.status, &location),
                None => Next::Stay,
            },
            _ => Next::Stay,
        }
    }

    fn answer_challenge(&mut self, response: &Response) -> Next {
        let Some(Auth::Digest { user, password }) = self.request.auth.as_deref() else {
            return Next::Stay;
        };
        let challenges = response.headers.get_all("www-authenticate");
        let is_digest = |text: &&String| {
            text.get(..6)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("digest"))
        };
        let Some(challenge) = challenges.iter().find(is_digest) else {
            return Next::Stay;
        };
        let request = &self.request;
        let answer = auth::digest(
            challenge,
            user,
            password,
            request.method.as_str(),
            &request.target.path,
            request.body.bytes(),
        );
        self.challenged = true;
        match answer {
            Ok(value) => {
                self.digest = Some(value);
                Next::Follow
            }
            Err(error) => Next::Fail(error),
        }
    }

    fn redirect(&mut self, client: &Client, status: u16, location: &str) -> Next {
        if self.redirects_left == 0 {
            return Next::Fail(HttpError::new(
                HttpError::TOO_MANY_REDIRECTS,
                format!(
                    "stopped after {} redirects, the next would go to {location}; is it a loop? `redirects: N` allows more",
                    self.redirects_followed
                ),
            ));
        }
        let old = self.request.target.clone();
        let target = match old
            .url
            .join(location)
            .map_err(|e| e.to_string())
            .and_then(|url| {
                client
                    .target(url.as_str())
                    .map_err(|e| e.message().to_owned())
            }) {
            Ok(target) => target,
            Err(why) => {
                return Next::Fail(HttpError::new(
                    HttpError::INVALID_URL,
                    format!("the redirect to {location:?} cannot be followed: {why}"),
                ));
            }
        };
        self.redirects_left -= 1;
        self.redirects_followed += 1;
        // RFC 9110, section 15.4: 303 always becomes GET; 301 and 302 do for POST, by custom.
        let becomes_get = status == 303 && self.request.method != Method::HEAD
            || matches!(status, 301 | 302) && self.request.method == Method::POST;
        if becomes_get {
            self.request.method = Method::GET;
            self.request.body = super::Body::Empty;
            self.request.headers.retain(|(name, _)| {
                *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH
            });
        }
        if target.authority != old.authority || target.https != old.https {
            // Credentials are for the host they were given for, and so is a Host header.
            self.strayed = true;
            self.request.auth = None;
            self.request.cookies.clear();
            self.request
                .headers
                .retain(|(name, _)| !is_credential(name) && *name != header::HOST);
        }
        // A challenge is answered for one path only.
        self.digest = None;
        self.challenged = false;
        self.request.target = target;
        Next::Follow
    }

    /// The Authorization header's value.
    fn authorization(&self) -> Option<String> {
        if let Some(digest) = &self.digest {
            return Some(digest.clone());
        }
        match self.request.auth.as_deref()? {
            Auth::Basic { user, password } => Some(auth::basic(user, password)),
            Auth::Bearer(token) => Some(format!("Bearer {token}")),
            Auth::Digest { .. } => None,
        }
    }
}

/// Appends the request as HTTP/1.1.
fn write_http1(
    out: &mut Vec<u8>,
    client: &Client,
    hop: &Hop,
    cookies: Option<&str>,
    absolute_form: Option<&Option<String>>,
) {
    let request = &hop.request;
    let target = &request.target;
    let own_host = request.has_header(&header::HOST);
    let own_agent = request.has_header(&header::USER_AGENT);
    if request.method == Method::GET && absolute_form.is_none() && !own_host && !own_agent {
        out.extend_from_slice(&target.get_head);
    } else {
        let mut line = |parts: &[&str]| {
            parts
                .iter()
                .for_each(|part| out.extend_from_slice(part.as_bytes()))
        };
        let path = if absolute_form.is_some() {
            target.url.as_str()
        } else {
            &target.path
        };
        line(&[request.method.as_str(), " ", path, " HTTP/1.1\r\n"]);
        if !own_host {
            line(&["Host: ", &target.authority, "\r\n"]);
        }
        let agent = &client.settings().user_agent;
        if !own_agent && !agent.is_empty() {
            line(&["User-Agent: ", agent, "\r\n"]);
        }
    }
    let mut header_line = |name: &str, value: &[u8]| {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    };
    if let Some(Some(credentials)) = absolute_form {
        header_line("Proxy-Authorization", credentials.as_bytes());
    }
    if let Some(cookies) = cookies {
        header_line("Cookie", cookies.as_bytes());
    }
    if let Some(value) = hop.authorization() {
        header_line("Authorization", value.as_bytes());
    }
    for (name, value) in &request.headers {
        header_line(name.as_str(), value.as_bytes());
    }
    for (name, value) in &client.settings().headers {
        if hop.takes_default(name) {
            header_line(name.as_str(), value.as_bytes());
        }
    }
    let body = request.body.bytes();
    if let Some(content_type) = request.body.content_type()
        && !request.has_header(&header::CONTENT_TYPE)
    {
        header_line("Content-Type", content_type.as_bytes());
    }
    let takes_body = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
    if (takes_body || !body.is_empty()) && !request.has_header(&header::CONTENT_LENGTH) {
        let mut digits = [0_u8; 20];
        header_line("Content-Length", decimal(body.len(), &mut digits));
    }
    if client.settings().reuse == Reuse::Off {
        header_line("Connection", b"close");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

fn decimal(mut number: usize, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

/// The request's header for HTTP/2.
fn http2_request(
    client: &Client,
    hop: &Hop,
    cookies: Option<&str>,
) -> Result<http::Request<()>, HttpError> {
    let request = &hop.request;
    let target = &request.target;
    let scheme = if target.https { "https" } else { "http" };
    let uri = format!("{scheme}://{}{}", target.authority, target.path);
    let mut builder = http::Request::builder()
        .method(request.method.clone())
        .uri(uri)
        .version(http::Version::HTTP_2);
    let agent = &client.settings().user_agent;
    if !agent.is_empty() && !request.has_header(&header::USER_AGENT) {
        builder = builder.header(header::USER_AGENT, agent);
    }
    if let Some(cookies) = cookies {
        builder = builder.header(header::COOKIE, cookies);
    }
    if let Some(value) = hop.authorization() {
        builder = builder.header(header::AUTHORIZATION, value);
    }
    // What HTTP/1 says about a connection has no place in HTTP/2 (RFC 9113, section 8.2.2).
    let connection_level = |name: &HeaderName| {
        matches!(
            *name,
            header::HOST
                | header::CONNECTION
                | header::TRANSFER_ENCODING
                | header::UPGRADE
                | header::CONTENT_LENGTH
        ) || name.as_str() == "keep-alive"
    };
    let defaults = client
        .settings()
        .headers
        .iter()
        .filter(|(name, _)| hop.takes_default(name));
    let own: Vec<&(HeaderName, HeaderValue)> = request.headers.iter().chain(defaults).collect();
    for (name, value) in own {
        if !connection_level(name) {
            builder = builder.header(name, value);
        }
    }
    if let Some(content_type) = request.body.content_type()
        && !request.has_header(&header::CONTENT_TYPE)
    {
        builder = builder.header(header::CONTENT_TYPE, content_type);
    }
    if !request.body.bytes().is_empty() {
        builder = builder.header(header::CONTENT_LENGTH, request.body.bytes().len());
    }
    builder.body(()).map_err(|error| {
        HttpError::new(
            HttpError::GENERIC,
            format!("the request cannot be sent as HTTP/2: {error}"),
        )
    })
}

fn set_phases(
    timings: &mut Timings,
    from: Instant,
    sent: Instant,
    first_byte: Instant,
    end: Instant,
) {
    timings.sending = nanos(from, sent);
    timings.waiting = nanos(sent, first_byte);
    timings.receiving = nanos(first_byte, end);
}

fn nanos(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_nanos()).unwrap_or(u64::MAX)
}

fn timed_out(phase: Phase, timeout: Duration, target: &Target) -> HttpError {
    let seconds = timeout.as_secs_f64();
    let (code, doing) = match phase {
        Phase::Starting => (
            HttpError::TIMEOUT,
            "waiting for its turn (`rps`)".to_owned(),
        ),
        Phase::LookingUp => (HttpError::TIMEOUT, format!("looking up {}", target.host)),
        Phase::Connecting => (
            HttpError::DIAL_TIMEOUT,
            format!("connecting to {}:{}", target.host, target.port),
        ),
        Phase::Handshaking => (
            HttpError::TIMEOUT,
            format!("in the TLS handshake with {}", target.host),
        ),
        Phase::Exchanging => (HttpError::TIMEOUT, "waiting for the response".to_owned()),
    };
    HttpError::new(code, format!("timed out after {seconds} s {doing}"))
}
