//! A rate that changes along straight lines, its integral, and the inverse of that integral.

use std::sync::Arc;
use std::time::Duration;

use super::Stage;
use super::arrivals::Schedule;
use super::stage::nanos;

/// A piecewise linear rate.
#[derive(Debug)]
pub(super) struct Curve {
    pieces: Vec<Piece>,
    /// Nanoseconds in a time unit.
    unit: f64,
    /// Integral over all pieces.
    total: f64,
    /// How far a position may lie past the end of a piece and still count as reached: the rounding errors of
    /// the sums. Without it the last start of a stage could be put off across a pause, or lost.
    tolerance: f64,
}

/// One straight line. Lengths are in time units, so that rates and areas need no conversion.
#[derive(Debug)]
struct Piece {
    /// Nanoseconds before it.
    start: u64,
    length: f64,
    from: f64,
    to: f64,
    /// Integral of the rate before it, and over it.
    before: f64,
    area: f64,
}

impl Curve {
    /// Rates are per `time_unit`, which is not zero.
    pub(super) fn new(start_rate: f64, stages: &[Stage<f64>], time_unit: Duration) -> Self {
        let unit = nanos(time_unit) as f64;
        let (mut start, mut from, mut before) = (0u64, start_rate, 0.0);
        let mut pieces = Vec::with_capacity(stages.len());
        for stage in stages {
            let length = nanos(stage.duration) as f64 / unit;
            let area = (from + stage.target) / 2.0 * length;
            pieces.push(Piece {
                start,
                length,
                from,
                to: stage.target,
                before,
                area,
            });
            start = start.saturating_add(nanos(stage.duration));
            from = stage.target;
            before += area;
        }
        Self {
            pieces,
            unit,
            total: before,
            tolerance: 1e-12_f64.max(before * 1e-14),
        }
    }

    /// Starts at whole positions from 1 up to the end, which is included.
    pub(super) fn regular_starts(&self) -> u64 {
        (self.total + self.tolerance) as u64
    }

    /// Iterations per second at this moment: at a jump the rate after it, past the end the last one.
    pub(super) fn rate_at(&self, elapsed: Duration) -> f64 {
        let now = nanos(elapsed);
        let index = self.pieces.partition_point(|piece| piece.start <= now);
        let Some(piece) = index
            .checked_sub(1)
            .and_then(|index| self.pieces.get(index))
        else {
            return 0.0;
        };
        let passed = (now - piece.start) as f64 / self.unit;
        let rate = if passed < piece.length {
            piece.from + (piece.to - piece.from) * (passed / piece.length)
        } else {
            piece.to
        };
        rate * 1e9 / self.unit
    }
}

impl Piece {
    /// How long into the piece (time units) its integral reaches `area`.
    ///
    /// With slope `k`, `from * x + k * x² / 2 = area`. The root is taken in the form that divides by
    /// `from + sqrt(..)`: the other form subtracts nearly equal numbers where the slope is small.
    fn root(&self, area: f64) -> f64 {
        if area >= self.area {
            return self.length;
        }
        let slope = (self.to - self.from) / self.length;
        let discriminant = (self.from * self.from + 2.0 * slope * area).max(0.0);
        (2.0 * area / (self.from + discriminant.sqrt())).min(self.length)
    }
}

/// Walks a curve forwards.
#[derive(Debug)]
pub(super) struct Cursor {
    curve: Arc<Curve>,
    piece: usize,
    last: u64,
}

impl Cursor {
    pub(super) fn new(curve: Arc<Curve>) -> Self {
        Self {
            curve,
            piece: 0,
            last: 0,
        }
    }
}

impl Schedule for Cursor {
    const FIRST: u64 = 1;

    fn instant(&mut self, position: f64) -> Option<Duration> {
        loop {
            let piece = self.curve.pieces.get(self.piece)?;
            if piece.area > 0.0 && position <= piece.before + piece.area + self.curve.tolerance {
                let into = piece.root((position - piece.before).max(0.0)) * self.curve.unit;
                let instant = piece.start.saturating_add(into.round() as u64);
                // Rounding may turn two instants within a nanosecond around; time never runs backwards.
                self.last = self.last.max(instant);
                return Some(Duration::from_nanos(self.last));
            }
            self.piece += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(millis: u64, target: f64) -> Stage<f64> {
        Stage {
            duration: Duration::from_millis(millis),
            target,
        }
    }

    fn curve(start: f64, stages: &[Stage<f64>]) -> Arc<Curve> {
        Arc::new(Curve::new(start, stages, Duration::from_secs(1)))
    }

    fn instants(curve: &Arc<Curve>) -> Vec<f64> {
        let mut cursor = Cursor::new(Arc::clone(curve));
        (1..)
            .map_while(|n| cursor.instant(f64::from(n)))
            .map(|instant| instant.as_secs_f64())
            .collect()
    }

    #[test]
    fn the_last_start_before_a_pause_is_not_put_off_by_rounding() {
        // Ten tenths make a little less than one in binary, and the pause lasts an hour.
        let mut stages = vec![stage(100, 1.0); 10];
        stages.extend([
            stage(0, 0.0),
            stage(3_600_000, 0.0),
            stage(0, 1.0),
            stage(1_000, 1.0),
        ]);
        assert_eq!(instants(&curve(1.0, &stages)), [1.0, 3602.0]);
    }

    #[test]
    fn a_nearly_flat_ramp_is_as_exact_as_a_flat_one() {
        let flat = instants(&curve(10.0, &[stage(100_000, 10.0)]));
        let nearly = instants(&curve(10.0, &[stage(100_000, 10.0 + 1e-12)]));
        assert_eq!(flat.len(), 1000);
        assert_eq!(flat, nearly);
    }

    #[test]
    fn the_rate_after_a_jump_counts_at_the_jump() {
        let curve = curve(
            0.0,
            &[stage(1_000, 10.0), stage(0, 50.0), stage(1_000, 50.0)],
        );
        for (millis, rate) in [
            (0, 0.0),
            (500, 5.0),
            (1_000, 50.0),
            (2_000, 50.0),
            (9_000, 50.0),
        ] {
            assert_eq!(
                curve.rate_at(Duration::from_millis(millis)),
                rate,
                "{millis}"
            );
        }
    }
}
