//! The well-behaved routes over HTTP/1.1.

use std::io::{Read, Write};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;

use crate::support::background::wait_until;
use crate::support::server::HttpServer;
use crate::support::{packed, routes};
use crate::support_itself::client::{connect, get, request, send};

#[test]
fn a_request_is_answered_and_remembered_as_it_was_sent() {
    let server = HttpServer::start();
    let answer = send(
        server.addr(),
        "POST",
        "/echo?a=1&b=x%20y",
        &[("X-One", "1"), ("X-One", "2")],
        b"hi",
    );
    assert_eq!(answer.status, 200);
    let echo = answer.json();
    assert_eq!(echo["query"]["b"], "x y");
    assert_eq!(echo["headers"]["x-one"], "1, 2");
    assert_eq!(echo["body"], "hi");
    let requests = server.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(
        (requests[0].method.as_str(), requests[0].path()),
        ("POST", "/echo")
    );
    assert_eq!(requests[0].target, "/echo?a=1&b=x%20y");
    assert_eq!(requests[0].headers[2], ("x-one".to_owned(), "1".to_owned()));
    assert_eq!(requests[0].headers_named("x-one").count(), 2);
    assert_eq!(requests[0].body, b"hi");
    assert_eq!(requests[0].http_version, "1.1");
}

#[test]
fn a_connection_carries_many_requests_until_told_to_close() {
    let server = HttpServer::start();
    let mut stream = connect(server.addr());
    for _ in 0..3 {
        stream
            .write_all(b"GET /hello HTTP/1.1\r\nHost: t\r\n\r\n")
            .unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"hello\n") {
            let mut one = [0];
            stream.read_exact(&mut one).unwrap();
            bytes.push(one[0]);
        }
    }
    assert_eq!(
        (server.connections(), server.traffic().request_count()),
        (1, 3)
    );
    assert_eq!(server.traffic().open_connections(), 1);
    drop(stream);
    wait_until("the connection ends", Duration::from_secs(10), || {
        server.traffic().open_connections() == 0
    });
}

#[test]
fn dropping_the_server_ends_its_connections() {
    let server = HttpServer::start();
    let mut stream = connect(server.addr());
    stream
        .write_all(b"GET /stall/headers HTTP/1.1\r\n\r\n")
        .unwrap();
    wait_until("the request arrives", Duration::from_secs(10), || {
        !server.requests().is_empty()
    });
    drop(server);
    assert!(matches!(stream.read(&mut [0; 8]), Ok(0) | Err(_)));
}

#[test]
fn a_chunked_request_body_is_decoded() {
    let server = HttpServer::start();
    let mut bytes = request("POST", "/echo", &[("Transfer-Encoding", "chunked")], b"");
    bytes.extend_from_slice(b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nx-trailer: 1\r\n\r\n");
    let mut stream = connect(server.addr());
    stream.write_all(&bytes).unwrap();
    let answer = crate::support_itself::client::parse(
        &crate::support_itself::client::read_to_end(&mut stream).unwrap(),
    );
    assert_eq!(answer.json()["body"], "abcde");
}

#[test]
fn statuses_without_a_body_and_head_requests_end_with_the_head() {
    let server = HttpServer::start();
    for (method, path, status, length) in [
        ("GET", "/204", 204, ""),
        ("GET", "/304", 304, ""),
        ("HEAD", "/hello", 200, "6"),
        ("HEAD", "/half", 200, "1000"),
        ("HEAD", "/endless", 200, ""),
        ("HEAD", "/drip/9/1000", 200, "9"),
    ] {
        let answer = send(server.addr(), method, path, &[], b"");
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (status, ""),
            "{method} {path}"
        );
        assert_eq!(answer.header("content-length"), length, "{method} {path}");
    }
    assert_eq!(get(server.addr(), "/status/418").status, 418);
    assert_eq!(get(server.addr(), "/nowhere").status, 404);
    assert_eq!(get(server.addr(), "/bytes/1000").body, routes::bytes(1000));
}

#[test]
fn documents_have_something_to_select() {
    let server = HttpServer::start();
    assert_eq!(get(server.addr(), "/json").json()["rooms"][1]["id"], 102);
    let page = get(server.addr(), "/html").text();
    assert!(page.contains("<form id=\"search\"") && page.contains("<table>"));
    assert_eq!(
        get(server.addr(), "/headers/set").headers("x-twice"),
        ["first", "second"]
    );
}

#[test]
fn cookies_are_set_with_attributes_and_read_back() {
    let server = HttpServer::start();
    let answer = get(
        server.addr(),
        "/cookies/set?a=1&b=2&_path=/deep&_httponly&_max_age=60",
    );
    assert_eq!(
        answer.headers("set-cookie"),
        [
            "a=1; Path=/deep; HttpOnly; Max-Age=60",
            "b=2; Path=/deep; HttpOnly; Max-Age=60"
        ]
    );
    assert_eq!(
        get(server.addr(), "/cookies/variety")
            .headers("set-cookie")
            .len(),
        10
    );
    let echo = send(
        server.addr(),
        "GET",
        "/cookies/echo",
        &[("Cookie", "a=1; b=2")],
        b"",
    );
    assert_eq!(echo.json()["cookies"]["b"], "2");
}

#[test]
fn a_redirect_chain_counts_down_to_hello() {
    let server = HttpServer::start();
    let mut path = "/redirect/3".to_owned();
    let mut hops = 0;
    while path != "/hello" {
        let answer = get(server.addr(), &path);
        assert_eq!(answer.status, 302);
        path = answer.header("location");
        hops += 1;
    }
    assert_eq!(hops, 3);
    assert_eq!(
        get(server.addr(), "/redirect/loop").header("location"),
        "/redirect/loop"
    );
    let answer = get(server.addr(), "/redirect/307");
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (307, "/echo")
    );
    let answer = get(
        server.addr(),
        "/redirect/to?url=http%3A%2F%2Fx.example%2Fy&status=308",
    );
    assert_eq!(
        (answer.status, answer.header("location").as_str()),
        (308, "http://x.example/y")
    );
}

#[test]
fn compressed_bodies_unpack_to_the_known_text() {
    let server = HttpServer::start();
    let text = packed::text();
    let unpack = |path: &str, mut reader: Box<dyn Read>| {
        let mut plain = String::new();
        reader.read_to_string(&mut plain).unwrap();
        assert_eq!(plain, text, "{path}");
    };
    let body = |path: &str| std::io::Cursor::new(get(server.addr(), path).body);
    unpack(
        "/gzip",
        Box::new(flate2::read::GzDecoder::new(body("/gzip"))),
    );
    unpack(
        "/deflate",
        Box::new(flate2::read::ZlibDecoder::new(body("/deflate"))),
    );
    unpack(
        "/deflate?raw",
        Box::new(flate2::read::DeflateDecoder::new(body("/deflate?raw"))),
    );
    assert_eq!(
        get(server.addr(), "/brotli").header("content-encoding"),
        "br"
    );
    unpack(
        "/brotli",
        Box::new(brotli_decompressor::Decompressor::new(
            body("/brotli"),
            4096,
        )),
    );
    assert_eq!(
        get(server.addr(), "/zstd").header("content-encoding"),
        "zstd"
    );
    unpack(
        "/zstd",
        Box::new(ruzstd::decoding::StreamingDecoder::new(body("/zstd")).unwrap()),
    );
    let mut broken = flate2::read::GzDecoder::new(body("/gzip/bad"));
    assert!(broken.read_to_end(&mut Vec::new()).is_err());
}

#[test]
fn the_bomb_is_valid_gzip_a_thousand_times_its_size() {
    let server = HttpServer::start();
    let bomb = get(server.addr(), "/gzip/bomb/8").body;
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bomb.as_slice())
        .read_to_end(&mut plain)
        .unwrap();
    assert_eq!(plain.len(), 8 << 20);
    assert!(bomb.len() * 900 < plain.len());
}

#[test]
fn basic_and_bearer_let_in_only_who_is_right() {
    let server = HttpServer::start();
    let refused = get(server.addr(), "/auth/basic/ann/pw");
    assert_eq!(
        (refused.status, &refused.header("www-authenticate")[..5]),
        (401, "Basic")
    );
    let basic = format!("Basic {}", STANDARD.encode("ann:pw"));
    let send = |path, value: &str| {
        send(server.addr(), "GET", path, &[("Authorization", value)], b"").status
    };
    assert_eq!(send("/auth/basic/ann/pw", &basic), 200);
    assert_eq!(send("/auth/basic/ann/other", &basic), 401);
    assert_eq!(send("/auth/bearer/t1", "Bearer t1"), 200);
    assert_eq!(send("/auth/bearer/t1", "Bearer t2"), 401);
}

#[test]
fn digest_checks_the_response_and_every_count_only_once() {
    let server = HttpServer::start();
    let path = "/auth/digest/ann/pw?qop=auth&algorithm=MD5";
    let challenge = get(server.addr(), path).header("www-authenticate");
    assert!(challenge.starts_with("Digest realm=\"rooms\", qop=\"auth\", algorithm=MD5, nonce="));
    let nonce = challenge
        .split("nonce=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    let hash = |text: String| -> String {
        md5::Md5::digest(text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    let answer = |password: &str, nc: &str| {
        let ha1 = hash(format!("ann:rooms:{password}"));
        let ha2 = hash(format!("GET:{path}"));
        let response = hash(format!("{ha1}:{nonce}:{nc}:c0:auth:{ha2}"));
        let value = format!(
            "Digest username=\"ann\", realm=\"rooms\", nonce=\"{nonce}\", uri=\"{path}\", \
             qop=auth, nc={nc}, cnonce=\"c0\", response=\"{response}\", opaque=\"0f1e2d3c\", algorithm=MD5"
        );
        send(
            server.addr(),
            "GET",
            path,
            &[("Authorization", &value)],
            b"",
        )
    };
    assert_eq!(answer("wrong", "00000001").status, 401);
    assert_eq!(answer("pw", "00000001").status, 200);
    assert_eq!(answer("pw", "00000002").status, 200);
    let replayed = answer("pw", "00000002");
    assert!(replayed.status == 401 && replayed.header("www-authenticate").contains("stale=true"));
}

#[test]
fn digest_knows_sha_256_and_the_old_form_without_qop() {
    let server = HttpServer::start();
    let path = "/auth/digest/ann/pw?algorithm=SHA-256";
    let challenge = get(server.addr(), path).header("www-authenticate");
    assert!(challenge.contains("algorithm=SHA-256") && !challenge.contains("qop"));
    let nonce = challenge
        .split("nonce=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let hash = |text: String| -> String {
        sha2::Sha256::digest(text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    let ha1 = hash("ann:rooms:pw".to_owned());
    let ha2 = hash(format!("GET:{path}"));
    let response = hash(format!("{ha1}:{nonce}:{ha2}"));
    for (response, status) in [(response.as_str(), 200), ("0", 401)] {
        let value = format!(
            "Digest username=\"ann\", realm=\"rooms\", nonce=\"{nonce}\", uri=\"{path}\", \
             response=\"{response}\", opaque=\"0f1e2d3c\", algorithm=SHA-256"
        );
        let answer = send(
            server.addr(),
            "GET",
            path,
            &[("Authorization", &value)],
            b"",
        );
        assert_eq!(answer.status, status);
    }
}
