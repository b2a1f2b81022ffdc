//! Operators, and what JavaScript takes for true.

use oxc_ast::ast::{
    BinaryExpression, BinaryOperator, Expression, LogicalExpression, LogicalOperator,
    UnaryExpression, UnaryOperator,
};

use super::code::{Binding, Code, Kind};
use super::translator::{Translator, Try, Why};
use crate::convert::emit::words;

impl Translator<'_> {
    /// An expression as a condition: Rhai's are true or false and nothing else.
    pub fn condition(&mut self, expression: &Expression) -> String {
        self.condition_code(expression).text
    }

    /// The same as a part of a larger expression.
    pub fn condition_code(&mut self, expression: &Expression) -> Code {
        match expression {
            Expression::LogicalExpression(logical)
                if logical.operator != LogicalOperator::Coalesce =>
            {
                if self.deeper(|_| Ok(())).is_err() {
                    return self.condition_of_value(expression);
                }
                let (word, binding) = match logical.operator {
                    LogicalOperator::And => ("&&", Binding::And),
                    _ => ("||", Binding::Or),
                };
                let made = self.deeper(|this| {
                    let left = this.condition_code(&logical.left);
                    let right = this.condition_code(&logical.right);
                    Ok(format!("{} {word} {}", left.at(binding), right.at(binding)))
                });
                Code::new(made.unwrap_or_default(), Kind::Bool, binding)
            }
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::LogicalNot => {
                if self.deeper(|_| Ok(())).is_err() {
                    return self.condition_of_value(expression);
                }
                let inner = self.deeper(|this| Ok(this.condition_code(&unary.argument)));
                let inner = inner.unwrap_or_else(|_: Why| Code::nothing());
                Code::new(
                    format!("!{}", inner.at(Binding::Unary)),
                    Kind::Bool,
                    Binding::Unary,
                )
            }
            _ => match env_name(expression) {
                Some(name) => {
                    let text = format!("env({}, \"\") != \"\"", words::quoted(&name));
                    Code::new(text, Kind::Bool, Binding::Equality)
                }
                None => self.condition_of_value(expression),
            },
        }
    }

    fn condition_of_value(&mut self, expression: &Expression) -> Code {
        let value = self.value(expression);
        truth(&value)
    }

    pub fn logical(&mut self, logical: &LogicalExpression) -> Try<Code> {
        let as_number = env_number(&logical.left)
            .filter(|_| matches!(logical.right, Expression::NumericLiteral(_)));
        if let Some(name) = env_name(&logical.left).or(as_number)
            && logical.operator != LogicalOperator::And
        {
            let default = self.expression(&logical.right)?;
            let name = words::quoted(&name);
            return Ok(match default.kind {
                // What the environment gives is a text, what stands here a number.
                Kind::Int => Code::atom(
                    format!("parse_int(env({name}, \"{}\"))", default.text),
                    Kind::Int,
                ),
                Kind::Float => Code::atom(
                    format!("parse_float(env({name}, \"{}\"))", default.text),
                    Kind::Float,
                ),
                Kind::Bool | Kind::Nothing => Code::atom(format!("env({name}, \"\")"), Kind::Text),
                _ => Code::atom(format!("env({name}, {})", default.text), Kind::Text),
            });
        }
        let left = self.expression(&logical.left)?;
        if logical.operator == LogicalOperator::Coalesce {
            let right = self.value(&logical.right);
            let text = format!("{} ?? {}", left.at(Binding::Atom), right.at(Binding::Atom));
            return Ok(Code::new(text, right.kind, Binding::Loose));
        }
        let right = self.value(&logical.right);
        let (word, binding) = match logical.operator {
            LogicalOperator::And => ("&&", Binding::And),
            _ => ("||", Binding::Or),
        };
        if left.kind == Kind::Bool && right.kind == Kind::Bool {
            let text = format!("{} {word} {}", left.at(binding), right.at(binding));
            return Ok(Code::new(text, Kind::Bool, binding));
        }
        // One of the two values, as in JavaScript. What is more than a name is looked at once only.
        let simple = !left.text.contains(['(', '{']);
        let (name, before) = if simple {
            (left.text.clone(), String::new())
        } else {
            let name = self.fresh("it");
            let before = format!("let {name} = {}; ", left.text);
            (name, before)
        };
        let test = truth(&Code::atom(name.clone(), left.kind)).text;
        let (yes, no) = match logical.operator {
            LogicalOperator::And => (right.text, name),
            _ => (name, right.text),
        };
        let choice = format!("if {test} {{ {yes} }} else {{ {no} }}");
        let kind = if left.kind == right.kind || left.kind == Kind::Unknown {
            right.kind
        } else {
            Kind::Unknown
        };
        if simple {
            Ok(Code::new(choice, kind, Binding::Loose))
        } else {
            Ok(Code::new(
                format!("{{ {before}{choice} }}"),
                kind,
                Binding::Loose,
            ))
        }
    }

    pub fn unary(&mut self, unary: &UnaryExpression) -> Try<Code> {
        match unary.operator {
            UnaryOperator::LogicalNot => {
                let inner = self.condition_code(&unary.argument);
                let text = format!("!{}", inner.at(Binding::Unary));
                Ok(Code::new(text, Kind::Bool, Binding::Unary))
            }
            UnaryOperator::UnaryNegation => {
                let inner = self.expression(&unary.argument)?;
                let text = format!("-{}", inner.at(Binding::Atom));
                Ok(Code::new(text, inner.kind, Binding::Unary))
            }
            UnaryOperator::UnaryPlus => {
                let inner = self.expression(&unary.argument)?;
                Ok(to_number(&inner))
            }
            UnaryOperator::Typeof => {
                let inner = self.expression(&unary.argument)?;
                Ok(Code::atom(format!("type_of({})", inner.text), Kind::Text))
            }
            UnaryOperator::Void => Ok(Code::nothing()),
            UnaryOperator::BitwiseNot => Why::new("Rhai has no operator `~`"),
            UnaryOperator::Delete => Why::new("`delete` has no value in Rhai"),
        }
    }

    pub fn binary(&mut self, binary: &BinaryExpression) -> Try<Code> {
        if let Some(code) = self.type_test(binary) {
            return code;
        }
        if let Some(code) = self.random_whole(binary)? {
            return Ok(code);
        }
        let (word, binding) = match binary.operator {
            BinaryOperator::Equality | BinaryOperator::StrictEquality => ("==", Binding::Equality),
            BinaryOperator::Inequality | BinaryOperator::StrictInequality => {
                ("!=", Binding::Equality)
            }
            BinaryOperator::LessThan => ("<", Binding::Comparison),
            BinaryOperator::LessEqualThan => ("<=", Binding::Comparison),
            BinaryOperator::GreaterThan => (">", Binding::Comparison),
            BinaryOperator::GreaterEqualThan => (">=", Binding::Comparison),
            BinaryOperator::In => ("in", Binding::Comparison),
            BinaryOperator::Addition => ("+", Binding::Sum),
            BinaryOperator::Subtraction => ("-", Binding::Sum),
            BinaryOperator::Multiplication => ("*", Binding::Product),
            BinaryOperator::Division => ("/", Binding::Product),
            BinaryOperator::Remainder => ("%", Binding::Product),
            BinaryOperator::Exponential => ("**", Binding::Power),
            BinaryOperator::ShiftLeft => ("<<", Binding::Loose),
            BinaryOperator::ShiftRight => (">>", Binding::Loose),
            BinaryOperator::BitwiseOR => ("|", Binding::Loose),
            BinaryOperator::BitwiseXOR => ("^", Binding::Loose),
            BinaryOperator::BitwiseAnd => ("&", Binding::Loose),
            BinaryOperator::ShiftRightZeroFill | BinaryOperator::Instanceof => {
                return Why::new("Rhai has no such operator");
            }
        };
        let mut left = self.expression(&binary.left)?;
        let mut right = self.expression(&binary.right)?;
        if binding == Binding::Equality {
            // A variable that is not set is an empty text here, and undefined there.
            let unset = |side: &Expression, other: &Code| {
                env_name(side).is_some() && other.kind == Kind::Nothing
            };
            if unset(&binary.left, &right) {
                right = Code::atom("\"\"", Kind::Text);
            } else if unset(&binary.right, &left) {
                left = Code::atom("\"\"", Kind::Text);
            }
        }
        if word == "/" {
            (left, right) = exact(left, right);
        }
        let kind = match binding {
            Binding::Equality | Binding::Comparison => Kind::Bool,
            Binding::Sum if word == "+" => sum_kind(left.kind, right.kind),
            _ if left.kind == Kind::Int && right.kind == Kind::Int && word != "**" => Kind::Int,
            _ if left.kind == Kind::Float || right.kind == Kind::Float => Kind::Float,
            _ => Kind::Unknown,
        };
        let (low, high) = match binding {
            Binding::Loose => (Binding::Atom, Binding::Atom),
            Binding::Sum => (Binding::Sum, Binding::Product),
            Binding::Product => (Binding::Product, Binding::Power),
            Binding::Power => (Binding::Atom, Binding::Unary),
            // Comparisons of comparisons are rare enough for parentheses.
            _ => (Binding::Sum, Binding::Sum),
        };
        let text = format!("{} {word} {}", left.at(low), right.at(high));
        Ok(Code::new(text, kind, binding))
    }

    /// `typeof x === 'string'`.
    fn type_test(&mut self, binary: &BinaryExpression) -> Option<Try<Code>> {
        let Expression::UnaryExpression(unary) = &binary.left else {
            return None;
        };
        let Expression::StringLiteral(kind) = &binary.right else {
            return None;
        };
        let word = match binary.operator {
            BinaryOperator::Equality | BinaryOperator::StrictEquality => "==",
            BinaryOperator::Inequality | BinaryOperator::StrictInequality => "!=",
            _ => return None,
        };
        if unary.operator != UnaryOperator::Typeof {
            return None;
        }
        let value = match self.expression(&unary.argument) {
            Ok(value) => value,
            Err(why) => return Some(Err(why)),
        };
        let ours = match kind.value.as_str() {
            "undefined" if env_name(&unary.argument).is_some() => {
                let text = format!("{} {word} \"\"", value.at(Binding::Sum));
                return Some(Ok(Code::new(text, Kind::Bool, Binding::Equality)));
            }
            "undefined" => "()",
            "string" => "string",
            "boolean" => "bool",
            "object" => "map",
            "function" => "Fn",
            "number" => {
                let not = if word == "!=" { "!" } else { "" };
                let text = format!("{not}(type_of({}) in [\"i64\", \"f64\"])", value.text);
                return Some(Ok(Code::new(text, Kind::Bool, Binding::Unary)));
            }
            _ => return Some(Why::new("Rhai has no such type")),
        };
        let text = format!("type_of({}) {word} \"{ours}\"", value.text);
        Some(Ok(Code::new(text, Kind::Bool, Binding::Equality)))
    }
}

/// A value as a condition.
pub fn truth(value: &Code) -> Code {
    match value.kind {
        Kind::Bool => value.clone(),
        Kind::Nothing => Code::atom("false", Kind::Bool),
        Kind::Int | Kind::Float => Code::new(
            format!("{} != 0", value.at(Binding::Sum)),
            Kind::Bool,
            Binding::Equality,
        ),
        Kind::Text => Code::new(
            format!("{} != \"\"", value.at(Binding::Sum)),
            Kind::Bool,
            Binding::Equality,
        ),
        _ => Code::atom(format!("truthy({})", value.text), Kind::Bool),
    }
}

/// A value as a number.
pub fn to_number(value: &Code) -> Code {
    if value.is_number() {
        return value.clone();
    }
    Code::atom(format!("parse_float({})", value.text), Kind::Float)
}

/// Both sides of a division: whole numbers would give a whole number.
fn exact(left: Code, right: Code) -> (Code, Code) {
    let literal =
        |code: &Code| code.kind == Kind::Int && code.text.chars().all(|c| c.is_ascii_digit());
    if left.kind == Kind::Float || right.kind == Kind::Float {
        (left, right)
    } else if literal(&right) {
        let float = Code::atom(format!("{}.0", right.text), Kind::Float);
        (left, float)
    } else if literal(&left) {
        (Code::atom(format!("{}.0", left.text), Kind::Float), right)
    } else {
        let text = format!("{} * 1.0", left.at(Binding::Product));
        (Code::new(text, Kind::Float, Binding::Product), right)
    }
}

fn sum_kind(left: Kind, right: Kind) -> Kind {
    match (left, right) {
        (Kind::Text, _) | (_, Kind::Text) => Kind::Text,
        (Kind::Int, Kind::Int) => Kind::Int,
        (Kind::Float, Kind::Int | Kind::Float) | (Kind::Int, Kind::Float) => Kind::Float,
        (Kind::List, Kind::List) => Kind::List,
        _ => Kind::Unknown,
    }
}

/// The variable that `parseInt(__ENV.NAME)`, `Number(__ENV.NAME)` or `+__ENV.NAME` reads.
fn env_number(expression: &Expression) -> Option<String> {
    match expression {
        Expression::ParenthesizedExpression(inner) => env_number(&inner.expression),
        Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::UnaryPlus => {
            env_name(&unary.argument)
        }
        Expression::CallExpression(call) => {
            let name = call.callee.get_identifier_reference()?;
            let first = call.arguments.first()?.as_expression()?;
            ["parseInt", "parseFloat", "Number"]
                .contains(&name.name.as_str())
                .then(|| env_name(first))?
        }
        _ => None,
    }
}

/// The variable that `__ENV.NAME` or `__ENV['NAME']` reads.
pub fn env_name(expression: &Expression) -> Option<String> {
    match expression {
        Expression::StaticMemberExpression(member) => {
            let name = member.object.get_identifier_reference()?;
            (name.name == "__ENV").then(|| member.property.name.to_string())
        }
        Expression::ComputedMemberExpression(member) => {
            let name = member.object.get_identifier_reference()?;
            let Expression::StringLiteral(text) = &member.expression else {
                return None;
            };
            (name.name == "__ENV").then(|| text.value.to_string())
        }
        _ => None,
    }
}
