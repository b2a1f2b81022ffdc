//! The slowest requests whose trace was kept, a few of each endpoint.

use std::collections::BTreeMap;

use super::TraceId;

/// Of one endpoint.
const EACH: usize = 5;
/// Endpoints of which some are kept.
const ENDPOINTS: usize = 1_000;

/// A request whose trace was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowRequest {
    /// What metrics call it.
    pub name: String,
    pub method: String,
    /// 0 when nothing came back.
    pub status: u16,
    /// When it was over, in seconds since the run's epoch.
    pub at: f64,
    /// In nanoseconds.
    pub duration: u64,
    pub trace: TraceId,
}

/// The slowest of each endpoint: by name, then by method.
#[derive(Debug, Default)]
pub struct SlowRequests {
    kept: BTreeMap<String, BTreeMap<String, Vec<SlowRequest>>>,
    endpoints: usize,
    /// When there are as many endpoints as are kept: the slowest request of the fastest one, or less.
    floor: u64,
}

impl SlowRequests {
    /// Looks at one more, of this endpoint and so many nanoseconds. `make` is asked for the whole of it if it is kept: most are not.
    pub fn offer(
        &mut self,
        name: &str,
        method: &str,
        duration: u64,
        make: impl FnOnce() -> SlowRequest,
    ) {
        let known = self.kept.get(name);
        if !known.is_some_and(|methods| methods.contains_key(method)) {
            if self.endpoints >= ENDPOINTS && !self.make_room(duration) {
                return;
            }
            self.endpoints += 1;
            let methods = self.kept.entry(name.to_owned()).or_default();
            methods.insert(method.to_owned(), Vec::new());
        }
        let methods = self.kept.get_mut(name);
        let Some(kept) = methods.and_then(|methods| methods.get_mut(method)) else {
            return;
        };
        let at = kept.partition_point(|other| other.duration >= duration);
        if at < EACH {
            kept.insert(at, make());
            kept.truncate(EACH);
        }
    }

    /// Forgets the fastest endpoint if it is faster than this; whether it did.
    fn make_room(&mut self, duration: u64) -> bool {
        // Looked for only where it may be found: of thousands of endpoints most are no slower than those that are kept.
        if duration <= self.floor {
            return false;
        }
        let endpoints = self.kept.iter().flat_map(|(name, methods)| {
            let methods = methods.iter();
            methods.map(move |(method, kept)| {
                let slowest = kept.first().map_or(0, |request| request.duration);
                (slowest, name, method)
            })
        });
        let Some((fastest, name, method)) = endpoints.min() else {
            return false;
        };
        self.floor = fastest;
        if duration <= fastest {
            return false;
        }
        let (name, method) = (name.clone(), method.clone());
        if let Some(methods) = self.kept.get_mut(&name) {
            methods.remove(&method);
            if methods.is_empty() {
                self.kept.remove(&name);
            }
        }
        self.endpoints -= 1;
        true
    }

    /// Looks at one more.
    pub fn add(&mut self, request: SlowRequest) {
        let (name, method) = (request.name.clone(), request.method.clone());
        self.offer(&name, &method, request.duration, || request);
    }

    /// All that were kept, the slowest first; afterwards there are none.
    pub fn take(&mut self) -> Vec<SlowRequest> {
        let kept = std::mem::take(self).kept.into_values();
        let mut all: Vec<_> = kept.flat_map(BTreeMap::into_values).flatten().collect();
        all.sort_by(|a, b| b.duration.cmp(&a.duration).then(a.at.total_cmp(&b.at)));
        all
    }

    /// The slowest so far, at most so many.
    pub fn slowest(&self, most: usize) -> Vec<SlowRequest> {
        let kept = self.kept.values().flat_map(BTreeMap::values);
        let mut all: Vec<_> = kept.flatten().cloned().collect();
        all.sort_by(|a, b| b.duration.cmp(&a.duration).then(a.at.total_cmp(&b.at)));
        all.truncate(most);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ids;
    use super::*;

    #[test]
    fn of_too_many_endpoints_the_slowest_stay() {
        let trace = Ids::new(1, 1).trace();
        let mut slow = SlowRequests::default();
        let mut seen = Vec::new();
        for number in 0..3_000_u64 {
            // Every duration once, in no order.
            let duration = 1 + number * 1_009 % 3_001;
            seen.push(duration);
            slow.add(SlowRequest {
                name: format!("{number}"),
                method: "GET".to_owned(),
                status: 200,
                at: 0.0,
                duration,
                trace,
            });
        }
        seen.sort_unstable_by(|a, b| b.cmp(a));
        let kept: Vec<u64> = slow.take().iter().map(|r| r.duration).collect();
        assert_eq!(kept, seen[..ENDPOINTS]);
    }

    #[test]
    fn the_slowest_of_each_endpoint_stay() {
        let mut ids = Ids::new(1, 1);
        let mut slow = SlowRequests::default();
        for (name, durations) in [("a", 1..100_u64), ("b", 1000..1003)] {
            for duration in durations {
                slow.add(SlowRequest {
                    name: name.to_owned(),
                    method: "GET".to_owned(),
                    status: 200,
                    at: 0.0,
                    duration,
                    trace: ids.trace(),
                });
            }
        }
        let durations: Vec<u64> = slow.slowest(100).iter().map(|r| r.duration).collect();
        assert_eq!(durations, [1002, 1001, 1000, 99, 98, 97, 96, 95]);
        assert_eq!(slow.slowest(2).len(), 2);
        assert_eq!(slow.take().len(), 8);
        assert!(slow.take().is_empty());
    }
}
