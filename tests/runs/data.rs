//! `data`: rows of files, shared by all virtual users, workers and machines of a run.

use std::collections::BTreeSet;

use crate::support::bin::Rhaid;
use crate::support::reading::{Reading, run_of};

fn numbers(count: usize) -> String {
    let rows: String = (0..count).map(|n| format!("{n}\n")).collect();
    format!("n\n{rows}")
}

/// Logs the rows that ten users on two workers get by this expression, each twice.
fn rows_of(expression: &str, rows: usize) -> Rhaid {
    run_of(&format!(
        r#"
        const ROWS = data::csv("data/rows.csv");
        export const options = #{{ scenarios: #{{
            all: #{{ executor: "per-vu-iterations", vus: 10, iterations: 2 }},
        }} }};
        fn iteration(ctx) {{ let row = {expression}; log::info(row.n); sleep(0.01); }}
        "#
    ))
    .file("data/rows.csv", numbers(rows))
    .args(["--workers", "2", "--seed", "7"])
}

#[test]
fn rows_are_maps_lists_and_values_as_the_file_has_them() {
    run_of(
        r#"
        const USERS = data::csv("users.csv");
        const PLAIN = data::csv("plain.csv", #{ delimiter: ";", columns: ["user", "age"] });
        const ROOMS = data::json("rooms.json");
        const WORDS = data::jsonl("words.jsonl");
        fn iteration() {
            check(global::USERS.len == 2 && global::USERS[1].name == "Grace, Admiral", "csv");
            check(global::USERS[-2] == #{ name: "Ada", note: "" }, "from the end");
            check(global::PLAIN[0] == #{ user: "ada", age: "36" }, "columns named by the script");
            check(global::ROOMS[1].beds == [1, 2] && global::ROOMS[2] == 7, "json");
            check(global::WORDS.next() == "one" && global::WORDS.next() == #{ two: 2 }, "jsonl");
            check(data::jsonl("words.jsonl").next() == "one", "the same file is the same rows");
        }
        "#,
    )
    .file(
        "users.csv",
        "\u{feff}name,note\r\nAda,\r\n\"Grace, Admiral\",x\r\n",
    )
    .file("plain.csv", "ada;36\n")
    .file("rooms.json", r#"[ {"beds": []}, {"beds": [1, 2]}, 7 ]"#)
    .file("words.jsonl", "\"one\"\n{\"two\": 2}\n")
    .run()
    .expect_code(0)
    .checks()
    .into_iter()
    .for_each(|(name, counts)| assert_eq!(counts, (1, 0), "{name}"));
}

#[test]
fn a_file_is_opened_as_text_or_bytes_anywhere_in_the_script() {
    run_of(
        r#"
        import "lib/words" as words;
        const TEXT = open("a.txt");
        const LIST = parse_json(open("list.json"));
        fn setup() { check(open("a.txt") == "héllo\n", "in setup"); }
        fn iteration() {
            check(global::TEXT == "héllo\n" && global::TEXT == open("a.txt"), "text without its mark");
            check(global::LIST == [1, 2], "json");
            check(open("a.txt", "b").len == 10 && open("raw", "b")[1] == 0xff, "bytes");
            check(words::hello() == "héllo\n", "from a module, found from the script");
            let caught = "";
            try { open("raw"); } catch (error) { caught = error; }
            check(caught.contains("this is not UTF-8 text") && caught.contains(`open("raw", "b")`), "no text");
        }
        "#,
    )
    .file("a.txt", "\u{feff}héllo\n")
    .file("list.json", "[1, 2]")
    .file("raw", b"\x00\xff")
    .file("lib/words.rhai", "fn hello() { open(\"a.txt\") }")
    .run()
    .expect_code(0)
    .checks()
    .into_iter()
    .for_each(|(name, counts)| assert_eq!(counts, (1, 0), "{name}"));
}

#[test]
fn columns_are_what_the_script_says() {
    run_of(
        r#"
        const TYPES = #{ age: "int", rate: "float", vip: "bool" };
        const ROWS = data::csv("rows.csv", #{ delimiter: ";", types: TYPES });
        fn iteration() {
            check(global::ROWS[0] == #{ id: "007", age: 36, rate: 1.5, vip: true }, "values");
            check(global::ROWS[1] == #{ id: "", age: (), rate: (), vip: () }, "nothing");
        }
        "#,
    )
    .file("rows.csv", "id;age;rate;vip\r\n007; 36;1.5;yes\r\n;;;\r\n")
    .run()
    .expect_code(0)
    .checks()
    .into_iter()
    .for_each(|(name, counts)| assert_eq!(counts, (1, 0), "{name}"));
}

#[test]
fn next_deals_the_rows_out_across_all_users_and_workers() {
    let output = rows_of("global::ROWS.next()", 20).run();
    output.expect_code(0);
    let distinct: BTreeSet<String> = output.logged().into_iter().collect();
    assert_eq!(distinct.len(), 20);
}

#[test]
fn random_rows_and_shuffled_rows_are_the_same_for_the_same_seed() {
    for expression in ["global::ROWS.random()", "global::ROWS.shuffled()"] {
        let [first, second] = [(); 2].map(|()| {
            let output = rows_of(expression, 15).run();
            output.expect_code(0);
            output.logged()
        });
        assert_eq!(first, second, "{expression}");
    }
}

#[test]
fn a_user_keeps_its_own_row_and_a_user_too_many_is_told() {
    let output = rows_of("global::ROWS.unique_per_vu()", 10).run();
    output.expect_code(0);
    let rows = output.logged();
    let distinct: BTreeSet<&String> = rows.iter().collect();
    assert_eq!((rows.len(), distinct.len()), (20, 10));

    rows_of("global::ROWS.unique_per_vu()", 9)
        .run()
        .expect_code(2)
        .expect_text("has 9 rows, and more virtual users than that ask for one of their own")
        .expect_text("─[ script.rhai:6:");
}

#[test]
fn unique_rows_that_are_used_up_are_an_error_the_end_or_a_new_beginning() {
    rows_of("global::ROWS.unique()", 15)
        .run()
        .expect_code(2)
        .expect_text("all 15 rows of `data/rows.csv` are used up");

    let output = rows_of("global::ROWS.unique(\"stop\")", 15).run();
    output.expect_code(0);
    assert_eq!(output.outcome(), "completed");
    let mut rows = output.logged();
    rows.retain(|line| line.parse::<u32>().is_ok());
    let distinct: BTreeSet<&String> = rows.iter().collect();
    assert_eq!((rows.len(), distinct.len()), (15, 15));

    let output = rows_of("global::ROWS.unique(\"recycle\")", 15).run();
    output.expect_code(0);
    assert_eq!(output.logged().len(), 20);

    rows_of("global::ROWS.unique(\"stopp\")", 15)
        .run()
        .expect_code(2)
        .expect_text("did you mean `stop`");
}

#[test]
fn the_machines_of_a_split_run_have_different_rows() {
    for expression in ["global::ROWS.next()", "global::ROWS.unique()"] {
        let mut rows = Vec::new();
        for segment in ["0:1/3", "1/3:2/3", "2/3:1"] {
            // The users are dealt out as the rows are, so the first machine needs the most rows.
            let output = rows_of(expression, 24)
                .args(["--execution-segment", segment])
                .run();
            output.expect_code(0);
            rows.extend(output.logged());
        }
        let distinct: BTreeSet<&String> = rows.iter().collect();
        assert_eq!(
            (rows.len(), distinct.len()),
            (20, 20),
            "{expression}: {rows:?}"
        );
    }
}

#[test]
fn what_is_wrong_with_a_file_is_told_before_the_start_with_both_places() {
    let refused = |call: &str, message: &str| {
        run_of(&format!(
            "let a = 1;\nconst ROWS = {call};\nfn iteration() {{}}"
        ))
        .file("rows.csv", "a,b\n1,2\n3\n")
        .file("latin.csv", b"a\ncaf\xe9\n")
        .file("semicolon.csv", "a;b\n1;2\n")
        .run()
        .expect_code(if call.contains("\"row.csv\"") { 66 } else { 65 })
        .expect_text(message)
        .expect_text("─[ script.rhai:2:");
    };
    refused(
        "data::csv(\"rows.csv\")",
        "rows.csv:3: this row has 1 value, but there are 2 columns",
    );
    refused(
        "data::csv(\"latin.csv\")",
        "latin.csv:2: this is not UTF-8 text",
    );
    refused("data::csv(\"semicolon.csv\")", "#{ delimiter: \";\" }");
    refused("data::csv(\"row.csv\")", "did you mean `rows.csv`");
    refused(
        "data::json(\"rows.csv\")",
        "rows.csv:1: rows of JSON are a list",
    );
    refused("data::csv(\"../x.csv\")", "lies outside");
    refused(
        "data::csv(\"rows.csv\", #{ delimeter: \";\" })",
        "did you mean `delimiter`",
    );
    refused(
        "data::csv(\"semicolon.csv\", #{ delimiter: \";\" }).next()",
        "not at the script's top level",
    );
}
