//! A stack that overflows ends the process; this makes it end with a sentence.
//!
//! Rhai bounds calls and expressions, and the stacks hold what it allows. It does not bound how deeply a script
//! nests its values, and copying, measuring and freeing a value go as deep as it is nested. Nothing can go on after
//! that, but whoever wrote the script can be told what to look for.

/// Says so, on standard error, when a stack overflows, and ends the process with this code. For the whole process,
/// from now on.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
pub fn explain_overflows(code: u8) {
    use std::sync::atomic::Ordering;
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
    use std::ptr;
    use std::sync::atomic::{AtomicU8, Ordering};

    pub static CODE: AtomicU8 = AtomicU8::new(1);

    const MESSAGE: &[u8] =
        b"error: a script nests its values too deeply: lists or maps within each other, thousands \
of levels deep, have overflowed a virtual user's stack, so the run ends without a result\n\
help: look for a list or map that is put into itself again and again, such as `list = [list]`\n";

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
            // SAFETY: `write` and `_exit` may be called from a signal handler; the message is static.
            unsafe {
                libc::write(libc::STDERR_FILENO, MESSAGE.as_ptr().cast(), MESSAGE.len());
                libc::_exit(libc::c_int::from(CODE.load(Ordering::Relaxed)));
            }
        }
        // Another fault: the default action takes the process down when the instruction faults again.
        // SAFETY: `signal` may be called from a signal handler.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
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
