//! The real nginx.

use std::path::PathBuf;

use crate::support::nginx::{HELLO, Nginx};
use crate::support_itself::client::get;

#[test]
fn nginx_answers_34_bytes_until_it_is_dropped() {
    assert_eq!(HELLO.len(), 34);
    let nginx = Nginx::start();
    let answer = get(nginx.addr(), "/hello");
    assert_eq!((answer.status, answer.text().as_str()), (200, HELLO));
    assert_eq!(
        nginx.url("/hello"),
        format!("http://{}/hello", nginx.addr())
    );
    let process = PathBuf::from(format!("/proc/{}", nginx.pid()));
    assert!(process.exists());
    drop(nginx);
    assert!(!process.exists());
}
