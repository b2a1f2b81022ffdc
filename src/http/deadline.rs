//! A timeout that costs nothing per request.
//!
//! Registering a timer for every request would cost more than parsing its response. A virtual user keeps
//! one timer; it is only moved when it would fire too late. When it fires too early (the request it
//! was armed for ended long ago) it is armed again for the deadline that is current then.

use std::cell::RefCell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use tokio::time::{Instant, Sleep, sleep_until};

/// The deadline passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed;

/// One lazily armed timer; shared by all requests that one virtual user has in flight.
#[derive(Debug, Default)]
pub struct LazyTimer(RefCell<Option<Armed>>);

/// A timer that is in the runtime's wheel, and whom it will wake.
#[derive(Debug)]
struct Armed {
    sleep: Pin<Box<Sleep>>,
    waker: Waker,
}

impl LazyTimer {
    /// Polls `future`, and gives up at `deadline`. The future must be polled by the task that polled it first.
    pub async fn until<F: Future>(
        &self,
        deadline: Instant,
        future: F,
    ) -> Result<F::Output, Elapsed> {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(value));
            }
            self.poll_expired(cx, deadline).map(Err)
        })
        .await
    }

    fn poll_expired(&self, cx: &mut Context<'_>, deadline: Instant) -> Poll<Elapsed> {
        let mut slot = self.0.borrow_mut();
        if let Some(armed) = &*slot
            && armed.sleep.deadline() <= deadline
            && !armed.sleep.is_elapsed()
            && armed.waker.will_wake(cx.waker())
        {
            // It fires in time and wakes the right task; nothing is to be done.
            return Poll::Pending;
        }
        let Armed { sleep, waker } = slot.get_or_insert_with(|| Armed {
            sleep: Box::pin(sleep_until(deadline)),
            waker: cx.waker().clone(),
        });
        waker.clone_from(cx.waker());
        if sleep.is_elapsed() && Instant::now() >= deadline {
            return Poll::Ready(Elapsed);
        }
        if sleep.is_elapsed() || sleep.deadline() > deadline {
            sleep.as_mut().reset(deadline);
        }
        // Due but not yet seen by the timer wheel: it is moved on and looked at again.
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(Elapsed);
            }
            sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_future_in_time_gives_its_value() {
        let timer = LazyTimer::default();
        for _ in 0..3 {
            let deadline = Instant::now() + Duration::from_secs(1);
            let value = timer.until(deadline, async {
                tokio::time::sleep(Duration::from_millis(900)).await;
                7
            });
            assert_eq!(value.await, Ok(7));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_armed_for_an_earlier_request_does_not_cut_a_later_one() {
        let timer = LazyTimer::default();
        let start = Instant::now();
        let quick = timer.until(
            start + Duration::from_secs(1),
            tokio::time::sleep(Duration::from_millis(500)),
        );
        assert_eq!(quick.await, Ok(()));
        let late = timer.until(start + Duration::from_secs(5), std::future::pending::<()>());
        assert_eq!(late.await, Err(Elapsed));
        assert_eq!(start.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_shorter_deadline_moves_the_timer_forward() {
        let timer = LazyTimer::default();
        let start = Instant::now();
        let _ = timer
            .until(
                start + Duration::from_secs(60),
                tokio::time::sleep(Duration::from_millis(1)),
            )
            .await;
        let short = timer.until(start + Duration::from_secs(2), std::future::pending::<()>());
        assert_eq!(short.await, Err(Elapsed));
        assert_eq!(start.elapsed().as_secs(), 2);
    }
}
