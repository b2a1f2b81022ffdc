//! Reservations through the router: what a client sees of them.

use http::Method;
use serde_json::{Value, json};

use super::super::config::DemoConfig;
use super::super::testing::{Answer, Client};

const PATH: &str = "/api/v1/reservations";

async fn reserve_with_key(client: &Client, key: &str, guest: &str) -> Answer {
    let body = json!({ "room": "room-double", "guest": guest }).to_string();
    client
        .send(Method::POST, PATH, &[("idempotency-key", key)], &body)
        .await
}

fn id(answer: &Answer) -> &str {
    answer.body["id"].as_str().unwrap()
}

#[tokio::test]
async fn a_reservation_is_held_and_can_be_read_back() {
    let client = Client::default();
    let body =
        json!({ "room": "room-suite", "guest": "Ada", "nights": 2, "email": "ada@example.com" });
    let made = client.post(PATH, body).await;
    assert_eq!(made.status, 201);
    assert_eq!(made.header("location"), format!("{PATH}/{}", id(&made)));
    let (first, _) = client.demo.hotel.calendar.bounds();
    let check_in = first.next_day().unwrap();
    for (field, value) in [
        ("room", Value::from("room-suite")),
        ("guest", "Ada".into()),
        ("email", "ada@example.com".into()),
        ("nights", 2.into()),
        ("check_in", check_in.to_string().into()),
        ("status", "held".into()),
        ("total", 578.into()),
    ] {
        assert_eq!(made.body[field], value, "{field}");
    }
    let found = client.get(made.header("location")).await;
    assert_eq!((found.status, found.body), (200, made.body));
}

#[tokio::test]
async fn a_chosen_check_in_is_kept() {
    let client = Client::default();
    let (_, last) = client.demo.hotel.calendar.bounds();
    let body = json!({ "room": "room-twin", "guest": "Ada", "check_in": last.to_string() });
    assert_eq!(
        client.post(PATH, body).await.body["check_in"],
        last.to_string()
    );
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named_field_by_field() {
    let client = Client::default();
    let right = json!({ "room": "room-double", "guest": "Ada" });
    for (field, value) in [
        ("room", Value::Null),
        ("room", 7.into()),
        ("room", "  ".into()),
        ("guest", Value::Null),
        ("guest", "".into()),
        ("guest", "x".repeat(256).into()),
        ("nights", 0.into()),
        ("nights", 31.into()),
        ("nights", 1.5.into()),
        ("nights", "2".into()),
        ("check_in", "tomorrow".into()),
        ("check_in", 20300101.into()),
        ("email", "ada".into()),
        ("email", 1.into()),
    ] {
        let mut body = right.clone();
        body[field] = value.clone();
        let answer = client.post(PATH, body).await;
        assert_eq!(
            (answer.status, answer.error()),
            (422, "invalid_reservation"),
            "{field}: {value}"
        );
        let fields = answer.body["fields"].as_object().unwrap();
        assert_eq!(
            fields.keys().collect::<Vec<_>>(),
            [field],
            "{field}: {value}"
        );
    }
    let empty = client.post(PATH, json!({})).await;
    assert_eq!(
        empty.body["fields"],
        json!({ "room": "is required", "guest": "is required" })
    );
    assert_eq!(client.post(PATH, json!([])).await.status, 422);
    assert_eq!(client.demo.hotel.census().created, 0);
}

#[tokio::test]
async fn optional_fields_may_be_null() {
    let body = json!({ "room": "room-double", "guest": "Ada", "nights": null, "check_in": null, "email": null });
    assert_eq!(Client::default().post(PATH, body).await.status, 201);
}

#[tokio::test]
async fn a_body_that_is_not_json_or_far_too_long_is_refused() {
    let client = Client::default();
    let answer = client.send(Method::POST, PATH, &[], "{room").await;
    assert_eq!((answer.status, answer.error()), (400, "bad_json"));
    let answer = client
        .send(Method::POST, PATH, &[], &" ".repeat(300_000))
        .await;
    assert_eq!((answer.status, answer.error()), (413, "body_too_large"));
}

#[tokio::test]
async fn an_unknown_room_is_not_found_and_the_nearest_is_offered() {
    let answer = Client::default()
        .post(PATH, json!({ "room": "room-dubble", "guest": "Ada" }))
        .await;
    assert_eq!((answer.status, answer.error()), (404, "unknown_room"));
    let message = answer.body["message"].as_str().unwrap();
    assert!(message.contains("did you mean `room-double`?"), "{message}");
    assert_eq!(answer.body["rooms"].as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn the_same_key_and_body_give_the_same_reservation_once() {
    let client = Client::default();
    let first = reserve_with_key(&client, "k1", "Ada").await;
    let again = reserve_with_key(&client, "k1", "Ada").await;
    assert_eq!((first.status, first.header("idempotent-replay")), (201, ""));
    assert_eq!(
        (again.status, again.header("idempotent-replay")),
        (200, "true")
    );
    assert_eq!(first.body, again.body);
    assert_eq!(client.demo.hotel.census().created, 1);
}

#[tokio::test]
async fn the_same_key_with_another_body_is_a_conflict() {
    let client = Client::default();
    reserve_with_key(&client, "k1", "Ada").await;
    let other = reserve_with_key(&client, "k1", "Bob").await;
    assert_eq!(
        (other.status, other.error()),
        (409, "idempotency_key_reused")
    );
    assert_eq!(reserve_with_key(&client, "k2", "Bob").await.status, 201);
}

#[tokio::test]
async fn a_key_that_cannot_be_used_is_refused() {
    let client = Client::default();
    for key in ["", &"k".repeat(256), "schlüssel"] {
        let answer = reserve_with_key(&client, key, "Ada").await;
        assert_eq!(
            (answer.status, answer.error()),
            (400, "invalid_idempotency_key"),
            "{key}"
        );
    }
}

#[tokio::test]
async fn a_sold_out_room_is_a_conflict_until_someone_cancels() {
    let client = Client::new(DemoConfig {
        rooms: Some(1),
        ..DemoConfig::default()
    });
    let first = client.reserve("Ada").await;
    let refused = client.reserve("Bob").await;
    assert_eq!((refused.status, refused.error()), (409, "sold_out"));
    let cancelled = client
        .post(&format!("{PATH}/{}/cancel", id(&first)), Value::Null)
        .await;
    assert_eq!(
        (cancelled.status, &cancelled.body["status"]),
        (200, &"cancelled".into())
    );
    assert_eq!(client.reserve("Bob").await.status, 201);
}

#[tokio::test]
async fn a_reservation_is_confirmed_and_cancelled_but_not_brought_back() {
    let client = Client::default();
    let made = client.reserve("Ada").await;
    let act = async |verb: &str| {
        client
            .post(&format!("{PATH}/{}/{verb}", id(&made)), Value::Null)
            .await
    };
    for (verb, status) in [
        ("confirm", "confirmed"),
        ("confirm", "confirmed"),
        ("cancel", "cancelled"),
        ("cancel", "cancelled"),
    ] {
        let answer = act(verb).await;
        assert_eq!(
            (answer.status, &answer.body["status"]),
            (200, &status.into()),
            "{verb}"
        );
    }
    let refused = act("confirm").await;
    assert_eq!(
        (refused.status, refused.error()),
        (409, "already_cancelled")
    );
    assert_eq!(
        client.get(&format!("{PATH}/{}", id(&made))).await.body["status"],
        "cancelled"
    );
}

#[tokio::test]
async fn an_unknown_reservation_is_not_found_whatever_is_done_to_it() {
    let client = Client::default();
    for id in ["R00000001", "R1", "nonsense", "%00"] {
        let path = format!("{PATH}/{id}");
        let read = client.get(&path).await;
        let confirm = client.post(&format!("{path}/confirm"), Value::Null).await;
        let cancel = client.post(&format!("{path}/cancel"), Value::Null).await;
        for answer in [read, confirm, cancel] {
            assert_eq!(
                (answer.status, answer.error()),
                (404, "unknown_reservation"),
                "{id}"
            );
        }
    }
}

#[tokio::test]
async fn past_the_cap_the_cancelled_go_first_and_then_the_oldest() {
    let client = Client::new(DemoConfig {
        max_reservations: 2,
        ..DemoConfig::default()
    });
    let (a, b) = (client.reserve("a").await, client.reserve("b").await);
    client
        .post(&format!("{PATH}/{}/cancel", id(&b)), Value::Null)
        .await;
    let c = client.reserve("c").await;
    let status = async |answer: &Answer| client.get(&format!("{PATH}/{}", id(answer))).await.status;
    assert_eq!(
        [status(&a).await, status(&b).await, status(&c).await],
        [200, 404, 200]
    );
    client.reserve("d").await;
    assert_eq!([status(&a).await, status(&c).await], [404, 200]);
}

#[tokio::test]
async fn the_list_is_for_whoever_has_logged_in() {
    let client = Client::default();
    let refused = client.get(PATH).await;
    assert_eq!((refused.status, refused.error()), (401, "unauthorized"));
    assert_eq!(refused.header("www-authenticate"), "Bearer");
}

#[tokio::test]
async fn the_list_comes_in_pages_with_the_newest_first() {
    let client = Client::default();
    for guest in ["a", "b", "c", "d"] {
        client.reserve(guest).await;
    }
    let token = client.log_in().await;
    let list = async |query: &str| {
        let headers = [("authorization", token.as_str())];
        client
            .send(Method::GET, &format!("{PATH}?{query}"), &headers, "")
            .await
    };
    let page = list("limit=2&offset=1").await.body;
    let guests: Vec<_> = page["reservations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["guest"])
        .collect();
    assert_eq!(guests, ["c", "b"]);
    assert_eq!(
        (&page["total"], &page["limit"], &page["offset"]),
        (&4.into(), &2.into(), &1.into())
    );
    assert_eq!(
        list("").await.body["reservations"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    assert_eq!(list("offset=100").await.body["reservations"], json!([]));
    for wrong in ["limit=0", "limit=101", "limit=x", "offset=-1"] {
        let answer = list(wrong).await;
        assert_eq!(
            (answer.status, answer.error()),
            (422, "invalid_query"),
            "{wrong}"
        );
    }
}
