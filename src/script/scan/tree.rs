//! Texts as syntax trees, and what one of them defines and imports.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rhai::{
    AST, ASTFlags, ASTNode, Engine, Expr, FnAccess, Module, OptimizationLevel, Position,
    ScriptFuncDef, Shared, Stmt,
};

use super::held;
use crate::script::LIMITS;
use crate::script::diagnostic::{Diagnostic, of_parse_error, receiver};
use crate::script::library::Library;
use crate::script::sources::Sources;

/// The trees of a script and its modules, by the names of their sources.
pub struct Trees<'a> {
    engine: Engine,
    sources: &'a Sources,
    parsed: RefCell<BTreeMap<String, Option<Rc<AST>>>>,
    held: OnceCell<Option<BTreeSet<String>>>,
}

impl<'a> Trees<'a> {
    /// No tree yet.
    pub fn new(sources: &'a Sources) -> Self {
        let mut engine = Engine::new_raw();
        crate::script::words::free(&mut engine);
        engine.set_optimization_level(OptimizationLevel::None);
        engine.set_max_expr_depths(LIMITS.expression_depth, LIMITS.expression_depth);
        Self {
            engine,
            sources,
            parsed: RefCell::default(),
            held: OnceCell::new(),
        }
    }

    /// Whether a map may hold a closure under this name, in the script or a module that it imports: then a call of the name on a value
    /// need not be one of the function of this name.
    pub fn may_hold(&self, name: &str) -> bool {
        let held = self.held.get_or_init(|| held::names(self, self.sources));
        held.as_ref().is_none_or(|held| held.contains(name))
    }

    /// The tree of a text that has been read; nothing if it is not Rhai.
    pub fn get(&self, name: &str) -> Option<Rc<AST>> {
        if let Some(known) = self.parsed.borrow().get(name) {
            return known.clone();
        }
        let text = self.sources.text(name)?;
        let tree = super::kept::tree(name, &text).or_else(|| {
            let tree = Rc::new(self.engine.compile(&*text).ok()?);
            super::kept::keep(name, text.clone(), tree.clone());
            Some(tree)
        });
        self.parsed
            .borrow_mut()
            .insert(name.to_owned(), tree.clone());
        tree
    }

    /// What is wrong with a text that has no tree.
    fn mistake(&self, name: &str) -> Option<Diagnostic> {
        let text = self.sources.text(name)?;
        let error = self.engine.compile(&*text).err()?;
        Some(of_parse_error(&error, name, &text))
    }
}

/// One function of a text, its body a tree of its own.
///
/// Rhai walks a tree as a whole and does not tell where one function ends; a tree that holds just one, made of the same shared
/// definition, costs next to nothing.
pub struct Function {
    pub definition: Shared<ScriptFuncDef>,
    pub tree: AST,
}

impl Function {
    /// Its name; of a closure one that only Rhai can say.
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Whether it is a closure.
    pub fn is_closure(&self) -> bool {
        self.name().starts_with("anon$")
    }

    /// The names of its parameters.
    pub fn parameters(&self) -> Vec<&str> {
        self.definition.params.iter().map(|name| &**name).collect()
    }
}

/// The functions of a tree, closures included, each apart.
pub fn functions(tree: &AST) -> Vec<Function> {
    tree.iter_fn_def()
        .map(|definition| {
            let mut alone = Module::new();
            alone.set_script_fn(definition.clone());
            Function {
                definition: definition.clone(),
                tree: AST::new_from_module(alone),
            }
        })
        .collect()
}

/// What an alias stands for.
pub enum Imported {
    /// Modules, by the names of their sources: usually one, more if several functions use the alias for different ones.
    Modules(Vec<String>),
    /// A path that is computed.
    Unknown,
}

/// One text, with what bears on the names in it.
pub struct Source<'a> {
    pub name: &'a str,
    pub tree: &'a AST,
    pub sources: &'a Sources,
    pub trees: &'a Trees<'a>,
    pub library: &'a Library,
    /// What is imported under which name, anywhere in the text.
    pub imports: BTreeMap<String, Imported>,
    /// Modules that are not there or not Rhai.
    pub unreadable: Vec<Diagnostic>,
    /// The text's functions, with the numbers of their parameters.
    pub own: BTreeMap<String, Vec<usize>>,
    /// The same functions and the closures, each apart.
    pub functions: Vec<Function>,
    /// Keys of maps and names of properties: what a map may hold a closure under.
    pub keys: BTreeSet<String>,
    /// What the top level declares, and whether as a constant.
    declared: BTreeMap<String, bool>,
    /// What the modules under an alias offer, once it was asked for.
    exports: RefCell<BTreeMap<String, Option<Rc<Exports>>>>,
}

impl<'a> Source<'a> {
    /// Looks at what a text defines and imports.
    pub fn new(
        name: &'a str,
        tree: &'a AST,
        sources: &'a Sources,
        trees: &'a Trees<'a>,
        library: &'a Library,
    ) -> Self {
        let mut source = Self {
            name,
            tree,
            sources,
            trees,
            library,
            imports: BTreeMap::new(),
            unreadable: Vec::new(),
            own: BTreeMap::new(),
            functions: functions(tree),
            keys: BTreeSet::new(),
            declared: declared(tree),
            exports: RefCell::default(),
        };
        for function in tree.iter_functions() {
            let arities = source.own.entry(function.name.to_owned()).or_default();
            arities.push(function.params.len());
            arities.sort_unstable();
        }
        tree.walk(&mut |path: &[ASTNode]| {
            match path.last() {
                Some(ASTNode::Stmt(Stmt::Import(import, position))) => {
                    source.import(&import.0, &import.1.name, *position);
                }
                Some(ASTNode::Expr(Expr::Map(map, _))) => {
                    let keys = map.0.iter().map(|(key, _)| key.name.to_string());
                    source.keys.extend(keys);
                }
                Some(ASTNode::Expr(Expr::Property(property, _))) => {
                    source.keys.insert(property.2.to_string());
                }
                _ => {}
            }
            true
        });
        source
    }

    fn import(&mut self, path: &Expr, alias: &str, position: Position) {
        let Expr::StringConstant(path, _) = path else {
            self.imports.insert(alias.to_owned(), Imported::Unknown);
            return;
        };
        let found = self.sources.import(path, Some(self.name));
        let module = match found {
            Ok((module, _)) => module,
            Err(error) => {
                let text = error.to_string();
                let (message, help) = match text.split_once("\nhelp: ") {
                    Some((message, help)) => (message, Some(help.to_owned())),
                    None => (text.as_str(), None),
                };
                let diagnostic = Diagnostic::at(self.sources, self.name, position, message);
                self.unreadable.push(diagnostic.with_help(help));
                self.imports.insert(alias.to_owned(), Imported::Unknown);
                return;
            }
        };
        if self.trees.get(&module).is_none() {
            self.unreadable.extend(self.trees.mistake(&module));
            self.imports.insert(alias.to_owned(), Imported::Unknown);
            return;
        }
        match self.imports.entry(alias.to_owned()) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Imported::Modules(vec![module]));
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                if let Imported::Modules(modules) = entry.get_mut() {
                    modules.push(module);
                }
            }
        }
    }

    /// What the modules under an alias offer; nothing if that cannot be told.
    pub fn exports(&self, alias: &str) -> Option<Rc<Exports>> {
        if let Some(known) = self.exports.borrow().get(alias) {
            return known.clone();
        }
        let exports = self.read_exports(alias).map(Rc::new);
        self.exports
            .borrow_mut()
            .insert(alias.to_owned(), exports.clone());
        exports
    }

    fn read_exports(&self, alias: &str) -> Option<Exports> {
        let Imported::Modules(modules) = self.imports.get(alias)? else {
            return None;
        };
        let mut exports = Exports::default();
        for module in modules {
            exports.add(&*self.trees.get(module)?);
        }
        Some(exports)
    }

    /// A mistake at a place of this text.
    pub fn mistake(&self, position: Position, message: impl Into<String>) -> Diagnostic {
        Diagnostic::at(self.sources, self.name, position, message)
    }

    /// What the member at a place is called on or read of, as it is written.
    pub fn receiver(&self, position: Position) -> Option<String> {
        let text = self.sources.text(self.name)?;
        let line = text.lines().nth(position.line()?.checked_sub(1)?)?;
        receiver(line, position.position()?)
    }

    /// How the top level declares a name: whether as a constant, or not at all.
    pub fn declared(&self, name: &str) -> Option<bool> {
        self.declared.get(name).copied()
    }
}

/// The variables of the top level, also those in a block of it, and whether one of the name is a constant.
fn declared(tree: &AST) -> BTreeMap<String, bool> {
    let mut declared = BTreeMap::new();
    for statement in tree.statements() {
        statement.walk(&mut Vec::new(), &mut |path: &[ASTNode]| {
            if let Some(ASTNode::Stmt(Stmt::Var(variable, flags, _))) = path.last() {
                let is_constant = declared.entry(variable.0.name.to_string()).or_insert(false);
                *is_constant |= flags.contains(ASTFlags::CONSTANT);
            }
            true
        });
    }
    declared
}

/// What a module offers to those who import it.
#[derive(Default)]
pub struct Exports {
    pub functions: BTreeMap<String, Vec<usize>>,
    /// Functions that it keeps to itself.
    pub private: BTreeSet<String>,
    pub values: BTreeSet<String>,
    /// Variables that it keeps to itself.
    pub hidden: BTreeSet<String>,
}

impl Exports {
    fn add(&mut self, tree: &AST) {
        for function in tree.iter_functions() {
            if function.access == FnAccess::Private {
                self.private.insert(function.name.to_owned());
            } else if !function.name.starts_with("anon$") {
                let arities = self.functions.entry(function.name.to_owned()).or_default();
                arities.push(function.params.len());
                arities.sort_unstable();
            }
        }
        for statement in tree.statements() {
            match statement {
                Stmt::Var(variable, flags, _) => {
                    let names = if flags.contains(ASTFlags::EXPORTED) {
                        &mut self.values
                    } else {
                        &mut self.hidden
                    };
                    names.insert(variable.0.name.to_string());
                }
                Stmt::Export(export, _) => {
                    let alias = if export.1.name.is_empty() {
                        &export.0.name
                    } else {
                        &export.1.name
                    };
                    self.values.insert(alias.to_string());
                }
                _ => {}
            }
        }
    }
}
