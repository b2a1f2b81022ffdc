//! `rhaid dev`: a script runs while it is written.
//!
//! The desk knows what is in force and what comes next; one thread tells it what was saved, one what the keyboard asks for, and
//! this one conducts runs as long as the desk has some. Most saves take over within a run; changed options begin a new one,
//! which goes on with the data of `setup`.

mod arguments;
mod desk;
mod hands;
mod signals;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::hosted::{BASE_URL, start_demo};
use super::watch::Watch;
use super::{Failure, config, limits, print, reload, values};
use crate::exit;
use crate::live::dev::{Event, Lines, Screen, Setting, Split, Stage, Teller};
use crate::live::web;
use crate::report::format::plural;
use crate::result::RunResult;
use crate::run::{Handle, Looking, Observer, Progress, Settings, conduct};
use crate::secrets::hide_named;
use crate::vu::LogLevel;
use crate::vu::tap::Tap;

pub use arguments::DevArguments;
use desk::{Desk, DeskReader, Next};
use hands::Hands;

/// Of the data of `setup` that is shown, in bytes.
const SHOWN: usize = 300;

/// Runs a script until someone quits.
pub fn run(arguments: DevArguments) -> Result<u8, Failure> {
    values::check_kinds(&arguments.allow_faults)?;
    limits::prepare("this", limits::needed(1, arguments.demo))?;
    let no_start = |error: std::io::Error| {
        Failure::new(exit::INTERNAL, format!("error: cannot start: {error}"))
    };
    let script = arguments.script();
    let mut request = config::request(&script)?;
    if arguments.demo && arguments.env.iter().any(|(name, _)| name == BASE_URL) {
        return Err(Failure::new(
            exit::USAGE,
            "error: `--demo` and `--env BASE_URL=…` name two targets\nhelp: leave one of them away",
        ));
    }
    let _demo = match arguments.demo {
        true => Some(start_demo(&mut request.env)?),
        false => None,
    };
    // A script that is wrong is mended meanwhile; one that is not there was mistyped.
    if !script.script.exists() {
        crate::script::Sources::read(&script.script)
            .map_err(|error| Failure::from(crate::run::BlueprintError::from(error)))?;
    }
    let dashboard = arguments.dashboard.start(&script.script)?;
    let (tap, happenings) = Tap::new();
    let tap = Arc::new(tap);
    let drawn = !arguments.plain && std::io::stdout().is_terminal();
    let setting = Setting {
        script: script.script.display().to_string(),
        secrets: request.secrets.clone(),
        colour: console::colors_enabled(),
        began: happenings.began(),
    };
    let hands = Hands::new(arguments.vus, arguments.plan);
    let desk = Arc::new(Desk::new(
        reload::draw(&script, &Arc::new(request.env), &request.secrets),
        hands,
        config::defaults_path(arguments.config.as_ref()),
        script.script.clone(),
    ));
    let orders = desk.clone();
    let stage = Stage::open(
        move || make_screen(setting, drawn),
        happenings,
        move |order| orders.obey(order),
    )
    .map_err(no_start)?;
    desk.tell_to(stage.teller());
    if let Some(dashboard) = &dashboard {
        desk.show_to(dashboard.teller());
        let url = format!("dashboard: {}", dashboard.url());
        stage.teller().tell(Event::Notice(url));
    }
    // Only a terminal that is drawn on must be given back before the shell gets it.
    signals::follow(desk.clone(), drawn.then(|| stage.teller())).map_err(no_start)?;
    let outcome = direct(&arguments, &desk, &tap, stage.teller());
    stage.close();
    let last = outcome?;
    print(&format!("{}\n", closing(&last)))?;
    Ok(exit::PASS)
}

fn make_screen(setting: Setting, drawn: bool) -> Box<dyn Screen> {
    if drawn && let Ok(split) = Split::open(setting.clone()) {
        return Box::new(split);
    }
    Box::new(Lines::new(setting, std::io::stdout()))
}

/// Conducts one run after the other, as long as the desk has some; what all of them did.
fn direct(
    arguments: &DevArguments,
    desk: &Arc<Desk>,
    tap: &Arc<Tap>,
    teller: Teller,
) -> Result<Tally, Failure> {
    let no_start = |error: std::io::Error| {
        Failure::new(exit::INTERNAL, format!("error: cannot start: {error}"))
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(no_start)?;
    desk.read_anew();
    let _watch = Watch::start(Box::new(DeskReader(desk.clone())))?;
    let mut tally = Tally::default();
    while let Some(Next {
        blueprint,
        data,
        paused,
        loads,
    }) = desk.next()
    {
        let settings = Settings {
            workers: 1,
            strict: false,
            execution_segment: None,
            notes: Vec::new(),
            given: data,
            until_stable: None,
            leaves_faults_out: false,
            faults: (!arguments.allow_faults.is_empty())
                .then(|| arguments.allow_faults.iter().copied().collect()),
            detail: arguments.dashboard.is_wanted(),
            looking: Some(Looking {
                tap: tap.clone(),
                breather: arguments.every,
                paused,
            }),
            feed: None,
        };
        teller.tell(Event::Began(loads));
        let mut observer = Onlooker {
            dashboard: desk.dashboard(),
            desk: desk.clone(),
            tap: tap.clone(),
            teller: teller.clone(),
        };
        match runtime.block_on(conduct(&blueprint, &settings, &mut observer)) {
            Ok(result) => {
                tally.add(&result);
                desk.over(&result);
            }
            Err(error) => desk.failed(&error.to_string()),
        }
    }
    Ok(tally)
}

/// Passes on what a run tells.
struct Onlooker {
    dashboard: Option<web::Teller>,
    desk: Arc<Desk>,
    tap: Arc<Tap>,
    teller: Teller,
}

impl Onlooker {
    fn tell(&self, event: Event) {
        self.teller.tell(event);
    }
}

impl Observer for Onlooker {
    fn started(&mut self, handle: Handle) {
        self.desk.started(handle);
        if let Some(dashboard) = &self.dashboard {
            dashboard.begin(self.desk.clone());
        }
    }

    fn progress(&mut self, progress: &Progress) {
        let missed = self.tap.lost();
        if missed > 0 {
            self.tell(Event::Missed(missed));
        }
        // What users log comes by the tap; the run itself tells of faults.
        for line in &progress.logs {
            if line.vu == 0 && line.scenario.is_empty() {
                let text = line.text.clone();
                self.tell(match line.level {
                    LogLevel::Warn | LogLevel::Error => Event::Trouble(text),
                    _ => Event::Notice(text),
                });
            }
        }
        self.tell(Event::Progress(Box::new(progress.clone())));
        if let Some(dashboard) = &self.dashboard {
            dashboard.progress(progress);
        }
    }

    fn set_up(&mut self, data: &Value) {
        let mut shown = data.clone();
        hide_named(&mut shown);
        let mut shown = shown.to_string();
        crate::lengths::shorten(&mut shown, SHOWN);
        self.tell(Event::Notice(format!("setup gave {shown}")));
        self.desk.set_up(data);
    }

    fn set_up_failed(&mut self, why: &str) {
        self.tell(Event::Trouble(format!(
            "setup failed, its earlier data stays: {why}"
        )));
    }
}

/// What was done in all.
#[derive(Debug, Default)]
struct Tally {
    iterations: u64,
    failed_iterations: u64,
    requests: u64,
    failed_requests: u64,
    checks: u64,
    failed_checks: u64,
}

impl Tally {
    fn add(&mut self, result: &RunResult) {
        for scenario in &result.scenarios {
            self.iterations += scenario.iterations;
            self.failed_iterations += scenario.iteration_errors;
        }
        for endpoint in &result.endpoints {
            self.requests += endpoint.requests;
            self.failed_requests += endpoint.failed;
        }
        for check in &result.checks {
            self.checks += check.passes + check.fails;
            self.failed_checks += check.fails;
        }
    }
}

/// The last line.
fn closing(tally: &Tally) -> String {
    let part = |all: u64, failed: u64, one: &str, many: &str| match failed {
        0 => plural(all, one, many),
        failed => format!("{} ({failed} failed)", plural(all, one, many)),
    };
    [
        part(
            tally.iterations,
            tally.failed_iterations,
            "iteration",
            "iterations",
        ),
        part(tally.requests, tally.failed_requests, "request", "requests"),
        part(tally.checks, tally.failed_checks, "check", "checks"),
    ]
    .join(", ")
}

/// A path for a sentence.
fn named(path: &Path) -> String {
    format!("`{}`", path.display())
}
