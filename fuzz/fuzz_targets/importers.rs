//! Files of other tools, of whatever contents: they are refused or become a result that can be judged, shown and written.
//!
//! A first byte below the space chooses the format; otherwise it is guessed.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rhaid::import::{self, Source};
use rhaid::judge::{Terms, finished, standard};
use rhaid::report::{Look, render_judged};

fuzz_target!(|data: &[u8]| {
    let (from, contents) = match data.split_first() {
        Some((first, rest)) if *first < b'\t' || (14..32).contains(first) => {
            let all = import::all();
            (all.get(usize::from(*first) % all.len()).copied(), rest)
        }
        _ => (None, data),
    };
    let Ok(source) = Source::reading("fuzz", contents) else {
        return;
    };
    let Ok(imported) = import::of_source(source, from) else {
        return;
    };
    let terms = Terms {
        asked: standard(),
        own: true,
        ..Terms::default()
    };
    if let Ok(judged) = finished(imported.result, &terms) {
        let notes: Vec<Option<String>> = judged.grounds.into_iter().map(|(_, note)| note).collect();
        render_judged(&judged.result, &notes, &Look::default());
        let text = rhaid::result::to_json(&judged.result).unwrap();
        rhaid::result::parse("fuzz".as_ref(), text.as_bytes()).unwrap();
    }
});
