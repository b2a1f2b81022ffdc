//! Scripts of k6, JavaScript or TypeScript, as scripts of rhaid.
//!
//! Unlike other documents a script is translated, source to source: a syntax tree (`parse`) is walked, statement by
//! statement and expression by expression, with a table of what each name stands for (`scope`). What has no equal in Rhai
//! becomes `()` with a comment `// TODO k6 line N: …` at its place, and a line of the report. In goes a file, with the
//! modules of the project that it imports; out comes a [`Journey`] with the script as a whole.
//!
//! ```text
//! source ─► depth ─► parse ─► passes over the tree ─► pieces ─► each read by Rhai's own parser ─► script
//! ```
//!
//! A source is walked until nothing new is learnt about it: which variables of the top level change, so that they belong
//! to a user's memory, and which functions therefore take `ctx`.

mod calls;
mod code;
mod declare;
mod depth;
mod entries;
mod expressions;
mod functions;
mod helpers;
mod imports;
mod library;
mod loops;
mod members;
mod methods;
mod names;
mod operators;
mod options;
mod parse;
mod scope;
mod sorting;
mod statements;
mod top;
mod translator;

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use rhai::Engine;

use super::{Error, Importer, Input, Journey, Settings};
use crate::project;
use crate::script;
use entries::Entries;
use imports::Offers;
use scope::{Facts, Meaning};
use top::Piece;
use translator::{Left, Translator, Why};

/// Address space of the thread that parses and walks; only what is touched costs memory.
const STACK: usize = 1 << 30;
/// A source never teaches more than this many passes in practice.
const PASSES: usize = 6;
/// Lines about what was left that are told; the script has a comment for each.
const TOLD: usize = 200;
/// Modules of a project, and how deeply they import each other.
const MODULES: usize = 200;
const DEEPEST_IMPORT: usize = 16;
/// In bytes, of an imported module.
const LARGEST_MODULE: u64 = 16 << 20;

/// `rhaid convert k6`.
pub struct K6;

impl Importer for K6 {
    fn name(&self) -> &'static str {
        "k6"
    }

    fn reads(&self) -> &'static str {
        "a k6 script (.js, .ts), with the modules that it imports"
    }

    fn import(&self, input: Input<'_>, _settings: &Settings) -> Result<Journey, Error> {
        let name = input.name.clone();
        let path = input.path.clone();
        let text = input.into_text()?;
        if text.trim().is_empty() {
            return Err(Error::new(
                format!("{name}: it is empty"),
                "name a k6 script",
            ));
        }
        let walked = std::thread::scope(|scope| {
            std::thread::Builder::new()
                .stack_size(STACK)
                .spawn_scoped(scope, || {
                    let folder = path.as_deref().and_then(Path::parent);
                    let mut project = Project::of(folder.unwrap_or(Path::new("")));
                    // A module that imports the script gets nothing of it.
                    let own = path.as_deref().and_then(Path::file_name);
                    let own = own.map(|own| Path::new(own).with_extension("rhai"));
                    project.open.extend(own);
                    let source = Source {
                        name: &name,
                        text: &text,
                        folder: folder.map(Path::to_owned),
                        place: PathBuf::new(),
                    };
                    project
                        .convert(&source, false, 0)
                        .map(|(script, _)| (script, project))
                })
                .map(|walking| walking.join())
        });
        let (script, project) = match walked {
            Ok(Ok(made)) => made?,
            Ok(Err(_)) => return Err(Error::plain(format!("{name}: its conversion broke down"))),
            Err(error) => return Err(Error::plain(format!("{name}: no thread for it: {error}"))),
        };
        Ok(project.into_journey(script))
    }
}

/// A file of JavaScript.
struct Source<'s> {
    /// What messages call it.
    name: &'s str,
    text: &'s str,
    /// Where what it imports is looked for; nothing is for a stream.
    folder: Option<PathBuf>,
    /// Its folder, seen from the script's.
    place: PathBuf,
}

/// What was made of a script and its modules.
struct Project {
    /// What may be read.
    files: project::Project,
    /// Modules by their path beside the script: what they offer, and their text.
    modules: BTreeMap<PathBuf, (BTreeMap<String, Meaning>, String)>,
    /// Modules that are being converted.
    open: BTreeSet<PathBuf>,
    left: Vec<(String, Left)>,
    notes: BTreeSet<String>,
    /// Metrics that the modules record.
    metrics: BTreeSet<String>,
}

impl Project {
    /// An empty one, of a script in that folder.
    fn of(folder: &Path) -> Self {
        Self {
            files: project::Project::of(folder),
            modules: BTreeMap::new(),
            open: BTreeSet::new(),
            left: Vec::new(),
            notes: BTreeSet::new(),
            metrics: BTreeSet::new(),
        }
    }

    /// Converts a source; its text, and what it offers.
    fn convert(
        &mut self,
        source: &Source<'_>,
        is_module: bool,
        depth: usize,
    ) -> Result<(String, BTreeMap<String, Meaning>), Error> {
        let allocator = Allocator::default();
        let program = parse::parse(&allocator, source.name, source.text)?;
        let offers = self.offers(&program, source, depth);
        let entries = Entries::of(&program, is_module);
        let comments: Vec<_> = program
            .comments
            .iter()
            .map(|comment| comment.span)
            .collect();
        let mut facts = Facts {
            metrics: self.metrics.clone(),
            ..Facts::default()
        };
        for pass in 1..=PASSES {
            let mut translator = Translator::new(source.text, comments.clone(), facts.clone());
            let imports = translator.imports(&program, &offers);
            translator.know(&program, &entries);
            let pieces = translator.pieces(&program, &entries);
            let learnt = std::mem::take(&mut translator.found).into_facts(&facts);
            if learnt != facts && pass < PASSES {
                facts = learnt;
                continue;
            }
            self.metrics.extend(facts.metrics.iter().cloned());
            let exports = translator.exports(&program, &entries);
            let script = assemble(&mut translator, imports, pieces, &entries);
            let left = std::mem::take(&mut translator.left);
            let shown = if is_module { source.name } else { "" };
            self.left
                .extend(left.into_iter().map(|left| (shown.to_owned(), left)));
            self.notes.extend(std::mem::take(&mut translator.notes));
            return Ok((script, exports));
        }
        Err(Error::plain(format!(
            "{}: it cannot be converted",
            source.name
        )))
    }

    /// What the modules that a source imports offer; those that cannot be read or converted are not among them.
    fn offers(&mut self, program: &Program<'_>, source: &Source<'_>, depth: usize) -> Offers {
        let mut offers = Offers::new();
        let Some(folder) = &source.folder else {
            return offers;
        };
        for path in imports::own(program) {
            // As a script itself, it reads what is in its project.
            let Ok(file) = self.files.find(folder, &path) else {
                self.notes.insert(format!(
                    "the module {path} lies outside the project; an empty `rhaid.toml` in the folder that holds both makes them one"
                ));
                continue;
            };
            let place = tidy(&source.place.join(&path)).with_extension("rhai");
            if let Some((offered, _)) = self.modules.get(&place) {
                offers.insert(path, offered.clone());
                continue;
            }
            let too_many = self.modules.len() >= MODULES || depth >= DEEPEST_IMPORT;
            if too_many || !self.open.insert(place.clone()) {
                continue;
            }
            let text = project::read(&file, LARGEST_MODULE)
                .map_err(|error| match error.kind() {
                    ErrorKind::NotFound => "there is no such file".to_owned(),
                    _ => error.to_string(),
                })
                .and_then(|bytes| {
                    String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
                });
            let made = text.and_then(|text| {
                let name = file.display().to_string();
                let inner = Source {
                    name: &name,
                    text: &text,
                    folder: file.parent().map(Path::to_owned),
                    place: place.parent().map(Path::to_owned).unwrap_or_default(),
                };
                let made = self.convert(&inner, true, depth + 1);
                made.map_err(|error| error.message)
            });
            self.open.remove(&place);
            match made {
                Ok((text, offered)) => {
                    offers.insert(path, offered.clone());
                    self.modules.insert(place, (offered, text));
                }
                Err(why) => {
                    self.notes
                        .insert(format!("the module {path} is left out: {why}"));
                }
            }
        }
        offers
    }

    fn into_journey(self, script: String) -> Journey {
        let more = self.left.len().saturating_sub(TOLD);
        let mut left: Vec<String> = self
            .left
            .iter()
            .take(TOLD)
            .map(|(file, left)| {
                let file = if file.is_empty() {
                    String::new()
                } else {
                    format!("{file} ")
                };
                format!("{file}line {}: {} ({})", left.line, left.source, left.why)
            })
            .collect();
        if more > 0 {
            left.push(format!("and {more} more, each with a TODO in the script"));
        }
        let modules = self.modules.into_iter();
        Journey {
            whole: Some(script),
            beside: modules.map(|(path, (_, text))| (path, text)).collect(),
            done: self.notes.into_iter().collect(),
            left,
            ..Journey::default()
        }
    }
}

/// The whole script: imports, pieces that Rhai can read, and the helpers that they call.
fn assemble(
    translator: &mut Translator<'_>,
    imports: Vec<String>,
    pieces: Vec<Piece>,
    entries: &Entries,
) -> String {
    let engine = reader();
    let mut body = String::new();
    let mut pieces = pieces.into_iter().peekable();
    while let Some(piece) = pieces.next() {
        let text = match engine.compile(&piece.text) {
            Ok(_) => piece.text,
            Err(error) => {
                translator.leave(
                    piece.span,
                    &Why(format!("what came of it is no Rhai: {error}")),
                );
                let mut text = String::new();
                translator.flush(&mut text);
                text + piece.stub.as_str()
            }
        };
        body.push_str(&text);
        // Functions and options stand apart, constants together.
        let apart =
            |text: &str| text.contains("{\n") || text.starts_with("fn ") || text.starts_with("//");
        if apart(&text) || pieces.peek().is_some_and(|next| apart(&next.text)) {
            body.push('\n');
        }
    }
    if !entries.is_module && !body.contains("fn iteration(") && entries.execs.is_empty() {
        body.push_str("// The source has no default function.\nfn iteration() {}\n\n");
    }
    for helper in helpers::called_in(&body) {
        body.push_str(helper);
        body.push_str("\n\n");
    }
    let mut head: Vec<String> = imports;
    if body.contains("think::") {
        head.push("import \"std/think\" as think;".to_owned());
    }
    let mut script = head.join("\n");
    if !script.is_empty() {
        script.push_str("\n\n");
    }
    script.push_str(body.trim_end());
    script.push('\n');
    script
}

/// Rhai's parser with the bounds of scripts.
fn reader() -> Engine {
    let mut engine = Engine::new_raw();
    let depth = script::LIMITS.expression_depth;
    engine.set_max_expr_depths(depth, depth);
    script::free_words(&mut engine);
    engine
}

/// A path without `.` and without `..` after a name.
fn tidy(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if short.file_name().is_some() => {
                short.pop();
            }
            other => short.push(other),
        }
    }
    short
}
