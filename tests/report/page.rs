//! What the HTML page holds, whatever the result holds.

use std::time::Instant;

use rhaid::report::html::{Bearing, Comparison, ComparisonRow, HtmlExtras, render};

use crate::support::large::an_hour_of;

const LIMIT: usize = 3_000_000;

#[test]
fn a_page_about_an_hour_and_a_thousand_endpoints_stays_small() {
    let result = an_hour_of(1_000);
    let began = Instant::now();
    let page = render(&result, &HtmlExtras::default()).unwrap();
    eprintln!("{} bytes in {:?}", page.len(), began.elapsed());
    assert!(page.len() < LIMIT, "{} bytes", page.len());
    assert_eq!(page.matches("<tr data-i=").count(), 1_000);
}

#[test]
fn comparisons_and_recommendations_have_their_place() {
    let result = an_hour_of(1);
    let page = render(&result, &HtmlExtras::default()).unwrap();
    assert!(!page.contains("id=\"changes\"") && !page.contains("id=\"hints\""));
    let extras = HtmlExtras {
        comparison: Some(Comparison {
            baseline: "main of Monday".to_owned(),
            sentence: "Slower than <before>.".to_owned(),
            rows: vec![ComparisonRow {
                what: "http_req_duration p(95)".to_owned(),
                before: "100ms".to_owned(),
                after: "120ms".to_owned(),
                change: "+20.0%".to_owned(),
                bearing: Bearing::Worse,
                ..ComparisonRow::default()
            }],
            ..Comparison::default()
        }),
    };
    let page = render(&result, &extras).unwrap();
    assert!(page.contains("Slower than &lt;before&gt;."));
    assert!(page.contains("▼</span> worse"));
    let mut busy = result;
    busy.generator.cpu_user_seconds = 2.0 * busy.run.duration_seconds;
    let page_of_busy = render(&busy, &extras).unwrap();
    assert!(page_of_busy.contains("the load generator did not keep up"));
    assert!(page_of_busy.contains("<span aria-hidden=\"true\">✗</span> NOT TRUSTWORTHY"));
    assert!(page.contains("<a href=\"#changes\">"));
}

#[test]
fn no_name_in_a_page_is_a_command_to_a_terminal() {
    let mut result = an_hour_of(1);
    let evil = "a\u{1b}[2J\u{9b}31m\u{202e}b";
    result.endpoints[0].name = evil.to_owned();
    result.run.script = evil.to_owned();
    let page = render(&result, &HtmlExtras::default()).unwrap();
    assert!(!page.contains(rhaid::harmless::is_command));
    assert!(page.contains("a\u{fffd}[2J\u{fffd}31m\u{fffd}b"));
}
