//! Objectives: what a metric must keep to, how much it matters, and what follows when it does not.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::expression::{Direction, Expression};
use super::{Selector, SloError};
use crate::metrics::{Contains, MetricKind};
use crate::units::format_duration;

/// Windows are fed once a second, so none is shorter.
const SHORTEST_WINDOW: Duration = Duration::from_secs(1);

/// How much an objective matters. The order is that of urgency: P0 comes first.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
pub enum Priority {
    /// Blocks the deployment.
    P0,
    /// Asks for a review.
    #[default]
    P1,
    /// Asks for a review too; the least urgent.
    P2,
}

impl Priority {
    /// The priority as it is written everywhere.
    pub const fn label(self) -> &'static str {
        match self {
            Self::P0 => "P0",
            Self::P1 => "P1",
            Self::P2 => "P2",
        }
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

impl FromStr for Priority {
    type Err = SloError;

    fn from_str(text: &str) -> Result<Self, SloError> {
        match text.trim() {
            "P0" => Ok(Self::P0),
            "P1" => Ok(Self::P1),
            "P2" => Ok(Self::P2),
            other => {
                let suggestion = match other.trim_start_matches(['p', 'P']) {
                    "0" => Some("P0"),
                    "1" => Some("P1"),
                    "2" | "3" | "4" => Some("P2"),
                    _ => None,
                };
                let what = format!("there is no priority `{other}`");
                let fix = "use P0 (blocks the deployment), P1 or P2";
                Err(SloError::new(text, 0..text.len(), what, fix).suggest(suggestion))
            }
        }
    }
}

/// What an objective is made of, before it is known to make sense.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectiveSpec {
    pub selector: Selector,
    pub target: Expression,
    /// A stricter bound, past which the status is a warning.
    pub warn: Option<Expression>,
    pub priority: Priority,
    /// Stop the run as soon as the target is missed.
    pub abort: bool,
    /// How long after the start no abort happens.
    pub abort_delay: Duration,
    /// Judge the last so much time instead of the whole run.
    pub over: Option<Duration>,
    /// No samples are no failure.
    pub optional: bool,
    /// What people call it.
    pub name: Option<String>,
}

impl ObjectiveSpec {
    /// An objective with everything else at its default.
    pub fn new(selector: Selector, target: Expression) -> Self {
        Self {
            selector,
            target,
            warn: None,
            priority: Priority::default(),
            abort: false,
            abort_delay: Duration::ZERO,
            over: None,
            optional: false,
            name: None,
        }
    }
}

/// An objective whose parts fit each other. They can be read, as fields of the [`ObjectiveSpec`], not changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective(ObjectiveSpec);

impl std::ops::Deref for Objective {
    type Target = ObjectiveSpec;

    fn deref(&self) -> &ObjectiveSpec {
        &self.0
    }
}

impl TryFrom<ObjectiveSpec> for Objective {
    type Error = SloError;

    /// # Errors
    /// When the warning is not a stricter form of the target, or the window is shorter than a second.
    fn try_from(spec: ObjectiveSpec) -> Result<Self, SloError> {
        if let Some(warn) = &spec.warn {
            check_warning(&spec.target, warn)?;
        }
        if let Some(over) = spec.over {
            check_window(over)?;
        }
        Ok(Self(spec))
    }
}

/// Whether an objective can be judged over a window of this length.
///
/// # Errors
/// When it is shorter than a second.
pub fn check_window(over: Duration) -> Result<(), SloError> {
    if over >= SHORTEST_WINDOW {
        return Ok(());
    }
    let text = format_duration(over);
    let fix = "write `1s` or longer, or leave `over` out to judge the whole run";
    Err(SloError::new(
        &text,
        0..text.len(),
        "a window of less than a second cannot be judged",
        fix,
    ))
}

fn check_warning(target: &Expression, warn: &Expression) -> Result<(), SloError> {
    let text = warn.to_string();
    let at = |span, what: String, fix: String| Err(SloError::new(&text, span, what, fix));
    let aggregate = warn.aggregate.to_string().len();
    let op = aggregate + 1..aggregate + 1 + warn.op.as_str().len();
    let threshold = op.end + 1..text.len();
    if target.aggregate != warn.aggregate {
        let what = format!(
            "the warning is about `{}`, the target about `{}`",
            warn.aggregate, target.aggregate
        );
        return at(
            0..aggregate,
            what,
            format!(
                "use `{}` in both, or make it an objective of its own",
                target.aggregate
            ),
        );
    }
    let direction = target.op.direction();
    if direction == Direction::Exact {
        let what = format!("there is nothing between keeping to `{target}` and missing it");
        return at(0..text.len(), what, "leave the warning out".into());
    }
    if direction != warn.op.direction() {
        let what = format!("the warning looks the other way than the target `{target}`");
        return at(op, what, format!("use `{}` in both", target.op));
    }
    if !target.threshold.compares_with(&warn.threshold) {
        let what = format!(
            "`{}` cannot be compared with the target's `{}`",
            warn.threshold, target.threshold
        );
        return at(threshold, what, "use the same unit in both".into());
    }
    let (inner, outer, side) = match direction {
        Direction::Below => (warn.threshold.bound(), target.threshold.bound(), "below"),
        _ => (target.threshold.bound(), warn.threshold.bound(), "above"),
    };
    if inner < outer {
        return Ok(());
    }
    let what = format!(
        "the warning `{}` is not stricter than the target `{}`",
        warn.threshold, target.threshold
    );
    at(
        threshold,
        what,
        format!("choose a warning bound {side} {}", target.threshold),
    )
}

impl Objective {
    /// Checks target and warning against the metric that they are about.
    ///
    /// # Errors
    /// As [`Expression::check`].
    pub fn check(&self, kind: MetricKind, contains: Contains) -> Result<(), SloError> {
        self.target.check(kind, contains)?;
        self.warn
            .as_ref()
            .map_or(Ok(()), |warn| warn.check(kind, contains))
    }

    /// The name, or else the selector and the target: `http_req_duration{name:reserve}: p(95) < 800ms`.
    pub fn label(&self) -> String {
        label_of(
            self.name.as_deref(),
            &self.selector,
            &self.target,
            self.over.map(format_duration).as_deref(),
        )
    }
}

/// What an objective is told from all others by: its name, or what it says.
pub fn label_of(
    name: Option<&str>,
    selector: &dyn fmt::Display,
    target: &dyn fmt::Display,
    over: Option<&str>,
) -> String {
    match (name, over) {
        (Some(name), _) => name.to_owned(),
        (None, Some(over)) => format!("{selector}: {target} over {over}"),
        (None, None) => format!("{selector}: {target}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objective(target: &str, warn: &str) -> Result<Objective, SloError> {
        let mut spec = ObjectiveSpec::new("m".parse().unwrap(), target.parse().unwrap());
        spec.warn = Some(warn.parse().unwrap());
        spec.try_into()
    }

    #[test]
    fn a_stricter_warning_fits() {
        let pairs = [
            ("p(95) < 3s", "p(95) < 2.5s"),
            ("p(95) < 3s", "p(95) <= 2500"),
            ("rate > 99%", "rate > 0.995"),
            ("rate > 10", "rate > 900/m"),
            ("value > -5", "value > -4"),
        ];
        for (target, warn) in pairs {
            assert!(objective(target, warn).is_ok(), "{target}, {warn}");
        }
    }

    #[test]
    fn a_warning_that_does_not_fit_is_explained() {
        let cases = [
            (
                "p(95) < 3s",
                "p(99) < 2s",
                "p(99)",
                "the warning is about `p(99)`, the target about `p(95)`; use `p(95)` in both, or make it an objective of its own",
            ),
            (
                "p(95) < 3s",
                "p(95) > 2s",
                ">",
                "the warning looks the other way than the target `p(95) < 3s`; use `<` in both",
            ),
            (
                "p(95) < 3s",
                "p(95) < 4s",
                "4s",
                "the warning `4s` is not stricter than the target `3s`; choose a warning bound below 3s",
            ),
            (
                "p(95) < 3s",
                "p(95) < 3000",
                "3000",
                "the warning `3000` is not stricter than the target `3s`; choose a warning bound below 3s",
            ),
            (
                "rate > 99%",
                "rate > 98%",
                "98%",
                "the warning `98%` is not stricter than the target `99%`; choose a warning bound above 99%",
            ),
            (
                "count == 0",
                "count == 0",
                "count == 0",
                "there is nothing between keeping to `count == 0` and missing it; leave the warning out",
            ),
            (
                "avg < 3s",
                "avg < 1%",
                "1%",
                "`1%` cannot be compared with the target's `3s`; use the same unit in both",
            ),
        ];
        for (target, warn, place, message) in cases {
            let error = objective(target, warn).unwrap_err();
            assert_eq!(error.to_string(), format!("in `{warn}`: {message}"));
            assert_eq!(&error.text[error.span.clone()], place);
        }
    }

    #[test]
    fn a_window_spans_at_least_a_second() {
        let mut spec = ObjectiveSpec::new("m".parse().unwrap(), "avg < 3s".parse().unwrap());
        spec.over = Some(Duration::from_millis(999));
        let message = "in `999ms`: a window of less than a second cannot be judged; write `1s` or longer, or leave `over` out to judge the whole run";
        assert_eq!(
            Objective::try_from(spec.clone()).unwrap_err().to_string(),
            message
        );
        spec.over = Some(Duration::from_secs(30));
        assert_eq!(
            Objective::try_from(spec).unwrap().label(),
            "m: avg < 3s over 30s"
        );
    }

    #[test]
    fn priorities_read_as_they_are_written() {
        for priority in [Priority::P0, Priority::P1, Priority::P2] {
            assert_eq!(priority.to_string().parse(), Ok(priority));
            assert_eq!(
                serde_json::to_string(&priority).unwrap(),
                format!("\"{priority}\"")
            );
        }
        let message = "in `p0`: there is no priority `p0`; use P0 (blocks the deployment), P1 or P2 (did you mean `P0`?)";
        assert_eq!("p0".parse::<Priority>().unwrap_err().to_string(), message);
        assert!(Priority::P0 < Priority::P2);
    }

    #[test]
    fn both_bounds_are_checked_against_the_metric() {
        let share = objective("rate < 1%", "rate < 0.5%").unwrap();
        assert!(share.check(MetricKind::Rate, Contains::Default).is_ok());
        assert!(share.check(MetricKind::Counter, Contains::Default).is_err());
    }
}
