//! Variables of functions, and taking maps and lists apart.

use oxc_ast::ast::{BindingPattern, VariableDeclaration, VariableDeclarationKind};
use oxc_span::GetSpan;

use super::code::{Code, Kind};
use super::expressions::key_name;
use super::scope::Meaning;
use super::translator::{Translator, Try, Why};
use crate::convert::emit::words;

impl<'a> Translator<'_> {
    /// `let`, `const` and `var` of a function. All become `let`: a `const` of Rhai cannot be added to either.
    pub fn variables(&mut self, declaration: &VariableDeclaration<'a>, out: &mut String) {
        for declarator in &declaration.declarations {
            if let Some(meaning) = self.special(declarator.init.as_ref())
                && let Some(name) = declarator.id.get_identifier_name()
            {
                self.scopes.set(&name, meaning);
                continue;
            }
            let value = declarator
                .init
                .as_ref()
                .map_or_else(Code::nothing, |init| self.value(init));
            self.flush(out);
            match &declarator.id {
                BindingPattern::BindingIdentifier(name) => {
                    // What changes may come to be of another kind.
                    let kind = match value.kind {
                        Kind::Nothing => Kind::Unknown,
                        Kind::Bool | Kind::Int | Kind::Float | Kind::Text
                            if declaration.kind != VariableDeclarationKind::Const =>
                        {
                            Kind::Unknown
                        }
                        kind => kind,
                    };
                    let ours = self.declare(&name.name, kind);
                    let text = if declarator.init.is_none() {
                        format!("let {ours} = ();")
                    } else {
                        format!("let {ours} = {};", value.text)
                    };
                    self.push(out, &text);
                }
                pattern => {
                    let mark = self.mark();
                    let mut lines = Vec::new();
                    let simple = value
                        .text
                        .chars()
                        .all(|c| c.is_alphanumeric() || "_.:".contains(c));
                    let whole = if simple && value.kind != Kind::Nothing {
                        value.text
                    } else {
                        let whole = self.fresh("parts");
                        lines.push(format!("let {whole} = {};", value.text));
                        whole
                    };
                    if let Err(why) = self.unpack(pattern, &whole, &mut lines) {
                        self.forget(mark);
                        self.leave(declarator.span, &why);
                        self.lose(pattern, &why);
                    }
                    self.flush(out);
                    for line in lines {
                        self.push(out, &line);
                    }
                }
            }
        }
    }

    /// Lines that give the names of a pattern their values out of `whole`.
    pub fn unpack(
        &mut self,
        pattern: &BindingPattern<'a>,
        whole: &str,
        lines: &mut Vec<String>,
    ) -> Try<()> {
        self.deeper(|this| match pattern {
            BindingPattern::BindingIdentifier(name) => {
                let ours = this.declare(&name.name, Kind::Unknown);
                if ours != whole {
                    lines.push(format!("let {ours} = {whole};"));
                }
                Ok(())
            }
            BindingPattern::AssignmentPattern(assigned) => {
                let default = this.value(&assigned.right);
                let default = default.at(super::code::Binding::Atom);
                match &assigned.left {
                    BindingPattern::BindingIdentifier(name) => {
                        let ours = this.declare(&name.name, Kind::Unknown);
                        lines.push(format!("let {ours} = {whole} ?? {default};"));
                        Ok(())
                    }
                    inner => {
                        let part = this.fresh("part_of_it");
                        lines.push(format!("let {part} = {whole} ?? {default};"));
                        this.unpack(inner, &part, lines)
                    }
                }
            }
            BindingPattern::ObjectPattern(object) => {
                if object.rest.is_some() {
                    return Why::new("Rhai cannot take the rest of a map");
                }
                for property in &object.properties {
                    let Some(name) = key_name(&property.key) else {
                        return Why::new("the name of the property is not written out");
                    };
                    let key = words::key(&name);
                    let part = if key == name {
                        format!("{whole}.{key}")
                    } else {
                        format!("{whole}[{key}]")
                    };
                    this.unpack(&property.value, &part, lines)?;
                }
                Ok(())
            }
            BindingPattern::ArrayPattern(list) => {
                for (at, element) in list.elements.iter().enumerate() {
                    if let Some(element) = element {
                        this.unpack(element, &format!("{whole}[{at}]"), lines)?;
                    }
                }
                if let Some(rest) = &list.rest {
                    let from = list.elements.len();
                    this.unpack(
                        &rest.argument,
                        &format!("part({whole}, {from}, {whole}.len)"),
                        lines,
                    )?;
                }
                Ok(())
            }
        })
    }

    /// Names that have no value: what uses them is left, too.
    fn lose(&mut self, pattern: &BindingPattern<'a>, why: &Why) {
        let text = self.text(pattern.span()).to_owned();
        let names = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
        for name in names.filter(|name| !name.is_empty()).take(100) {
            self.scopes.set(name, Meaning::Lost(why.0.clone()));
        }
    }
}
