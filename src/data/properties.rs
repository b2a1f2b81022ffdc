//! Properties of whose turn it is: however a run is split, its machines deal every row out exactly as the policy says.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::csv::Records;
use super::{Dialect, Taken, Turns};
use crate::executor::properties::{sequences, shares};

/// As many rows as there are.
fn deal(turns: &Turns, count: u64, take: impl Fn(&Turns) -> Taken) -> Vec<u64> {
    let row = |_| match take(turns) {
        Taken::Row(row) => Some(row),
        Taken::UsedUp(_) => None,
    };
    (0..count).map_while(row).collect()
}

/// A field, quoted if it must be.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) || text.trim().is_empty() {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

proptest! {
    #[test]
    fn all_machines_together_deal_out_every_row_once(
        sequence in sequences(), rows in 0u64..200, seed: u64,
    ) {
        type Take = fn(&Turns) -> Taken;
        let policies: [(&str, Take); 4] = [
            ("next", Turns::next), ("shuffled", Turns::shuffled),
            ("unique", Turns::unique), ("recycled", Turns::recycled),
        ];
        for (name, take) in policies {
            let mut all = Vec::new();
            for share in shares(&sequence) {
                let own = share.count(rows);
                // What a machine's seed is makes no difference to whose rows are whose.
                let turns = Turns::new(share, seed ^ own, rows);
                let first = deal(&turns, own, take);
                prop_assert_eq!(first.len() as u64, own, "{}", name);
                // What comes after the last row.
                let again = deal(&turns, own, take);
                let set = |rows: &[u64]| rows.iter().copied().collect::<BTreeSet<_>>();
                match name {
                    "unique" => prop_assert!(again.is_empty()),
                    "shuffled" => prop_assert_eq!(set(&again), set(&first)),
                    _ => prop_assert_eq!(&again, &first),
                }
                all.extend(first);
            }
            all.sort_unstable();
            prop_assert_eq!(&all, &(0..rows).collect::<Vec<_>>(), "{}", name);
        }
    }

    #[test]
    fn no_two_users_of_any_machine_have_the_same_row(
        sequence in sequences(), rows in 0u64..100, users in prop::collection::vec(0u64..50, 0..60),
    ) {
        let mut all = BTreeSet::new();
        for share in shares(&sequence) {
            let own = share.count(rows);
            let turns = Turns::new(share, 0, rows);
            let mut known = std::collections::BTreeMap::new();
            for user in &users {
                let distinct = known.len() as u64;
                match (turns.of_user(*user), known.get(user)) {
                    (Taken::Row(row), Some(before)) => prop_assert_eq!(row, *before),
                    (Taken::Row(row), None) => {
                        prop_assert!(distinct < own && all.insert(row));
                        known.insert(*user, row);
                    }
                    (Taken::UsedUp(count), None) => prop_assert!(count == own && distinct == own),
                    (Taken::UsedUp(_), Some(_)) => prop_assert!(false, "a user lost its row"),
                }
            }
        }
    }

    #[test]
    fn what_is_written_as_csv_is_read_again(
        rows in prop::collection::vec(prop::collection::vec("[a-c,\"\n\r ;é]{0,6}", 3), 1..8),
    ) {
        let text: String = rows.iter().map(|row| {
            let fields: Vec<String> = row.iter().map(|text| field(text)).collect();
            fields.join(",") + "\n"
        }).collect();
        let mut records = Records::new(text.as_bytes(), 0);
        let mut read = Vec::new();
        while records.advance().unwrap() {
            read.push(records.values(&Dialect::default()).unwrap());
        }
        prop_assert_eq!(read, rows);
    }

    #[test]
    fn no_bytes_make_the_reader_of_csv_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut records = Records::new(bytes.as_slice(), 0);
        while let Ok(true) = records.advance() {
            let _ = records.values(&Dialect::default());
        }
    }
}
