//! The hotel's books: rooms taken by night, reservations, idempotency keys.
//!
//! One mutex guards all of it, since a reservation touches all three and must do so as one. It is held for
//! about a microsecond and never across an await; answers are put together after it is released.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::calendar::{Calendar, HORIZON, Stay};
use super::catalog::RoomKind;
use super::reservation::{Booking, Reservation, ReservationId, Status};

/// A request for a reservation that was met.
#[derive(Debug, Clone)]
pub enum Booked {
    /// A new reservation.
    Created(Reservation),
    /// The one made earlier under the same idempotency key.
    Replayed(Reservation),
}

/// Why there is no reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No room of that type is free on every night.
    SoldOut,
    /// The idempotency key stands for a different request.
    KeyReused,
}

/// Why a reservation did not change its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeError {
    /// There is none of that number, or none any more.
    Unknown,
    /// It has been cancelled, and there is no way back.
    Cancelled,
}

/// How many reservations there are, by status, and how many there have been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Census {
    pub held: usize,
    pub confirmed: usize,
    pub cancelled: usize,
    /// Made since the start or the last reset.
    pub created: u64,
    /// Of these, dropped to keep memory bounded.
    pub evicted: u64,
}

/// The hotel.
#[derive(Debug)]
pub struct Hotel {
    pub calendar: Calendar,
    rooms: u32,
    max_reservations: usize,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Books {
    /// Rooms taken, by type and night.
    taken: [Vec<u32>; RoomKind::ALL.len()],
    reservations: BTreeMap<ReservationId, Reservation>,
    /// Cancelled reservations, the longest cancelled first: these are dropped first.
    cancelled: VecDeque<ReservationId>,
    keys: HashMap<Arc<str>, ReservationId>,
    census: Census,
    /// Numbers go on after a reset, so that one never means two reservations.
    last_id: u64,
}

impl Books {
    fn new(last_id: u64) -> Self {
        Self {
            taken: std::array::from_fn(|_| vec![0; HORIZON]),
            reservations: BTreeMap::new(),
            cancelled: VecDeque::new(),
            keys: HashMap::new(),
            census: Census::default(),
            last_id,
        }
    }

    /// Rooms taken on the nights of a stay. A stay lies within the calendar by construction.
    fn nights(&mut self, room: RoomKind, stay: Stay) -> &mut [u32] {
        let nights = self
            .taken
            .get_mut(room as usize)
            .and_then(|nights| nights.get_mut(stay.range()));
        nights.unwrap_or_default()
    }

    fn free(&mut self, booking: &Booking) {
        for taken in self.nights(booking.room, booking.stay) {
            *taken = taken.saturating_sub(1);
        }
    }

    fn count_of(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Held => &mut self.census.held,
            Status::Confirmed => &mut self.census.confirmed,
            Status::Cancelled => &mut self.census.cancelled,
        }
    }

    /// Drops the longest cancelled reservation or, when none is cancelled, the oldest, whose guest then
    /// counts as departed: its room is free again.
    fn evict(&mut self) {
        let longest_cancelled = self.cancelled.pop_front();
        let Some(id) = longest_cancelled.or_else(|| self.reservations.keys().next().copied())
        else {
            return;
        };
        if self.remove(id) {
            self.census.evicted += 1;
        }
    }

    /// Takes a reservation out of the books, as if it had never been made. Whether it was there.
    fn remove(&mut self, id: ReservationId) -> bool {
        let Some(reservation) = self.reservations.remove(&id) else {
            return false;
        };
        if reservation.status != Status::Cancelled {
            self.free(&reservation.booking);
        }
        if let Some(key) = &reservation.key {
            self.keys.remove(key);
        }
        *self.count_of(reservation.status) -= 1;
        true
    }

    fn change(&mut self, id: ReservationId, to: Status) -> Result<Reservation, ChangeError> {
        let reservation = self.reservations.get_mut(&id).ok_or(ChangeError::Unknown)?;
        let from = reservation.status;
        if from == to {
            return Ok(reservation.clone());
        }
        if from == Status::Cancelled {
            return Err(ChangeError::Cancelled);
        }
        reservation.status = to;
        let changed = reservation.clone();
        *self.count_of(from) -= 1;
        *self.count_of(to) += 1;
        if to == Status::Cancelled {
            self.free(&changed.booking);
            self.cancelled.push_back(id);
        }
        Ok(changed)
    }
}

impl Hotel {
    /// An empty hotel with that many rooms of each type for every night of the calendar. It keeps at least one
    /// reservation.
    pub fn new(calendar: Calendar, rooms: u32, max_reservations: usize) -> Self {
        Self {
            calendar,
            rooms,
            max_reservations,
            books: Mutex::new(Books::new(0)),
        }
    }

    /// A panic elsewhere must not close the hotel: every change leaves the books consistent.
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rooms of each type, in the order of [`RoomKind::ALL`], that are free on every night of the stay.
    pub fn available(&self, stay: Stay) -> [u32; RoomKind::ALL.len()] {
        let mut books = self.books();
        RoomKind::ALL.map(|room| {
            let taken = books
                .nights(room, stay)
                .iter()
                .max()
                .copied()
                .unwrap_or_default();
            self.rooms.saturating_sub(taken)
        })
    }

    /// Makes a reservation, or finds the one made earlier under the same idempotency key.
    ///
    /// # Errors
    /// [`Refusal`]; nothing has changed then, and the key is free to be used again.
    pub fn book(&self, booking: Booking, key: Option<&str>) -> Result<Booked, Refusal> {
        let mut books = self.books();
        let earlier = key
            .and_then(|key| books.keys.get(key))
            .and_then(|id| books.reservations.get(id));
        if let Some(earlier) = earlier {
            return match *earlier.booking == booking {
                true => Ok(Booked::Replayed(earlier.clone())),
                false => Err(Refusal::KeyReused),
            };
        }
        let nights = books.nights(booking.room, booking.stay);
        if nights.iter().any(|&taken| taken >= self.rooms) {
            return Err(Refusal::SoldOut);
        }
        for taken in nights {
            *taken += 1;
        }
        if books.reservations.len() >= self.max_reservations {
            books.evict();
        }
        books.last_id += 1;
        let id = ReservationId::new(books.last_id);
        let key = key.map(Arc::<str>::from);
        let reservation = Reservation {
            id,
            status: Status::Held,
            booking: Arc::new(booking),
            key: key.clone(),
        };
        books.reservations.insert(id, reservation.clone());
        if let Some(key) = key {
            books.keys.insert(key, id);
        }
        books.census.held += 1;
        books.census.created += 1;
        Ok(Booked::Created(reservation))
    }

    /// Loses a reservation, as a service does that acknowledges what it has not kept.
    pub fn lose(&self, id: ReservationId) {
        let mut books = self.books();
        books.remove(id);
        books.cancelled.retain(|&cancelled| cancelled != id);
    }

    /// The reservation of that number, if it is (still) kept.
    pub fn find(&self, id: ReservationId) -> Option<Reservation> {
        self.books().reservations.get(&id).cloned()
    }

    /// Confirms a reservation; one that is confirmed stays so.
    ///
    /// # Errors
    /// When there is none of that number, or it has been cancelled.
    pub fn confirm(&self, id: ReservationId) -> Result<Reservation, ChangeError> {
        self.books().change(id, Status::Confirmed)
    }

    /// Cancels a reservation and frees its room; one that is cancelled stays so.
    ///
    /// # Errors
    /// When there is none of that number.
    pub fn cancel(&self, id: ReservationId) -> Result<Reservation, ChangeError> {
        self.books().change(id, Status::Cancelled)
    }

    /// A page of reservations, the newest first, and how many there are in all.
    pub fn page(&self, offset: usize, limit: usize) -> (Vec<Reservation>, usize) {
        let books = self.books();
        if offset >= books.reservations.len() {
            return (Vec::new(), books.reservations.len());
        }
        let page = books
            .reservations
            .values()
            .rev()
            .skip(offset)
            .take(limit)
            .cloned()
            .collect();
        (page, books.reservations.len())
    }

    /// Counts of reservations.
    pub fn census(&self) -> Census {
        self.books().census
    }

    /// Forgets every reservation and idempotency key; says how many reservations there were.
    pub fn reset(&self) -> usize {
        let mut books = self.books();
        let last_id = books.last_id;
        std::mem::replace(&mut *books, Books::new(last_id))
            .reservations
            .len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::date;

    fn hotel(rooms: u32, max_reservations: usize) -> Hotel {
        let calendar = Calendar::starting(date!(2030 - 01 - 01));
        Hotel::new(calendar, rooms, max_reservations)
    }

    fn booking(hotel: &Hotel, guest: &str, nights: u8) -> Booking {
        let stay = hotel
            .calendar
            .stay(hotel.calendar.default_check_in(), nights)
            .unwrap();
        Booking {
            room: RoomKind::Double,
            guest: guest.to_owned(),
            email: None,
            stay,
            callback_url: None,
        }
    }

    fn created(hotel: &Hotel, guest: &str) -> Reservation {
        match hotel.book(booking(hotel, guest, 1), None) {
            Ok(Booked::Created(reservation)) => reservation,
            other => panic!("{other:?}"),
        }
    }

    fn doubles_free(hotel: &Hotel, nights: u8) -> u32 {
        hotel.available(booking(hotel, "", nights).stay)[RoomKind::Double as usize]
    }

    #[test]
    fn a_stay_is_sold_out_when_one_of_its_nights_is() {
        let hotel = hotel(1, 10);
        created(&hotel, "Ada");
        assert_eq!((doubles_free(&hotel, 1), doubles_free(&hotel, 3)), (0, 0));
        assert_eq!(
            hotel.book(booking(&hotel, "Bob", 3), None).unwrap_err(),
            Refusal::SoldOut
        );
        let second_night = hotel.calendar.stay(date!(2030 - 01 - 03), 1).unwrap();
        assert_eq!(
            hotel.available(second_night),
            [1; 5],
            "the refused stay took nothing"
        );
    }

    #[test]
    fn a_cancelled_reservation_frees_its_room_once() {
        let hotel = hotel(2, 10);
        let (first, _second) = (created(&hotel, "Ada"), created(&hotel, "Bob"));
        hotel.cancel(first.id).unwrap();
        hotel.cancel(first.id).unwrap();
        assert_eq!(doubles_free(&hotel, 1), 1);
        assert_eq!(hotel.confirm(first.id).unwrap_err(), ChangeError::Cancelled);
    }

    #[test]
    fn a_key_gives_the_same_reservation_for_the_same_request_only() {
        let hotel = hotel(5, 10);
        let Ok(Booked::Created(first)) = hotel.book(booking(&hotel, "Ada", 1), Some("k")) else {
            panic!()
        };
        let Ok(Booked::Replayed(again)) = hotel.book(booking(&hotel, "Ada", 1), Some("k")) else {
            panic!()
        };
        assert_eq!(first.id, again.id);
        assert_eq!(
            hotel
                .book(booking(&hotel, "Bob", 1), Some("k"))
                .unwrap_err(),
            Refusal::KeyReused
        );
        assert_eq!(doubles_free(&hotel, 1), 4);
    }

    #[test]
    fn a_refused_request_leaves_its_key_free() {
        let hotel = hotel(1, 10);
        let first = created(&hotel, "Ada");
        assert_eq!(
            hotel
                .book(booking(&hotel, "Bob", 1), Some("k"))
                .unwrap_err(),
            Refusal::SoldOut
        );
        hotel.cancel(first.id).unwrap();
        assert!(matches!(
            hotel.book(booking(&hotel, "Bob", 1), Some("k")),
            Ok(Booked::Created(_))
        ));
    }

    #[test]
    fn the_longest_cancelled_reservation_is_dropped_first_and_then_the_oldest() {
        let hotel = hotel(100, 3);
        let [a, b, c] = ["a", "b", "c"].map(|guest| created(&hotel, guest).id);
        hotel.cancel(b).unwrap();
        let d = created(&hotel, "d").id;
        let kept = |id| hotel.find(id).is_some();
        assert_eq!([a, b, c, d].map(kept), [true, false, true, true]);
        let e = created(&hotel, "e").id;
        assert_eq!([a, c, d, e].map(kept), [false, true, true, true]);
        assert_eq!(
            doubles_free(&hotel, 1),
            97,
            "three reservations are kept, three rooms are taken"
        );
    }

    #[test]
    fn a_dropped_reservation_takes_its_key_along() {
        let hotel = hotel(100, 1);
        let Ok(Booked::Created(first)) = hotel.book(booking(&hotel, "Ada", 1), Some("k")) else {
            panic!()
        };
        created(&hotel, "Bob");
        let Ok(Booked::Created(second)) = hotel.book(booking(&hotel, "Ada", 1), Some("k")) else {
            panic!()
        };
        assert_ne!(first.id, second.id);
        assert_eq!(hotel.books().keys.len(), 1);
    }

    #[test]
    fn nothing_grows_past_the_cap() {
        let hotel = hotel(1000, 10);
        for n in 0..500 {
            let Ok(Booked::Created(made)) =
                hotel.book(booking(&hotel, "x", 2), Some(&n.to_string()))
            else {
                panic!()
            };
            if n % 3 == 0 {
                hotel.cancel(made.id).unwrap();
            }
        }
        let books = hotel.books();
        assert_eq!((books.reservations.len(), books.keys.len()), (10, 10));
        assert_eq!(books.cancelled.len(), books.census.cancelled);
        let census = books.census;
        assert_eq!(census.held + census.confirmed + census.cancelled, 10);
        assert_eq!((census.created, census.evicted), (500, 490));
    }

    #[test]
    fn a_page_shows_the_newest_first() {
        let hotel = hotel(10, 10);
        let ids: Vec<_> = (0..4).map(|_| created(&hotel, "x").id).collect();
        let (page, total) = hotel.page(1, 2);
        assert_eq!(total, 4);
        assert_eq!(
            page.iter().map(|one| one.id).collect::<Vec<_>>(),
            [ids[2], ids[1]]
        );
    }

    #[test]
    fn numbers_go_on_after_a_reset() {
        let hotel = hotel(1, 10);
        let before = created(&hotel, "Ada").id;
        assert_eq!(hotel.reset(), 1);
        assert_eq!(
            (hotel.census(), doubles_free(&hotel, 1)),
            (Census::default(), 1)
        );
        assert!(created(&hotel, "Ada").id > before);
    }
}
