//! Microsoft Teams: an Adaptive Card, posted to the webhook of a workflow.

use serde_json::{Value, json};

use super::delivery::post;
use super::target::address;
use super::{Attempt, Kind, News, Notifier};

pub(super) struct Teams;

struct To(url::Url);

impl Kind for Teams {
    fn name(&self) -> &'static str {
        "teams"
    }

    fn takes(&self) -> &'static str {
        "the URL of a workflow that posts webhook requests to a channel"
    }

    fn to(&self, target: &str) -> Result<Box<dyn Notifier>, String> {
        Ok(Box::new(To(address(target)?)))
    }
}

impl Notifier for To {
    fn send<'a>(&'a self, client: &'a reqwest::Client, news: &'a News) -> Attempt<'a> {
        post(client, &self.0, &message(news))
    }
}

fn message(news: &News) -> Value {
    let text = |text: String| json!({ "type": "TextBlock", "wrap": true, "text": text });
    let colour = if news.is_good { "Good" } else { "Attention" };
    let mut body = vec![
        json!({ "type": "TextBlock", "wrap": true, "size": "Large", "weight": "Bolder", "color": colour, "text": escape(&news.title) }),
        text(escape(&news.phrase)),
    ];
    let listed = |lines: &[String]| {
        let lines: Vec<String> = lines
            .iter()
            .map(|line| format!("- {}", escape(line)))
            .collect();
        lines.join("\n")
    };
    body.extend((!news.reasons.is_empty()).then(|| text(listed(&news.reasons))));
    body.extend(
        (!news.anomalies.is_empty())
            .then(|| text(format!("**Anomalies**\n\n{}", listed(&news.anomalies)))),
    );
    let figures = news
        .figures
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    let result = news
        .result_path
        .iter()
        .map(|path| ("Result", path.as_str()));
    let facts: Vec<Value> = figures
        .chain(result)
        .map(|(name, value)| json!({ "title": name, "value": value }))
        .collect();
    body.push(json!({ "type": "FactSet", "facts": facts }));
    let actions: Vec<Value> = news
        .links
        .iter()
        .map(|link| json!({ "type": "Action.OpenUrl", "title": link.name, "url": link.url }))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": body,
                "actions": actions,
            },
        }],
    })
}

/// What a card takes for markup: links and lists.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '[' | ']' | '*' | '_' | '`' | '\\' => escaped.extend(['\\', c]),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn a_card_tells_the_verdict_and_the_figures() {
        for (name, result) in sample::all() {
            let message = message(&News::of(&result, None, Vec::new()));
            let card = &message["attachments"][0]["content"];
            assert_eq!(card["type"], "AdaptiveCard", "{name}");
            let facts = card["body"].as_array().unwrap().last().unwrap();
            assert_eq!(facts["facts"][0]["title"], "Duration", "{name}");
        }
        assert_eq!(escape("[a](http://b)\n*c*"), "\\[a\\](http://b) \\*c\\*");
    }
}
