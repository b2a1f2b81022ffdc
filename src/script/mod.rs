//! Scripts: the Rhai engine, what scripts see of the world, and what people see of their mistakes.
//!
//! In: a script's text and the modules it imports ([`Sources`]). Out: a [`Program`] per worker, compiled once and
//! with its top level evaluated once; its raw `options`; a [`Journey`](crate::vu::Journey) that virtual users call;
//! and, for every mistake, a [`Diagnostic`] with file, line, source and caret.
//!
//! Native functions that wait do so through `vu::wait`, so scripts are plain synchronous code.

pub mod advice;
pub mod api;
pub mod convert;
pub mod definitions;
mod diagnostic;
mod difference;
mod engine;
mod footing;
mod foreign;
mod journey;
mod library;
mod locate;
mod module;
mod program;
pub mod reference;
mod scan;
mod sources;
pub mod stdlib;
pub mod trial;
mod words;

pub use diagnostic::{
    Diagnostic, Note, Severity, brief as brief_error, in_reading_order, of_function, of_option,
};
pub use engine::{LIMITS, bare as bare_engine};
pub use footing::of as footing;
pub use journey::{RhaiJourney, innermost, journey_factory};
pub use locate::locate;
pub use module::{check_module, is_module};
pub use program::{Program, ScriptError};
pub use scan::{
    Declared, ENVIRONMENT, LIFECYCLE, MetricUse, Named, Needed, Scan, scan, special_names,
};
pub use sources::{Overlay, SourceError, Sources};
pub use words::{RESERVED, free as free_words};
