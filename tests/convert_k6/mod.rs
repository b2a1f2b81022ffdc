//! `rhaid convert k6`: what comes of scripts in the style of k6's guide, and of what is none.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::bin::{Output, Rhaid};
use crate::support::golden;

/// Each script, and the exit code of its run against the demo target; none for those with another target.
const SCRIPTS: [(&str, Option<i32>); 12] = [
    ("basic.js", Some(0)),
    ("batch.js", Some(0)),
    ("data.js", Some(0)),
    ("files.js", Some(0)),
    ("html.js", None),
    ("language.js", Some(0)),
    // What could not be translated fails one of its two checks, as it should.
    ("left.js", Some(1)),
    ("metrics.js", Some(0)),
    ("modules.js", Some(0)),
    // All sorts of things at once, most of which cannot be translated.
    ("odd.js", None),
    ("scenarios.js", Some(0)),
    ("typed.ts", Some(0)),
];

fn rhaid() -> Rhaid {
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/convert/k6")
}

/// Converts a source in a folder of its own.
fn convert(name: &str, source: &str) -> Output {
    rhaid()
        .file(name, source)
        .args(["convert", "k6", name])
        .run()
}

#[test]
fn scripts_become_what_they_were_and_run() {
    let out = tempfile::tempdir().unwrap();
    for data in ["guests.csv", "rooms.json", "room.png"] {
        std::fs::copy(folder().join(data), out.path().join(data)).unwrap();
    }
    let mut running = Vec::new();
    for (name, code) in SCRIPTS {
        let stem = name.split('.').next().unwrap();
        let script = out.path().join(format!("{stem}.rhai"));
        // The script is checked, too: it would end with 65.
        let converted = rhaid()
            .args(["convert", "k6"])
            .arg(folder().join(name))
            .arg("-o")
            .arg(&script)
            .run();
        converted.expect_code(0);
        let report: Vec<&str> = converted
            .stderr
            .lines()
            .filter(|line| line.starts_with("  "))
            .collect();
        let text = std::fs::read_to_string(&script).unwrap();
        golden::hold(
            "convert_k6",
            stem,
            &format!("{text}\n---\n{}\n", report.join("\n")),
        );
        if let Some(code) = code {
            let run = rhaid()
                .arg("run")
                .arg(&script)
                .args(["--demo", "--workers", "1"])
                .spawn();
            running.push((name, code, run));
        }
    }
    let module = std::fs::read_to_string(out.path().join("lib/hotel.rhai")).unwrap();
    golden::hold("convert_k6", "lib_hotel", &module);
    for (name, code, process) in running {
        let output = process.wait();
        assert_eq!(output.code, code, "{name}: {output}");
        let result = output.expect_result();
        let errors = result["errors"].as_array().unwrap();
        // A refusal that a script asks for is one of the kind `http`.
        let thrown = errors.iter().filter(|error| error["kind"] != "http");
        assert_eq!(thrown.count(), 0, "{name}: {output}");
    }
}

#[test]
fn what_is_there_is_not_written_over() {
    let output = rhaid()
        .file("a.js", "export default function () {}")
        .file("a.rhai", "mine")
        .args(["convert", "k6", "a.js", "-o", "a.rhai"])
        .run();
    output.expect_code(74);
}

#[test]
fn a_mistake_is_shown_with_its_place() {
    let output = convert("bad.js", "const a = 1;\nconst b = ;\n");
    output.expect_code(65);
    for part in ["bad.js:2:11", "const b = ;", "^"] {
        assert!(output.stderr.contains(part), "{part}: {output}");
    }
    convert("empty.js", " \n").expect_code(65);
    rhaid()
        .args(["convert", "k6", "none.js"])
        .run()
        .expect_code(66);
    rhaid()
        .file("bytes.js", [0xff, 0xfe, 0x00])
        .args(["convert", "k6", "bytes.js"])
        .run()
        .expect_code(65);
}

#[test]
fn a_source_without_a_test_is_still_a_script() {
    let output = convert("only.js", "// a comment\n");
    output.expect_code(0);
    assert!(output.stdout.contains("fn iteration() {}"), "{output}");
}

#[test]
fn nesting_has_an_end() {
    for deep in ["(", "[", "!", "x=>", "a?b:", "if(a)", "{"] {
        let output = convert("deep.js", &deep.repeat(200_000));
        output.expect_code(65);
        assert!(output.stderr.contains("levels deep"), "{output}");
    }
    // What the parser can hold and Rhai cannot is left.
    let source = format!(
        "export default function () {{ let x = {}{}; let y = {}1; {}{} }}",
        "[".repeat(2_000),
        "]".repeat(2_000),
        "!".repeat(2_000),
        "if (x) {".repeat(2_000),
        "}".repeat(2_000)
    );
    let output = convert("deep.js", &source);
    output.expect_code(0);
    assert!(output.stderr.contains("nests too deeply"), "{output}");
    // A long sum is no deep one.
    let sum = vec!["'x'"; 1_000].join(" + ");
    convert(
        "sum.js",
        &format!("export default function () {{ return {sum}; }}"),
    )
    .expect_code(0);
}

#[test]
fn modules_that_import_each_other_have_an_end() {
    let output = rhaid()
        .file("a.js", "import { b } from './b.js'; export function a() { b(); } export default function () { a(); }")
        .file("b.js", "import { a } from './a.js'; export function b() { return 1; }")
        .args(["convert", "k6", "a.js", "-o", "out/a.rhai"])
        .run();
    output.expect_code(0);
}

#[test]
fn a_bundle_takes_seconds() {
    let unit = "function f(e,t){var n=e.a,r=t||{};for(var o=0;o<n.length;o++){r[n[o]]=function(a){return a?a+o:void 0}(e)}return typeof e=='string'?e:r}!function(e){e.q=class{constructor(){this.a=1}}}(this);";
    let mut source = unit.repeat(2_000_000 / unit.len());
    source.push_str("export default function(){f({a:[]},{})}");
    let start = Instant::now();
    let output = rhaid()
        .timeout(Duration::from_secs(120))
        .file("bundle.js", &source)
        .args(["convert", "k6", "bundle.js", "-o", "bundle.rhai"])
        .run();
    output.expect_code(0);
    assert!(output.stderr.contains("more, each with a TODO"), "{output}");
    assert!(
        start.elapsed() < Duration::from_secs(100),
        "{:?}",
        start.elapsed()
    );
}

/// `open` reads texts and bytes wherever it stands.
#[test]
fn files_are_opened() {
    let output = convert(
        "open.js",
        "const text = open('./a.txt');\nexport default function () {\n  console.log(text.length);\n  console.log(open('b.bin', 'b').length);\n}\n",
    );
    output.expect_code(0);
    assert!(
        output.stdout.contains("open(\"a.txt\")"),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.contains("open(\"b.bin\", \"b\")"),
        "{}",
        output.stdout
    );
}

/// Nothing outside the project is read, and nothing is written outside the folder of the script.
#[test]
fn modules_stay_where_they_are() {
    let source =
        "import { id } from '../lib.js';\nexport default function () { console.log(id()); }\n";
    let module = "export function id() { return 'from-above'; }\n";
    let convert = |rhaid: Rhaid, out: &str| {
        rhaid
            .file("lib.js", module)
            .file("in/main.js", source)
            .file("deep/out/empty", "")
            .args(["convert", "k6", "in/main.js", "-o", out])
            .run()
    };
    let outside = convert(rhaid(), "deep/out/main.rhai");
    assert!(!outside.path("deep/lib.rhai").exists());
    assert!(outside.stderr.contains("rhaid.toml"), "{}", outside.stderr);
    // One project: the module is read, but not written beside another.
    let refused = convert(
        rhaid()
            .file("rhaid.toml", "")
            .file("deep/out/rhaid.toml", ""),
        "deep/out/main.rhai",
    );
    refused.expect_code(74);
    assert!(!refused.path("deep/lib.rhai").exists());
    assert!(!refused.path("deep/out/main.rhai").exists());
    assert!(
        refused.stderr.contains("lies outside"),
        "{}",
        refused.stderr
    );
    let project = convert(rhaid().file("rhaid.toml", ""), "deep/out/main.rhai");
    project.expect_code(0);
    assert!(project.path("deep/lib.rhai").exists());
}

/// Lists that are put in order where they stand, and numbers that are read out of texts.
#[test]
fn lists_and_numbers_are_what_they_are_in_javascript() {
    let source = r#"
import http from 'k6/http';
import { check } from 'k6';
export const options = {
  vus: parseInt(__ENV.NO_SUCH_VUS) || 1, iterations: 1,
  thresholds: { checks: ['rate==1'] },
};
const rows = ['b', 'c', 'a'];
export default function () {
  const list = [10, 9, 1.5, 2];
  list.sort((a, b) => a - b);
  const texts = [10, 9, 'b', 'a'];
  texts.sort();
  const held = { rows: [1, 2, 3] };
  held.rows.reverse();
  rows.sort((a, b) => (a < b ? -1 : 1));
  rows.reverse();
  const drawn = [1, 2, 3, 4];
  drawn.sort(() => Math.random() - 0.5);
  const res = http.get(`${__ENV.BASE_URL}/api/v1/pms/availability?nights=2`);
  check(res, {
    'in order': () => list.join(' ') === '1.5 2 9 10',
    'as texts': () => texts.join(' ') === '10 9 a b',
    'from the end': () => held.rows.join(' ') === '3 2 1',
    'of the top level': () => rows.join(' ') === 'c b a',
    'shuffled': () => drawn.length === 4 && drawn.includes(3),
    'begins with digits': () => parseInt('12abc') === 12 && parseInt(' -7 ') === -7,
    'has a fraction': () => parseInt('5.7') === 5 && parseInt(5.7) === 5,
    'is none': () => (parseInt('x') || 3) === 3 && (parseInt(undefined, 10) || 4) === 4,
    'of another base': () => parseInt('ff', 16) === 255 && parseInt('0x10', 16) === 16,
    'counted': (r) => r.json('rooms.#') > 0 && r.json('no.such.list.#') === 0,
    'of each': (r) => r.json('rooms.#.id').length === r.json('rooms').length,
  });
}
"#;
    let output = rhaid()
        .file("a.js", source)
        .args(["convert", "k6", "a.js", "-o", "a.rhai"])
        .run();
    output.expect_code(0);
    assert!(!output.stderr.contains("left out"), "{output}");
    let script = std::fs::read_to_string(output.path("a.rhai")).unwrap();
    assert!(
        script.contains("vus: parse_int(env(\"NO_SUCH_VUS\", \"1\"))"),
        "{script}"
    );
    let run = rhaid()
        .script(&script)
        .args(["--demo", "--workers", "1"])
        .run();
    run.expect_code(0);
    let errors = &run.expect_result()["errors"];
    assert_eq!(errors.as_array().map(Vec::len), Some(0), "{run}\n{script}");
}

#[test]
fn what_is_nested_is_indented() {
    let output = convert(
        "a.js",
        "import http from 'k6/http';\nexport default function () {\n  http.get('http://h.test/', { headers: { 'x-a-long-name-of-a-header': 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'x-another-long-name': 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' } });\n}\n",
    );
    output.expect_code(0);
    assert!(
        output
            .stdout
            .contains("        headers: #{\n            \"x-a-long-name-of-a-header\": "),
        "{}",
        output.stdout
    );
}
