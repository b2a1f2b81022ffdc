//! One virtual user's side of HTTP: its connections, its cookies, and the life of a request.
//!
//! This is the hottest path of the whole program, so it is written with its size in mind: what happens
//! rarely (connecting, HTTP/2, redirects) is boxed or kept out of the future that every request is.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::pin::pin;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use http::{Method, header};

use super::apart::apart;
use super::client::Client;
use super::connect::{self, Opened, Phase};
use super::cookies::Jar;
use super::deadline::LazyTimer;
use super::error::HttpError;
use super::exchange::{Exchange, Observer};
use super::flight::{Flight, Marks, Progress, nanos};
use super::gate::Gate;
use super::hop::{Hop, Next};
use super::io::Leftovers;
use super::outgoing::Outgoing;
use super::pool::{Connection, Kind, Pool};
use super::request::Request;
use super::response::{HeaderBlock, Protocol, Response};
use super::settings::{Http2, Reuse};
use super::target::Target;
use super::{decode, h1, h2c, turn};

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

/// How one exchange on an open connection ended.
enum Tried {
    Answered(Answer),
    /// The kept connection had been closed by the server between requests: not the request's fault.
    HungUp,
    Failed(HttpError),
}

/// What a virtual user has met at the other end so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    /// Nothing was sent.
    None,
    /// The last request was answered, well or badly.
    Answered,
    /// The last request failed in the network; an earlier one was answered.
    Lost,
    /// Every request failed in the network.
    Never,
}

/// The connections and cookies of one virtual user.
pub struct Session {
    pool: Pool,
    jar: RefCell<Jar>,
    gate: Gate,
    timer: LazyTimer,
    local: Option<IpAddr>,
    leftovers: Rc<Leftovers>,
    contact: Cell<Contact>,
    /// The last failure in the network.
    lost_by: RefCell<Option<Rc<HttpError>>>,
}

impl Session {
    /// A session without connections. `local`: the source address of its connections.
    pub fn new(local: Option<IpAddr>) -> Self {
        Self {
            pool: Pool::default(),
            jar: RefCell::default(),
            gate: Gate::default(),
            timer: LazyTimer::default(),
            local,
            leftovers: Rc::default(),
            contact: Cell::new(Contact::None),
            lost_by: RefCell::default(),
        }
    }

    /// The virtual user's cookies.
    pub fn jar(&self) -> &RefCell<Jar> {
        &self.jar
    }

    /// How the requests so far fared; kept for who wants to know why a setup failed.
    pub fn contact(&self) -> Contact {
        self.contact.get()
    }

    /// What the last request that failed in the network died of.
    pub fn lost_by(&self) -> Option<Rc<HttpError>> {
        self.lost_by.borrow().clone()
    }

    /// To be called between iterations.
    pub fn end_iteration(&self, client: &Client) {
        if !client.settings().keep_cookies {
            self.jar.borrow_mut().clear();
        }
        if client.settings().reuse == Reuse::Iteration {
            self.pool.clear();
        }
    }

    /// Sends a request, follows redirects, answers a digest challenge. Always gives a response; one with
    /// `error` set if there is none. The request is used up.
    pub async fn send(
        &self,
        client: &Client,
        request: &mut Request,
        observer: &dyn Observer,
    ) -> Response {
        let timeout = request.timeout.unwrap_or(client.settings().timeout);
        // The clock is read as rarely as possible: at several hundred thousand requests a second it shows.
        let mut began = Instant::now();
        let deadline = tokio::time::Instant::from_std(began) + timeout;
        let mut flight = Flight {
            leftovers: &self.leftovers,
            hop: Hop::new(request, client.settings()),
            observer,
            began,
            progress: Progress::default(),
            landed: false,
        };
        loop {
            let target = &flight.hop.request.target;
            let outcome = match client.settings().rules.refusal(&target.host) {
                Some(why) => Err(HttpError::new(HttpError::BLOCKED_HOST, why)),
                None => {
                    let raced = {
                        let Flight { hop, progress, .. } = &mut flight;
                        let attempt = pin!(self.attempt(client, hop, began, progress));
                        self.timer.until(deadline, attempt).await
                    };
                    raced.unwrap_or_else(|_elapsed| {
                        let target = &flight.hop.request.target;
                        Err(flight.progress.time_out(began, timeout, target))
                    })
                }
            };
            flight.landed = true;
            let progress = std::mem::take(&mut flight.progress);
            let hop = &mut flight.hop;
            if let Some(response) = self.conclude(client, hop, progress, outcome, observer) {
                return response;
            }
            began = Instant::now();
            flight.began = began;
            flight.landed = false;
        }
    }

    /// Gets a connection and makes one exchange on it; once more on a fresh one if a kept connection turns
    /// out to be dead and repeating is harmless.
    async fn attempt(
        &self,
        client: &Client,
        hop: &Hop<'_>,
        began: Instant,
        progress: &mut Progress,
    ) -> Result<Answer, HttpError> {
        let target = &hop.request.target;
        let mut due = began;
        if let Some(wait) = client.rate_limit() {
            Box::pin(tokio::time::sleep(wait)).await;
            due = Instant::now();
            progress.timings.blocked = nanos(began, due);
        }
        turn::after_the_ready().await;
        let from = Instant::now();
        progress.timings.deferred = nanos(due, from);
        if let Some(kept) = self.pool.take(target) {
            match self.exchange(client, hop, from, kept, progress).await {
                Tried::Answered(answer) => return Ok(answer),
                Tried::Failed(error) => return Err(error),
                Tried::HungUp => {
                    if let Some(mut dead) = progress.connection.take() {
                        self.leftovers.add(dead.take_counts());
                    }
                }
            }
        }
        // Boxed: connecting is rare, and its state would make every request's future large.
        let fresh = Box::pin(self.connect(client, target, from, progress)).await?;
        let tried = Box::pin(self.exchange(client, hop, Instant::now(), fresh, progress));
        match tried.await {
            Tried::Answered(answer) => Ok(answer),
            Tried::Failed(error) => Err(error),
            // Only a connection that was used before can have been hung up.
            Tried::HungUp => Err(HttpError::new(
                HttpError::CONNECTION_CLOSED,
                "the server closed the connection without answering",
            )),
        }
    }

    /// A connection of its own, or one that another request of the same batch has just opened.
    async fn connect(
        &self,
        client: &Client,
        target: &Rc<Target>,
        began: Instant,
        progress: &mut Progress,
    ) -> Result<Connection, HttpError> {
        let settings = client.settings();
        let alone = settings.http2 == Http2::Off || settings.reuse == Reuse::Off;
        let may_share = !alone && (target.https || settings.http2 == Http2::PriorKnowledge);
        if !may_share {
            return self.open(client, target, began, progress).await;
        }
        progress.phase = Phase::Connecting;
        if self.gate.wait(target).await
            && let Some(shared) = self.pool.take(target)
        {
            progress.timings.blocked += nanos(began, Instant::now());
            return Ok(shared);
        }
        let pass = self.gate.enter(target);
        let opened = self.open(client, target, began, progress).await?;
        self.pool.share(target, &opened);
        if let Some(pass) = pass {
            pass.opened(target, matches!(opened.kind, Kind::Http2(_)));
        }
        Ok(opened)
    }

    async fn open(
        &self,
        client: &Client,
        target: &Target,
        began: Instant,
        progress: &mut Progress,
    ) -> Result<Connection, HttpError> {
        let Progress { timings, phase, .. } = progress;
        let from = connect::From {
            local: self.local,
            leftovers: &self.leftovers,
        };
        let opened = connect::open(client, target, &from, timings, phase).await;
        timings.blocked += nanos(began, Instant::now());
        let Opened {
            io,
            remote,
            http2,
            absolute_form,
        } = opened?;
        let kind = if http2 {
            Kind::Http2(apart(h2c::Connection::start(io)).await?)
        } else {
            Kind::Http1 { io, absolute_form }
        };
        Ok(Connection {
            remote,
            kind,
            reused: false,
        })
    }

    /// One request and its response on a connection that is there. `from`: the moment it was.
    async fn exchange(
        &self,
        client: &Client,
        hop: &Hop<'_>,
        from: Instant,
        connection: Connection,
        progress: &mut Progress,
    ) -> Tried {
        let request = &*hop.request;
        let settings = client.settings();
        progress.phase = Phase::Exchanging;
        progress.written_from = Some(from);
        let may_repeat = connection.reused && request.is_idempotent();
        let Progress {
            connection: slot,
            timings,
            marks,
            ..
        } = progress;
        let connection = slot.insert(connection);
        *marks = Marks::default();
        let discard = request.discard_body.unwrap_or(settings.discard_bodies);
        let max_body = settings.max_response_size;
        let cookies = self
            .jar
            .borrow()
            .header(&request.target.url, &request.cookies);
        let outgoing = Outgoing {
            settings,
            request,
            cookies,
            authorization: hop.authorization(),
            foreign: hop.foreign,
        };
        match &mut connection.kind {
            Kind::Http1 { io, absolute_form } => {
                let expect = h1::Expect {
                    head_request: request.method == Method::HEAD,
                    discard,
                    max_body,
                };
                let known = &request.target.known_head;
                let result = h1::exchange(io, &client.scratch, known, expect, marks, |out| {
                    h1::write_request(out, &outgoing, absolute_form.as_ref());
                })
                .await;
                match result {
                    Ok(received) => {
                        marks.part(timings, from, received.end);
                        let head = received.message.head;
                        Tried::Answered(Answer {
                            status: head.status,
                            protocol: if head.minor_version == 0 {
                                Protocol::Http10
                            } else {
                                Protocol::Http11
                            },
                            has_cookies: head.has_cookies,
                            has_encoding: head.has_encoding,
                            headers: HeaderBlock::Http1(head),
                            body: received.message.body,
                            reusable: received.reusable,
                        })
                    }
                    Err(failed) if failed.unanswered && may_repeat => Tried::HungUp,
                    Err(failed) => {
                        marks.part(timings, from, Instant::now());
                        Tried::Failed(failed.error)
                    }
                }
            }
            Kind::Http2(http2) => {
                let head = match h2c::head(&outgoing) {
                    Ok(head) => head,
                    Err(error) => return Tried::Failed(error),
                };
                let body = request.body.to_bytes();
                match Box::pin(http2.exchange(head, body, discard, max_body, marks)).await {
                    Ok(received) => {
                        marks.part(timings, from, received.end);
                        Tried::Answered(Answer {
                            status: received.status,
                            protocol: Protocol::Http2,
                            has_cookies: received.headers.contains_key(header::SET_COOKIE),
                            has_encoding: received.headers.contains_key(header::CONTENT_ENCODING),
                            headers: HeaderBlock::Map(Box::new(received.headers)),
                            body: received.body,
                            reusable: http2.is_open(),
                        })
                    }
                    Err(error) => {
                        let dead = !http2.is_open() || error.code() == HttpError::HTTP2_GOAWAY;
                        if dead && may_repeat {
                            return Tried::HungUp;
                        }
                        marks.part(timings, from, Instant::now());
                        Tried::Failed(error)
                    }
                }
            }
        }
    }

    /// Settles a hop: the connection goes back, cookies are kept, the observer is told. Gives the response,
    /// or nothing when `hop` now holds another request to send.
    fn conclude(
        &self,
        client: &Client,
        hop: &mut Hop<'_>,
        progress: Progress,
        outcome: Result<Answer, HttpError>,
        observer: &dyn Observer,
    ) -> Option<Response> {
        let settings = client.settings();
        let target = hop.request.target.clone();
        let (mut received, mut sent) = self.leftovers.take();
        let mut remote = None;
        if let Some(mut connection) = progress.connection {
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
                self.pool.keep(&target, connection);
            }
        }
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
            target,
            method: hop.request.method.clone(),
            remote,
            error: None,
            error_code: 0,
        };
        let mut follow = false;
        let mut expected = false;
        match decoded {
            Ok(answer) => {
                self.contact.set(Contact::Answered);
                response.status = answer.status;
                response.protocol = answer.protocol;
                response.headers = answer.headers;
                response.body = answer.body;
                match hop.next(client, answer.status, &response.headers) {
                    Next::Stay => expected = hop.expects(settings, answer.status),
                    Next::Follow => (follow, expected) = (true, true),
                    Next::Fail(error) => response.error = Some(Rc::new(error)),
                }
                if !expected {
                    response.error_code = HttpError::status_code(answer.status);
                }
            }
            Err(error) => {
                let error = Rc::new(error);
                if error.is_network() {
                    self.contact.set(match self.contact.get() {
                        Contact::None | Contact::Never => Contact::Never,
                        Contact::Answered | Contact::Lost => Contact::Lost,
                    });
                    self.lost_by.replace(Some(error.clone()));
                }
                response.error = Some(error);
            }
        }
        if let Some(error) = &response.error {
            response.error_code = error.code();
        }
        observer.exchanged(&Exchange {
            method: &response.method,
            target: &response.target,
            status: response.status,
            protocol: response.protocol,
            timings: response.timings,
            bytes_sent: sent,
            bytes_received: received,
            error: response.error.as_deref(),
            expected,
        });
        (!follow).then_some(response)
    }
}
