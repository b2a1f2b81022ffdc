//! Comma-separated values, for spreadsheets and for whatever reads lines.

use super::{COLUMNS, Line, TableError};
use crate::report::text_cell;

/// The table, with its heads.
pub fn table(lines: &[Line]) -> Result<Vec<u8>, TableError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(COLUMNS).map_err(TableError::failed)?;
    for line in lines {
        let texts = [
            line.id.as_str(),
            &line.started_at,
            &line.script,
            line.branch.as_deref().unwrap_or_default(),
            line.commit.as_deref().unwrap_or_default(),
            &line.status,
            &line.metric,
            &line.endpoint,
            &line.statistic,
        ];
        let cells = texts.map(text_cell).into_iter();
        table
            .write_record(cells.chain([line.value.to_string()]))
            .map_err(TableError::failed)?;
    }
    table.into_inner().map_err(TableError::failed)
}
