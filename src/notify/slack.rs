//! Slack: an incoming webhook, which takes blocks.

use serde_json::{Value, json};

use super::delivery::post;
use super::target::address;
use super::{Attempt, Kind, News, Notifier};

/// Characters that Slack takes in a header, in a section and in a field.
const HEADER: usize = 150;
const SECTION: usize = 3_000;

pub(super) struct Slack;

struct To(url::Url);

impl Kind for Slack {
    fn name(&self) -> &'static str {
        "slack"
    }

    fn takes(&self) -> &'static str {
        "the URL of an incoming webhook"
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
    let section = |text: String| json!({ "type": "section", "text": { "type": "mrkdwn", "text": cut(&text, SECTION) } });
    let sign = if news.is_good { "✅" } else { "❌" };
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": cut(&format!("{sign} {}", news.title), HEADER) } }),
        section(escape(&news.phrase)),
    ];
    let listed = |lines: &[String]| {
        let lines: Vec<String> = lines
            .iter()
            .map(|line| format!("• {}", escape(line)))
            .collect();
        lines.join("\n")
    };
    if !news.reasons.is_empty() {
        blocks.push(section(listed(&news.reasons)));
    }
    if !news.anomalies.is_empty() {
        blocks.push(section(format!("*Anomalies*\n{}", listed(&news.anomalies))));
    }
    let fields: Vec<Value> = news
        .figures
        .iter()
        .map(|(name, value)| json!({ "type": "mrkdwn", "text": format!("*{name}*\n{}", escape(value)) }))
        .collect();
    blocks.push(json!({ "type": "section", "fields": fields }));
    let mut context: Vec<String> = news
        .links
        .iter()
        .map(|link| {
            format!(
                "<{}|{}>",
                escape(&link.url).replace('|', "%7C"),
                escape(&link.name)
            )
        })
        .collect();
    context.extend(
        news.result_path
            .iter()
            .map(|path| format!("`{}`", escape(path))),
    );
    if !context.is_empty() {
        blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": cut(&context.join(" · "), SECTION) }] }));
    }
    json!({ "text": cut(&format!("{}: {}", news.title, news.phrase), SECTION), "blocks": blocks })
}

/// What Slack takes for markup of its own.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most.saturating_sub(1)) {
        Some((end, _)) if text.chars().count() > most => {
            format!("{}…", text.get(..end).unwrap_or_default())
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    #[test]
    fn a_message_has_a_text_and_blocks_within_their_bounds() {
        for (name, mut result) in sample::all() {
            result.run.script = format!("<!channel>{}", "a".repeat(400));
            let message = message(&News::of(&result, Some("a&b".into()), Vec::new()));
            assert!(message["text"].is_string(), "{name}");
            let header = message["blocks"][0]["text"]["text"].as_str().unwrap();
            assert!(header.chars().count() <= HEADER, "{name}: {header}");
            let last = message["blocks"].as_array().unwrap().last().unwrap();
            assert_eq!(last["elements"][0]["text"], "`a&amp;b`");
        }
    }
}
