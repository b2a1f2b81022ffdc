//! `rhaid record`: records through a proxy into a script.

use std::time::Duration;

use tokio::net::TcpListener;

use super::convert_args::RecordArguments;
use super::{Failure, complain, convert, print};
use crate::convert::recording::Recording;
use crate::convert::{Settings, emit};
use crate::exit;
use crate::record::record;

/// What helps if nothing was recorded.
const ADVICE: &str = "use the service at the address that the recorder names, not at its own";

/// Records until Ctrl-C, SIGTERM or the time is over; then writes the script.
pub fn run(arguments: RecordArguments) -> Result<u8, Failure> {
    convert::may_write(&arguments.out, arguments.force)?;
    super::limits::prepare("the recorder", 16)?;
    let target = arguments.target.clone();
    let settings = Settings {
        assets: arguments.assets.into(),
        think: arguments.think,
        ..Settings::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(exit::INTERNAL, format!("error: cannot start: {error}")))?;
    let (recording, served) = runtime.block_on(async {
        let listen = arguments.listen;
        let listener = TcpListener::bind(listen).await.map_err(|error| {
            let hint = if error.kind() == std::io::ErrorKind::AddrInUse {
                "\nhelp: --listen 127.0.0.1:0 picks a free port"
            } else {
                ""
            };
            let message = format!("error: cannot listen on {listen}: {error}{hint}");
            Failure::new(exit::USAGE, message)
        })?;
        let address = listener.local_addr().unwrap_or(listen);
        let stop = stopped(arguments.length)?;
        print(&format!(
            "open http://{address} instead of {}; Ctrl-C ends and writes {}\n",
            origin(&target),
            arguments.out.display()
        ))?;
        let recording = Recording::new(origin(&target), ADVICE, settings);
        Ok::<_, Failure>(record(listener, target, recording, complain, stop).await)
    })?;
    // What was recorded until then is written all the same.
    if let Err(error) = served {
        complain(&format!("warning: recording ended early: {error}"));
    }
    let journey = recording
        .finish()
        .map_err(|error| Failure::new(exit::SCRIPT, format!("error: {error}")))?;
    convert::deliver(&journey, Some(&arguments.out), arguments.force).inspect_err(|failure| {
        if failure.code == exit::CANNOT_WRITE {
            complain("the script goes to standard output instead, so that nothing is lost");
            let _ = print(&emit::script(&journey));
        }
    })
}

fn origin(target: &url::Url) -> String {
    target.origin().ascii_serialization()
}

/// Whatever ends a recording: Ctrl-C, a closed terminal, SIGTERM, or its length.
fn stopped(length: Option<Duration>) -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| {
        signal(kind).map_err(|error| {
            let message = format!("error: cannot listen for signals: {error}");
            Failure::new(exit::INTERNAL, message)
        })
    };
    let mut interrupt = listen(SignalKind::interrupt())?;
    let mut terminate = listen(SignalKind::terminate())?;
    let mut hangup = listen(SignalKind::hangup())?;
    Ok(async move {
        let over = async {
            match length {
                Some(length) => tokio::time::sleep(length).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            () = over => {}
        }
    })
}
