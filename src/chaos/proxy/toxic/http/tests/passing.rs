//! What is not meant passes byte for byte.

use proptest::prelude::*;

use super::*;

/// A rule that means none of these requests.
const OTHERS: &str = r#"{"path": "/other", "status": 500, "delay": 5}"#;

fn text() -> impl Strategy<Value = String> {
    "[ -~\r\n]{0,80}"
}

fn chunks(data: &[String]) -> String {
    let mut out = String::new();
    for piece in data.iter().filter(|piece| !piece.is_empty()) {
        out.push_str(&format!("{:X};a=b\r\n{piece}\r\n", piece.len()));
    }
    out + "0\r\nTrailer: t\r\n\r\n"
}

/// A request, and its response.
fn exchange() -> impl Strategy<Value = (String, String)> {
    let request = prop_oneof![
        Just("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n".to_owned()),
        Just("\r\nDELETE /x HTTP/1.1\nHost: bare\n\n".to_owned()),
        text().prop_map(|body| format!(
            "POST /p HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )),
        prop::collection::vec(text(), 0..4).prop_map(|data| {
            let head = "PUT /q HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
            format!("{head}{}", chunks(&data))
        }),
    ];
    let response = prop_oneof![
        text().prop_map(|body| format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )),
        prop::collection::vec(text(), 0..4).prop_map(|data| {
            let head = "HTTP/1.1 404 None\r\ntransfer-encoding: chunked\r\n\r\n";
            format!("{head}{}", chunks(&data))
        }),
        Just("HTTP/1.1 204 None\r\n\r\n".to_owned()),
        Just("HTTP/1.1 304 Same\r\nContent-Length: 99\r\n\r\n".to_owned()),
        Just("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".to_owned()),
    ];
    let head = Just((
        "HEAD /h HTTP/1.1\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n".to_owned(),
    ));
    prop_oneof![4 => (request, response), 1 => head]
}

/// Reads a text in pieces of these sizes, again and again.
fn read(wire: &mut Wire, half: usize, text: &str, cuts: &[usize]) {
    let mut rest = text.as_bytes();
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            return;
        }
        let (piece, after) = rest.split_at((*cut).min(rest.len()));
        wire.read(half, 0, piece.to_vec());
        rest = after;
    }
}

proptest! {
    #[test]
    fn valid_messages_come_out_as_they_went_in_and_their_ends_are_found(
        exchanges in prop::collection::vec(exchange(), 1..8),
        cuts in prop::collection::vec(1_usize..200, 1..6),
        pipelined in any::<bool>(),
    ) {
        let mut wire = Wire::new(OTHERS);
        let [requests, responses] = [0, 1].map(|half| {
            let text = exchanges.iter().map(|(asked, told)| if half == 0 { asked } else { told }.as_str());
            text.collect::<String>()
        });
        if pipelined {
            read(&mut wire, 0, &requests, &cuts);
            read(&mut wire, 1, &responses, &cuts);
        } else {
            for (request, response) in &exchanges {
                read(&mut wire, 0, request, &cuts);
                read(&mut wire, 1, response, &cuts);
            }
        }
        prop_assert_eq!(wire.asked(), requests);
        let told = wire.told();
        prop_assert_eq!(&told, &responses);
        // It knows where it is: the next request that is meant is answered.
        wire.ask(0, "GET /other HTTP/1.1\r\n\r\n");
        prop_assert!(wire.told()[told.len()..].starts_with("HTTP/1.1 500"));
    }

    #[test]
    fn anything_at_all_comes_out_as_it_went_in(
        pieces in prop::collection::vec((any::<bool>(), prop_oneof![
            prop::collection::vec(any::<u8>(), 1..60),
            "(GET|CONNECT|HEAD) /[a-z]{0,3} HTTP/1.1\r\n(\r\n)?(Upgrade: x\r\n\r\n)?".prop_map(String::into_bytes),
            "HTTP/1.1 (101|200|100|204) X\r\n(content-length: [0-9]\r\n)?(\r\n)?".prop_map(String::into_bytes),
        ]), 0..20),
        open in any::<bool>(),
    ) {
        let rule = r#"{"path": "/other", "status": 500}"#;
        let mut wire = if open { Wire::open(rule, Stream::Upstream) } else { Wire::new(rule) };
        let mut given = [Vec::new(), Vec::new()];
        for (half, piece) in pieces {
            let half = usize::from(half);
            given[half].extend_from_slice(&piece);
            wire.read(half, 0, piece);
        }
        wire.remove(1);
        prop_assert_eq!(&wire.bytes(0), &given[0]);
        prop_assert_eq!(&wire.bytes(1), &given[1]);
        prop_assert!(wire.finish().is_none());
    }
}

#[test]
fn tls_is_left_alone() {
    let mut wire = Wire::new(r#"{"status": 500}"#);
    wire.ask(0, "\x16\x03\x01 hello");
    wire.tell(0, "\x16\x03\x03 hello");
    wire.ask(1, "GET / HTTP/1.1\r\n\r\n");
    assert_eq!(wire.asked(), "\x16\x03\x01 helloGET / HTTP/1.1\r\n\r\n");
    assert_eq!(wire.told(), "\x16\x03\x03 hello");
}

#[test]
fn a_tunnel_is_left_alone() {
    let switch = [
        (
            "GET /chat HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        ),
        (
            "CONNECT h:443 HTTP/1.1\r\n\r\n",
            "HTTP/1.1 200 Connected\r\n\r\n",
        ),
    ];
    for (asked, told) in switch {
        let mut wire = Wire::new(OTHERS);
        wire.ask(0, asked);
        wire.tell(0, told);
        wire.ask(1, "GET /other HTTP/1.1\r\n\r\n");
        wire.tell(1, "anything");
        assert_eq!(wire.asked(), format!("{asked}GET /other HTTP/1.1\r\n\r\n"));
        assert_eq!(wire.told(), format!("{told}anything"));
    }
}

#[test]
fn a_switch_that_the_server_declines_changes_nothing() {
    for asked in [
        "GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n",
        "POST / HTTP/1.1\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nab",
        "CONNECT h:443 HTTP/1.1\r\n\r\n",
    ] {
        let mut wire = Wire::new(OTHERS);
        wire.ask(0, asked);
        wire.tell(0, "HTTP/1.1 405 No\r\nContent-Length: 2\r\n\r\nno");
        wire.ask(1, "GET /other HTTP/1.1\r\n\r\n");
        assert_eq!(wire.asked(), asked);
        assert!(wire.told().contains("\r\n\r\nnoHTTP/1.1 500"));
    }
}

#[test]
fn a_head_that_is_too_long_passes_and_after_its_answer_all_is_well() {
    let mut wire = Wire::new(OTHERS);
    let long = format!("GET /other HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(70_000));
    for piece in long.as_bytes().chunks(1_000) {
        wire.read(0, 0, piece.to_vec());
    }
    assert!(wire.asked() == long);
    wire.tell(1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    wire.ask(2, "GET /other HTTP/1.1\r\n\r\n");
    assert!(wire.told().contains("HTTP/1.1 500"));
}

#[test]
fn a_protocol_whose_server_speaks_first_passes() {
    let mut wire = Wire::new(r#"{"status": 500}"#);
    wire.tell(0, "220 ready\r\n");
    wire.ask(1, "EHLO me\r\n");
    wire.tell(2, "250 hello\r\n");
    assert_eq!(
        (wire.asked(), wire.told()),
        (
            "EHLO me\r\n".to_owned(),
            "220 ready\r\n250 hello\r\n".to_owned()
        )
    );
}

#[test]
fn bytes_that_pass_stay_together() {
    let mut wire = Wire::new(OTHERS);
    wire.ask(
        0,
        "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\n\r\n",
    );
    assert_eq!(wire.outs[0].items().len(), 1);
}
