//! `/api/v1/pms/*`: what the hotel's property management system says about rooms. Reads only.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::header;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::calendar::{MAX_NIGHTS, Stay, parse_date};
use super::catalog::{CURRENCY, RoomKind};
use super::error::{ApiError, FieldErrors};
use super::{Demo, cache};

/// Guests that may be asked for; no room sleeps more than a few, so the answer may be no room.
const MAX_GUESTS: u32 = 20;

/// The query as text: a wrong value gets a message that says what is right.
#[derive(Debug, Default, Deserialize)]
pub struct AvailabilityQuery {
    check_in: Option<String>,
    nights: Option<String>,
    guests: Option<String>,
}

#[derive(Debug, Serialize)]
struct Offer {
    id: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    rate: u32,
    currency: &'static str,
    available: u32,
}

#[derive(Debug, Serialize)]
struct Availability {
    check_in: String,
    nights: u8,
    rooms: Vec<Offer>,
}

/// `GET /api/v1/pms/availability?check_in=YYYY-MM-DD&nights=N&guests=N`: the types of room that
/// sleep so many guests, with the number of rooms that are free on every night.
pub async fn availability(
    State(demo): State<Arc<Demo>>,
    query: Result<Query<AvailabilityQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let Query(query) = query?;
    let (stay, guests) = read(&demo, &query)?;
    let Some(cache) = &demo.cache else {
        return Ok(Json(offers(&demo, stay, guests)).into_response());
    };
    let key = format!(
        "availability:{}:{}:{guests}",
        stay.check_in(),
        stay.nights()
    );
    let made = || serde_json::to_vec(&offers(&demo, stay, guests)).unwrap_or_default();
    let (body, from) = cache.through(key, made).await;
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/json"),
        (cache::HEADER, from.as_str()),
    ];
    Ok((headers, body).into_response())
}

/// What is free in the books.
fn offers(demo: &Demo, stay: Stay, guests: u32) -> Availability {
    let rooms = RoomKind::ALL
        .into_iter()
        .zip(demo.hotel.available(stay))
        .map(|(room, available)| (room.spec(), available))
        .filter(|(spec, _)| spec.sleeps >= guests)
        .map(|(spec, available)| Offer {
            id: spec.id,
            kind: spec.kind,
            rate: spec.rate,
            currency: CURRENCY,
            available,
        })
        .collect();
    Availability {
        check_in: stay.check_in().to_string(),
        nights: stay.nights(),
        rooms,
    }
}

fn read(demo: &Demo, query: &AvailabilityQuery) -> Result<(Stay, u32), ApiError> {
    let mut errors = FieldErrors::default();
    let nights = query
        .nights
        .as_deref()
        .map_or(Some(1), |text| text.parse().ok());
    let nights = check_nights(nights, &mut errors);
    let guests = query
        .guests
        .as_deref()
        .map_or(Some(1), |text| text.parse().ok());
    let guests = guests.filter(|guests| (1..=MAX_GUESTS).contains(guests));
    if guests.is_none() {
        errors.add(
            "guests",
            format!("must be a whole number from 1 to {MAX_GUESTS}"),
        );
    }
    let stay = read_stay(demo, query.check_in.as_deref(), nights, &mut errors);
    match (stay, guests) {
        (Some(stay), Some(guests)) => Ok((stay, guests)),
        _ => Err(errors
            .refusal("invalid_query")
            .unwrap_or_else(ApiError::unread)),
    }
}

/// A number of nights within bounds; reports `nights` otherwise.
pub fn check_nights(nights: Option<u64>, errors: &mut FieldErrors) -> Option<u8> {
    let nights = nights.and_then(|nights| u8::try_from(nights).ok());
    let nights = nights.filter(|nights| (1..=MAX_NIGHTS).contains(nights));
    if nights.is_none() {
        errors.add(
            "nights",
            format!("must be a whole number from 1 to {MAX_NIGHTS}"),
        );
    }
    nights
}

/// The stay that a request means, from tomorrow unless it says otherwise. Reports `check_in` when
/// that is wrong; without a number of nights there is no stay either, which has been reported.
pub fn read_stay(
    demo: &Demo,
    check_in: Option<&str>,
    nights: Option<u8>,
    errors: &mut FieldErrors,
) -> Option<Stay> {
    let calendar = demo.hotel.calendar;
    let date = match check_in {
        None => Some(calendar.default_check_in()),
        Some(text) => parse_date(text),
    };
    let Some(date) = date else {
        errors.add(
            "check_in",
            format!("must be a date such as {}", calendar.default_check_in()),
        );
        return None;
    };
    // A wrong date is reported beside a wrong number of nights.
    let stay = calendar.stay(date, nights.unwrap_or(1));
    if stay.is_none() {
        let (first, last) = calendar.bounds();
        errors.add(
            "check_in",
            format!("must leave every night between {first} and {last}"),
        );
    }
    nights.and(stay)
}

/// `GET /api/v1/pms/room-types`: the catalogue.
pub async fn room_types() -> impl IntoResponse {
    let types: Vec<Value> = RoomKind::ALL
        .into_iter()
        .map(RoomKind::spec)
        .map(|spec| {
            json!({
                "id": spec.id, "type": spec.kind, "name": spec.name,
                "sleeps": spec.sleeps, "rate": spec.rate, "currency": CURRENCY,
            })
        })
        .collect();
    Json(json!({ "room_types": types }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::Client;

    const PATH: &str = "/api/v1/pms/availability";

    #[tokio::test]
    async fn every_part_of_the_query_may_be_missing() {
        let client = Client::default();
        let answer = client.get(PATH).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body["nights"], 1);
        assert_eq!(
            answer.body["check_in"],
            client.demo.hotel.calendar.default_check_in().to_string()
        );
        assert_eq!(answer.body["rooms"].as_array().unwrap().len(), 5);
        let first = serde_json::json!({
            "id": "room-single", "type": "single", "rate": 79, "currency": "EUR", "available": 100_000,
        });
        assert_eq!(answer.body["rooms"][0], first);
    }

    #[tokio::test]
    async fn a_room_that_is_held_is_no_longer_available_on_its_night() {
        let client = Client::default();
        client.reserve("Ada").await;
        let free =
            |answer: &super::super::testing::Answer| answer.body["rooms"][1]["available"].clone();
        assert_eq!(free(&client.get(PATH).await), 99_999);
        assert_eq!(free(&client.get(&format!("{PATH}?nights=3")).await), 99_999);
        let (_, last) = client.demo.hotel.calendar.bounds();
        assert_eq!(
            free(&client.get(&format!("{PATH}?check_in={last}")).await),
            100_000
        );
    }

    #[tokio::test]
    async fn only_rooms_that_sleep_so_many_guests_are_offered() {
        let client = Client::default();
        for (guests, offers) in [(1, 5), (2, 4), (3, 2), (4, 2), (5, 0)] {
            let answer = client.get(&format!("{PATH}?guests={guests}")).await;
            assert_eq!(
                answer.body["rooms"].as_array().unwrap().len(),
                offers,
                "{guests} guests"
            );
        }
    }

    #[tokio::test]
    async fn nonsense_is_refused_and_named() {
        let client = Client::default();
        for (query, field) in [
            ("nights=0", "nights"),
            ("nights=31", "nights"),
            ("nights=-1", "nights"),
            ("nights=two", "nights"),
            ("nights=", "nights"),
            ("guests=0", "guests"),
            ("guests=21", "guests"),
            ("check_in=tomorrow", "check_in"),
            ("check_in=2031-02-30", "check_in"),
            ("check_in=1999-01-01", "check_in"),
            ("check_in=9999-12-31&nights=30", "check_in"),
        ] {
            let answer = client.get(&format!("{PATH}?{query}")).await;
            assert_eq!(
                (answer.status, answer.error()),
                (422, "invalid_query"),
                "{query}"
            );
            let fields = answer.body["fields"].as_object().unwrap();
            assert_eq!(fields.keys().collect::<Vec<_>>(), [field], "{query}");
        }
        let several = client
            .get(&format!("{PATH}?nights=0&guests=0&check_in=x"))
            .await;
        assert_eq!(several.body["fields"].as_object().unwrap().len(), 3);
        let twice = client.get(&format!("{PATH}?nights=1&nights=2")).await;
        assert_eq!((twice.status, twice.error()), (422, "invalid_query"));
    }

    #[tokio::test]
    async fn the_catalogue_lists_every_type() {
        let answer = Client::default().get("/api/v1/pms/room-types").await;
        let types = answer.body["room_types"].as_array().unwrap();
        assert_eq!(types.len(), 5);
        assert_eq!(
            (&types[1]["id"], &types[1]["sleeps"]),
            (&"room-double".into(), &2.into())
        );
    }
}
