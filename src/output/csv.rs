//! `csv=FILE`: a row for every series and second.

use futures_util::future::LocalBoxFuture;

use super::columns::{COLUMNS, moment, readings};
use super::courier::{Courier, Parcel, QUEUE_BYTES};
use super::feed::Moment;
use super::file::Appender;
use super::hub::Surroundings;
use super::{Book, Output, OutputError, Tally};
use crate::report::text_cell;

pub const NAME: &str = "csv";

pub struct Csv {
    courier: Courier,
}

impl Csv {
    /// # Errors
    /// When the file cannot be made.
    pub fn open(target: &str, around: &Surroundings) -> Result<Box<dyn Output>, OutputError> {
        let file = Appender::create(target)?;
        let courier = Courier::start(NAME, QUEUE_BYTES, file, &around.say);
        let head = ["time", "metric", "kind", "contains", "tags"];
        let head = head.into_iter().chain(COLUMNS);
        courier.post(Parcel {
            body: rows([head.map(str::to_owned).collect()]).into(),
            samples: 0,
        });
        Ok(Box::new(Self { courier }))
    }
}

/// Rows as CSV.
fn rows(rows: impl IntoIterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        // Into memory, and all rows are equally long: nothing can go wrong.
        let _ = writer.write_record(&row);
    }
    writer.into_inner().unwrap_or_default()
}

impl Output for Csv {
    fn second(&mut self, now: &Moment, book: &Book) {
        let time = moment(now.at as f64);
        let mut table = Vec::new();
        for line in book.lines() {
            let values = readings(line.current);
            if values.is_empty() {
                continue;
            }
            let tags: Vec<_> = line
                .tags
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let mut row = vec![
                time.clone(),
                line.info.name.clone(),
                line.info.kind.to_string(),
                line.info.contains.to_string(),
                text_cell(&tags.join(";")),
            ];
            row.extend(COLUMNS.map(|column| {
                let value = values.iter().find(|(name, _)| *name == column);
                value.map_or(String::new(), |(_, value)| value.to_string())
            }));
            table.push(row);
        }
        if !table.is_empty() {
            let samples = table.len() as u64;
            self.courier.post(Parcel {
                body: rows(table).into(),
                samples,
            });
        }
    }

    fn end(self: Box<Self>) -> LocalBoxFuture<'static, ()> {
        Box::pin(self.courier.end())
    }

    fn tally(&self) -> Tally {
        self.courier.tally()
    }
}
