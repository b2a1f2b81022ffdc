//! A shuffled order without a list of it.

/// An order of the numbers below `length`, by a seed. A cipher on that many numbers (a Feistel network: Luby and Rackoff, "How
/// to construct pseudorandom permutations", 1988), so that shuffling a file of any size costs no memory.
#[derive(Debug, Clone, Copy)]
pub struct Permutation {
    length: u64,
    seed: u64,
    half_bits: u32,
}

const ROUNDS: u64 = 4;

impl Permutation {
    pub fn new(length: u64, seed: u64) -> Self {
        let bits = u64::BITS - length.saturating_sub(1).leading_zeros();
        Self {
            length,
            seed,
            half_bits: bits.div_ceil(2).max(1),
        }
    }

    /// The number at a position below the length.
    pub fn at(&self, position: u64) -> u64 {
        if self.length <= 1 {
            return 0;
        }
        // The network orders a power of four; of its numbers those beyond the length are passed over. At least a quarter of
        // them is below, so a few turns do.
        let mut number = self.encrypt(position % self.length);
        while number >= self.length {
            number = self.encrypt(number);
        }
        number
    }

    fn encrypt(&self, number: u64) -> u64 {
        let mask = (1_u64 << self.half_bits) - 1;
        let (mut left, mut right) = ((number >> self.half_bits) & mask, number & mask);
        for round in 0..ROUNDS {
            let mixed = mix(right ^ mix(self.seed.wrapping_add(round)));
            (left, right) = (right, left ^ (mixed & mask));
        }
        (left << self.half_bits) | right
    }
}

/// Spreads a number over all bits (the finaliser of SplitMix64).
pub fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_position() {
        for length in [1, 2, 3, 4, 5, 17, 64, 1_000, 4_097] {
            for seed in [0, 7] {
                let order = Permutation::new(length, seed);
                let mut numbers: Vec<u64> = (0..length).map(|at| order.at(at)).collect();
                numbers.sort_unstable();
                assert_eq!(numbers, (0..length).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn another_seed_is_another_order_and_neither_is_the_files() {
        let order = |seed| -> Vec<u64> {
            let order = Permutation::new(100, seed);
            (0..100).map(|at| order.at(at)).collect()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        let in_place = order(1).iter().zip(0..).filter(|(a, b)| **a == *b).count();
        assert!(in_place < 10, "{in_place}");
    }
}
