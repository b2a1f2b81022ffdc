//! A stack that overflows costs its thread; this makes it cost no more than that.
//!
//! Rhai bounds calls and expressions, and the stacks hold what it allows. It does not bound how deeply a script
//! nests its values, and copying, measuring and freeing a value go as deep as it is nested. The thread cannot go on after
//! that, but what the run has measured must not be lost with it, and whoever wrote the script can be told what to look for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What there is to say about it.
pub const WHY: &str = "a script nests its values too deeply: lists or maps within each other, thousands of levels deep, \
have overflowed a virtual user's stack";
/// What to do about it.
pub const HELP: &str =
    "look for a list or map that is put into itself again and again, such as `list = [list]`";

/// Whether a thread has been lost to an overflow; shared between the thread and who waits for it.
#[derive(Debug, Clone, Default)]
pub struct Lost(Arc<AtomicBool>);

impl Lost {
    /// Whether the thread that was watched with this is gone: it stands still for ever.
    pub fn is_lost(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// Watches the current thread until the guard is dropped: if its stack overflows, it stands still and this says so.
    /// A thread that nobody watches ends the process with its overflow.
    pub fn watch(&self) -> Watch {
        watched(Arc::as_ptr(&self.0));
        Watch {
            _flag: self.clone(),
        }
    }
}

/// Watches a thread; see [`Lost::watch`].
pub struct Watch {
    /// The signal handler reaches the flag by its address: it must outlive the watch.
    _flag: Lost,
}

impl Drop for Watch {
    fn drop(&mut self) {
        watched(std::ptr::null());
    }
}

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
fn watched(flag: *const AtomicBool) {
    linux::WATCHED.set(flag);
}

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
fn watched(_flag: *const AtomicBool) {}

/// From now on the overflow of a stack is noticed, in the whole process: a watched thread stands still, any other ends the
/// process with a sentence on standard error and this code.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub fn explain_overflows(code: u8) {
    linux::CODE.store(code, Ordering::Relaxed);
    linux::install();
}

/// Elsewhere the system's own way to end a process has to do.
#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
pub fn explain_overflows(_code: u8) {}

#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod linux {
    use std::cell::Cell;
    use std::ptr;
    use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

    use super::{HELP, WHY};

    pub static CODE: AtomicU8 = AtomicU8::new(1);

    thread_local! {
        /// The flag of the [`super::Watch`] on this thread. Without a constructor or destructor, so that a signal handler may
        /// look at it.
        pub static WATCHED: Cell<*const AtomicBool> = const { Cell::new(ptr::null()) };
    }

    /// The first access beyond a stack's end is this near to the stack pointer: a frame of ordinary size.
    const NEAR: usize = 64 << 10;

    pub fn install() {
        // SAFETY: `sigaction` is plain data that is valid when zeroed, and filled in below; the handler only calls
        // what may be called from a signal. The standard library has given every thread of its making a stack for
        // signals, which `SA_ONSTACK` asks for.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = on_fault as extern "C" fn(_, _, _) as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&raw mut action.sa_mask);
            libc::sigaction(libc::SIGSEGV, &raw const action, ptr::null_mut());
        }
    }

    extern "C" fn on_fault(
        signal: libc::c_int,
        info: *mut libc::siginfo_t,
        context: *mut libc::c_void,
    ) {
        // SAFETY: the kernel passes both pointers to a handler installed with `SA_SIGINFO`.
        let (address, pointer) = unsafe { ((*info).si_addr() as usize, stack_pointer(context)) };
        if address.abs_diff(pointer) <= NEAR {
            let flag = WATCHED.get();
            if !flag.is_null() {
                stand_still(flag);
            }
            say("error: ");
            say(WHY);
            say("\nhelp: ");
            say(HELP);
            say("\n");
            // SAFETY: `_exit` may be called from a signal handler.
            unsafe { libc::_exit(libc::c_int::from(CODE.load(Ordering::Relaxed))) };
        }
        // Another fault: the default action takes the process down when the instruction faults again.
        // SAFETY: `signal` may be called from a signal handler.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }

    /// Reports the thread as lost and never returns. Every lock that it holds stays held; but the allocator has none, and what
    /// workers share with others is not locked while a script runs.
    fn stand_still(flag: *const AtomicBool) -> ! {
        // SAFETY: the flag is not null, so the `Watch` that set it is still on this thread's stack and keeps it alive.
        unsafe { (*flag).store(true, Ordering::Release) };
        loop {
            // SAFETY: `pause` may be called from a signal handler.
            unsafe { libc::pause() };
        }
    }

    fn say(text: &str) {
        // SAFETY: `write` may be called from a signal handler; the text is valid for its length.
        unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
    }

    /// The stack pointer of what was interrupted.
    ///
    /// # Safety
    /// `context` must be the third argument of a handler installed with `SA_SIGINFO`.
    unsafe fn stack_pointer(context: *mut libc::c_void) -> usize {
        // SAFETY: by the function's own condition it points to a `ucontext_t`.
        let machine = unsafe { &(*context.cast::<libc::ucontext_t>()).uc_mcontext };
        #[cfg(target_arch = "x86_64")]
        let pointer = machine.gregs[libc::REG_RSP as usize] as usize;
        #[cfg(target_arch = "aarch64")]
        let pointer = machine.sp as usize;
        pointer
    }
}

#[cfg(all(
    test,
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod tests {
    use std::future::Future;
    use std::hint::black_box;
    use std::pin::pin;
    use std::process::Command;
    use std::task::{Context, Waker};

    use super::super::{Coroutine, StackPool};

    const CHILD: &str = "RHAID_TEST_OVERFLOWS";

    fn deeper(level: u64) -> u64 {
        black_box([level; 64]);
        if level == u64::MAX {
            level
        } else {
            deeper(level + 1).wrapping_add(1)
        }
    }

    /// The test runs itself once more: the process that overflows is not the one that looks on.
    #[test]
    fn a_stack_that_overflows_ends_the_process_with_a_sentence_and_the_code() {
        if std::env::var_os(CHILD).is_some() {
            super::explain_overflows(70);
            let stack = StackPool::new(64 << 10).take().unwrap();
            let body = || {
                black_box(deeper(0));
            };
            let mut coroutine = pin!(Coroutine::new(stack, body));
            let _ = coroutine
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()));
            return;
        }
        let name = "vu::coroutine::overflow::tests::\
                    a_stack_that_overflows_ends_the_process_with_a_sentence_and_the_code";
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(CHILD, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(70), "{said}");
        assert!(
            said.contains("a script nests its values too deeply"),
            "{said}"
        );
    }
}
