//! The cookie jar of each virtual user.

use serde_json::json;

use crate::support::journey::Journey;
use crate::support::server::HttpServer;
use crate::support::tls::{TlsConfig, TlsServer};

const ECHO: &str = "http::get(url + \"/cookies/echo\").json(\"cookies\")";

#[test]
fn cookies_go_back_to_where_they_came_from() {
    let server = HttpServer::start();
    let ran = Journey::new(&format!(
        r#"
        seen.before = {ECHO};
        http::get(url + "/cookies/set?session=s1&theme=dark");
        seen.after = {ECHO};
        http::get(url + "/cookies/set?session=s2");
        seen.replaced = {ECHO};
        http::get(url + "/cookies/set?theme=x&_max_age=0");
        seen.removed = {ECHO};
        "#
    ))
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({
            "before": {}, "after": { "session": "s1", "theme": "dark" }, "replaced": { "session": "s2", "theme": "dark" },
            "removed": { "session": "s2" },
        })
    );
}

/// Asks a name, since browsers and the jar take this machine itself for secure.
#[test]
fn a_cookies_attributes_are_obeyed() {
    let server = HttpServer::start();
    let ran = Journey::new(&format!(
        r#"
        http::get(url + "/cookies/variety");
        seen.sent = {ECHO};
        seen.deep = http::cookies(url + "/cookies/deep/down").keys();
        seen.root = http::cookies(url + "/").keys();
        "#
    ))
    .url("http://shop.invalid")
    .options(&format!(
        "hosts: #{{ \"shop.invalid\": \"{}\" }}",
        server.addr()
    ))
    .run();
    let saw = ran.saw();
    assert_eq!(
        saw["sent"],
        json!({ "session": "s1", "here_only": "h1", "kept": "k1", "kept_too": "k2", "unseen": "u1" })
    );
    assert_eq!(
        saw["deep"],
        json!(["deep", "here_only", "kept", "kept_too", "session", "unseen"])
    );
    assert_eq!(
        saw["root"],
        json!(["kept", "kept_too", "session", "unseen"])
    );
}

#[test]
fn a_secure_cookie_travels_by_tls_only() {
    let (plain, secure) = (HttpServer::start(), TlsServer::start(TlsConfig::default()));
    let ran = Journey::new(
        r#"
        http::get("https://shop.invalid/cookies/set?secret=1&_secure=");
        http::get("https://shop.invalid/cookies/set?open=1");
        seen.secure = http::get("https://shop.invalid/cookies/echo").json("cookies");
        seen.plain = http::get("http://shop.invalid/cookies/echo").json("cookies");
        "#,
    )
    .options(&format!(
        "tls: #{{ insecure: true }}, hosts: #{{ \"shop.invalid:443\": \"{}\", \"shop.invalid:80\": \"{}\" }}",
        secure.addr(),
        plain.addr()
    ))
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "secure": { "secret": "1", "open": "1" }, "plain": { "open": "1" } })
    );
}

#[test]
fn the_jar_is_visible_and_can_be_changed() {
    let server = HttpServer::start();
    let ran = Journey::new(&format!(
        r#"
        http::set_cookie(url + "/", "theme=dark; Path=/");
        http::set_cookie(url + "/", "basket=7; Path=/");
        seen.jar = http::cookies(url + "/");
        seen.sent = {ECHO};
        http::clear_cookies();
        seen.cleared = [http::cookies(url + "/"), {ECHO}];
        "#
    ))
    .at(&server)
    .run();
    let both = json!({ "theme": "dark", "basket": "7" });
    assert_eq!(
        ran.saw(),
        &json!({ "jar": both, "sent": both, "cleared": [{}, {}] })
    );
}

#[test]
fn a_requests_own_cookies_go_with_it_alone() {
    let server = HttpServer::start();
    let ran = Journey::new(&format!(
        r#"
        http::set_cookie(url + "/", "theme=dark; Path=/");
        http::set_cookie(url + "/", "lang=de; Path=/");
        seen.own = http::get(url + "/cookies/echo", #{{ cookies: #{{ theme: "light", once: 1 }} }}).json("cookies");
        seen.then = {ECHO};
        "#
    ))
    .at(&server)
    .run();
    assert_eq!(
        ran.saw(),
        &json!({ "own": { "theme": "light", "lang": "de", "once": "1" }, "then": { "theme": "dark", "lang": "de" } })
    );
}

const TWO_ROUNDS: &str = r#"
    seen.at_first = http::get(url + "/cookies/echo").json("cookies");
    http::get(url + "/cookies/set?visit=" + ctx.iteration);
"#;

#[test]
fn every_iteration_begins_without_cookies() {
    let server = HttpServer::start();
    let ran = Journey::new(TWO_ROUNDS)
        .at(&server)
        .options("iterations: 2")
        .run();
    assert_eq!(
        ran.all(),
        [json!({ "at_first": {} }), json!({ "at_first": {} })]
    );
}

#[test]
fn cookies_are_kept_from_one_iteration_to_the_next_if_asked_for() {
    let server = HttpServer::start();
    let ran = Journey::new(TWO_ROUNDS)
        .at(&server)
        .options("iterations: 2, keep_cookies: true")
        .run();
    assert_eq!(
        ran.all(),
        [
            json!({ "at_first": {} }),
            json!({ "at_first": { "visit": "0" } })
        ]
    );
}

#[test]
fn virtual_users_do_not_share_their_cookies() {
    let server = HttpServer::start();
    let ran = Journey::new(
        r#"
        http::get(url + "/cookies/set?user=" + ctx.vu);
        sleep(0.1);
        let cookies = http::get(url + "/cookies/echo").json("cookies");
        seen.own = cookies.user == ctx.vu.to_string() && cookies.len() == 1;
        "#,
    )
    .at(&server)
    .options(r#"scenarios: #{ a: #{ executor: "per-vu-iterations", vus: 4, iterations: 1 } }"#)
    .run();
    assert_eq!(ran.all(), vec![json!({ "own": true }); 4]);
}

#[test]
fn a_cookie_for_another_site_cannot_be_set() {
    let server = HttpServer::start();
    let ran = Journey::new(r#"http::set_cookie(url + "/", "a=1; Domain=other.example");"#)
        .at(&server)
        .finish();
    ran.output
        .expect_code(2)
        .expect_text("the cookie `a` cannot be set for http://127.0.0.1");
}
