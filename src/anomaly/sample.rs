//! What a series is like in a block of time, and how unlikely that is at a level: one noise model for each kind of measure.
//!
//! All evidence is in nats, the natural logarithm of how many times likelier something is: counts by the Poisson distribution, shares by the
//! binomial, quantiles and plain values by the normal one, each widened by how much the series really scatters. By Chernoff's bound something
//! with `h` nats against it comes by chance at most once in `e^h` times, and by Lorden's a sum of gains that starts anew
//! whenever it falls to zero reaches `h` by chance at most once in `e^h` blocks. So one threshold fits everything.

/// A change of a fifth is what is to be found soon.
const DESIGN: f64 = 1.2;
/// What is to be found soon in shares, in absolute terms.
const DESIGN_SHARE: f64 = 0.01;
/// Of what scatters wildly, only changes of this many standard deviations are looked for.
const LEAST_SHIFT: f64 = 0.75;
/// No series is taken to be steadier than this fraction of its level.
const STEADIEST: f64 = 0.03;

/// A measure in one block of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sample {
    /// Events, and in how many seconds (or planned iterations) they came.
    Count { events: f64, exposure: f64 },
    /// So many of so many.
    Share { hits: u64, of: u64 },
    /// A quantile of so many positive values, with the standard error of its logarithm as far as these tell it.
    Quantile { value: f64, error: f64, of: u64 },
    /// A number of which nothing is known.
    Value(f64),
}

impl Sample {
    /// In the measure's own unit: a rate, a share, a time, a number.
    pub fn value(&self) -> f64 {
        match *self {
            Self::Count { events, exposure } => events / exposure.max(f64::MIN_POSITIVE),
            Self::Share { hits, of } => hits as f64 / of.max(1) as f64,
            Self::Quantile { value, .. } | Self::Value(value) => value,
        }
    }

    /// Several blocks as one; none without blocks.
    pub fn pooled(samples: &[Self]) -> Option<Self> {
        let middle = || median(samples.iter().map(Self::value).collect());
        Some(match samples.first()? {
            Self::Count { .. } => {
                let (mut events, mut exposure) = (0.0, 0.0);
                for sample in samples {
                    if let Self::Count {
                        events: e,
                        exposure: t,
                    } = sample
                    {
                        events += e;
                        exposure += t;
                    }
                }
                Self::Count { events, exposure }
            }
            Self::Share { .. } => {
                let (mut hits, mut of) = (0, 0);
                for sample in samples {
                    if let Self::Share { hits: h, of: n } = sample {
                        hits += h;
                        of += n;
                    }
                }
                Self::Share { hits, of }
            }
            Self::Quantile { error, of, .. } => Self::Quantile {
                value: middle()?,
                error: *error,
                of: *of,
            },
            Self::Value(_) => Self::Value(middle()?),
        })
    }

    /// The change from one level to another: a ratio's logarithm, or for shares their difference.
    pub fn change(&self, before: f64, after: f64) -> f64 {
        match self {
            Self::Share { .. } => after - before,
            Self::Count { .. } | Self::Quantile { .. } if before > 0.0 && after > 0.0 => {
                (after / before).ln()
            }
            _ if before == after => 0.0,
            _ if before == 0.0 => f64::INFINITY.copysign(after - before),
            _ => (after - before) / before.abs(),
        }
    }
}

/// In which direction something changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

/// Where a series has been of late, and how it scatters about that.
#[derive(Debug, Clone, Copy)]
pub struct Level {
    /// In the measure's own unit.
    pub value: f64,
    /// How many times the model's variance it has.
    dispersion: f64,
    /// By how much longer sums scatter more than single blocks, because neighbours are alike.
    inertia: f64,
    /// Standard error of the level, in standard deviations of one block.
    doubt: f64,
    /// Standard error of the logarithm of a quantile of one value: what a single block says about it is too rough.
    error_of_one: f64,
}

impl Level {
    /// The level of some blocks; none without blocks.
    pub fn of(samples: &[Sample]) -> Option<Self> {
        let count = samples.len() as f64;
        let value = centre(samples)?;
        let mut level = Self {
            value,
            dispersion: 1.0,
            inertia: 1.0,
            doubt: 1.25 / count.sqrt(),
            error_of_one: median(samples.iter().filter_map(error_of_one).collect()).unwrap_or(0.0),
        };
        let mut residuals: Vec<f64> = samples.iter().map(|s| level.residual(s)).collect();
        let found = match samples.first()? {
            Sample::Share { .. } => {
                // Rare errors are no bell: their scatter is the mean square, without what is far off.
                let squares = residuals.iter().map(|r| r.clamp(-4.0, 4.0).powi(2));
                squares.sum::<f64>() / count
            }
            _ => scale(&mut residuals).powi(2),
        };
        // The model is worth a few blocks of evidence, where there is one.
        let (prior, least) = match samples.first()? {
            Sample::Share { .. } => (10.0, 1.0),
            Sample::Count { .. } => (10.0, 0.05),
            Sample::Quantile { .. } => (10.0, 0.0),
            Sample::Value(_) => (0.0, 0.0),
        };
        let blended = ((count * found + prior) / (count + prior)).max(least);
        // A scale that is known from few blocks may well be greater.
        level.dispersion = blended * (1.0 + 1.0 / count.sqrt()).powi(2);
        let alike = (autocorrelation(&residuals) + 0.5 / count.sqrt()).clamp(0.0, 0.7);
        level.inertia = (1.0 + alike) / (1.0 - alike);
        Some(level)
    }

    /// How far a block is off, in standard deviations of the model.
    fn residual(&self, sample: &Sample) -> f64 {
        match *sample {
            Sample::Count { events, exposure } => {
                let expected = (self.value * exposure).max(f64::MIN_POSITIVE);
                (events - expected) / expected.sqrt()
            }
            Sample::Share { hits, of } => {
                let of = of as f64;
                let variance = of * self.value * (1.0 - self.value);
                (hits as f64 - of * self.value) / (variance + 0.25).sqrt()
            }
            Sample::Quantile { value, of, .. } => ratio(value, self.value).ln() / self.error(of),
            Sample::Value(value) => value - self.value,
        }
    }

    /// Standard error of the logarithm of a quantile of so many values, by the model.
    fn error(&self, of: u64) -> f64 {
        (self.error_of_one / (of.max(1) as f64).sqrt()).max(1e-6)
    }

    /// Standard deviation of a block, as a fraction of the level (of a quantile: of its logarithm); for plain values in their unit.
    fn deviation(&self, sample: &Sample) -> f64 {
        let own = self.dispersion.sqrt();
        match *sample {
            Sample::Count { exposure, .. } => {
                own / (self.value * exposure).max(f64::MIN_POSITIVE).sqrt()
            }
            Sample::Quantile { of, .. } => own * self.error(of),
            Sample::Share { of, .. } => {
                (self.dispersion * self.value * (1.0 - self.value) / of.max(1) as f64).sqrt()
            }
            Sample::Value(_) => own,
        }
    }

    /// The level as it may well be, on the side of a direction, and the dispersion that goes with this block.
    fn doubted(&self, sample: &Sample, direction: Direction) -> (f64, f64) {
        let sign = match direction {
            Direction::Up => 1.0,
            Direction::Down => -1.0,
        };
        let deviation = self.deviation(sample);
        match *sample {
            Sample::Count { exposure, .. } => {
                let expected = self.value * exposure;
                let floor = STEADIEST * STEADIEST * expected;
                let level = self.value * (1.0 + sign * self.doubt * deviation);
                (level.max(self.value * 0.2), self.dispersion.max(floor))
            }
            Sample::Share { of, .. } => {
                let unseen = 0.5 / of.max(1) as f64 * self.doubt;
                let level = self.value + sign * (self.doubt * deviation + unseen);
                (level.clamp(1e-6, 1.0 - 1e-6), self.dispersion)
            }
            Sample::Quantile { .. } => {
                let deviation = deviation.max(STEADIEST);
                (
                    self.value * (sign * self.doubt * deviation).exp(),
                    deviation * deviation,
                )
            }
            Sample::Value(value) => {
                let scale = self
                    .value
                    .abs()
                    .max(value.abs() * 1e-3)
                    .max(f64::MIN_POSITIVE);
                let deviation = deviation.max(STEADIEST * scale);
                (
                    self.value + sign * self.doubt * deviation,
                    deviation * deviation,
                )
            }
        }
    }

    /// On which side of the level a block is, and how much speaks against its being chance, in nats.
    pub fn surprise(&self, sample: &Sample) -> (Direction, f64) {
        let direction = match sample.value() >= self.value {
            true => Direction::Up,
            false => Direction::Down,
        };
        let (level, dispersion) = self.doubted(sample, direction);
        let beyond = match direction {
            Direction::Up => sample.value() > level,
            Direction::Down => sample.value() < level,
        };
        if !beyond {
            return (direction, 0.0);
        }
        let nats = match *sample {
            Sample::Count { events, exposure } => {
                let expected = level * exposure;
                (events * ln_or_zero(events / expected) - (events - expected)) / dispersion
            }
            Sample::Share { hits, of } => {
                let (hits, of) = (hits as f64, of as f64);
                let share = hits / of.max(1.0);
                let missed = of - hits;
                (hits * ln_or_zero(share / level)
                    + missed * ln_or_zero((1.0 - share) / (1.0 - level)))
                    / dispersion
            }
            Sample::Quantile { value, .. } => ratio(value, level).ln().powi(2) / (2.0 * dispersion),
            Sample::Value(value) => (value - level).powi(2) / (2.0 * dispersion),
        };
        (direction, nats)
    }

    /// How much likelier a block is after a change worth finding than without one, in nats.
    pub fn gain(&self, sample: &Sample, direction: Direction) -> f64 {
        let (level, dispersion) = self.doubted(sample, direction);
        let dispersion = dispersion * self.inertia;
        let up = direction == Direction::Up;
        match *sample {
            Sample::Count { events, exposure } => {
                let expected = level * exposure;
                let wide = LEAST_SHIFT * (dispersion / expected.max(f64::MIN_POSITIVE)).sqrt();
                let shift = DESIGN.ln().max(wide);
                let ratio = if up { shift.exp() } else { (-shift).exp() };
                (events * ratio.ln() - expected * (ratio - 1.0)) / dispersion
            }
            Sample::Share { hits, of } => {
                let rarer = self.value.min(1.0 - self.value);
                let wide = LEAST_SHIFT * self.deviation(sample) * self.inertia.sqrt();
                let shift = DESIGN_SHARE.max((DESIGN - 1.0) * rarer).max(wide);
                let changed = if up { level + shift } else { level - shift };
                if !(1e-6..1.0 - 1e-6).contains(&changed) {
                    return f64::NEG_INFINITY;
                }
                let (hits, of) = (hits as f64, of as f64);
                (hits * (changed / level).ln()
                    + (of - hits) * ((1.0 - changed) / (1.0 - level)).ln())
                    / dispersion
            }
            Sample::Quantile { value, .. } => {
                let shift = DESIGN.ln().max(LEAST_SHIFT * dispersion.sqrt());
                let off = ratio(value, level).ln() * if up { 1.0 } else { -1.0 };
                shift * (off - shift / 2.0) / dispersion
            }
            Sample::Value(value) => {
                let shift = ((DESIGN - 1.0) * level.abs()).max(LEAST_SHIFT * dispersion.sqrt());
                let off = (value - level) * if up { 1.0 } else { -1.0 };
                shift * (off - shift / 2.0) / dispersion
            }
        }
    }
}

fn error_of_one(sample: &Sample) -> Option<f64> {
    match *sample {
        Sample::Quantile { error, of, .. } => Some(error * (of as f64).sqrt()),
        _ => None,
    }
}

/// The ratio of two numbers that are meant to be positive.
fn ratio(value: f64, level: f64) -> f64 {
    value.max(1e-9) / level.max(1e-9)
}

/// The logarithm; zero for nothing, whose products with it vanish.
fn ln_or_zero(value: f64) -> f64 {
    if value > 0.0 { value.ln() } else { 0.0 }
}

/// Where blocks are in the middle, without what is far off.
fn centre(samples: &[Sample]) -> Option<f64> {
    match samples.first()? {
        Sample::Share { .. } => Sample::pooled(samples).map(|pooled| pooled.value()),
        Sample::Quantile { .. } | Sample::Value(_) => {
            median(samples.iter().map(Sample::value).collect())
        }
        // The median of small numbers jumps; the mean without outliers does not.
        Sample::Count { .. } => {
            let values: Vec<f64> = samples.iter().map(Sample::value).collect();
            let middle = median(values.clone())?;
            let far = median(values.iter().map(|v| (v - middle).abs()).collect())? * 1.4826 * 3.0;
            let clamped = values.iter().map(|v| match far {
                0.0 => *v,
                far => v.clamp(middle - far, middle + far),
            });
            Some(clamped.sum::<f64>() / values.len() as f64)
        }
    }
}

/// The middle one, or the mean of the middle two; none of none.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let (is_even, middle) = (values.len().is_multiple_of(2), values.len() / 2);
    let (lower, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    let below = lower.iter().copied().reduce(f64::max);
    Some(match below {
        Some(below) if is_even => f64::midpoint(below, upper),
        _ => upper,
    })
}

/// A standard deviation that a few outliers do not move: from the median absolute deviation (Hampel), and then, because that alone is known only
/// roughly, from everything within two and a half of it. Residuals are centred and clamped on the way.
fn scale(residuals: &mut [f64]) -> f64 {
    let Some(middle) = median(residuals.to_vec()) else {
        return 0.0;
    };
    let off: Vec<f64> = residuals.iter().map(|r| (r - middle).abs()).collect();
    let mean = off.iter().sum::<f64>() / off.len() as f64;
    let rough = match median(off) {
        // More than half are the same number.
        None | Some(0.0) => mean * 1.2533,
        Some(middling) => middling * 1.4826,
    };
    let far = rough * 2.5;
    let mut squares = 0.0;
    for residual in residuals.iter_mut() {
        *residual = (*residual - middle).clamp(-far, far);
        squares += *residual * *residual;
    }
    (squares / residuals.len() as f64).sqrt() / 0.975
}

/// How alike neighbours are, from -1 to 1.
fn autocorrelation(residuals: &[f64]) -> f64 {
    let mean = residuals.iter().sum::<f64>() / residuals.len().max(1) as f64;
    let squares: f64 = residuals.iter().map(|r| (r - mean).powi(2)).sum();
    if squares <= 0.0 {
        return 0.0;
    }
    let products = residuals.windows(2).map(|pair| match pair {
        [a, b] => (a - mean) * (b - mean),
        _ => 0.0,
    });
    products.sum::<f64>() / squares
}
