//! The demo target as a part of another command: `--demo`.

use tokio::sync::oneshot;

use super::Failure;
use crate::demo::{self, DemoConfig};
use crate::exit;

/// Where scripts look for their target.
pub const BASE_URL: &str = "BASE_URL";

/// Holds the demo target; it stops when this is dropped.
pub struct Demo {
    _stop: oneshot::Sender<()>,
}

/// Starts the hotel API on a thread of its own and points BASE_URL at it.
pub fn start_demo(env: &mut std::collections::BTreeMap<String, String>) -> Result<Demo, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            exit::INTERNAL,
            format!("error: cannot start the demo target: {error}"),
        )
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let mut config = DemoConfig::default();
    if let Some(secret) = env.get("WEBHOOK_SECRET") {
        config.secret.clone_from(secret);
    }
    std::thread::Builder::new()
        .name("demo".to_owned())
        .spawn(move || -> std::io::Result<()> {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                let ended = async move {
                    // Also when the sender is dropped.
                    let _ = stopped.await;
                };
                tokio::select! {
                    served = demo::serve(config, listener, std::future::pending::<()>()) => served,
                    () = ended => Ok(()),
                }
            })
        })
        .map_err(failed)?;
    env.insert(BASE_URL.to_owned(), format!("http://{address}"));
    Ok(Demo { _stop: stop })
}
