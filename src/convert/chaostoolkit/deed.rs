//! What an action breaks, or puts right: Toxiproxy and Kubernetes by their extensions, processes, services and containers by their commands.

use serde_json::{Map, Value as Json};

use super::activity::Activity;
use super::kubernetes;
use super::values::Values;
use crate::chaos::Touches;
use crate::convert::emit::words::{key, number, quoted};
use crate::convert::text::Text;

/// What an action does.
#[derive(Debug)]
pub enum Deed {
    /// It breaks something, until what has the same name puts it right.
    Break(Break),
    /// It puts right what was broken under this name, or under names that begin so.
    Mend(String),
    /// It makes a proxy, which the run has from its start.
    Proxy { name: String, upstream: Text },
    /// It only waits, in seconds.
    Pause(f64),
    /// It sends a request.
    Request,
    /// There is nothing like it, for this reason.
    Unknown(&'static str),
}

/// Something that is broken.
#[derive(Debug)]
pub struct Break {
    pub name: String,
    /// The statement in a fault's function.
    pub code: String,
    pub touches: Touches,
    pub proxy: Option<String>,
}

/// What the action does.
pub fn of(activity: &Activity<'_>, values: &Values) -> Deed {
    match activity.kind() {
        "http" => Deed::Request,
        "python" if activity.text("module").starts_with("chaostoxi.") => {
            toxiproxy(activity, values)
        }
        "python" if kubernetes::is_known(activity.text("module")) => {
            kubernetes::of(activity, values)
        }
        "python" if (activity.text("module"), activity.text("func")) == ("time", "sleep") => {
            let arguments = activity.provider.get("arguments").and_then(Json::as_object);
            let seconds = arguments.and_then(|map| map.values().next()?.as_f64());
            pause(seconds)
        }
        "python" => Deed::Unknown("an extension of the Chaos Toolkit"),
        "process" => process(&activity.words()),
        _ => Deed::Unknown("a provider that is not known"),
    }
}

fn pause(seconds: Option<f64>) -> Deed {
    match seconds.filter(|seconds| (0.0..=86_400.0).contains(seconds)) {
        Some(seconds) => Deed::Pause(seconds),
        None => Deed::Unknown("a pause whose length does not stand there"),
    }
}

fn toxiproxy(activity: &Activity<'_>, values: &Values) -> Deed {
    let word = |name: &str| activity.argument(name).and_then(Json::as_str);
    let func = activity.text("func");
    if let "reset" | "reset_proxies" = func {
        return Deed::Mend("proxy ".to_owned());
    }
    let Some(proxy) = word("for_proxy").or_else(|| word("proxy_name")) else {
        return Deed::Unknown("it names no proxy");
    };
    let enabled = activity.argument("enabled").and_then(Json::as_bool);
    match (func, enabled) {
        ("disable_proxy", _) | ("modify_proxy", Some(false)) => Deed::Break(Break {
            name: format!("proxy {proxy} down"),
            code: format!("fault.proxy({}).down();", quoted(proxy)),
            touches: Touches::Proxy,
            proxy: Some(proxy.to_owned()),
        }),
        ("enable_proxy", _) | ("modify_proxy", Some(true)) => {
            Deed::Mend(format!("proxy {proxy} down"))
        }
        ("delete_proxy", _) => Deed::Mend(format!("proxy {proxy} ")),
        ("delete_toxic", _) => Deed::Mend(format!(
            "proxy {proxy} toxic {}",
            word("toxic_name").unwrap_or_default()
        )),
        ("create_proxy", _) => {
            let part = |name: &str| match activity.argument(name) {
                Some(Json::String(text)) => match text.strip_prefix("env:") {
                    Some(variable) => Text::code(format!("env({})", quoted(variable))),
                    None => values.text(text),
                },
                Some(other) => Text::from(other.to_string()),
                None => Text::default(),
            };
            let mut upstream = part("upstream_host");
            upstream.push(":");
            upstream.extend(&part("upstream_port"));
            Deed::Proxy {
                name: proxy.to_owned(),
                upstream,
            }
        }
        _ => match toxic(activity, func) {
            Some((kind, attributes)) => Deed::Break(Break {
                name: format!(
                    "proxy {proxy} toxic {}",
                    word("toxic_name").unwrap_or_default()
                ),
                code: laid(proxy, activity, kind, &attributes),
                touches: Touches::Proxy,
                proxy: Some(proxy.to_owned()),
            }),
            None => Deed::Unknown("a call of Toxiproxy that is not known"),
        },
    }
}

/// The kind of a toxic, with its attributes as Toxiproxy calls them.
fn toxic<'d>(activity: &Activity<'d>, func: &str) -> Option<(&'d str, Vec<(&'static str, Json)>)> {
    let own = |names: &[(&'static str, &str)]| {
        let given = names.iter().filter_map(|(attribute, argument)| {
            Some((*attribute, activity.argument(argument)?.clone()))
        });
        given.collect::<Vec<_>>()
    };
    Some(match func {
        "create_latency_toxic" => (
            "latency",
            own(&[("latency", "latency"), ("jitter", "jitter")]),
        ),
        "create_bandwith_degradation_toxic" => ("bandwidth", own(&[("rate", "rate")])),
        "create_slow_connection_close_toxic" => ("slow_close", own(&[("delay", "delay")])),
        "create_timeout_toxic" => ("timeout", own(&[("timeout", "timeout")])),
        "create_slicer_toxic" => (
            "slicer",
            own(&[
                ("average_size", "average_size"),
                ("size_variation", "size_variation"),
                ("delay", "delay"),
            ]),
        ),
        "create_limiter_toxic" => ("limit_data", own(&[("bytes", "bytes_limit")])),
        "create_toxic" => (activity.argument("toxic_type")?.as_str()?, Vec::new()),
        _ => return None,
    })
}

/// The statement that lays a toxic.
fn laid(proxy: &str, activity: &Activity<'_>, kind: &str, own: &[(&'static str, Json)]) -> String {
    let given = activity.argument("attributes").and_then(Json::as_object);
    let mut attributes = given.cloned().unwrap_or_default();
    attributes.extend(
        own.iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone())),
    );
    let mut target = format!("fault.proxy({})", quoted(proxy));
    if activity.argument("stream").and_then(Json::as_str) == Some("upstream") {
        target.push_str(".upstream()");
    }
    let toxicity = activity.argument("toxicity").and_then(Json::as_f64);
    if let Some(share) = toxicity.filter(|share| (0.0..1.0).contains(share)) {
        target.push_str(&format!(".share({share:?})"));
    }
    let whole = |name: &str| attributes.get(name).and_then(Json::as_u64);
    let call = match (kind, attributes.len()) {
        ("latency", 1) => whole("latency").map(|time| format!("latency(\"{time}ms\")")),
        ("latency", 2) => {
            whole("latency")
                .zip(whole("jitter"))
                .map(|(time, jitter)| match jitter {
                    0 => format!("latency(\"{time}ms\")"),
                    jitter => format!("latency(\"{time}ms\", \"{jitter}ms\")"),
                })
        }
        ("bandwidth", 1) => whole("rate").map(|rate| format!("bandwidth({rate})")),
        ("slow_close", 1) => whole("delay").map(|delay| format!("slow_close(\"{delay}ms\")")),
        ("timeout", 1) => whole("timeout").map(|time| format!("timeout(\"{time}ms\")")),
        ("limit_data", 1) => whole("bytes").map(|bytes| format!("limit_data({bytes})")),
        _ => None,
    };
    let call = call.unwrap_or_else(|| format!("toxic({}, {})", quoted(kind), map_of(&attributes)));
    format!("{target}.{call};")
}

/// Attributes as a map of the script; what is neither a number nor a text is none of a toxic.
fn map_of(attributes: &Map<String, Json>) -> String {
    let entries: Vec<String> = attributes
        .iter()
        .filter_map(|(name, value)| {
            let value = match value {
                Json::Number(value) => number(value),
                Json::String(value) => quoted(value),
                Json::Bool(value) => value.to_string(),
                _ => return None,
            };
            Some(format!("{}: {value}", key(name)))
        })
        .collect();
    match entries.is_empty() {
        true => "#{}".to_owned(),
        false => format!("#{{ {} }}", entries.join(", ")),
    }
}

/// What a command does, by its program and the words that are no flags.
fn process(words: &[String]) -> Deed {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let words = match words.as_slice() {
        ["sudo" | "/usr/bin/sudo", rest @ ..] => rest,
        all => all,
    };
    let Some((program, rest)) = words.split_first() else {
        return Deed::Unknown("a command line of a shell");
    };
    let program = program.rsplit('/').next().unwrap_or(program);
    let plain: Vec<&str> = rest
        .iter()
        .copied()
        .filter(|word| !word.starts_with('-'))
        .collect();
    let broken = |what: &str, name: &str, call: &str, touches| {
        Deed::Break(Break {
            name: format!("{what} {name}"),
            code: format!("fault.{what}({}).{call}();", quoted(name)),
            touches,
            proxy: None,
        })
    };
    match (program, plain.as_slice()) {
        ("sleep", [seconds]) => pause(seconds.trim_end_matches('s').parse().ok()),
        ("systemctl", ["start", unit]) => Deed::Mend(format!("unit {}", bare(unit))),
        ("systemctl", [verb @ ("stop" | "kill" | "restart"), unit]) => {
            broken("unit", bare(unit), verb, Touches::Service)
        }
        ("service", [unit, "start"]) => Deed::Mend(format!("unit {unit}")),
        ("service", [unit, verb @ ("stop" | "restart")]) => {
            broken("unit", unit, verb, Touches::Service)
        }
        ("docker" | "podman", ["start" | "unpause", name]) => {
            Deed::Mend(format!("container {name}"))
        }
        ("docker" | "podman", [verb @ ("stop" | "kill" | "pause" | "restart"), name]) => {
            broken("container", name, verb, Touches::Service)
        }
        ("kill" | "pkill" | "killall", _) => killed(program, rest),
        _ => Deed::Unknown("a program that rhaid has nothing like"),
    }
}

/// A unit as rhaid calls it.
fn bare(unit: &str) -> &str {
    unit.strip_suffix(".service").unwrap_or(unit)
}

/// A signal to a process: only those that stop it and let it go on can be undone.
fn killed(program: &str, words: &[&str]) -> Deed {
    let mut signal = "TERM";
    let mut targets: Vec<&str> = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.strip_prefix('-') {
            Some("s" | "-signal") => signal = words.next().unwrap_or(&signal),
            // A look at the whole command line.
            Some("f") if program == "pkill" => {}
            Some(flag) => {
                signal = flag.trim_start_matches("-signal=");
            }
            None => targets.push(word),
        }
    }
    let [target] = targets.as_slice() else {
        return Deed::Unknown("a signal to other than one process");
    };
    let call = match program {
        "kill" if target.parse::<u32>().is_ok() => format!("process({target})"),
        "kill" => return Deed::Unknown("a signal to a process whose number does not stand there"),
        _ => format!("processes({})", quoted(target)),
    };
    match signal.trim_start_matches("SIG") {
        "STOP" | "TSTP" | "19" | "20" => Deed::Break(Break {
            name: format!("process {target}"),
            code: format!("fault.{call}.stop();"),
            touches: Touches::Process,
            proxy: None,
        }),
        "CONT" | "18" => Deed::Mend(format!("process {target}")),
        _ => Deed::Unknown(
            "rhaid kills only what it can start again: declare it in `commands`, and fault.command(\"name\").kill()",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &str) -> String {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        match process(&words) {
            Deed::Break(done) => format!("{} {}", done.touches.name(), done.code),
            Deed::Mend(name) => format!("mend {name}"),
            Deed::Pause(seconds) => format!("pause {seconds}"),
            Deed::Unknown(_) => "unknown".to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn commands_are_known_by_their_words() {
        for (words, deed) in [
            (
                "systemctl stop postgresql.service",
                "service fault.unit(\"postgresql\").stop();",
            ),
            ("sudo systemctl start postgresql", "mend unit postgresql"),
            (
                "/usr/bin/docker pause db",
                "service fault.container(\"db\").pause();",
            ),
            ("docker unpause db", "mend container db"),
            ("kill -STOP 4711", "process fault.process(4711).stop();"),
            ("kill -s SIGCONT 4711", "mend process 4711"),
            (
                "pkill -19 -f worker",
                "process fault.processes(\"worker\").stop();",
            ),
            ("pkill worker", "unknown"),
            ("kill -9 4711", "unknown"),
            ("sleep 2.5", "pause 2.5"),
            ("sleep soon", "unknown"),
            ("rm -rf /tmp/x", "unknown"),
        ] {
            assert_eq!(told(words), deed, "{words}");
        }
        assert!(matches!(process(&[]), Deed::Unknown(_)));
    }
}
