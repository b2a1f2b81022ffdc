//! A request on its way: what redirects and challenges make of it.

use std::rc::Rc;

use http::{Method, header};

use super::auth;
use super::body::Body;
use super::client::Client;
use super::error::HttpError;
use super::request::{Auth, Request};
use super::response::HeaderBlock;
use super::settings::Settings;
use crate::secrets::{is_secret_name, mask_urls};

/// A request on its way through redirects and challenges.
///
/// It changes the request it was given into the one that is to be sent next.
pub struct Hop<'r> {
    pub request: &'r mut Request,
    redirects_left: u32,
    redirects_followed: u32,
    follow: bool,
    digest: Option<String>,
    challenged: bool,
    /// A redirect led to another origin than the one the script named.
    pub foreign: bool,
}

/// What a response leads to.
pub enum Next {
    /// It is the answer.
    Stay,
    /// The hop's request is now another one, to be sent.
    Follow,
    /// It asked for something that cannot be done.
    Fail(HttpError),
}

impl<'r> Hop<'r> {
    /// The first hop of a request.
    pub fn new(request: &'r mut Request, settings: &Settings) -> Self {
        let limit = request.redirects.unwrap_or(settings.max_redirects);
        if request.auth.is_none()
            && let Some((user, password)) = &request.target.user
        {
            request.auth = Some(Rc::new(Auth::Basic {
                user: user.clone(),
                password: password.clone(),
            }));
        }
        Self {
            request,
            redirects_left: limit,
            redirects_followed: 0,
            follow: limit > 0,
            digest: None,
            challenged: false,
            foreign: false,
        }
    }

    /// Whether the status is one that was asked for.
    pub fn expects(&self, settings: &Settings, status: u16) -> bool {
        match &self.request.expected {
            Some(set) => set.contains(status),
            None => settings.expected.contains(status),
        }
    }

    /// Looks at a response and prepares the next hop if there is one.
    pub fn next(&mut self, client: &Client, status: u16, headers: &HeaderBlock) -> Next {
        match status {
            401 if !self.challenged => self.answer_challenge(headers),
            301 | 302 | 303 | 307 | 308 if self.follow => match headers.get("location") {
                Some(location) => self.redirect(client, status, &location),
                None => Next::Stay,
            },
            _ => Next::Stay,
        }
    }

    fn answer_challenge(&mut self, headers: &HeaderBlock) -> Next {
        let Some(Auth::Digest { user, password }) = self.request.auth.as_deref() else {
            return Next::Stay;
        };
        let challenges = headers.get_all("www-authenticate");
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
                    "stopped after {} redirects, the next would go to {}; is it a loop? `redirects: N` allows more",
                    self.redirects_followed,
                    mask_urls(location)
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
                    format!(
                        "the redirect to {:?} cannot be followed: {why}",
                        mask_urls(location)
                    ),
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
            self.request.body = Body::Empty;
            self.request.headers.retain(|(name, _)| {
                *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH
            });
        }
        if !target.same_origin(&old) {
            self.foreign = true;
            // Credentials are for the host they were given for, and so is a Host header.
            self.request.auth = None;
            self.request.cookies.clear();
            self.request
                .headers
                .retain(|(name, _)| *name != header::HOST && !is_secret_name(name.as_str()));
        }
        // A challenge is answered for one path only.
        self.digest = None;
        self.challenged = false;
        self.request.target = target;
        Next::Follow
    }

    /// The Authorization header's value.
    pub fn authorization(&self) -> Option<String> {
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
