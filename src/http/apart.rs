//! Keeps what is rare off the stacks of virtual users.
//!
//! A page of a virtual user's stack that was touched once stays resident. A future that is awaited where it is made becomes
//! part of its caller's frame, taken or not: a TLS handshake, an HTTP/2 preface or a proxy would cost every user several pages,
//! also those that only speak plain HTTP.

use std::future::Future;
use std::pin::Pin;

/// The future on the heap, behind a call that the compiler cannot look through.
#[inline(never)]
pub(super) fn apart<'a, T>(
    future: impl Future<Output = T> + 'a,
) -> Pin<Box<dyn Future<Output = T> + 'a>> {
    Box::pin(future)
}
