use proptest::prelude::*;

use super::*;

#[test]
fn expressions_are_written_as_they_are_read() {
    let cases = [
        ("p(95) < 3s", "p(95) < 3s"),
        ("p(99.9)<=800ms", "p(99.9) <= 800ms"),
        ("  p( 50 )  >  1.5s ", "p(50) > 1.5s"),
        ("avg < 1500", "avg < 1500"),
        ("med >= 2.5", "med >= 2.5"),
        ("rate < 1%", "rate < 1%"),
        ("rate > 0.99", "rate > 0.99"),
        ("rate > 10/s", "rate > 10/s"),
        ("count == 0", "count == 0"),
        ("max < 5MB", "max < 5MB"),
        ("value != -1", "value != -1"),
        ("min > 64KiB", "min > 64KiB"),
        ("p(95)< 1m30s", "p(95) < 1m30s"),
    ];
    for (text, canonical) in cases {
        let expression: Expression = text.parse().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(expression.to_string(), canonical);
        assert_eq!(canonical.parse(), Ok(expression));
    }
}

/// The text, the part that the span points at, and the whole message after `in ...: `.
const WRONG: [(&str, &str, &str); 34] = [
    (
        "",
        "",
        "the expression is empty; write an aggregate, an operator and a threshold, such as `p(95) < 3s`",
    ),
    (
        "p95 < 3s",
        "p95",
        "there is no aggregate `p95`; AGGREGATES (did you mean `p(95)`?)",
    ),
    (
        "p99.9 < 3s",
        "p99.9",
        "there is no aggregate `p99.9`; AGGREGATES (did you mean `p(99.9)`?)",
    ),
    (
        "P(95) < 3s",
        "P(95)",
        "there is no aggregate `P`; AGGREGATES (did you mean `p(95)`?)",
    ),
    (
        "percentile(95) < 3s",
        "percentile(95)",
        "there is no aggregate `percentile`; AGGREGATES (did you mean `p(95)`?)",
    ),
    (
        "percentil(95) < 3s",
        "percentil(95)",
        "there is no aggregate `percentil`; AGGREGATES (did you mean `p(95)`?)",
    ),
    (
        "quantile(0.95) < 3s",
        "quantile(0.95)",
        "there is no aggregate `quantile`; AGGREGATES (did you mean `p(95)`?)",
    ),
    (
        "p95() < 3s",
        "p95()",
        "there is no aggregate `p95`; AGGREGATES (did you mean `p(95)`?)",
    ),
    (
        "p < 3s",
        "p",
        "`p` needs a percentile; write it in parentheses, such as `p(95)`",
    ),
    (
        "p() < 3s",
        "",
        "`p` needs a percentile; write a number from 0 to 100, such as `p(95)`",
    ),
    (
        "p(101) < 3s",
        "101",
        "`101` is not a percentile; write a number from 0 to 100, such as `p(95)`",
    ),
    (
        "p(x) < 3s",
        "x",
        "`x` is not a percentile; write a number from 0 to 100, such as `p(95)`",
    ),
    (
        "p(95%) < 3s",
        "p(95%)",
        "a percentile is written without a `%`; leave it out (did you mean `p(95)`?)",
    ),
    (
        "p(95 < 3s",
        "(",
        "the `(` is not closed; add a `)` after the percentile",
    ),
    (
        "avg() < 3s",
        "avg()",
        "`avg` takes no argument; leave the parentheses out (did you mean `avg`?)",
    ),
    (
        "avrage < 3s",
        "avrage",
        "there is no aggregate `avrage`; AGGREGATES (did you mean `avg`?)",
    ),
    (
        "mean < 3s",
        "mean",
        "there is no aggregate `mean`; AGGREGATES (did you mean `avg`?)",
    ),
    (
        "MAX < 3s",
        "MAX",
        "there is no aggregate `MAX`; AGGREGATES (did you mean `max`?)",
    ),
    (
        "stddev < 3s",
        "stddev",
        "there is no aggregate `stddev`; AGGREGATES",
    ),
    (
        "< 3s",
        "",
        "there is no aggregate before the operator; AGGREGATES",
    ),
    (
        "3s > p(95)",
        "3s",
        "`3s` is not an aggregate; write the aggregate first, then the operator, then the threshold, such as `p(95) < 3s`",
    ),
    (
        "p(95) 3s",
        "",
        "there is no operator; OPERATORS (did you mean `p(95) < 3s`?)",
    ),
    ("p(95)", "", "there is no operator; OPERATORS"),
    (
        "rate = 1%",
        "=",
        "there is no operator `=`; OPERATORS (did you mean `==`?)",
    ),
    (
        "rate === 1%",
        "===",
        "there is no operator `===`; OPERATORS (did you mean `==`?)",
    ),
    (
        "rate => 1%",
        "=>",
        "there is no operator `=>`; OPERATORS (did you mean `>=`?)",
    ),
    (
        "rate ≤ 1%",
        "≤",
        "there is no operator `≤`; OPERATORS (did you mean `<=`?)",
    ),
    (
        "avg <",
        "",
        "there is no threshold after the operator; write what the aggregate is compared with, such as `3s`, `1%` or `100`",
    ),
    (
        "avg < 3 sec",
        "3 sec",
        "`3 sec` is not a duration: there is no unit `sec`; DURATION (did you mean `3s`?)",
    ),
    (
        "avg < fast",
        "fast",
        "`fast` is not a threshold: there is no number in it; write a number, if need be with a unit: \"3s\", \"800ms\", \"1%\", \"10/s\", \"5MB\"",
    ),
    (
        "count < 1,000",
        "1,000",
        "`1,000` is not a threshold: it is not a number; write a number, if need be with a unit: \"3s\", \"800ms\", \"1%\", \"10/s\", \"5MB\" (did you mean `1000`?)",
    ),
    (
        "avg < 3s and max < 5s",
        " and max < 5s",
        "an expression is one comparison; make each comparison an objective of its own",
    ),
    (
        "avg < 3s, p(95) < 5s",
        ", p(95) < 5s",
        "an expression is one comparison; make each comparison an objective of its own",
    ),
    (
        "1s < avg < 3s",
        "1s",
        "`1s` is not an aggregate; write the aggregate first, then the operator, then the threshold, such as `p(95) < 3s`",
    ),
];

#[test]
fn mistakes_say_where_what_and_how_to_fix_them() {
    const DURATION: &str = "write a number of seconds, or numbers with units (d, h, m, s, ms, us, ns) such as \"1m30s\" or \"250ms\"";
    for (text, place, message) in WRONG {
        let error = text.parse::<Expression>().unwrap_err();
        let message = message
            .replace("AGGREGATES", AGGREGATES)
            .replace("OPERATORS", OPERATORS)
            .replace("DURATION", DURATION);
        assert_eq!(error.to_string(), format!("in `{text}`: {message}"));
        assert_eq!(&text[error.span.clone()], place, "{text}");
    }
}

#[test]
fn every_mistake_is_golden_once_in_full() {
    assert_eq!(
        "p95 < 3s".parse::<Expression>().unwrap_err().to_string(),
        "in `p95 < 3s`: there is no aggregate `p95`; use one of p(N), avg, med, min, max, count, rate, value \
         (did you mean `p(95)`?)"
    );
    assert_eq!(
        "avg = 3s".parse::<Expression>().unwrap_err().to_string(),
        "in `avg = 3s`: there is no operator `=`; write one of < <= > >= == != between the aggregate and the threshold \
         (did you mean `==`?)"
    );
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(any in ".*", near in "(p|avg|q|pct)?[0-9.]{0,3}\\(?[0-9.%]{0,4}\\)? ?[<>=!≤]{0,3} ?[0-9.]{0,4} ?[a-z%/µ]{0,4}") {
        for text in [any, near] {
            match text.parse::<Expression>() {
                Ok(expression) => prop_assert_eq!(expression.to_string().parse(), Ok(expression)),
                Err(error) => prop_assert!(text.get(error.span).is_some()),
            }
        }
    }

    #[test]
    fn written_expressions_read_back(which in 0usize..8, op in 0usize..6, percentile in 0.0f64..=100.0, bound in -1e9f64..1e9) {
        let aggregate = match Aggregate::NAMED.get(which) {
            Some((_, aggregate)) => *aggregate,
            None => Aggregate::Percentile(Percentile::new(percentile).unwrap()),
        };
        let expression = Expression { aggregate, op: Op::ALL[op].1, threshold: Threshold::Plain(bound) };
        prop_assert_eq!(expression.to_string().parse(), Ok(expression));
    }
}
