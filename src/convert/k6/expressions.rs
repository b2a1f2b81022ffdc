//! Expressions.

use oxc_ast::ast::{
    ArrayExpression, ArrayExpressionElement, ChainElement, ConditionalExpression, Expression,
    NumericLiteral, ObjectExpression, ObjectPropertyKind, PropertyKey, TaggedTemplateExpression,
    TemplateLiteral,
};
use oxc_span::GetSpan;

use super::code::{Binding, Code, Kind};
use super::scope::Meaning;
use super::translator::{Translator, Try, Why};
use crate::convert::emit::words;

/// Columns of a line, beyond which a map or a list is broken.
const WIDTH: usize = 96;

impl Translator<'_> {
    /// An expression as Rhai.
    pub fn expression(&mut self, expression: &Expression) -> Try<Code> {
        self.deeper(|this| this.any_expression(expression))
    }

    fn any_expression(&mut self, expression: &Expression) -> Try<Code> {
        match expression {
            Expression::BooleanLiteral(literal) => {
                Ok(Code::atom(literal.value.to_string(), Kind::Bool))
            }
            Expression::NullLiteral(_) => Ok(Code::nothing()),
            Expression::NumericLiteral(literal) => Ok(number(literal)),
            Expression::StringLiteral(literal) => {
                Ok(Code::atom(words::quoted(&literal.value), Kind::Text))
            }
            Expression::TemplateLiteral(literal) => Ok(self.template(literal)),
            Expression::TaggedTemplateExpression(tagged) => self.tagged(tagged),
            Expression::Identifier(name) => self.name(&name.name),
            Expression::ArrayExpression(list) => self.list(list),
            Expression::ObjectExpression(map) => self.map(map),
            Expression::ArrowFunctionExpression(arrow) => self.arrow(arrow, &[]),
            Expression::FunctionExpression(function) => self.function_expression(function, &[]),
            Expression::AwaitExpression(waiting) => self.expression(&waiting.argument),
            Expression::BinaryExpression(binary) => self.binary(binary),
            Expression::LogicalExpression(logical) => self.logical(logical),
            Expression::UnaryExpression(unary) => self.unary(unary),
            Expression::ConditionalExpression(choice) => self.choice(choice),
            Expression::CallExpression(call) => self.call(call),
            Expression::NewExpression(new) => self.new_object(new),
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => self.call(call),
                ChainElement::StaticMemberExpression(member) => self.static_member(member),
                ChainElement::ComputedMemberExpression(member) => self.computed_member(member),
                _ => Why::new("Rhai has nothing like it"),
            },
            Expression::StaticMemberExpression(member) => self.static_member(member),
            Expression::ComputedMemberExpression(member) => self.computed_member(member),
            Expression::TSAsExpression(typed) => self.expression(&typed.expression),
            Expression::TSSatisfiesExpression(typed) => self.expression(&typed.expression),
            Expression::TSTypeAssertion(typed) => self.expression(&typed.expression),
            Expression::TSNonNullExpression(typed) => self.expression(&typed.expression),
            Expression::TSInstantiationExpression(typed) => self.expression(&typed.expression),
            Expression::ParenthesizedExpression(inner) => self.expression(&inner.expression),
            Expression::AssignmentExpression(_) | Expression::UpdateExpression(_) => {
                Why::new("an assignment has no value in Rhai")
            }
            Expression::RegExpLiteral(_) => Why::new("Rhai has no values that are patterns"),
            Expression::ClassExpression(_)
            | Expression::Super(_)
            | Expression::ThisExpression(_) => Why::new("Rhai has no classes"),
            Expression::SequenceExpression(_) => Why::new("Rhai has no comma operator"),
            Expression::ImportExpression(_) => Why::new("modules are imported at the top"),
            Expression::YieldExpression(_) => Why::new("Rhai has no generators"),
            _ => Why::new("Rhai has nothing like it"),
        }
    }

    /// What a name stands for, as a value.
    fn name(&mut self, name: &str) -> Try<Code> {
        if let Some(meaning) = self.scopes.get(name).cloned() {
            return self.meaning(name, meaning);
        }
        match name {
            "undefined" => Ok(Code::nothing()),
            "__VU" => self.of_ctx("vu"),
            "__ITER" => self.of_ctx("iteration"),
            "Infinity" | "NaN" => Why::new("Rhai writes no such number"),
            _ => Why::new(format!("there is no `{name}` in rhaid")),
        }
    }

    pub fn meaning(&mut self, name: &str, meaning: Meaning) -> Try<Code> {
        match meaning {
            Meaning::Local { name, kind } => Ok(Code::atom(name, kind)),
            Meaning::Constant { name, kind } => Ok(match self.frame {
                Some(_) => Code::atom(format!("global::{name}"), kind),
                None => Code::atom(name, kind),
            }),
            Meaning::State { name, kind } => {
                self.needs_ctx()?;
                Ok(Code::atom(format!("ctx.state.{name}"), kind))
            }
            Meaning::Inline { code, kind } => {
                if code.starts_with("ctx.") {
                    self.needs_ctx()?;
                }
                Ok(Code::atom(code, kind))
            }
            Meaning::Function {
                name: ours, params, ..
            } => {
                // As a value: a closure that calls it.
                let names: Vec<String> = (0..params).map(|at| format!("a{}", at + 1)).collect();
                let arguments = self.with_ctx(name, names.clone())?;
                let text = format!("|{}| {ours}({})", names.join(", "), arguments.join(", "));
                Ok(Code::new(text, Kind::Closure, Binding::Loose))
            }
            Meaning::OwnFunction { code, params, ctx } => {
                let names: Vec<String> = (0..params).map(|at| format!("a{}", at + 1)).collect();
                let mut arguments = names.clone();
                if ctx {
                    self.needs_ctx()?;
                    arguments.insert(0, "ctx".to_owned());
                }
                let text = format!("|{}| {code}({})", names.join(", "), arguments.join(", "));
                Ok(Code::new(text, Kind::Closure, Binding::Loose))
            }
            Meaning::File(path) => Ok(Code::atom(
                format!("http::file({})", words::quoted(&path)),
                Kind::Unknown,
            )),
            Meaning::TextFile(path) => Ok(Code::atom(
                format!("open({})", words::quoted(&path)),
                Kind::Text,
            )),
            Meaning::Metric(metric) => Ok(Code::atom(metric.code, Kind::Unknown)),
            Meaning::Module(_) | Meaning::Member(..) | Meaning::Own(_) => {
                Why::new(format!("`{name}` is no value in rhaid"))
            }
            Meaning::Lost(why) => Why::new(why),
        }
    }

    /// A property of `ctx`.
    pub fn of_ctx(&mut self, property: &str) -> Try<Code> {
        self.needs_ctx()?;
        let kind = match property {
            "vu" | "iteration" => Kind::Int,
            "scenario" => Kind::Text,
            _ => Kind::Unknown,
        };
        Ok(Code::atom(format!("ctx.{property}"), kind))
    }

    fn template(&mut self, literal: &TemplateLiteral) -> Code {
        let cooked = |at: usize| {
            let quasi = literal.quasis.get(at);
            let value = quasi.and_then(|quasi| quasi.value.cooked);
            value.map_or("", |text| text.as_str())
        };
        if literal.expressions.is_empty() {
            return Code::atom(words::quoted(cooked(0)), Kind::Text);
        }
        let mut text = crate::convert::text::Text::default();
        text.push(cooked(0));
        for (at, expression) in literal.expressions.iter().enumerate() {
            text.push_code(self.value(expression).text);
            text.push(cooked(at + 1));
        }
        let written = words::text(&text);
        // An expression alone is not yet a text.
        if written.starts_with('`') {
            Code::atom(written, Kind::Text)
        } else {
            Code::atom(format!("`${{{written}}}`"), Kind::Text)
        }
    }

    /// ``http.url`…` ``: the name of the request follows from the template.
    fn tagged(&mut self, tagged: &TaggedTemplateExpression) -> Try<Code> {
        if self.text(tagged.tag.span()).ends_with("url") {
            Ok(self.template(&tagged.quasi))
        } else {
            Why::new("Rhai has no tagged templates")
        }
    }

    fn choice(&mut self, choice: &ConditionalExpression) -> Try<Code> {
        let test = self.condition(&choice.test);
        let yes = self.value(&choice.consequent);
        let no = self.value(&choice.alternate);
        let kind = if yes.kind == no.kind {
            yes.kind
        } else {
            Kind::Unknown
        };
        let text = format!("if {test} {{ {} }} else {{ {} }}", yes.text, no.text);
        Ok(Code::new(text, kind, Binding::Loose))
    }

    fn list(&mut self, list: &ArrayExpression) -> Try<Code> {
        // Spread elements are lists that are added up.
        let mut sums: Vec<String> = Vec::new();
        let mut run: Vec<(String, String)> = Vec::new();
        self.indent += 1;
        for element in &list.elements {
            match element {
                ArrayExpressionElement::SpreadElement(spread) => {
                    if !run.is_empty() {
                        let entries = std::mem::take(&mut run);
                        sums.push(self.brackets("[", "]", entries, 1));
                    }
                    sums.push(self.value(&spread.argument).at(Binding::Sum));
                }
                ArrayExpressionElement::Elision(_) => run.push((String::new(), "()".to_owned())),
                other => {
                    if let Some(expression) = other.as_expression() {
                        let notes = self.notes_before(expression.span().start);
                        let value = self.value(expression);
                        run.push((notes, value.text));
                    }
                }
            }
        }
        self.indent -= 1;
        let last = (!run.is_empty() || sums.is_empty()).then(|| self.brackets("[", "]", run, 0));
        sums.extend(last);
        Ok(added(sums, Kind::List))
    }

    fn map(&mut self, map: &ObjectExpression) -> Try<Code> {
        let mut sums: Vec<String> = Vec::new();
        let mut run: Vec<(String, String)> = Vec::new();
        let is_params = self.looks_like_params(map);
        self.indent += 1;
        for property in &map.properties {
            match property {
                ObjectPropertyKind::SpreadProperty(spread) => {
                    if !run.is_empty() {
                        let entries = std::mem::take(&mut run);
                        sums.push(self.brackets("#{", "}", entries, 1));
                    }
                    sums.push(self.value(&spread.argument).at(Binding::Sum));
                }
                ObjectPropertyKind::ObjectProperty(property) => {
                    let mark = self.mark();
                    let notes = self.notes_before(property.span.start);
                    let entry = if is_params {
                        self.parameter(property)
                    } else {
                        self.key(&property.key, property.computed).map(|key| {
                            let value = self.value(&property.value);
                            vec![format!("{key}: {}", value.text)]
                        })
                    };
                    match entry {
                        Ok(entries) => {
                            let mut notes = notes;
                            for entry in entries {
                                run.push((std::mem::take(&mut notes), entry));
                            }
                        }
                        Err(why) => {
                            self.forget(mark);
                            self.leave(property.span, &why);
                        }
                    }
                }
            }
        }
        self.indent -= 1;
        let last = (!run.is_empty() || sums.is_empty()).then(|| self.brackets("#{", "}", run, 0));
        sums.extend(last);
        let has_file = map.properties.iter().any(|property| match property {
            ObjectPropertyKind::ObjectProperty(property) => self.is_file(&property.value),
            ObjectPropertyKind::SpreadProperty(_) => false,
        });
        let kind = if has_file { Kind::Files } else { Kind::Map };
        Ok(added(sums, kind))
    }

    /// The key of a property, as a map has it.
    pub fn key(&mut self, key: &PropertyKey, computed: bool) -> Try<String> {
        match key_name(key) {
            Some(name) if !computed || !matches!(key, PropertyKey::StaticIdentifier(_)) => {
                Ok(words::key(&name))
            }
            _ => Why::new("a map of Rhai has fixed keys; set it by `map[key] = value`"),
        }
    }

    /// Comments of the source before an entry of a map or list.
    fn notes_before(&mut self, place: u32) -> String {
        let mut notes = String::new();
        self.comments_before(place, &mut notes);
        notes
    }

    /// A map or list, on one line if it fits. `deeper`: by how much the indentation is that of the entries.
    pub fn brackets(
        &self,
        open: &str,
        close: &str,
        entries: Vec<(String, String)>,
        deeper: usize,
    ) -> String {
        if entries.is_empty() {
            return format!("{open}{close}");
        }
        let length: usize = entries.iter().map(|(_, entry)| entry.len() + 2).sum();
        let indent = self.indent.saturating_sub(deeper);
        let flat = entries
            .iter()
            .all(|(notes, entry)| notes.is_empty() && !entry.contains('\n'));
        let space = if open == "[" { "" } else { " " };
        if flat && length + 4 * indent < WIDTH {
            let entries: Vec<String> = entries.into_iter().map(|(_, entry)| entry).collect();
            return format!("{open}{space}{}{space}{close}", entries.join(", "));
        }
        let mut text = format!("{open}\n");
        let margin = "    ".repeat(indent + 1);
        for (notes, entry) in entries {
            text += &format!("{notes}{margin}{entry},\n");
        }
        format!("{text}{}{close}", "    ".repeat(indent))
    }
}

/// The name of a property, if it is written out.
pub fn key_name(key: &PropertyKey) -> Option<String> {
    match key {
        PropertyKey::StaticIdentifier(name) => Some(name.name.to_string()),
        PropertyKey::StringLiteral(text) => Some(text.value.to_string()),
        PropertyKey::NumericLiteral(number) => Some(number.value.to_string()),
        PropertyKey::TemplateLiteral(text) if text.expressions.is_empty() => {
            let quasi = text.quasis.first()?;
            quasi.value.cooked.map(|text| text.to_string())
        }
        _ => None,
    }
}

fn added(mut sums: Vec<String>, kind: Kind) -> Code {
    if sums.len() == 1 {
        return Code::atom(sums.swap_remove(0), kind);
    }
    Code::new(sums.join(" + "), kind, Binding::Sum)
}

fn number(literal: &NumericLiteral) -> Code {
    let raw = literal.raw.map_or("", |raw| raw.as_str());
    let plain = raw.contains('.') && !raw.contains(['e', 'E', 'x', 'X']);
    // Whole numbers that a float holds exactly; what is written with a point stays a float.
    if literal.value.fract() == 0.0 && literal.value.abs() < 9.0e15 && !plain {
        #[allow(
            clippy::cast_possible_truncation,
            reason = "it is whole and small enough"
        )]
        let whole = literal.value as i64;
        return Code::atom(whole.to_string(), Kind::Int);
    }
    Code::atom(words::float(literal.value), Kind::Float)
}
