//! Busy processors.

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

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
        let began = Instant::now();
        while began.elapsed() < busy {
            for _ in 0..1_000 {
                value = black_box(
                    value
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1),
                );
            }
        }
        if let Some(idle) = TURN.checked_sub(busy).filter(|idle| !idle.is_zero()) {
            std::thread::sleep(idle);
        }
    }
}
