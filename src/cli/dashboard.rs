//! `--ui`: the dashboard of a run, as `rhaid run` and `rhaid dev` start it.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Args;

use super::Failure;
use super::signals::Signals;
use crate::exit;
use crate::live::Voice;
use crate::live::web::{Dashboard, Refusal, Settings, Steering, Token, USUAL};
use crate::run::{Answer, Handle};
use crate::units::format_rate;

/// The variable that names a token.
const TOKEN: &str = "RHAID_UI_TOKEN";

#[derive(Debug, Clone, Args)]
pub struct DashboardArguments {
    /// Show the run in a browser while it goes, and steer it there: a dashboard on 127.0.0.1.
    #[arg(
        long,
        env = "RHAID_UI",
        hide_env_values = true,
        help_heading = "Dashboard",
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    pub ui: bool,
    /// Where the dashboard listens; who opens it needs the token that is printed, or that of RHAID_UI_TOKEN [default:
    /// 127.0.0.1:5665, without a token].
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RHAID_UI_LISTEN",
        hide_env_values = true,
        help_heading = "Dashboard"
    )]
    pub ui_listen: Option<String>,
}

impl DashboardArguments {
    /// Whether there is to be one.
    pub fn is_wanted(&self) -> bool {
        self.ui || self.ui_listen.is_some()
    }

    /// Starts it, if there is to be one.
    pub fn start(&self, script: &Path) -> Result<Option<Dashboard>, Failure> {
        if !self.is_wanted() {
            return Ok(None);
        }
        let chosen = match std::env::var(TOKEN) {
            Ok(text) if !text.is_empty() => Some(Token::chosen(&text).map_err(|error| {
                Failure::new(
                    exit::USAGE,
                    format!(
                        "error: {TOKEN}: {error}\nhelp: leave it away, and one is made and printed"
                    ),
                )
            })?),
            _ => None,
        };
        let (listen, token) = match &self.ui_listen {
            Some(text) => (address(text)?, Some(chosen.unwrap_or_else(Token::random))),
            None => (USUAL, chosen),
        };
        let settings = Settings {
            listen,
            any_port: self.ui_listen.is_none(),
            token,
            script: script.display().to_string(),
        };
        match Dashboard::start(settings) {
            Ok(dashboard) => Ok(Some(dashboard)),
            Err(error) => Err(Failure::new(exit::USAGE, format!("error: {error}"))),
        }
    }
}

fn address(text: &str) -> Result<SocketAddr, Failure> {
    let usage = |text: String| Failure::new(exit::USAGE, text);
    let found = text.to_socket_addrs().map_err(|error| {
        usage(format!(
            "error: --ui-listen {text} is no address: {error}\nhelp: write HOST:PORT, such as 0.0.0.0:5665"
        ))
    })?;
    found
        .min_by_key(SocketAddr::is_ipv6)
        .ok_or_else(|| usage(format!("error: --ui-listen {text} leads nowhere")))
}

/// Steers a run for the dashboard, and says on the terminal what was done there.
pub struct Wheel(Mutex<Option<(Handle, Voice)>>);

impl Wheel {
    pub fn new(handle: Handle, voice: Voice) -> Self {
        Self(Mutex::new(Some((handle, voice))))
    }

    fn held(&self) -> MutexGuard<'_, Option<(Handle, Voice)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The run is over: nothing is steered any more.
    pub fn let_go(&self) {
        self.held().take();
    }

    fn steer<T>(
        &self,
        said: &str,
        work: impl FnOnce(&Handle) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let held = self.held();
        let Some((handle, voice)) = held.as_ref() else {
            return Err(Refusal::NotNow("the run is over".to_owned()));
        };
        let done = work(handle)?;
        let said = crate::harmless::text(said);
        voice.say(format!("at the dashboard: {said}"));
        Ok(done)
    }
}

impl Steering for Wheel {
    fn pause(&self, paused: bool) -> Result<(), Refusal> {
        let said = if paused { "paused" } else { "resumed" };
        self.steer(said, |handle| Steering::pause(handle, paused))
    }

    fn stop(&self, now: bool) -> Result<(), Refusal> {
        let said = match now {
            true => "ending at once",
            false => "stopping: iterations in progress may end",
        };
        self.steer(said, |handle| Steering::stop(handle, now))
    }

    fn set_vus(&self, scenario: &str, vus: u32) -> Result<(), Refusal> {
        let said = format!("`{scenario}` gets {vus} VUs");
        self.steer(&said, |handle| Steering::set_vus(handle, scenario, vus))
    }

    fn set_rate(&self, scenario: &str, per_second: f64) -> Result<(), Refusal> {
        let said = format!("`{scenario}` gets {}", format_rate(per_second));
        self.steer(&said, |handle| {
            Steering::set_rate(handle, scenario, per_second)
        })
    }

    fn pause_scenario(&self, scenario: &str, paused: bool) -> Result<(), Refusal> {
        let what = if paused { "paused" } else { "resumed" };
        let said = format!("`{scenario}` {what}");
        self.steer(&said, |handle| handle.pause_scenario(scenario, paused))
    }

    fn inject(&self, fault: &str) -> Result<Answer, Refusal> {
        let said = format!("the fault `{fault}` is to be injected");
        self.steer(&said, |handle| Steering::inject(handle, fault))
    }

    fn undo(&self, fault: &str) -> Result<Answer, Refusal> {
        let said = format!("the fault `{fault}` is to be undone");
        self.steer(&said, |handle| Steering::undo(handle, fault))
    }
}

/// Lets the dashboard stay for a while after the run, or until Ctrl-C.
pub fn linger(dashboard: Option<Dashboard>, linger: Duration) {
    let Some(dashboard) = dashboard else { return };
    if !linger.is_zero() {
        super::complain(&format!(
            "the dashboard stays for {} (Ctrl-C ends it): {}",
            crate::units::format_duration(linger),
            dashboard.url()
        ));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            runtime.block_on(async {
                if let Ok(mut signals) = Signals::listen() {
                    let _ = tokio::time::timeout(linger, signals.next()).await;
                }
            });
        }
    }
    drop(dashboard);
}
