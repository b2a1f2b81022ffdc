//! Results of our own, of whatever contents: they are refused or can be judged and shown.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rhaid::judge::{Terms, finished};
use rhaid::report::{Look, render_console};

fuzz_target!(|data: &[u8]| {
    let Ok(result) = rhaid::result::parse("fuzz".as_ref(), data) else {
        return;
    };
    render_console(&result, &Look::default());
    let terms = Terms {
        own: true,
        ..Terms::default()
    };
    let _ = finished(result, &terms);
});
