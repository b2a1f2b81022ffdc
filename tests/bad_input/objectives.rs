//! Objectives that cannot be judged.

use crate::bad_input::golden::rejected;

#[test]
fn a_metric_that_nothing_records() {
    rejected(
        "metric",
        r#"export const options = #{
    slos: #{
        "http_req_duratoin": [ #{ target: "p(95) < 3s" } ],
        "bookings": "count > 3",
        "booking_time{kind:fast}": "p(95) < 3s",
    },
};
fn iteration() { metrics::trend("bookings_time", true).add(5); }
"#,
    );
}

#[test]
fn an_expression_that_is_none() {
    rejected(
        "expression",
        r#"export const options = #{
    slos: #{
        http_req_duration: [
            #{ target: "p95 < 3s" },
            #{ target: "p(95) < 3sec" },
            #{ target: "p(95) << 3s" },
            #{ target: "p(101) < 3s" },
            #{ target: "" },
        ],
    },
};
fn iteration() { }
"#,
    );
}

#[test]
fn an_objective_that_contradicts_itself_or_is_none() {
    rejected(
        "objective",
        r#"export const options = #{
    slos: #{
        http_req_duration: [
            #{ target: "p(95) < 3s", warn: "p(95) < 5s" },
            #{ target: "avg < 1s", priority: "P9" },
            #{ target: "avg < 1s", aboort: true },
            #{ warn: "avg < 1s" },
            5,
        ],
        "http_reqs{": "count > 1",
    },
};
fn iteration() { }
"#,
    );
}

#[test]
fn an_expression_that_does_not_fit_the_metric() {
    rejected(
        "aggregate",
        r#"export const options = #{
    slos: #{
        http_req_failed: [ #{ target: "rate < 5" }, #{ target: "avg < 1" } ],
        http_reqs: "p(95) < 3s",
        http_req_duration: "avg < 5MB",
    },
};
fn iteration() { }
"#,
    );
}
