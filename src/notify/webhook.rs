//! A webhook of one's own: the news as JSON.

use super::delivery::post;
use super::target::address;
use super::{Attempt, Kind, News, Notifier};

pub(super) struct Webhook;

struct To(url::Url);

impl Kind for Webhook {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn takes(&self) -> &'static str {
        "the URL that JSON is posted to"
    }

    fn to(&self, target: &str) -> Result<Box<dyn Notifier>, String> {
        Ok(Box::new(To(address(target)?)))
    }
}

impl Notifier for To {
    fn send<'a>(&'a self, client: &'a reqwest::Client, news: &'a News) -> Attempt<'a> {
        post(client, &self.0, news.document())
    }
}
