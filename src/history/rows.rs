//! What is asked of the history, and the rows that it answers with.

use rusqlite::Row;
use rusqlite::types::Value;

/// Which runs are meant.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Scripts whose path contains this.
    pub script: Option<String>,
    /// Exactly this branch.
    pub branch: Option<String>,
    /// Exactly this status: `pass`, `warning`, `failed`, `interrupted`, `error`.
    pub status: Option<String>,
    /// No earlier than this, in seconds since 1970.
    pub since: Option<i64>,
    /// The latest so many.
    pub limit: Option<u32>,
}

/// A run as the history knows it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Recorded {
    pub id: String,
    pub script: String,
    pub branch: Option<String>,
    pub commit: Option<String>,
    pub started_at: String,
    pub duration_seconds: f64,
    pub status: String,
    pub exit_code: i64,
    pub scale: f64,
    pub result_path: Option<String>,
    /// Requests, where there were any.
    pub requests: Option<f64>,
    /// Share of failed requests.
    pub failed: Option<f64>,
    /// 95th percentile of response times, in milliseconds.
    pub p95: Option<f64>,
}

impl Recorded {
    /// What is asked for, by the names of the columns.
    pub(super) const COLUMNS: &str = "id, script, branch, commit_hash, started_at, duration_seconds, status, exit_code, scale, result_path";

    /// A row with [`COLUMNS`](Self::COLUMNS), `requests`, `failed` and `p95`.
    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            script: row.get("script")?,
            branch: row.get("branch")?,
            commit: row.get("commit_hash")?,
            started_at: row.get("started_at")?,
            duration_seconds: row.get("duration_seconds")?,
            status: row.get("status")?,
            exit_code: row.get("exit_code")?,
            scale: row.get("scale")?,
            result_path: row.get("result_path")?,
            requests: row.get("requests")?,
            failed: row.get("failed")?,
            p95: row.get("p95")?,
        })
    }
}

/// A figure of one run of a course.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Point {
    pub id: String,
    pub started_at: String,
    pub commit: Option<String>,
    pub value: f64,
}

impl Point {
    pub(super) const COLUMNS: &str = "id, started_at, commit_hash, value";

    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            started_at: row.get("started_at")?,
            commit: row.get("commit_hash")?,
            value: row.get("value")?,
        })
    }
}

/// A figure with all that is known of its run.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub id: String,
    pub started_at: String,
    pub script: String,
    pub branch: Option<String>,
    pub commit: Option<String>,
    pub status: String,
    pub metric: String,
    pub endpoint: String,
    pub statistic: String,
    pub value: f64,
}

impl Line {
    pub(super) const COLUMNS: &str =
        "id, started_at, script, branch, commit_hash, status, metric, endpoint, statistic, value";

    pub(super) fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get("id")?,
            started_at: row.get("started_at")?,
            script: row.get("script")?,
            branch: row.get("branch")?,
            commit: row.get("commit_hash")?,
            status: row.get("status")?,
            metric: row.get("metric")?,
            endpoint: row.get("endpoint")?,
            statistic: row.get("statistic")?,
            value: row.get("value")?,
        })
    }
}

impl Filter {
    /// As SQL, with the values for its question marks.
    pub(super) fn condition(&self) -> (String, Vec<Value>) {
        let mut parts = vec!["1".to_owned()];
        let mut values = Vec::new();
        if let Some(script) = &self.script {
            parts.push("instr(script, ?) > 0".to_owned());
            values.push(Value::Text(script.clone()));
        }
        if let Some(branch) = &self.branch {
            parts.push("branch = ?".to_owned());
            values.push(Value::Text(branch.clone()));
        }
        if let Some(status) = &self.status {
            parts.push("status = ?".to_owned());
            values.push(Value::Text(status.clone()));
        }
        if let Some(since) = self.since {
            parts.push("started_seconds >= ?".to_owned());
            values.push(Value::Integer(since));
        }
        (parts.join(" AND "), values)
    }
}
