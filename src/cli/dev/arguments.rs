//! The arguments of `rhaid dev`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::hands::MOST;
use crate::chaos::Touches;
use crate::cli::command_args::ScriptArguments;
use crate::cli::dashboard::DashboardArguments;
use crate::cli::values::{duration, pair, seed, touches, vus};

#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "rhaid dev <SCRIPT> [OPTIONS]",
    after_help = "\
Examples:
  rhaid dev journey.rhai --demo               write against the built-in hotel API
  rhaid dev journey.rhai --env BASE_URL=http://127.0.0.1:3000
  rhaid dev journey.rhai --scenario guests --vus 3 --every 0
  rhaid dev journey.rhai --plan               load as the options have it
  rhaid dev journey.rhai --plain | tee log    lines instead of the split view

Each scenario is run by one virtual user, an iteration a second. Save the script, a module, a data file or rhaid.toml: what is saved takes over between two iterations, and what a user remembers, its cookies and connections and the data of `setup` stay. A mistake is shown until it is mended; meanwhile the last good version goes on. Changed options are planned anew at once. Press ? for the keys."
)]
pub struct DevArguments {
    /// The script, a `.rhai` file.
    pub script: PathBuf,
    /// Set a variable that `env()` reads; may be given several times.
    #[arg(short, long = "env", value_name = "K=V", value_parser = pair)]
    pub env: Vec<(String, String)>,
    /// Seed of everything random [default: a new one].
    #[arg(long, value_name = "N", env = "RHAID_SEED", hide_env_values = true, value_parser = seed)]
    pub seed: Option<u64>,
    /// Options for what the script leaves open [default: rhaid.toml, if there is one].
    #[arg(
        long,
        value_name = "FILE",
        env = "RHAID_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// Run only this scenario; may be given several times.
    #[arg(long = "scenario", value_name = "NAME")]
    pub scenarios: Vec<String>,
    /// Virtual users of each scenario.
    #[arg(short = 'u', long, value_name = "N", default_value = "1", value_parser = few)]
    pub vus: u32,
    /// Least time from one iteration to the next of the same user, 0 for none; a scenario that follows its plan knows no such time.
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = duration)]
    pub every: Duration,
    /// Run the scenarios with the load that the options say, not with a few users.
    #[arg(long, conflicts_with = "vus")]
    pub plan: bool,
    /// Let faults be injected, by key F; those that name a time also by themselves, with --plan. Alone: those of the script's own
    /// proxies and names; others by kind: proxy,process.
    #[arg(
        long,
        value_name = "KINDS",
        num_args = 0..=1,
        require_equals = true,
        value_delimiter = ',',
        default_missing_value = "proxy,dns",
        env = "RHAID_ALLOW_FAULTS",
        hide_env_values = true,
        value_parser = touches
    )]
    pub allow_faults: Vec<Touches>,
    /// Start the built-in hotel API on a free port, and set BASE_URL to it.
    #[arg(long)]
    pub demo: bool,
    /// Where to listen for webhooks, if the script receives any [default: 127.0.0.1:0, a free port].
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RHAID_HOOKS_LISTEN",
        hide_env_values = true
    )]
    pub hooks_listen: Option<String>,
    /// What webhook URLs begin with, when the target reaches the listener by another name.
    #[arg(
        long,
        value_name = "URL",
        env = "RHAID_HOOKS_URL",
        hide_env_values = true
    )]
    pub hooks_url: Option<String>,
    #[command(flatten)]
    pub dashboard: DashboardArguments,
    /// Write plain lines, also on a terminal.
    #[arg(long)]
    pub plain: bool,
}

impl DevArguments {
    /// What they say of the script.
    pub fn script(&self) -> ScriptArguments {
        ScriptArguments {
            slos: Vec::new(),
            script: self.script.clone(),
            env: self.env.clone(),
            seed: self.seed,
            config: self.config.clone(),
            scenarios: self.scenarios.clone(),
            vus: None,
            duration: None,
            iterations: None,
            rate: None,
            stages: Vec::new(),
            scale: 1.0,
            execution_segment: None,
            execution_segment_sequence: None,
            hooks_listen: self.hooks_listen.clone(),
            hooks_url: self.hooks_url.clone(),
            trace_sample: None,
            trace_propagation: None,
            trace_url: None,
        }
    }
}

/// As many users as can be followed.
fn few(text: &str) -> Result<u32, String> {
    match vus(text) {
        Ok(number) if number <= MOST => Ok(number),
        _ => Err(format!(
            "write a whole number from 1 to {MOST}; for load there is `rhaid run`"
        )),
    }
}
