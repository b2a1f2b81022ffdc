//! When each fault of an experiment begins and ends: actions one after another, with their pauses, as times of a run.

use std::collections::BTreeSet;

use super::activity::Activity;
use super::deed::{self, Deed};
use super::request;
use super::values::Values;
use crate::chaos::Touches;
use crate::convert::journey::{Item, Step};
use crate::convert::text::Text;

/// Seconds of load before the first action, so that something can be steady.
const LEAD: f64 = 10.0;
/// How long a fault is held which the experiment never ends, and after which it never pauses.
const HELD: f64 = 10.0;
/// Shorter ones would hardly be measured.
const LEAST: f64 = 1.0;

/// A fault in the making.
#[derive(Debug)]
pub struct Fault {
    pub name: String,
    pub start: f64,
    /// None until something ends it.
    end: Option<f64>,
    /// What it breaks, by the name under which it is put right; none for a request.
    deed: Option<String>,
    /// What its function does.
    pub items: Vec<Item>,
}

impl Fault {
    /// Seconds for which it is held.
    pub fn length(&self) -> f64 {
        self.end.unwrap_or(self.start) - self.start
    }

    fn is_request(&self) -> bool {
        self.deed.is_none()
    }
}

/// What becomes of the activities of an experiment.
#[derive(Debug, Default)]
pub struct Timeline {
    pub faults: Vec<Fault>,
    /// Requests that tell whether all is well, in the order in which they were found.
    pub probes: Vec<Step>,
    /// Proxies by name, with what stands behind them if the experiment says so.
    pub proxies: Vec<(String, Option<Text>)>,
    pub touches: BTreeSet<Touches>,
    /// Requests that put right what no fault is there for.
    pub teardown: Vec<Step>,
    /// What has to be converted by hand: what it is, and why.
    pub todo: Vec<(String, &'static str)>,
    /// When all is over, in seconds.
    pub end: f64,
    /// Faults whose length does not stand in the experiment.
    pub guessed: usize,
}

impl Timeline {
    /// Adds a probe as a request, if it is one that has not been added yet.
    pub fn probe(&mut self, activity: &Activity<'_>, values: &mut Values, left: &mut Vec<String>) {
        if activity.kind() != "http" {
            let why = "only probes by HTTP are requests; write a statement under `steady`";
            self.todo.push((activity.told(), why));
            return;
        }
        let is_known = |step: &Step| step.request.name.as_deref() == Some(activity.name);
        if !self.probes.iter().any(is_known) {
            self.probes.push(request::step(activity, values, left));
        }
    }

    /// Goes through the method, then through what is done at the end.
    pub fn play(
        &mut self,
        method: &[Activity<'_>],
        rollbacks: &[Activity<'_>],
        values: &mut Values,
        left: &mut Vec<String>,
    ) {
        let mut now = LEAD;
        for activity in method {
            let start = now + activity.before;
            let mut next = start + activity.after;
            if !activity.is_action {
                self.probe(activity, values, left);
            } else {
                match deed::of(activity, values) {
                    // What is scaled a second time is scaled back.
                    Deed::Break(done)
                        if done.touches == Touches::Kubernetes && self.is_broken(&done.name) =>
                    {
                        self.mend(&done.name, start);
                    }
                    Deed::Break(done) => {
                        self.touches.insert(done.touches);
                        if let Some(proxy) = done.proxy {
                            self.need_proxy(&proxy, None);
                        }
                        self.faults.push(Fault {
                            name: activity.name.to_owned(),
                            start,
                            end: None,
                            deed: Some(done.name),
                            items: vec![Item::Code(vec![done.code])],
                        });
                    }
                    Deed::Mend(name) => self.mend(&name, start),
                    Deed::Proxy { name, upstream } => self.need_proxy(&name, Some(upstream)),
                    Deed::Pause(seconds) => next += seconds,
                    Deed::Request => {
                        let step = request::step(activity, values, left);
                        self.faults.push(Fault {
                            name: activity.name.to_owned(),
                            start,
                            end: None,
                            deed: None,
                            items: vec![Item::Step(Box::new(step))],
                        });
                    }
                    Deed::Unknown(why) => self.todo.push((activity.told(), why)),
                }
            }
            if !activity.in_background {
                now = next;
            }
        }
        self.finish(now);
        self.roll_back(rollbacks, values, left);
    }

    /// Gives each fault a name of its own.
    pub fn name_apart(&mut self) {
        let mut known = BTreeSet::new();
        for fault in &mut self.faults {
            let mut name = fault.name.clone();
            let mut number = 2;
            while !known.insert(name.clone()) {
                name = format!("{} {number}", fault.name);
                number += 1;
            }
            fault.name = name;
        }
    }

    fn need_proxy(&mut self, name: &str, upstream: Option<Text>) {
        match self.proxies.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = known.take().or(upstream),
            None => self.proxies.push((name.to_owned(), upstream)),
        }
    }

    /// Whether something is broken under that name, and not yet put right.
    fn is_broken(&self, name: &str) -> bool {
        self.faults
            .iter()
            .any(|fault| fault.end.is_none() && fault.deed.as_deref() == Some(name))
    }

    /// Ends what was broken under that name.
    fn mend(&mut self, name: &str, now: f64) {
        for fault in &mut self.faults {
            let is_it = fault
                .deed
                .as_deref()
                .is_some_and(|deed| deed == name || name.ends_with(' ') && deed.starts_with(name));
            if is_it && fault.end.is_none() {
                fault.end = Some(now.max(fault.start + LEAST));
            }
        }
    }

    /// What is left lasts to the end of the method.
    fn finish(&mut self, now: f64) {
        for fault in &mut self.faults {
            if fault.end.is_none() {
                let is_told = now - fault.start >= LEAST;
                self.guessed += usize::from(!is_told);
                fault.end = Some(if is_told { now } else { fault.start + HELD });
            }
        }
        let ends = self.faults.iter().filter_map(|fault| fault.end);
        self.end = ends.fold(now, f64::max);
    }

    /// What a fault breaks is put right by itself; requests go behind the wait of the fault that sent the first one.
    fn roll_back(
        &mut self,
        rollbacks: &[Activity<'_>],
        values: &mut Values,
        left: &mut Vec<String>,
    ) {
        let mut requests = Vec::new();
        for activity in rollbacks {
            match deed::of(activity, values) {
                Deed::Mend(_) | Deed::Pause(_) | Deed::Proxy { .. } => {}
                Deed::Request => requests.push(request::step(activity, values, left)),
                // The way back of something that was broken, said as another change of it.
                Deed::Break(done)
                    if self
                        .faults
                        .iter()
                        .any(|fault| fault.deed.as_deref() == Some(&done.name)) => {}
                Deed::Break(_) => self
                    .todo
                    .push((activity.told(), "a rollback that breaks something")),
                Deed::Unknown(why) => self.todo.push((activity.told(), why)),
            }
        }
        match self.faults.iter_mut().find(|fault| fault.is_request()) {
            Some(fault) if !requests.is_empty() => {
                fault
                    .items
                    .push(Item::Code(vec!["fault.wait();".to_owned()]));
                let steps = requests.into_iter().map(|step| Item::Step(Box::new(step)));
                fault.items.extend(steps);
            }
            _ => self.teardown = requests,
        }
        if self.touches.is_empty() && !self.faults.is_empty() {
            // Faults that only send requests need to be allowed as well.
            self.touches.insert(Touches::Proxy);
        }
    }
}
