//! `--out`: what a run measures, in other tools while it goes: files, the real Prometheus, and receivers that misbehave.

mod anomalies;
#[cfg(feature = "kafka")]
mod broker;
mod dashboards;
mod exemplars;
mod files;
#[cfg(feature = "kafka")]
mod kafka;
mod logs;
mod mistakes;
mod otlp;
mod prometheus;
mod receivers;
mod remote_write;
mod server;
mod stack;
mod tracing;
