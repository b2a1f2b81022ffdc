//! The arguments of all commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::executor::{ExecutionSegment, ExecutionSegmentSequence};
use crate::units;

/// Load, SLO and chaos testing: journeys in Rhai, run by thousands of virtual users, judged by SLOs.
#[derive(Debug, Parser)]
#[command(
    name = "rhaid",
    version,
    propagate_version = true,
    after_help = "\
Try it now:
  rhaid run scripts/smoke.rhai --demo      a first run against the built-in hotel API
  rhaid check scripts/load.rhai            look for mistakes, send nothing
  rhaid demo                               the hotel API alone, to test against

Exit codes: 0 all SLOs met · 1 warnings, or a P1/P2 SLO failed · 2 a P0 SLO failed, aborted, or scripts threw
64 usage · 65 script wrong · 66 file missing · 69 target unreachable in setup · 70 internal · 74 result not written
78 bad configuration · 130 interrupted (results are written)"
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a script as load, judge it, write the result.
    Run(Box<RunArguments>),
    /// Look for mistakes in scripts without sending anything.
    Check(CheckArguments),
    /// Show a script's resolved options and plan as JSON without sending anything.
    Inspect(InspectArguments),
    /// Serve the built-in hotel API, a target to try tests on.
    Demo(DemoArguments),
    /// Print the script reference as Markdown.
    #[command(hide = true)]
    Reference,
}

/// How a command's output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What a script is and what about it is changed.
#[derive(Debug, Args)]
pub struct ScriptArguments {
    /// The script.
    pub script: PathBuf,
    /// Set a variable that env() reads; may be given several times.
    #[arg(short, long = "env", value_name = "K=V", value_parser = pair, help_heading = "Script")]
    pub env: Vec<(String, String)>,
    /// Virtual users of the scenario.
    #[arg(short = 'u', long, env = "RHAID_VUS", help_heading = "Scenario", value_parser = vus)]
    pub vus: Option<u32>,
    /// Duration of the scenario, such as 30s or 1m30s.
    #[arg(short = 'd', long, env = "RHAID_DURATION", value_parser = duration_text, help_heading = "Scenario")]
    pub duration: Option<String>,
    /// Iterations of the scenario.
    #[arg(short = 'i', long, env = "RHAID_ITERATIONS", help_heading = "Scenario", value_parser = iterations)]
    pub iterations: Option<u64>,
    /// Arrival rate of the scenario, such as 50, 50/s or 300/m.
    #[arg(short = 'r', long, env = "RHAID_RATE", value_parser = rate_text, help_heading = "Scenario")]
    pub rate: Option<String>,
    /// A stage of the scenario; several make a ramp.
    #[arg(
        short = 's',
        long = "stage",
        value_name = "DURATION:TARGET",
        help_heading = "Scenario"
    )]
    pub stages: Vec<String>,
    /// Run only this scenario; may be given several times.
    #[arg(long = "scenario", value_name = "NAME", help_heading = "Scenario")]
    pub scenarios: Vec<String>,
    /// Shorten (or stretch) all of the plan's times by this factor, for a trial: 0.05 makes 20 minutes one.
    #[arg(long, env = "RHAID_SCALE", default_value = "1", value_parser = scale, help_heading = "Scenario")]
    pub scale: f64,
    /// Seed of everything random; the same seed gives the same choices.
    #[arg(long, env = "RHAID_SEED", value_parser = seed, help_heading = "Script")]
    pub seed: Option<u64>,
    /// Run only this part of the plan, the rest being run by other machines: 0:1/4, 1/4:1/2 …
    #[arg(long, value_name = "A:B", help_heading = "Splitting")]
    pub execution_segment: Option<ExecutionSegment>,
    /// How the whole plan is split, when the parts are not equal: 0,1/4,1/2,1
    #[arg(
        long,
        value_name = "A,B,…",
        requires = "execution_segment",
        help_heading = "Splitting"
    )]
    pub execution_segment_sequence: Option<ExecutionSegmentSequence>,
    /// Defaults below the script's options [default: rhaid.toml, if there is one]
    #[arg(
        long,
        value_name = "FILE",
        env = "RHAID_CONFIG",
        help_heading = "Script"
    )]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rhaid run scripts/smoke.rhai --demo
  rhaid run journey.rhai --vus 50 --duration 5m --env BASE_URL=https://staging.example.com
  rhaid run journey.rhai --rate 200/s --scenario guests --result out.json
  rhaid run journey.rhai --stage 30s:20 --stage 1m:20 --stage 10s:0
  rhaid run scripts/soak.rhai --demo --scale 0.05        30 minutes in 90 seconds")]
pub struct RunArguments {
    #[command(flatten)]
    pub script: ScriptArguments,
    /// Start the built-in hotel API on a free port and set BASE_URL to it.
    #[arg(long, help_heading = "Run")]
    pub demo: bool,
    /// Show no progress and no summary, only what went wrong.
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
    /// Where the result goes [default: results/<time>-<script>.json]
    #[arg(
        long,
        value_name = "FILE",
        env = "RHAID_RESULT",
        help_heading = "Output"
    )]
    pub result: Option<PathBuf>,
    /// How the summary is written to standard output.
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    pub format: Format,
    /// Let warnings and failed P1/P2 SLOs block too: exit 2 instead of 1.
    #[arg(long, env = "RHAID_STRICT", help_heading = "Run")]
    pub strict: bool,
    /// Worker threads [default: one per processor]
    #[arg(long, env = "RHAID_WORKERS", help_heading = "Run", value_parser = workers)]
    pub workers: Option<u16>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rhaid check scripts/*.rhai")]
pub struct CheckArguments {
    /// The scripts.
    #[arg(required = true)]
    pub scripts: Vec<PathBuf>,
    /// Set a variable that env() reads; may be given several times.
    #[arg(short, long = "env", value_name = "K=V", value_parser = pair)]
    pub env: Vec<(String, String)>,
    /// How findings are written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Say nothing about scripts that are right.
    #[arg(short, long)]
    pub quiet: bool,
    /// Defaults below the script's options [default: rhaid.toml, if there is one]
    #[arg(long, value_name = "FILE", env = "RHAID_CONFIG")]
    pub config: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  rhaid inspect journey.rhai --vus 50 | jq .plan")]
pub struct InspectArguments {
    #[command(flatten)]
    pub script: ScriptArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rhaid demo --listen 127.0.0.1:8080
  rhaid demo --delay 200ms --jitter 50ms --error-rate 2%       watch an SLO fail
  rhaid demo --capacity 20                                     more at once get 503")]
pub struct DemoArguments {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
    /// Answer every request this much later.
    #[arg(long, default_value = "0s", value_parser = duration)]
    pub delay: Duration,
    /// Vary the delay by up to this much.
    #[arg(long, default_value = "0s", value_parser = duration)]
    pub jitter: Duration,
    /// Answer this share of API requests with status 500.
    #[arg(long, default_value = "0%", value_parser = fraction)]
    pub error_rate: f64,
    /// Requests served at once; more are refused with status 503.
    #[arg(long)]
    pub capacity: Option<usize>,
    /// Rooms of each type; few of them sell out.
    #[arg(long)]
    pub rooms: Option<u32>,
    /// Secret that webhook signatures are made with.
    #[arg(
        long,
        default_value = "demo-secret",
        env = "WEBHOOK_SECRET",
        hide_env_values = true
    )]
    pub secret: String,
    /// Seed of jitter and errors.
    #[arg(long, default_value = "0")]
    pub seed: u64,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE".to_owned()),
    }
}

/// A whole number within bounds.
fn whole(text: &str, bounds: std::ops::RangeInclusive<u64>) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if bounds.contains(&number) => Ok(number),
        _ if *bounds.end() == u64::MAX => {
            Err(format!("write a whole number, {} or more", bounds.start()))
        }
        _ => Err(format!(
            "write a whole number from {} to {}",
            bounds.start(),
            bounds.end()
        )),
    }
}

fn vus(text: &str) -> Result<u32, String> {
    let number = whole(text, 1..=10_000_000)?;
    u32::try_from(number).map_err(|error| error.to_string())
}

fn iterations(text: &str) -> Result<u64, String> {
    whole(text, 1..=u64::MAX)
}

fn seed(text: &str) -> Result<u64, String> {
    whole(text, 0..=u64::MAX)
}

fn workers(text: &str) -> Result<u16, String> {
    let number = whole(text, 1..=1024)?;
    u16::try_from(number).map_err(|error| error.to_string())
}

fn duration(text: &str) -> Result<Duration, String> {
    units::parse_duration(text).map_err(|error| error.to_string())
}

fn duration_text(text: &str) -> Result<String, String> {
    duration(text).map(|_| text.to_owned())
}

fn rate_text(text: &str) -> Result<String, String> {
    let rate: Result<units::Rate, _> = text.parse();
    rate.map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

fn fraction(text: &str) -> Result<f64, String> {
    units::parse_fraction(text).map_err(|error| error.to_string())
}

fn scale(text: &str) -> Result<f64, String> {
    let value = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().map(|percent| percent / 100.0),
        None => text.parse::<f64>(),
    };
    match value {
        Ok(value) if value.is_finite() && value > 0.0 && value <= 1000.0 => Ok(value),
        _ => Err("a factor above 0, such as 0.05 or 5%".to_owned()),
    }
}
