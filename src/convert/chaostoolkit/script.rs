//! An experiment as a journey: probes as a load, actions as faults, the hypothesis as objectives.

use serde_json::Value as Json;

use super::activity;
use super::timeline::Timeline;
use super::values::Values;
use crate::convert::Error;
use crate::convert::emit::words::{Names, comment, duration, identifier, text};
use crate::convert::journey::{Function, Item, Journey, Step};
use crate::convert::text::Value;

/// Looks at each probe in a second; a second without any would not be steady.
const RATE: i64 = 5;
/// Seconds between the end of all faults and the look at what is left of them, and how long that takes.
const SETTLE: f64 = 4.0;
const AFTERWARDS: f64 = 10.0;
/// What must hold before the first fault, and of the scenario that begins after the last.
const STEADY: &str = "checks rate > 99%";
const WELL: &str = "rate > 99%";

/// What functions of faults call here.
const METHODS: [&str; 21] = [
    "bandwidth",
    "container",
    "down",
    "kill",
    "latency",
    "limit_data",
    "pause",
    "process",
    "processes",
    "proxy",
    "restart",
    "share",
    "slow_close",
    "stop",
    "timeout",
    "toxic",
    "undo",
    "unit",
    "upstream",
    "wait",
    "check",
];

/// The journey of an experiment, of a file of that name.
pub fn journey(experiment: &Json, name: &str) -> Result<Journey, Error> {
    let mut values = Values::of(experiment);
    let mut left = Vec::new();
    let hypothesis = experiment.get("steady-state-hypothesis");
    let probes = hypothesis.and_then(|hypothesis| hypothesis.get("probes"));
    let probes = activity::all(probes, experiment, &mut left);
    let method = activity::all(experiment.get("method"), experiment, &mut left);
    let rollbacks = activity::all(experiment.get("rollbacks"), experiment, &mut left);
    if probes.is_empty() && method.is_empty() {
        return Err(Error::new(
            format!("{name}: the experiment is empty"),
            "there must be a probe or an action in it",
        ));
    }
    let mut timeline = Timeline::default();
    for probe in &probes {
        timeline.probe(probe, &mut values, &mut left);
    }
    timeline.play(&method, &rollbacks, &mut values, &mut left);
    if experiment.get("controls").is_some() {
        left.push("`controls`, which rhaid has nothing like".to_owned());
    }
    let mut names = Names::default();
    for taken in ["probe", "teardown", "setup"] {
        names.take(taken);
    }
    let exec: Vec<String> = timeline
        .faults
        .iter()
        .map(|fault| names.unique(&function_of(&fault.name)))
        .collect();
    timeline.name_apart();
    let options = options(&timeline, &exec, &mut values);
    let about = about(experiment, &timeline);
    let prelude = timeline.todo.iter().map(|(what, why)| {
        let line = format!("TODO {what}: {why}");
        format!("// {}", comment(&line))
    });
    let prelude = prelude.collect();
    let mut done = Vec::new();
    done.extend(told(timeline.probes.len(), "probe", "sent as a request"));
    done.extend(told(timeline.faults.len(), "action", "a fault"));
    if timeline.guessed > 0 {
        done.push("faults that the experiment never ends are held for 10 s".to_owned());
    }
    if !timeline.faults.is_empty() {
        done.push(
            "no fault has a `guard` yet: add one, such as guard: \"http_req_failed rate < 50%\""
                .to_owned(),
        );
    }
    let by_hand = timeline
        .todo
        .iter()
        .map(|(what, why)| format!("{what}: {why}"));
    left.extend(by_hand);
    let variables = values.into_variables(&mut left);
    Ok(Journey {
        title: match experiment.get("title").and_then(Json::as_str) {
            Some(title) if !title.trim().is_empty() => title.trim().to_owned(),
            _ => "An experiment of the Chaos Toolkit.".to_owned(),
        },
        about,
        variables,
        prelude,
        options,
        functions: functions(timeline, &exec, hypothesis),
        done,
        left,
        ..Journey::default()
    })
}

/// The function of a fault. One that is called like what it calls would call itself.
fn function_of(fault: &str) -> String {
    let name = identifier(fault, "fault");
    match METHODS.contains(&name.as_str()) {
        true => format!("{name}_fault"),
        false => name,
    }
}

fn told(count: usize, what: &str, became: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 {what} is {became}")),
        count => Some(format!("{count} {what}s are each {became}")),
    }
}

/// What the head of the script says behind its title.
fn about(experiment: &Json, timeline: &Timeline) -> Vec<String> {
    let description = experiment.get("description").and_then(Json::as_str);
    let mut about: Vec<String> = description
        .unwrap_or_default()
        .lines()
        .map(|line| line.trim().to_owned())
        .collect();
    let tags = experiment.get("tags").and_then(Json::as_array);
    let tags: Vec<&str> = tags
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect();
    if !tags.is_empty() {
        about.push(format!("Tags: {}", tags.join(", ")));
    }
    let kinds: Vec<&str> = timeline.touches.iter().map(|kind| kind.name()).collect();
    if !kinds.is_empty() {
        about.push(format!("Run it with --allow-faults={}", kinds.join(",")));
    }
    about
}

fn options(timeline: &Timeline, exec: &[String], values: &mut Values) -> Vec<(String, Value)> {
    let has_probes = !timeline.probes.is_empty();
    let mut options = Vec::new();
    if !timeline.proxies.is_empty() {
        let proxies = timeline.proxies.iter().map(|(name, upstream)| {
            let upstream = match upstream {
                Some(upstream) => text(upstream),
                None => values.needed(
                    &format!("{name} upstream"),
                    None,
                    &format!("what stands behind the proxy {name}, as host:port"),
                ),
            };
            (name.clone(), Value::Code(upstream))
        });
        options.push(("proxies".to_owned(), Value::map(proxies)));
    }
    let scenario = |start: Option<f64>, length: f64| {
        let mut entries = vec![
            ("executor", Value::from("constant-arrival-rate")),
            ("exec", Value::from("probe")),
            ("rate", Value::from(RATE)),
            ("duration", Value::Code(duration(length))),
            ("max_vus", Value::from(20)),
        ];
        entries.extend(start.map(|start| ("start_time", Value::Code(duration(start)))));
        Value::map(entries)
    };
    let after = timeline.end + SETTLE;
    let mut scenarios = vec![("probes", scenario(None, after + AFTERWARDS))];
    if has_probes {
        scenarios.push(("afterwards", scenario(Some(after), AFTERWARDS)));
    }
    options.push(("scenarios".to_owned(), Value::map(scenarios)));
    let starts = timeline.faults.iter().map(|fault| fault.start).enumerate();
    let first = starts
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(at, _)| at);
    let faults: Vec<Value> = timeline
        .faults
        .iter()
        .zip(exec)
        .enumerate()
        .map(|(at, (fault, exec))| {
            let mut entries = vec![
                ("name", Value::from(fault.name.as_str())),
                ("exec", Value::from(exec.as_str())),
                ("start", Value::Code(duration(fault.start))),
                ("duration", Value::Code(duration(fault.length()))),
            ];
            // Those that follow come while the first is at work, or soon after.
            if Some(at) == first && has_probes {
                entries.push(("steady", Value::from(STEADY)));
            }
            Value::map(entries)
        })
        .collect();
    if !faults.is_empty() {
        options.push(("faults".to_owned(), Value::List(faults)));
    }
    if has_probes {
        let well = Value::List(vec![Value::from(WELL)]);
        let slos = Value::map([("checks{scenario:afterwards}", well)]);
        options.push(("slos".to_owned(), slos));
    }
    options
}

fn functions(timeline: Timeline, exec: &[String], hypothesis: Option<&Json>) -> Vec<Function> {
    let steps = |steps: Vec<Step>| {
        let steps = steps.into_iter().map(|step| Item::Step(Box::new(step)));
        steps.collect::<Vec<_>>()
    };
    let title = hypothesis.and_then(|hypothesis| hypothesis.get("title")?.as_str());
    let items = match timeline.probes.is_empty() {
        false => steps(timeline.probes),
        true => vec![
            Item::Note(
                "TODO the experiment has no probe by HTTP: a request here makes the load"
                    .to_owned(),
            ),
            Item::Code(vec!["sleep(\"200ms\");".to_owned()]),
        ],
    };
    let mut functions = vec![Function {
        name: "probe".to_owned(),
        doc: vec![
            title
                .unwrap_or("What tells whether all is well.")
                .to_owned(),
        ],
        items,
        ..Function::default()
    }];
    for (fault, exec) in timeline.faults.into_iter().zip(exec) {
        functions.push(Function {
            name: exec.clone(),
            parameters: vec!["fault".to_owned()],
            doc: vec![fault.name],
            items: fault.items,
        });
    }
    if !timeline.teardown.is_empty() {
        functions.push(Function {
            name: "teardown".to_owned(),
            doc: vec!["The rollbacks of the experiment.".to_owned()],
            items: steps(timeline.teardown),
            ..Function::default()
        });
    }
    functions
}
