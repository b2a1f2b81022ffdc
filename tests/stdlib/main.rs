//! The standard library as journeys use it: the real binary against real servers, one module per file.

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod expect;
mod flow;
mod graphql;
mod page;
mod reservation;
mod retry;
mod think;
mod webhook;
