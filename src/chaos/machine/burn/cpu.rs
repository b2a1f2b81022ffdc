//! Busy processors.

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// Busy and idle by turns within this.
const TURN: Duration = Duration::from_millis(50);

pub fn begin(workers: u32, load: u32) -> io::Result<u64> {
    for _ in 0..workers {
        std::thread::Builder::new().spawn(move || work(load))?;
    }
    Ok(workers.into())
}

fn work(load: u32) {
    let busy = TURN * load.min(100) / 100;
    let mut value = 1_u64;
    loop {
        let (began, used) = (Instant::now(), processor_time());
        // What others took of the processor meanwhile does not count; but a turn ends when it is over.
        while began.elapsed() < TURN && processor_time().saturating_sub(used) < busy {
            for _ in 0..1_000 {
                value = black_box(
                    value
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1),
                );
            }
        }
        std::thread::sleep(TURN.saturating_sub(began.elapsed()));
    }
}

/// What this thread has had of processors.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}
