//! The arguments of the commands, but for those that keep their own beside them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::baselines::GateArguments;
use super::dashboard::DashboardArguments;
use super::notify::NotifyArguments;
use super::report::{Wanted, wanted};
use super::values::{
    Format, ProgressFormat, PrometheusHistograms, PrometheusNames, duration, duration_text,
    fraction, iterations, narrow, pair, rate_text, scale, seed, touches, vus, workers,
};
use crate::chaos::Touches;
use crate::executor::{ExecutionSegment, ExecutionSegmentSequence};
use crate::output::{self, wanted as wanted_output, wanted_annotations, wanted_log};

/// What a script is and what about it is changed.
#[derive(Debug, Clone, Args)]
pub struct ScriptArguments {
    /// The script, a `.rhai` file.
    pub script: PathBuf,
    /// Set a variable that `env()` reads; may be given several times.
    #[arg(short, long = "env", value_name = "K=V", value_parser = pair, help_heading = "Script")]
    pub env: Vec<(String, String)>,
    /// Seed of everything random: the same seed makes the same choices [default: a new one].
    #[arg(
        long,
        value_name = "N",
        env = "RHAID_SEED",
        hide_env_values = true,
        value_parser = seed,
        allow_negative_numbers = true,
        help_heading = "Script"
    )]
    pub seed: Option<u64>,
    /// Options for what the script leaves open [default: rhaid.toml, if there is one].
    #[arg(
        long,
        value_name = "FILE",
        env = "RHAID_CONFIG",
        hide_env_values = true,
        help_heading = "Script"
    )]
    pub config: Option<PathBuf>,
    /// Run only this scenario; may be given several times.
    #[arg(long = "scenario", value_name = "NAME", help_heading = "Scenario")]
    pub scenarios: Vec<String>,
    /// Virtual users.
    #[arg(
        short = 'u',
        long,
        value_name = "N",
        env = "RHAID_VUS",
        hide_env_values = true,
        help_heading = "Scenario",
        value_parser = vus,
        allow_negative_numbers = true
    )]
    pub vus: Option<u32>,
    /// How long it lasts: 30s, 1m30s, or a number of seconds.
    #[arg(
        short = 'd',
        long,
        env = "RHAID_DURATION",
        hide_env_values = true,
        help_heading = "Scenario",
        value_parser = duration_text,
        allow_negative_numbers = true
    )]
    pub duration: Option<String>,
    /// Iterations.
    #[arg(
        short = 'i',
        long,
        value_name = "N",
        env = "RHAID_ITERATIONS",
        hide_env_values = true,
        help_heading = "Scenario",
        value_parser = iterations,
        allow_negative_numbers = true
    )]
    pub iterations: Option<u64>,
    /// Iterations started per time: 50 (a second), 50/s or 300/m.
    #[arg(
        short = 'r',
        long,
        env = "RHAID_RATE",
        hide_env_values = true,
        help_heading = "Scenario",
        value_parser = rate_text,
        allow_negative_numbers = true
    )]
    pub rate: Option<String>,
    /// A stage such as 30s:20; several, in order, make a ramp.
    #[arg(
        short = 's',
        long = "stage",
        value_name = "DURATION:TARGET",
        help_heading = "Scenario"
    )]
    pub stages: Vec<String>,
    /// An SLO beside those of the script, or a file of them: "http_req_duration: p(95) < 300ms", or slo.toml; may be given several
    /// times.
    #[arg(long = "slo", value_name = "SLO", help_heading = "Script")]
    pub slos: Vec<String>,
    /// Multiply all of the plan's times, for a trial: 0.05 makes 20 minutes one.
    #[arg(
        long,
        value_name = "FACTOR",
        env = "RHAID_SCALE",
        hide_env_values = true,
        default_value = "1",
        help_heading = "Scenario",
        value_parser = scale,
        allow_negative_numbers = true
    )]
    pub scale: f64,
    /// Where to listen for webhooks, if the script receives any [default: 127.0.0.1:0, a free port].
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "RHAID_HOOKS_LISTEN",
        hide_env_values = true,
        help_heading = "Webhooks"
    )]
    pub hooks_listen: Option<String>,
    /// What webhook URLs begin with, when the target reaches the listener by another name.
    #[arg(
        long,
        value_name = "URL",
        env = "RHAID_HOOKS_URL",
        hide_env_values = true,
        help_heading = "Webhooks"
    )]
    pub hooks_url: Option<String>,
    /// Trace this share of the iterations (1%), those that fail or are slow (tail), or none (off).
    #[arg(
        long,
        value_name = "SHARE|tail|off",
        env = "RHAID_TRACE_SAMPLE",
        hide_env_values = true,
        help_heading = "Tracing"
    )]
    pub trace_sample: Option<String>,
    /// Which headers tell the target of the trace: w3c, b3, b3multi or jaeger.
    #[arg(
        long,
        value_name = "FORMAT",
        env = "RHAID_TRACE_PROPAGATION",
        hide_env_values = true,
        help_heading = "Tracing"
    )]
    pub trace_propagation: Option<String>,
    /// Where a trace is to be seen, for reports: http://127.0.0.1:16686/trace/{trace_id}
    #[arg(
        long,
        value_name = "URL",
        env = "RHAID_TRACE_URL",
        hide_env_values = true,
        help_heading = "Tracing"
    )]
    pub trace_url: Option<String>,
    /// Run only this part of the plan; other machines run the rest: 0:1/4, 1/4:1/2 …
    #[arg(long, value_name = "A:B", help_heading = "Several machines")]
    pub execution_segment: Option<ExecutionSegment>,
    /// All cut points, when the parts are not equal: 0,1/4,1
    #[arg(
        long,
        value_name = "A,B,…",
        requires = "execution_segment",
        help_heading = "Several machines"
    )]
    pub execution_segment_sequence: Option<ExecutionSegmentSequence>,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid run <SCRIPT> [OPTIONS]",
    after_help = "\
Examples:
  rhaid run scripts/smoke.rhai --demo
  rhaid run journey.rhai --vus 50 --duration 5m --env BASE_URL=https://staging.example.com
  rhaid run journey.rhai --scenario guests --rate 200/s --result out.json
  rhaid run journey.rhai --stage 30s:20 --stage 1m:20 --stage 10s:0
  rhaid run scripts/soak.rhai --demo --scale 0.05        30 minutes in 90 seconds
  rhaid run journey.rhai --until-stable 2%                    no longer than it takes to know
  rhaid run journey.rhai --quiet --format json | jq .verdict
  rhaid run journey.rhai --report html                        a page with charts beside the result
  rhaid run journey.rhai --baseline journey --fail-on-regression 5%
  rhaid run journey.rhai --notify slack=env:SLACK_WEBHOOK     a message when it does not pass
  rhaid run scripts/chaos/database-down.rhai --dry-run        what it would break, and for how long
  rhaid run scripts/confirmation.rhai --demo                  the hotel calls back
  rhaid run journey.rhai --ui                                 a dashboard in the browser
  rhaid run journey.rhai --hooks-listen 0.0.0.0:9000 --hooks-url https://load.example.com

An option under Scenario changes that one field of the scenario, and nothing else of the script. With several scenarios, --scenario says which. Ctrl-C lets iterations end, a second one does not; results are written either way."
)]
pub struct RunArguments {
    #[command(flatten)]
    pub script: ScriptArguments,
    /// Start the built-in hotel API on a free port, and set BASE_URL to it.
    #[arg(long, help_heading = "Run")]
    pub demo: bool,
    /// Let a saved script take over while the run goes on: users take it up between iterations.
    #[arg(long, help_heading = "Run")]
    pub watch: bool,
    /// Exit with 2 where it would be 1: warnings and missed P1 and P2 SLOs block too.
    #[arg(
        long,
        env = "RHAID_STRICT",
        hide_env_values = true,
        help_heading = "Run",
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    pub strict: bool,
    /// Compare with this baseline when the run has ended.
    #[arg(long, value_name = "NAME", help_heading = "Baseline")]
    pub baseline: Option<String>,
    #[command(flatten)]
    pub gate: GateArguments,
    /// End the run early, once the value of every SLO is known to within this: 2%, at 95% confidence.
    #[arg(
        long,
        value_name = "SHARE",
        help_heading = "Run",
        value_parser = narrow,
        allow_negative_numbers = true
    )]
    pub until_stable: Option<f64>,
    /// Let the script's faults be injected. Alone: those of its own proxies and names; others by kind: proxy,process.
    #[arg(
        long,
        value_name = "KINDS",
        num_args = 0..=1,
        require_equals = true,
        value_delimiter = ',',
        default_missing_value = "proxy,dns",
        env = "RHAID_ALLOW_FAULTS",
        hide_env_values = true,
        help_heading = "Faults",
        value_parser = touches
    )]
    pub allow_faults: Vec<Touches>,
    /// Leave the script's faults out: the load runs alone.
    #[arg(long, help_heading = "Faults")]
    pub no_faults: bool,
    /// Read and check everything, tell the plan and the blast radius of its faults, and send nothing.
    #[arg(long, conflicts_with = "watch", help_heading = "Faults")]
    pub dry_run: bool,
    #[command(flatten)]
    pub dashboard: DashboardArguments,
    /// How long the dashboard stays when the run is over, unless Ctrl-C ends it.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "0s",
        hide_default_value = true,
        value_parser = duration,
        help_heading = "Dashboard"
    )]
    pub ui_linger: Duration,
    /// Threads that run virtual users [default: one per processor].
    #[arg(
        long,
        value_name = "N",
        env = "RHAID_WORKERS",
        hide_env_values = true,
        help_heading = "Run",
        value_parser = workers,
        allow_negative_numbers = true
    )]
    pub workers: Option<u16>,
    /// Show neither progress nor summary, only what went wrong.
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
    /// Where the result goes [default: results/<time>-<script>.json].
    #[arg(
        long,
        value_name = "FILE",
        env = "RHAID_RESULT",
        hide_env_values = true,
        help_heading = "Output"
    )]
    pub result: Option<PathBuf>,
    /// Reports to write, separated by commas, as KIND or KIND=FILE: html, md, junit, csv, github, journal [default place: beside the result]. One of a
    /// template of your own is made by `rhaid report --template`.
    #[arg(
        long = "report",
        value_name = "KIND[=FILE],…",
        value_delimiter = ',',
        value_parser = wanted,
        help_heading = "Output"
    )]
    pub reports: Vec<Wanted>,
    /// Write a journal of the run's faults, as the Chaos Toolkit does: short for --report journal=FILE.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub journal: Option<PathBuf>,
    /// Stream what is measured out of the run while it goes: ndjson=FILE, csv=FILE, samples=FILE and others; may be given several
    /// times. `rhaid run --out help` lists all kinds; RHAID_OUT adds more, separated by spaces.
    #[arg(long = "out", value_name = "KIND=TARGET", value_parser = wanted_output, help_heading = "Output")]
    pub outputs: Vec<output::Wanted>,
    /// What metrics are called in Prometheus: after its conventions, or as k6's dashboards expect.
    #[arg(
        long,
        value_enum,
        value_name = "NAMES",
        default_value = "rhaid",
        help_heading = "Output"
    )]
    pub prometheus_names: PrometheusNames,
    /// Which histograms are pushed by --out remote-write; native ones need a server that takes them.
    #[arg(
        long,
        value_enum,
        value_name = "KIND",
        default_value = "classic",
        help_heading = "Output"
    )]
    pub prometheus_histograms: PrometheusHistograms,
    /// Mark in Grafana what happens in the run: grafana=URL, with a token in RHAID_GRAFANA_BEARER_TOKEN.
    #[arg(long = "annotate", value_name = "grafana=URL", value_parser = wanted_annotations, help_heading = "Output")]
    pub annotate: Vec<output::Wanted>,
    /// Where what scripts log goes too: a file, or loki=URL; may be given several times.
    #[arg(long = "log-output", value_name = "FILE|loki=URL", value_parser = wanted_log, help_heading = "Output")]
    pub log_outputs: Vec<output::Wanted>,
    /// How lines of the log are written: for people, or as JSON, an object a line.
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        env = "RHAID_LOG_FORMAT",
        hide_env_values = true,
        default_value = "text",
        help_heading = "Output"
    )]
    pub log_format: Format,
    /// What rhaid tells of itself: error, warn, info, debug or trace, or a level for each module: info,rhaid::http=debug [default: nothing].
    #[arg(
        long,
        value_name = "LEVELS",
        env = "RHAID_LOG",
        hide_env_values = true,
        help_heading = "Output"
    )]
    pub log_level: Option<String>,
    #[command(flatten)]
    pub notify: NotifyArguments,
    /// Do not record the run in the project's history.
    #[arg(long, help_heading = "Output")]
    pub no_history: bool,
    /// How progress is told on standard error: for people, or as JSON, an object a line.
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    pub progress: ProgressFormat,
    /// What goes to standard output: the summary, or the result.
    #[arg(long, value_enum, default_value = "text", help_heading = "Output")]
    pub format: Format,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid check <SCRIPT>... [OPTIONS]",
    after_help = "\
Examples:
  rhaid check scripts/*.rhai
  rhaid check .                               every script and module in this folder and below
  rhaid check journey.rhai --format json      for editors: file, line, column, end, severity, code, message, help

It finds syntax errors, unknown variables, functions, options, executors, scenarios and metrics, wrong units, and SLOs that do not fit their metric, in the scripts and the modules they import. It warns of functions that nothing calls, of users that never pause, and of URLs that hold an id and have no name; `// rhaid: allow(CODE)` above the line says that it is meant so. The exit code is 0 when all scripts are right; warnings change nothing."
)]
pub struct CheckArguments {
    /// Scripts, modules, and folders of them.
    #[arg(required = true, value_name = "SCRIPT")]
    pub scripts: Vec<PathBuf>,
    /// Set a variable that `env()` reads; may be given several times.
    #[arg(short, long = "env", value_name = "K=V", value_parser = pair)]
    pub env: Vec<(String, String)>,
    /// Options for what the scripts leave open [default: rhaid.toml, if there is one].
    #[arg(
        long,
        value_name = "FILE",
        env = "RHAID_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// How findings are written.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Say nothing about scripts that are right.
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid inspect <SCRIPT> [OPTIONS]",
    after_help = "\
Examples:
  rhaid inspect scripts/load.rhai                          options, plan, SLOs, functions, metrics
  rhaid inspect journey.rhai --vus 50 | jq .plan
  rhaid inspect journey.rhai --execution-segment 0:1/4     what one of four machines would run"
)]
pub struct InspectArguments {
    #[command(flatten)]
    pub script: ScriptArguments,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rhaid demo                                                   on 127.0.0.1:8080 until Ctrl-C
  rhaid demo --delay 200ms --jitter 50ms --error-rate 2%       watch an SLO fail
  rhaid demo --capacity 20                                     more at once get 503
  rhaid demo --rooms 5                                         a house that sells out")]
pub struct DemoArguments {
    /// Address to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: std::net::SocketAddr,
    /// Answer every request this much later.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub delay: Duration,
    /// Vary the delay evenly by up to this much, either way.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub jitter: Duration,
    /// Answer this share of API requests with status 500.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = fraction)]
    pub error_rate: f64,
    /// Requests served at once; more get status 503 [default: no limit].
    #[arg(long, value_name = "N")]
    pub capacity: Option<usize>,
    /// Rooms of each type [default: 100000].
    #[arg(long, value_name = "N")]
    pub rooms: Option<u32>,
    /// Secret that webhooks are signed with.
    #[arg(
        long,
        default_value = "demo-secret",
        env = "WEBHOOK_SECRET",
        hide_env_values = true
    )]
    pub secret: String,
    /// Confirm a reservation that has a `callback_url` this much later.
    #[arg(long, value_name = "DURATION", default_value = "100ms", value_parser = duration)]
    pub callback_delay: Duration,
    /// Send this share of callbacks twice.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = fraction)]
    pub callback_duplicates: f64,
    /// Send this share of callbacks five times as late.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = fraction)]
    pub callback_late: f64,
    /// Call back any address, not only those of the loopback.
    #[arg(long)]
    pub callback_anywhere: bool,
    /// Keep what searches are answered in a Redis there, as a cache before the books.
    #[arg(long, value_name = "HOST:PORT")]
    pub redis: Option<String>,
    /// Seed of jitter, errors and callbacks.
    #[arg(long, value_name = "N", default_value = "0")]
    pub seed: u64,
}

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    // The script reference, as Markdown.
    Script,
    // The JSON Schema of result files.
    ResultSchema,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rhaid reference | less                               functions, options, metrics, as Markdown
  rhaid reference result-schema > result.schema.json   the JSON Schema of result files")]
pub struct ReferenceArguments {
    /// What to print.
    #[arg(value_enum, default_value = "script")]
    pub part: Part,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rhaid definitions .rhai/definitions   what the Rhai language server looks for

There is one file for each module, `__static__.d.rhai` for what needs no module, and std/ for the
standard library. Write them again after an update of rhaid.")]
pub struct DefinitionsArguments {
    /// The folder to write to. It is made if it is not there; files of the same name are replaced.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rhaid lsp                                       what an editor starts for files that end in .rhai
  rhaid lsp --env BASE_URL=http://127.0.0.1:8080  with what the scripts read of the environment

It speaks over standard input and output, sends nothing anywhere, and ends with the editor. docs/editors.md
tells how VS Code, Neovim, Helix, Emacs and others are set up.")]
pub struct LspArguments {
    /// Set a variable that `env()` reads; may be given several times.
    #[arg(short, long = "env", value_name = "K=V", value_parser = pair)]
    pub env: Vec<(String, String)>,
    /// Taken and ignored: it is what many editors add, and there is no other way to speak.
    #[arg(long)]
    pub stdio: bool,
}
