//! Properties that hold for every executor: however a plan is split between machines and workers, the parts
//! add up to the whole.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// Sequences of up to seven segments with denominators up to 12.
pub fn sequences() -> impl Strategy<Value = ExecutionSegmentSequence> {
    prop::collection::vec((1u64..12, 2u64..=12), 0..6).prop_map(|cuts| {
        let inner = cuts.into_iter().filter(|(numer, denom)| numer < denom);
        let points: BTreeSet<Fraction> = inner
            .filter_map(|(numer, denom)| Fraction::new(numer, denom))
            .chain([Fraction::ZERO, Fraction::ONE])
            .collect();
        ExecutionSegmentSequence::new(points.into_iter().collect()).unwrap()
    })
}

/// The shares of all segments of a sequence.
pub fn shares(sequence: &ExecutionSegmentSequence) -> Vec<Share> {
    let of = |segment| Share::of(&segment, Some(sequence)).unwrap();
    sequence.segments().map(of).collect()
}

/// The shares of all workers of all segments.
fn workers(sequence: &ExecutionSegmentSequence, workers: u32) -> Vec<Share> {
    let split = |share: Share| (0..workers).map(move |worker| share.for_worker(worker, workers));
    shares(sequence).into_iter().flat_map(split).collect()
}

fn closed() -> impl Strategy<Value = Box<dyn Executor>> {
    let length = || (1u64..5_000).prop_map(Duration::from_millis);
    let stage = (0u64..4, 0u32..40).prop_map(|(quarters, target)| Stage {
        duration: Duration::from_nanos(quarters * 250_000_007),
        target,
    });
    prop_oneof![
        (1u32..40, length()).prop_map(|(vus, duration)| boxed(ConstantVus::new(vus, duration))),
        (1u32..40, 1u64..9, length())
            .prop_map(|(vus, each, max)| boxed(PerVuIterations::new(vus, each, max))),
        (1u32..40, 0u64..200, length()).prop_map(|(vus, more, max)| {
            boxed(SharedIterations::new(vus, u64::from(vus) + more, max))
        }),
        (1u32..20, prop::collection::vec(stage, 1..6)).prop_map(|(start, mut stages)| {
            stages.push(Stage {
                duration: Duration::from_secs(1),
                target: 3,
            });
            boxed(RampingVus::new(start, stages))
        }),
    ]
}

fn arrivals() -> impl Strategy<Value = Arrivals> {
    prop_oneof![
        Just(Arrivals::Regular),
        any::<u64>().prop_map(|seed| Arrivals::Poisson { seed })
    ]
}

fn rate_stages() -> impl Strategy<Value = Vec<Stage<f64>>> {
    let target = prop_oneof![Just(0.0), 0.0f64..50.0, (0u32..50).prop_map(f64::from)];
    let stage = (0u64..5_000, target).prop_map(|(millis, target)| Stage {
        duration: Duration::from_millis(millis / 7 * 7 % 4_000),
        target,
    });
    prop::collection::vec(stage, 1..6).prop_map(|mut stages| {
        stages.push(Stage {
            duration: Duration::from_secs(1),
            target: 1.5,
        });
        stages
    })
}

fn open() -> impl Strategy<Value = Box<dyn Executor>> {
    let unit = || {
        prop_oneof![
            Just(Duration::from_secs(1)),
            Just(Duration::from_millis(300))
        ]
    };
    prop_oneof![
        (0.01f64..60.0, unit(), 1u64..9_000, 0u32..9, arrivals()).prop_map(
            |(rate, unit, millis, vus, arrivals)| {
                let duration = Duration::from_millis(millis);
                boxed(ConstantArrivalRate::new(
                    rate,
                    unit,
                    duration,
                    vus,
                    vus + 7,
                    arrivals,
                ))
            }
        ),
        (0.0f64..60.0, unit(), rate_stages(), 0u32..9, arrivals()).prop_map(
            |(start, unit, stages, vus, arrivals)| {
                boxed(RampingArrivalRate::new(
                    start,
                    unit,
                    &stages,
                    vus,
                    vus + 7,
                    arrivals,
                ))
            }
        ),
    ]
}

fn boxed<E: Executor + 'static>(executor: Result<E, PlanError>) -> Box<dyn Executor> {
    Box::new(executor.unwrap())
}

fn looping_plan(executor: &dyn Executor, share: &Share) -> (Vec<VuStep>, Budget) {
    match executor.plan(share) {
        Plan::Looping { steps, budget } => (steps.collect(), budget),
        _ => panic!("not a closed model"),
    }
}

fn arrival_plan(executor: &dyn Executor, share: &Share) -> (Vec<Duration>, u32, u32) {
    match executor.plan(share) {
        Plan::Arrivals {
            starts,
            pre_allocated_vus,
            max_vus,
        } => (starts.collect(), pre_allocated_vus, max_vus),
        _ => panic!("not an open model"),
    }
}

/// The count in force at an instant.
fn vus_at(steps: &[VuStep], at: Duration) -> u32 {
    let passed = steps.partition_point(|step| step.at <= at);
    steps[passed - 1].vus
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn owning_counting_and_numbering_agree(sequence in sequences(), workers_each in 1u32..5) {
        for share in workers(&sequence, workers_each) {
            let mut seen = 0;
            for n in 0..200 {
                prop_assert_eq!(share.count(n), seen);
                if share.owns(n) {
                    prop_assert_eq!(share.nth(seen), n);
                    seen += 1;
                }
            }
        }
    }

    #[test]
    fn every_item_has_exactly_one_owner(sequence in sequences(), workers_each in 1u32..5, n in any::<u64>()) {
        let all = workers(&sequence, workers_each);
        prop_assert_eq!(all.iter().filter(|share| share.owns(n)).count(), 1);
        let total: u128 = all.iter().map(|share| u128::from(share.count(n))).sum();
        prop_assert_eq!(total, u128::from(n));
    }

    #[test]
    fn vus_of_all_shares_add_up_to_the_plan_at_every_time(
        executor in closed(), sequence in sequences(), workers_each in 1u32..4,
    ) {
        let (whole, _) = looping_plan(&*executor, &Share::whole());
        let parts: Vec<Vec<VuStep>> = workers(&sequence, workers_each)
            .iter()
            .map(|share| looping_plan(&*executor, share).0)
            .collect();
        for steps in parts.iter().chain([&whole]) {
            prop_assert_eq!(steps[0].at, Duration::ZERO);
            prop_assert!(steps.is_sorted_by(|a, b| a.at < b.at && a.vus != b.vus));
        }
        let nanosecond = Duration::from_nanos(1);
        let times = parts.iter().flatten().chain(&whole).map(|step| step.at);
        for at in times.flat_map(|at| [at.saturating_sub(nanosecond), at, at + nanosecond]) {
            let sum: u32 = parts.iter().map(|steps| vus_at(steps, at)).sum();
            prop_assert_eq!(Some(sum), executor.planned_vus(at));
            prop_assert_eq!(sum, vus_at(&whole, at));
            prop_assert!(sum <= executor.max_vus());
        }
    }

    #[test]
    fn budgets_of_all_segments_add_up_and_none_is_left_without_vus(
        vus in 1u32..40, more in 0u64..200, sequence in sequences(),
    ) {
        let iterations = u64::from(vus) + more;
        let executor = SharedIterations::new(vus, iterations, DEFAULT_MAX_DURATION).unwrap();
        let mut sum = 0;
        for share in shares(&sequence) {
            let (steps, budget) = looping_plan(&executor, &share);
            let Budget::Shared(own) = budget else { panic!("not shared") };
            prop_assert!(own == 0 || steps[0].vus > 0);
            prop_assert_eq!(looping_plan(&executor, &share.for_worker(1, 2)).1, budget);
            sum += own;
        }
        prop_assert_eq!(sum, iterations);
    }

    #[test]
    fn arrivals_of_all_shares_are_those_of_the_plan(
        executor in open(), sequence in sequences(), workers_each in 1u32..4,
    ) {
        let (whole, whole_pre_allocated, whole_max) = arrival_plan(&*executor, &Share::whole());
        let (mut together, mut pre_allocated, mut max) = (Vec::new(), 0, 0);
        for share in workers(&sequence, workers_each) {
            let (starts, own_pre_allocated, own_max) = arrival_plan(&*executor, &share);
            prop_assert!(starts.is_sorted());
            prop_assert!(own_pre_allocated <= own_max);
            together.extend(starts);
            pre_allocated += own_pre_allocated;
            max += own_max;
        }
        together.sort();
        prop_assert_eq!(&together, &whole);
        prop_assert_eq!((pre_allocated, max), (whole_pre_allocated, whole_max));
        prop_assert_eq!(max, executor.max_vus());
        if let Some(count) = executor.planned_iterations() {
            prop_assert_eq!(whole.len() as u64, count);
        }
        prop_assert!(whole.last().is_none_or(|last| Some(*last) <= executor.duration()));
    }

    #[test]
    fn the_number_of_arrivals_is_the_integral_of_the_rate(start in 0.0f64..60.0, stages in rate_stages()) {
        let second = Duration::from_secs(1);
        let executor = RampingArrivalRate::new(start, second, &stages, 1, 1, Arrivals::Regular).unwrap();
        let (starts, ..) = arrival_plan(&executor, &Share::whole());
        let mut from = start;
        let mut integral = 0.0;
        for stage in &stages {
            integral += (from + stage.target) / 2.0 * stage.duration.as_secs_f64();
            from = stage.target;
        }
        let count = starts.len() as f64;
        prop_assert!(count <= integral + 1e-9 && count > integral - 1.0 - 1e-9, "{count} of {integral}");
    }

    #[test]
    fn starts_of_a_ramp_lie_where_the_integral_reaches_them(start in 0.0f64..60.0, stages in rate_stages()) {
        let second = Duration::from_secs(1);
        let executor = RampingArrivalRate::new(start, second, &stages, 1, 1, Arrivals::Regular).unwrap();
        for (index, at) in arrival_plan(&executor, &Share::whole()).0.into_iter().enumerate() {
            let (mut from, mut left, mut integral) = (start, at.as_secs_f64(), 0.0);
            for stage in &stages {
                let length = stage.duration.as_secs_f64();
                let part = left.min(length);
                if length > 0.0 {
                    let rate = from + (stage.target - from) * part / length;
                    integral += (from + rate) / 2.0 * part;
                }
                left -= part;
                from = stage.target;
            }
            prop_assert!((integral - (index + 1) as f64).abs() < 1e-6, "{} at {at:?}", index + 1);
        }
    }
}
