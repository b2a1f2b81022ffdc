//! The smallest parts of a run, one by one: what an iteration, a sample, a start and a look into a response cost.
//!
//! `cargo bench --bench micro`; compare only figures of one machine.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rhaid::compare::{Labelled, MARGIN, Variation, compare};
use rhaid::data::{Dataset, Dialect, Format, Taken, TurnsOfRun};
use rhaid::executor::{
    Arrivals, ConstantArrivalRate, Executor, Plan, RampingArrivalRate, Share, Stage,
};
use rhaid::jsonpath as json;
use rhaid::metrics::{Builtin, Recorder, Tags};
use rhaid::report::Look;
use rhaid::script::{Program, Sources, convert};
use serde_json::Value;

#[path = "../tests/support/large.rs"]
mod large;
#[path = "../tests/support/made_runs.rs"]
mod made_runs;

/// The program's own allocator: without it, other costs would be measured.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn program(text: &str) -> Program {
    let sources = Sources::from_text(Path::new("micro.rhai"), text);
    Program::compile(&sources, &Arc::default(), &Default::default()).expect("the script is right")
}

fn iterations(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("iteration");
    for (name, text) in [
        ("empty", "fn iteration() {}"),
        (
            "two comparisons",
            r#"
            const SIZE = 34;
            fn iteration() {
                let r = #{ status: 200, size: 34 };
                r.status == 200 && r.size == global::SIZE
            }
            "#,
        ),
    ] {
        let program = program(text);
        group.bench_function(name, |bencher| {
            bencher.iter(|| program.call("iteration", &mut []));
        });
    }
    group.finish();
}

fn samples(criterion: &mut Criterion) {
    let mut recorder = Recorder::new(100);
    let tags = recorder.intern(Tags::new([("scenario".into(), "micro".into())]));
    let trend = recorder.series(Builtin::HttpReqDuration.into(), tags);
    let rate = recorder.series(Builtin::Checks.into(), tags);
    let mut group = criterion.benchmark_group("sample");
    // Durations from 0.1 to 8.5 ms in no order, so that they do not all fall into one bucket.
    let mut spread: u64 = 1;
    group.bench_function("time", |bencher| {
        bencher.iter(|| {
            spread = spread
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            recorder.time(trend, black_box(100_000 + (spread >> 41)));
        });
    });
    group.bench_function("rate", |bencher| {
        bencher.iter(|| recorder.rate(rate, black_box(true)));
    });
    group.bench_function("series look-up", |bencher| {
        bencher.iter(|| recorder.series(black_box(Builtin::HttpReqs.into()), tags));
    });
    group.finish();
}

/// The starts of an open model; those used here have more than a benchmark can take.
fn starts(executor: &dyn Executor, share: &Share) -> Box<dyn Iterator<Item = Duration> + Send> {
    match executor.plan(share) {
        Plan::Arrivals { starts, .. } => starts,
        _ => Box::new(std::iter::empty()),
    }
}

fn schedule_steps(criterion: &mut Criterion) {
    const SECOND: Duration = Duration::from_secs(1);
    const LONG: Duration = Duration::from_secs(1_000 * 86_400);
    let constant = |arrivals| {
        ConstantArrivalRate::new(5_000.0, SECOND, LONG, 10, 10, arrivals).expect("a possible rate")
    };
    let ramp = [Stage {
        duration: LONG,
        target: 10_000.0,
    }];
    let ramping = RampingArrivalRate::new(1_000.0, SECOND, &ramp, 10, 10, Arrivals::Regular)
        .expect("a possible ramp");
    let regular = constant(Arrivals::Regular);
    let poisson = constant(Arrivals::Poisson { seed: 7 });
    let whole = Share::whole();
    let mut group = criterion.benchmark_group("schedule step");
    for (name, executor, share) in [
        ("constant", &regular as &dyn Executor, whole.clone()),
        (
            "constant, one worker of four",
            &regular,
            whole.for_worker(1, 4),
        ),
        ("constant, poisson", &poisson, whole.clone()),
        ("ramping", &ramping, whole),
    ] {
        let mut starts = starts(executor, &share);
        group.bench_function(name, |bencher| {
            bencher.iter(|| starts.next().expect("the plan is longer than this"));
        });
    }
    group.finish();
}

fn json_paths(criterion: &mut Criterion) {
    let rooms: Vec<Value> = (0..20)
        .map(|n| serde_json::json!({ "id": format!("room-{n}"), "rate": 80 + n, "free": n % 2 == 0 }))
        .collect();
    let body = serde_json::json!({ "hotel": { "name": "Alpenblick", "rooms": rooms } }).to_string();
    let value: Value = serde_json::from_str(&body).expect("a document");
    let mut group = criterion.benchmark_group("json path");
    group.bench_function("parsed before", |bencher| {
        bencher.iter(|| {
            json::pick(black_box(&value), black_box("hotel.rooms[7].id"))
                .map(|found| found.map(convert::from_json))
        });
    });
    group.bench_function("several by JSONPath", |bencher| {
        bencher.iter(|| {
            json::query(black_box(&value), black_box("$.hotel.rooms[?@.free].id"))
                .map(|found| found.len())
        });
    });
    // The first look into a response pays for reading all of it.
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function("first look at a response", |bencher| {
        bencher.iter(|| {
            let value: Option<Value> = serde_json::from_slice(black_box(body.as_bytes())).ok();
            value.and_then(|value| {
                json::pick(&value, "hotel.rooms[7].id")
                    .ok()
                    .flatten()
                    .map(convert::from_json)
            })
        });
    });
    group.finish();
}

/// A row by each policy: whose turn it is, and reading it. The large file is one of which only the rows' places are kept.
fn rows(criterion: &mut Criterion) {
    const SMALL: u64 = 10_000;
    const LARGE: u64 = 1_000_000;
    let folder = tempfile::tempdir().expect("a folder");
    let mut group = criterion.benchmark_group("row");
    group.throughput(Throughput::Elements(1));
    for (size, rows) in [("", SMALL), (", large file", LARGE)] {
        let path = folder.path().join(format!("{rows}.csv"));
        let mut text = "id,name,email,city,note\n".to_owned();
        for n in 0..rows {
            text += &format!("{n},\"Person, {n}\",user{n}@example.com,Berlin,{:40}\n", n);
        }
        std::fs::write(&path, text).expect("room on the disk");
        let format = Format::Csv(Dialect::default());
        let set = Dataset::open(&path, "rows", format).expect("a good file");
        let turns = TurnsOfRun::new(&Share::whole(), 7).of(&set);
        let mut spread: u64 = 1;
        let mut random = || {
            spread = spread
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            Taken::Row((spread >> 33) % rows)
        };
        let mut user = 0;
        let mut of_user = || {
            user = (user + 1) % 1_000;
            turns.of_user(user)
        };
        let policies: [(&str, &mut dyn FnMut() -> Taken); 5] = [
            ("next", &mut || turns.next()),
            ("shuffled", &mut || turns.shuffled()),
            ("random", &mut random),
            ("unique, recycled", &mut || turns.recycled()),
            ("unique per user", &mut of_user),
        ];
        for (name, take) in policies {
            group.bench_function(format!("{name}{size}"), |bencher| {
                bencher.iter(|| match take() {
                    Taken::Row(number) => set.row(number),
                    Taken::UsedUp(_) => Ok(None),
                });
            });
        }
    }
    group.finish();
}

/// A call of what is made up or computed, from a script.
fn natives(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("native");
    for call in [
        "fake::name()",
        "fake::person(\"de\")",
        "fake::email(\"fr\")",
        "fake::iban(\"GB\")",
        "fake::sentence()",
        "random::uuid()",
        "crypto::sha256(global::TEXT)",
        "crypto::hmac_sha256(\"secret\", global::TEXT)",
        "crypto::jwt_sign(#{ sub: \"ada\" }, \"secret\")",
        "crypto::random_bytes(16)",
        "encoding::base64(global::TEXT)",
        "regex::find(global::TEXT, `x+$`)",
    ] {
        let text = "x".repeat(1_000);
        let program = program(&format!(
            "const TEXT = \"{text}\";\nfn iteration() {{ {call} }}"
        ));
        group.bench_function(call, |bencher| {
            bencher.iter(|| program.call("iteration", &mut []));
        });
    }
    group.finish();
}

/// A page about an hour's run of a thousand endpoints.
fn reports(criterion: &mut Criterion) {
    let html = rhaid::report::by_name("html").expect("there is one");
    let mut group = criterion.benchmark_group("report");
    group.sample_size(10);
    group.bench_function("html, an hour of 1,000 endpoints", |bencher| {
        // Made here, so that nobody else waits for it.
        let result = large::an_hour_of(1_000);
        bencher.iter(|| html.render(black_box(&result), &Look::default()));
    });
    group.finish();
}

/// A run of a thousand endpoints beside another one.
fn comparisons(criterion: &mut Criterion) {
    let course = made_runs::Course {
        rate: 5_000.0,
        endpoints: 1_000,
        ..made_runs::Course::PLAIN
    };
    let mut group = criterion.benchmark_group("compare");
    group.sample_size(10);
    group.bench_function("1,000 endpoints", |bencher| {
        let (before, after) = (made_runs::run(&course, 1), made_runs::run(&course, 2));
        let labelled = |label, result| Labelled { label, result };
        bencher.iter(|| {
            compare(
                labelled("before", &before),
                labelled("after", &after),
                MARGIN,
                &Variation::default(),
            )
        });
    });
    group.finish();
}

criterion_group!(
    micro,
    iterations,
    samples,
    schedule_steps,
    json_paths,
    rows,
    natives,
    reports,
    comparisons
);
criterion_main!(micro);
