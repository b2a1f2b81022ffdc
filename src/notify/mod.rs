//! Notifications: the end of a run, told to people and machines elsewhere.
//!
//! In: [`Target`]s, read at the edge from `KIND=TARGET`, and the [`News`] of a finished run. Out: the news, delivered, or a [`Undelivered`] for each target
//! that it did not reach. A notification never changes what came of a run, takes a bounded time, and its address, which is often all the secret
//! there is, is shown nowhere. A kind is one implementation of [`Kind`], listed in [`all`].

mod delivery;
mod email;
mod news;
mod slack;
mod target;
mod teams;
mod webhook;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub use delivery::{Undelivered, deliver};
pub use news::{Link, News};
pub use target::{Target, TargetError, Wanted};

/// How one attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// Why, without the address.
    pub why: String,
    /// Whether it may go well when it is tried again, and after how long at the earliest.
    pub again: Option<Duration>,
}

/// One attempt.
pub type Attempt<'a> = Pin<Box<dyn Future<Output = Result<(), Failed>> + 'a>>;

/// Where news go.
pub trait Notifier {
    /// Tries once.
    fn send<'a>(&'a self, client: &'a reqwest::Client, news: &'a News) -> Attempt<'a>;
}

/// A kind of notification.
pub trait Kind: Sync {
    /// Its name on the command line.
    fn name(&self) -> &'static str;

    /// What a target of it is, in a phrase for messages.
    fn takes(&self) -> &'static str;

    /// One with a target.
    ///
    /// # Errors
    /// What is wrong with the target, without repeating it.
    fn to(&self, target: &str) -> Result<Box<dyn Notifier>, String>;
}

/// Every kind of notification.
pub fn all() -> &'static [&'static dyn Kind] {
    &[
        &email::Email,
        &slack::Slack,
        &teams::Teams,
        &webhook::Webhook,
    ]
}

/// The kind called `name`.
pub fn by_name(name: &str) -> Option<&'static dyn Kind> {
    all().iter().copied().find(|kind| kind.name() == name)
}
