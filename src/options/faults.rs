//! The faults of a run and the proxies that they spoil, read from `faults` and `proxies`.

use std::time::Duration;

use serde_json::{Map, Value};

use super::conditions::conditions;
use super::keys;
use super::reader::{OptionError, Reader, describe, read_duration};
use super::work::Clockwork;
use crate::chaos::process::{CommandSpec, Ready};
use crate::chaos::proxy::leads_to_itself;
use crate::chaos::{CommandPlan, FaultPlan, Guard, Plan, ProxyPlan, Trigger};
use crate::slo::{Objective, statement};
use crate::suggest::did_you_mean;

/// Proxies and faults that a run may declare.
const MOST: usize = 100;
/// A window over which a guard is judged, unless it says otherwise.
const GUARD_WINDOW: Duration = Duration::from_secs(5);
/// Seconds in a row, for what is steady before and well again after.
const IN_A_ROW: Duration = Duration::from_secs(3);
/// How long a command may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(10);
/// What `when` says of a fault that a person injects.
const MANUAL: &str = "manual";
/// Times that a fault comes at random, unless it says otherwise.
const TIMES: u32 = 3;

/// Reads all of it. Faults come and go in the plan's time: a shorter plan has shorter ones.
pub fn read(reader: &mut Reader<'_>, clockwork: Clockwork) -> Plan {
    let commands = commands(reader);
    let proxies = proxies(reader);
    let faults = faults(reader, clockwork);
    Plan {
        commands,
        proxies,
        faults,
    }
}

fn commands(reader: &mut Reader<'_>) -> Vec<CommandPlan> {
    let Some(map) = reader.object("commands") else {
        return Vec::new();
    };
    let path = reader.path_of("commands");
    let mut plans = Vec::new();
    for (name, value) in map {
        let path: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
        let Some(map) = value.as_object() else {
            reader.errors().push(OptionError {
                path,
                message: format!(
                    "expected a command such as #{{ run: [\"program\", \"argument\"] }}, found {}",
                    describe(value)
                ),
                help: None,
            });
            continue;
        };
        let mut inner = Reader::new(map, path, reader.errors());
        let argv = inner.strings("run").unwrap_or_default();
        if argv.first().is_none_or(String::is_empty) {
            inner.error_here(
                "a command needs `run`, its program and arguments",
                Some("for example run: [\"node\", \"server.js\"]; no shell reads them".into()),
            );
        }
        if let [one] = argv.as_slice()
            && one.contains(' ')
        {
            let words = one.split_whitespace().map(|word| format!("\"{word}\""));
            let list = words.collect::<Vec<_>>().join(", ");
            inner.error(
                "run",
                "is one word with blanks in it; no shell takes it apart",
                Some(format!("write a list: run: [{list}]")),
            );
        }
        let mut spec = CommandSpec::new(argv);
        spec.env = inner.string_map("env").unwrap_or_default();
        spec.dir = inner.string("dir").map(Into::into);
        spec.log = inner.string("log").map(Into::into);
        let within = inner.duration("within").unwrap_or(READY_WITHIN);
        spec.ready = address(&mut inner, "ready").map(|address| Ready { address, within });
        spec.grace = inner.duration("grace").unwrap_or(spec.grace);
        inner.finish(&keys::names(keys::COMMAND), |_| None);
        plans.push(CommandPlan {
            name: name.clone(),
            spec,
        });
    }
    plans
}

fn proxies(reader: &mut Reader<'_>) -> Vec<ProxyPlan> {
    let Some(map) = reader.object("proxies") else {
        return Vec::new();
    };
    let path = reader.path_of("proxies");
    if map.len() > MOST {
        reader.error("proxies", format!("there are more than {MOST}"), None);
    }
    let mut plans = Vec::new();
    for (name, value) in map {
        let path: Vec<String> = path.iter().cloned().chain([name.clone()]).collect();
        let short;
        let map = match value {
            Value::Object(map) => map,
            Value::String(_) => {
                short = Map::from_iter([("upstream".to_owned(), value.clone())]);
                &short
            }
            other => {
                reader.errors().push(OptionError {
                    path,
                    message: format!(
                        "expected an address such as \"127.0.0.1:9000\", found {}",
                        describe(other)
                    ),
                    help: None,
                });
                continue;
            }
        };
        let mut inner = Reader::new(map, path, reader.errors());
        let upstream = address(&mut inner, "upstream");
        if upstream.is_none() && !inner.has("upstream") {
            inner.error_here(
                "a proxy needs an `upstream`",
                Some("for example upstream: \"127.0.0.1:9000\"".into()),
            );
        }
        let listen = address(&mut inner, "listen").unwrap_or_else(|| "127.0.0.1:0".into());
        let route = inner.flag("route").unwrap_or(true);
        if let Some(upstream) = &upstream
            && leads_to_itself(&listen, upstream)
        {
            inner.error(
                "upstream",
                format!("the proxy would connect to itself: it listens on {listen}"),
                Some(
                    "`listen` is where the load or the service goes, `upstream` what is behind it"
                        .into(),
                ),
            );
        }
        inner.finish(&keys::names(keys::PROXY), |_| None);
        plans.extend(upstream.map(|upstream| ProxyPlan {
            name: name.clone(),
            listen,
            upstream,
            route,
        }));
    }
    plans
}

/// `host:port`, also of a URL.
fn address(reader: &mut Reader<'_>, key: &str) -> Option<String> {
    let text = reader.string(key)?;
    let bare = match url::Url::parse(text) {
        Ok(url) if url.has_host() => match (url.host_str(), url.port_or_known_default()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            _ => text.to_owned(),
        },
        _ => text.to_owned(),
    };
    let is_one = bare
        .rsplit_once(':')
        .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
    if !is_one {
        reader.error(
            key,
            format!("`{text}` is not an address with a port"),
            Some("write a host and a port, such as \"127.0.0.1:9000\"".into()),
        );
    }
    is_one.then_some(bare)
}

fn faults(reader: &mut Reader<'_>, clockwork: Clockwork) -> Vec<FaultPlan> {
    let Some(list) = reader.array("faults") else {
        return Vec::new();
    };
    let path = reader.path_of("faults");
    if list.len() > MOST {
        reader.error("faults", format!("there are more than {MOST}"), None);
    }
    let mut plans: Vec<FaultPlan> = Vec::new();
    let mut before: Vec<String> = Vec::new();
    for (at, item) in list.iter().enumerate() {
        let path: Vec<String> = path.iter().cloned().chain([at.to_string()]).collect();
        let Some(map) = item.as_object() else {
            reader.errors().push(OptionError {
                path,
                message: format!(
                    "expected a fault such as #{{ name, start, duration, exec }}, found {}",
                    describe(item)
                ),
                help: None,
            });
            continue;
        };
        let inner = Reader::new(map, path.clone(), reader.errors());
        let Some(plan) = one(inner, at, clockwork) else {
            // It is wrong, and is there all the same.
            let name = map.get("name").or(map.get("exec")).and_then(Value::as_str);
            before.extend(name.map(str::to_owned));
            continue;
        };
        if plans.iter().any(|known| known.name == plan.name) {
            reader.errors().push(OptionError {
                path: path.clone(),
                message: format!("there are two faults named `{}`", plan.name),
                help: Some("give each a `name` of its own".into()),
            });
        }
        if let Trigger::After { fault, .. } = &plan.trigger
            && !before.contains(fault)
        {
            reader.errors().push(OptionError {
                path: path.iter().cloned().chain(["after".to_owned()]).collect(),
                message: format!("there is no fault `{fault}` before this one"),
                help: did_you_mean(fault, before.iter().map(String::as_str)),
            });
        }
        before.push(plan.name.clone());
        plans.push(plan);
    }
    plans
}

fn one(mut reader: Reader<'_>, at: usize, clockwork: Clockwork) -> Option<FaultPlan> {
    let exec = reader.string("exec").map(str::to_owned);
    if exec.is_none() && !reader.has("exec") {
        reader.error_here(
            "a fault needs an `exec`, the function that injects it",
            Some("for example exec: \"slow_pms\", and fn slow_pms(fault) { fault.proxy(\"pms\").latency(\"200ms\"); }".into()),
        );
    }
    let name = match reader.string("name") {
        Some(name) if !name.trim().is_empty() => name.trim().replace(char::is_control, " "),
        _ => exec.clone().unwrap_or_else(|| format!("fault {}", at + 1)),
    };
    let duration = reader.duration("duration");
    if duration.is_none() && !reader.has("duration") {
        reader.error_here(
            "a fault needs a `duration`, for which it is held",
            Some("for example duration: \"30s\"".into()),
        );
    }
    if duration == Some(Duration::ZERO) {
        reader.error("duration", "must be longer than nothing", None);
    }
    let trigger = trigger(&mut reader, clockwork);
    let steady = conditions(&mut reader, "steady");
    let steady_for = reader.duration("steady_for").unwrap_or(IN_A_ROW);
    let steady_for = clockwork.scaled(steady_for);
    let over = reader.duration("guard_over").unwrap_or(GUARD_WINDOW);
    let abort = reader.flag("guard_abort").unwrap_or_default();
    let guards = conditions(&mut reader, "guard")
        .into_iter()
        .map(|holds| Guard { holds, over, abort })
        .collect();
    let recovered_for = reader.duration("recovered_for").unwrap_or(IN_A_ROW);
    let recovered_for = clockwork.scaled(recovered_for);
    reader.finish(&keys::names(keys::FAULT), |_| None);
    Some(FaultPlan {
        name,
        exec: exec?,
        trigger: trigger?,
        duration: clockwork.scaled(duration?),
        steady,
        steady_for,
        guards,
        recovered_for,
    })
}

/// What sets it off: only one thing may.
fn trigger(reader: &mut Reader<'_>, clockwork: Clockwork) -> Option<Trigger> {
    let given: Vec<&str> = ["start", "when", "after", "random"]
        .into_iter()
        .filter(|key| reader.has(key))
        .collect();
    if given.len() > 1 {
        // They are wrong together, not each by itself.
        for key in &given {
            reader.value(key);
        }
    }
    let after = reader.string("after").map(str::to_owned);
    let times = reader.small_count("times", 1);
    let start = match after {
        // Then it is a pause.
        Some(_) => reader.duration("start"),
        None => None,
    };
    match given.as_slice() {
        [] => Some(Trigger::Asked),
        ["start"] => reader
            .duration("start")
            .map(|start| Trigger::At(clockwork.scaled(start))),
        // A key's or a page's, not a metric's.
        ["when"] if reader.value("when").and_then(Value::as_str) == Some(MANUAL) => {
            Some(Trigger::Manual)
        }
        ["when"] => statements(reader, "when")
            .into_iter()
            .next()
            .map(Trigger::When),
        ["after"] | ["start", "after"] => Some(Trigger::After {
            fault: after?,
            pause: clockwork.scaled(start.unwrap_or_default()),
        }),
        ["random"] => {
            let list = reader.array("random")?;
            let times = times.unwrap_or(TIMES);
            match list
                .iter()
                .map(read_duration)
                .collect::<Vec<_>>()
                .as_slice()
            {
                [Some(Ok(least)), Some(Ok(most))] if least <= most && !most.is_zero() => {
                    Some(Trigger::Random {
                        least: clockwork.scaled(*least),
                        most: clockwork.scaled(*most),
                        times,
                    })
                }
                _ => {
                    reader.error(
                        "random",
                        "expected the shortest and the longest time between two injections",
                        Some("for example random: [\"20s\", \"60s\"]".into()),
                    );
                    None
                }
            }
        }
        several => {
            let told = several
                .iter()
                .map(|key| format!("`{key}`"))
                .collect::<Vec<_>>()
                .join(" and ");
            reader.error_here(
                format!("{told} both say when the fault comes"),
                Some("keep one of them".into()),
            );
            None
        }
    }
}

fn statements(reader: &mut Reader<'_>, key: &str) -> Vec<Objective> {
    let mut read = Vec::new();
    for text in reader.strings(key).unwrap_or_default() {
        match statement(&text) {
            Ok(objective) => read.push(objective),
            Err(error) => reader.wrong(key, error),
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_from(value: Value) -> Result<Plan, Vec<String>> {
        read_scaled(value, 1.0)
    }

    fn read_scaled(value: Value, scale: f64) -> Result<Plan, Vec<String>> {
        let mut errors = Vec::new();
        let mut reader = Reader::new(value.as_object().unwrap(), Vec::new(), &mut errors);
        let plan = read(&mut reader, Clockwork { scale, seed: 0 });
        match errors.is_empty() {
            true => Ok(plan),
            false => Err(errors.iter().map(OptionError::to_string).collect()),
        }
    }

    #[test]
    fn faults_and_proxies_are_read() {
        let plan = read_from(json!({
            "proxies": { "pms": "127.0.0.1:9000", "db": { "upstream": "http://localhost/", "route": false } },
            "faults": [
                { "name": "slow", "exec": "slow_pms", "start": "60s", "duration": "30s",
                  "guard": "http_req_failed rate < 30%", "steady": ["http_req_failed < 1%"] },
                { "exec": "kill", "duration": 5, "when": "http_reqs > 1000" },
                { "exec": "more", "duration": 5, "after": "slow", "start": "10s" },
                { "exec": "monkey", "duration": "5s", "random": ["10s", 20], "times": 4 },
                { "exec": "asked", "duration": "5s" },
            ],
        }))
        .unwrap();
        assert_eq!(plan.proxies[1].upstream, "localhost:80");
        assert!(plan.proxies[0].route && !plan.proxies[1].route);
        assert_eq!(plan.faults[0].trigger, Trigger::At(Duration::from_secs(60)));
        assert_eq!(plan.faults[0].guards[0].over, GUARD_WINDOW);
        assert!(matches!(plan.faults[1].trigger, Trigger::When(_)));
        let after = Trigger::After {
            fault: "slow".into(),
            pause: Duration::from_secs(10),
        };
        assert_eq!(plan.faults[2].trigger, after);
        assert!(matches!(
            plan.faults[3].trigger,
            Trigger::Random { times: 4, .. }
        ));
        assert_eq!(
            (plan.faults[4].name.as_str(), &plan.faults[4].trigger),
            ("asked", &Trigger::Asked)
        );
    }

    #[test]
    fn a_shorter_plan_has_its_faults_sooner_and_shorter() {
        let plan = read_scaled(
            json!({ "faults": [
                { "exec": "slow", "start": "10s", "duration": "8s", "guard": "http_reqs > 1", "recovered_for": "10s" },
                { "exec": "more", "after": "slow", "start": "2s", "duration": "1s" },
                { "exec": "monkey", "random": ["1s", "3s"], "duration": "1s" },
            ] }),
            0.5,
        )
        .unwrap();
        let seconds = Duration::from_secs;
        let slow = &plan.faults[0];
        assert_eq!(slow.trigger, Trigger::At(seconds(5)));
        assert_eq!(slow.duration, seconds(4));
        assert_eq!(
            (slow.steady_for, slow.recovered_for),
            (IN_A_ROW / 2, seconds(5))
        );
        // How a guard looks at what is measured has nothing to do with the plan.
        assert_eq!(slow.guards[0].over, GUARD_WINDOW);
        let Trigger::After { pause, .. } = plan.faults[1].trigger else {
            panic!("{:?}", plan.faults[1].trigger);
        };
        assert_eq!(pause, seconds(1));
        let Trigger::Random { least, most, .. } = plan.faults[2].trigger else {
            panic!("{:?}", plan.faults[2].trigger);
        };
        assert_eq!((least, most), (seconds(1) / 2, seconds(3) / 2));
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let wrong = read_from(json!({
            "proxies": { "a": "9000", "b": {}, "c": 1 },
            "faults": [
                { "exec": "f", "duration": "1s", "start": 1, "when": "http_reqs > 1" },
                { "duration": 0, "exec": "g", "gaurd": "x" },
                { "name": "n" },
                { "exec": "h", "duration": 1, "after": "nn" },
                { "exec": "i", "duration": 1, "random": ["9s", "1s"] },
                { "exec": "j", "duration": 1, "guard": "http_reqs" },
                7,
            ],
        }))
        .unwrap_err()
        .join("\n");
        for part in [
            "proxies.a.upstream: `9000` is not an address with a port",
            "proxies.b: a proxy needs an `upstream`",
            "proxies.c: expected an address",
            "faults.0: `start` and `when` both say when the fault comes",
            "faults.1.duration: must be longer than nothing",
            "faults.1.gaurd: unknown option `gaurd` (did you mean `guard`?)",
            "faults.2: a fault needs an `exec`",
            "faults.2: a fault needs a `duration`",
            "faults.3.after: there is no fault `nn` before this one",
            "faults.4.random: expected the shortest and the longest time",
            "faults.5.guard: ",
            "faults.6: expected a fault such as",
        ] {
            assert!(wrong.contains(part), "{part}\n{wrong}");
        }
    }
}
