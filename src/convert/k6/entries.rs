//! Who is called how: the functions of the top level, those that scenarios name, and what a module offers.

use std::collections::{BTreeMap, BTreeSet};

use oxc_ast::ast::{
    Declaration, ExportDefaultDeclarationKind, Expression, FormalParameters, Function, Program,
    Statement, VariableDeclaration,
};

use super::functions::Body;
use super::options;
use super::scope::Meaning;
use super::translator::Translator;

/// A function of the top level.
pub struct Known<'b, 'a> {
    pub params: &'b FormalParameters<'a>,
    pub body: Body<'b, 'a>,
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
pub fn untyped<'b, 'a>(expression: &'b Expression<'a>) -> &'b Expression<'a> {
    match expression {
        Expression::TSAsExpression(typed) => untyped(&typed.expression),
        Expression::TSSatisfiesExpression(typed) => untyped(&typed.expression),
        other => other,
    }
}

/// The variables that a statement of the top level makes.
pub fn variables_of<'b, 'a>(statement: &'b Statement<'a>) -> Option<&'b VariableDeclaration<'a>> {
    match statement {
        Statement::VariableDeclaration(declaration) => Some(declaration),
        Statement::ExportDeclaration(export) => match &export.declaration {
            Declaration::VariableDeclaration(declaration) => Some(declaration),
            _ => None,
        },
        _ => None,
    }
}

/// The function that a statement of the top level makes.
pub fn function_of<'b, 'a>(statement: &'b Statement<'a>) -> Option<&'b Function<'a>> {
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
pub fn function_value<'b, 'a>(init: &'b Expression<'a>) -> Option<Known<'b, 'a>> {
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
