//! `rhaid proxy`: proxies that spoil what passes, and an API to say how.

use std::fmt::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::proxy_args::{ProxyArguments, Quick};
use super::signals::Signals;
use super::{Failure, complain, print};
use crate::chaos::api::{self, ConfigError, Metrics};
use crate::chaos::proxy::{Fleet, Proxy, ProxyError};
use crate::exit;
use crate::harmless;
use crate::suggest::did_you_mean;

/// Files open before the first connection: standard streams, the runtime, signals, the API.
const BASE: u64 = 24;
/// Of each thread that serves connections.
const PER_THREAD: u64 = 6;

/// Serves until Ctrl-C or SIGTERM.
pub fn run(arguments: ProxyArguments) -> Result<u8, Failure> {
    let threads = arguments.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    super::limits::prepare("the proxy", BASE + PER_THREAD * threads as u64)?;
    let seed = arguments.seed.unwrap_or_else(rand::random);
    let internal = |error: std::io::Error| {
        Failure::new(exit::INTERNAL, format!("error: cannot start: {error}"))
    };
    let fleet = Arc::new(Fleet::new(threads, seed).map_err(internal)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(internal)?;
    let metrics = Metrics {
        proxies: arguments.proxy_metrics,
        process: arguments.runtime_metrics,
    };
    let listen = arguments.listen.clone();
    runtime.block_on(async {
        let mut signals = Signals::listen().map_err(internal)?;
        let (listener, address) = bind(&listen).await?;
        begin(&fleet, arguments)?;
        announce(&fleet, address, seed)?;
        let stop = async move {
            signals.next().await;
        };
        api::serve(Arc::clone(&fleet), listener, metrics, stop).await;
        print(&account(&fleet))
    })?;
    // A name that is still looked up for the API is not waited for.
    runtime.shutdown_background();
    Ok(exit::PASS)
}

async fn bind(listen: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let usage = |text: String| Failure::new(exit::USAGE, text);
    let found = listen.to_socket_addrs().map_err(|error| {
        usage(format!("error: --listen {listen} is no address: {error}\nhelp: write HOST:PORT, such as 127.0.0.1:8474"))
    })?;
    let address = found
        .min_by_key(SocketAddr::is_ipv6)
        .ok_or_else(|| usage(format!("error: --listen {listen} leads nowhere")))?;
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let hint = if error.kind() == std::io::ErrorKind::AddrInUse {
            "\nhelp: perhaps another one runs already; --listen 127.0.0.1:0 picks a free port"
        } else {
            ""
        };
        usage(format!(
            "error: the API cannot listen on {address}: {error}{hint}"
        ))
    })?;
    let address = listener.local_addr().unwrap_or(address);
    if !address.ip().is_loopback() {
        complain(&format!(
            "warning: the API listens on {address}, where others reach it: without a login it opens ports on this machine and connects from it"
        ));
    }
    Ok((listener, address))
}

/// Makes the proxies that the command line and its file name.
fn begin(fleet: &Fleet, arguments: ProxyArguments) -> Result<(), Failure> {
    if let Some(file) = &arguments.config {
        configure(fleet, file)?;
    }
    let wrong = |error: &dyn std::fmt::Display| {
        let text = format!("error: {error}");
        Failure::new(exit::USAGE, harmless::text(&text))
    };
    let mut toxics = arguments.toxics;
    for spec in arguments.proxies {
        let (own, others): (Vec<Quick>, Vec<Quick>) = toxics
            .into_iter()
            .partition(|toxic| toxic.proxy == spec.name);
        toxics = others;
        let drafts = own.into_iter().map(Quick::draft).collect();
        let name = spec.name.clone();
        fleet
            .create_with(spec, drafts, None)
            .map_err(|error| wrong(&format!("proxy `{name}`: {error}")))?;
    }
    for toxic in toxics {
        let Ok(proxy) = fleet.proxy(&toxic.proxy) else {
            let all = fleet.all();
            let known = all.iter().map(|proxy| proxy.name());
            let hint = did_you_mean(&toxic.proxy, known)
                .map_or_else(String::new, |hint| format!("; {hint}"));
            let name = &toxic.proxy;
            return Err(wrong(&format!("--toxic: there is no proxy `{name}`{hint}")));
        };
        proxy
            .wear(toxic.draft())
            .map_err(|error: ProxyError| wrong(&format!("--toxic: {error}")))?;
    }
    Ok(())
}

fn configure(fleet: &Fleet, file: &Path) -> Result<(), Failure> {
    let shown = file.display();
    let text = std::fs::read(file).map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::NotFound => exit::NO_INPUT,
            _ => exit::CONFIG,
        };
        Failure::new(code, format!("error: cannot read {shown}: {error}"))
    })?;
    let wrong = match api::configure(fleet, &text) {
        Ok(_) => return Ok(()),
        Err(error) => error,
    };
    let place = match &wrong {
        ConfigError::Malformed { offset, .. } => {
            let before = text.get(..*offset).unwrap_or(&text);
            let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
            let column = before
                .iter()
                .rev()
                .take_while(|byte| **byte != b'\n')
                .count()
                + 1;
            format!("{shown}:{line}:{column}")
        }
        ConfigError::Refused(_) => shown.to_string(),
    };
    let help = "help: it is a list: [{\"name\": \"pms\", \"listen\": \"127.0.0.1:9100\", \"upstream\": \"127.0.0.1:9000\"}]";
    let said = format!("error: {place}: {wrong}");
    let help = match &wrong {
        ConfigError::Malformed { .. } => format!("\n{help}"),
        ConfigError::Refused(_) => String::new(),
    };
    Err(Failure::new(
        exit::CONFIG,
        format!("{}{help}", harmless::text(&said)),
    ))
}

fn announce(fleet: &Fleet, address: SocketAddr, seed: u64) -> Result<(), Failure> {
    let mut text = String::new();
    for proxy in fleet.all() {
        let spec = proxy.spec();
        let state = if spec.enabled {
            "listens on"
        } else {
            "is disabled, for"
        };
        let _ = writeln!(
            text,
            "proxy `{}` {state} {} and connects to {}{}",
            spec.name,
            spec.listen,
            spec.upstream,
            toxics(&proxy)
        );
    }
    let _ = writeln!(
        text,
        "API on http://{address}, seed {seed} (Ctrl-C stops it)"
    );
    print(&harmless::text(&text))
}

/// ` (latency downstream, timeout upstream)`.
fn toxics(proxy: &Proxy) -> String {
    let worn = proxy.toxics();
    let told: Vec<String> = worn
        .iter()
        .map(|worn| format!("{} {}", worn.kind, worn.stream.name()))
        .collect();
    match told.is_empty() {
        true => String::new(),
        false => format!(", with {}", told.join(", ")),
    }
}

/// What passed, at the end.
fn account(fleet: &Fleet) -> String {
    let mut text = String::new();
    for proxy in fleet.all() {
        let counts = proxy.counts();
        let _ = writeln!(
            text,
            "proxy `{}`: {} connections, {} bytes up, {} bytes down",
            proxy.name(),
            counts.connections,
            counts.upstream_sent,
            counts.downstream_sent
        );
    }
    harmless::text(&text).into_owned()
}
