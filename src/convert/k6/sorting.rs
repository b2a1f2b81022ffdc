//! `sort` and `reverse`, which change their list where it stands.

use oxc_ast::ast::{BinaryOperator, CallExpression, Expression};

use super::code::{Code, Kind};
use super::functions::Body;
use super::members::is_random;
use super::translator::{Translator, Try, Why};

impl<'a> Translator<'_> {
    /// `list.sort(…);` and `list.reverse();` as statements, whose list is another one from then on; `None` for others.
    pub fn reorder(&mut self, call: &CallExpression<'a>) -> Option<Try<String>> {
        let Expression::StaticMemberExpression(member) = &call.callee else {
            return None;
        };
        let method = member.property.name.as_str();
        let stands = matches!(
            member.object,
            Expression::Identifier(_)
                | Expression::StaticMemberExpression(_)
                | Expression::ComputedMemberExpression(_)
        );
        if !stands || !matches!(method, "sort" | "reverse") {
            return None;
        }
        self.changes_root(&member.object);
        let made = self.expression(&member.object).and_then(|list| {
            let arguments = super::calls::plain(&call.arguments)?;
            let ordered = self.in_order(&list, method, &arguments)?;
            Ok(format!("{} = {};", list.text, ordered.text))
        });
        Some(made)
    }

    /// A list in order, or from its end.
    pub fn in_order(
        &mut self,
        list: &Code,
        method: &str,
        arguments: &[&Expression<'a>],
    ) -> Try<Code> {
        let list = &list.text;
        let text = match (method, arguments) {
            ("reverse", []) => format!("reversed({list})"),
            ("sort", []) => format!("sorted_as_text({list})"),
            ("sort", [order]) if is_dice(order) => format!("shuffled({list})"),
            ("sort", [order]) => {
                let order = self.callback(order, &[], false)?;
                format!("sorted({list}, {})", order.text)
            }
            _ => return Why::new(format!("rhaid has no method `{method}` for it")),
        };
        Ok(Code::atom(text, Kind::List))
    }
}

/// `() => Math.random() - 0.5`, which no sorting may be asked with.
fn is_dice(order: &Expression) -> bool {
    let Expression::ArrowFunctionExpression(arrow) = order else {
        return false;
    };
    let Body::Value(Expression::BinaryExpression(difference)) = Body::of_arrow(arrow) else {
        return false;
    };
    difference.operator == BinaryOperator::Subtraction
        && (is_random(&difference.left) || is_random(&difference.right))
}
