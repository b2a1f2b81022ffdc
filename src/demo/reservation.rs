//! What a reservation is: its number, its booking and where it is in its life.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::calendar::Stay;
use super::catalog::RoomKind;

/// Number of a reservation, written `R00000001`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReservationId(u64);

impl ReservationId {
    /// The n-th reservation's number.
    pub fn new(number: u64) -> Self {
        Self(number)
    }
}

impl fmt::Display for ReservationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "R{:08}", self.0)
    }
}

/// The text is no reservation's number.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAReservationId;

impl FromStr for ReservationId {
    type Err = NotAReservationId;

    fn from_str(text: &str) -> Result<Self, NotAReservationId> {
        let number = text
            .strip_prefix('R')
            .and_then(|digits| digits.parse().ok());
        // Only the one spelling: a resource has one address.
        number
            .map(Self)
            .filter(|id| id.to_string() == text)
            .ok_or(NotAReservationId)
    }
}

/// Where a reservation is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Made, and holding its room.
    Held,
    /// Confirmed by the guest, and holding its room.
    Confirmed,
    /// Given up; its room is free again. There is no way back.
    Cancelled,
}

impl Status {
    /// As it is written in answers and labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What a guest asks for. Equality decides whether an idempotency key is used for the same request
/// again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    pub room: RoomKind,
    pub guest: String,
    pub email: Option<String>,
    pub stay: Stay,
    /// Whom to tell what becomes of it.
    pub callback_url: Option<url::Url>,
}

/// A reservation as it was when it was read.
#[derive(Debug, Clone)]
pub struct Reservation {
    pub id: ReservationId,
    pub status: Status,
    /// Shared, so that reading a reservation copies no text while the books are locked.
    pub booking: Arc<Booking>,
    /// The idempotency key that it was made under.
    pub key: Option<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_number_reads_as_it_is_written() {
        let id = ReservationId(42);
        assert_eq!(id.to_string(), "R00000042");
        assert_eq!("R00000042".parse(), Ok(id));
        for text in [
            "",
            "R",
            "42",
            "R42",
            "R-1",
            "R+0000042",
            "R99999999999999999999999",
        ] {
            assert_eq!(
                text.parse::<ReservationId>(),
                Err(NotAReservationId),
                "{text}"
            );
        }
    }
}
