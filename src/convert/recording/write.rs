//! The journey of a recording: pages as groups, gaps as pauses, redirects as what they lead to.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::exchange::Kind;
use super::found::values;
use super::redirects::{Redirects, redirects};
use super::steps::{Translator, noun};
use super::{Kept, Recording};
use crate::convert::emit::words;
use crate::convert::journey::{
    Batch, Extraction, Function, Group, Item, Journey, Page, Request, Step, Think,
};
use crate::convert::text::{Text, Value};
use crate::convert::{Assets, Settings};
use crate::secrets::is_secret_name;

/// Shorter gaps are no thinking, in seconds.
const SHORTEST_PAUSE: f64 = 0.5;
/// Longer ones are somebody who went away.
const LONGEST_PAUSE: f64 = 120.0;
/// Up to this a pause varies evenly around its mean; above, it has a long tail.
const SHORT_PAUSE: f64 = 2.0;
/// Characters of a list of names that is told.
const LONGEST_LIST: usize = 500;

/// Writes a recording that has something in it.
pub fn journey(mut recording: Recording) -> Journey {
    let mut left = recording.left.lines();
    let follows = redirects(&recording.kept);
    let mut writer = Writer::new(&recording.settings);
    let cookies = foreign_cookies(&recording.kept);
    let kept = std::mem::take(&mut recording.kept);
    for (at, exchange) in kept.iter().enumerate() {
        if !follows.skipped.contains(&at) {
            writer.take(at, exchange, &kept, &follows);
        }
    }
    let mut translator = writer.translator;
    let mut items = groups(writer.pages, &recording.pages, &mut translator);
    if let Some(Item::Think(_)) = items.first() {
        items.remove(0);
    }
    let first = kept.first().map(|kept| kept.url.clone());
    let set = set_cookies(&cookies, &mut translator, first.as_ref(), &mut left);
    items.splice(0..0, set);
    if writer.cut > 0 {
        left.push(format!(
            "what was longer than {LONGEST_PAUSE} s of {} pauses",
            writer.cut
        ));
    }
    let mut done = Vec::new();
    let count = translator.correlator.count();
    if count > 0 {
        let values = if count == 1 { "value" } else { "values" };
        done.push(format!(
            "{count} {values} of earlier responses read from them"
        ));
    }
    let requests = kept.len() - follows.skipped.len();
    done.insert(0, format!("{requests} of the recorded requests"));
    Journey {
        title: format!("Journey of {}.", recording.source),
        about: about(&translator),
        variables: translator.lifter.variables,
        options: vec![
            ("scenarios".to_owned(), Value::map([("users", scenario())])),
            ("slos".to_owned(), slos()),
        ],
        functions: vec![Function {
            name: "journey".to_owned(),
            doc: vec!["What one user does, once.".to_owned()],
            items,
            ..Function::default()
        }],
        done,
        left,
        ..Journey::default()
    }
}

fn scenario() -> Value {
    Value::map([
        ("executor", Value::from("constant-vus")),
        ("exec", Value::from("journey")),
        ("vus", Value::from(1)),
        ("duration", Value::from("1m")),
    ])
}

fn slos() -> Value {
    let list = |target: &str| Value::List(vec![Value::from(target)]);
    Value::map([
        ("http_req_failed", list("rate < 1%")),
        ("checks", list("rate > 99%")),
        ("http_req_duration", list("p(95) < 3s")),
    ])
}

fn about(translator: &Translator) -> Vec<String> {
    let secrets = translator.lifter.variables.iter().filter(|v| v.secret);
    let names: Vec<String> = secrets.map(|v| format!("--env {}=…", v.env)).collect();
    let mut lines =
        vec!["Check what it expects, then change `options` from one user to load.".to_owned()];
    if !names.is_empty() {
        lines.push(format!(
            "Secrets come from the environment: {}",
            names.join(" ")
        ));
    }
    lines
}

/// What belongs to one page.
#[derive(Default)]
struct PageItems {
    id: String,
    fallback: String,
    /// It begins with a call, and the recording says of no page that it belongs to it.
    is_loose: bool,
    pause: Option<Think>,
    /// Each with the exchanges that it came of.
    items: Vec<(Vec<usize>, Item)>,
    /// When the response of the last call ended, if nothing came after that; in seconds.
    call_ends: Option<f64>,
    /// Where the batch of assets goes, and what is in it.
    batch_at: usize,
    assets: Vec<Request>,
    /// Addresses of these.
    known: HashSet<Text>,
}

struct Writer<'a> {
    settings: &'a Settings,
    translator: Translator,
    pages: Vec<PageItems>,
    /// Where the page of an id was first.
    places: HashMap<String, usize>,
    /// When the last response ended, in seconds.
    idle_since: Option<f64>,
    /// Pauses that were cut.
    cut: usize,
}

impl<'a> Writer<'a> {
    fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            translator: Translator::default(),
            pages: Vec::new(),
            places: HashMap::new(),
            idle_since: None,
            cut: 0,
        }
    }

    fn take(&mut self, at: usize, kept: &Kept, all: &[Kept], redirects: &Redirects) {
        let exchange = &kept.exchange;
        let end_at = redirects.ends.get(&at).copied().unwrap_or(at);
        let last = all.get(end_at).unwrap_or(kept);
        let pause = self.pause(exchange.began);
        let ended = last.exchange.began + last.exchange.took;
        self.idle_since = Some(self.idle_since.map_or(ended, |idle| idle.max(ended)));
        let is_document = exchange.kind == Kind::Document;
        let is_new = match self.pages.last() {
            None => true,
            Some(page) if exchange.page.is_empty() => is_document && !page.items.is_empty(),
            Some(page) => page.id != exchange.page,
        };
        let known = (!exchange.page.is_empty() && exchange.kind == Kind::Asset)
            .then(|| self.places.get(&exchange.page).copied())
            .flatten();
        let (request, notes) = self.translator.request(kept);
        let used = self.translator.correlator.take_used();
        if let Some(page) = known.and_then(|at| self.pages.get_mut(at)) {
            page.add_asset(request);
            return;
        }
        if is_new {
            self.places
                .entry(exchange.page.clone())
                .or_insert(self.pages.len());
            self.pages.push(PageItems {
                id: exchange.page.clone(),
                fallback: percent_encoding::percent_decode_str(kept.url.path())
                    .decode_utf8_lossy()
                    .into_owned(),
                is_loose: exchange.page.is_empty() && !is_document,
                pause,
                ..PageItems::default()
            });
        }
        let Some(page) = self.pages.last_mut() else {
            return;
        };
        if exchange.kind == Kind::Asset {
            page.add_asset(request);
            return;
        }
        if let Some(pause) = pause.filter(|_| !is_new) {
            page.items.push((Vec::new(), Item::Think(pause)));
            page.call_ends = None;
        }
        let step = |request, notes| {
            let open = redirects.open.contains(&at);
            step(request, notes, kept, last, open)
        };
        if self.settings.assets == Assets::Page
            && is_document
            && request.method == "GET"
            && last.exchange.status < 400
        {
            let page_item = Item::Page(Page {
                notes,
                name: page_name(&kept.url),
                url: request.url,
                headers: request.headers,
                ..Page::default()
            });
            page.items.push((vec![at], page_item));
        } else if !is_document && page.overlaps(exchange.began, &used) {
            page.add_call(at, step(request, notes));
        } else {
            let item = Item::Step(Box::new(step(request, notes)));
            page.items.push((vec![at], item));
        }
        page.call_ends = (!is_document).then_some(ended);
        if is_document {
            page.batch_at = page.items.len();
        }
        let mut found = last.found.clone();
        if end_at != at {
            // Where the first one led to is known by the last one's address.
            found.extend(values(exchange).into_iter().filter(|found| {
                matches!(found.source, crate::convert::journey::Source::Code(ref code) if code.contains(".url"))
            }));
        }
        self.translator
            .correlator
            .learn(at, &noun(&kept.url), found);
    }

    fn pause(&mut self, began: f64) -> Option<Think> {
        let gap = began - self.idle_since?;
        if !gap.is_finite() || gap < SHORTEST_PAUSE || self.settings.think <= 0.0 {
            return None;
        }
        self.cut += usize::from(gap > LONGEST_PAUSE);
        let length = gap.min(LONGEST_PAUSE) * self.settings.think;
        // Nobody reads more than a tenth of a second.
        let length = ((length * 10.0).round() / 10.0).max(0.1);
        Some(if length <= SHORT_PAUSE {
            Think::Normal {
                mean: length,
                deviation: (length * 25.0).round() / 100.0,
            }
        } else {
            Think::LogNormal {
                median: length,
                sigma: 0.4,
            }
        })
    }
}

impl PageItems {
    /// Whether a call that began then was on its way together with the last one, and needs nothing of those it would be sent with.
    fn overlaps(&self, began: f64, used: &HashSet<usize>) -> bool {
        let last = self.items.last();
        self.call_ends.is_some_and(|ended| began < ended)
            && last.is_some_and(|(steps, _)| !steps.iter().any(|step| used.contains(step)))
    }

    /// Sends a call at once with the last ones.
    fn add_call(&mut self, at: usize, step: Step) {
        if let Some((steps, item)) = self.items.last_mut() {
            steps.push(at);
            match item {
                Item::AtOnce(calls) => calls.push(step),
                Item::Step(first) => {
                    let first = std::mem::take(first.as_mut());
                    *item = Item::AtOnce(vec![first, step]);
                }
                _ => {}
            }
        }
    }

    fn add_asset(&mut self, request: Request) {
        if self.known.insert(request.url.text()) {
            self.assets.push(Request {
                headers: Vec::new(),
                name: None,
                ..request
            });
        }
    }
}

fn step(request: Request, notes: Vec<String>, kept: &Kept, last: &Kept, open: bool) -> Step {
    // Not asked for conditionally, what was not modified comes whole.
    let status = match last.exchange.status {
        304 => 200,
        status => status,
    };
    let mut step = Step {
        notes,
        request,
        status: Some(status),
        ..Step::default()
    };
    if open {
        let parameters = &mut step.request.parameters;
        parameters.push(("redirects".to_owned(), Value::from(0)));
        step.status = Some(kept.exchange.status);
    }
    step
}

fn page_name(url: &url::Url) -> String {
    match url.path().trim_matches('/') {
        "" => "home".to_owned(),
        _ => noun(url),
    }
}

fn groups(
    pages: Vec<PageItems>,
    titles: &BTreeMap<String, String>,
    translator: &mut Translator,
) -> Vec<Item> {
    let mut items = Vec::new();
    let mut names = BTreeMap::<String, usize>::new();
    for mut page in pages {
        if !page.assets.is_empty() {
            let batch = Batch {
                requests: std::mem::take(&mut page.assets),
                check: "assets are loaded".to_owned(),
                ..Batch::default()
            };
            let item = (Vec::new(), Item::Batch(batch));
            page.items.insert(page.batch_at, item);
        }
        let inner = page.items.into_iter().map(|(steps, mut item)| {
            let found = steps.iter().map(|step| {
                let found = translator.correlator.extractions.remove(step);
                found.unwrap_or_default()
            });
            extract(&mut item, found);
            item
        });
        // A name would be that of its first call, and would not tell of the others.
        if page.is_loose {
            items.extend(page.pause.map(Item::Think));
            items.extend(inner);
            continue;
        }
        let title = titles
            .get(&page.id)
            .filter(|title| !title.is_empty() && !title.contains("://"));
        let mut name = title.cloned().unwrap_or(page.fallback);
        crate::lengths::shorten(&mut name, 80);
        let times = names.entry(name.clone()).or_default();
        *times += 1;
        if *times > 1 {
            name = format!("{name} ({times})");
        }
        items.extend(page.pause.map(Item::Think));
        items.push(Item::Group(Group {
            name,
            items: inner.collect(),
        }));
    }
    items
}

/// Gives what is read from responses to the steps that have them.
fn extract(item: &mut Item, mut found: impl Iterator<Item = Vec<Extraction>>) {
    match item {
        Item::Step(step) => step.extractions = found.next().unwrap_or_default(),
        Item::Page(page) => page.extractions = found.next().unwrap_or_default(),
        Item::AtOnce(steps) => {
            for (step, found) in steps.iter_mut().zip(found) {
                step.extractions = found;
            }
        }
        _ => {}
    }
}

/// Cookies that were sent before any response set them.
fn foreign_cookies(kept: &[Kept]) -> Vec<(String, String)> {
    // Set by a response, or noted as foreign already.
    let mut known = BTreeSet::new();
    let mut foreign: Vec<(String, String)> = Vec::new();
    for kept in kept {
        let sent = kept.exchange.headers.iter().filter(|(n, _)| n == "cookie");
        for pair in sent.flat_map(|(_, value)| value.split(';')) {
            let Some((name, value)) = pair.trim().split_once('=') else {
                continue;
            };
            if known.insert(name.to_owned()) {
                foreign.push((name.to_owned(), value.to_owned()));
            }
        }
        let headers = kept.exchange.response_headers.iter();
        for (_, cookie) in headers.filter(|(name, _)| name == "set-cookie") {
            if let Some((name, _)) = cookie.split_once('=') {
                known.insert(name.trim().to_owned());
            }
        }
    }
    foreign
}

/// A session that was there before the recording began is a secret; other cookies are left out.
fn set_cookies(
    cookies: &[(String, String)],
    translator: &mut Translator,
    url: Option<&url::Url>,
    left: &mut Vec<String>,
) -> Vec<Item> {
    let Some(url) = url else { return Vec::new() };
    let base = translator.lifter.base(url);
    let mut items = Vec::new();
    let mut others = Vec::new();
    for (name, value) in cookies {
        if !is_secret_name(name) {
            others.push(name.as_str());
            continue;
        }
        let meaning = format!("the cookie {name}, set before the recording began");
        let secret = translator.lifter.secret(value, name, &meaning);
        let mut cookie = Text::from(format!("{name}="));
        cookie.push_code(secret.clone());
        items.push(Item::Code(vec![format!(
            "http::set_cookie({base}, {});",
            words::text(&cookie)
        )]));
    }
    if !others.is_empty() {
        let mut names = others.join(", ");
        crate::lengths::shorten(&mut names, LONGEST_LIST);
        left.push(format!(
            "cookies that were set before the recording began: {names}"
        ));
    }
    items
}
