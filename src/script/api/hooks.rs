//! `hooks`: webhooks that the target sends, and virtual users that wait for them.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rhai::plugin::*;
use rhai::{Array, Dynamic, EvalAltResult, Map};

use super::basics::duration_of;
use super::hook_call::Call;
use super::hook_params::{InboxParams, answers, place, scheme};
use super::{Fallible, error, virtual_user, waiting};
use crate::hooks::{self, Looked, Place, path_of};
use crate::metrics::{Builtin, TagSetId};
use crate::vu::{RunShared, Vu};

/// One virtual user's own URL and the calls to it; cheap to copy. It is closed when nobody holds it any more.
#[derive(Clone)]
pub struct Inbox(Rc<Open>);

struct Open {
    run: Arc<RunShared>,
    inbox: Arc<hooks::Inbox>,
    url: String,
    name: Option<String>,
    /// What latencies count from, if the script said so.
    mark: Cell<Option<Instant>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.run.hooks.desk().close_inbox(&self.inbox);
    }
}

/// What URLs begin with; listens if nothing does yet.
fn base(vu: &Vu) -> Fallible<String> {
    vu.worker
        .run
        .hooks
        .listen()
        .or_else(|why| error(why.to_string()))
}

fn open(params: Option<&Map>) -> Fallible<Inbox> {
    let vu = virtual_user("hooks::inbox")?;
    let base = base(&vu)?;
    let desk = vu.worker.run.hooks.desk();
    let rules = desk.rules().clone();
    let params = match params {
        Some(params) => InboxParams::read(params, rules)?,
        None => InboxParams::plain(rules),
    };
    let scenario = Some(Arc::from(&*vu.scenario.name));
    let inbox = desk
        .open(scenario, params.rules, params.capacity)
        .or_else(|why| error(why.to_string()))?;
    if let Some(answers) = params.answers {
        inbox.intake.set_answers(answers);
    }
    missing(&vu, params.name.as_deref(), 0.0);
    Ok(Inbox(Rc::new(Open {
        url: format!("{base}{}", path_of(inbox.token)),
        run: vu.worker.run.clone(),
        inbox,
        name: params.name,
        mark: Cell::new(None),
    })))
}

/// The virtual user's tags, with the name of an inbox that has one.
fn tags(vu: &Vu, name: Option<&str>) -> TagSetId {
    let Some(name) = name else { return vu.tags() };
    let mut recorder = vu.worker.recorder.borrow_mut();
    let name = vu.worker.intern_name(name);
    let tags = recorder.tags(vu.tags()).with([(Rc::from("name"), name)]);
    recorder.intern(tags)
}

/// Counts waits that ended without a call. None at all make an objective on it have something to judge.
fn missing(vu: &Vu, name: Option<&str>, waits: f64) {
    let tags = tags(vu, name);
    let mut recorder = vu.worker.recorder.borrow_mut();
    let series = recorder.series(Builtin::WebhookMissing.into(), tags);
    recorder.count(series, waits);
}

/// A call for the script, its latency recorded: from the mark, if one was set before it came, else from the last request of this
/// virtual user that began before it came.
fn deliver(vu: &Vu, call: Arc<hooks::Call>, mark: Option<Instant>, name: Option<&str>) -> Call {
    let marked = mark.filter(|mark| *mark <= call.arrived);
    let cause = marked.or_else(|| vu.sent.last_before(call.arrived));
    let latency = cause.map(|cause| {
        u64::try_from(call.arrived.saturating_duration_since(cause).as_nanos()).unwrap_or(u64::MAX)
    });
    if let Some(latency) = latency.filter(|_| !call.duplicate) {
        let tags = tags(vu, name);
        let mut recorder = vu.worker.recorder.borrow_mut();
        let series = recorder.series(Builtin::WebhookLatency.into(), tags);
        recorder.time(series, latency);
    }
    Call::new(call, latency)
}

impl Inbox {
    fn deliver(&self, vu: &Vu, call: Arc<hooks::Call>) -> Call {
        deliver(vu, call, self.0.mark.get(), self.0.name.as_deref())
    }

    fn wait(&self, timeout: &Dynamic, wanted: impl Fn(&hooks::Call) -> bool) -> Fallible<Dynamic> {
        let vu = virtual_user("waiting for a webhook")?;
        let limit = duration_of(timeout)?;
        let next = async move { tokio::time::timeout(limit, self.0.inbox.next(wanted)).await };
        match waiting(next)? {
            Ok(call) => Ok(Dynamic::from(self.deliver(&vu, call))),
            Err(_) => {
                missing(&vu, self.0.name.as_deref(), 1.0);
                Ok(Dynamic::UNIT)
            }
        }
    }
}

/// The text of a key as places find it.
fn key_of(key: &Dynamic) -> Fallible<String> {
    if key.is_string() || key.is_int() || key.is_float() || key.is_bool() || key.is_char() {
        return Ok(key.to_string());
    }
    let what = if key.is_unit() {
        "`()`".to_owned()
    } else {
        format!("a {}", key.type_name())
    };
    error(format!(
        "a key is a text or a number, not {what}\nhelp: did the answer have what the key was taken from?"
    ))
}

/// Waits for a call to the run's URL.
fn wait_for(places: &[usize], key: &Dynamic, timeout: &Dynamic, vu: &Vu) -> Fallible<Dynamic> {
    let (key, limit) = (key_of(key)?, duration_of(timeout)?);
    missing(vu, None, 0.0);
    let board = &vu.worker.run.hooks.desk().board;
    let next = async { tokio::time::timeout(limit, board.next(places, &key)).await };
    match waiting(next)? {
        Ok(Some(call)) => Ok(Dynamic::from(deliver(vu, call, None, None))),
        Ok(None) | Err(_) => {
            missing(vu, None, 1.0);
            Ok(Dynamic::UNIT)
        }
    }
}

fn place_number(vu: &Vu, place: &Arc<Place>, for_all: bool) -> Fallible<usize> {
    let board = &vu.worker.run.hooks.desk().board;
    board
        .place(place, for_all)
        .or_else(|why| error(why.to_string()))
}

#[export_module(manifest)]
pub mod hooks_module {
    /// A URL of this virtual user's own, at which the target calls back. It is there as long as the script holds the inbox: of one in a
    /// variable until the iteration ends, of one in `ctx.state` as long as the user lives. The map may say `name` (a tag of its
    /// samples), `id` and `sequence` (places in a call such as "$.event_id" or "header:x-sequence"), `verify`, `answer`,
    /// `capacity` (1,000 calls) and `keep_duplicates`.
    #[rhai_fn(name = "inbox", return_raw)]
    pub fn inbox() -> Result<Inbox, Box<EvalAltResult>> {
        open(None)
    }

    #[rhai_fn(name = "inbox", return_raw)]
    pub fn inbox_with(params: Map) -> Result<Inbox, Box<EvalAltResult>> {
        open(Some(&params))
    }

    /// The run's own URL, for a target that can be told only one. Calls to it are found by `hooks::wait`.
    #[rhai_fn(return_raw)]
    pub fn url() -> Result<String, Box<EvalAltResult>> {
        let vu = virtual_user("hooks::url")?;
        let path = vu.worker.run.hooks.desk().board_path();
        Ok(format!("{}{path}", base(&vu)?))
    }

    /// Says where calls to the run's URL have the key that `hooks::wait` looks for: a JSONPath such as "$.reservation_id", or
    /// "header:x-request-id", or "query:id". The option `hooks: #{ correlate: … }` says the same for the whole run.
    #[rhai_fn(return_raw)]
    pub fn correlate(at: &str) -> Result<(), Box<EvalAltResult>> {
        let vu = virtual_user("hooks::correlate")?;
        place_number(&vu, &place(&at.into())?, true).map(|_| ())
    }

    /// Waits for a call to the run's URL that has this key, and gives it; `()` when the time is over, which counts in
    /// `webhook_missing`. A call that came before is found as well. With three arguments the first says where the key is:
    /// `hooks::wait("$.id", id, "30s")`.
    #[rhai_fn(name = "wait", return_raw)]
    pub fn wait(key: Dynamic, timeout: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        let vu = virtual_user("hooks::wait")?;
        let places = vu.worker.run.hooks.desk().board.named();
        if places.is_empty() {
            return error(
                "nothing says where calls have their key\nhelp: options: `hooks: #{ correlate: \"$.id\" }`, or `hooks::wait(\"$.id\", key, timeout)`",
            );
        }
        wait_for(&places, &key, &timeout, &vu)
    }

    #[rhai_fn(name = "wait", return_raw)]
    pub fn wait_at(
        at: &str,
        key: Dynamic,
        timeout: Dynamic,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let vu = virtual_user("hooks::wait")?;
        let number = place_number(&vu, &place(&at.into())?, false)?;
        wait_for(&[number], &key, &timeout, &vu)
    }

    /// Answers calls to the run's URL as `inbox.answer` does those to an inbox.
    #[rhai_fn(return_raw)]
    pub fn answer(answer: Dynamic) -> Result<(), Box<EvalAltResult>> {
        let vu = virtual_user("hooks::answer")?;
        let board = &vu.worker.run.hooks.desk().board;
        board.intake.set_answers(answers(&answer)?);
        Ok(())
    }

    /// Verifies calls to the run's URL as `inbox.verify` does those to an inbox.
    #[rhai_fn(return_raw)]
    pub fn verify(how: Map) -> Result<(), Box<EvalAltResult>> {
        let vu = virtual_user("hooks::verify")?;
        let scheme = scheme(&how)?;
        let board = &vu.worker.run.hooks.desk().board;
        board
            .intake
            .change_rules(|rules| rules.verify = Some(scheme));
        Ok(())
    }
}

#[export_module]
pub mod inbox_type {
    /// The URL to give to the target. Paths and queries may be appended to it.
    #[rhai_fn(get = "url", pure)]
    pub fn url(inbox: &mut Inbox) -> String {
        inbox.0.url.clone()
    }

    /// Waits for the next call and gives it; `()` when the time is over, which counts in `webhook_missing`. With a place and a key it
    /// waits for a call that has the key there, and leaves the others: `inbox.wait("$.status", "confirmed", "30s")`.
    #[rhai_fn(name = "wait", return_raw, pure)]
    pub fn wait(inbox: &mut Inbox, timeout: Dynamic) -> Result<Dynamic, Box<EvalAltResult>> {
        inbox.wait(&timeout, |_| true)
    }

    #[rhai_fn(name = "wait", return_raw, pure)]
    pub fn wait_for_key(
        inbox: &mut Inbox,
        at: &str,
        key: Dynamic,
        timeout: Dynamic,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        let (at, key) = (place(&at.into())?, key_of(&key)?);
        inbox.wait(&timeout, |call| {
            at.find(&Looked::new(call)).as_ref() == Some(&key)
        })
    }

    /// The call that has waited longest, without waiting; `()` if there is none, which counts as nothing.
    #[rhai_fn(name = "try_next", return_raw, pure)]
    pub fn try_next(inbox: &mut Inbox) -> Result<Dynamic, Box<EvalAltResult>> {
        let vu = virtual_user("looking into an inbox")?;
        let next = inbox.0.inbox.take(|_| true);
        Ok(next.map_or(Dynamic::UNIT, |call| {
            Dynamic::from(inbox.deliver(&vu, call))
        }))
    }

    /// Takes all calls that are there, without waiting: a list, the oldest first.
    #[rhai_fn(name = "all", return_raw, pure)]
    pub fn all(inbox: &mut Inbox) -> Result<Array, Box<EvalAltResult>> {
        let vu = virtual_user("looking into an inbox")?;
        let taken = std::iter::from_fn(|| inbox.0.inbox.take(|_| true));
        Ok(taken
            .map(|call| Dynamic::from(inbox.deliver(&vu, call)))
            .collect())
    }

    /// How many calls are there.
    #[rhai_fn(name = "len", get = "len", pure)]
    pub fn len(inbox: &mut Inbox) -> i64 {
        inbox.0.inbox.len() as i64
    }

    /// How many calls came in all, of every kind.
    #[rhai_fn(get = "received", pure)]
    pub fn received(inbox: &mut Inbox) -> i64 {
        inbox.0.inbox.intake.counts().received as i64
    }

    /// How many calls had been taken before.
    #[rhai_fn(get = "duplicates", pure)]
    pub fn duplicates(inbox: &mut Inbox) -> i64 {
        inbox.0.inbox.intake.counts().duplicates as i64
    }

    /// The latest calls, up to a hundred, that were not taken: badly signed, or answered with an error as the script asked for.
    #[rhai_fn(get = "refused", pure)]
    pub fn refused(inbox: &mut Inbox) -> Array {
        let refused = inbox.0.inbox.intake.refused().into_iter();
        refused
            .map(|call| Dynamic::from(Call::new(call, None)))
            .collect()
    }

    /// Latencies count from now, and not from the last request before the call came.
    #[rhai_fn(name = "mark", pure)]
    pub fn mark(inbox: &mut Inbox) {
        inbox.0.mark.set(Some(Instant::now()));
    }

    /// From now on takes only calls that are signed as a service signs, and answers others with 401: `#{ scheme: "stripe", secret: s }`.
    /// Schemes are "github", "whatsapp", "stripe", "slack" (with a `tolerance` for the age, "5m"), and "hmac", with the `header` that
    /// has the signature and perhaps a `prefix` before it.
    #[rhai_fn(name = "verify", return_raw, pure)]
    pub fn verify(inbox: &mut Inbox, how: Map) -> Result<(), Box<EvalAltResult>> {
        let scheme = scheme(&how)?;
        inbox
            .0
            .inbox
            .intake
            .change_rules(|rules| rules.verify = Some(scheme));
        Ok(())
    }

    /// Answers the next calls so: `#{ status: 500, times: 2 }`, with `headers`, a `body`, a `delay`, or `hang_up: true` for no answer
    /// at all. Without `times` it stays so. A list is answers in their order; `()` is the usual 200. What is not answered with 2xx is
    /// not taken: it is found in `refused`, and its next attempt is no duplicate.
    #[rhai_fn(name = "answer", return_raw, pure)]
    pub fn answer(inbox: &mut Inbox, answer: Dynamic) -> Result<(), Box<EvalAltResult>> {
        inbox.0.inbox.intake.set_answers(answers(&answer)?);
        Ok(())
    }

    #[rhai_fn(name = "to_string", pure)]
    pub fn to_text(inbox: &mut Inbox) -> String {
        format!("Inbox({} calls)", inbox.0.inbox.len())
    }

    #[rhai_fn(name = "to_debug", pure)]
    pub fn to_debug(inbox: &mut Inbox) -> String {
        to_text(inbox)
    }
}
