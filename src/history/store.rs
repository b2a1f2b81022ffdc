//! The database: opening it, recording a run, reading runs and courses, pruning.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{Connection, ErrorCode, TransactionBehavior, params, params_from_iter};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::figures::{Kind, figures};
use super::rows::{Filter, Line, Point, Recorded};
use super::schema::{HistoryError, migrate, told};
use crate::result::{RunResult, VerdictStatus};

/// How long another run's write is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// An open history.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    connection: Connection,
}

/// Lets readers and a writer work at once. Two that ask for it at the same moment are in each other's way, and SQLite does not wait here as it
/// does elsewhere.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let began = Instant::now();
    loop {
        let asked = connection.pragma_update(None, "journal_mode", "WAL");
        match asked {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && began.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

impl Store {
    /// Opens the history at `path`; makes it, and the folder it lies in, if it is not there.
    ///
    /// # Errors
    /// [`HistoryError`], with what to do about it.
    pub fn open(path: &Path) -> Result<Self, HistoryError> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.exists()) {
            fs::create_dir_all(folder).map_err(|error| HistoryError::Open {
                path: path.to_owned(),
                why: error.to_string(),
            })?;
            // A copy of what was measured does not belong into a repository.
            let _ = fs::write(folder.join(".gitignore"), "*\n");
        }
        Self::open_existing(path)
    }

    /// Opens the history at `path` if it is there.
    ///
    /// # Errors
    /// [`HistoryError`], with what to do about it.
    pub fn open_if_there(path: &Path) -> Result<Option<Self>, HistoryError> {
        match path.exists() {
            true => Self::open_existing(path).map(Some),
            false => Ok(None),
        }
    }

    fn open_existing(path: &Path) -> Result<Self, HistoryError> {
        let wrong = |error: rusqlite::Error| told(path, &error);
        let mut connection = Connection::open(path).map_err(wrong)?;
        connection.busy_timeout(PATIENCE).map_err(wrong)?;
        write_ahead(&connection).map_err(wrong)?;
        connection
            .pragma_update(None, "synchronous", "NORMAL")
            .map_err(wrong)?;
        connection
            .pragma_update(None, "foreign_keys", true)
            .map_err(wrong)?;
        migrate(&mut connection, path)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
        })
    }

    fn wrong(&self, error: &rusqlite::Error) -> HistoryError {
        told(&self.path, error)
    }

    /// Records a run and where its result is: all of it or nothing. A run that is there already stays as it is.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn record(
        &mut self,
        result: &RunResult,
        result_path: Option<&Path>,
    ) -> Result<(), HistoryError> {
        let path = self.path.clone();
        let wrong = |error: rusqlite::Error| told(&path, &error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(wrong)?;
        let run = &result.run;
        let git = run.git.as_ref();
        let started = OffsetDateTime::parse(&run.started_at, &Rfc3339)
            .map_or(0, OffsetDateTime::unix_timestamp);
        let added = transaction
            .execute(
                "INSERT INTO runs (id, script, branch, commit_hash, started_at, started_seconds, duration_seconds, status,
                    exit_code, scale, tool, result_path)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO NOTHING",
                params![
                    run.id,
                    run.script,
                    git.and_then(|git| git.branch.as_deref()),
                    git.map(|git| git.commit.as_str()),
                    run.started_at,
                    started,
                    run.duration_seconds,
                    status(result.verdict.status),
                    result.verdict.exit_code,
                    run.scale,
                    format!("{} {}", result.tool.name, result.tool.version),
                    result_path.map(|path| path.display().to_string()),
                ],
            )
            .map_err(wrong)?;
        if added == 0 {
            return Ok(());
        }
        let number = transaction.last_insert_rowid();
        {
            let mut insert = transaction
                .prepare("INSERT OR REPLACE INTO figures (run, metric, endpoint, statistic, value) VALUES (?1, ?2, ?3, ?4, ?5)")
                .map_err(wrong)?;
            for figure in figures(result) {
                insert
                    .execute(params![
                        number,
                        figure.metric,
                        figure.endpoint,
                        figure.kind.name(),
                        figure.value
                    ])
                    .map_err(wrong)?;
            }
        }
        transaction.commit().map_err(wrong)
    }

    /// The runs that are meant, the earliest first.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn runs(&self, filter: &Filter) -> Result<Vec<Recorded>, HistoryError> {
        let (condition, mut values) = filter.condition();
        let limit = filter.limit.map_or(-1, i64::from);
        values.push(Value::Integer(limit));
        let figure = |metric: &str, statistic: &str, name: &str| {
            format!(
                "(SELECT value FROM figures f WHERE f.run = runs.number AND metric = '{metric}' AND endpoint = '' AND statistic = '{statistic}') AS {name}"
            )
        };
        let query = format!(
            "SELECT {}, {}, {}, {} FROM runs WHERE {condition} ORDER BY started_seconds DESC, number DESC LIMIT ?",
            Recorded::COLUMNS,
            figure("http_reqs", "count", "requests"),
            figure("http_req_failed", "rate", "failed"),
            figure("http_req_duration", "p95", "p95"),
        );
        let mut rows = self.collect(&query, values, Recorded::of)?;
        rows.reverse();
        Ok(rows)
    }

    /// A figure over the runs that are meant, the earliest first.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn course(
        &self,
        metric: &str,
        endpoint: &str,
        statistic: &str,
        filter: &Filter,
    ) -> Result<Vec<Point>, HistoryError> {
        let (condition, mut values) = filter.condition();
        values.extend([metric, endpoint, statistic].map(|text| Value::Text(text.to_owned())));
        values.push(Value::Integer(filter.limit.map_or(-1, i64::from)));
        let query = format!(
            "SELECT {} FROM runs JOIN figures ON run = number
             WHERE {condition} AND metric = ? AND endpoint = ? AND statistic = ?
             ORDER BY started_seconds DESC, number DESC LIMIT ?",
            Point::COLUMNS
        );
        let mut points = self.collect(&query, values, Point::of)?;
        points.reverse();
        Ok(points)
    }

    /// The metrics that any run has, with the statistics of each over all requests.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn metrics(&self) -> Result<Vec<(String, Vec<Kind>)>, HistoryError> {
        let query =
            "SELECT DISTINCT metric, statistic FROM figures WHERE endpoint = '' ORDER BY metric";
        let pairs: Vec<(String, String)> =
            self.collect(query, Vec::new(), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut metrics: Vec<(String, Vec<Kind>)> = Vec::new();
        for (metric, statistic) in pairs {
            let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.name() == statistic) else {
                continue;
            };
            match metrics.last_mut().filter(|(name, _)| *name == metric) {
                Some((_, kinds)) => kinds.push(kind),
                None => metrics.push((metric, vec![kind])),
            }
        }
        metrics.iter_mut().for_each(|(_, kinds)| kinds.sort());
        Ok(metrics)
    }

    /// Every figure of the runs that are meant, the earliest run first.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn lines(&self, filter: &Filter) -> Result<Vec<Line>, HistoryError> {
        let (condition, values) = filter.condition();
        let query = format!(
            "SELECT {} FROM runs JOIN figures ON run = number
             WHERE {condition} ORDER BY started_seconds, number, metric, endpoint, statistic",
            Line::COLUMNS
        );
        self.collect(&query, values, Line::of)
    }

    /// Forgets runs: those before a moment (in seconds since 1970), and all but the latest so many. Says how many.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn prune(&mut self, before: Option<i64>, keep: Option<u32>) -> Result<usize, HistoryError> {
        let path = self.path.clone();
        let wrong = |error: rusqlite::Error| told(&path, &error);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(wrong)?;
        let mut gone = 0;
        if let Some(before) = before {
            gone += transaction
                .execute(
                    "DELETE FROM runs WHERE started_seconds < ?1",
                    params![before],
                )
                .map_err(wrong)?;
        }
        if let Some(keep) = keep {
            let latest =
                "SELECT number FROM runs ORDER BY started_seconds DESC, number DESC LIMIT ?1";
            gone += transaction
                .execute(
                    &format!("DELETE FROM runs WHERE number NOT IN ({latest})"),
                    params![keep],
                )
                .map_err(wrong)?;
        }
        transaction.commit().map_err(wrong)?;
        self.connection
            .execute_batch("VACUUM")
            .map_err(|error| self.wrong(&error))?;
        Ok(gone)
    }

    fn collect<T>(
        &self,
        query: &str,
        values: Vec<Value>,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, HistoryError> {
        let wrong = |error: rusqlite::Error| self.wrong(&error);
        let mut statement = self.connection.prepare(query).map_err(wrong)?;
        let rows = statement
            .query_map(params_from_iter(values), read)
            .map_err(wrong)?;
        rows.collect::<rusqlite::Result<Vec<T>>>().map_err(wrong)
    }
}

/// A verdict's status as the database and its filters write it.
fn status(status: VerdictStatus) -> &'static str {
    match status {
        VerdictStatus::Pass => "pass",
        VerdictStatus::Warning => "warning",
        VerdictStatus::Failed => "failed",
        VerdictStatus::Interrupted => "interrupted",
        VerdictStatus::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::sample;

    fn run(number: u32, script: &str) -> RunResult {
        let mut result = sample::passing();
        result.run.id = format!("run {number}");
        result.run.script = script.to_owned();
        result.run.started_at = format!("2026-03-01T09:{:02}:{:02}Z", number / 60, number % 60);
        result
    }

    fn filled(folder: &Path, runs: u32) -> Store {
        let mut store = Store::open(&folder.join(".rhaid/history.db")).unwrap();
        for number in 0..runs {
            store
                .record(&run(number, "scripts/load.rhai"), None)
                .unwrap();
        }
        store
    }

    #[test]
    fn runs_come_back_in_their_order_and_by_what_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = filled(folder.path(), 5);
        let mut other = run(7, "scripts/soak.rhai");
        other.verdict.status = VerdictStatus::Failed;
        store
            .record(&other, Some(Path::new("results/soak.json")))
            .unwrap();
        // Recording one twice changes nothing.
        store.record(&other, None).unwrap();
        let ids = |filter: Filter| -> Vec<String> {
            store
                .runs(&filter)
                .unwrap()
                .into_iter()
                .map(|run| run.id)
                .collect()
        };
        assert_eq!(ids(Filter::default()).len(), 6);
        let limit = Some(2);
        assert_eq!(
            ids(Filter {
                limit,
                ..Filter::default()
            }),
            ["run 4", "run 7"]
        );
        let script = Some("soak".to_owned());
        assert_eq!(
            ids(Filter {
                script,
                ..Filter::default()
            }),
            ["run 7"]
        );
        let status = Some("failed".to_owned());
        assert_eq!(
            ids(Filter {
                status,
                ..Filter::default()
            }),
            ["run 7"]
        );
        let branch = Some("other".to_owned());
        assert!(
            ids(Filter {
                branch,
                ..Filter::default()
            })
            .is_empty()
        );
        let kept = store.runs(&Filter::default()).unwrap();
        assert_eq!(kept[5].result_path.as_deref(), Some("results/soak.json"));
        assert_eq!(kept[0].requests, Some(8_596.0));
        let course = store
            .course("rooms_booked", "", "count", &Filter::default())
            .unwrap();
        assert_eq!((course.len(), course[0].value), (6, 2_149.0));
        assert!(
            store
                .metrics()
                .unwrap()
                .iter()
                .any(|(name, kinds)| name == "checks" && kinds == &[Kind::Rate])
        );
    }

    #[test]
    fn pruning_keeps_the_latest_and_takes_their_figures_along() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = filled(folder.path(), 10);
        assert_eq!(store.prune(None, Some(3)).unwrap(), 7);
        let left = store.runs(&Filter::default()).unwrap();
        assert_eq!(
            left.iter().map(|run| run.id.as_str()).collect::<Vec<_>>(),
            ["run 7", "run 8", "run 9"]
        );
        let figures: i64 = store
            .connection
            .query_row("SELECT COUNT(DISTINCT run) FROM figures", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(figures, 3);
        assert_eq!(store.prune(Some(i64::MAX), None).unwrap(), 3);
    }

    #[test]
    fn what_is_no_history_is_told_for_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let mut noise = b"SQLite format 3\0".to_vec();
        noise.extend([0x5a; 8_000]);
        fs::write(&path, noise).unwrap();
        assert!(matches!(
            Store::open(&path),
            Err(HistoryError::Corrupt { .. })
        ));
        fs::write(&path, "this is a text file and no database at all").unwrap();
        assert!(matches!(
            Store::open(&path),
            Err(HistoryError::Corrupt { .. })
        ));
        fs::remove_file(&path).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        drop(connection);
        assert!(matches!(
            Store::open(&path),
            Err(HistoryError::Newer { found: 99, .. })
        ));
        let message = Store::open(&path).unwrap_err().to_string();
        assert!(message.contains("has version 99"), "{message}");
        assert!(matches!(
            Store::open(folder.path()),
            Err(HistoryError::Open { .. })
        ));
    }

    #[test]
    fn many_may_record_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".rhaid/history.db");
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    for number in 0..5 {
                        let mut store = Store::open(path).unwrap();
                        store.record(&run(thread * 10 + number, "x"), None).unwrap();
                    }
                });
            }
        });
        let store = Store::open(&path).unwrap();
        assert_eq!(store.runs(&Filter::default()).unwrap().len(), 20);
    }
}
