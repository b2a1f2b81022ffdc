//! `/api/v1/reservations`: making, reading, confirming and cancelling them.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Demo;
use super::admin;
use super::booking;
use super::callbacks;
use super::catalog::CURRENCY;
use super::error::{ApiError, Body, FieldErrors};
use super::reservation::{Reservation, ReservationId, Status};
use super::resilience::Broken;
use super::state::{Booked, ChangeError, Refusal};

/// Bytes of an idempotency key at most.
const MAX_KEY: usize = 255;

/// Reservations on a page by default.
const PAGE: usize = 20;

/// Reservations on a page at most.
const MAX_PAGE: usize = 100;

/// A reservation as it is answered. Prices are whole units of the currency.
#[derive(Debug, Serialize)]
struct View {
    id: String,
    room: &'static str,
    guest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    nights: u8,
    check_in: String,
    check_out: String,
    status: &'static str,
    rate: u32,
    total: u32,
    currency: &'static str,
}

impl From<&Reservation> for View {
    fn from(reservation: &Reservation) -> Self {
        let booking = &reservation.booking;
        let (spec, stay) = (booking.room.spec(), booking.stay);
        Self {
            id: reservation.id.to_string(),
            room: spec.id,
            guest: booking.guest.clone(),
            email: booking.email.clone(),
            nights: stay.nights(),
            check_in: stay.check_in().to_string(),
            check_out: stay.check_out().to_string(),
            status: reservation.status.as_str(),
            rate: spec.rate,
            total: spec.rate * u32::from(stay.nights()),
            currency: CURRENCY,
        }
    }
}

/// `POST /api/v1/reservations`: makes a reservation. With an `Idempotency-Key` the same request
/// makes it only once, however often it is sent.
pub async fn create(
    State(demo): State<Arc<Demo>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let body = serde_json::from_slice(&body?).map_err(|error| ApiError::bad_json(&error))?;
    let booking = booking::read(&demo, &body)?;
    // Before anything is booked: a confirmation that cannot be sent must not be promised.
    let place = match booking.callback_url {
        Some(_) => Some(demo.callbacks.place().ok_or_else(ApiError::over_capacity)?),
        None => None,
    };
    let broken = demo.resilience.broken();
    let key = idempotency_key(&headers)?.filter(|_| broken != Some(Broken::Repeat));
    match demo.hotel.book(booking, key) {
        Ok(Booked::Created(_)) if broken == Some(Broken::Phantom) => {
            let message = "no room of this type is free on every night of the stay";
            Err(ApiError::new(StatusCode::CONFLICT, "sold_out", message))
        }
        Ok(Booked::Created(made)) => {
            if broken == Some(Broken::Lose) {
                demo.hotel.lose(made.id);
            }
            if let Some(place) = place {
                callbacks::confirm_later(&demo, &made, place);
            }
            let location = format!("/api/v1/reservations/{}", made.id);
            let body = Json(View::from(&made));
            Ok((StatusCode::CREATED, [(LOCATION, location)], body).into_response())
        }
        Ok(Booked::Replayed(made)) => {
            Ok(([("idempotent-replay", "true")], Json(View::from(&made))).into_response())
        }
        Err(Refusal::SoldOut) => {
            let message = "no room of this type is free on every night of the stay";
            Err(ApiError::new(StatusCode::CONFLICT, "sold_out", message))
        }
        Err(Refusal::KeyReused) => {
            let message = "this Idempotency-Key was used with a different request";
            Err(ApiError::new(
                StatusCode::CONFLICT,
                "idempotency_key_reused",
                message,
            ))
        }
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    // A key that cannot be used is refused: without it a retry would book twice.
    match value.to_str() {
        Ok(key) if (1..=MAX_KEY).contains(&key.len()) => Ok(Some(key)),
        _ => {
            let message =
                format!("Idempotency-Key must have 1 to {MAX_KEY} printable ASCII characters");
            Err(ApiError::new(
                StatusCode::BAD_REQUEST,
                "invalid_idempotency_key",
                message,
            ))
        }
    }
}

fn not_found(id: &str) -> ApiError {
    let message = format!("there is no reservation `{id}`");
    ApiError::new(StatusCode::NOT_FOUND, "unknown_reservation", message)
}

fn parse_id(id: &str) -> Result<ReservationId, ApiError> {
    id.parse().map_err(|_| not_found(id))
}

/// `GET /api/v1/reservations/{id}`.
pub async fn read_one(
    State(demo): State<Arc<Demo>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let found = demo
        .hotel
        .find(parse_id(&id)?)
        .ok_or_else(|| not_found(&id))?;
    Ok(Json(View::from(&found)))
}

/// `POST /api/v1/reservations/{id}/confirm`; confirming again changes nothing.
pub async fn confirm(
    State(demo): State<Arc<Demo>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let number = parse_id(&id)?;
    if demo.resilience.broken() == Some(Broken::Stale) {
        return pretended(&demo, number, Status::Confirmed, &id);
    }
    changed(demo.hotel.confirm(number), &id)
}

/// `POST /api/v1/reservations/{id}/cancel`: frees the room; cancelling again changes nothing.
pub async fn cancel(
    State(demo): State<Arc<Demo>>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, ApiError> {
    let number = parse_id(&id)?;
    if demo.resilience.broken() == Some(Broken::Stale) {
        return pretended(&demo, number, Status::Cancelled, &id);
    }
    let before = demo.hotel.find(number);
    let outcome = demo.hotel.cancel(number);
    if let (Some(before), Ok(now)) = (before, &outcome)
        && before.status != Status::Cancelled
        && now.booking.callback_url.is_some()
        && let Some(place) = demo.callbacks.place()
    {
        callbacks::cancelled(&demo, now, place);
    }
    changed(outcome, &id)
}

/// Acknowledges a change without making it.
fn pretended(
    demo: &Demo,
    number: ReservationId,
    status: Status,
    id: &str,
) -> Result<Json<View>, ApiError> {
    let found = demo.hotel.find(number).ok_or(ChangeError::Unknown);
    let found = found.map(|found| Reservation { status, ..found });
    changed(found, id)
}

fn changed(outcome: Result<Reservation, ChangeError>, id: &str) -> Result<Json<View>, ApiError> {
    outcome
        .map(|reservation| Json(View::from(&reservation)))
        .map_err(|error| match error {
            ChangeError::Unknown => not_found(id),
            ChangeError::Cancelled => {
                let message = format!("reservation `{id}` has been cancelled");
                ApiError::new(StatusCode::CONFLICT, "already_cancelled", message)
            }
        })
}

/// Which part of the list is wanted, as text: a wrong value gets a message that says what is right.
#[derive(Debug, Deserialize)]
pub struct PageQuery {
    limit: Option<String>,
    offset: Option<String>,
}

impl PageQuery {
    /// The offset and the limit.
    fn read(&self) -> Result<(usize, usize), ApiError> {
        let number = |text: &Option<String>, default| match text {
            None => Some(default),
            Some(text) => text.parse::<usize>().ok(),
        };
        let offset = number(&self.offset, 0);
        let limit = number(&self.limit, PAGE).filter(|limit| (1..=MAX_PAGE).contains(limit));
        if let (Some(offset), Some(limit)) = (offset, limit) {
            return Ok((offset, limit));
        }
        let mut errors = FieldErrors::default();
        if limit.is_none() {
            errors.add(
                "limit",
                format!("must be a whole number from 1 to {MAX_PAGE}"),
            );
        }
        if offset.is_none() {
            errors.add("offset", "must be a whole number, 0 or more");
        }
        Err(errors
            .refusal("invalid_query")
            .unwrap_or_else(ApiError::unread))
    }
}

/// `GET /api/v1/reservations?limit=N&offset=N`: the newest first, for the administrator.
pub async fn list(
    State(demo): State<Arc<Demo>>,
    headers: HeaderMap,
    query: Result<Query<PageQuery>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    admin::authorise(&demo, &headers)?;
    let Query(query) = query?;
    let (offset, limit) = query.read()?;
    let (page, total) = demo.hotel.page(offset, limit);
    let page: Vec<View> = page.iter().map(View::from).collect();
    Ok(Json(
        json!({ "reservations": page, "total": total, "limit": limit, "offset": offset }),
    ))
}

#[cfg(test)]
#[path = "reservations_tests.rs"]
mod tests;
