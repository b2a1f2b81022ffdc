//! The values of one slot of time, in as little room as may be.

use crate::metrics::Histogram;
use crate::metrics::histogram::Delta;

/// Durations of one slot: a histogram while samples come in, its counts alone afterwards.
#[derive(Debug, Default)]
pub struct Spread {
    open: Option<Box<Histogram>>,
    settled: Option<Delta>,
}

impl Spread {
    /// To be written to, and read.
    pub fn opened(&mut self) -> &mut Histogram {
        let histogram = self.open.get_or_insert_default();
        if let Some(delta) = self.settled.take() {
            histogram.add_delta(&delta);
        }
        histogram
    }

    /// Gives up the room that writing takes.
    pub fn settle(&mut self) {
        if let Some(mut histogram) = self.open.take() {
            self.settled = Some(histogram.drain());
        }
    }
}
