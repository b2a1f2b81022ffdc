//! The routes of one test, and what came to them.

use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::call::Call;
use super::pattern::Pattern;
use super::reply::{Answer, Reply};
use super::{Condition, MAX_CALLS, MAX_ROUTES};
use crate::suggest::nearest;
use crate::units::format_times;

/// A mock server as whoever describes or asks it holds it; cheap to copy.
#[derive(Clone)]
pub struct Mock {
    url: Arc<str>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    routes: Vec<Route>,
    calls: Vec<Arc<Call>>,
    unanswered: Vec<Unanswered>,
    /// Calls beyond those that are kept.
    forgotten: u64,
}

struct Route {
    pattern: Pattern,
    conditions: Vec<Condition>,
    replies: Vec<Reply>,
    /// Which reply is next, and how often it has been given.
    turn: (usize, u64),
    calls: Vec<Arc<Call>>,
    /// Calls, those that are not kept included.
    count: u64,
}

/// A request that nothing answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// `POST /rooms`.
    pub request: String,
    /// What comes nearest to it.
    pub hint: String,
}

/// Unanswered requests that are told one by one.
const MAX_UNANSWERED: usize = 20;

impl Route {
    /// What does not fit of a request whose method and path do.
    fn misfit(&self, call: &Call) -> Option<String> {
        let query = call.query();
        for (name, value) in &self.pattern.query {
            let given: Vec<&str> = query
                .iter()
                .filter(|(known, _)| known == name)
                .map(|(_, value)| value.as_str())
                .collect();
            if !given.contains(&value.as_str()) {
                return Some(match given.first() {
                    Some(given) => format!("its query `{name}` is \"{given}\", not \"{value}\""),
                    None => format!("its query has no `{name}`"),
                });
            }
        }
        self.conditions
            .iter()
            .find_map(|condition| (condition.0)(call).err())
    }

    fn is_used_up(&self) -> bool {
        !self.replies.is_empty() && self.turn.0 >= self.replies.len()
    }

    fn answer(&mut self) -> Answer {
        let (at, given) = self.turn;
        let is_last = at + 1 >= self.replies.len();
        let Some(reply) = self.replies.get(at) else {
            return Answer::empty(200);
        };
        let times = reply.times.or((!is_last).then_some(1));
        self.turn = match times {
            Some(times) if given + 1 >= times => (at + 1, 0),
            _ => (at, given + 1),
        };
        reply.answer.clone()
    }
}

impl Mock {
    /// A mock without routes. `url`: where it will be served, without a slash at its end.
    pub fn new(url: &str) -> Self {
        Self {
            url: url.into(),
            state: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route<T>(&self, route: usize, look: impl FnOnce(&mut Route) -> T) -> Option<T> {
        self.state().routes.get_mut(route).map(look)
    }

    /// Where it is served.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Adds a route; its number, unless there are too many. Of several that fit a request, the newest answers.
    pub fn add(&self, pattern: Pattern) -> Option<usize> {
        let mut state = self.state();
        if state.routes.len() >= MAX_ROUTES {
            return None;
        }
        state.routes.push(Route {
            pattern,
            conditions: Vec::new(),
            replies: Vec::new(),
            turn: (0, 0),
            calls: Vec::new(),
            count: 0,
        });
        Some(state.routes.len() - 1)
    }

    /// Narrows a route.
    pub fn require(&self, route: usize, condition: Condition) {
        self.route(route, |route| route.conditions.push(condition));
    }

    /// Adds a pair to the query that a route asks for.
    pub fn require_query(&self, route: usize, name: &str, value: &str) {
        let pair = (name.to_owned(), value.to_owned());
        self.route(route, |route| route.pattern.query.push(pair));
    }

    /// Adds an answer to the end of a route's sequence.
    pub fn then(&self, route: usize, answer: Answer) {
        let reply = Reply {
            answer,
            times: None,
        };
        self.route(route, |route| route.replies.push(reply));
    }

    /// Changes the last answer of a route's sequence; false if there is none.
    pub fn change_last(&self, route: usize, change: impl FnOnce(&mut Reply)) -> bool {
        let changed = self.route(route, |route| route.replies.last_mut().map(change));
        changed.flatten().is_some()
    }

    /// As messages name a route.
    pub fn label(&self, route: usize) -> String {
        self.route(route, |route| route.pattern.label())
            .unwrap_or_default()
    }

    /// The calls that a route answered, and how many there were.
    pub fn calls_of(&self, route: usize) -> (Vec<Arc<Call>>, u64) {
        self.route(route, |route| (route.calls.clone(), route.count))
            .unwrap_or_default()
    }

    /// All calls in their order, answered or not.
    pub fn calls(&self) -> Vec<Arc<Call>> {
        self.state().calls.clone()
    }

    /// Calls that came after as many as are kept.
    pub fn forgotten(&self) -> u64 {
        self.state().forgotten
    }

    /// Requests that nothing answers.
    pub fn unanswered(&self) -> Vec<Unanswered> {
        self.state().unanswered.clone()
    }

    /// What of the routes was not used as they are described: a route that nobody called, a sequence that was not called to its end.
    pub fn unused(&self) -> Vec<String> {
        let state = self.state();
        let unused = state.routes.iter().filter_map(|route| {
            let label = route.pattern.label();
            if route.count == 0 {
                return Some(format!("nobody called {label}"));
            }
            let is_bounded = route
                .replies
                .last()
                .is_some_and(|last| last.times.is_some());
            let asked: u64 = route
                .replies
                .iter()
                .map(|reply| reply.times.unwrap_or(1))
                .sum();
            let is_short = if is_bounded {
                !route.is_used_up()
            } else {
                route.turn.0 + 1 < route.replies.len()
            };
            is_short.then(|| {
                format!(
                    "{label} was called {}, not {} as its answers say",
                    format_times(route.count),
                    format_times(asked)
                )
            })
        });
        unused.collect()
    }

    /// Takes in a request; what it is to be answered with.
    pub fn answer(&self, mut call: Call) -> Answer {
        let mut guard = self.state();
        let state = &mut *guard;
        let found = state.routes.iter_mut().rev().find_map(|route| {
            if route.is_used_up() || !route.pattern.takes(&call.method) {
                return None;
            }
            let params = route.pattern.params(&call.path)?;
            route.misfit(&call).is_none().then_some((route, params))
        });
        let answer = match found {
            Some((route, params)) => {
                let answer = route.answer();
                call.params = params;
                call.status = answer.status;
                let call = Arc::new(call);
                route.count += 1;
                if state.calls.len() < MAX_CALLS {
                    route.calls.push(call.clone());
                    state.calls.push(call);
                } else {
                    state.forgotten += 1;
                }
                return answer;
            }
            None => {
                let unanswered = Unanswered {
                    request: call.label(),
                    hint: state.hint(&call),
                };
                let text = format!(
                    "the mock has nothing that answers {}\n{}\n",
                    unanswered.request, unanswered.hint
                );
                if state.unanswered.len() < MAX_UNANSWERED {
                    state.unanswered.push(unanswered);
                }
                Answer::text(501, text)
            }
        };
        call.status = answer.status;
        if state.calls.len() < MAX_CALLS {
            state.calls.push(Arc::new(call));
        } else {
            state.forgotten += 1;
        }
        answer
    }
}

impl State {
    /// What comes nearest to a request that nothing answers.
    fn hint(&self, call: &Call) -> String {
        if self.routes.is_empty() {
            return "the test describes no route: mock::on(\"GET\", \"/path\").reply(200)"
                .to_owned();
        }
        let of_path = || {
            let fits = |route: &&Route| route.pattern.params(&call.path).is_some();
            self.routes.iter().rev().filter(fits)
        };
        for route in of_path().filter(|route| route.pattern.takes(&call.method)) {
            let label = route.pattern.label();
            if let Some(why) = route.misfit(call) {
                return format!("nearest: {label}, but {why}");
            }
            if route.is_used_up() {
                return format!(
                    "nearest: {label}, but all its answers were given ({})",
                    format_times(route.count)
                );
            }
        }
        if let Some(route) = of_path().next() {
            return format!(
                "nearest: {}, which is another method",
                route.pattern.label()
            );
        }
        let labels: Vec<String> = self.routes.iter().map(|r| r.pattern.label()).collect();
        let paths = self.routes.iter().map(|route| route.pattern.path());
        let near = nearest(&call.path, paths);
        let is_near = |route: &&Route| Some(route.pattern.path()) == near;
        let of_method = |route: &&Route| is_near(route) && route.pattern.takes(&call.method);
        let route = self.routes.iter().find(of_method);
        match route.or_else(|| self.routes.iter().find(is_near)) {
            Some(route) => format!("nearest: {}", route.pattern.label()),
            None => {
                const FEW: usize = 8;
                let mut text = "there are: ".to_owned();
                let shown: Vec<&str> = labels.iter().take(FEW).map(String::as_str).collect();
                text.push_str(&shown.join(", "));
                if labels.len() > FEW {
                    let _ = write!(text, " and {} more", labels.len() - FEW);
                }
                text
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, target: &str) -> Call {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Call {
            method: method.to_owned(),
            path: path.to_owned(),
            query_text: query.to_owned(),
            ..Call::default()
        }
    }

    fn mock(routes: &[(&str, &str)]) -> Mock {
        let mock = Mock::new("http://127.0.0.1:1");
        for (method, path) in routes {
            mock.add(Pattern::parse(method, path).unwrap());
        }
        mock
    }

    #[test]
    fn answers_follow_each_other_and_the_last_one_stays() {
        let mock = mock(&[("GET", "/x")]);
        mock.then(0, Answer::empty(500));
        mock.change_last(0, |reply| reply.times = Some(2));
        mock.then(0, Answer::empty(503));
        mock.then(0, Answer::empty(200));
        let given: Vec<u16> = (0..6)
            .map(|_| mock.answer(call("GET", "/x")).status)
            .collect();
        assert_eq!(given, [500, 500, 503, 200, 200, 200]);
        assert_eq!(mock.unused(), Vec::<String>::new());
    }

    #[test]
    fn a_route_whose_answers_are_counted_ends_and_the_one_before_goes_on() {
        let mock = mock(&[("GET", "/x"), ("GET", "/x")]);
        mock.then(0, Answer::empty(200));
        mock.then(1, Answer::empty(429));
        mock.change_last(1, |reply| reply.times = Some(1));
        let given: Vec<u16> = (0..3)
            .map(|_| mock.answer(call("GET", "/x")).status)
            .collect();
        assert_eq!(given, [429, 200, 200]);
        assert_eq!(mock.calls_of(1).1, 1);
    }

    #[test]
    fn what_nothing_answers_is_told_with_what_is_nearest() {
        let mock = mock(&[("POST", "/rooms"), ("GET", "/rooms?nights=2")]);
        for (method, target, hint) in [
            (
                "GET",
                "/rooms?nights=3",
                "nearest: GET /rooms?nights=2, but its query `nights` is \"3\", not \"2\"",
            ),
            (
                "GET",
                "/rooms",
                "nearest: GET /rooms?nights=2, but its query has no `nights`",
            ),
            (
                "PUT",
                "/rooms",
                "nearest: GET /rooms?nights=2, which is another method",
            ),
            ("POST", "/room", "nearest: POST /rooms"),
            (
                "GET",
                "/zebra",
                "there are: POST /rooms, GET /rooms?nights=2",
            ),
        ] {
            assert_eq!(mock.answer(call(method, target)).status, 501);
            assert_eq!(mock.unanswered().last().unwrap().hint, hint);
        }
        assert_eq!(mock.calls().len(), 5);
    }

    #[test]
    fn what_was_described_and_not_used_is_told() {
        let mock = mock(&[("GET", "/never"), ("GET", "/short")]);
        mock.then(1, Answer::empty(200));
        mock.change_last(1, |reply| reply.times = Some(3));
        mock.answer(call("GET", "/short"));
        assert_eq!(
            mock.unused(),
            [
                "nobody called GET /never",
                "GET /short was called once, not 3 times as its answers say"
            ]
        );
    }

    #[test]
    fn calls_are_kept_up_to_a_bound() {
        let mock = mock(&[("*", "*")]);
        for _ in 0..MAX_CALLS + 3 {
            mock.answer(call("GET", "/"));
        }
        assert_eq!((mock.calls().len(), mock.forgotten()), (MAX_CALLS, 3));
        assert_eq!(mock.calls_of(0).1, MAX_CALLS as u64 + 3);
    }
}
