//! Nights: which dates the hotel sells, and stays as runs of them.

use time::format_description::FormatItem;
use time::macros::format_description;
use time::{Date, Duration, OffsetDateTime};

/// Nights on sale, counted from the day the target started.
pub const HORIZON: usize = 730;

/// Nights of the longest stay.
pub const MAX_NIGHTS: u8 = 30;

const DATE: &[FormatItem<'static>] = format_description!("[year]-[month]-[day]");

/// The nights on sale. The first is the day the target started, in UTC, and stays so while it runs, so that
/// inventory needs no bookkeeping at midnight.
#[derive(Debug, Clone, Copy)]
pub struct Calendar {
    first: Date,
}

/// Consecutive nights that are all on sale. Made only by [`Calendar::stay`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    check_in: Date,
    offset: usize,
    nights: u8,
}

impl Calendar {
    /// A calendar whose first night is this one.
    pub fn starting(first: Date) -> Self {
        Self { first }
    }

    /// A calendar that begins today.
    pub fn starting_today() -> Self {
        Self::starting(OffsetDateTime::now_utc().date())
    }

    /// The night a request means that names none: the calendar's second.
    pub fn default_check_in(&self) -> Date {
        self.first.saturating_add(Duration::DAY)
    }

    /// The first and the last night on sale.
    pub fn bounds(&self) -> (Date, Date) {
        (
            self.first,
            self.first
                .saturating_add(Duration::days(HORIZON as i64 - 1)),
        )
    }

    /// A stay, or `None` when a night of it is not on sale or its length is not 1 to [`MAX_NIGHTS`].
    pub fn stay(&self, check_in: Date, nights: u8) -> Option<Stay> {
        let offset = usize::try_from((check_in - self.first).whole_days()).ok()?;
        let fits = (1..=MAX_NIGHTS).contains(&nights) && offset + usize::from(nights) <= HORIZON;
        fits.then_some(Stay {
            check_in,
            offset,
            nights,
        })
    }
}

impl Stay {
    /// The first night's date.
    pub fn check_in(&self) -> Date {
        self.check_in
    }

    /// The date of departure, the day after the last night.
    pub fn check_out(&self) -> Date {
        self.check_in
            .saturating_add(Duration::days(self.nights.into()))
    }

    /// How many nights, at least one.
    pub fn nights(&self) -> u8 {
        self.nights
    }

    /// The stay's nights as places in a calendar of [`HORIZON`] nights.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + usize::from(self.nights)
    }
}

/// Reads `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Option<Date> {
    Date::parse(text, DATE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    #[test]
    fn a_stay_covers_its_nights_and_leaves_the_day_after() {
        let calendar = Calendar::starting(date!(2030 - 12 - 30));
        let stay = calendar.stay(calendar.default_check_in(), 2).unwrap();
        assert_eq!(
            (stay.check_in(), stay.check_out()),
            (date!(2030 - 12 - 31), date!(2031 - 01 - 02))
        );
        assert_eq!(stay.range(), 1..3);
    }

    #[test]
    fn a_stay_outside_the_calendar_does_not_exist() {
        let calendar = Calendar::starting(date!(2030 - 01 - 01));
        let (first, last) = calendar.bounds();
        assert!(calendar.stay(first.previous_day().unwrap(), 1).is_none());
        assert!(calendar.stay(last, 1).is_some());
        assert!(calendar.stay(last, 2).is_none());
        assert!(calendar.stay(Date::MAX, 1).is_none());
    }

    #[test]
    fn a_stay_has_1_to_30_nights() {
        let calendar = Calendar::starting(date!(2030 - 01 - 01));
        let nights = [0, 1, 30, 31]
            .map(|nights| calendar.stay(calendar.default_check_in(), nights).is_some());
        assert_eq!(nights, [false, true, true, false]);
    }

    #[test]
    fn dates_read_as_they_are_written() {
        let date = date!(2031 - 02 - 03);
        assert_eq!(parse_date(&date.to_string()), Some(date));
        assert_eq!(parse_date("2031-02-30"), None);
        assert_eq!(parse_date("03.02.2031"), None);
    }
}
