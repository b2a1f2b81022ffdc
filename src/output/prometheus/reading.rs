//! What is shown of a series, and in which family.

use super::buckets::Buckets;
use super::names::FamilyKind;

/// A label and its value.
pub type Label = (String, String);

/// The label that tells runs apart.
pub const TEST_ID: &str = "testid";

/// One value of one series, to be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading<'a> {
    Number(f64),
    Histogram(&'a Buckets),
}

impl PartialEq for Buckets {
    fn eq(&self, other: &Self) -> bool {
        self.count == other.count && self.native() == other.native()
    }
}

/// All series of one family.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Without `_total`.
    pub name: &'a str,
    pub kind: FamilyKind,
    pub help: &'a str,
    pub series: Vec<(Vec<Label>, Reading<'a>)>,
}
