//! `rhaid convert curl`.

use crate::convert::{rhaid, runs_green, script};
use crate::support::golden::hold;

const BASH: &str = r#"
# What people write.
curl -sSL http://127.0.0.1:8080/health/live && echo fine
curl -X POST http://127.0.0.1:8080/api/v1/reservations \
  -H 'Content-Type: application/json' --data-raw $'{"room":"room-double","guest":"O\'Brien \u00e9","nights":1}'
curl --json '{"user": "qa"}' 127.0.0.1:8080/api/v1/admin/login
curl -G -d nights=2 --data-urlencode 'q=a b&c' http://127.0.0.1:8080/api/v1/pms/availability
"#;

const EVERYTHING: &str = r#"
$ curl 'https://shop.example.com/search?q=tea%20time&flag' -H 'accept: */*' -H 'sec-fetch-mode: cors' -b 'session=s3cr3t0123; theme=dark' --compressed
curl -u ada:correct-horse -A 'probe/1.0' -e https://shop.example.com/ -k -x 127.0.0.1:3128 -m 2.5 https://shop.example.com/private
curl -I https://shop.example.com/ --tcp-nodelay --cacert ca.pem
curl -F note=hello -F 'scan=@scan.png;type=image/png' https://shop.example.com/upload -H 'X-Api-Key: k-0123456789'
curl -d 'user=ada&password=correct-horse&tag=a&tag=b' https://shop.example.com/login
curl -T backup.tar https://files.example.com/backup.tar
curl -X PURGE https://shop.example.com/cache --next -d @body.json -H 'content-type: application/json' https://shop.example.com/import
curl -d plain -H 'content-type: text/plain' https://shop.example.com/notes https://shop.example.com/more
"#;

const CMD: &str = "curl ^\"http://127.0.0.1:8080/api/v1/pms/availability?nights=2^\" ^\r\n  -H ^\"accept: application/json^\" ^\r\n  -H ^\"sec-ch-ua: ^\\^\"Chromium^\\^\";v=^\\^\"156^\\^\"^\" &\r\ncurl ^\"http://127.0.0.1:8080/api/v1/admin/login^\" ^\r\n  -H ^\"content-type: application/json^\" ^\r\n  --data-raw ^\"^{^\\^\"user^\\^\":^\\^\"qa^\\^\"^}^\"\r\n";

#[test]
fn commands_become_scripts_that_run() {
    for (name, text) in [("curl_bash", BASH), ("curl_cmd", CMD)] {
        let output = rhaid(["convert", "curl", "commands.sh", "-o", "out.rhai"])
            .file("commands.sh", text)
            .run();
        let script = script(&output);
        hold("convert", name, &script);
        if name == "curl_bash" {
            output.expect_text("1 command that is not curl's");
        }
        runs_green(&script);
    }
}

#[test]
fn every_option_has_its_place() {
    let output = rhaid(["convert", "curl", "commands.sh", "-o", "out.rhai"])
        .file("commands.sh", EVERYTHING)
        .run();
    let script = script(&output);
    hold("convert", "curl_everything", &script);
    hold("convert", "curl_everything_told", &output.stderr);
    for secret in ["correct-horse", "k-0123456789", "s3cr3t"] {
        assert!(!script.contains(secret), "{secret}");
    }
}

/// What is not taken over is told, and a value of an option that nobody knows is no address.
#[test]
fn options_that_change_nothing_here_are_told() {
    let output = rhaid(["convert", "curl", "commands.sh", "-o", "out.rhai"])
        .file(
            "commands.sh",
            "curl --retry 3 --retry-delay 2 --connect-timeout 1 --max-redirs 0 --http2 -4 --foo bar --pass s3cr3t-2 http://h.test/\n",
        )
        .run();
    let script = script(&output);
    hold(
        "convert",
        "curl_told",
        &format!("{}---\n{script}", output.stderr),
    );
    assert!(!output.stderr.contains("s3cr3t"), "{output}");
}

#[test]
fn a_command_may_stand_on_the_command_line() {
    let one = rhaid(["convert", "curl", "curl 'http://h.test/a b' -H 'x: y'"]).run();
    one.expect_code(0);
    let words = rhaid([
        "convert",
        "curl",
        "--",
        "curl",
        "http://h.test/a b",
        "-H",
        "x: y",
    ])
    .run();
    assert_eq!(one.stdout, words.stdout);
    let wget = rhaid(["convert", "wget http://h.test/"]).run();
    wget.expect_code(65)
        .expect_text("this is a command of wget");
    assert!(one.stdout.contains("/a%20b`"), "{}", one.stdout);
}

#[test]
fn what_is_no_command_is_told() {
    for (name, text) in [
        ("curl_quote", "curl http://h.test/\n\ncurl 'http://h.test/"),
        ("curl_none", "ls -l"),
        ("curl_empty", ""),
        ("curl_no_address", "curl -H 'a: b'"),
        ("curl_no_value", "curl http://h.test/ -H"),
        ("curl_file", "curl file:///etc/hosts"),
        ("curl_bad_url", "curl 'http://a b/?token=s3cr3t-1'"),
        ("curl_wget", "wget --post-data a=1 http://h.test/"),
    ] {
        let output = rhaid(["convert", "curl", "commands.sh", "-o", "out.rhai"])
            .file("commands.sh", text)
            .run();
        output.expect_code(65);
        hold("convert", name, &output.stderr);
    }
}

#[test]
fn what_stands_twice_or_comes_from_elsewhere_makes_a_script_all_the_same() {
    let output = rhaid(["convert", "curl", "commands.sh", "-o", "out.rhai"])
        .file(
            "commands.sh",
            "curl 'http://u:SECRET-1@h.test/' -b 'a=1; a=2; `${x}`=3'\n\
             curl -F a=1 -F a=2 -F f=@- http://[::1]:3/\n\
             curl -u a:b -H 'authorization: Basic YTpi' http://h.test/twice\n\
             curl -d @- http://h.test/stream\n\
             curl http://h.test -d '{\"password\":\"SECRET-2\"}'\n\
             curl http://h.test -x http://me:SECRET-3@proxy.test:3128\n",
        )
        .run();
    let script = script(&output);
    assert!(!script.contains("SECRET-"), "{script}");
    assert!(
        script.contains("#{ a: \"1\", \"`${x}`\": \"3\" }"),
        "{script}"
    );
    assert!(script.contains("#{ a: [\"1\", \"2\"] }"), "{script}");
    assert!(!script.contains("http::file(\"-\")"), "{script}");
    assert!(
        script.contains("proxy: \"http://proxy.test:3128\""),
        "{script}"
    );
    let told = &output.stderr;
    assert!(told.contains("standard input"), "{told}");
    assert!(told.contains("the proxy's user and password"), "{told}");
    assert!(!told.contains("SECRET-"), "{told}");
    let output = rhaid(["convert", "curl", "commands.sh"])
        .file("commands.sh", "curl -X 'FO O' http://h.test\n")
        .run();
    output.expect_code(65);
}

#[test]
fn what_a_shell_keeps_for_itself_is_no_address() {
    let output = rhaid(["convert", "curl", "commands.sh", "-o", "out.rhai"])
        .file(
            "commands.sh",
            "curl http://h.test/a > out.json 2>/dev/null\n\
             curl -F 'meta={\"a\":1};type=application/json' http://h.test/up 2>&1\n\
             curl -d @- http://h.test/in <<EOF\n{}\nEOF\n\
             curl -u ada \"$API/b\"\n",
        )
        .run();
    let script = script(&output);
    for line in [
        "meta: \"{\\\"a\\\":1}\"",
        "auth: #{ user: global::USER, password: ",
    ] {
        assert!(script.contains(line), "{line}\n{script}");
    }
    assert!(!output.stderr.contains("no address"), "{output}");
    assert_eq!(script.matches("is answered").count(), 4, "{script}");
}
