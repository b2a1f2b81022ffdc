//! What the hotel sells: its types of room, their prices and how many guests they sleep.

/// Currency of every price.
pub const CURRENCY: &str = "EUR";

/// A type of room. Reservations are for a type; the number on the door is given out on arrival, as hotels do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum RoomKind {
    Single,
    Double,
    Twin,
    Family,
    Suite,
}

/// What is printed about a type of room.
#[derive(Debug, Clone, Copy)]
pub struct RoomSpec {
    /// What a reservation names.
    pub id: &'static str,
    /// The short name of the type.
    pub kind: &'static str,
    /// The name for people.
    pub name: &'static str,
    /// Guests it sleeps.
    pub sleeps: u32,
    /// Price of a night, in whole units of [`CURRENCY`].
    pub rate: u32,
}

impl RoomKind {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 5] = [
        Self::Single,
        Self::Double,
        Self::Twin,
        Self::Family,
        Self::Suite,
    ];

    /// The type's catalogue entry.
    pub const fn spec(self) -> RoomSpec {
        let (id, kind, name, sleeps, rate) = match self {
            Self::Single => ("room-single", "single", "Single room", 1, 79),
            Self::Double => ("room-double", "double", "Double room", 2, 119),
            Self::Twin => ("room-twin", "twin", "Twin room", 2, 115),
            Self::Family => ("room-family", "family", "Family room", 4, 169),
            Self::Suite => ("room-suite", "suite", "Garden suite", 4, 289),
        };
        RoomSpec {
            id,
            kind,
            name,
            sleeps,
            rate,
        }
    }

    /// The type that a reservation names by `id`.
    pub fn by_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|room| room.spec().id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_room_is_found_by_its_id_and_counted_by_its_place() {
        for (place, room) in RoomKind::ALL.into_iter().enumerate() {
            assert_eq!(RoomKind::by_id(room.spec().id), Some(room));
            assert_eq!(room as usize, place);
        }
        assert_eq!(RoomKind::by_id("room-palace"), None);
    }
}
