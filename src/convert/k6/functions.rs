//! Functions, closures and what they take.

use oxc_ast::ast::{
    ArrowFunctionBody, ArrowFunctionExpression, BindingPattern, Expression, FormalParameters,
    Function, Statement,
};

use super::code::{Binding, Code, Kind};
use super::operators::truth;
use super::translator::{Translator, Try, Why};

/// What a function has as its body.
pub enum Body<'b, 'a> {
    Statements(&'b [Statement<'a>]),
    Value(&'b Expression<'a>),
}

impl<'b, 'a> Body<'b, 'a> {
    pub fn of_arrow(arrow: &'b ArrowFunctionExpression<'a>) -> Self {
        match &arrow.body {
            ArrowFunctionBody::FunctionBody(body) => Self::Statements(&body.statements),
            other => match other.as_expression() {
                Some(expression) => Self::Value(expression),
                None => Self::Statements(&[]),
            },
        }
    }

    pub fn of_function(function: &'b Function<'a>) -> Self {
        let body = function.body.as_ref();
        Self::Statements(body.map_or(&[], |body| &body.statements))
    }
}

impl<'a> Translator<'_> {
    pub fn arrow(&mut self, arrow: &ArrowFunctionExpression<'a>, kinds: &[Kind]) -> Try<Code> {
        self.closure(&arrow.params, &Body::of_arrow(arrow), kinds, false)
    }

    pub fn function_expression(&mut self, function: &Function<'a>, kinds: &[Kind]) -> Try<Code> {
        if function.generator {
            return Why::new("Rhai has no generators");
        }
        self.closure(&function.params, &Body::of_function(function), kinds, false)
    }

    /// A function as an argument, its parameters being of these kinds. `asked`: it answers a question, and Rhai takes only
    /// true or false for an answer.
    pub fn callback(
        &mut self,
        function: &Expression<'a>,
        kinds: &[Kind],
        asked: bool,
    ) -> Try<Code> {
        match function {
            Expression::ArrowFunctionExpression(arrow) => {
                self.closure(&arrow.params, &Body::of_arrow(arrow), kinds, asked)
            }
            Expression::FunctionExpression(function) => {
                self.closure(&function.params, &Body::of_function(function), kinds, asked)
            }
            other => self.expression(other),
        }
    }

    fn closure(
        &mut self,
        params: &FormalParameters<'a>,
        body: &Body<'_, 'a>,
        kinds: &[Kind],
        asked: bool,
    ) -> Try<Code> {
        self.scopes.enter();
        let made = self.deeper(|this| this.closure_inside(params, body, kinds, asked));
        self.scopes.leave();
        made
    }

    fn closure_inside(
        &mut self,
        params: &FormalParameters<'a>,
        body: &Body<'_, 'a>,
        kinds: &[Kind],
        asked: bool,
    ) -> Try<Code> {
        let (mut names, unpack) = self.parameters_of(params, kinds, asked)?;
        // Rhai gives a closure what it is called with, whether it looks at it or not.
        if names.is_empty() && !kinds.is_empty() {
            names.push("_value".to_owned());
        }
        let head = if names.is_empty() {
            "||".to_owned()
        } else {
            format!("|{}|", names.join(", "))
        };
        // A value that is no statement in disguise needs no block.
        if let Body::Value(expression) = body
            && unpack.is_empty()
            && !is_statement(expression)
        {
            let value = if asked {
                self.condition_code(expression)
            } else {
                self.value(expression)
            };
            let text = format!("{head} {}", value.text);
            return Ok(Code::new(text, Kind::Closure, Binding::Loose));
        }
        let border = self.frame.as_mut().map(|frame| {
            frame.loops.push(None);
            std::mem::replace(&mut frame.return_is_continue, false)
        });
        let answers = std::mem::replace(&mut self.answers, asked);
        let block = self.block_of(body, &unpack, asked);
        self.answers = answers;
        if let (Some(frame), Some(before)) = (&mut self.frame, border) {
            frame.loops.pop();
            frame.return_is_continue = before;
        }
        let text = format!("{head} {block}");
        Ok(Code::new(text, Kind::Closure, Binding::Loose))
    }

    /// A block with a function's body, after the lines that take parameters apart.
    fn block_of(&mut self, body: &Body<'_, 'a>, unpack: &[String], asked: bool) -> String {
        let outer = std::mem::take(&mut self.pending);
        let mut text = String::from("{\n");
        self.indent += 1;
        for line in unpack {
            self.push(&mut text, line);
        }
        self.body(body, asked, &mut text);
        self.indent -= 1;
        self.pending = outer;
        format!("{text}{}}}", self.margin())
    }

    /// The statements of a function's body.
    pub fn body(&mut self, body: &Body<'_, 'a>, asked: bool, out: &mut String) {
        match body {
            Body::Statements(statements) => {
                self.statements(statements, out);
            }
            Body::Value(expression) if is_statement(expression) => {
                self.expression_statement(expression, out);
            }
            Body::Value(expression) => {
                let value = self.value(expression);
                let value = if asked { truth(&value) } else { value };
                self.flush(out);
                self.push(out, &value.text);
            }
        }
    }

    /// Names of parameters, and lines that take apart what is destructured.
    pub fn parameters(
        &mut self,
        params: &FormalParameters<'a>,
        kinds: &[Kind],
    ) -> Try<(Vec<String>, Vec<String>)> {
        self.parameters_of(params, kinds, false)
    }

    /// The same; what looks at a value and says whether it is so calls a response `r`.
    fn parameters_of(
        &mut self,
        params: &FormalParameters<'a>,
        kinds: &[Kind],
        asked: bool,
    ) -> Try<(Vec<String>, Vec<String>)> {
        if params.rest.is_some() {
            return Why::new("Rhai has no rest parameters");
        }
        let mut names = Vec::new();
        let mut unpack = Vec::new();
        for (at, param) in params.items.iter().enumerate() {
            let kind = kinds.get(at).copied().unwrap_or_default();
            match &param.pattern {
                BindingPattern::BindingIdentifier(name) => {
                    let kind = match (kind, name.name.as_str()) {
                        // What everybody calls a response.
                        (Kind::Unknown, "res" | "resp" | "response") => Kind::Response,
                        (Kind::Unknown, "r") if asked => Kind::Response,
                        _ => kind,
                    };
                    let mut ours = self.declare(&name.name, kind);
                    // Two that nobody looks at may have the same name in JavaScript.
                    while names.contains(&ours) {
                        ours.push('_');
                    }
                    names.push(ours);
                }
                pattern => {
                    let whole = self.fresh("given");
                    self.unpack(pattern, &whole, &mut unpack)?;
                    names.push(whole);
                }
            }
        }
        Ok((names, unpack))
    }
}

/// Whether an expression is only there for what it does.
fn is_statement(expression: &Expression) -> bool {
    match expression {
        Expression::AssignmentExpression(_) | Expression::UpdateExpression(_) => true,
        Expression::UnaryExpression(unary) => {
            unary.operator == oxc_ast::ast::UnaryOperator::Delete
                || unary.operator == oxc_ast::ast::UnaryOperator::Void
        }
        _ => false,
    }
}
