//! Every script in the guide is right, and those marked `run` do what they say.
//!
//! The words after ```` ```rhai ````:
//!
//! - none: a whole script; it is checked;
//! - `run`: a whole script; it is also run against the demo target, its plan shortened a hundredfold, and must
//!   pass, or end with the code that `exit=N` names. Further words are arguments;
//! - `inside`: statements of a function, `top`: statements before the functions, `options`: entries of `options`;
//! - `file=NAME`: a file that the page's later scripts import; it is checked if it has `options` or tests, and run as well after
//!   the word `run`;
//! - `wrong`: a script that must be refused; a block of text after it shows the message.

use std::time::Duration;

use crate::docs::pages::{self, Block, Page};
use crate::support::bin::{Output, Rhaid};

const BINARY: &str = env!("CARGO_BIN_EXE_rhaid");

/// A block as the script that is tested.
struct Example {
    place: String,
    script: String,
    run: Option<Run>,
    wrong: bool,
}

struct Run {
    arguments: Vec<String>,
    code: i32,
}

fn example(block: &Block) -> Option<Example> {
    let mut kind = "";
    let mut code = 0;
    let mut arguments = Vec::new();
    for word in &block.words {
        match word.as_str() {
            "run" | "inside" | "top" | "options" | "wrong" => kind = word,
            word if word.starts_with("file=") => {
                if kind != "run" {
                    return None;
                }
            }
            word => match word.strip_prefix("exit=") {
                Some(expected) => code = expected.parse().unwrap(),
                None if kind == "run" => arguments.push(word.to_owned()),
                None => panic!("{}: `{word}` means nothing here", block.place()),
            },
        }
    }
    let text = &block.text;
    // What stands inside a function speaks of what the functions of real scripts have.
    let script = match kind {
        "inside" => format!("const BASE = \"\";\nfn iteration(ctx) {{\n{text}}}\n"),
        "top" => format!("{text}fn iteration() {{}}\n"),
        "options" => {
            format!(
                "import \"std/slo\" as slo;\nexport const options = #{{\n{text}}};\nfn iteration() {{}}\n"
            )
        }
        _ => text.clone(),
    };
    Some(Example {
        place: block.place(),
        script,
        run: (kind == "run").then_some(Run { arguments, code }),
        wrong: kind == "wrong",
    })
}

/// The name of the file that a block is, if it is one.
fn file(block: &Block) -> Option<&str> {
    block
        .words
        .iter()
        .find_map(|word| word.strip_prefix("file="))
}

/// A call of the binary with the page's importable files in its folder.
fn rhaid(page: &Page) -> Rhaid {
    let mut rhaid = Rhaid::at(BINARY).env("BASE_URL", "http://127.0.0.1:1");
    for block in page.blocks() {
        if let Some(name) = file(&block) {
            rhaid = rhaid.file(name, &block.text);
        }
    }
    rhaid
}

fn examples(page: &Page) -> Vec<Example> {
    page.blocks()
        .iter()
        .filter(|block| block.language == "rhai")
        .filter_map(example)
        .collect()
}

/// Checks all whole scripts of a page that are right, those in files of their own too; gives how many there are.
fn check_all(page: &Page) -> Option<(Output, usize)> {
    let mut call = rhaid(page).args(["check", "--quiet"]);
    let mut scripts = 0;
    for example in examples(page) {
        if !example.wrong {
            // The file's name says where in the guide it is.
            let name = format!("{}.rhai", example.place.replace(['/', ':'], "-"));
            call = call.file(&name, &example.script).arg(name);
            scripts += 1;
        }
    }
    for block in page.blocks() {
        if let Some(name) = file(&block)
            && (name.ends_with("_test.rhai") || block.text.contains("export const options"))
        {
            call = call.arg(name);
            scripts += 1;
        }
    }
    (scripts > 0).then(|| (call.run(), scripts))
}

#[track_caller]
fn run_all(page: &Page) {
    let wanted = examples(page)
        .into_iter()
        .filter_map(|example| Some((example.place, example.script, example.run?)));
    // A few at once: their time is mostly waiting.
    let mut running = std::collections::VecDeque::new();
    let end = |(place, code, process): (String, i32, crate::support::bin::Running)| {
        let output: Output = process.wait();
        assert_eq!(output.code, code, "{place}\n{output}");
    };
    for (place, script, run) in wanted {
        let process = rhaid(page)
            .script(&script)
            .args(["--demo", "--scale", "0.01", "--workers", "1"])
            .args(&run.arguments)
            .timeout(Duration::from_secs(60))
            .spawn();
        running.push_back((place, run.code, process));
        if running.len() >= 4 {
            end(running.pop_front().unwrap());
        }
    }
    running.into_iter().for_each(end);
}

#[test]
fn every_script_in_the_guide_is_right() {
    let mut checked = 0;
    for page in pages::all() {
        if let Some((output, scripts)) = check_all(&page) {
            output.expect_code(0);
            checked += scripts;
        }
    }
    assert!(checked > 20, "only {checked} scripts were found");
}

/// What is there to be copied is a model: no advice is needed.
#[test]
fn the_recipes_are_right_without_a_warning() {
    let pages = pages::all();
    let recipes = pages.iter().find(|page| page.name == "docs/recipes.md");
    let (output, scripts) = check_all(recipes.unwrap()).unwrap();
    assert_eq!((output.code, output.stderr.as_str()), (0, ""), "{output}");
    assert!(scripts > 20, "only {scripts} recipes were found");
}

#[test]
fn every_script_shown_as_wrong_is_refused_with_the_message_shown() {
    let mut seen = 0;
    for page in pages::all() {
        let blocks = page.blocks();
        for pair in blocks.windows(2) {
            let Some(example) = (pair[0].language == "rhai")
                .then(|| example(&pair[0]))
                .flatten()
            else {
                continue;
            };
            if !example.wrong {
                continue;
            }
            let output = rhaid(&page)
                .file("journey.rhai", &example.script)
                .args(["check", "journey.rhai"])
                .run();
            output.expect_code(65);
            assert_eq!(
                output.stderr.trim(),
                pair[1].text.trim(),
                "{}",
                example.place
            );
            seen += 1;
        }
    }
    assert!(seen > 0);
}

/// One test for each page, so that they run side by side.
macro_rules! pages_that_run {
    ($($test:ident: $page:literal,)*) => {
        const WITH_TESTS: &[&str] = &[$($page),*];
        $(
            #[test]
            fn $test() {
                let pages = pages::all();
                run_all(pages.iter().find(|page| page.name == $page).unwrap());
            }
        )*
    };
}

pages_that_run! {
    the_readmes_examples_run: "README.md",
    the_first_steps_run: "docs/getting-started.md",
    the_first_journey_runs: "docs/first-journey.md",
    the_examples_of_scripting_run: "docs/scripting.md",
    the_examples_of_executors_run: "docs/executors.md",
    the_examples_of_options_run: "docs/options.md",
    the_examples_of_data_run: "docs/data.md",
    the_examples_of_http_run: "docs/http.md",
    the_examples_of_tracing_run: "docs/tracing.md",
    the_examples_of_webhooks_run: "docs/webhooks.md",
    the_examples_of_objectives_run: "docs/slos.md",
    the_recipes_run: "docs/recipes.md",
    the_examples_of_faults_run: "docs/chaos.md",
    the_examples_of_watching_run: "docs/observability.md",
    the_examples_of_results_run: "docs/results.md",
    the_examples_of_the_standard_library_run: "docs/stdlib.md",
    the_examples_of_converting_run: "docs/convert.md",
    the_examples_for_pipelines_run: "docs/ci.md",
    the_examples_for_k6_users_run: "docs/from-k6.md",
}

#[test]
fn no_page_has_an_example_that_is_never_run() {
    for page in pages::all() {
        let runs = examples(&page).iter().any(|example| example.run.is_some());
        assert_eq!(
            runs,
            WITH_TESTS.contains(&page.name.as_str()),
            "{}: list it in `pages_that_run` if it has examples to run",
            page.name
        );
    }
}

#[test]
fn every_test_in_the_guide_passes() {
    let mut seen = 0;
    for page in pages::all() {
        let holds_tests = |word: &String| word.starts_with("file=") && word.ends_with("_test.rhai");
        if page
            .blocks()
            .iter()
            .any(|block| block.words.iter().any(holds_tests))
        {
            let output = rhaid(&page).arg("test").run();
            assert_eq!(output.code, 0, "{}\n{output}", page.name);
            seen += 1;
        }
    }
    assert!(seen > 0, "no page has a test");
}
