//! Reading what a guest asks for out of the JSON of a request.

use http::StatusCode;
use serde_json::{Map, Value};

use super::Demo;
use super::catalog::RoomKind;
use super::error::{ApiError, FieldErrors};
use super::pms::{check_nights, read_stay};
use super::reservation::Booking;
use crate::suggest::did_you_mean;

/// Characters of a text at most.
const MAX_TEXT: usize = 255;

/// The code of a refusal for wrong fields.
const INVALID: &str = "invalid_reservation";

/// Reads `{room, guest, nights?, check_in?, email?, callback_url?}`; optional fields may be null.
///
/// # Errors
/// 422 with every wrong field, or 404 when only the room is unknown.
pub fn read(demo: &Demo, body: &Value) -> Result<Booking, ApiError> {
    let Some(fields) = body.as_object() else {
        let message = "the body must be an object with `room` and `guest`";
        return Err(ApiError::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            INVALID,
            message,
        ));
    };
    let mut errors = FieldErrors::default();
    let room = required_text(fields, "room", &mut errors);
    let guest = required_text(fields, "guest", &mut errors);
    let nights = given(fields, "nights").map_or(Some(1), Value::as_u64);
    let nights = check_nights(nights, &mut errors);
    // A date that is no text is as wrong as one that cannot be read.
    let check_in = given(fields, "check_in").map(|value| value.as_str().unwrap_or_default());
    let stay = read_stay(demo, check_in, nights, &mut errors);
    let email = given(fields, "email").map(|value| value.as_str().unwrap_or_default().trim());
    if email.is_some_and(|email| !looks_like_email(email)) {
        errors.add("email", "must be an address such as ada@example.com");
    }
    let callback = given(fields, "callback_url").map(|value| value.as_str().unwrap_or_default());
    let callback = callback.map(|text| demo.callbacks.read(text));
    if let Some(Err(why)) = &callback {
        errors.add("callback_url", *why);
    }
    if let Some(refusal) = errors.refusal(INVALID) {
        return Err(refusal);
    }
    let (Some(room), Some(guest), Some(stay)) = (room, guest, stay) else {
        return Err(ApiError::unread());
    };
    Ok(Booking {
        room: RoomKind::by_id(room).ok_or_else(|| unknown_room(room))?,
        guest: guest.to_owned(),
        email: email.map(str::to_owned),
        stay,
        callback_url: callback.and_then(Result::ok),
    })
}

/// A field that is there and not null.
fn given<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

/// A field's text, trimmed; reports it when it is missing, empty, too long or no text.
fn required_text<'a>(
    fields: &'a Map<String, Value>,
    name: &'static str,
    errors: &mut FieldErrors,
) -> Option<&'a str> {
    let Some(value) = given(fields, name) else {
        errors.add(name, "is required");
        return None;
    };
    let text = value.as_str().map(str::trim);
    let text = text.filter(|text| (1..=MAX_TEXT).contains(&text.chars().count()));
    if text.is_none() {
        errors.add(name, format!("must be text of 1 to {MAX_TEXT} characters"));
    }
    text
}

/// Only whether it could be one: mail servers decide the rest.
fn looks_like_email(text: &str) -> bool {
    let parts = text.split_once('@');
    text.len() <= MAX_TEXT
        && !text.contains(char::is_whitespace)
        && parts
            .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

fn unknown_room(room: &str) -> ApiError {
    let ids = RoomKind::ALL.map(|room| room.spec().id);
    let hint = did_you_mean(room, ids).unwrap_or_else(|| format!("there are {}", ids.join(", ")));
    let message = format!("there is no room `{room}`; {hint}");
    ApiError::new(StatusCode::NOT_FOUND, "unknown_room", message).with("rooms", ids.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_name_and_one_host() {
        assert!(looks_like_email("ada@example.com") && looks_like_email("a@b"));
        for wrong in ["", "ada", "@host", "ada@", "a@b@c", "a da@example.com"] {
            assert!(!looks_like_email(wrong), "{wrong}");
        }
        assert!(!looks_like_email(&format!(
            "{}@example.com",
            "a".repeat(255)
        )));
    }
}
