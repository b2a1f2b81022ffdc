//! `std/page`: a page and what it needs, as a browser asks for it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::journey::{Journey, Ran};
use crate::support::server::HttpServer;

fn browsing(body: &str) -> Journey {
    Journey::new(body).functions("import \"std/page\" as page;")
}

fn targets(server: &HttpServer) -> Vec<String> {
    server.requests().iter().map(|r| r.target.clone()).collect()
}

#[track_caller]
fn endpoints(ran: &Ran) -> BTreeSet<&str> {
    let rows = ran.output.expect_result()["endpoints"].as_array().unwrap();
    rows.iter()
        .map(|row| row["name"].as_str().unwrap())
        .collect()
}

#[test]
fn a_page_is_loaded_with_each_of_its_assets_once() {
    let server = HttpServer::start();
    let ran = browsing(
        r#"
        let home = page::load(url + "/assets", #{ name: "home", headers: #{ "X-Trial": "7" } });
        seen.document = home.response.status;
        seen.assets = home.assets.len;
        seen.skipped = home.skipped;
        seen.size = home.size - home.response.size;
        seen.took = home.time > 0.0;
        "#,
    )
    .at(&server)
    .run();
    let missing = "no such route\n".len();
    let size = "p {}".len() + "1;".len() + 30 + 1000 + 2000 + missing;
    assert_eq!(
        ran.saw(),
        &json!({ "document": 200, "assets": 6, "skipped": 2, "size": size, "took": true })
    );
    let mut targets = targets(&server);
    assert_eq!(targets.remove(0), "/assets", "the document is the first");
    targets.sort();
    assert_eq!(
        targets,
        [
            "/assets/fresh.js",
            "/assets/kept.css",
            "/bytes/1000?v=2",
            "/bytes/2000",
            "/bytes/30",
            "/missing.png",
        ]
    );
    let requests = server.requests();
    assert!(requests.iter().all(|r| r.header("x-trial") == Some("7")));
    let connections: BTreeSet<usize> = requests.iter().map(|r| r.conn_id.0).collect();
    assert!(connections.len() > 1, "assets are loaded side by side");
    assert_eq!(
        endpoints(&ran),
        BTreeSet::from([
            "home",
            "home asset",
            "home image",
            "home script",
            "home style"
        ])
    );
    ran.output
        .expect_text("✗ home has its assets")
        .expect_text("1 not loaded, the first http");
    assert_eq!(ran.metric("checks")["passes"], 1);
    assert_eq!(ran.metric("page_load_time")["count"], 1);
    assert_eq!(ran.series("page_size")[0]["tags"]["page"], "home");
}

#[test]
fn a_host_that_is_named_is_asked_as_well_without_the_pages_own_headers() {
    let page = HttpServer::start();
    let cdn = HttpServer::start();
    let html = format!(
        "<img src='{}'><img src='{}'>",
        cdn.url("/bytes/10"),
        cdn.url_by_name("localhost", "/bytes/20"),
    );
    let ran = Journey::new(
        r#"
        let home = page::load(env("PAGE"), #{ hosts: [env("CDN")], headers: #{ authorization: "Bearer t" } });
        seen.loaded = [home.assets.len, home.skipped];
        "#,
    )
    .functions("import \"std/page\" as page;")
    .env("PAGE", &format!("{}?html={}", page.url("/assets/of"), hex(&html)))
    .env("CDN", &cdn.addr().to_string())
    .run();
    assert_eq!(ran.saw()["loaded"], json!([1, 1]));
    assert_eq!(page.requests()[0].header("authorization"), Some("Bearer t"));
    assert_eq!(targets(&cdn), ["/bytes/10"]);
    assert_eq!(cdn.requests()[0].header("authorization"), None);
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn who_comes_again_has_a_cache() {
    let server = HttpServer::start();
    let ran = browsing(
        r#"
        if ctx.iteration == 2 { page::forget(ctx); }
        seen.assets = page::visit(ctx, url + "/assets", #{}).assets.len;
        "#,
    )
    .options("iterations: 3")
    .at(&server)
    .run();
    let assets: Vec<_> = ran.all().iter().map(|seen| &seen["assets"]).collect();
    // The second time what must not be stored and what was not there.
    assert_eq!(assets, [&json!(6), &json!(2), &json!(6)]);
    assert_eq!(
        targets(&server)
            .iter()
            .filter(|t| *t == "/assets/kept.css")
            .count(),
        2
    );
    assert_eq!(
        targets(&server)
            .iter()
            .filter(|t| *t == "/assets/fresh.js")
            .count(),
        3
    );
}
