//! `data`: rows of files, read once and shared by all virtual users.

use std::cell::{OnceCell, RefCell};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rhai::plugin::*;
use rhai::{Array, Blob, Dynamic, EvalAltResult, Identifier, ImmutableString, Map};
use rustc_hash::FxHashMap;

use super::{Fallible, cut_off, error, log, virtual_user};
use crate::data::{Cell, Dataset, Dialect, Format, Kind, Row, Store, Taken, Turns, not_utf8};
use crate::project::Project;
use crate::script::convert;
use crate::script::engine::TopLevelClock;
use crate::script::sources::Sources;
use crate::suggest::did_you_mean;
use crate::vu::{Interrupt, LogLevel, Vu};

/// What this thread's script may read, and what it has opened.
#[derive(Default)]
struct Files {
    project: Option<Project>,
    store: Store,
    clock: Rc<TopLevelClock>,
    open: FxHashMap<(Format, Box<str>), Data>,
    /// What `open` gave.
    texts: FxHashMap<Box<str>, ImmutableString>,
}

impl Files {
    /// Where a path that a script names leads.
    fn find(&self, path: &str) -> Fallible<PathBuf> {
        let Some(project) = &self.project else {
            return error("there is no script whose files could be read");
        };
        project
            .find(&project.folder, path)
            .or_else(|outside| error(outside.to_string()))
    }

    /// The bytes of a file.
    fn bytes(&self, path: &str) -> Fallible<bytes::Bytes> {
        let full = self.find(path)?;
        let begin = Instant::now();
        let bytes = self.store.bytes(&full, path);
        self.clock.excuse(begin.elapsed());
        bytes.or_else(|wrong| error(wrong.to_string()))
    }
}

thread_local! {
    /// A file can be opened at a script's top level, where there is no virtual user to ask.
    static FILES: RefCell<Files> = RefCell::default();
}

/// Scripts of this thread read the files of these sources' project from now on. `clock`: bounds their top level.
pub fn read_from(sources: &Sources, clock: &Rc<TopLevelClock>) {
    FILES.replace(Files {
        project: Some(sources.project.clone()),
        store: sources.data.clone(),
        clock: clock.clone(),
        ..Files::default()
    });
}

/// Rows of a file; cheap to copy.
#[derive(Clone)]
pub struct Data(Rc<Handle>);

struct Handle {
    set: Arc<Dataset>,
    columns: Vec<Identifier>,
    /// Looked up when first used: at the top level there is no run yet.
    turns: OnceCell<Arc<Turns>>,
}

fn open(path: &str, format: Format) -> Fallible<Data> {
    FILES.with_borrow_mut(|files| {
        let key = (format, Box::from(path));
        if let Some(known) = files.open.get(&key) {
            return Ok(known.clone());
        }
        let full = files.find(path)?;
        let begin = Instant::now();
        let set = files
            .store
            .open(full, path, key.0.clone())
            .or_else(|wrong| error(wrong.to_string()))?;
        files.clock.excuse(begin.elapsed());
        let columns = set.columns().iter().map(|name| name.as_str().into());
        let data = Data(Rc::new(Handle {
            columns: columns.collect(),
            set: set.clone(),
            turns: OnceCell::new(),
        }));
        files.open.insert(key, data.clone());
        Ok(data)
    })
}

fn script_value(cell: Cell) -> Dynamic {
    match cell {
        Cell::Text(text) => text.into(),
        Cell::Int(number) => number.into(),
        Cell::Float(number) => number.into(),
        Cell::Bool(flag) => flag.into(),
        Cell::Nothing => Dynamic::UNIT,
    }
}

const CSV_OPTIONS: [&str; 3] = ["delimiter", "columns", "types"];

/// What other tools call it.
fn csv_option(name: &str) -> Option<&'static str> {
    Some(match name {
        "separator" | "sep" | "delim" => "write `delimiter: \";\"`",
        "header" | "headers" | "skipFirstLine" => {
            "the first row names the columns; if it does not, name them: `columns: [\"user\", \"password\"]`"
        }
        "encoding" | "charset" => {
            "data files are UTF-8; convert this one: iconv -f WINDOWS-1252 -t UTF-8"
        }
        _ => return None,
    })
}

/// Kinds of columns, as a script gives them.
fn types_of(value: &Dynamic) -> Fallible<Vec<(String, Kind)>> {
    let Some(types) = value.read_lock::<Map>() else {
        return error("`types` is a map from columns to kinds: #{ age: \"int\" }");
    };
    let kind = |(column, name): (&Identifier, &Dynamic)| {
        let name = name.to_string();
        if let Some(kind) = Kind::named(&name) {
            return Ok((column.to_string(), kind));
        }
        let help = did_you_mean(&name, Kind::NAMES)
            .unwrap_or_else(|| format!("there are: {}", Kind::NAMES.join(", ")));
        error(format!(
            "`types` says that column `{column}` is `{name}`\nhelp: {help}"
        ))
    };
    types.iter().map(kind).collect()
}

fn dialect(options: &Map) -> Fallible<Dialect> {
    let mut dialect = Dialect::default();
    for (key, value) in options {
        match key.as_str() {
            "delimiter" => {
                let text = value.read_lock::<ImmutableString>();
                dialect.delimiter = match text.as_deref().map(|text| text.as_bytes()) {
                    Some([byte]) if byte.is_ascii() && !b"\"\r\n".contains(byte) => *byte,
                    _ => {
                        return error(format!(
                            "`delimiter` is one character such as \";\" or \"\\t\", not {value}"
                        ));
                    }
                };
            }
            "columns" => {
                let names = value.read_lock::<Array>();
                let names = names.iter().flat_map(|names| names.iter());
                let names: Option<Vec<String>> = names
                    .map(|name| Some(name.read_lock::<ImmutableString>()?.to_string()))
                    .collect();
                match names {
                    Some(names) if !names.is_empty() => dialect.columns = Some(names),
                    _ => return error("`columns` is a list of names: [\"user\", \"password\"]"),
                }
            }
            "types" => dialect.types = types_of(value)?,
            other => {
                let help = csv_option(other)
                    .map(str::to_owned)
                    .or_else(|| did_you_mean(other, CSV_OPTIONS))
                    .unwrap_or_else(|| format!("there are: {}", CSV_OPTIONS.join(", ")));
                return error(format!("data::csv has no option `{other}`\nhelp: {help}"));
            }
        }
    }
    Ok(dialect)
}

impl Data {
    fn row(&self, number: u64) -> Fallible<Dynamic> {
        match self.0.set.row(number) {
            Ok(Some(Row::Json(value))) => Ok(convert::from_json(&value)),
            Ok(Some(Row::Values(values))) => {
                let columns = self.0.columns.iter().cloned();
                let map: Map = columns.zip(values.into_iter().map(script_value)).collect();
                Ok(map.into())
            }
            Ok(None) => Ok(Dynamic::UNIT),
            Err(wrong) => error(wrong.to_string()),
        }
    }

    fn turns(&self, vu: &Vu) -> &Turns {
        self.0
            .turns
            .get_or_init(|| vu.worker.run.turns.of(&self.0.set))
    }

    /// The row whose turn it is.
    fn take(&self, what: &str, take: impl FnOnce(&Turns, &Vu) -> Taken) -> Fallible<Dynamic> {
        let vu = virtual_user(what)?;
        let path = self.0.set.path();
        match take(self.turns(&vu), &vu) {
            Taken::Row(number) => self.row(number),
            Taken::UsedUp(0) => error(format!(
                "`{path}` has {} rows, too few for every machine of the run to have one",
                self.0.set.rows()
            )),
            Taken::UsedUp(rows) if what == OF_USER => error(format!(
                "`{path}` has {rows} rows{}, and more virtual users than that ask for one of their own",
                self.of_machine(rows)
            )),
            Taken::UsedUp(rows) => error(format!(
                "all {rows} rows of `{path}`{} are used up\nhelp: `unique(\"stop\")` ends the run here, `unique(\"recycle\")` begins again",
                self.of_machine(rows)
            )),
        }
    }

    fn of_machine(&self, rows: u64) -> &'static str {
        if rows < self.0.set.rows() {
            " for this machine"
        } else {
            ""
        }
    }
}

const OF_USER: &str = "unique_per_vu";

#[export_module]
pub mod whole_files {
    /// What a file of the script's project says; its path begins in the script's folder. Read once per worker thread, so it may stand anywhere.
    #[rhai_fn(name = "open", return_raw)]
    pub fn text(path: &str) -> Result<ImmutableString, Box<EvalAltResult>> {
        FILES.with_borrow_mut(|files| {
            if let Some(known) = files.texts.get(path) {
                return Ok(known.clone());
            }
            let bytes = files.bytes(path)?;
            let text: ImmutableString = match std::str::from_utf8(&bytes) {
                Ok(text) => text.strip_prefix('\u{feff}').unwrap_or(text).into(),
                Err(_) => {
                    let wrong = not_utf8(&bytes, path);
                    return error(format!(
                        "{wrong}; `open(\"{path}\", \"b\")` gives its bytes"
                    ));
                }
            };
            files.texts.insert(path.into(), text.clone());
            Ok(text)
        })
    }

    /// With `"b"` as its second argument: the file's bytes, as a blob.
    #[rhai_fn(name = "open", return_raw)]
    pub fn content(path: &str, mode: &str) -> Result<Blob, Box<EvalAltResult>> {
        if mode != "b" {
            return error(format!(
                "open(path) gives a text, and open(path, \"b\") the bytes; there is no \"{mode}\""
            ));
        }
        FILES.with_borrow(|files| Ok(files.bytes(path)?.to_vec()))
    }
}

#[export_module(manifest)]
pub mod data_module {
    /// The rows of a CSV file, each a map from column to text; the first row names the columns. Options: `delimiter`, `columns` for a file without names in its first row, and `types`, a map from columns to `"int"`, `"float"` or `"bool"`.
    #[rhai_fn(name = "csv", return_raw)]
    pub fn csv(path: &str) -> Result<Data, Box<EvalAltResult>> {
        open(path, Format::Csv(Dialect::default()))
    }

    #[rhai_fn(name = "csv", return_raw)]
    pub fn csv_with(path: &str, options: Map) -> Result<Data, Box<EvalAltResult>> {
        open(path, Format::Csv(dialect(&options)?))
    }

    /// The elements of a JSON file that holds one list.
    #[rhai_fn(return_raw)]
    pub fn json(path: &str) -> Result<Data, Box<EvalAltResult>> {
        open(path, Format::Json)
    }

    /// The values of a file with one JSON value on each line.
    #[rhai_fn(return_raw)]
    pub fn jsonl(path: &str) -> Result<Data, Box<EvalAltResult>> {
        open(path, Format::JsonLines)
    }
}

#[export_module]
pub mod data_type {
    /// How many rows there are.
    #[rhai_fn(name = "len", get = "len", pure)]
    pub fn len(data: &mut Data) -> i64 {
        data.0.set.rows() as i64
    }

    /// The row at a position, from 0; negative ones count from the end.
    #[rhai_fn(index_get, return_raw, pure)]
    pub fn at(data: &mut Data, index: i64) -> Result<Dynamic, Box<EvalAltResult>> {
        let rows = data.0.set.rows();
        let number = if index < 0 {
            rows.checked_sub(index.unsigned_abs())
        } else {
            Some(index as u64)
        };
        match number.filter(|number| *number < rows) {
            Some(number) => data.row(number),
            None => error(format!(
                "`{}` has {rows} rows, numbered from 0, so there is no row {index}",
                data.0.set.path()
            )),
        }
    }

    /// The next row: one after the other across all virtual users, after the last again the first.
    #[rhai_fn(name = "next", return_raw, pure)]
    pub fn next(data: &mut Data) -> Result<Dynamic, Box<EvalAltResult>> {
        data.take("next", |turns, _| turns.next())
    }

    /// Any row, by the virtual user's own random numbers.
    #[rhai_fn(name = "random", return_raw, pure)]
    pub fn random(data: &mut Data) -> Result<Dynamic, Box<EvalAltResult>> {
        use rand::RngExt;
        let rows = data.0.set.rows();
        data.take("random", |_, vu| {
            Taken::Row(vu.rng.borrow_mut().random_range(0..rows))
        })
    }

    /// The next row of an order shuffled by the run's seed. Every row comes once before any comes again.
    #[rhai_fn(name = "shuffled", return_raw, pure)]
    pub fn shuffled(data: &mut Data) -> Result<Dynamic, Box<EvalAltResult>> {
        data.take("shuffled", |turns, _| turns.shuffled())
    }

    /// This virtual user's own row: the same one in all its iterations, and no other user has it. There must be as many rows as users that ask.
    #[rhai_fn(name = "unique_per_vu", return_raw, pure)]
    pub fn unique_per_vu(data: &mut Data) -> Result<Dynamic, Box<EvalAltResult>> {
        data.take(OF_USER, |turns, vu| turns.of_user(vu.id))
    }

    /// A row that no other iteration of the run has had. When all are used up: a script error, with `"stop"` the end of the run as if its time were over, with `"recycle"` the first one again.
    #[rhai_fn(name = "unique", return_raw, pure)]
    pub fn unique(data: &mut Data) -> Result<Dynamic, Box<EvalAltResult>> {
        data.take("unique", |turns, _| turns.unique())
    }

    #[rhai_fn(name = "unique", return_raw, pure)]
    pub fn unique_or(data: &mut Data, then: &str) -> Result<Dynamic, Box<EvalAltResult>> {
        match then {
            "recycle" => data.take("unique", |turns, _| turns.recycled()),
            "stop" => {
                let vu = virtual_user("unique")?;
                match data.turns(&vu).unique() {
                    Taken::Row(number) => data.row(number),
                    Taken::UsedUp(rows) => {
                        if vu.worker.run.finish() {
                            let text = format!(
                                "all {rows} rows of `{}` are used up: the run ends",
                                data.0.set.path()
                            );
                            log::line(LogLevel::Info, &text, None);
                        }
                        Err(cut_off(Interrupt::Stop))
                    }
                }
            }
            other => {
                let help = did_you_mean(other, ["stop", "recycle"])
                    .unwrap_or_else(|| "there are \"stop\" and \"recycle\"".to_owned());
                error(format!(
                    "unique(\"{other}\") says not what to do when all rows are used up\nhelp: {help}"
                ))
            }
        }
    }
}
