//! Whole runs of the real binary against a real server: what a user writes, and what comes of it.

mod reloading;

mod arrivals;
mod by_hand;
mod context;
mod data;
mod dealing;
mod developing;
mod endings;
mod executors;
mod interrupts;
mod knowing;
mod lifecycle;
mod made_up;
mod measures;
mod natives;
mod objectives;
mod order;
mod output;
mod overrides;
mod pausing;
mod result_file;
mod script_errors;
mod secrets;
mod shared;
mod splitting;
mod steering;
mod time_limits;
mod timing;
