//! The names of the executors and of the options that each understands.

use std::fmt;
use std::str::FromStr;

/// The executors, by k6's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A fixed number of VUs draws iterations from one pool.
    SharedIterations,
    /// Each VU runs a fixed number of iterations.
    PerVuIterations,
    /// A fixed number of VUs loops for a time.
    ConstantVus,
    /// A number of VUs that ramps in stages.
    RampingVus,
    /// Iterations start at a fixed rate.
    ConstantArrivalRate,
    /// Iterations start at a rate that ramps in stages.
    RampingArrivalRate,
    /// The number of VUs, or the rate, is changed from outside.
    ExternallyControlled,
}

impl Kind {
    /// Every executor, in the order that documentation lists them.
    pub const ALL: [Self; 7] = [
        Self::SharedIterations,
        Self::PerVuIterations,
        Self::ConstantVus,
        Self::RampingVus,
        Self::ConstantArrivalRate,
        Self::RampingArrivalRate,
        Self::ExternallyControlled,
    ];

    /// The name in scripts.
    pub fn name(self) -> &'static str {
        match self {
            Self::SharedIterations => "shared-iterations",
            Self::PerVuIterations => "per-vu-iterations",
            Self::ConstantVus => "constant-vus",
            Self::RampingVus => "ramping-vus",
            Self::ConstantArrivalRate => "constant-arrival-rate",
            Self::RampingArrivalRate => "ramping-arrival-rate",
            Self::ExternallyControlled => "externally-controlled",
        }
    }

    /// What it does, in one line.
    pub fn doc(self) -> &'static str {
        match self {
            Self::SharedIterations => {
                "`vus` VUs share `iterations` iterations: whoever is free takes the next"
            }
            Self::PerVuIterations => "each of `vus` VUs runs `iterations` iterations",
            Self::ConstantVus => "`vus` VUs loop for `duration`",
            Self::RampingVus => {
                "the number of looping VUs goes from `start_vus` to each stage's target in turn"
            }
            Self::ConstantArrivalRate => {
                "`rate` iterations start per `time_unit`, however long each takes"
            }
            Self::RampingArrivalRate => {
                "the rate of starting iterations goes from `start_rate` to each stage's target in turn"
            }
            Self::ExternallyControlled => {
                "`vus` VUs loop, or `rate` iterations start per `time_unit`, and that is changed while the run goes on"
            }
        }
    }

    /// The option keys that this executor understands beside those that every scenario has.
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Self::SharedIterations | Self::PerVuIterations => {
                &["vus", "iterations", "max_duration", "pace"]
            }
            Self::ConstantVus => &["vus", "duration", "pace"],
            Self::RampingVus => &["start_vus", "stages", "graceful_ramp_down", "pace"],
            Self::ConstantArrivalRate => &[
                "rate",
                "time_unit",
                "duration",
                "pre_allocated_vus",
                "max_vus",
                "arrivals",
            ],
            Self::RampingArrivalRate => &[
                "start_rate",
                "time_unit",
                "stages",
                "pre_allocated_vus",
                "max_vus",
                "arrivals",
            ],
            Self::ExternallyControlled => &[
                "vus",
                "rate",
                "time_unit",
                "pre_allocated_vus",
                "max_vus",
                "duration",
                "pace",
            ],
        }
    }

    /// Whether iterations start on schedule whatever the VUs are doing (open model).
    pub fn is_open(self) -> bool {
        matches!(self, Self::ConstantArrivalRate | Self::RampingArrivalRate)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no executor has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown executor `{given}`{} The executors are {}", did_you_mean(*.nearest), names())]
pub struct UnknownExecutor {
    /// As given.
    pub given: String,
    /// The executor that was probably meant.
    pub nearest: Option<Kind>,
}

fn did_you_mean(nearest: Option<Kind>) -> String {
    nearest.map_or_else(
        || ".".to_owned(),
        |kind| format!(", did you mean `{kind}`?"),
    )
}

fn names() -> String {
    Kind::ALL.map(Kind::name).join(", ")
}

impl FromStr for Kind {
    type Err = UnknownExecutor;

    fn from_str(given: &str) -> Result<Self, UnknownExecutor> {
        /// Below this similarity (0 to 1), a suggestion would rather puzzle than help.
        const SIMILAR: f64 = 0.75;
        if let Some(kind) = Self::ALL.into_iter().find(|kind| kind.name() == given) {
            return Ok(kind);
        }
        let plain = given.trim().to_lowercase().replace(['_', ' '], "-");
        let nearest = Self::ALL
            .into_iter()
            .map(|kind| (strsim::jaro_winkler(&plain, kind.name()), kind))
            .filter(|(similarity, _)| *similarity > SIMILAR)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, kind)| kind);
        Err(UnknownExecutor {
            given: given.to_owned(),
            nearest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert!(!kind.doc().is_empty());
            assert_eq!(kind.keys().contains(&"pace"), !kind.is_open());
        }
    }

    #[test]
    fn a_misspelt_name_gets_a_suggestion() {
        for (given, meant) in [
            ("ramping_vus", Kind::RampingVus),
            ("rampingVUs", Kind::RampingVus),
            ("constant-arival-rate", Kind::ConstantArrivalRate),
            ("shared", Kind::SharedIterations),
            ("external-controlled", Kind::ExternallyControlled),
        ] {
            assert_eq!(
                given.parse::<Kind>().unwrap_err().nearest,
                Some(meant),
                "{given}"
            );
        }
        assert_eq!(
            "ramping-vu".parse::<Kind>().unwrap_err().to_string(),
            "unknown executor `ramping-vu`, did you mean `ramping-vus`? The executors are shared-iterations, \
             per-vu-iterations, constant-vus, ramping-vus, constant-arrival-rate, ramping-arrival-rate, \
             externally-controlled"
        );
    }

    #[test]
    fn a_name_like_no_other_gets_the_list_only() {
        let error = "zzz".parse::<Kind>().unwrap_err();
        assert_eq!(error.nearest, None);
        assert!(
            error
                .to_string()
                .starts_with("unknown executor `zzz`. The executors are")
        );
    }
}
