//! Memory that is taken, and given back before anybody is killed for it.

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use super::Noise;
use crate::chaos::machine::room::memory_available;

/// Large enough to go back to the system when it is freed.
const BLOCK: u64 = 32 << 20;
/// How long others may eat into the reserve before it is restored.
const LOOK: Duration = Duration::from_millis(50);

/// Takes it in a thread that holds it: how much, when all is taken that can be.
pub fn begin(bytes: u64, reserve: u64) -> io::Result<u64> {
    let (tell, taken) = mpsc::channel();
    std::thread::Builder::new().spawn(move || {
        let mut hoard = Hoard::new(BLOCK, reserve);
        let outcome = hoard.take(bytes, memory_available);
        if outcome.is_err() {
            let _ = tell.send(outcome);
            return;
        }
        let _ = tell.send(outcome);
        loop {
            std::thread::sleep(LOOK);
            // A system that cannot be asked has none.
            hoard.give_way(memory_available().unwrap_or(0));
        }
    })?;
    taken.recv().map_err(io::Error::other)?
}

struct Hoard {
    block: u64,
    reserve: u64,
    held: Vec<Vec<u8>>,
}

impl Hoard {
    fn new(block: u64, reserve: u64) -> Self {
        Self {
            block,
            reserve,
            held: Vec::new(),
        }
    }

    /// Takes so much, or as much as leaves the reserve by what is `available` then: how much.
    fn take(
        &mut self,
        bytes: u64,
        mut available: impl FnMut() -> io::Result<u64>,
    ) -> io::Result<u64> {
        let mut noise = Noise::new(bytes);
        let mut taken = 0;
        while taken < bytes {
            let size = self.block.min(bytes - taken);
            if available()? < self.reserve.saturating_add(size) {
                break;
            }
            let length = usize::try_from(size).map_err(io::Error::other)?;
            let mut block = Vec::new();
            block.try_reserve_exact(length).map_err(io::Error::other)?;
            block.resize(length, 0);
            noise.fill(&mut block);
            self.held.push(block);
            taken += size;
        }
        Ok(taken)
    }

    /// Gives a block back, if less than the reserve is available.
    fn give_way(&mut self, available: u64) {
        if available < self.reserve {
            self.held.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_left_and_given_back_when_others_need_it() {
        let mut hoard = Hoard::new(10, 100);
        let mut free = 200;
        let taken = hoard.take(1_000, || {
            free -= 10;
            Ok(free)
        });
        // At 190, 180, … 110 one more may be taken, at 100 not.
        assert_eq!(taken.unwrap(), 90);
        assert_eq!(hoard.held.len(), 9);
        hoard.give_way(100);
        assert_eq!(hoard.held.len(), 9);
        for _ in 0..20 {
            hoard.give_way(99);
        }
        assert!(hoard.held.is_empty());
    }

    #[test]
    fn no_more_is_taken_than_was_asked_for() {
        let mut hoard = Hoard::new(10, 0);
        assert_eq!(hoard.take(25, || Ok(1_000)).unwrap(), 25);
        let lengths: Vec<usize> = hoard.held.iter().map(Vec::len).collect();
        assert_eq!(lengths, [10, 10, 5]);
    }
}
