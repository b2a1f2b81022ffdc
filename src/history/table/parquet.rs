//! Apache Parquet, for DuckDB, pandas, Spark and the like: typed columns, texts in dictionaries, compressed with Snappy.
//!
//! Times are instants of microseconds in UTC. What a run does not have (a branch, a commit; the endpoint of a figure over all requests) is null.

use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Line, TableError};

/// The columns of [`super::COLUMNS`], in their order.
const SCHEMA: &str = "message history {
    REQUIRED BYTE_ARRAY run (STRING);
    OPTIONAL INT64 started_at (TIMESTAMP(MICROS, true));
    REQUIRED BYTE_ARRAY script (STRING);
    OPTIONAL BYTE_ARRAY branch (STRING);
    OPTIONAL BYTE_ARRAY commit (STRING);
    REQUIRED BYTE_ARRAY status (STRING);
    REQUIRED BYTE_ARRAY metric (STRING);
    OPTIONAL BYTE_ARRAY endpoint (STRING);
    REQUIRED BYTE_ARRAY statistic (STRING);
    REQUIRED DOUBLE value;
}";
/// So many rows are a group, which readers take or leave as a whole.
const ROWS_OF_A_GROUP: usize = 1 << 17;

/// The file.
pub fn table(lines: &[Line]) -> Result<Vec<u8>, TableError> {
    write(lines).map_err(TableError::failed)
}

fn write(lines: &[Line]) -> parquet::errors::Result<Vec<u8>> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by(concat!("rhaid ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let mut bytes = Vec::new();
    let mut file = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties))?;
    for lines in lines.chunks(ROWS_OF_A_GROUP) {
        let mut group = file.next_row_group()?;
        texts(&mut group, lines, |line| Some(&line.id))?;
        moments(&mut group, lines)?;
        texts(&mut group, lines, |line| Some(&line.script))?;
        optional_texts(&mut group, lines, |line| line.branch.as_deref())?;
        optional_texts(&mut group, lines, |line| line.commit.as_deref())?;
        texts(&mut group, lines, |line| Some(&line.status))?;
        texts(&mut group, lines, |line| Some(&line.metric))?;
        optional_texts(&mut group, lines, |line| {
            Some(line.endpoint.as_str()).filter(|endpoint| !endpoint.is_empty())
        })?;
        texts(&mut group, lines, |line| Some(&line.statistic))?;
        let values: Vec<f64> = lines.iter().map(|line| line.value).collect();
        column::<DoubleType>(&mut group, &values, None)?;
        group.close()?;
    }
    file.close()?;
    Ok(bytes)
}

type Group<'w, 'b> = SerializedRowGroupWriter<'w, &'b mut Vec<u8>>;

/// Writes the next column.
fn column<T: parquet::data_type::DataType>(
    group: &mut Group<'_, '_>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> parquet::errors::Result<()> {
    let Some(mut column) = group.next_column()? else {
        return Err(parquet::errors::ParquetError::General(
            "a column too many".to_owned(),
        ));
    };
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}

fn text(text: &str) -> ByteArray {
    text.as_bytes().to_vec().into()
}

fn texts(
    group: &mut Group<'_, '_>,
    lines: &[Line],
    of: impl Fn(&Line) -> Option<&String>,
) -> parquet::errors::Result<()> {
    let values: Vec<ByteArray> = lines
        .iter()
        .filter_map(of)
        .map(|value| text(value))
        .collect();
    column::<ByteArrayType>(group, &values, None)
}

/// A level of 1 says that there is a value.
fn optional_texts(
    group: &mut Group<'_, '_>,
    lines: &[Line],
    of: impl Fn(&Line) -> Option<&str>,
) -> parquet::errors::Result<()> {
    let levels: Vec<i16> = lines.iter().map(|line| of(line).is_some().into()).collect();
    let values: Vec<ByteArray> = lines.iter().filter_map(of).map(text).collect();
    column::<ByteArrayType>(group, &values, Some(&levels))
}

fn moments(group: &mut Group<'_, '_>, lines: &[Line]) -> parquet::errors::Result<()> {
    let moment = |line: &Line| {
        let moment = OffsetDateTime::parse(&line.started_at, &Rfc3339).ok()?;
        i64::try_from(moment.unix_timestamp_nanos() / 1_000).ok()
    };
    let moments: Vec<Option<i64>> = lines.iter().map(moment).collect();
    let levels: Vec<i16> = moments
        .iter()
        .map(|moment| moment.is_some().into())
        .collect();
    let values: Vec<i64> = moments.into_iter().flatten().collect();
    column::<Int64Type>(group, &values, Some(&levels))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    use super::super::COLUMNS;
    use super::*;

    fn line(number: usize) -> Line {
        Line {
            id: format!("run {number}"),
            started_at: "2026-03-01T09:05:07.25Z".to_owned(),
            script: "löad.rhai".to_owned(),
            branch: number.is_multiple_of(2).then(|| "main".to_owned()),
            commit: None,
            status: "pass".to_owned(),
            metric: "http_req_duration".to_owned(),
            endpoint: match number % 3 {
                0 => String::new(),
                _ => "GET rooms".to_owned(),
            },
            statistic: "p95".to_owned(),
            value: number as f64 / 8.0,
        }
    }

    #[test]
    fn what_is_written_is_read_back_row_by_row() {
        let count = ROWS_OF_A_GROUP + 3;
        let lines: Vec<Line> = (0..count).map(line).collect();
        let bytes = table(&lines).unwrap();
        assert!(bytes.len() < 20 * count, "{} bytes", bytes.len());
        let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
        assert_eq!(reader.num_row_groups(), 2);
        let mut seen = 0;
        for (number, row) in reader.get_row_iter(None).unwrap().enumerate() {
            let row = row.unwrap();
            let expected = line(number);
            let fields: Vec<(&String, &Field)> = row.get_column_iter().collect();
            let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, COLUMNS);
            let of = |text: Option<&str>| text.map_or(Field::Null, |text| Field::Str(text.into()));
            let endpoint = Some(expected.endpoint.as_str()).filter(|text| !text.is_empty());
            let values = [
                of(Some(&expected.id)),
                Field::TimestampMicros(1_772_355_907_250_000),
                of(Some(&expected.script)),
                of(expected.branch.as_deref()),
                of(None),
                of(Some(&expected.status)),
                of(Some(&expected.metric)),
                of(endpoint),
                of(Some(&expected.statistic)),
                Field::Double(expected.value),
            ];
            assert!(fields.iter().map(|(_, field)| *field).eq(&values), "{row}");
            seen += 1;
        }
        assert_eq!(seen, count);
    }

    #[test]
    fn no_rows_and_a_moment_that_is_none_make_a_file_too() {
        let reader =
            |lines: &[Line]| SerializedFileReader::new(Bytes::from(table(lines).unwrap())).unwrap();
        assert_eq!(reader(&[]).get_row_iter(None).unwrap().count(), 0);
        let odd = Line {
            started_at: "yesterday".to_owned(),
            value: f64::INFINITY,
            ..line(1)
        };
        let odd = reader(&[odd]);
        let row = odd.get_row_iter(None).unwrap().next().unwrap().unwrap();
        assert!(row.to_string().contains("started_at: null"), "{row}");
    }
}
