//! Files of the tools with mistakes in them, by the thousand: each is refused or read, and none makes it panic or hang.
//!
//! `RHAID_MUTATE_SECONDS` says how long each file is worked on; `make fuzz` looks further, with a tool made for it.

use std::path::Path;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rhaid::import::{self, Source};
use rhaid::judge::{Terms, finished, standard};
use rhaid::report::{Look, render_judged};

/// Rounds for each file where no time is given.
const ROUNDS: u32 = 60;

/// Pieces that formats are made of.
const PIECES: [&[u8]; 22] = [
    b"null",
    b"-1",
    b"NaN",
    b"1e999",
    b"-0",
    b"\"\"",
    b"{}",
    b"[]",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\"",
    b"\n",
    b"\0",
    b"<",
    b"/>",
    b"18446744073709551616",
    b"9999-12-31T23:59:59Z",
    b"0001-01-01T00:00:00Z",
    b"\xff\xfe",
];

fn mutate(bytes: &mut Vec<u8>, random: &mut StdRng) {
    for _ in 0..random.random_range(1..6) {
        if bytes.is_empty() {
            return;
        }
        let at = random.random_range(0..bytes.len());
        let end = (at + random.random_range(1..40)).min(bytes.len());
        match random.random_range(0..7) {
            0 => bytes[at] = random.random(),
            1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => {
                bytes.drain(at..end);
            }
            3 => {
                let piece = PIECES[random.random_range(0..PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            4 => {
                let piece = PIECES[random.random_range(0..PIECES.len())];
                bytes.splice(at..end, piece.iter().copied());
            }
            5 => {
                let copy = bytes[at..end].to_vec();
                let to = random.random_range(0..=bytes.len());
                bytes.splice(to..to, copy);
            }
            _ => bytes.truncate(at),
        }
    }
}

/// Reads it, and does with it what the command does.
fn swallow(bytes: &[u8], from: Option<&'static dyn import::Importer>) {
    let Ok(source) = Source::reading("file", bytes) else {
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
        // What was read can be written, and what was written be read.
        rhaid::result::parse("file".as_ref(), text.as_bytes()).unwrap();
    }
}

/// Without the packing, so that mistakes get past it.
fn unpacked(bytes: Vec<u8>) -> Vec<u8> {
    let mut plain = Vec::new();
    match std::io::Read::read_to_end(
        &mut flate2::read::MultiGzDecoder::new(bytes.as_slice()),
        &mut plain,
    ) {
        Ok(_) => {
            // A few hundred lines hold all kinds there are.
            plain.truncate(60_000);
            plain
        }
        Err(_) => bytes,
    }
}

#[test]
fn files_with_mistakes_are_refused_or_read_and_never_a_panic() {
    let seconds = std::env::var("RHAID_MUTATE_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok());
    let mut random = StdRng::seed_from_u64(seconds.unwrap_or(7));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // Of other tools, and our own.
    let mut files: Vec<_> = ["tests/validate/data", "fuzz/seeds/result"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut tried = 0u64;
    for path in files {
        let original = unpacked(std::fs::read(&path).unwrap());
        let of_its_kind = Source::reading("file", original.as_slice())
            .ok()
            .and_then(|source| import::of_source(source, None).ok())
            .map(|imported| imported.format);
        let started = Instant::now();
        let limit = seconds.map(Duration::from_secs);
        let mut round = 0;
        while limit.map_or(round < ROUNDS, |limit| started.elapsed() < limit) {
            round += 1;
            let mut bytes = original.clone();
            mutate(&mut bytes, &mut random);
            // Guessed as a user would leave it, and as the format that it nearly is.
            let from = if round % 2 == 0 { of_its_kind } else { None };
            let before = Instant::now();
            swallow(&bytes, from);
            assert!(
                before.elapsed() < Duration::from_secs(30),
                "{} took {:?}: {:?}",
                path.display(),
                before.elapsed(),
                String::from_utf8_lossy(&bytes)
            );
        }
        tried += u64::from(round);
    }
    println!("{tried} files with mistakes");
    assert!(tried >= 1000, "{tried}");
}
