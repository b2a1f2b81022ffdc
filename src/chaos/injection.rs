//! One fault while it lasts: what can be done by it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::desk::Chaos;
use super::ledger::{FaultId, Ledger};
use super::plan::Touches;
use super::proxy::toxic::kind;
use super::proxy::{Proxy, Stream, Toxicity};
use super::terms::{ChaosError, EndedBy, Event};
use super::undo::Undo;
use crate::units::{format_duration, format_fraction};

/// Between two steps of a toxic that grows.
const STEP: Duration = Duration::from_millis(100);

/// A toxic that a fault lays on a proxy.
#[derive(Debug, Clone, PartialEq)]
pub struct Dose {
    pub kind: String,
    pub stream: Stream,
    pub toxicity: Toxicity,
    pub attributes: Map<String, Value>,
    /// For how long it grows from nothing to what is said.
    pub ramp: Option<Duration>,
}

impl Dose {
    /// For which connections, and how soon.
    fn how(&self) -> String {
        let mut how = String::new();
        if self.toxicity != Toxicity::ALWAYS {
            let share = format_fraction(self.toxicity.share());
            how += &format!(" for {share} of the connections");
        }
        if let Some(ramp) = self.ramp {
            how += &format!(", growing for {}", format_duration(ramp));
        }
        how
    }
}

/// A fault that is injected. It is over when its time is, or when somebody ends it; what was done by it is undone then.
#[derive(Debug)]
pub struct Injection {
    id: FaultId,
    name: String,
    chaos: Weak<Chaos>,
    over: AtomicBool,
    /// Held while something is being broken: what is half done cannot be undone.
    doing: Mutex<()>,
    since: Instant,
    /// For how long it is to be held.
    longest: Duration,
    made: AtomicU64,
}

impl Injection {
    pub(super) fn new(id: FaultId, name: &str, longest: Duration, chaos: &Arc<Chaos>) -> Self {
        Self {
            id,
            name: name.to_owned(),
            chaos: Arc::downgrade(chaos),
            over: AtomicBool::new(false),
            doing: Mutex::default(),
            since: Instant::now(),
            longest,
            made: AtomicU64::new(0),
        }
    }

    pub fn id(&self) -> FaultId {
        self.id
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// When it was injected.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// How much longer it may be held.
    pub fn left(&self) -> Duration {
        self.longest.saturating_sub(self.since.elapsed())
    }

    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        self.over.store(true, Ordering::Release);
    }

    /// The right to undo, if nothing is being broken now. Otherwise who breaks it undoes it.
    pub(super) fn at_rest(&self) -> Option<MutexGuard<'_, ()>> {
        match self.doing.try_lock() {
            Ok(rest) => Some(rest),
            Err(TryLockError::Poisoned(rest)) => Some(rest.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The same, waited for.
    pub(super) fn rest(&self) -> MutexGuard<'_, ()> {
        self.doing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn chaos(&self) -> Result<Arc<Chaos>, ChaosError> {
        if self.is_over() {
            return Err(ChaosError::Over);
        }
        self.chaos.upgrade().ok_or(ChaosError::Over)
    }

    /// Undoes it now.
    pub fn undo(&self) {
        if let Some(chaos) = self.chaos.upgrade() {
            chaos.end(self.id, EndedBy::Script);
        }
    }

    /// Undoes it when this time has passed.
    ///
    /// # Errors
    /// When it is over already.
    pub fn undo_after(&self, duration: Duration) -> Result<(), ChaosError> {
        let chaos = self.chaos()?;
        let (id, weak) = (self.id, self.chaos.clone());
        chaos.spawn(async move {
            tokio::time::sleep(duration).await;
            if let Some(chaos) = weak.upgrade() {
                chaos.end(id, EndedBy::Time);
            }
        })
    }

    /// Does something that can be undone: `undo` is entered before `act` is called, and struck out if that fails.
    ///
    /// # Errors
    /// When the kind is not allowed, the fault is over, or `act` fails.
    pub fn perform<E: From<ChaosError>>(
        &self,
        touches: Touches,
        what: String,
        undo: Box<dyn Undo>,
        act: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let chaos = self.chaos()?;
        chaos.check(touches)?;
        let done = {
            let _doing = self.rest();
            if self.is_over() {
                return Err(ChaosError::Over.into());
            }
            let entry = chaos.ledger().enter(self.id, undo);
            act().inspect_err(|_| chaos.ledger().withdraw(entry))
        };
        if done.is_ok() {
            chaos.tell(Event::Did { id: self.id, what });
        }
        self.undo_what_came_too_late(&chaos);
        done
    }

    /// Whoever ended the fault while something was being broken has left the undoing to who broke it.
    fn undo_what_came_too_late(&self, chaos: &Chaos) {
        if self.is_over() {
            let _rest = self.rest();
            chaos.ledger().undo_fault(self.id);
        }
    }

    /// The same for what enters its own undos. `act` gives what it made, and in words what was broken.
    ///
    /// # Errors
    /// When the kind is not allowed, the fault is over, or `act` fails.
    pub fn through<T>(
        &self,
        touches: Touches,
        act: impl FnOnce(&Ledger, FaultId, &Chaos) -> Result<(T, String), String>,
    ) -> Result<T, String> {
        let chaos = self.chaos().map_err(|why| why.to_string())?;
        chaos.check(touches).map_err(|why| why.to_string())?;
        let done = {
            let _doing = self.rest();
            if self.is_over() {
                return Err(ChaosError::Over.to_string());
            }
            act(chaos.ledger(), self.id, &chaos)
        };
        let done = done.map(|(made, what)| {
            chaos.tell(Event::Did { id: self.id, what });
            made
        });
        self.undo_what_came_too_late(&chaos);
        done
    }

    /// Lays a toxic on a proxy of the run.
    ///
    /// # Errors
    /// When there is no such proxy or kind, or an attribute is wrong.
    pub fn dose(&self, proxy: &str, dose: &Dose) -> Result<(), ChaosError> {
        let chaos = self.chaos()?;
        let proxy = chaos.proxy(proxy)?;
        let kind = kind(&dose.kind)?;
        if let Some(unknown) = kind.unknown(&dose.attributes) {
            return Err(unknown.into());
        }
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("{} #{}.{number} {}", self.name, self.id.0, kind.name);
        let what = format!(
            "{} on {} of proxy `{}`{}",
            kind.name,
            dose.stream.name(),
            proxy.name(),
            told(kind.name, &dose.attributes)
        ) + dose.how().as_str();
        let undo = RemoveToxic {
            proxy: Arc::clone(&proxy),
            name: name.clone(),
        };
        let begins = match dose.ramp {
            Some(_) => scaled(&dose.attributes, 0.0),
            None => dose.attributes.clone(),
        };
        self.perform(Touches::Proxy, what, Box::new(undo), || {
            proxy.add(Some(&name), kind, dose.stream, dose.toxicity, &begins)?;
            Ok::<_, ChaosError>(())
        })?;
        match dose.ramp {
            Some(ramp) => chaos.spawn(grow(proxy, name, dose.attributes.clone(), ramp)),
            None => Ok(()),
        }
    }

    /// Lets a proxy of the run refuse connections, and ends those that are open.
    ///
    /// # Errors
    /// When there is no such proxy.
    pub fn down(&self, proxy: &str) -> Result<(), ChaosError> {
        let proxy = self.chaos()?.proxy(proxy)?;
        let what = format!("proxy `{}` is down", proxy.name());
        let undo = Enable(Arc::clone(&proxy));
        self.perform(Touches::Proxy, what, Box::new(undo), || {
            proxy.hold_down();
            Ok(())
        })
    }
}

/// Attributes in milliseconds, but for those of the slicer.
pub const MILLIS: [&str; 6] = ["latency", "jitter", "timeout", "delay", "rto", "max_rto"];

/// ` (latency 200 ms, jitter 50 ms)`.
fn told(kind: &str, attributes: &Map<String, Value>) -> String {
    let unit = |name: &str| match MILLIS.contains(&name) {
        true if kind == "slicer" => " µs",
        true => " ms",
        false => "",
    };
    let told: Vec<_> = attributes
        .iter()
        .map(|(name, value)| {
            format!(
                "{name} {}{}",
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned),
                unit(name)
            )
        })
        .collect();
    match told.is_empty() {
        true => String::new(),
        false => format!(" ({})", told.join(", ")),
    }
}

/// All whole numbers at this share of what is said.
fn scaled(attributes: &Map<String, Value>, share: f64) -> Map<String, Value> {
    let scale = |name: &str, value: &Value| match (name, value.as_u64()) {
        // A line grows narrower, from one that is a thousand times as wide.
        ("rate", Some(number)) => json!((number as f64 / share.max(0.001)).round() as u64),
        // Half of a limit is no milder.
        ("bytes" | "connections" | "count", Some(_)) | (_, None) => value.clone(),
        (_, Some(number)) => json!((number as f64 * share).round() as u64),
    };
    let pairs = attributes
        .iter()
        .map(|(name, value)| (name.clone(), scale(name, value)));
    pairs.collect()
}

/// Lets a toxic grow to what is said, until it is gone.
async fn grow(proxy: Arc<Proxy>, name: String, attributes: Map<String, Value>, ramp: Duration) {
    let began = tokio::time::Instant::now();
    let mut step = tokio::time::interval(STEP);
    step.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        step.tick().await;
        let share = (began.elapsed().as_secs_f64() / ramp.as_secs_f64()).min(1.0);
        let is_gone = proxy
            .change_gently(&name, &scaled(&attributes, share))
            .is_err();
        if is_gone || share >= 1.0 {
            return;
        }
    }
}

#[derive(Debug)]
struct RemoveToxic {
    proxy: Arc<Proxy>,
    name: String,
}

impl Undo for RemoveToxic {
    fn about(&self) -> String {
        format!("remove `{}` from proxy `{}`", self.name, self.proxy.name())
    }

    fn undo(&mut self) -> Result<(), String> {
        // One that was never laid on, or is gone, is as good as removed.
        let _ = self.proxy.remove(&self.name);
        Ok(())
    }
}

#[derive(Debug)]
struct Enable(Arc<Proxy>);

impl Undo for Enable {
    fn about(&self) -> String {
        format!("let proxy `{}` listen again", self.0.name())
    }

    fn undo(&mut self) -> Result<(), String> {
        self.0.let_up().map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::{Plan, ProxyPlan};
    use super::super::terms::Permission;
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn chaos() -> Arc<Chaos> {
        let plan = Plan {
            commands: Vec::new(),
            proxies: vec![ProxyPlan {
                name: "pms".into(),
                listen: "127.0.0.1:0".into(),
                upstream: "127.0.0.1:9".into(),
                route: true,
            }],
            faults: Vec::new(),
        };
        let permission = Permission {
            touches: Touches::of_own_traffic(),
            ..Permission::default()
        };
        let (chaos, _) = Chaos::new(plan, permission, 1);
        chaos.open().unwrap();
        chaos
    }

    fn latency(millis: u64, ramp: Option<Duration>) -> Dose {
        Dose {
            kind: "latency".into(),
            stream: Stream::Downstream,
            toxicity: Toxicity::ALWAYS,
            attributes: Map::from_iter([("latency".into(), json!(millis))]),
            ramp,
        }
    }

    #[test]
    fn what_a_fault_does_is_undone_with_it_in_any_order() {
        let chaos = chaos();
        let proxy = chaos.proxy("pms").unwrap();
        let (first, second) = (
            chaos.begin("a", LONG).unwrap(),
            chaos.begin("b", LONG).unwrap(),
        );
        first.dose("pms", &latency(1, None)).unwrap();
        second.dose("pms", &latency(2, None)).unwrap();
        second.down("pms").unwrap();
        assert_eq!((proxy.toxics().len(), proxy.spec().enabled), (2, false));
        first.undo();
        assert_eq!(proxy.toxics().len(), 1);
        second.undo();
        assert_eq!((proxy.toxics().len(), proxy.spec().enabled), (0, true));
        assert!(matches!(first.down("pms"), Err(ChaosError::Over)));
        first.undo();
    }

    #[test]
    fn all_is_undone_at_the_end() {
        let chaos = chaos();
        let proxy = chaos.proxy("pms").unwrap();
        for name in ["a", "b"] {
            chaos
                .begin(name, LONG)
                .unwrap()
                .dose("pms", &latency(1, None))
                .unwrap();
        }
        assert!(chaos.end_all(&EndedBy::RunEnd, Duration::from_secs(20)));
        assert!(proxy.toxics().is_empty() && chaos.injections().is_empty());
    }

    #[test]
    fn a_toxic_may_grow() {
        let chaos = chaos();
        let proxy = chaos.proxy("pms").unwrap();
        let fault = chaos.begin("a", LONG).unwrap();
        fault
            .dose("pms", &latency(5_000, Some(Duration::from_millis(300))))
            .unwrap();
        let latency = || {
            proxy.toxics()[0].toxic.attributes()["latency"]
                .as_u64()
                .unwrap()
        };
        assert!(latency() < 5_000);
        let deadline = Instant::now() + Duration::from_secs(20);
        while latency() < 5_000 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(latency(), 5_000);
    }

    #[test]
    fn a_misspelt_proxy_or_attribute_is_told_with_the_nearest() {
        let chaos = chaos();
        let fault = chaos.begin("a", LONG).unwrap();
        let error = fault.down("pns").unwrap_err().to_string();
        assert!(error.contains("did you mean `pms`?"), "{error}");
        let mut dose = latency(1, None);
        dose.attributes = Map::from_iter([("latencey".into(), json!(1))]);
        let error = fault.dose("pms", &dose).unwrap_err().to_string();
        assert!(error.contains("did you mean `latency`?"), "{error}");
        assert!(chaos.ledger().broken().is_empty());
    }
}
