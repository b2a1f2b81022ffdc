//! What a script's syntax tree tells before anything runs: metrics it makes, functions that do not exist.

use std::collections::{BTreeMap, BTreeSet};

use rhai::{AST, ASTNode, Engine, Expr, FnCallExpr, Position, Stmt};

use super::diagnostic::Diagnostic;
use super::sources::Sources;
use crate::metrics::{Contains, MetricKind};
use crate::suggest::{did_you_mean, nearest};

/// A metric that a script makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricUse {
    pub kind: MetricKind,
    pub contains: Contains,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Scan {
    /// Metrics made under a name that is written out.
    pub metrics: BTreeMap<String, MetricUse>,
    /// Some metric's name is computed, so more may appear.
    pub computed_metrics: bool,
    pub problems: Vec<Diagnostic>,
}

/// Looks through a script and the modules it has imported.
pub fn scan(engine: &Engine, ast: &AST, sources: &Sources) -> Scan {
    let mut scan = Scan::default();
    let mut pending = vec![(sources.main.clone(), None::<AST>)];
    let mut seen = BTreeSet::new();
    while let Some((name, parsed)) = pending.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let tree = parsed.as_ref().unwrap_or(ast);
        let mut imports = Vec::new();
        look_through(engine, tree, &name, sources, &mut scan, &mut imports);
        for path in imports {
            if let Ok((module, text)) = sources.import(&path, Some(&name))
                && let Ok(tree) = engine.compile(&*text)
            {
                pending.push((module, Some(tree)));
            }
        }
    }
    scan
}

fn look_through(
    engine: &Engine,
    ast: &AST,
    name: &str,
    sources: &Sources,
    scan: &mut Scan,
    imports: &mut Vec<String>,
) {
    let aliases = import_aliases(ast);
    let native = Native::of(engine);
    let own: BTreeMap<&str, Vec<usize>> =
        ast.iter_functions()
            .fold(BTreeMap::new(), |mut map, function| {
                map.entry(function.name)
                    .or_insert_with(Vec::new)
                    .push(function.params.len());
                map
            });
    ast.walk(&mut |path: &[ASTNode]| {
        let (call, position, method) = match path.last() {
            Some(ASTNode::Stmt(Stmt::Import(import, _))) => {
                if let Expr::StringConstant(path, _) = &import.0 {
                    imports.push(path.to_string());
                }
                return true;
            }
            Some(ASTNode::Stmt(Stmt::FnCall(call, position))) => (&**call, *position, false),
            Some(ASTNode::Expr(Expr::FnCall(call, position))) => (&**call, *position, false),
            Some(ASTNode::Expr(Expr::MethodCall(call, position))) => (&**call, *position, true),
            _ => return true,
        };
        if call.op_token.is_some() || !rhai::is_valid_identifier(&call.name) {
            return true;
        }
        note_metric(call, scan);
        if let Some(problem) = check_call(
            call, position, method, name, sources, &aliases, &native, &own,
        ) {
            scan.problems.push(problem);
        }
        true
    });
}

/// Names under which modules are imported.
fn import_aliases(ast: &AST) -> BTreeSet<String> {
    let mut aliases = BTreeSet::new();
    ast.walk(&mut |path: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, _))) = path.last() {
            aliases.insert(import.1.name.to_string());
        }
        true
    });
    aliases
}

fn note_metric(call: &FnCallExpr, scan: &mut Scan) {
    if call.namespace.to_string() != "metrics" {
        return;
    }
    let kind = match call.name.as_str() {
        "counter" => MetricKind::Counter,
        "gauge" => MetricKind::Gauge,
        "rate" => MetricKind::Rate,
        "trend" => MetricKind::Trend,
        _ => return,
    };
    let is_time = matches!(call.args.get(1), Some(Expr::BoolConstant(true, _)));
    let contains = if is_time {
        Contains::Time
    } else {
        Contains::Default
    };
    match call.args.first() {
        Some(Expr::StringConstant(name, _)) => {
            scan.metrics
                .insert(name.to_string(), MetricUse { kind, contains });
        }
        _ => scan.computed_metrics = true,
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "one call's surroundings, taken together nowhere else"
)]
fn check_call(
    call: &FnCallExpr,
    position: Position,
    method: bool,
    source: &str,
    sources: &Sources,
    aliases: &BTreeSet<String>,
    native: &Native,
    own: &BTreeMap<&str, Vec<usize>>,
) -> Option<Diagnostic> {
    let name = call.name.as_str();
    let namespace = call.namespace.to_string();
    let diagnostic = |message: String| Diagnostic::at(sources, source, position, message);
    if !namespace.is_empty() {
        let first = namespace.split("::").next().unwrap_or_default();
        if aliases.contains(first) || first == "global" {
            return None;
        }
        let Some(functions) = native.modules.get(&namespace) else {
            let known: Vec<&str> = native
                .modules
                .keys()
                .chain(aliases.iter())
                .map(String::as_str)
                .collect();
            let help = did_you_mean(&namespace, known.iter().copied()).unwrap_or_else(|| {
                if super::stdlib::names().any(|module| module == namespace) {
                    format!("import it at the top of the script: import \"std/{namespace}\" as {namespace};")
                } else {
                    format!("there are: {}", known.join(", "))
                }
            });
            return Some(
                Diagnostic::at(
                    sources,
                    source,
                    call.namespace.position(),
                    format!("there is no module `{namespace}`"),
                )
                .with_help(Some(help)),
            );
        };
        if functions.contains(name) {
            return None;
        }
        let near = nearest(name, functions.iter().map(String::as_str));
        let help = near
            .map(|near| format!("did you mean `{namespace}::{near}`?"))
            .unwrap_or_else(|| {
                format!(
                    "`{namespace}` has: {}",
                    functions
                        .iter()
                        .map(String::as_str)
                        .collect::<Vec<_>>()
                        .join(", ")
                )
            });
        return Some(
            diagnostic(format!("there is no function `{namespace}::{name}`")).with_help(Some(help)),
        );
    }
    if let Some(arities) = own.get(name) {
        if method || native.global.contains(name) || arities.contains(&call.args.len()) {
            return None;
        }
        let takes = arities
            .iter()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join(" or ");
        let plural = if takes == "1" { "" } else { "s" };
        return Some(diagnostic(format!(
            "`{name}` takes {takes} argument{plural}, here it gets {}",
            call.args.len()
        )));
    }
    // A variable may hold a closure under this name only when called by `call`, so names must exist.
    if native.global.contains(name) || KEYWORDS.contains(&name) {
        return None;
    }
    let known = own
        .keys()
        .copied()
        .chain(native.global.iter().map(String::as_str));
    let help = did_you_mean(name, known);
    Some(diagnostic(format!("there is no function `{name}`")).with_help(help))
}

/// What looks like a function but is part of the language.
const KEYWORDS: &[&str] = &[
    "print",
    "debug",
    "type_of",
    "eval",
    "Fn",
    "call",
    "curry",
    "is_shared",
    "is_def_var",
    "is_def_fn",
    "this",
    "import",
];

/// The functions that are not the script's own.
struct Native {
    global: BTreeSet<String>,
    modules: BTreeMap<String, BTreeSet<String>>,
}

impl Native {
    fn of(engine: &Engine) -> Self {
        let mut native = Self {
            global: BTreeSet::new(),
            modules: BTreeMap::new(),
        };
        let named = |info: rhai::FuncInfo<'_>| {
            Some((info.namespace.to_string(), info.metadata.name.to_string()))
        };
        for (namespace, name) in engine.collect_fn_metadata(None, named, true) {
            if namespace.is_empty() {
                native.global.insert(name);
            } else {
                native.modules.entry(namespace).or_default().insert(name);
            }
        }
        native
    }
}

/// Names that a call in `namespace` could have meant.
pub fn known_names(engine: &Engine, ast: Option<&AST>, namespace: &str) -> Vec<String> {
    let mut native = Native::of(engine);
    if !namespace.is_empty() {
        return native
            .modules
            .remove(namespace)
            .unwrap_or_default()
            .into_iter()
            .collect();
    }
    let own = ast.into_iter().flat_map(|ast| {
        ast.iter_functions()
            .map(|f| f.name.to_owned())
            .collect::<Vec<_>>()
    });
    own.chain(native.global).collect()
}

/// Names of the modules that need no import.
pub fn module_names(engine: &Engine) -> Vec<String> {
    Native::of(engine).modules.into_keys().collect()
}
