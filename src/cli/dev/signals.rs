//! What the system tells this process: to end, to give the terminal to the shell, to go on with it.

use std::sync::Arc;

use super::desk::Desk;
use crate::cli::signals::Signals;
use crate::live::dev::{Event, Teller};

/// Listens until the process ends. The first signal to end quits; the second ends everything at once. `drawn`: who draws on the
/// terminal, if anyone does.
pub fn follow(desk: Arc<Desk>, drawn: Option<Teller>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let thread = std::thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || {
        runtime.block_on(async {
            tokio::join!(quit(&desk), step_aside(drawn));
        });
    })?;
    Ok(())
}

async fn quit(desk: &Desk) {
    let Ok(mut signals) = Signals::listen() else {
        return;
    };
    while signals.next().await {
        desk.quit();
    }
}

/// Tells whoever draws on the terminal when the shell takes it, and gives it back.
#[cfg(unix)]
async fn step_aside(drawn: Option<Teller>) {
    use tokio::signal::unix::{SignalKind, signal};
    let Some(teller) = drawn else {
        return;
    };
    let kind = |signal: nix::sys::signal::Signal| SignalKind::from_raw(signal as i32);
    let stops = signal(kind(nix::sys::signal::Signal::SIGTSTP));
    let continues = signal(kind(nix::sys::signal::Signal::SIGCONT));
    let (Ok(mut stops), Ok(mut continues)) = (stops, continues) else {
        return;
    };
    loop {
        let (received, event) = tokio::select! {
            received = stops.recv() => (received, Event::Suspended),
            received = continues.recv() => (received, Event::Continued),
        };
        if received.is_none() {
            return;
        }
        teller.tell(event);
    }
}

#[cfg(not(unix))]
async fn step_aside(_drawn: Option<Teller>) {}
