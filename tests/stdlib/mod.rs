//! The standard library as journeys use it: the real binary against real servers, one module per file.
//!
//! What one user alone shows is tested in Rhai, in `stdlib/tests`, which `own` runs; here is what takes several users, a whole run's
//! metrics, real servers or the demo target.

mod auth;
mod budget;
mod data;
mod expect;
mod flow;
mod graphql;
mod matchers;
mod own;
mod page;
mod recovery;
mod reservation;
mod resilience;
mod retry;
mod think;
mod tokens;
mod webhook;
