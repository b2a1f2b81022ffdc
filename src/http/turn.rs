//! When a request is written: after everything else of its thread that is ready.
//!
//! Answers arrive in batches. If each virtual user wrote its next request as soon as its script came to it, there would
//! be a script's work between any two writes: time enough for a fast server to run out of work and fall asleep, and
//! waking it is the sender's cost, at the price of several microseconds of the write. Written one right after the
//! other, the first request of a batch wakes the server and the others find it awake.

use std::future::poll_fn;
use std::task::Poll;

/// Lets every task of this thread that is ready now run first, once.
pub(super) async fn after_the_ready() {
    let mut passed = false;
    poll_fn(|context| {
        if passed {
            return Poll::Ready(());
        }
        passed = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use tokio::task::LocalSet;

    use super::*;

    #[tokio::test]
    async fn users_that_are_ready_together_all_work_before_the_first_of_them_writes() {
        let happened = Rc::new(RefCell::new(Vec::new()));
        let users = LocalSet::new();
        for user in 0..3 {
            let happened = happened.clone();
            users.spawn_local(async move {
                happened.borrow_mut().push(("works", user));
                after_the_ready().await;
                happened.borrow_mut().push(("writes", user));
            });
        }
        users.await;
        let expected = ["works", "writes"].map(|what| [0, 1, 2].map(|user| (what, user)));
        assert_eq!(*happened.borrow(), expected.concat());
    }
}
