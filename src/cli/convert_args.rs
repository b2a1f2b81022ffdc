//! The arguments of the commands that make scripts of what was recorded.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::values::duration;

/// What becomes of style sheets, scripts, images and fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Assets {
    // One batch for each page, of those that were recorded.
    Batch,
    // What the page names when the script runs.
    Page,
    // Left out.
    Drop,
}

impl From<Assets> for crate::convert::Assets {
    fn from(assets: Assets) -> Self {
        match assets {
            Assets::Batch => Self::Batch,
            Assets::Page => Self::Page,
            Assets::Drop => Self::Drop,
        }
    }
}

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid convert [FORMAT] <FILE> [OPTIONS]",
    after_help = "\
Examples:
  rhaid convert shop.har -o shop.rhai                     whatever it is, by what is in it
  rhaid convert har shop.har -o shop.rhai                 a browser's recording: Save all as HAR
  rhaid convert har shop.har --domain api.example.com --assets drop
  rhaid convert curl 'curl https://example.com/ -H \"accept: text/html\"'
  rhaid convert curl - < commands.sh                      what \"Copy as cURL\" copied, several at once
  rhaid convert openapi api.yaml -o api.rhai              all operations, example bodies, ids passed on
  rhaid convert postman api.json --environment staging.json -o api.rhai
  rhaid convert k6 test.js -o test.rhai                   a k6 script, with the modules it imports
  rhaid convert chaostoolkit experiment.json -o experiment.rhai

Values that come from earlier responses are read from them. What is secret is read from the environment and stands nowhere in the script; the command says what to set. A script that is written to a file is checked as `rhaid check` does."
)]
pub struct ConvertArguments {
    /// What is converted: its format, if it does not show, and the file.
    #[arg(required = true, value_name = "[FORMAT] FILE", num_args = 1.., allow_hyphen_values = false, long_help = input_help(), help = input_help())]
    pub input: Vec<String>,
    /// Where the script goes [default: standard output].
    #[arg(short, long, value_name = "SCRIPT")]
    pub out: Option<PathBuf>,
    /// Write over a file that is there.
    #[arg(long)]
    pub force: bool,
    /// har: keep requests to this domain and those below it; may be given several times [default: the first page's].
    #[arg(long = "domain", value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// har: recorded style sheets, scripts, images and fonts in one batch for each page, those that std/page finds, or none [default: batch].
    #[arg(
        long,
        value_enum,
        hide_possible_values = true,
        value_name = "batch|page|drop"
    )]
    pub assets: Option<Assets>,
    /// Multiply the pauses; 0 leaves them out [default: 1].
    #[arg(long, value_name = "FACTOR", value_parser = think, allow_negative_numbers = true)]
    pub think: Option<f64>,
    /// postman: an exported environment, whose values are defaults; secret ones are left out.
    #[arg(long, value_name = "FILE")]
    pub environment: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    override_usage = "rhaid record --target <URL> --out <SCRIPT> [OPTIONS]",
    after_help = "\
Examples:
  rhaid record --target https://staging.example.com -o journey.rhai
  rhaid record --listen 127.0.0.1:9000 --target http://127.0.0.1:8080 -o journey.rhai --for 2m

Open the proxy's address in the browser instead of the service's and use it as your users do. Ctrl-C, SIGTERM or the end of --for writes the script, as `rhaid convert har` would of the same requests."
)]
pub struct RecordArguments {
    /// The service to record.
    #[arg(long, value_name = "URL", value_parser = service)]
    pub target: url::Url,
    /// Where the script goes.
    #[arg(short, long, value_name = "SCRIPT")]
    pub out: PathBuf,
    /// Where the proxy listens; port 0 picks a free one. Whoever reaches it reaches the service through it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8888")]
    pub listen: std::net::SocketAddr,
    /// Stop after this long, such as 60s.
    #[arg(long = "for", value_name = "DURATION", value_parser = duration)]
    pub length: Option<Duration>,
    /// Style sheets, scripts, images and fonts: one batch for each page, those that std/page finds, or none.
    #[arg(
        long,
        value_enum,
        default_value = "batch",
        hide_possible_values = true,
        value_name = "batch|page|drop"
    )]
    pub assets: Assets,
    /// Multiply pauses; 0 leaves them out.
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = think, allow_negative_numbers = true)]
    pub think: f64,
    /// Write over a file that is there.
    #[arg(long)]
    pub force: bool,
}

fn service(text: &str) -> Result<url::Url, String> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err("write an address such as http://127.0.0.1:8080".to_owned()),
    }
}

fn input_help() -> String {
    let lines = crate::convert::IMPORTERS
        .iter()
        .map(|importer| format!("{}: {}", importer.name(), importer.reads()));
    format!(
        "The file, `-` for standard input, or a command of curl itself. Before it the format, if the content does not tell it: {}.",
        lines.collect::<Vec<_>>().join("; ")
    )
}

fn think(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if (0.0..=1000.0).contains(&factor) => Ok(factor),
        _ => Err("write a factor from 0 to 1000, such as 0.5".to_owned()),
    }
}
