//! The top level of a source: imports, constants, functions, and who is called how.

use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::ast::{
    BindingPattern, Declaration, ExportDefaultDeclarationKind, Expression, FormalParameters,
    Function, Program, Statement, VariableDeclaration, VariableDeclarationKind,
};
use oxc_span::{GetSpan, Span};

use super::code::{Code, Kind};
use super::functions::Body;
use super::scope::Meaning;
use super::translator::{Frame, Role, Translator, Try, Why};
use super::{helpers, names, options};

/// A piece of the script.
pub struct Piece {
    pub text: String,
    /// What stands in its place if Rhai cannot read it.
    pub stub: String,
    pub span: Span,
}

/// A function of the top level.
struct Known<'b, 'a> {
    params: &'b FormalParameters<'a>,
    body: Body<'b, 'a>,
}

/// Who calls which function how.
#[derive(Debug, Default, Clone)]
pub struct Entries {
    /// The name of the function that is the default export, if it has one of its own.
    pub default: Option<String>,
    /// Functions that scenarios name.
    pub execs: BTreeSet<String>,
    pub is_module: bool,
}

impl Entries {
    pub fn of(program: &Program, is_module: bool) -> Self {
        let mut entries = Self {
            is_module,
            ..Self::default()
        };
        for statement in &program.body {
            match statement {
                Statement::ExportDefaultDeclaration(export) => {
                    entries.default = match &export.declaration {
                        ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                            function.id.as_ref().map(|id| id.name.to_string())
                        }
                        ExportDefaultDeclarationKind::Identifier(name) => {
                            Some(name.name.to_string())
                        }
                        _ => None,
                    };
                }
                Statement::ExportNamedDeclaration(export) => {
                    for specifier in &export.specifiers {
                        if specifier.exported.name() == "default" {
                            entries.default = Some(specifier.local.name().to_string());
                        }
                    }
                }
                other => {
                    for declarator in variables_of(other).map_or(&[][..], |d| &d.declarations) {
                        let name = declarator.id.get_identifier_name();
                        if name.is_some_and(|name| name == "options")
                            && let Some(init) = &declarator.init
                        {
                            entries.execs.extend(options::execs(untyped(init)));
                        }
                    }
                }
            }
        }
        entries
    }
}

/// An expression without its type.
fn untyped<'b, 'a>(expression: &'b Expression<'a>) -> &'b Expression<'a> {
    match expression {
        Expression::TSAsExpression(typed) => untyped(&typed.expression),
        Expression::TSSatisfiesExpression(typed) => untyped(&typed.expression),
        other => other,
    }
}

fn variables_of<'b, 'a>(statement: &'b Statement<'a>) -> Option<&'b VariableDeclaration<'a>> {
    match statement {
        Statement::VariableDeclaration(declaration) => Some(declaration),
        Statement::ExportDeclaration(export) => match &export.declaration {
            Declaration::VariableDeclaration(declaration) => Some(declaration),
            _ => None,
        },
        _ => None,
    }
}

fn function_of<'b, 'a>(statement: &'b Statement<'a>) -> Option<&'b Function<'a>> {
    match statement {
        Statement::FunctionDeclaration(function) => Some(function),
        Statement::ExportDeclaration(export) => match &export.declaration {
            Declaration::FunctionDeclaration(function) => Some(function),
            _ => None,
        },
        Statement::ExportDefaultDeclaration(export) => match &export.declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(function) => Some(function),
            _ => None,
        },
        _ => None,
    }
}

/// The function that a constant holds.
fn function_value<'b, 'a>(init: &'b Expression<'a>) -> Option<Known<'b, 'a>> {
    match init {
        Expression::ArrowFunctionExpression(arrow) => Some(Known {
            params: &arrow.params,
            body: Body::of_arrow(arrow),
        }),
        Expression::FunctionExpression(function) if !function.generator => Some(Known {
            params: &function.params,
            body: Body::of_function(function),
        }),
        _ => None,
    }
}

impl<'a> Translator<'_> {
    /// What a function of the top level is called.
    pub fn entry_name(&self, name: &str) -> String {
        match self.scopes.get_global(name) {
            Some(Meaning::Function { name, .. }) => name.clone(),
            _ if name == "default" => "iteration".to_owned(),
            _ => names::safe(name),
        }
    }

    /// Makes the names of the top level known, before anything uses them.
    pub fn know(&mut self, program: &Program<'a>, entries: &Entries) {
        let called = |name: &str| {
            if entries.default.as_deref() == Some(name) && !entries.is_module {
                return "iteration".to_owned();
            }
            let safe = match name {
                "setup" | "teardown" => name.to_owned(),
                _ => names::safe(name),
            };
            if helpers::names().any(|helper| helper == safe) {
                safe + "_"
            } else {
                safe
            }
        };
        let function = |name: &str, params: &FormalParameters| Meaning::Function {
            name: called(name),
            params: params.items.len(),
            required: params
                .items
                .iter()
                .rposition(|param| param.initializer.is_none())
                .map_or(0, |at| at + 1),
        };
        for statement in &program.body {
            if let Some(found) = function_of(statement)
                && let Some(id) = &found.id
            {
                self.scopes
                    .set_global(&id.name, function(&id.name, &found.params));
            }
            for declarator in variables_of(statement).map_or(&[][..], |found| &found.declarations) {
                let Some(name) = declarator.id.get_identifier_name() else {
                    continue;
                };
                let init = declarator.init.as_ref();
                let meaning = match init.and_then(function_value) {
                    Some(found) => function(&name, found.params),
                    None => self.variable(&name),
                };
                self.scopes.set_global(&name, meaning);
            }
        }
    }

    fn variable(&self, name: &str) -> Meaning {
        let kind = self.facts.kinds.get(name).copied().unwrap_or_default();
        let ours = names::safe(name);
        if self.facts.state.contains(name) {
            Meaning::State {
                name: ours,
                kind: Kind::Unknown,
            }
        } else {
            Meaning::Constant { name: ours, kind }
        }
    }

    /// The pieces of the script, in the order of the source.
    pub fn pieces(&mut self, program: &Program<'a>, entries: &Entries) -> Vec<Piece> {
        let mut pieces = Vec::new();
        let mut start = String::new();
        for statement in &program.body {
            let mut text = String::new();
            self.comments_before(statement.span().start, &mut text);
            let stub = self.top(statement, entries, &mut text, &mut start);
            self.comments_before(statement.span().end, &mut text);
            self.flush(&mut text);
            if !text.trim().is_empty() {
                pieces.push(Piece {
                    text,
                    stub,
                    span: statement.span(),
                });
            }
        }
        if !start.is_empty() {
            pieces.push(Piece {
                text: format!(
                    "// What each virtual user remembers.\nfn vu_start(ctx) {{\n{start}}}\n"
                ),
                stub: String::new(),
                span: Span::default(),
            });
        }
        let mut rest = String::new();
        self.comments_before(u32::MAX, &mut rest);
        if !rest.is_empty() {
            pieces.push(Piece {
                text: rest,
                stub: String::new(),
                span: Span::default(),
            });
        }
        pieces
    }

    fn top(
        &mut self,
        statement: &Statement<'a>,
        entries: &Entries,
        out: &mut String,
        start: &mut String,
    ) -> String {
        if let Some(found) = function_of(statement) {
            let name = found.id.as_ref().map_or("default", |id| id.name.as_str());
            if found.body.is_none() {
                return String::new();
            }
            if found.generator {
                self.leave(found.span, &Why("Rhai has no generators".to_owned()));
                return String::new();
            }
            let known = Known {
                params: &found.params,
                body: Body::of_function(found),
            };
            return self.function(name, &known, found.span, entries, out);
        }
        if let Some(declaration) = variables_of(statement) {
            let exported =
                matches!(statement, Statement::ExportDeclaration(_)) && entries.is_module;
            return self.constants(declaration, exported, entries, out, start);
        }
        match statement {
            Statement::ImportDeclaration(_)
            | Statement::ExportNamedDeclaration(_)
            | Statement::TSTypeAliasDeclaration(_)
            | Statement::TSInterfaceDeclaration(_)
            | Statement::EmptyStatement(_) => {}
            Statement::ExportDefaultDeclaration(export) => match &export.declaration {
                ExportDefaultDeclarationKind::Identifier(_) => {}
                ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => {}
                other => {
                    let known = other
                        .as_expression()
                        .and_then(|value| function_value(value));
                    if let Some(known) = known {
                        return self.function("default", &known, export.span, entries, out);
                    }
                    self.leave(
                        export.span,
                        &Why("only a function can be the default export".to_owned()),
                    );
                }
            },
            Statement::ExportDeclaration(export) => match &export.declaration {
                Declaration::TSTypeAliasDeclaration(_) | Declaration::TSInterfaceDeclaration(_) => {
                }
                Declaration::ClassDeclaration(class) => {
                    if let Some(id) = &class.id {
                        self.scopes
                            .set_global(&id.name, Meaning::Lost("Rhai has no classes".to_owned()));
                    }
                    self.leave(export.span, &Why("Rhai has no classes".to_owned()));
                }
                _ => self.leave(export.span, &Why("Rhai has nothing like it".to_owned())),
            },
            Statement::ExportAllDeclaration(_) | Statement::ExportFromDeclaration(_) => {
                self.leave(
                    statement.span(),
                    &Why("a module of Rhai exports what is its own".to_owned()),
                );
            }
            other => self.one(other, out),
        }
        String::new()
    }

    /// Constants of the top level; what changes goes to the users' memory.
    fn constants(
        &mut self,
        declaration: &VariableDeclaration<'a>,
        exported: bool,
        entries: &Entries,
        out: &mut String,
        start: &mut String,
    ) -> String {
        let mut stub = String::new();
        let word = if exported { "export const" } else { "const" };
        for declarator in &declaration.declarations {
            let init = declarator.init.as_ref().map(untyped);
            let Some(name) = declarator.id.get_identifier_name() else {
                self.taken_apart(&declarator.id, init, word, out);
                continue;
            };
            if let Some(known) = init.and_then(function_value) {
                stub += &self.function(&name, &known, declarator.span, entries, out);
                continue;
            }
            if let Some(meaning) = self.special(init) {
                self.scopes.set_global(&name, meaning);
                continue;
            }
            if name == "options" && !entries.is_module {
                if let Some(Expression::ObjectExpression(map)) = init {
                    let options = self.options(map);
                    self.flush(out);
                    self.push(out, &format!("export const options = {options};"));
                } else {
                    let why = Why("options are written out in the script".to_owned());
                    self.leave(declarator.span, &why);
                }
                continue;
            }
            if let Some(Meaning::State { name: ours, .. }) = self.scopes.get_global(&name).cloned()
            {
                self.remember(&ours, declarator.init.as_ref(), entries, start);
                continue;
            }
            let value = match init {
                None => Code::nothing(),
                Some(init) => match self.rows(init) {
                    Some(Ok(rows)) => rows,
                    Some(Err(why)) => {
                        self.leave(declarator.span, &why);
                        Code::nothing()
                    }
                    None => self.value(init),
                },
            };
            let lost = value.kind == Kind::Nothing
                && init.is_some_and(|init| !matches!(init, Expression::NullLiteral(_)));
            let ours = names::safe(&name);
            self.found.kinds.insert(name.to_string(), value.kind);
            self.scopes.set_global(
                &name,
                Meaning::Constant {
                    name: ours.clone(),
                    kind: value.kind,
                },
            );
            self.flush(out);
            // A `let` without a value gets it elsewhere.
            if !(lost && declaration.kind == VariableDeclarationKind::Let) {
                self.push(out, &format!("{word} {ours} = {};", value.text));
            }
            stub += &format!("{word} {ours} = ();\n");
        }
        stub
    }

    /// What a user begins with under a name.
    fn remember(
        &mut self,
        ours: &str,
        init: Option<&Expression<'a>>,
        entries: &Entries,
        start: &mut String,
    ) {
        if entries.is_module {
            let why = Why("a variable of a module that changes begins as `()`: set it in `vu_start` of the script".to_owned());
            if let Some(init) = init {
                self.leave(init.span(), &why);
            }
            return;
        }
        self.frame = Some(frame("vu_start", Role::Journey));
        self.indent += 1;
        let value = init.map_or_else(Code::nothing, |init| self.value(init));
        self.flush(start);
        self.push(start, &format!("ctx.state.{ours} = {};", value.text));
        self.indent -= 1;
        self.frame = None;
    }

    /// `const { A, B } = …` at the top level.
    fn taken_apart(
        &mut self,
        pattern: &BindingPattern<'a>,
        init: Option<&Expression<'a>>,
        word: &str,
        out: &mut String,
    ) {
        let made = match (pattern, init) {
            (BindingPattern::ObjectPattern(object), Some(init)) if object.rest.is_none() => {
                let value = self.value(init);
                let parts: Option<Vec<(String, String)>> = object
                    .properties
                    .iter()
                    .map(|property| {
                        let key = super::expressions::key_name(&property.key)?;
                        let name = property.value.get_identifier_name()?;
                        Some((key, name.to_string()))
                    })
                    .collect();
                parts.map(|parts| (value, parts))
            }
            _ => None,
        };
        let Some((value, parts)) = made else {
            self.leave(
                pattern.span(),
                &Why("write one constant for each".to_owned()),
            );
            return;
        };
        self.flush(out);
        let whole = names::safe(&format!(
            "{}_parts",
            parts.first().map_or("", |part| &part.1)
        ));
        self.push(out, &format!("const {whole} = {};", value.text));
        for (key, name) in parts {
            let ours = names::safe(&name);
            let key = crate::convert::emit::words::quoted(&key);
            self.push(out, &format!("{word} {ours} = {whole}[{key}];"));
            self.scopes.set_global(
                &name,
                Meaning::Constant {
                    name: ours,
                    kind: Kind::Unknown,
                },
            );
        }
    }

    /// A function of the top level; what stands in its place if it is no Rhai.
    fn function(
        &mut self,
        name: &str,
        known: &Known<'_, 'a>,
        span: Span,
        entries: &Entries,
        out: &mut String,
    ) -> String {
        if name == "handleSummary" && !entries.is_module {
            let why = Why(
                "`fn summary(result)` gets another document: see `rhaid reference result-schema`"
                    .to_owned(),
            );
            self.leave(span, &why);
            return String::new();
        }
        let (mark, length) = (self.mark(), out.len());
        match self.function_inside(name, known, entries, out) {
            Ok(head) => format!("{head} {{}}\n"),
            Err(why) => {
                out.truncate(length);
                self.forget(mark);
                self.leave(span, &why);
                self.frame = None;
                let ours = self.entry_name(name);
                let head = match self.scopes.get_global(name) {
                    Some(Meaning::Function { params, .. }) => {
                        let params: Vec<String> = (0..*params).map(|at| format!("a{at}")).collect();
                        format!("fn {ours}({}) {{}}\n", params.join(", "))
                    }
                    _ => format!("fn {ours}() {{}}\n"),
                };
                self.flush(out);
                out.push_str(&head);
                head
            }
        }
    }

    fn function_inside(
        &mut self,
        name: &str,
        known: &Known<'_, 'a>,
        entries: &Entries,
        out: &mut String,
    ) -> Try<String> {
        let main = !entries.is_module;
        let is_default = name == "default" || entries.default.as_deref() == Some(name);
        let is_entry = main && (is_default || entries.execs.contains(name));
        let once = main && matches!(name, "setup" | "teardown");
        let role = if once { Role::Once } else { Role::Journey };
        self.frame = Some(frame(name, role));
        self.scopes.enter();
        let made = self.signature(name, known, is_entry, once);
        let (head, unpack, overloads) = match made {
            Ok(made) => made,
            Err(why) => {
                self.scopes.leave();
                return Err(why);
            }
        };
        let outer = std::mem::take(&mut self.pending);
        let mut inside = String::new();
        self.indent += 1;
        for line in &unpack {
            self.push(&mut inside, line);
        }
        match &known.body {
            Body::Statements(statements) => {
                self.statements(statements, &mut inside);
                let end = statements.last().map_or(0, |last| last.span().end);
                self.comments_before(end, &mut inside);
            }
            Body::Value(_) => self.body(&known.body, false, &mut inside),
        }
        self.indent -= 1;
        self.pending = outer;
        self.scopes.leave();
        let made_up = self.frame.take().is_some_and(|frame| frame.made_up_ctx);
        self.flush(out);
        out.push_str(&format!("{head} {{\n"));
        if made_up {
            out.push_str("    // No virtual user is here; k6 says 0 for it.\n");
            out.push_str(&format!("    let ctx = #{{ vu: 0, iteration: 0, scenario: \"{name}\", data: (), state: #{{}} }};\n"));
        }
        out.push_str(&inside);
        out.push_str("}\n");
        for overload in overloads {
            out.push_str(&overload);
        }
        Ok(head)
    }

    /// The head of a function, lines that take its parameters apart, and further functions for its default parameters.
    fn signature(
        &mut self,
        name: &str,
        known: &Known<'_, 'a>,
        is_entry: bool,
        once: bool,
    ) -> Try<(String, Vec<String>, Vec<String>)> {
        let ours = self.entry_name(name);
        let takes_ctx = self.facts.with_ctx.contains(name);
        if is_entry {
            // What k6 gives as the first parameter is `ctx.data`.
            let mut unpack = Vec::new();
            if let Some(first) = known.params.items.first() {
                match &first.pattern {
                    BindingPattern::BindingIdentifier(name) => self.scopes.set(
                        &name.name,
                        Meaning::Inline {
                            code: "ctx.data".to_owned(),
                            kind: Kind::Unknown,
                        },
                    ),
                    pattern => {
                        self.needs_ctx()?;
                        self.unpack(pattern, "ctx.data", &mut unpack)?;
                    }
                }
            }
            let ctx = if takes_ctx { "ctx" } else { "" };
            return Ok((format!("fn {ours}({ctx})"), unpack, Vec::new()));
        }
        let (mut params, unpack) = self.parameters(known.params, &[])?;
        if once {
            params.truncate(usize::from(name == "teardown"));
            return Ok((
                format!("fn {ours}({})", params.join(", ")),
                unpack,
                Vec::new(),
            ));
        }
        let ctx: Vec<String> = takes_ctx.then(|| "ctx".to_owned()).into_iter().collect();
        let mut overloads = Vec::new();
        for (at, param) in known.params.items.iter().enumerate().rev() {
            let Some(default) = &param.initializer else {
                break;
            };
            let default = self.value(default);
            let fewer: Vec<String> = ctx.iter().chain(params.iter().take(at)).cloned().collect();
            let mut given = fewer.clone();
            given.push(default.text);
            overloads.push(format!(
                "fn {ours}({}) {{ {ours}({}) }}\n",
                fewer.join(", "),
                given.join(", ")
            ));
        }
        let all: Vec<String> = ctx.into_iter().chain(params).collect();
        Ok((format!("fn {ours}({})", all.join(", ")), unpack, overloads))
    }

    /// What a module offers to those that import it, by its names there.
    pub fn exports(&self, program: &Program<'a>, entries: &Entries) -> BTreeMap<String, Meaning> {
        let mut exports = BTreeMap::new();
        let mut add = |name: &str, local: &str| {
            let meaning = match self.scopes.get_global(local) {
                Some(Meaning::Function {
                    name: ours, params, ..
                }) => Meaning::OwnFunction {
                    code: ours.clone(),
                    params: *params,
                    ctx: self.facts.with_ctx.contains(local),
                },
                Some(Meaning::Constant { name: ours, kind }) => Meaning::Inline {
                    code: ours.clone(),
                    kind: *kind,
                },
                Some(Meaning::Metric(metric)) => Meaning::Metric(metric.clone()),
                _ => return,
            };
            exports.insert(name.to_owned(), meaning);
        };
        for statement in &program.body {
            match statement {
                Statement::ExportDeclaration(_) => {
                    if let Some(id) = function_of(statement).and_then(|found| found.id.as_ref()) {
                        add(&id.name, &id.name);
                    }
                    for declarator in
                        variables_of(statement).map_or(&[][..], |found| &found.declarations)
                    {
                        if let Some(name) = declarator.id.get_identifier_name() {
                            add(&name, &name);
                        }
                    }
                }
                Statement::ExportNamedDeclaration(export) => {
                    for specifier in &export.specifiers {
                        add(&specifier.exported.name(), &specifier.local.name());
                    }
                }
                _ => {}
            }
        }
        if let Some(default) = &entries.default {
            add("default", default);
        }
        exports
    }
}

fn frame(name: &str, role: Role) -> Frame {
    Frame {
        name: name.to_owned(),
        role,
        made_up_ctx: false,
        loops: Vec::new(),
        return_is_continue: false,
        used: BTreeSet::new(),
    }
}
