//! What is written of a request, whatever the protocol.

use http::{HeaderName, HeaderValue, header};

use super::request::Request;
use super::settings::Settings;
use crate::secrets::is_secret_name;

/// A request with what goes along.
pub struct Outgoing<'a> {
    pub settings: &'a Settings,
    pub request: &'a Request,
    /// The Cookie header's value.
    pub cookies: Option<String>,
    /// The Authorization header's value.
    pub authorization: Option<String>,
    /// A redirect led to another origin than the one the script named.
    pub foreign: bool,
}

impl Outgoing<'_> {
    /// The request's own headers, then the run's that it does not set itself. Credentials among the run's stay
    /// with the origins that the script names.
    pub fn headers(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        let own = self.request.headers.iter();
        let defaults = self.settings.headers.iter().filter(|(name, _)| {
            // A request that proves itself in its own way sends no second proof.
            let replaced = *name == header::AUTHORIZATION && self.request.auth.is_some();
            let kept_back =
                || self.foreign && (*name == header::HOST || is_secret_name(name.as_str()));
            !(self.request.has_header(name) || replaced || kept_back())
        });
        own.chain(defaults).map(|(name, value)| (name, value))
    }

    /// The User-Agent to send, unless a header says otherwise.
    pub fn user_agent(&self) -> Option<&str> {
        let agent = &self.settings.user_agent;
        let wanted = !agent.is_empty() && !self.request.has_header(&header::USER_AGENT);
        wanted.then_some(agent)
    }
}
