//! The summary held against golden files.

#[path = "../../../tests/support/golden.rs"]
mod files;

use std::path::PathBuf;

use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::render;
use crate::report::Look;
use crate::result::sample;

fn look(width: usize) -> Look {
    Look {
        width,
        result_path: Some(PathBuf::from("results/20260301-090507-reservation.json")),
        ..Look::default()
    }
}

/// Compares `text` with the golden file called `name`.
#[track_caller]
fn hold(name: &str, text: &str) {
    files::hold("console", name, text);
}

#[test]
fn summaries_are_as_their_golden_files_have_them() {
    for (name, result) in sample::all() {
        for width in [60, 80, 120] {
            hold(&format!("{name}.{width}"), &render(&result, &look(width)));
        }
    }
}

#[test]
fn what_a_quiet_run_says_is_as_its_golden_file_has_it() {
    for (name, result) in sample::all() {
        let text = super::render_brief(&result, &look(80));
        assert_eq!(text.is_empty(), result.verdict.exit_code == 0, "{name}");
        if !text.is_empty() {
            hold(&format!("{name}.80.brief"), &text);
        }
    }
}

#[test]
fn a_coloured_and_an_ascii_summary_are_as_their_golden_files_have_them() {
    let colour = Look {
        colour: true,
        ..look(80)
    };
    let visible = render(&sample::failing(), &colour).replace('\u{1b}', "\\e");
    hold("failing.80.colour", &visible);
    let ascii = Look {
        unicode: false,
        ..look(80)
    };
    hold("failing.80.ascii", &render(&sample::failing(), &ascii));
}

#[test]
fn no_line_is_wider_than_the_page_and_none_ends_in_a_space() {
    for (name, result) in sample::all() {
        for width in [40, 41, 47, 60, 73, 80, 100, 120, 200] {
            for unicode in [true, false] {
                let text = render(
                    &result,
                    &Look {
                        unicode,
                        ..look(width)
                    },
                );
                for line in text.lines() {
                    assert!(line.width() <= width, "{name} at {width}: {line}");
                    assert_eq!(line.trim_end(), line, "{name} at {width}");
                }
            }
        }
    }
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    for (name, result) in sample::all() {
        let plain = render(&result, &look(80));
        let coloured = render(
            &result,
            &Look {
                colour: true,
                ..look(80)
            },
        );
        assert!(!plain.contains('\u{1b}'), "{name}");
        assert!(coloured.contains('\u{1b}'), "{name}");
        assert_eq!(console::strip_ansi_codes(&coloured), plain, "{name}");
    }
}

#[test]
fn without_unicode_the_summary_of_an_ascii_run_is_ascii() {
    let text = render(
        &sample::passing(),
        &Look {
            unicode: false,
            ..look(80)
        },
    );
    assert!(text.is_ascii(), "{text}");
}

#[test]
fn a_page_narrower_than_forty_is_written_for_forty() {
    let result = sample::passing();
    assert_eq!(render(&result, &look(3)), render(&result, &look(40)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_a_server_or_script_says_stays_within_the_page(
        name in "(?s).{0,80}",
        width in 40usize..140,
    ) {
        let mut result = sample::failing();
        result.scenarios[0].name.clone_from(&name);
        result.endpoints[0].name.clone_from(&name);
        result.checks[0].name.clone_from(&name);
        result.checks[0].fails = 1;
        result.errors[0].message.clone_from(&name);
        result.slos[0].metric.clone_from(&name);
        result.slos[0].actual_text.clone_from(&name);
        result.run.notes.push(name.clone());
        result.verdict.reasons.push(name.clone());
        let text = render(&result, &look(width));
        prop_assert!(!text.contains(char::from(27)));
        for line in text.split('\n') {
            prop_assert!(line.width() <= width, "{} > {}: {:?}", line.width(), width, line);
        }
    }
}
