//! `fake`: who is made up, by a seed, and whether it is as real as it has to be.

use std::collections::BTreeSet;

use crate::support::reading::{Reading, run_of};

/// What ten users on two workers made up by this expression, five times each.
fn made_up(expression: &str, seed: &str) -> Vec<String> {
    let output = run_of(&format!(
        r#"
        export const options = #{{ scenarios: #{{
            all: #{{ executor: "per-vu-iterations", vus: 10, iterations: 5 }},
        }} }};
        fn iteration(ctx) {{ log::info(`${{ctx.vu}} ${{{expression}}}`); }}
        "#
    ))
    .args(["--workers", "2", "--seed", seed])
    .run();
    output.expect_code(0);
    output.logged()
}

/// The same without the user's number.
fn values(expression: &str) -> Vec<String> {
    made_up(expression, "11")
        .into_iter()
        .map(|line| line.split_once(' ').unwrap().1.to_owned())
        .collect()
}

#[test]
fn the_same_seed_makes_the_same_people_in_every_locale() {
    for locale in ["en", "de", "fr-FR", "ja_JP", "pt_BR", "zh_TW"] {
        let person = format!("json_text(fake::person(\"{locale}\"))");
        let first = made_up(&person, "7");
        assert_eq!(first, made_up(&person, "7"), "{locale}");
        assert_ne!(first, made_up(&person, "8"), "{locale}");
        // Users differ, and so do one user's iterations.
        let people: BTreeSet<&str> = first
            .iter()
            .filter_map(|line| line.split_once(' '))
            .map(|(_, person)| person)
            .collect();
        assert_eq!(people.len(), 50, "{locale}");
    }
}

/// What ISO 13616 asks of an account number: read as one number, letters from 10, it is 1 modulo 97.
fn is_iban(text: &str) -> bool {
    let (head, account) = text.split_at(4);
    let digits: String = format!("{account}{head}")
        .chars()
        .map(|sign| sign.to_digit(36).unwrap().to_string())
        .collect();
    let rest = digits.chars().fold(0, |rest, digit| {
        (rest * 10 + digit.to_digit(10).unwrap()) % 97
    });
    rest == 1
}

#[test]
fn account_numbers_have_the_right_check_digits_and_length() {
    assert!(is_iban("GB82WEST12345698765432") && !is_iban("GB82WEST12345698765423"));
    for (call, length) in [
        ("fake::iban()", 22),
        ("fake::iban(\"GB\")", 22),
        ("fake::iban(\"FR\")", 27),
        ("fake::iban(\"NL\")", 18),
    ] {
        for iban in values(call) {
            assert!(is_iban(&iban) && iban.len() == length, "{call}: {iban}");
        }
    }
}

/// The sum of a number's digits, every second one doubled, is a multiple of ten (Luhn).
fn is_card(text: &str) -> bool {
    let digits = text
        .chars()
        .rev()
        .filter_map(|sign| sign.to_digit(10))
        .enumerate();
    let sum: u32 = digits
        .map(|(at, digit)| match at % 2 {
            0 => digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[test]
fn cards_have_the_right_check_digit() {
    assert!(is_card("4111111111111111") && !is_card("4111111111111112"));
    for card in values("fake::credit_card()") {
        assert!(is_card(&card), "{card}");
    }
}

#[test]
fn dates_lie_in_their_range_with_both_ends() {
    let dates: BTreeSet<String> = values("fake::date(\"2028-02-28\", \"2028-03-01\")")
        .into_iter()
        .collect();
    let expected = ["2028-02-28", "2028-02-29", "2028-03-01"].map(str::to_owned);
    assert_eq!(dates, BTreeSet::from(expected));
    assert_eq!(
        values("fake::date(\"2026-01-31\", \"2026-01-31\")"),
        ["2026-01-31"; 50]
    );
    // Years are counted as people count them: until the birthday one is a year younger.
    let age = "(|| { let born = fake::birthday(18, 20); let today = time::date(0); \
               parse_int(today.sub_string(0, 4)) - parse_int(born.sub_string(0, 4)) \
               - if today.sub_string(5) < born.sub_string(5) { 1 } else { 0 } }).call()";
    let ages: BTreeSet<String> = values(age).into_iter().collect();
    assert_eq!(ages, BTreeSet::from(["18", "19", "20"].map(str::to_owned)));
    for (call, message) in [
        (
            "fake::date(\"2026-02-01\", \"2026-01-01\")",
            "which is before",
        ),
        (
            "fake::date(\"2026-02-30\", \"2026-03-01\")",
            "is not a date as in",
        ),
        ("fake::person(\"de_DD\")", "did you mean `de_DE`"),
        ("fake::iban(\"XX\")", "are not known"),
    ] {
        run_of(&format!("fn iteration() {{ {call}; }}"))
            .run()
            .expect_code(2)
            .expect_text(message);
    }
}
