//! Which version of the script made which numbers, for a run in which it was saved anew.
//!
//! The figures come from the run's series, so a second in which a version took over counts as the older one's.

use super::super::format::{latency, span, thousands};
use super::super::table::{Cell, Column, Table};
use super::super::text::Cut;
use super::dim;
use super::page::Page;
use crate::result::{RunResult, TimeSeries};

/// Versions that have a row; of more the last ones do.
const MOST: usize = 8;

/// Of a hash that is shown, in characters: as many as of a commit.
const HASH: usize = 8;

/// One version's part of the run.
struct Part<'a> {
    /// 0 is the one that the run began with.
    version: u32,
    hash: &'a str,
    /// In seconds from the run's start.
    from: f64,
    to: f64,
}

/// A row for each version, if there was more than one.
pub fn versions(page: &mut Page<'_>, result: &RunResult) {
    let parts = parts(result);
    if parts.len() < 2 {
        return;
    }
    page.section("Versions of the script", "by whole seconds");
    let mut table = Table::new(
        2,
        vec![
            Column::figure("FROM"),
            Column::text("SCRIPT", Cut::End),
            Column::figure("ITERS"),
            Column::figure("ERRORS"),
            Column::figure("REQS"),
            Column::figure("FAILED"),
            Column::figure("WORST P95"),
        ],
    );
    let unicode = page.look.unicode;
    let shown = &parts[parts.len().saturating_sub(MOST)..];
    for part in shown {
        let sum = |name: &str| values(&result.time_series, name, part).sum::<f64>() as u64;
        let p95 = values(&result.time_series, "http_req_duration_p95", part).reduce(f64::max);
        let hash: String = part.hash.chars().take(HASH).collect();
        let script = match part.version {
            0 => format!("{hash} as it began"),
            version => format!("{hash} version {version}"),
        };
        let from = match part.version {
            0 => "0s".to_owned(),
            _ => span(part.from, unicode),
        };
        table.row(vec![
            Cell::new(from),
            Cell::new(script),
            Cell::new(thousands(sum("iterations"))),
            Cell::new(thousands(sum("iteration_errors"))),
            Cell::new(thousands(sum("http_reqs"))),
            Cell::new(thousands(sum("http_req_failures"))),
            Cell::new(p95.map_or_else(|| "-".to_owned(), |p95| latency(p95, unicode))),
        ]);
    }
    page.table(&table);
    if parts.len() > shown.len() {
        let text = format!(
            "+{} earlier in the result file",
            thousands((parts.len() - shown.len()) as u64)
        );
        page.prose("  ", &dim(), &text, &dim());
    }
}

fn parts(result: &RunResult) -> Vec<Part<'_>> {
    let first = (0, result.run.script_sha256.as_str(), 0.0);
    let later = result
        .run
        .reloads
        .iter()
        .map(|reload| (reload.version, reload.script_sha256.as_str(), reload.at));
    let starts: Vec<_> = std::iter::once(first).chain(later).collect();
    let ends = starts
        .iter()
        .skip(1)
        .map(|(_, _, at)| *at)
        .chain([f64::INFINITY]);
    let parts = starts.iter().zip(ends);
    parts
        .map(|(&(version, hash, from), to)| Part {
            version,
            hash,
            from,
            to,
        })
        .collect()
}

/// What a series has in a part of the run: the points that begin in it.
fn values<'a>(
    series: &'a TimeSeries,
    name: &str,
    part: &Part<'_>,
) -> impl Iterator<Item = f64> + 'a {
    let column = series.columns.iter().find(|column| column.name == name);
    let interval = series.interval_seconds.max(1) as f64;
    let (from, to) = (part.from, part.to);
    // A point belongs to whoever was in force when it began.
    let is_in = move |at: f64| at >= from && at < to;
    column
        .into_iter()
        .flat_map(|column| column.values.iter().enumerate())
        .filter(move |(index, _)| is_in(*index as f64 * interval))
        .filter_map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Look;
    use crate::result::{Reload, sample};

    fn shown(reloads: &[f64]) -> String {
        let mut result = sample::passing();
        result.run.reloads = reloads
            .iter()
            .zip(1..)
            .map(|(&at, version)| Reload {
                at,
                version,
                script_sha256: format!("{version}").repeat(64),
            })
            .collect();
        let look = Look::default();
        let mut page = Page::new(&look);
        versions(&mut page, &result);
        page.finish()
    }

    #[test]
    fn a_run_of_one_version_has_no_table_of_them() {
        assert_eq!(shown(&[]), "\n");
    }

    #[test]
    fn each_version_has_the_seconds_that_began_under_it_and_none_is_counted_twice() {
        let result = sample::passing();
        let whole = Part {
            version: 0,
            hash: "",
            from: 0.0,
            to: f64::INFINITY,
        };
        let all: f64 = values(&result.time_series, "http_reqs", &whole).sum();
        let split = |at: f64| {
            let (before, after) = (Part { to: at, ..whole }, Part { from: at, ..whole });
            values(&result.time_series, "http_reqs", &before).sum::<f64>()
                + values(&result.time_series, "http_reqs", &after).sum::<f64>()
        };
        assert!(all > 0.0);
        for at in [0.0, 0.5, 1.0, 2.2, 1e9] {
            assert_eq!(split(at), all, "{at}");
        }
        let text = shown(&[1.5, 2.5]);
        assert!(text.contains("as it began"), "{text}");
        assert!(text.contains("11111111 version 1"), "{text}");
        assert!(text.contains("22222222 version 2"), "{text}");
    }

    #[test]
    fn of_many_versions_the_last_ones_are_shown() {
        let many: Vec<f64> = (1..=20).map(f64::from).collect();
        let text = shown(&many);
        assert!(
            text.contains("version 20") && !text.contains("version 3 "),
            "{text}"
        );
        assert!(text.contains("+13 earlier in the result file"), "{text}");
    }
}
