//! What k6 and its library offer, as what rhaid offers.

pub mod data;
mod http;
mod metrics;
mod params;

use oxc_ast::ast::{AssignmentExpression, AssignmentTarget, BinaryOperator, Expression};

use super::code::{Code, Kind};
use super::members::is_random;
use super::scope::Module;
use super::translator::{Translator, Try, Why};
use crate::convert::emit::words;

impl<'a> Translator<'_> {
    /// A call of something out of a module.
    pub fn library(
        &mut self,
        module: Module,
        member: &str,
        arguments: &[&Expression<'a>],
    ) -> Try<Code> {
        match module {
            Module::K6 => self.core(member, arguments),
            Module::Http => self.http(member, arguments),
            Module::Crypto => self.crypto(member, arguments),
            Module::Encoding => self.encoding(member, arguments),
            Module::Execution => match (member, arguments) {
                ("test.abort", [reason, ..]) => self.one_argument("abort", reason, Kind::Nothing),
                ("test.abort", []) => Ok(Code::atom(
                    "abort(\"aborted by the script\")",
                    Kind::Nothing,
                )),
                _ => Why::new(format!("rhaid has no `{member}`")),
            },
            Module::Utils => self.utilities(member, arguments),
            Module::Metrics | Module::Data | Module::Csv => {
                Why::new(format!("`{member}` is translated at the top level only"))
            }
        }
    }

    fn core(&mut self, member: &str, arguments: &[&Expression<'a>]) -> Try<Code> {
        match (member, arguments) {
            ("check", [value, checks, rest @ ..]) => {
                if !rest.is_empty() {
                    self.notes.insert(
                        "tags of single checks are not kept; tags::set tags all that follows"
                            .to_owned(),
                    );
                }
                let value = self.value(value);
                let checks = self.checks(checks, value.kind)?;
                Ok(Code::atom(
                    format!("check({}, {checks})", value.text),
                    Kind::Bool,
                ))
            }
            ("sleep", [time]) => self.sleep(time),
            ("group", [name, body]) => {
                let name = self.value(name);
                let body = self.callback(body, &[], false)?;
                Ok(Code::atom(
                    format!("group({}, {})", name.text, body.text),
                    Kind::Unknown,
                ))
            }
            ("fail", [reason]) => self.one_argument("fail", reason, Kind::Nothing),
            ("fail", []) => Ok(Code::atom("fail(\"failed\")", Kind::Nothing)),
            ("randomSeed", _) => Why::new("the seed is an option of the run: seed, or --seed"),
            _ => Why::new(format!("rhaid has no `{member}`")),
        }
    }

    /// The checks of a value: a map of closures that give true or false.
    fn checks(&mut self, checks: &Expression<'a>, kind: Kind) -> Try<String> {
        let Expression::ObjectExpression(map) = checks else {
            return self.expression(checks).map(|code| code.text);
        };
        let mut entries = Vec::new();
        self.indent += 1;
        for property in &map.properties {
            let oxc_ast::ast::ObjectPropertyKind::ObjectProperty(property) = property else {
                self.indent -= 1;
                return Why::new("write the checks out");
            };
            let mut notes = String::new();
            self.comments_before(property.span.start, &mut notes);
            let key = match self.key(&property.key, property.computed) {
                Ok(key) if key.starts_with('"') => key,
                Ok(key) => format!("\"{key}\""),
                Err(why) => {
                    self.indent -= 1;
                    return Err(why);
                }
            };
            let function = match &property.value {
                Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => {
                    self.callback(&property.value, &[kind], true)
                }
                // A function of the script, or a value alone.
                other => {
                    let value = self.condition_code(other);
                    if value.text.starts_with("truthy(|") {
                        let closure = value
                            .text
                            .trim_start_matches("truthy(")
                            .trim_end_matches(')');
                        Ok(Code::atom(closure, Kind::Closure))
                    } else {
                        Ok(Code::atom(
                            format!("|_value| {}", value.text),
                            Kind::Closure,
                        ))
                    }
                }
            };
            match function {
                Ok(function) => entries.push((notes, format!("{key}: {}", function.text))),
                Err(why) => {
                    self.leave(property.span, &why);
                }
            }
        }
        self.indent -= 1;
        // One under the other, as they are read.
        if entries.len() > 1 {
            let margin = "    ".repeat(self.indent + 1);
            let lines: String = entries
                .iter()
                .map(|(notes, entry)| format!("{notes}{margin}{entry},\n"))
                .collect();
            return Ok(format!("#{{\n{lines}{}}}", self.margin()));
        }
        Ok(self.brackets("#{", "}", entries, 0))
    }

    /// A pause: one that is drawn at random is a think time.
    fn sleep(&mut self, time: &Expression<'a>) -> Try<Code> {
        let (low, high) = match time {
            Expression::CallExpression(call) => {
                let name = call.callee.get_identifier_reference();
                let uniform = name.is_some_and(|name| {
                    matches!(
                        self.scopes.get(&name.name),
                        Some(super::scope::Meaning::Member(Module::Utils, member)) if member == "randomIntBetween"
                    )
                });
                match super::calls::plain(&call.arguments)?.as_slice() {
                    [low, high] if uniform => {
                        (Some(self.expression(low)?), Some(self.expression(high)?))
                    }
                    _ if is_random(time) => (
                        Some(Code::atom("0", Kind::Int)),
                        Some(Code::atom("1", Kind::Int)),
                    ),
                    _ => (None, None),
                }
            }
            Expression::BinaryExpression(binary) => self.drawn(binary)?,
            _ => (None, None),
        };
        if let (Some(low), Some(high)) = (low, high) {
            let text = format!("think::uniform({}, {})", low.text, high.text);
            return Ok(Code::atom(text, Kind::Nothing));
        }
        self.one_argument("sleep", time, Kind::Nothing)
    }

    /// `Math.random() * 3` and `Math.random() * 3 + 1`: from where to where.
    fn drawn(
        &mut self,
        binary: &oxc_ast::ast::BinaryExpression<'a>,
    ) -> Try<(Option<Code>, Option<Code>)> {
        let zero = || Code::atom("0", Kind::Int);
        match (binary.operator, &binary.left, &binary.right) {
            (BinaryOperator::Multiplication, random, width)
            | (BinaryOperator::Multiplication, width, random)
                if is_random(random) =>
            {
                Ok((Some(zero()), Some(self.expression(width)?)))
            }
            (BinaryOperator::Addition, Expression::BinaryExpression(product), low)
            | (BinaryOperator::Addition, low, Expression::BinaryExpression(product))
                if is_random(&product.left) || is_random(&product.right) =>
            {
                let (_, Some(width)) = self.drawn(product)? else {
                    return Ok((None, None));
                };
                let low = self.expression(low)?;
                let high = match (low.text.parse::<f64>(), width.text.parse::<f64>()) {
                    // Without the noise of fractions that no float holds.
                    (Ok(low), Ok(width)) => (((low + width) * 1e6).round() / 1e6).to_string(),
                    _ => format!("{} + {}", low.text, width.text),
                };
                Ok((Some(low), Some(Code::atom(high, Kind::Unknown))))
            }
            _ => Ok((None, None)),
        }
    }

    fn crypto(&mut self, member: &str, arguments: &[&Expression<'a>]) -> Try<Code> {
        let known = ["md5", "sha1", "sha256", "sha384", "sha512"];
        match (member, arguments) {
            (_, [data, rest @ ..]) if known.contains(&member) => {
                let data = self.value(data);
                let form = self.form(rest.first().copied())?;
                Ok(Code::atom(
                    format!("crypto::{member}({}{form})", data.text),
                    Kind::Text,
                ))
            }
            ("hmac", [Expression::StringLiteral(hash), secret, data, rest @ ..])
                if known.contains(&hash.value.as_str()) && hash.value != "md5" =>
            {
                let secret = self.value(secret);
                let data = self.value(data);
                let form = self.form(rest.first().copied())?;
                let text = format!(
                    "crypto::hmac_{}({}, {}{form})",
                    hash.value, secret.text, data.text
                );
                Ok(Code::atom(text, Kind::Text))
            }
            ("randomBytes", [count]) => {
                self.one_argument("crypto::random_bytes", count, Kind::Unknown)
            }
            _ => Why::new(format!("rhaid's `crypto` has no `{member}`")),
        }
    }

    /// The form of a hash as an argument more; none for hexadecimal.
    fn form(&mut self, form: Option<&Expression<'a>>) -> Try<String> {
        let Some(Expression::StringLiteral(form)) = form else {
            return Ok(String::new());
        };
        Ok(match form.value.as_str() {
            "hex" => String::new(),
            "base64" => ", \"base64\"".to_owned(),
            "base64url" | "base64rawurl" => ", \"base64url\"".to_owned(),
            "binary" => ", \"bytes\"".to_owned(),
            _ => return Why::new("rhaid has no such form of a hash"),
        })
    }

    fn encoding(&mut self, member: &str, arguments: &[&Expression<'a>]) -> Try<Code> {
        let form = |at: usize| match arguments.get(at) {
            Some(Expression::StringLiteral(text)) => text.value.to_string(),
            _ => String::new(),
        };
        match (member, arguments) {
            ("b64encode", [data, ..]) => {
                let url = form(1).contains("url");
                let name = if url {
                    "encoding::base64url"
                } else {
                    "encoding::base64"
                };
                self.one_argument(name, data, Kind::Text)
            }
            ("b64decode", [data, ..]) => {
                let data = self.expression(data)?;
                let bytes = if form(2) == "s" { "" } else { ", \"bytes\"" };
                Ok(Code::atom(
                    format!("encoding::from_base64({}{bytes})", data.text),
                    Kind::Unknown,
                ))
            }
            _ => Why::new(format!("rhaid's `encoding` has no `{member}`")),
        }
    }

    fn utilities(&mut self, member: &str, arguments: &[&Expression<'a>]) -> Try<Code> {
        match (member, arguments) {
            ("randomIntBetween", [low, high]) => {
                let (low, high) = (self.expression(low)?, self.expression(high)?);
                Ok(Code::atom(
                    format!("random::int({}, {})", low.text, high.text),
                    Kind::Int,
                ))
            }
            ("randomItem", [list]) => {
                let list = self.expression(list)?;
                Ok(match list.kind {
                    Kind::Data => {
                        Code::atom(format!("{}.random()", list.receiver()), Kind::Unknown)
                    }
                    _ => Code::atom(format!("random::pick({})", list.text), Kind::Unknown),
                })
            }
            ("randomString", [length]) => self.one_argument("fake::password", length, Kind::Text),
            ("uuidv4", _) => Ok(Code::atom("random::uuid()", Kind::Text)),
            ("findBetween", [text, left, right]) => {
                let values = [
                    self.expression(text)?,
                    self.expression(left)?,
                    self.expression(right)?,
                ];
                let values: Vec<String> = values.into_iter().map(|value| value.text).collect();
                Ok(Code::atom(
                    format!("between({})", values.join(", ")),
                    Kind::Text,
                ))
            }
            _ => Why::new(format!("rhaid has no `{member}`")),
        }
    }

    /// `exec.vu.tags.name = value`; `None` if it is another assignment.
    pub fn set_tag(&mut self, assignment: &AssignmentExpression<'a>) -> Try<Option<String>> {
        let (object, name) = match &assignment.left {
            AssignmentTarget::StaticMemberExpression(member) => {
                (&member.object, words::quoted(&member.property.name))
            }
            AssignmentTarget::ComputedMemberExpression(member) => {
                let path = self.execution_path(&member.object);
                if path.is_none() {
                    return Ok(None);
                }
                (&member.object, self.expression(&member.expression)?.text)
            }
            _ => return Ok(None),
        };
        match self.execution_path(object).as_deref() {
            Some("vu.tags." | "vu.metrics.tags.") => {
                let value = self.expression(&assignment.right)?;
                let value = match value.kind {
                    Kind::Text => value.text,
                    _ => format!("`${{{}}}`", value.text),
                };
                Ok(Some(format!("tags::set({name}, {value});")))
            }
            Some(_) => Why::new("rhaid has no such property to set"),
            None => Ok(None),
        }
    }
}
