//! What clusters and kubeconfigs refuse, and how that is told.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;

use super::kubernetes::{HOTEL, hotel, run, run_with};
use crate::support::bin::{Output, Rhaid};
use crate::support::certs::{Authority, CertKind};
use crate::support::cluster::{Cluster, Mood, Pod};

const DELETE: &str = r#"fault.pods("app=hotel", #{ count: 2 }).delete()"#;

/// The outcome of a deletion that a cluster answers so.
fn answered(beginning: &str, mood: Mood) -> Output {
    let cluster = hotel();
    cluster.answer(beginning, mood);
    let output = run(&cluster, DELETE);
    output.expect_code(2);
    assert!(!output.to_string().contains("s3cret"), "{output}");
    // What a cluster says is no command to a terminal.
    assert!(!output.stderr.contains("\u{1b}[2J"), "{output}");
    output
}

#[test]
fn who_may_not_is_told_what_to_grant() {
    answered("GET", Mood::Forbidden)
        .expect_words("the cluster does not let `system:serviceaccount:qa:rhaid` list pods in the namespace `shop`")
        .expect_words("kubectl -n shop create role rhaid-pods --verb=list,delete --resource=pods")
        .expect_words("--role=rhaid-pods --serviceaccount=qa:rhaid");
    answered("DELETE", Mood::Forbidden).expect_words("delete the pod `hotel-");
    answered("GET", Mood::Status(401))
        .expect_words("does not know who this is")
        .expect_words("kubectl auth whoami");
}

#[test]
fn what_was_deleted_before_a_refusal_is_told() {
    let cluster = hotel();
    cluster.state().allowed = Some(1);
    let output = run(&cluster, DELETE);
    let names = cluster.names();
    let again = names.iter().find_map(|name| name.strip_suffix("-again"));
    output
        .expect_code(2)
        .expect_words("delete the pod `hotel-")
        .expect_words(&format!("deleted before that: {}", again.unwrap()));
}

#[test]
fn a_cluster_that_is_busy_is_asked_again_and_not_for_ever() {
    let cluster = hotel();
    cluster.state().busy = 2;
    run(&cluster, DELETE).expect_code(0);
    cluster.state().busy = 3;
    run(&cluster, DELETE)
        .expect_code(2)
        .expect_words("refuses to list pods in the namespace `shop`: so it is (status 503)");
}

#[test]
fn an_answer_that_is_none_is_told() {
    answered("GET", Mood::Html(200)).expect_words("answers something that is not Kubernetes");
    answered("GET", Mood::Html(502)).expect_words("(status 502)");
    answered("GET", Mood::Cut).expect_words("cannot reach the cluster at http://127.0.0.1:");
    answered("GET", Mood::Status(404)).expect_words("(status 404)");
    answered("GET", Mood::Status(410)).expect_words("(status 410)");
    answered("DELETE", Mood::Status(500)).expect_words("so it is (status 500)");
    answered("DELETE", Mood::Status(404)).expect_words("were gone before");
}

#[test]
fn a_cluster_that_never_answers_is_not_waited_for_for_ever() {
    let cluster = hotel();
    cluster.answer("GET", Mood::Silent);
    let began = Instant::now();
    let output = run(&cluster, DELETE);
    output
        .expect_code(2)
        .expect_words("does not answer within 10s");
    assert!(
        began.elapsed() < Duration::from_secs(50),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_cluster_that_is_not_there_is_told() {
    let cluster = hotel();
    let port = super::process::free_port();
    let kubeconfig = cluster.kubeconfig();
    let text = std::fs::read_to_string(&kubeconfig).unwrap();
    let elsewhere = text.replace(&cluster.url(), &format!("http://127.0.0.1:{port}"));
    std::fs::write(&kubeconfig, elsewhere).unwrap();
    run_with(&kubeconfig, DELETE)
        .run()
        .expect_code(2)
        .expect_words(&format!(
            "cannot reach the cluster at http://127.0.0.1:{port} (context `test` of"
        ))
        .expect_words("refused");
}

#[test]
fn without_a_kubeconfig_it_is_told_where_was_looked() {
    let nowhere = Path::new("/nonexistent/kubeconfig");
    run_with(nowhere, DELETE)
        .run()
        .expect_code(2)
        .expect_words("looked at `/nonexistent/kubeconfig` of KUBECONFIG");
    let home = tempfile::tempdir().unwrap();
    run_with(Path::new(""), DELETE)
        .env("HOME", home.path())
        .run()
        .expect_code(2)
        .expect_words(&format!("`{}/.kube/config`", home.path().display()))
        .expect_words("serviceaccount/token");
}

#[test]
fn a_kubeconfig_that_is_wrong_is_told() {
    let cluster = hotel();
    let path = cluster.kubeconfig();
    let good = std::fs::read_to_string(&path).unwrap();
    let with = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let output = run_with(&path, DELETE).run();
        output
            .expect_code(2)
            .expect_words(&path.display().to_string());
        assert!(!output.to_string().contains("s3cret"), "{output}");
        output
    };
    with("clusters: [\n").expect_words("the kubeconfig cannot be used");
    with("").expect_words("no current context");
    with(&good.replace("current-context: test", "")).expect_words("no current context");
    with(&good.replace("current-context: test", "current-context: tets"))
        .expect_words("there is no context `tets`")
        .expect_words("did you mean `test`?");
    with(&good.replace("cluster: stand-in,", "cluster: gone,")).expect_words("gone");
    with(&good.replace("cluster:\n    server: http", "cluster:\n    sever: http"))
        .expect_words("cannot be used");
    assert!(cluster.asked().is_empty());
    std::fs::write(&path, &good).unwrap();
    let fault = r#"fault.pods("app=hotel", #{ context: "prod" }).delete()"#;
    run_with(&path, fault)
        .run()
        .expect_code(2)
        .expect_words("there is no context `prod`")
        .expect_words("it has test");
}

#[test]
fn several_kubeconfigs_are_one() {
    let cluster = hotel();
    let path = cluster.kubeconfig();
    let text = std::fs::read_to_string(&path).unwrap();
    let (clusters, rest) = text.split_once("users:").unwrap();
    let other = cluster.folder().join("more");
    std::fs::write(&path, clusters).unwrap();
    std::fs::write(
        &other,
        format!("apiVersion: v1\nkind: Config\nusers:{rest}"),
    )
    .unwrap();
    let both = std::env::join_paths([path, "/nonexistent/x".into(), other]).unwrap();
    run_with(Path::new(&both), DELETE).run().expect_code(0);
}

#[test]
fn another_machines_cluster_is_no_target_unless_it_is_allowed() {
    let cluster = hotel();
    let path = cluster.kubeconfig();
    let text = std::fs::read_to_string(&path).unwrap();
    let elsewhere = text.replace(&cluster.url(), "https://prod.example.invalid:6443");
    std::fs::write(&path, elsewhere).unwrap();
    run_with(&path, DELETE)
        .run()
        .expect_code(2)
        .expect_words("the cluster at https://prod.example.invalid:6443 (context `test` of")
        .expect_words("name `prod.example.invalid` in `allowed_hosts`");
    run_with(&path, DELETE)
        .arg("--dry-run")
        .run()
        .expect_code(0)
        .expect_words("a fault on the cluster at https://prod.example.invalid:6443 will fail");
}

#[test]
fn a_run_that_may_not_touch_clusters_does_not_even_read_of_them() {
    let cluster = hotel();
    let path = cluster.folder().join("garbage");
    std::fs::write(&path, "[[[").unwrap();
    let script = super::kubernetes::script(DELETE);
    Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .script(&script)
        .args(["--iterations", "1", "--vus", "1", "--no-history"])
        .arg("--allow-faults=proxy,process")
        .env("KUBECONFIG", &path)
        .run()
        .expect_code(2)
        .expect_words("faults of the kind `kubernetes` are not allowed in this run")
        .expect_words("--allow-faults=proxy,kubernetes");
}

#[test]
fn a_cluster_is_known_by_its_certificate_and_knows_its_user_by_another() {
    let authority = Authority::new();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.certificate().clone()).unwrap();
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let (chain, key) = authority.server(CertKind::Good);
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    let pods = ["hotel-a", "hotel-b"].map(|name| Pod::new(name, HOTEL));
    let cluster = Cluster::start_tls(pods.into(), config);
    let ca = format!(
        "certificate-authority: {}",
        authority.ca_pem_path().display()
    );
    let user = format!(
        "client-certificate: {}\n    client-key: {}",
        authority.client_cert_path().display(),
        authority.client_key_path().display()
    );
    run_with(&cluster.kubeconfig_of(&ca, &user), DELETE)
        .run()
        .expect_code(0);
    let mut names = cluster.names();
    names.sort();
    assert_eq!(names, ["hotel-a-again", "hotel-b-again"]);
    // An authority that nobody here trusts.
    run_with(&cluster.kubeconfig_of("", &user), DELETE)
        .run()
        .expect_code(2)
        .expect_words("cannot reach the cluster at https://127.0.0.1:")
        .expect_words("ertificate");
    // No certificate of the user.
    run_with(&cluster.kubeconfig_of(&ca, "token: s3cret-token"), DELETE)
        .run()
        .expect_code(2)
        .expect_words("cannot reach the cluster");
}

#[test]
fn credentials_may_come_from_a_program() {
    let cluster = hotel();
    let program = cluster.folder().join("credentials");
    let path = program.display();
    let user = format!(
        "exec: {{ apiVersion: client.authentication.k8s.io/v1, command: {path}, interactiveMode: IfAvailable }}"
    );
    let kubeconfig = cluster.kubeconfig_of("", &user);
    let write = |text: &str| {
        std::fs::write(&program, text).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    write(
        r#"#!/bin/sh
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"s3cret-of-program"}}'
"#,
    );
    run_with(&kubeconfig, DELETE).run().expect_code(0);
    let authorization = cluster.state().asked[0].authorization.clone();
    assert_eq!(authorization, "Bearer s3cret-of-program");
    write("#!/bin/sh\necho s3cret; echo 'please log in' >&2; exit 3\n");
    let output = run_with(&kubeconfig, DELETE).run();
    output
        .expect_code(2)
        .expect_words("the program that gets credentials failed")
        .expect_words("please log in");
    assert!(!output.to_string().contains("s3cret"), "{output}");
}

#[test]
fn what_is_written_out_and_wrong_is_told_by_check() {
    let script = r#"
        export const options = #{ faults: [ #{ name: "gone", exec: "gone", duration: "1s" } ] };
        fn iteration() { }
        fn gone(fault) {
            fault.pods("app:hotel").delete();
            fault.pods("").delete();
            fault.pods("app=hotel", #{ namspace: "shop" }).delete();
            fault.pods("app=hotel", #{ count: "150%" }).delete();
            fault.pods("app=hotel", #{ count: 0 }).delete();
            fault.pods("app=hotel", #{ grace: "soon" }).delete();
            fault.deployment("../db").scale(0);
            fault.deployment("db").scale(-1);
            let pods = fault.pods("app=hotel", #{ count: env("COUNT", "1") });
            pods.delete();
            fault.pods("app=hotel").wait_ready("soon");
        }
    "#;
    let output = Rhaid::at(env!("CARGO_BIN_EXE_rhaid"))
        .file("x.rhai", script)
        .args(["check", "x.rhai"])
        .run();
    output
        .expect_code(65)
        .expect_words("`app:hotel` is no selector of labels")
        .expect_words("an empty selector would mean all pods")
        .expect_words("did you mean `namespace`?")
        .expect_words("more than 100%")
        .expect_words("expected a number of pods above 0")
        .expect_words("`grace`")
        .expect_words("`../db` is not the name of a deployment")
        .expect_words("a number of replicas is 0 or more")
        .expect_words("x.rhai:15");
    assert!(!output.to_string().contains("COUNT\", \"1"), "{output}");
}
