//! Stacks for coroutines, cut from large slabs so that tens of thousands of them fit in a process.
//!
//! A stack costs address space at once but memory only for the pages it touches. Each has a guard
//! page at its low end. Made by `mprotect`, every guard splits its mapping in two, and the kernel's
//! `vm.max_map_count` (65,530) then caps a process near 32,000 stacks. Linux 6.13 has guard regions
//! that do not split (`madvise(MADV_GUARD_INSTALL)`); they are tried first.

use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::ptr;
use std::rc::Rc;

use corosensei::stack::{Stack as RawStack, StackPointer};

/// Address space of one stack. It must hold the deepest script that Rhai's own limits allow (call
/// levels times expression depth); unoptimised builds have far larger frames.
pub const STACK_SIZE: usize = if cfg!(debug_assertions) {
    8 << 20
} else {
    1 << 20
};

/// Stacks cut from one mapping: fewer mappings and fewer system calls.
const STACKS_PER_SLAB: usize = 64;

/// `MADV_GUARD_INSTALL` of Linux 6.13; the `libc` crate does not name it on every target.
#[cfg(target_os = "linux")]
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// Why a stack could not be had.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The kernel refused more address space.
    #[error("no memory for another virtual user's stack: {0}")]
    Map(#[source] std::io::Error),
    /// The kernel refused to protect a guard page.
    #[error(
        "no guard page for another virtual user's stack: {0}\n\
         help: this kernel has no guard regions (Linux 6.13), so each virtual user takes two memory mappings;\n\
         \x20     raise the limit with `sysctl vm.max_map_count=262144`, or run fewer virtual users"
    )]
    Guard(#[source] std::io::Error),
}

/// One anonymous mapping that holds [`STACKS_PER_SLAB`] stacks; unmapped when the last is gone.
struct Slab {
    start: *mut libc::c_void,
    length: usize,
}

impl Drop for Slab {
    fn drop(&mut self) {
        // SAFETY: `start` and `length` are those of a successful `mmap`, and every stack cut from
        // the slab holds an `Rc` to it, so none is alive.
        unsafe { libc::munmap(self.start, self.length) };
    }
}

/// A stack of the pool's size; goes back to its pool when dropped.
pub struct Stack {
    cut: Option<Cut>,
    base: StackPointer,
    limit: StackPointer,
    pool: Rc<RefCell<Vec<Cut>>>,
}

/// A piece of a slab: where it starts (its guard page), and the slab it keeps mapped.
struct Cut {
    start: usize,
    slab: Rc<Slab>,
}

/// The free stacks of one worker thread.
#[derive(Clone)]
pub struct StackPool {
    size: usize,
    free: Rc<RefCell<Vec<Cut>>>,
}

impl StackPool {
    /// A pool of stacks of `size` bytes each, guard page included, rounded up to whole pages: an odd number of
    /// them, as at a distance of a power of two the tops of all stacks would compete for the same few
    /// places of the processor's caches.
    pub fn new(size: usize) -> Self {
        let page = page_size();
        Self {
            size: (size.div_ceil(page).max(4) | 1) * page,
            free: Rc::default(),
        }
    }

    /// A stack, cut from a new slab when none is free.
    ///
    /// # Errors
    /// [`StackError`] when the kernel gives no more address space or guard pages.
    pub fn take(&self) -> Result<Stack, StackError> {
        let recycled = self.free.borrow_mut().pop();
        let cut = match recycled {
            Some(cut) => cut,
            None => self.grow()?,
        };
        let limit = NonZeroUsize::new(cut.start);
        let base = NonZeroUsize::new(cut.start + self.size);
        let (Some(limit), Some(base)) = (limit, base) else {
            return Err(StackError::Map(std::io::ErrorKind::InvalidData.into()));
        };
        Ok(Stack {
            cut: Some(cut),
            base,
            limit,
            pool: self.free.clone(),
        })
    }

    /// Maps a slab, guards its stacks, keeps all but one of them for later.
    fn grow(&self) -> Result<Cut, StackError> {
        let length = self.size * STACKS_PER_SLAB;
        // SAFETY: an anonymous private mapping at an address of the kernel's choice touches no
        // memory of ours.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(StackError::Map(std::io::Error::last_os_error()));
        }
        let slab = Rc::new(Slab { start, length });
        // A huge page would make every stack cost 2 MiB at its first touch.
        #[cfg(target_os = "linux")]
        // SAFETY: advice on our own mapping.
        unsafe {
            libc::madvise(start, length, libc::MADV_NOHUGEPAGE);
        }
        let mut cuts = Vec::with_capacity(STACKS_PER_SLAB);
        for index in 0..STACKS_PER_SLAB {
            let at = start as usize + index * self.size;
            install_guard(at)?;
            cuts.push(Cut {
                start: at,
                slab: slab.clone(),
            });
        }
        let first = cuts
            .pop()
            .ok_or_else(|| StackError::Map(std::io::ErrorKind::InvalidData.into()))?;
        self.free.borrow_mut().extend(cuts);
        Ok(first)
    }
}

/// Makes the page at `address` fault on every access.
fn install_guard(address: usize) -> Result<(), StackError> {
    let page = page_size();
    let at = address as *mut libc::c_void;
    #[cfg(target_os = "linux")]
    // SAFETY: the page is the lowest of a stack in our own mapping that no one uses yet.
    if unsafe { libc::madvise(at, page, MADV_GUARD_INSTALL) } == 0 {
        return Ok(());
    }
    // SAFETY: as above.
    if unsafe { libc::mprotect(at, page, libc::PROT_NONE) } == 0 {
        return Ok(());
    }
    Err(StackError::Guard(std::io::Error::last_os_error()))
}

fn page_size() -> usize {
    // SAFETY: sysconf has no preconditions.
    usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

// SAFETY: `limit` is the start of a guard page installed by `install_guard`, `base` the end of the
// same piece of the slab, page-aligned and at least four pages above it; the slab stays mapped while
// the stack lives because its `Cut` holds an `Rc` to it.
unsafe impl RawStack for Stack {
    fn base(&self) -> StackPointer {
        self.base
    }

    fn limit(&self) -> StackPointer {
        self.limit
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(cut) = self.cut.take() {
            self.pool.borrow_mut().push(cut);
        }
    }
}

impl std::fmt::Debug for Slab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Slab({} bytes)", self.length)
    }
}

impl std::fmt::Debug for Cut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cut({:#x} of {:?})", self.start, self.slab)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_stack_is_used_again() {
        let pool = StackPool::new(64 << 10);
        let first = pool.take().unwrap();
        let address = first.base();
        drop(first);
        assert_eq!(pool.take().unwrap().base(), address);
    }

    #[test]
    fn stacks_do_not_overlap() {
        let pool = StackPool::new(64 << 10);
        let mut stacks: Vec<_> = (0..200).map(|_| pool.take().unwrap()).collect();
        stacks.sort_by_key(RawStack::base);
        for pair in stacks.windows(2) {
            assert!(pair[0].base() <= pair[1].limit());
        }
    }

    #[test]
    fn a_slab_outlives_its_pool_while_a_stack_is_in_use() {
        let pool = StackPool::new(64 << 10);
        let stack = pool.take().unwrap();
        drop(pool);
        let top = (stack.base().get() - 8) as *mut u64;
        // SAFETY: the topmost word of a live stack that nothing runs on.
        unsafe { top.write(7) };
    }
}
