//! The tests of the whole: the real binary against real servers, one folder a theme.
//!
//! All of them are one program: each test is a process of its own to `cargo nextest`, and linking rhaid once instead of two
//! dozen times saves minutes and gigabytes. `cargo nextest run chaos::` runs one theme.

mod alerting;
mod bad_input;
mod chaos;
mod compare;
mod convert;
mod convert_k6;
mod dashboard;
mod descriptions;
mod docs;
mod history;
mod hooks;
mod http;
mod lsp;
mod new;
mod outputs;
mod pipelines;
mod report;
mod runs;
mod scenarios;
mod script;
mod scripttests;
mod stdlib;
mod support;
mod support_itself;
mod validate;
