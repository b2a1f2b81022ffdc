//! Data files that are not what they should be.

use crate::bad_input::golden::{refused, rejected, rhaid};
use crate::support::bin::{Output, Rhaid};

/// A script that reads one file in this way.
fn reading(call: &str) -> Rhaid {
    rhaid().script(&format!("const ROWS = {call};\nfn iteration() {{}}\n"))
}

/// The golden message of a file with this content, read in this way.
#[track_caller]
fn wrong(name: &str, call: &str, content: impl AsRef<[u8]>) {
    refused(name, reading(call).file("rows.csv", content), 65);
}

const CSV: &str = "data::csv(\"rows.csv\")";

#[test]
fn rows_of_csv_that_are_not_like_their_header() {
    wrong("rows_short", CSV, "user,age\nada,36\ngrace\n");
    wrong("rows_long", CSV, "user,age\r\nLovelace, Ada,36\r\n");
    wrong("rows_twice", CSV, "user,age,user\nada,36,ada\n");
    wrong("rows_nameless", CSV, "user,,age\nada,x,36\n");
    wrong("rows_header_only", CSV, "user,age\n");
    wrong("rows_empty", CSV, "");
}

#[test]
fn quotes_that_are_wrong() {
    wrong("rows_quote_open", CSV, "user,note\nada,\"never\nends\n");
    wrong("rows_quote_inside", CSV, "user,note\nada,say \"hi\"\n");
    wrong("rows_quote_after", CSV, "user,note\n\"ada\" l,x\n");
}

#[test]
fn another_encoding() {
    let utf_16 = |text: &str, mark: &[u8]| {
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        mark.iter().copied().chain(units).collect::<Vec<u8>>()
    };
    wrong("rows_utf16", CSV, utf_16("user\nada\n", b"\xff\xfe"));
    wrong("rows_utf16", CSV, utf_16("user\nada\n", b""));
    wrong("rows_latin1", CSV, b"user\nada\nJos\xe9\n");
    wrong("rows_binary", CSV, b"user,age\nada,\0\0\n");
    wrong(
        "rows_option_encoding",
        "data::csv(\"rows.csv\", #{ encoding: \"latin1\" })",
        "user\nada\n",
    );
}

#[test]
fn separators_and_options_that_are_wrong() {
    wrong("rows_semicolon", CSV, "user;age\nada;36\n");
    wrong("rows_tab", CSV, "user\tage\nada\t36\n");
    let with = |options: &str| format!("data::csv(\"rows.csv\", #{{ {options} }})");
    let content = "user,age\nada,36\ngrace,old\n";
    wrong("rows_option", &with("delimeter: \";\""), content);
    wrong("rows_option_foreign", &with("separator: \";\""), content);
    wrong("rows_delimiter", &with("delimiter: \"ab\""), content);
    wrong("rows_types", &with("types: #{ age: \"int\" }"), content);
    wrong(
        "rows_types_column",
        &with("types: #{ aeg: \"int\" }"),
        content,
    );
    wrong(
        "rows_types_kind",
        &with("types: #{ age: \"integer\" }"),
        content,
    );
}

#[test]
fn json_that_is_no_list_of_rows() {
    const JSON: &str = "data::json(\"rows.csv\")";
    wrong("rows_json_map", JSON, "{ \"user\": \"ada\" }");
    wrong("rows_json_open", JSON, "[\n{ \"user\": \"ada\" },\n");
    wrong("rows_json_comma", JSON, "[\n{ \"user\": \"ada\" },\n]");
    wrong(
        "rows_json_broken",
        JSON,
        "[\n{ \"user\": \"ada\" },\n{ \"user\" }\n]",
    );
    wrong("rows_json_empty", JSON, "[]");
    const LINES: &str = "data::jsonl(\"rows.csv\")";
    wrong(
        "rows_jsonl",
        LINES,
        "{ \"n\": 1 }\n\n{ \"n\": 2 }\n{ \"n\": }\n",
    );
}

#[test]
fn a_row_without_an_end() {
    let mut huge = b"user\n".to_vec();
    huge.resize(17 << 20, b'x');
    wrong("rows_huge", CSV, &huge);
    huge.splice(5..5, *b"\"");
    wrong("rows_huge_quote", CSV, &huge);
}

#[test]
fn files_that_are_not_there_or_elsewhere() {
    refused(
        "rows_missing",
        reading("data::csv(\"row.csv\")").file("rows.csv", ""),
        66,
    );
    refused(
        "rows_folder",
        reading("data::csv(\"rows\")").file("rows/a.csv", ""),
        65,
    );
    refused(
        "open_missing",
        reading("open(\"row.txt\")").file("rows.txt", ""),
        66,
    );
    // Where something else is wrong as well, the script is.
    reading("data::csv(\"row.csv\") + nothing")
        .run()
        .expect_code(65);
    refused(
        "open_latin1",
        reading("open(\"a.txt\")").file("a.txt", b"a\nJos\xe9\n"),
        65,
    );
    rejected(
        "open_mode",
        "const TEXT = open(\"a.txt\", \"r\");\nfn iteration() {}\n",
    );
    // Where a test runs is nobody's business, so these are not golden.
    for call in [
        "open(\"../../etc/passwd\")",
        "open(\"/etc/passwd\")",
        "data::csv(\"../rows.csv\")",
    ] {
        let output = reading(call).run();
        output.expect_code(65).expect_text("lies outside");
        output.expect_text("a script uses only files of its project");
        output.expect_text("─[ script.rhai:1:");
    }
}

/// A script beside things that a shell makes first.
fn beside(shell: &str, call: &str) -> Output {
    let line = format!("{shell}; exec \"$0\" run script.rhai");
    Rhaid::at("/bin/sh")
        .args(["-c", &line, env!("CARGO_BIN_EXE_rhaid")])
        .file(
            "script.rhai",
            format!("const ROWS = {call};\nfn iteration() {{}}\n"),
        )
        .run()
}

#[test]
fn links_pipes_and_devices_are_no_data() {
    for call in ["data::csv(\"x\")", "data::jsonl(\"x\")", "open(\"x\")"] {
        let output = beside("ln -s /etc/passwd x", call);
        output.expect_code(65).expect_text("`x` lies outside");
        let output = beside("mkfifo x", call);
        output
            .expect_code(65)
            .expect_text("cannot read `x`: it is no regular file");
    }
    let output = beside("true", "data::csv(\"/dev/zero\")");
    output.expect_code(65).expect_text("lies outside");
}

/// A file of more than 64 MiB, of which only the rows' places are kept, and a run that reads on after `change` was made to it.
fn changing(change: &str) -> Output {
    let script = r#"
const ROWS = data::csv("rows.csv");
export const options = #{ vus: 1, iterations: 1 };
fn is_changed() {
    try { http::file("changed"); return true; } catch { return false; }
}
fn iteration() {
    log::info("ready");
    for waited in 0..400 {
        if is_changed() { break; }
        sleep(0.05);
    }
    print(`a row: ${global::ROWS[50000].n}`);
}
"#;
    let line = format!(
        r#"awk 'BEGIN {{ print "n,pad"; pad = sprintf("%1000s", ""); for (n = 0; n < 70000; n++) print n "," pad }}' > rows.csv
        : > log
        (until grep -q ready log; do sleep 0.05; done; {change}; touch changed) &
        "$0" run script.rhai 2> log; code=$?
        cat log >&2
        wait
        exit $code"#
    );
    Rhaid::at("/bin/sh")
        .args(["-c", &line, env!("CARGO_BIN_EXE_rhaid")])
        .file("script.rhai", script)
        .run()
}

#[test]
fn a_large_file_that_is_deleted_or_replaced_is_read_on() {
    for change in ["rm rows.csv", "echo other > new; mv new rows.csv"] {
        let output = changing(change);
        output.expect_code(0).expect_text("a row: 50000");
    }
}

#[test]
fn a_large_file_that_is_cut_or_shifted_is_told() {
    for change in [
        ": > rows.csv",
        "cp rows.csv copy; (echo 'one,more'; cat copy) > rows.csv",
    ] {
        let output = changing(change);
        output.expect_code(2);
        output.expect_text("row 50000 is not what it was at the start");
        output.expect_text("a data file must stay as it is while a run uses it");
    }
}
