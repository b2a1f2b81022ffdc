//! Memory that is taken, and given back before anybody is killed for it.

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use super::Noise;
use crate::chaos::machine::room::memory_available;

/// Large enough to go back to the system when it is freed.
const BLOCK: u64 = 32 << 20;
/// A block is made of these.
const PIECE: usize = 1 << 20;
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
        let mut noise = vec![0; PIECE];
        Noise::new(bytes).fill(&mut noise);
        let mut taken = 0;
        while taken < bytes {
            let size = self.block.min(bytes - taken);
            if available()? < self.reserve.saturating_add(size) {
                break;
            }
            let length = usize::try_from(size).map_err(io::Error::other)?;
            let mut block = Vec::new();
            block.try_reserve_exact(length).map_err(io::Error::other)?;
            while block.len() < length {
                let left = length - block.len();
                block.extend_from_slice(noise.get(..left).unwrap_or(&noise));
            }
            self.held.push(block);
            taken += size;
        }
        Ok(taken)
    }

    /// Gives back what is missing of the reserve.
    fn give_way(&mut self, available: u64) {
        let missing = self.reserve.saturating_sub(available);
        for _ in 0..missing.div_ceil(self.block) {
            if self.held.pop().is_none() {
                return;
            }
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
        hoard.give_way(99);
        assert_eq!(hoard.held.len(), 8);
        hoard.give_way(70);
        assert_eq!(hoard.held.len(), 5);
        hoard.give_way(0);
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
