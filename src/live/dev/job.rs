//! The shell's hold on a process: Ctrl-Z stops it, `fg` lets it go on.

/// What the shell is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Shell {
    /// Stops this process until the shell lets it go on; false if there is no shell that would.
    pub stop: fn() -> bool,
    /// Lets everything stop that the shell started together with this process, as Ctrl-Z does.
    pub stop_all: fn(),
}

#[cfg(unix)]
pub const SHELL: Shell = Shell {
    stop: unix::stop,
    stop_all: unix::stop_all,
};

#[cfg(not(unix))]
pub const SHELL: Shell = Shell {
    stop: || false,
    stop_all: || {},
};

#[cfg(unix)]
mod unix {
    use nix::sys::signal::{Signal, kill, raise};
    use nix::unistd::{Pid, getpid, getsid};

    pub fn stop() -> bool {
        // That it is to stop was heard already; this signal is heard by nobody.
        !leads_its_session() && raise(Signal::SIGSTOP).is_ok()
    }

    pub fn stop_all() {
        if !leads_its_session() {
            // Whatever cannot be stopped goes on.
            let _ = kill(Pid::from_raw(0), Signal::SIGTSTP);
        }
    }

    /// Whether the terminal has nothing but this process: nobody is there to let it go on.
    fn leads_its_session() -> bool {
        getsid(None).is_ok_and(|session| session == getpid())
    }
}
