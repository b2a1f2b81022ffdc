//! A timer for schedules: the runtime's own wakes up to a millisecond late, which would show as lag.
//!
//! The one line of `unsafe` outside the coroutine's module is here, for a measured need: see "Arrival lag"
//! in `docs/performance.md`.

use std::time::Instant;

#[cfg(target_os = "linux")]
mod clock {
    use std::time::{Duration, Instant};

    use std::os::fd::{AsFd, OwnedFd};

    use nix::sys::time::TimeSpec;
    use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
    use tokio::io::unix::AsyncFd;

    use super::coarse;

    /// A kernel timer that the runtime's own event loop waits for.
    pub struct Precise(Option<Kernel>);

    struct Kernel {
        timer: TimerFd,
        /// A second descriptor of the same timer, for the event loop to own.
        event: AsyncFd<OwnedFd>,
    }

    impl Kernel {
        fn new() -> Option<Self> {
            let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
            let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags).ok()?;
            let descriptor = timer.as_fd().try_clone_to_owned().ok()?;
            // SAFETY: an `OwnedFd` stays open and is the same descriptor for as long as it lives, and
            // `AsyncFd` owns it.
            let event = unsafe { AsyncFd::register(descriptor) }.ok()?;
            Some(Self { timer, event })
        }
    }

    impl Precise {
        pub fn new() -> Self {
            Self(Kernel::new())
        }

        pub async fn sleep_until(&mut self, until: Instant) {
            let delay = until.saturating_duration_since(Instant::now());
            if delay.is_zero() {
                return;
            }
            // A long wait need not be precise until its end.
            if delay > Duration::from_millis(20) {
                coarse(until.checked_sub(Duration::from_millis(5)).unwrap_or(until)).await;
            }
            let Some(kernel) = &self.0 else {
                return coarse(until).await;
            };
            let delay = until
                .saturating_duration_since(Instant::now())
                .max(Duration::from_nanos(1));
            let once = Expiration::OneShot(TimeSpec::from_duration(delay));
            if kernel.timer.set(once, TimerSetTimeFlags::empty()).is_err() {
                return coarse(until).await;
            }
            if let Ok(mut ready) = kernel.event.readable().await {
                ready.clear_ready();
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod clock {
    use std::time::Instant;

    /// The runtime's own timer.
    pub struct Precise;

    impl Precise {
        pub fn new() -> Self {
            Self
        }

        pub async fn sleep_until(&mut self, until: Instant) {
            super::coarse(until).await;
        }
    }
}

pub use clock::Precise;

async fn coarse(until: Instant) {
    tokio::time::sleep_until(tokio::time::Instant::from_std(until)).await;
}
