//! The one hard idea of the house: a synchronous script is an asynchronous virtual user.
//!
//! What it is for: Rhai calls native functions and expects their value at once, but a virtual user
//! (VU) that waits for the network must not hold its thread. So the script runs on a stack of its
//! own ([`Coroutine`]), and a native function that has to wait calls [`wait`], which polls a future
//! *in place* and, while it is pending, suspends the whole stack.
//!
//! What comes in: a closure (the VU's life). What goes out: a `Future` for a local task set.
//!
//! # Soundness
//!
//! This module holds the engine's `unsafe` code. Its argument rests on four facts:
//!
//! 1. **The context pointer is only used while the `poll` that supplied it is on the thread's stack.**
//!    `Coroutine::poll` stores a pointer to its `Context` in the thread-local [`ACTIVE`], resumes the
//!    coroutine, and restores the previous value before it returns, by a drop guard, so also when
//!    the coroutine panics. [`wait`] reads the pointer anew after every suspension, never across one.
//! 2. **It is never aliased.** While [`wait`] polls a future, `ACTIVE` is cleared, so a nested `wait`
//!    (a future whose `poll` calls back into a script) is refused instead of making a second `&mut`.
//! 3. **The yielder belongs to the stack that is running.** `ACTIVE` pairs the context with the yielder
//!    of the coroutine being resumed. A coroutine dropped while suspended is unwound with `ACTIVE`
//!    cleared, so a destructor on its stack cannot reach another coroutine's yielder.
//! 4. **Nothing moves between threads.** `Coroutine` is `!Send`; the future polled by `wait` lives on the
//!    coroutine's stack, which does not move, so pinning it there is sound.

mod overflow;
mod stack;

use std::cell::Cell;
use std::future::Future;
use std::pin::{Pin, pin};
use std::ptr;
use std::task::{Context, Poll};

use corosensei::{CoroutineResult, Yielder};

pub use overflow::{HELP as OVERFLOW_HELP, Lost, WHY as OVERFLOW_WHY, explain_overflows};
pub use stack::{STACK_SIZE, Stack, StackError, StackPool};

/// The poll in progress on this thread: what [`wait`] needs to poll a future and to suspend.
#[derive(Clone, Copy)]
struct Active {
    context: *mut Context<'static>,
    yielder: *const Yielder<(), ()>,
}

impl Active {
    const NONE: Self = Self {
        context: ptr::null_mut(),
        yielder: ptr::null(),
    };
}

thread_local! {
    static ACTIVE: Cell<Active> = const { Cell::new(Active::NONE) };
}

/// Puts the previous value of [`ACTIVE`] back on every way out, unwinding included.
struct Restore(Active);

impl Drop for Restore {
    fn drop(&mut self) {
        ACTIVE.set(self.0);
    }
}

/// [`wait`] was called where there is no coroutine to suspend: at a script's top level, or from
/// inside another wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this call has to wait, and only a running iteration can wait")]
pub struct CannotWait;

/// A stackful coroutine as a local future. Dropping it while it is suspended unwinds its stack, so
/// every destructor on it runs.
pub struct Coroutine {
    inner: corosensei::Coroutine<(), (), (), Stack>,
    yielder: *const Yielder<(), ()>,
}

impl Coroutine {
    /// A coroutine that will run `body` on `stack` when it is first polled.
    pub fn new(stack: Stack, body: impl FnOnce() + 'static) -> Self {
        let inner =
            corosensei::Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
                // The first resume is the only moment at which the yielder is handed out; `poll` keeps it.
                ACTIVE.set(Active {
                    yielder,
                    ..ACTIVE.get()
                });
                body();
            });
        Self {
            inner,
            yielder: ptr::null(),
        }
    }
}

impl Future for Coroutine {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let context = ptr::from_mut(context).cast::<Context<'static>>();
        let _restore = Restore(ACTIVE.replace(Active {
            context,
            yielder: self.yielder,
        }));
        let progress = self.inner.resume(());
        // On every suspension `wait` leaves this coroutine's own yielder in ACTIVE.
        self.yielder = ACTIVE.get().yielder;
        match progress {
            CoroutineResult::Yield(()) => Poll::Pending,
            CoroutineResult::Return(()) => Poll::Ready(()),
        }
    }
}

impl Drop for Coroutine {
    fn drop(&mut self) {
        // Fact 3 above: destructors on the unwound stack must find no one to wait for.
        let _restore = Restore(ACTIVE.replace(Active::NONE));
        self.inner.force_unwind();
    }
}

/// Runs `future` to its end from synchronous code on a coroutine's stack, suspending the coroutine
/// whenever the future is pending.
///
/// # Errors
/// [`CannotWait`] outside a coroutine, or from inside a future that `wait` is polling.
pub fn wait<F: Future>(future: F) -> Result<F::Output, CannotWait> {
    let mut future = pin!(future);
    loop {
        let active = ACTIVE.get();
        if active.context.is_null() {
            return Err(CannotWait);
        }
        let polled = {
            let _restore = Restore(ACTIVE.replace(Active::NONE));
            // SAFETY: `active.context` was stored by the `Coroutine::poll` that is resuming us at this
            // moment and is still on the thread's stack (fact 1); ACTIVE is cleared, so no one else
            // can reach it while this reference lives (fact 2).
            let context = unsafe { &mut *active.context };
            future.as_mut().poll(context)
        };
        match polled {
            Poll::Ready(value) => return Ok(value),
            // SAFETY: the yielder lives at the base of the stack we are running on (fact 3), which
            // outlives this call.
            Poll::Pending => unsafe { (*active.yielder).suspend(()) },
        }
    }
}

/// Whether [`wait`] would work here.
pub fn can_wait() -> bool {
    !ACTIVE.get().context.is_null()
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::time::Duration;

    use super::*;

    fn run<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, future)
    }

    fn coroutine(body: impl FnOnce() + 'static) -> Coroutine {
        let pool = StackPool::new(STACK_SIZE);
        Coroutine::new(pool.take().unwrap(), body)
    }

    struct SetOnDrop(Rc<Cell<u32>>);
    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn a_thousand_coroutines_wait_at_the_same_time_on_one_thread() {
        let done = Rc::new(Cell::new(0));
        let pool = StackPool::new(STACK_SIZE);
        let elapsed = run(async {
            let started = tokio::time::Instant::now();
            let tasks: Vec<_> = (0..1000)
                .map(|_| {
                    let done = done.clone();
                    let body = move || {
                        wait(tokio::time::sleep(Duration::from_secs(1))).unwrap();
                        wait(tokio::time::sleep(Duration::from_secs(1))).unwrap();
                        done.set(done.get() + 1);
                    };
                    tokio::task::spawn_local(Coroutine::new(pool.take().unwrap(), body))
                })
                .collect();
            for task in tasks {
                task.await.unwrap();
            }
            started.elapsed()
        });
        assert_eq!(done.get(), 1000);
        assert!(elapsed < Duration::from_secs(3), "{elapsed:?}");
    }

    #[test]
    fn dropping_a_suspended_coroutine_runs_the_destructors_on_its_stack() {
        let dropped = Rc::new(Cell::new(0));
        let inner = dropped.clone();
        run(async move {
            let task = tokio::task::spawn_local(coroutine(move || {
                let _guard = SetOnDrop(inner);
                wait(std::future::pending::<()>()).unwrap();
            }));
            tokio::time::sleep(Duration::from_millis(5)).await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        });
        assert_eq!(dropped.get(), 1);
    }

    #[test]
    fn a_destructor_on_an_unwound_stack_cannot_wait() {
        struct WaitOnDrop(Rc<Cell<Option<CannotWait>>>);
        impl Drop for WaitOnDrop {
            fn drop(&mut self) {
                self.0.set(wait(std::future::ready(())).err());
            }
        }
        let seen = Rc::new(Cell::new(None));
        let victim_seen = seen.clone();
        let mut victim = coroutine(move || {
            let _guard = WaitOnDrop(victim_seen);
            wait(std::future::pending::<()>()).unwrap();
        });
        run(async move {
            assert!(futures_util::poll!(&mut victim).is_pending());
            // Another coroutine is active while the victim is dropped.
            coroutine(move || drop(victim)).await;
        });
        assert_eq!(seen.get(), Some(CannotWait));
    }

    #[test]
    fn a_panic_in_a_coroutine_reaches_the_task_and_leaves_the_thread_usable() {
        run(async {
            let task = tokio::task::spawn_local(coroutine(|| {
                wait(tokio::time::sleep(Duration::from_millis(1))).unwrap();
                panic!("on purpose");
            }));
            assert!(task.await.unwrap_err().is_panic());
            assert!(!can_wait());
            let done = Rc::new(Cell::new(false));
            let inner = done.clone();
            coroutine(move || inner.set(wait(std::future::ready(true)).unwrap())).await;
            assert!(done.get());
        });
    }

    #[test]
    fn waiting_outside_a_coroutine_is_refused() {
        assert_eq!(wait(std::future::ready(1)), Err(CannotWait));
    }

    #[test]
    fn a_future_that_calls_back_into_wait_is_refused() {
        let seen = Rc::new(Cell::new(None));
        let inner = seen.clone();
        run(coroutine(move || {
            let nested = wait(std::future::poll_fn(|_| {
                Poll::Ready(wait(std::future::ready(1)))
            }))
            .unwrap();
            inner.set(Some(nested));
        }));
        assert_eq!(seen.get(), Some(Err(CannotWait)));
    }

    #[test]
    fn a_coroutine_can_drive_another_in_place() {
        let order = Rc::new(std::cell::RefCell::new(Vec::new()));
        let (outer, inner) = (order.clone(), order.clone());
        run(coroutine(move || {
            let child = coroutine(move || {
                wait(tokio::time::sleep(Duration::from_millis(1))).unwrap();
                inner.borrow_mut().push("child");
            });
            wait(child).unwrap();
            wait(tokio::time::sleep(Duration::from_millis(1))).unwrap();
            outer.borrow_mut().push("parent");
        }));
        assert_eq!(*order.borrow(), ["child", "parent"]);
    }

    #[test]
    fn a_coroutine_that_never_ran_can_be_dropped() {
        let dropped = Rc::new(Cell::new(0));
        let guard = SetOnDrop(dropped.clone());
        drop(coroutine(move || drop(guard)));
        assert_eq!(dropped.get(), 1);
    }
}
