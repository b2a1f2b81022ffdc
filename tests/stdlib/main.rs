//! The standard library as journeys use it: the real binary against real servers, one module per file.

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod budget;
mod data;
mod expect;
mod flow;
mod graphql;
mod matchers;
mod page;
mod reservation;
mod retry;
mod think;
mod tokens;
mod webhook;
