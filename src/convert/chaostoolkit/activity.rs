//! One probe or action of an experiment.

use serde_json::{Map, Value as Json};

use crate::convert::shell;

/// An activity, as far as its document tells.
#[derive(Debug, Clone, Copy)]
pub struct Activity<'d> {
    pub name: &'d str,
    pub is_action: bool,
    pub provider: &'d Map<String, Json>,
    pub tolerance: Option<&'d Json>,
    /// Pauses before and after it, in seconds.
    pub before: f64,
    pub after: f64,
    /// Whether what comes next does not wait for it.
    pub in_background: bool,
}

/// Activities of a list; one that refers to another by its name is that one. What is none is named in `left`.
pub fn all<'d>(
    list: Option<&'d Json>,
    experiment: &'d Json,
    left: &mut Vec<String>,
) -> Vec<Activity<'d>> {
    let list = list.and_then(Json::as_array).into_iter().flatten();
    list.enumerate()
        .filter_map(|(at, item)| {
            let meant = match item.get("ref").and_then(Json::as_str) {
                Some(name) => named(experiment, name),
                None => Some(item),
            };
            let activity = meant.and_then(of);
            if activity.is_none() {
                left.push(format!(
                    "entry {} of a list of activities, which is none",
                    at + 1
                ));
            }
            activity
        })
        .collect()
}

/// The first activity of that name, wherever it stands.
fn named<'d>(experiment: &'d Json, name: &str) -> Option<&'d Json> {
    let hypothesis = experiment.get("steady-state-hypothesis");
    let lists = [
        hypothesis.and_then(|hypothesis| hypothesis.get("probes")),
        experiment.get("method"),
        experiment.get("rollbacks"),
    ];
    let mut all = lists
        .into_iter()
        .flatten()
        .filter_map(Json::as_array)
        .flatten();
    all.find(|item| item.get("name").and_then(Json::as_str) == Some(name))
}

fn of(item: &Json) -> Option<Activity<'_>> {
    let provider = item.get("provider")?.as_object()?;
    let pause = |key: &str| {
        let seconds = item
            .get("pauses")
            .and_then(|pauses| pauses.get(key)?.as_f64());
        // A day is longer than any experiment; what is longer is a mistake.
        seconds.unwrap_or_default().clamp(0.0, 86_400.0)
    };
    Some(Activity {
        name: item.get("name").and_then(Json::as_str).unwrap_or("unnamed"),
        is_action: item.get("type").and_then(Json::as_str) != Some("probe"),
        provider,
        tolerance: item.get("tolerance"),
        before: pause("before"),
        after: pause("after"),
        in_background: item.get("background").and_then(Json::as_bool) == Some(true),
    })
}

impl<'d> Activity<'d> {
    /// A text of its provider.
    pub fn text(&self, key: &str) -> &'d str {
        self.provider
            .get(key)
            .and_then(Json::as_str)
            .unwrap_or_default()
    }

    pub fn kind(&self) -> &'d str {
        self.text("type")
    }

    /// An argument of its provider.
    pub fn argument(&self, key: &str) -> Option<&'d Json> {
        self.provider.get("arguments")?.get(key)
    }

    /// The program and its arguments, of a provider `process`; nothing of a command line that a shell has to read.
    pub fn words(&self) -> Vec<String> {
        let mut words = vec![self.text("path").to_owned()];
        match self.provider.get("arguments") {
            Some(Json::String(line)) => match shell::split(line).as_deref() {
                Ok([command]) => words.extend(command.words.iter().cloned()),
                _ => return Vec::new(),
            },
            Some(Json::Array(list)) => words.extend(list.iter().map(word)),
            // Flags with their values.
            Some(Json::Object(map)) => {
                for (flag, value) in map {
                    words.push(flag.clone());
                    words.extend(Some(word(value)).filter(|word| !word.is_empty()));
                }
            }
            _ => {}
        }
        words
    }

    /// What it is, for who has to convert it by hand.
    pub fn told(&self) -> String {
        let what = match self.kind() {
            "python" => format!("{}.{}", self.text("module"), self.text("func")),
            "process" => format!("process {}", self.text("path")),
            "http" => "http".to_owned(),
            other => format!("provider {other}"),
        };
        format!("`{}` ({what})", self.name)
    }
}

fn word(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}
