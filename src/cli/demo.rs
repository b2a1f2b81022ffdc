//! `rhaid demo`: the hotel API alone.

use super::Failure;
use super::command_args::DemoArguments;
use crate::demo::{DemoConfig, serve};
use crate::exit;

/// Serves until Ctrl-C.
pub fn run(arguments: DemoArguments) -> Result<u8, Failure> {
    super::limits::prepare("the demo target", 16)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::INTERNAL, format!("error: cannot start: {error}")))?;
    runtime.block_on(async {
        let listen = arguments.listen;
        let listener = tokio::net::TcpListener::bind(listen)
            .await
            .map_err(|error| {
                let hint = if error.kind() == std::io::ErrorKind::AddrInUse {
                    "\nhelp: --listen 127.0.0.1:0 picks a free port"
                } else {
                    ""
                };
                Failure::new(
                    exit::USAGE,
                    format!("error: cannot listen on {listen}: {error}{hint}"),
                )
            })?;
        let address = listener.local_addr().unwrap_or(listen);
        super::print(&format!(
            "hotel API on http://{address} (Ctrl-C stops it)\n"
        ))?;
        let config = DemoConfig {
            delay: arguments.delay,
            jitter: arguments.jitter,
            error_rate: arguments.error_rate,
            capacity: arguments.capacity,
            rooms: arguments.rooms,
            secret: arguments.secret,
            seed: arguments.seed,
            callback_delay: arguments.callback_delay,
            callback_duplicates: arguments.callback_duplicates,
            callback_late: arguments.callback_late,
            callback_anywhere: arguments.callback_anywhere,
            redis: arguments.redis,
            ..DemoConfig::default()
        };
        let stop = async {
            let _ = tokio::signal::ctrl_c().await;
        };
        serve(config, listener, stop)
            .await
            .map_err(|error| Failure::new(exit::INTERNAL, format!("error: {error}")))?;
        Ok(exit::PASS)
    })
}
