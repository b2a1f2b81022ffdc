//! Real servers and real processes for tests: what a load tool meets, good and bad, on loopback only.
//!
//! In comes a call such as [`server::HttpServer::start`]; out goes a thing with a `url`, which answers
//! until it is dropped and remembers what it was asked. Every server owns one thread and stops when its
//! value goes, so a failing test leaves nothing behind.
//!
//! | file | what it gives |
//! |---|---|
//! | `server`, `tls`, `h2` | HTTP/1.1, HTTPS and HTTP/2 servers over the same routes |
//! | `routes`, `auth`, `packed` | the well-behaved answers: one function per route |
//! | `misbehave` | the answers that stall, lie, reset or never end |
//! | `wire` | HTTP/1.1 on a socket, byte by byte, so that a test can send what no library would |
//! | `traffic` | what a server saw: requests, connections, streams |
//! | `certs` | a certificate authority for one test |
//! | `proxy`, `socks` | forward proxies that count their uses |
//! | `ports` | addresses that refuse, are free, or never answer |
//! | `background` | the thread and runtime behind each server; waiting for a condition |
//! | `cluster` | a stand-in for a Kubernetes API server |
//! | `relay` | counts the bytes of a connection, whatever is spoken |
//! | `golden` | holds texts against golden files |
//! | `bin` | runs the real binary, with a time limit |
//! | `journey` | runs one journey with the real binary and gives back what it saw |
//! | `made_runs` | results of made-up runs of which the truth is known |
//! | `nginx` | runs the real nginx |
//! | `large` | an hour's result of a thousand endpoints |
//! | `reading` | what a run's result says |
//!
//! The tests of this folder are in `tests/support_itself`.

pub mod auth;
pub mod background;
pub mod bin;
pub mod certs;
pub mod cluster;
pub mod golden;
pub mod h2;
pub mod journey;
pub mod large;
pub mod made_runs;
pub mod misbehave;
pub mod nginx;
pub mod packed;
pub mod ports;
pub mod proxy;
pub mod reading;
pub mod relay;
pub mod routes;
pub mod server;
pub mod socks;
pub mod tls;
pub mod traffic;
pub mod wire;
