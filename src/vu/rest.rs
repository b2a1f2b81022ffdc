//! A pause that a script asks for.

use std::pin::pin;
use std::time::Duration;

use super::context::{Interrupt, Vu, WaitError, current, wait};

/// Of a pause: what is left of it and longer than this is not waited for by a newer version of the script, where someone writes it.
const LONG: Duration = Duration::from_secs(1);

/// Pauses the current virtual user.
///
/// While someone looks on, nobody waits for a long pause to see what was saved: the iteration is cut off, and the new version
/// plays the next one. A run that is meant as load plays each iteration to its end.
///
/// # Errors
/// When the virtual user is interrupted, or there is none.
pub fn rest(duration: Duration) -> Result<(), WaitError> {
    let impatient = current()
        .filter(|vu| vu.worker.run.tap.is_some() && duration > LONG)
        .and_then(|vu| vu.plays().map(|version| (vu, version)));
    let Some((vu, version)) = impatient else {
        // Made when it is first polled: at a script's top level there may be no runtime to make a timer with.
        return wait(async move { tokio::time::sleep(duration).await });
    };
    if wait(to_the_end(&vu, version, duration))? {
        return Ok(());
    }
    vu.interrupt(Interrupt::Stop);
    Err(WaitError::Interrupted(Interrupt::Stop))
}

/// Pauses; false if it was cut off, since another version than this one is in force.
async fn to_the_end(vu: &Vu, version: u32, duration: Duration) -> bool {
    let mut pause = pin!(tokio::time::sleep(duration));
    tokio::select! {
        biased;
        () = &mut pause => return true,
        () = vu.worker.other_version(version) => {}
    }
    let left = pause.deadline() - tokio::time::Instant::now();
    if left > LONG {
        return false;
    }
    pause.await;
    true
}
