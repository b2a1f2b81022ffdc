//! Imports: modules of k6, of its library, and of the project.

use std::collections::BTreeMap;

use oxc_ast::ast::{ImportDeclarationSpecifier, Program, Statement};
use oxc_span::GetSpan;

use super::names;
use super::scope::{Meaning, Module};
use super::translator::{Translator, Why};
use crate::convert::emit::words;

/// What modules of the project offer, by the path that the source imports.
pub type Offers = BTreeMap<String, BTreeMap<String, Meaning>>;

/// Paths of the project's own modules that a source imports.
pub fn own(program: &Program) -> Vec<String> {
    program
        .body
        .iter()
        .filter_map(|statement| match statement {
            Statement::ImportDeclaration(import) => Some(import.source.value.to_string()),
            _ => None,
        })
        .filter(|path| path.starts_with('.') && !path.ends_with(".json"))
        .collect()
}

/// The name that a module of the project is imported under.
pub fn alias(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    names::safe(stem)
}

impl<'a> Translator<'_> {
    /// Makes known what is imported; lines of Rhai that import the project's modules.
    pub fn imports(&mut self, program: &Program<'a>, offers: &Offers) -> Vec<String> {
        let mut lines = Vec::new();
        for statement in &program.body {
            let Statement::ImportDeclaration(import) = statement else {
                continue;
            };
            let path = import.source.value.as_str();
            let module = Module::of(path);
            let offered = offers.get(path);
            let alias = alias(path);
            let specifiers = import.specifiers.as_ref().map_or(&[][..], |all| all);
            if module.is_none() && offered.is_none() && !import.import_kind.is_type() {
                let why = if path.starts_with('.') {
                    "the module could not be converted"
                } else {
                    "rhaid has no such module"
                };
                self.leave(import.span, &Why(why.to_owned()));
                // It is told once, at the head of the script.
                lines.append(&mut std::mem::take(&mut self.pending));
            }
            if offered.is_some() {
                let path = path.strip_prefix("./").unwrap_or(path);
                let path = path
                    .strip_suffix(".js")
                    .or_else(|| path.strip_suffix(".ts"))
                    .unwrap_or(path);
                let line = format!("import {} as {alias};", words::quoted(path));
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
            for specifier in specifiers {
                let (local, member) = match specifier {
                    ImportDeclarationSpecifier::ImportSpecifier(one) => (
                        one.local.name.as_str(),
                        Some(one.imported.name().to_string()),
                    ),
                    ImportDeclarationSpecifier::ImportDefaultSpecifier(one) => {
                        (one.local.name.as_str(), Some("default".to_owned()))
                    }
                    ImportDeclarationSpecifier::ImportNamespaceSpecifier(one) => {
                        (one.local.name.as_str(), None)
                    }
                };
                let meaning = match (module, offered, member) {
                    (Some(module), _, None) => Meaning::Module(module),
                    // The default of a module of k6 is the module itself.
                    (Some(module), _, Some(member)) if member == "default" => {
                        Meaning::Module(module)
                    }
                    (Some(module), _, Some(member)) => Meaning::Member(module, member),
                    (None, Some(offered), None) => {
                        for (name, meaning) in offered {
                            let key = format!("{alias}.{name}");
                            self.scopes.set_global(&key, within(&alias, meaning));
                        }
                        Meaning::Own(alias.clone())
                    }
                    (None, Some(offered), Some(member)) => match offered.get(&member) {
                        Some(meaning) => within(&alias, meaning),
                        None => {
                            Meaning::Lost(format!("`{member}` of `{path}` could not be converted"))
                        }
                    },
                    (None, None, _) => {
                        Meaning::Lost(format!("it comes from `{path}`, which rhaid has not"))
                    }
                };
                self.scopes.set_global(local, meaning);
            }
            let mut nothing = String::new();
            self.comments_before(statement.span().start, &mut nothing);
            if !nothing.is_empty() {
                let comments: Vec<String> = nothing.lines().map(str::to_owned).collect();
                let at = lines.len().saturating_sub(usize::from(offered.is_some()));
                lines.splice(at..at, comments);
            }
        }
        lines
    }
}

/// Something of a module, seen from outside.
fn within(alias: &str, meaning: &Meaning) -> Meaning {
    match meaning {
        Meaning::OwnFunction { code, params, ctx } => Meaning::OwnFunction {
            code: format!("{alias}::{code}"),
            params: *params,
            ctx: *ctx,
        },
        Meaning::Inline { code, kind } => Meaning::Inline {
            code: format!("{alias}::{code}"),
            kind: *kind,
        },
        other => other.clone(),
    }
}
