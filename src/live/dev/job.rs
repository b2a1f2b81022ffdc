//! The shell's hold on a process: Ctrl-Z stops it, `fg` lets it go on.

/// Stops this process until the shell lets it go on; false if there is no shell that would.
#[cfg(unix)]
pub fn stop() -> bool {
    use nix::sys::signal::{Signal, raise};
    // Whoever was to stop has heard of it already; this is what nobody hears.
    !leads_its_session() && raise(Signal::SIGSTOP).is_ok()
}

/// Lets everything stop that the shell started together with this process, as Ctrl-Z does.
#[cfg(unix)]
pub fn stop_all() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    if !leads_its_session() {
        let _ = kill(Pid::from_raw(0), Signal::SIGTSTP);
    }
}

/// Whether the terminal has nothing but this process: nobody is there to let it go on.
#[cfg(unix)]
fn leads_its_session() -> bool {
    use nix::unistd::{getpid, getsid};
    getsid(None).is_ok_and(|session| session == getpid())
}

#[cfg(not(unix))]
pub fn stop() -> bool {
    false
}

#[cfg(not(unix))]
pub fn stop_all() {}
