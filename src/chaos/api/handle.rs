//! What each route does.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::input::{self, ProxyInput, ToxicInput};
use super::json::Malformed;
use super::route::Route;
use super::{Metrics, metrics, shown};
use crate::chaos::proxy::toxic::{self, Kind};
use crate::chaos::proxy::{Draft, Fleet, Proxy, Spec, Stream, Toxicity, leads_to_itself};

/// The version of Toxiproxy whose behaviour this is. Clients compare it.
pub const VERSION: &str = "2.12.0";

/// What words about an address that cannot be listened on begin with.
const LISTENING: &str = "listen tcp: ";

/// Serves a request. A name may have to be looked up, which takes its time.
pub fn handle(fleet: &Fleet, which: Metrics, route: Route, body: &[u8]) -> Answer {
    if route == Route::Populate {
        return populate(fleet, body);
    }
    serve(fleet, which, route, body).unwrap_or_else(|refusal| refusal.answer())
}

fn serve(fleet: &Fleet, which: Metrics, route: Route, body: &[u8]) -> Result<Answer, Refusal> {
    let found = |name: &str| fleet.proxy(name).map_err(|error| Refusal::of(&error, ""));
    let shown = |status, proxy: &Proxy| Ok(Answer::json(status, &shown(fleet, proxy)));
    match route {
        Route::Version => Ok(Answer::of_kind(
            "application/json;charset=utf-8",
            format!("{{\"version\": \"{VERSION}\"}}\n"),
        )),
        Route::Metrics => Ok(Answer::of_kind(
            "text/plain; version=0.0.4; charset=utf-8",
            metrics::text(fleet, which),
        )),
        Route::Reset => {
            let reset = fleet.reset();
            reset.map_err(|error| Refusal::of(&error, LISTENING))?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        // Its errors have a form of their own.
        Route::Populate => Ok(populate(fleet, body)),
        Route::ListProxies => {
            let named = |proxy: Arc<Proxy>| {
                let document = self::shown(fleet, &proxy);
                (proxy.name().to_owned(), document)
            };
            let all: serde_json::Map<_, _> = fleet.all().into_iter().map(named).collect();
            Ok(Answer::json(StatusCode::OK, &Value::Object(all)))
        }
        Route::CreateProxy => {
            let wanted = Wanted::new(input::proxy(body).map_err(bad)?, None)?;
            if fleet.proxy(&wanted.spec.name).is_ok() {
                let text = "proxy already exists";
                return Err(Refusal::new(StatusCode::CONFLICT, text));
            }
            let toxics = drafts(&wanted.toxics)?;
            let made = fleet.create_with(wanted.spec, toxics, wanted.seed);
            let proxy = made.map_err(|error| Refusal::of(&error, LISTENING))?;
            shown(StatusCode::CREATED, &proxy)
        }
        Route::ShowProxy(name) => shown(StatusCode::OK, &*found(&name)?),
        Route::UpdateProxy(name) => {
            let proxy = found(&name)?;
            let input = input::proxy(body).map_err(bad)?;
            let now = proxy.spec();
            let listen = input.listen.unwrap_or_else(|| now.listen.clone());
            let upstream = input.upstream.unwrap_or(now.upstream);
            proxy
                .update(&listen, &upstream, input.enabled.unwrap_or(now.enabled))
                .map_err(|error| Refusal::of(&error, ""))?;
            shown(StatusCode::OK, &proxy)
        }
        Route::DeleteProxy(name) => {
            let deleted = fleet.delete(&name);
            deleted.map_err(|error| Refusal::of(&error, ""))?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        Route::Counts(name) => Ok(Answer::json(
            StatusCode::OK,
            &super::shown::counts(&*found(&name)?),
        )),
        Route::ListToxics(name) => Ok(Answer::json(
            StatusCode::OK,
            &super::shown::toxics(&*found(&name)?),
        )),
        Route::CreateToxic(name) => create_toxic(&*found(&name)?, body),
        Route::ShowToxic(name, toxic) => {
            let worn = found(&name)?.toxic(&toxic);
            let worn = worn.map_err(|error| Refusal::of(&error, ""))?;
            Ok(Answer::json(StatusCode::OK, &super::shown::toxic(&worn)))
        }
        Route::UpdateToxic(name, toxic) => update_toxic(&*found(&name)?, &toxic, body),
        Route::DeleteToxic(name, toxic) => {
            let removed = found(&name)?.remove(&toxic);
            removed.map_err(|error| Refusal::of(&error, ""))?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
    }
}

fn shown(fleet: &Fleet, proxy: &Proxy) -> Value {
    shown::proxy(proxy, proxy.seed() != fleet.seed())
}

fn bad(malformed: Malformed) -> Refusal {
    Refusal::bad(format!("bad request body: {malformed}"))
}

/// A proxy that is asked for, with all that it needs.
#[derive(Debug)]
pub struct Wanted {
    pub spec: Spec,
    pub toxics: Vec<ToxicInput>,
    pub seed: Option<u64>,
}

impl Wanted {
    /// `number`: which it is of several, from 1.
    ///
    /// # Errors
    /// When a field is missing.
    pub fn new(input: ProxyInput, number: Option<usize>) -> Result<Self, Refusal> {
        let needed = |value: Option<String>, field: &str| {
            let place = number.map_or(String::new(), |number| format!(" at proxy {number}"));
            let missing = || Refusal::bad(format!("missing required field: {field}{place}"));
            value.filter(|value| !value.is_empty()).ok_or_else(missing)
        };
        Ok(Self {
            spec: Spec {
                name: needed(input.name, "name")?,
                upstream: needed(input.upstream, "upstream")?,
                listen: input.listen.unwrap_or_default(),
                enabled: input.enabled.unwrap_or(true),
            },
            toxics: input.toxics,
            seed: input.seed,
        })
    }
}

/// Proxies as they stand in the body of `/populate` and in a file.
///
/// # Errors
/// When one is not as it should be.
pub fn wanted(inputs: Vec<ProxyInput>) -> Result<Vec<Wanted>, Refusal> {
    let numbered = inputs.into_iter().zip(1..);
    numbered
        .map(|(input, number)| Wanted::new(input, Some(number)))
        .collect()
}

/// In a file a name that is there twice is a slip; a later body of `/populate` replaces what there was.
///
/// # Errors
/// When two are of the same name, or one leads to itself.
pub fn without_slips(wanted: Vec<Wanted>) -> Result<Vec<Wanted>, Refusal> {
    let mut names = std::collections::BTreeSet::new();
    let twice = wanted
        .iter()
        .find(|wanted| !names.insert(&wanted.spec.name));
    match twice {
        Some(twice) => Err(Refusal::bad(format!(
            "there are two proxies named `{}`",
            twice.spec.name
        ))),
        None => match wanted
            .iter()
            .find(|wanted| leads_to_itself(&wanted.spec.listen, &wanted.spec.upstream))
        {
            Some(own) => Err(Refusal::bad(format!(
                "the proxy `{}` would connect to itself",
                own.spec.name
            ))),
            None => Ok(wanted),
        },
    }
}

fn populate(fleet: &Fleet, body: &[u8]) -> Answer {
    let mut done = Vec::new();
    let outcome = input::proxies(body).map_err(bad).and_then(wanted);
    let outcome = outcome.and_then(|wanted| provide(fleet, wanted, |proxy| done.push(proxy)));
    let proxies = match done.as_slice() {
        // Go's way to say that a list was never made.
        [] => Value::Null,
        done => done.iter().map(|proxy| shown(fleet, proxy)).collect(),
    };
    match outcome {
        Ok(()) => Answer::json(StatusCode::CREATED, &json!({ "proxies": proxies })),
        Err(Refusal { status, text }) => Answer::json(
            status,
            &json!({ "error": text, "status": status.as_u16(), "proxies": proxies }),
        ),
    }
}

/// Makes proxies, or leaves those that go where they should; each that is there is given to `done`.
///
/// # Errors
/// The first that is not as it should be. Its toxics are looked at before anything is changed.
pub fn provide(
    fleet: &Fleet,
    wanted: Vec<Wanted>,
    mut done: impl FnMut(Arc<Proxy>),
) -> Result<(), Refusal> {
    let drafted: Vec<_> = wanted
        .into_iter()
        .map(|wanted| Ok((drafts(&wanted.toxics)?, wanted)))
        .collect::<Result<_, Refusal>>()?;
    for (toxics, wanted) in drafted {
        let provided = fleet.provide(wanted.spec, toxics, wanted.seed);
        done(provided.map_err(|error| Refusal::of(&error, LISTENING))?);
    }
    Ok(())
}

fn drafts(inputs: &[ToxicInput]) -> Result<Vec<Draft>, Refusal> {
    let mut drafts: Vec<Draft> = Vec::new();
    for input in inputs {
        let new = draft(input, |name| {
            drafts
                .iter()
                .any(|other| other.name.as_deref() == Some(name))
        })?;
        drafts.push(new);
    }
    Ok(drafts)
}

/// Stream, kind, name and attributes are looked at in this order.
fn draft(input: &ToxicInput, is_taken: impl Fn(&str) -> bool) -> Result<Draft, Refusal> {
    let written = input.stream.as_deref().unwrap_or("downstream");
    let stream = Stream::parse(&written.to_lowercase());
    let stream = stream.map_err(|error| Refusal::of(&error, ""))?;
    let kind = toxic::kind(input.kind.as_deref().unwrap_or_default());
    let kind: &'static Kind = kind.map_err(|error| Refusal::of(&error, ""))?;
    let name = match &input.name {
        Some(name) if !name.is_empty() => name.clone(),
        _ => format!("{}_{written}", kind.name),
    };
    if is_taken(&name) {
        return Err(Refusal::new(StatusCode::CONFLICT, "toxic already exists"));
    }
    let attributes = input.attributes(kind).map_err(bad)?;
    // What other kinds than Toxiproxy's take is known to them alone.
    if let Err(error) = kind.make(&attributes) {
        return Err(Refusal::bad(format!("bad request body: {error}")));
    }
    Ok(Draft {
        name: Some(name),
        kind,
        stream,
        written: Some(written.to_owned()),
        toxicity: Toxicity::lenient(input.toxicity.unwrap_or(1.0)),
        attributes,
    })
}

fn create_toxic(proxy: &Proxy, body: &[u8]) -> Result<Answer, Refusal> {
    let input = input::toxic(body).map_err(bad)?;
    let draft = draft(&input, |name| proxy.toxic(name).is_ok())?;
    let worn = proxy.wear(draft);
    let worn = worn.map_err(|error| Refusal::of(&error, ""))?;
    Ok(Answer::json(StatusCode::OK, &shown::toxic(&worn)))
}

fn update_toxic(proxy: &Proxy, name: &str, body: &[u8]) -> Result<Answer, Refusal> {
    let refused = |error| Refusal::of(&error, "");
    let kind = toxic::kind(proxy.toxic(name).map_err(refused)?.kind).map_err(refused)?;
    let input = input::change(body, kind).map_err(bad)?;
    let attributes = input.attributes(kind).map_err(bad)?;
    let toxicity = input.toxicity.map(Toxicity::lenient);
    let worn = proxy
        .change(name, toxicity, &attributes)
        .map_err(|error| match &error {
            crate::chaos::proxy::ProxyError::Attribute { .. } => {
                Refusal::bad(format!("bad request body: {error}"))
            }
            _ => refused(error),
        })?;
    Ok(Answer::json(StatusCode::OK, &shown::toxic(&worn)))
}
