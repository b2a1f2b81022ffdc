//! Made-up runs with seeded noise, to see how often nothing is found where there is nothing, and how soon something where there is.

use super::sample::Sample;
use super::series::{Finding, Kind, News, Series};

/// Numbers that depend on the seed alone, whatever library is in use (xorshift64*).
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn uniform(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        (bits as f64 + 0.5) / (1u64 << 53) as f64
    }

    pub fn normal(&mut self) -> f64 {
        let (u, v) = (self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    pub fn poisson(&mut self, mean: f64) -> u64 {
        // Sums of smaller ones, where the product would vanish.
        if mean > 500.0 {
            return self.poisson(mean / 2.0) + self.poisson(mean / 2.0);
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.uniform(), 0);
        while product > limit {
            product *= self.uniform();
            count += 1;
        }
        count
    }

    pub fn binomial(&mut self, of: u64, share: f64) -> u64 {
        (0..of).filter(|_| self.uniform() < share).count() as u64
    }
}

/// How an endpoint behaves.
#[derive(Clone, Copy)]
pub struct World {
    pub name: &'static str,
    /// Requests a second.
    pub rate: f64,
    /// Whether they come by themselves (Poisson) or by the clock.
    pub random: bool,
    /// Scatter of response times: of their logarithm, or as a fraction of the mean.
    pub scatter: f64,
    pub log_normal: bool,
    /// Share that fails.
    pub failed: f64,
    /// Slow swings of the whole endpoint: their size, and how alike one second is to the next.
    pub swing: f64,
    pub alike: f64,
}

pub const STEADY: World = World {
    name: "log-normal, Poisson",
    rate: 200.0,
    random: true,
    scatter: 0.5,
    log_normal: true,
    failed: 0.01,
    swing: 0.0,
    alike: 0.0,
};

pub const WORLDS: [World; 6] = [
    STEADY,
    World {
        name: "normal, Poisson",
        log_normal: false,
        scatter: 0.2,
        ..STEADY
    },
    World {
        name: "log-normal, by the clock",
        random: false,
        ..STEADY
    },
    World {
        name: "log-normal, 50/s, no failures",
        rate: 50.0,
        failed: 0.0,
        ..STEADY
    },
    World {
        name: "AR(1) 0.3, swings of 5 %",
        swing: 0.05,
        alike: 0.3,
        ..STEADY
    },
    World {
        name: "AR(1) 0.3, swings of 10 %, 5 % fail",
        swing: 0.1,
        alike: 0.3,
        failed: 0.05,
        ..STEADY
    },
];

/// What is done to an endpoint from a second on.
#[derive(Clone, Copy)]
pub struct Done {
    pub from: u64,
    pub until: u64,
    /// Factors.
    pub rate: f64,
    pub time: f64,
    /// Added to the share that fails.
    pub failed: f64,
    /// By how much response times grow each second.
    pub creep: f64,
}

pub const NOTHING: Done = Done {
    from: u64::MAX,
    until: u64::MAX,
    rate: 1.0,
    time: 1.0,
    failed: 0.0,
    creep: 0.0,
};

pub const MEASURES: [&str; 4] = ["rate", "failed", "p50", "p95"];

/// Runs an endpoint for so many seconds; what is found of each measure.
pub fn endpoint(
    world: World,
    done: Done,
    seconds: u64,
    threshold: f64,
    noise: &mut Noise,
) -> Vec<(usize, u64, Finding)> {
    let mut series: Vec<Series> = [0.0, 0.0, 0.5, 0.5].map(Series::new).into();
    let mut found = Vec::new();
    let mut swing = 0.0;
    for second in 0..seconds {
        swing = world.alike * swing + (1.0 - world.alike.powi(2)).sqrt() * noise.normal();
        let factor = (world.swing * swing).exp();
        let is_on = (done.from..done.until).contains(&second);
        let (rate, mut time, failed) = match is_on {
            true => (
                world.rate * done.rate,
                done.time,
                world.failed + done.failed,
            ),
            false => (world.rate, 1.0, world.failed),
        };
        if second >= done.from {
            time *= 1.0 + done.creep * (second - done.from) as f64;
        }
        let count = match world.random {
            true => noise.poisson(rate / factor),
            false => rate as u64,
        };
        let mut times: Vec<f64> = (0..count)
            .map(|_| {
                let off = noise.normal() * world.scatter;
                let own = if world.log_normal {
                    off.exp()
                } else {
                    (1.0 + off).max(0.05)
                };
                50.0 * time * factor * own
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let at = |p: f64| {
            let index = ((times.len() as f64 * p) as usize).min(times.len().saturating_sub(1));
            times.get(index).copied().unwrap_or(0.0)
        };
        let quantile = |p: f64| {
            let half = (p * (1.0 - p) / times.len().max(1) as f64).sqrt();
            Sample::Quantile {
                value: at(p),
                error: (at(p + half) / at(p - half)).ln() / 2.0,
                of: times.len() as u64,
            }
        };
        let hits = noise.binomial(count, failed);
        let samples = [
            Sample::Count {
                events: count as f64,
                exposure: 1.0,
            },
            Sample::Share { hits, of: count },
            quantile(0.5),
            quantile(0.95),
        ];
        for (measure, (series, sample)) in series.iter_mut().zip(samples).enumerate() {
            let mut news = Vec::new();
            let (from, to) = (second as f64, second as f64 + 1.0);
            series.push(from, to, sample, threshold, &mut news);
            found.extend(news.into_iter().filter_map(|news| match news {
                News::Found(finding) => Some((measure, second + 1, finding)),
                _ => None,
            }));
        }
    }
    found
}

/// The kinds of false alarms in so many hours of an endpoint.
pub fn false_alarms(
    world: World,
    endpoints: u64,
    seconds: u64,
    threshold: f64,
    seed: u64,
) -> Vec<(usize, Kind, f64)> {
    (0..endpoints)
        .flat_map(|number| {
            let mut noise = Noise::new(seed * 10_007 + number);
            endpoint(world, NOTHING, seconds, threshold, &mut noise)
        })
        .map(|(measure, _, finding)| (measure, finding.kind, finding.start))
        .collect()
}

/// After how many seconds a step that begins at the hundredth second is found, in each of so many tries; none if not within a minute.
pub fn delays(
    world: World,
    done: Done,
    measure: usize,
    tries: u64,
    threshold: f64,
) -> Vec<Option<u64>> {
    (0..tries)
        .map(|number| {
            let mut noise = Noise::new(77_003 + number);
            let found = endpoint(
                world,
                Done { from: 100, ..done },
                160,
                threshold,
                &mut noise,
            );
            let hit = found.iter().find(|(of, at, finding)| {
                *of == measure && *at > 100 && finding.kind == Kind::Step
            });
            hit.map(|(_, at, _)| at - 100)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::watch::threshold;
    use super::*;

    /// Of a run of twenty endpoints.
    fn of_twenty() -> f64 {
        threshold(80)
    }

    fn forever(done: Done) -> Done {
        Done {
            until: u64::MAX,
            ..done
        }
    }

    #[test]
    fn where_nothing_happens_nothing_is_found() {
        // Cheap enough for every day: less than the hour of twenty endpoints that the guide's table has.
        for world in WORLDS {
            let few = World {
                rate: world.rate.min(60.0),
                ..world
            };
            let found = false_alarms(few, 2, 500, of_twenty(), 21);
            assert!(found.is_empty(), "{}: {found:?}", world.name);
        }
    }

    #[test]
    fn a_step_of_a_fifth_is_found_within_ten_seconds() {
        let slower = forever(Done {
            time: 1.2,
            ..NOTHING
        });
        let more = forever(Done {
            rate: 1.2,
            ..NOTHING
        });
        for (measure, done) in [(0, more), (2, slower)] {
            let delays = delays(STEADY, done, measure, 20, of_twenty());
            let soon = delays.iter().flatten().filter(|delay| **delay <= 10);
            assert!(soon.count() >= 18, "{}: {delays:?}", MEASURES[measure]);
        }
    }

    #[test]
    fn failures_that_begin_are_found() {
        let failing = forever(Done {
            failed: 0.05,
            ..NOTHING
        });
        let delays = delays(STEADY, failing, 1, 10, of_twenty());
        assert!(
            delays
                .iter()
                .flatten()
                .filter(|delay| **delay <= 10)
                .count()
                >= 9,
            "{delays:?}"
        );
    }

    #[test]
    fn a_second_that_is_slow_is_a_spike_and_no_step() {
        let done = Done {
            from: 100,
            until: 101,
            time: 3.0,
            ..NOTHING
        };
        let found = endpoint(STEADY, done, 160, of_twenty(), &mut Noise::new(5));
        let slow: Vec<_> = found.iter().filter(|(measure, ..)| *measure >= 2).collect();
        assert_eq!(slow.len(), 2, "{found:?}");
        for (_, _, finding) in slow {
            assert_eq!(
                (finding.kind, finding.start),
                (Kind::Spike, 100.0),
                "{finding:?}"
            );
        }
    }

    #[test]
    fn what_creeps_is_a_drift() {
        let done = forever(Done {
            from: 100,
            creep: 0.0007,
            ..NOTHING
        });
        let world = World {
            rate: 60.0,
            ..STEADY
        };
        let found = endpoint(world, done, 700, of_twenty(), &mut Noise::new(5));
        let drifts = found.iter().filter(|(measure, _, finding)| {
            *measure == 2 && finding.kind == Kind::Drift && finding.after > finding.before
        });
        assert_eq!(drifts.count(), 1, "{found:?}");
    }

    /// The tables of docs/anomalies.md, with what is promised. It takes minutes:
    /// `cargo nextest run --release --lib --run-ignored only --no-capture -E 'test(the_tables_of_the_guide)'`
    #[test]
    #[ignore = "it takes minutes"]
    fn the_tables_of_the_guide() {
        const SEEDS: [u64; 3] = [11, 12, 13];
        for world in WORLDS {
            let alarms = SEEDS.map(|seed| false_alarms(world, 20, 3_600, of_twenty(), seed).len());
            let an_hour = alarms.iter().sum::<usize>() as f64 / SEEDS.len() as f64;
            println!("| {} | {an_hour:.1} |", world.name);
            assert!(an_hour < 1.0, "{}: {alarms:?}", world.name);
        }
        for world in WORLDS {
            let cells = [
                (
                    0,
                    Done {
                        rate: 1.2,
                        ..NOTHING
                    },
                ),
                (
                    0,
                    Done {
                        rate: 0.8,
                        ..NOTHING
                    },
                ),
                (
                    2,
                    Done {
                        time: 1.2,
                        ..NOTHING
                    },
                ),
                (
                    2,
                    Done {
                        time: 0.8,
                        ..NOTHING
                    },
                ),
                (
                    3,
                    Done {
                        time: 1.2,
                        ..NOTHING
                    },
                ),
                (
                    1,
                    Done {
                        failed: 0.05,
                        ..NOTHING
                    },
                ),
            ]
            .map(|(measure, done)| {
                let delays = delays(world, forever(done), measure, 200, of_twenty());
                let soon = delays
                    .iter()
                    .flatten()
                    .filter(|delay| **delay <= 10)
                    .count();
                format!(" {} % ", soon / 2)
            });
            println!("| {} |{}|", world.name, cells.join("|"));
        }
    }
}
