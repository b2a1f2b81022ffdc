//! HTTP as journeys speak it: the real binary against real servers, one theme per file.

mod addresses;
mod auth;
mod batch;
mod bodies;
mod compression;
mod connections;
mod cookies;
mod data;
mod failures;
mod http2;
mod labels;
mod limits;
mod nginx;
mod phases;
mod proxies;
mod redirects;
mod response;
mod timeouts;
mod tls;
mod verbs;
