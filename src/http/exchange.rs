//! What is told of every hop of a request, and to whom.

use std::rc::Rc;

use http::Method;

use super::error::HttpError;
use super::response::{Protocol, Timings};
use super::target::Target;

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
    /// A hop was cut off before its outcome could mean anything; these bytes had passed by then.
    fn abandoned(&self, bytes_sent: u64, bytes_received: u64);
}
