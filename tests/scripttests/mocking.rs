//! The mock server, and the functions of a script called by a test.

use crate::scripttests::{rhaid, tested};

#[test]
fn a_scenarios_function_is_called_with_data_state_and_a_clock_that_does_not_wait() {
    let checkout = r#"
        import "std/think" as think;
        export const options = #{ scenarios: #{ buy: #{ executor: "constant-vus", exec: "buy", duration: "1s" } } };
        const BASE = env("BASE_URL");
        fn setup() { #{ token: http::post(`${global::BASE}/login`).json("token") } }
        fn buy(ctx) {
            let paid = http::post(`${global::BASE}/pay`, #{ amount: 5 }, #{ auth: #{ token: ctx.data.token } });
            check(paid, #{ "paid": |r| r.status == 201 });
            think::fixed("10m");
            ctx.state.last = paid.json("id");
        }
    "#;
    rhaid()
        .file("checkout.rhai", checkout)
        .file(
            "checkout_test.rhai",
            r#"
            import "checkout" as checkout;
            fn test_it_pays(ctx) {
                mock::on("POST", "/login").reply(200, #{ token: "t" });
                let pay = mock::on("POST", "/pay").json("amount", 5).header("authorization", "Bearer t").reply(201, #{ id: 7 });
                let began = time::now();
                checkout::buy(ctx.with_data(checkout::setup()));
                assert_eq(ctx.state.last, 7);
                assert_eq(ctx.vu, 1);
                assert_eq(test::slept(), 600);
                assert(time::now() - began >= 600.0);
                pay.called(1);
                mock::verify();
            }
            "#,
        )
        .arg("test")
        .run()
        .expect_code(0)
        .expect_text("test checkout_test::test_it_pays ... ok")
        .expect_text("test result: ok. 1 passed; 0 failed; 0 ignored; 0 filtered out; finished in ");
}

#[test]
fn routes_answer_by_path_query_header_and_body() {
    tested(
        r#"
        fn get(path) { http::get(mock::url() + path) }
        fn test_paths() {
            mock::on("GET", "/rooms/{id}").reply(200, "one");
            mock::on("GET", "/files/*").reply(200, "all");
            mock::on("*", "/any").reply(204);
            assert_eq(get("/rooms/7").body, "one");
            assert_eq(mock::calls("GET", "/rooms/7")[0].params.id, "7");
            assert_eq(get("/files/a/b").body, "all");
            assert_eq(http::delete(mock::url() + "/any").status, 204);
        }
        fn test_queries() {
            mock::on("GET", "/q?a=1").query("b", 2).reply(200, "both");
            mock::on("GET", "/q").query("a", "x y").reply(200, "other");
            assert_eq(get("/q?a=1&b=2").body, "both");
            assert_eq(get("/q?a=x%20y").body, "other");
        }
        fn test_bodies() {
            mock::on("POST", "/b").reply(200, "any");
            mock::on("POST", "/b").json(#{ guest: #{ name: "Ada" } }).reply(200, "ada");
            mock::on("POST", "/b").json("rooms[0]", 1.0).reply(200, "room");
            mock::on("POST", "/b").body("needle").reply(200, "text");
            assert_eq(http::post(mock::url() + "/b", #{ guest: #{ name: "Ada", age: 36 } }).body, "ada");
            assert_eq(http::post(mock::url() + "/b", #{ rooms: [1] }).body, "room");
            assert_eq(http::post(mock::url() + "/b", "hay needle hay").body, "text");
            assert_eq(http::post(mock::url() + "/b", "hay").body, "any");
        }
        fn test_what_is_answered() {
            mock::on("GET", "/map").reply(200, #{ a: [1] });
            mock::on("GET", "/blob").reply(200, blob(3, 65));
            mock::on("GET", "/head").reply(302, "moved", #{ Location: "/map", "Set-Cookie": ["a=1", "b=2"], "Content-Type": "text/x" });
            assert_eq([get("/map").header("content-type"), get("/map").json("a[0]")], ["application/json", 1]);
            assert_eq([get("/blob").header("content-type"), get("/blob").body], ["application/octet-stream", "AAA"]);
            let r = http::get(mock::url() + "/head", #{ redirects: 0 });
            assert_eq([r.status, r.header("content-type"), r.cookies], [302, "text/x", #{ a: "1", b: "2" }]);
        }
        fn test_sequences() {
            let x = mock::on("GET", "/x").reply(500).times(2).then(429).then(200).delay("20ms");
            assert_eq([get("/x").status, get("/x").status, get("/x").status, get("/x").status, get("/x").status], [500, 500, 429, 200, 200]);
            assert(get("/x").timings.waiting >= 20.0);
            x.called(6);
        }
        fn test_dropped() {
            mock::on("GET", "/x").drop();
            let r = get("/x");
            assert_eq([r.status, mock::calls()[0].status], [0, 0]);
        }
        fn test_calls() {
            mock::on("*", "*").reply(200);
            http::post(mock::url() + "/x?a=1", #{ b: 2 }, #{ headers: #{ "X-Y": "z" } });
            let seen = mock::calls("POST", "/x")[0];
            assert_eq([seen.method, seen.path, seen.query, seen.header("X-Y"), seen.headers["x-y"]], ["POST", "/x", #{ a: "1" }, "z", "z"]);
            assert_eq([seen.body, seen.json(), seen.json("b"), seen.bytes().len], [`{"b":2}`, #{ b: 2 }, 2, 7]);
            assert_eq(`${seen}`, "Call(POST /x?a=1, 200)");
            assert_eq(mock::calls("POST", "/x?a=2"), []);
        }
        "#,
    )
    .expect_code(0)
    .expect_text("7 passed");
}

#[test]
fn what_the_mock_does_not_answer_fails_the_test_and_is_explained() {
    tested(
        r#"
        fn test_nearest() {
            mock::on("POST", "/x").reply(201);
            let r = http::post(mock::url() + "/xy", #{});
            assert_eq(r.status, 501);
            assert(r.body.contains("POST /xy"));
        }
        fn test_caught_all() { mock::on("*", "*").reply(404); assert_eq(http::get(mock::url() + "/y").status, 404); }
        "#,
    )
    .expect_code(2)
    .expect_text("error: POST /xy came, and nothing answers it\nhelp: nearest: POST /x\n")
    .expect_text("test_caught_all ... ok");
}

#[test]
fn a_mock_that_is_misused_says_how_to_use_it() {
    for (statement, words) in [
        ("mock::on(\"get\", \"/x\")", "`get` is no method"),
        ("mock::on(\"GET\", \"x\")", "must begin with `/`"),
        ("mock::on(\"GET\", mock::url())", "is a URL"),
        ("mock::on(\"GET\", \"/{a}.x\")", "is no name in braces"),
        (
            "mock::on(\"GET\", \"/\").reply(99)",
            "a number from 200 to 599, not 99",
        ),
        (
            "mock::on(\"GET\", \"/\").reply(200, || 1)",
            "a map, a text or a blob",
        ),
        (
            "mock::on(\"GET\", \"/\").reply(200, (), #{ \"a b\": 1 })",
            "`a b` is no name of a header",
        ),
        (
            "mock::on(\"GET\", \"/\").times(2)",
            "the route has none yet",
        ),
        (
            "mock::on(\"GET\", \"/\").reply(200).times(0)",
            "once or more, not 0",
        ),
        (
            "mock::on(\"GET\", \"/\").called(2)",
            "GET / was called never, not 2 times",
        ),
        ("mock::on(\"GET\", \"/\").last()", "nobody called GET /"),
        (
            "mock::on(\"GET\", \"/\"); mock::verify()",
            "nobody called GET /",
        ),
        (
            "for n in 0..1001 { mock::on(\"GET\", \"/\"); }",
            "1000 routes at most",
        ),
    ] {
        tested(&format!("fn test_it() {{ {statement}; }}"))
            .expect_code(2)
            .expect_text(words);
    }
}

#[test]
fn outside_of_a_test_there_is_no_mock() {
    rhaid()
        .script("fn iteration() { mock::on(\"GET\", \"/\"); }")
        .args(["--iterations", "1"])
        .run()
        .expect_code(2)
        .expect_text("`mock::` works only in a test")
        .expect_text("rhaid test");
    tested("const URL = mock::url();\nfn test_it() { }")
        .expect_code(65)
        .expect_text("`mock::` works only in a test");
}
