//! Whether the planned load is level: a rate that is meant to change is no anomaly.

/// How long after a change the load has not settled, in seconds.
const SETTLE: f64 = 3.0;
/// Stretches in which the load moved that are remembered.
const MOST: usize = 200;

/// The planned load of each scenario, second by second.
#[derive(Debug, Default)]
pub struct Load {
    last: Vec<f64>,
    /// When it moved: from, to. Those that follow upon each other are one.
    moved: Vec<(f64, f64)>,
}

impl Load {
    /// Takes in what each scenario is planned to be at, in users or iterations a second, in the second that ends now. Says whether it is
    /// level, and has been for a while.
    pub fn second(&mut self, at: f64, planned: Vec<f64>) -> bool {
        let is_same = self.last.len() == planned.len()
            && self
                .last
                .iter()
                .zip(&planned)
                .all(|(a, b)| (a - b).abs() <= 0.005 * a.abs().max(b.abs()));
        if !is_same {
            self.last = planned;
            let has_room = self.moved.len() < MOST;
            match self.moved.last_mut() {
                Some((_, to)) if at - *to <= SETTLE => *to = at,
                _ if has_room => self.moved.push(((at - 1.0).max(0.0), at)),
                _ => {}
            }
            return false;
        }
        self.moved.last().is_none_or(|(_, to)| at - to > SETTLE)
    }

    /// When it moved, in seconds: from, to.
    pub fn moved(&self) -> &[(f64, f64)] {
        &self.moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_is_one_move_and_what_follows_is_level() {
        let mut load = Load::default();
        let rates = [
            0.0, 10.0, 20.0, 30.0, 30.0, 30.0, 30.0, 30.0, 30.0, 30.01, 60.0,
        ];
        let level: Vec<bool> = (0u32..)
            .zip(rates)
            .map(|(at, rate)| load.second(f64::from(at), vec![rate]))
            .collect();
        let (t, f) = (true, false);
        assert_eq!(level, [f, f, f, f, f, f, f, t, t, t, f]);
        assert_eq!(load.moved(), [(0.0, 3.0), (9.0, 10.0)]);
    }
}
