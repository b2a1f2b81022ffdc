//! The workers of a run: what each is to do, how they start and how they are sent home.

use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::blueprint::Blueprint;
use super::masking::mask_failure;
use super::terms::{RunError, Settings};
use crate::chaos::Chaos;
use crate::executor::{Plan, Share};
use crate::http;
use crate::script::journey_factory;
use crate::vu::coroutine::{Lost, OVERFLOW_HELP, OVERFLOW_WHY};
use crate::vu::driver::Assignment;
use crate::vu::worker::{Brief, Command, work};
use crate::vu::{Failure, Report, RunShared, ScenarioShared, Wanted};

/// The run's end of the wires to one worker.
pub(super) struct Member {
    pub commands: mpsc::UnboundedSender<Command>,
    pub lost: Lost,
    thread: JoinHandle<std::io::Result<()>>,
}

/// The workers.
pub(super) struct Crew {
    pub members: Vec<Member>,
    pub reports: mpsc::UnboundedReceiver<Report>,
}

/// Ends when a worker's thread has been lost: it will never answer.
pub(crate) async fn lost(worker: &Lost) {
    while !worker.is_lost() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl Crew {
    /// Whether a worker's thread has been lost.
    pub fn is_short(&self) -> bool {
        self.members.iter().any(|member| member.lost.is_lost())
    }

    /// Sends the workers home. One that hangs in native code is left behind.
    pub fn dismiss(self) {
        let there = self.members.into_iter();
        let threads: Vec<_> = there
            .filter(|member| !member.lost.is_lost())
            .map(|member| member.thread)
            .collect();
        let (done, all_done) = std_mpsc::channel();
        let waiter = std::thread::spawn(move || {
            for thread in threads {
                let _ = thread.join();
            }
            let _ = done.send(());
        });
        if all_done.recv_timeout(Duration::from_secs(5)).is_ok() {
            let _ = waiter.join();
        }
    }
}

/// What a script did that cost a worker its thread.
pub(crate) fn overflow() -> Failure {
    Failure {
        message: format!("{OVERFLOW_WHY}; {OVERFLOW_HELP}"),
        rendered: format!("error: {OVERFLOW_WHY}\nhelp: {OVERFLOW_HELP}\n"),
    }
}

/// Splits the plan between workers.
pub(super) fn share_out(
    blueprint: &Blueprint,
    workers: usize,
    chaos: Arc<Chaos>,
) -> (RunShared, Vec<Assignment>) {
    let options = &blueprint.options;
    let mut vu_base = 0;
    let mut scenarios = Vec::new();
    let mut assignments = Vec::new();
    for (index, scenario) in options.scenarios.iter().enumerate() {
        let segment = blueprint.share.segment_only();
        let (iterations, max_vus) = match scenario.executor.plan(&segment) {
            Plan::Looping {
                budget: crate::executor::Budget::Shared(iterations),
                ..
            } => (iterations, 0),
            Plan::Looping { .. } | Plan::External { .. } => (0, 0),
            Plan::Arrivals { max_vus, .. } | Plan::ExternalArrivals { max_vus, .. } => (0, max_vus),
        };
        let shared = ScenarioShared::new(&scenario.name, vu_base, workers, iterations, max_vus);
        // What an external control says is about the whole plan; workers take their share of it.
        scenarios.push(match scenario.executor.plan(&Share::whole()) {
            Plan::External { vus, max_vus } => shared.controlled(Wanted::Vus(vus), max_vus),
            Plan::ExternalArrivals { rate, max_vus, .. } => {
                shared.controlled(Wanted::Rate(rate), max_vus)
            }
            Plan::Looping { .. } | Plan::Arrivals { .. } => shared,
        });
        vu_base += u64::from(scenario.executor.max_vus());
        let mut tags: Vec<(String, String)> = options.tags.clone().into_iter().collect();
        tags.extend(scenario.tags.clone());
        assignments.push(Assignment {
            scenario: index,
            name: scenario.name.clone(),
            exec: scenario.exec.clone(),
            executor: scenario.executor.clone(),
            share: segment,
            start_time: scenario.start_time,
            after: scenario
                .after
                .as_ref()
                .and_then(|name| options.scenarios.iter().position(|s| s.name == *name)),
            graceful_stop: scenario.graceful_stop,
            graceful_ramp_down: scenario.graceful_ramp_down,
            pace: scenario.pace,
            env: scenario.env.clone(),
            tags,
        });
    }
    let project = blueprint.sources.project.clone();
    let env = (*blueprint.env).clone();
    let run = RunShared::new(
        options.seed,
        env,
        scenarios,
        options.timeouts.vu_start,
        options.timeouts.vu_stop,
        project,
    )
    .with_share(&blueprint.share)
    .with_hooks(options.hooks.clone())
    .with_chaos(chaos);
    (run, assignments)
}

pub(super) async fn start_workers(
    blueprint: &Blueprint,
    settings: &Settings,
    run: &Arc<RunShared>,
    http: &Arc<http::Settings>,
    assignments: &[Assignment],
) -> Result<Crew, RunError> {
    let (reports_in, reports) = mpsc::unbounded_channel();
    let factory = journey_factory(
        blueprint.sources.clone(),
        blueprint.env.clone(),
        blueprint.secrets.clone(),
    );
    let mut crew = Crew {
        members: Vec::new(),
        reports,
    };
    let mut ready = Vec::new();
    let workers = settings.workers;
    for index in 0..workers {
        let (command, commands) = mpsc::unbounded_channel();
        let (ready_in, ready_out) = oneshot::channel();
        let (number, all) = (
            u32::try_from(index).unwrap_or(0),
            u32::try_from(workers).unwrap_or(1),
        );
        let lost = Lost::default();
        let brief = Brief {
            index,
            workers,
            run: run.clone(),
            settings: http.clone(),
            max_tag_sets: blueprint.options.max_tag_sets,
            assignments: assignments
                .iter()
                .map(|assignment| Assignment {
                    share: assignment.share.for_worker(number, all),
                    ..assignment.clone()
                })
                .collect(),
            factory: factory.clone(),
            reports: reports_in.clone(),
            commands,
            lost: lost.clone(),
            ready: ready_in,
        };
        let thread = std::thread::Builder::new()
            .name(format!("worker-{index}"))
            .spawn(move || work(brief))
            .map_err(RunError::Worker)?;
        crew.members.push(Member {
            commands: command,
            lost,
            thread,
        });
        ready.push(ready_out);
    }
    for (index, ready) in ready.into_iter().enumerate() {
        let answer = match crew.members.get(index) {
            Some(member) => tokio::select! {
                answer = ready => answer,
                () = lost(&member.lost) => return Err(RunError::Script(overflow())),
            },
            None => ready.await,
        };
        match answer {
            Ok(Ok(())) => {}
            Ok(Err(failure)) => {
                return Err(RunError::Script(mask_failure(failure, &blueprint.secrets)));
            }
            Err(_) => {
                // It says why when it is asked; a panic has been shown already.
                let thread = crew.members.swap_remove(index).thread;
                return Err(match thread.join() {
                    Ok(Err(error)) => RunError::Worker(error),
                    Ok(Ok(())) | Err(_) => RunError::Lost(index),
                });
            }
        }
    }
    Ok(crew)
}
