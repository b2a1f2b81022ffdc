//! Answers in the order of requests; toxics that come and go.

use proptest::prelude::*;

use super::*;

#[test]
fn own_answers_wait_for_their_turn() {
    let mut wire = Wire::new(r#"{"path": "/own", "status": 500}"#);
    wire.ask(
        0,
        "GET /1 HTTP/1.1\r\n\r\nGET /own HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /own HTTP/1.1\r\n\r\n",
    );
    assert_eq!(
        wire.asked(),
        "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"
    );
    assert_eq!(wire.told(), "");
    wire.tell(1, "HTTP/1.1 201 One\r\ncontent-length: 1\r\n\r\n");
    assert!(!wire.told().contains("500"));
    wire.tell(2, "1HTTP/1.1 202 Two\r\ncontent-length: 1\r\n\r\n2");
    let told = wire.told();
    let statuses: Vec<_> = told
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|response| &response[..3])
        .collect();
    assert_eq!(statuses, ["201", "500", "202", "500"]);
}

proptest! {
    #[test]
    fn pipelined_requests_are_answered_in_their_order_however_they_are_cut(
        owns in prop::collection::vec(any::<bool>(), 1..12), cut in 1_usize..40, turns in any::<bool>(),
    ) {
        let mut wire = Wire::new(r#"{"path": "/own", "status": 500, "body": "own"}"#);
        let (mut expected, mut passed, mut responses) = (Vec::new(), String::new(), String::new());
        for (number, own) in owns.iter().enumerate() {
            let path = if *own { "/own".to_owned() } else { format!("/{number}") };
            let request = format!("POST {path} HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc");
            for piece in request.as_bytes().chunks(cut) {
                wire.read(0, 0, piece.to_vec());
            }
            if *own {
                expected.push("own".to_owned());
            } else {
                passed.push_str(&request);
                expected.push(number.to_string());
                let length = number.to_string().len();
                responses.push_str(&format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{number}"));
            }
            if turns {
                for piece in std::mem::take(&mut responses).into_bytes().chunks(cut) {
                    wire.read(1, 0, piece.to_vec());
                }
            }
        }
        for piece in responses.into_bytes().chunks(cut) {
            wire.read(1, 0, piece.to_vec());
        }
        prop_assert_eq!(wire.asked(), passed);
        let told = wire.told();
        let bodies: Vec<_> = told
            .split("HTTP/1.1 ")
            .skip(1)
            .map(|response| response.split("\r\n\r\n").nth(1).unwrap().to_owned())
            .collect();
        prop_assert_eq!(bodies, expected);
    }
}

#[test]
fn a_toxic_on_an_open_connection_waits_for_a_request_while_nothing_is_outstanding() {
    let own = r#"{"status": 500}"#;
    // The rest of a body, and its response.
    let mut wire = Wire::open(own, Stream::Upstream);
    wire.ask(0, "GET /part-of-a-body HTTP/1.1\r\n\r\n");
    wire.tell(1, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    assert!(!wire.told().contains("500"));
    wire.ask(2, "GET / HTTP/1.1\r\n\r\n");
    assert!(wire.told().contains("500"));

    // The rest of a response.
    let mut wire = Wire::open(own, Stream::Downstream);
    wire.tell(0, "the rest");
    wire.ask(1, "GET / HTTP/1.1\r\n\r\n");
    assert!(wire.told().starts_with("the restHTTP/1.1 500"));
}

#[test]
fn what_is_held_goes_on_when_the_toxic_is_gone() {
    let mut wire = Wire::new(r#"{"status": 500, "path": "/own"}"#);
    wire.ask(0, "GET /1 HTTP/1.1\r\n\r\nGET /ow");
    wire.tell(0, "HTTP/1.1 20");
    assert_eq!((wire.asked().len(), wire.told().len()), (19, 0));
    wire.remove(1);
    assert!(wire.asked().ends_with("\r\n\r\nGET /ow"));
    assert_eq!((wire.told().as_str(), wire.finish()), ("HTTP/1.1 20", None));
}

#[test]
fn a_connection_on_which_an_answer_is_owed_ends_with_the_toxic() {
    let mut wire = Wire::new(r#"{"status": 500}"#);
    wire.ask(0, "POST / HTTP/1.1\r\ncontent-length: 9\r\n\r\nhalf");
    wire.remove(1);
    assert_eq!(
        (wire.asked(), wire.finish()),
        (String::new(), Some(Close::Orderly))
    );
}

#[test]
fn the_end_comes_after_what_is_held_and_what_is_late() {
    let mut wire = Wire::new(r#"{"delay": 100}"#);
    wire.ask(0, "GET / HTTP/1.1\r\n\r\nGET");
    wire.stages[0].end(at(0), &mut wire.outs[0]);
    assert!(wire.asked().ends_with("\r\n\r\nGET"));
    wire.tell(5, "HTTP/1.1 200 OK\r\n\r\nuntil the end");
    wire.stages[1].end(at(6), &mut wire.outs[1]);
    assert!(wire.told().ends_with("until the end"));
    assert_eq!(wire.outs[1].items().last().unwrap(), &(at(105), Item::End));
}
