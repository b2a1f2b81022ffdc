//! Statements.

use oxc_ast::ast::{
    AssignmentExpression, AssignmentOperator, AssignmentTarget, Expression, IfStatement,
    SimpleAssignmentTarget, Statement, TryStatement, UnaryOperator, UpdateOperator,
};
use oxc_span::{GetSpan, Span};

use super::code::{Code, Kind};
use super::operators::truth;
use super::scope::Meaning;
use super::translator::{Translator, Try, Why};

impl<'a> Translator<'_> {
    /// Statements of a block, each with the comments before it.
    pub fn statements(&mut self, statements: &[Statement<'a>], out: &mut String) {
        // Functions are known before the line that makes them, as closures they are not: those come first.
        let (functions, others): (Vec<_>, Vec<_>) = statements
            .iter()
            .partition(|statement| matches!(statement, Statement::FunctionDeclaration(_)));
        let mut before: Option<u32> = None;
        for statement in functions.into_iter().chain(others) {
            // Statements that stand apart there stand apart here.
            if let Some(end) = before
                && self.apart(Span::new(end, statement.span().start.max(end)))
                && !out.ends_with("\n\n")
            {
                out.push('\n');
            }
            before = Some(statement.span().end);
            self.comments_before(statement.span().start, out);
            self.one(statement, out);
        }
    }

    /// A statement, or a comment in its place.
    pub fn one(&mut self, statement: &Statement<'a>, out: &mut String) {
        let (mark, length) = (self.mark(), out.len());
        let made = self.deeper(|this| this.any_statement(statement, out));
        if let Err(why) = made {
            out.truncate(length);
            self.forget(mark);
            self.leave(statement.span(), &why);
            self.flush(out);
        }
    }

    fn any_statement(&mut self, statement: &Statement<'a>, out: &mut String) -> Try<()> {
        match statement {
            Statement::EmptyStatement(_) => {}
            Statement::DebuggerStatement(_) => {}
            Statement::BlockStatement(block) => {
                let block = self.block(&block.body, block.span);
                self.push(out, &block);
            }
            Statement::ExpressionStatement(statement) => {
                self.expression_statement(&statement.expression, out);
            }
            Statement::VariableDeclaration(declaration) => self.variables(declaration, out),
            Statement::FunctionDeclaration(function) => {
                let closure = self.function_expression(function, &[])?;
                let name = function.id.as_ref().map_or("f", |id| id.name.as_str());
                let ours = self.declare(name, Kind::Closure);
                self.flush(out);
                self.push(out, &format!("let {ours} = {};", closure.text));
            }
            Statement::IfStatement(choice) => {
                let text = self.choose(choice, out);
                self.push(out, &text);
            }
            Statement::ReturnStatement(statement) => {
                self.give_back(statement.argument.as_ref(), out);
            }
            Statement::ThrowStatement(statement) => {
                let thrown = self.thrown(&statement.argument);
                self.flush(out);
                self.push(out, &format!("throw {};", thrown.text));
            }
            Statement::TryStatement(statement) => self.attempt(statement, out),
            Statement::ForStatement(statement) => self.for_loop(statement, out)?,
            Statement::ForOfStatement(statement) => self.for_of(statement, out)?,
            Statement::ForInStatement(statement) => self.for_in(statement, out)?,
            Statement::WhileStatement(statement) => self.while_loop(statement, out),
            Statement::DoWhileStatement(statement) => self.do_loop(statement, out),
            Statement::SwitchStatement(statement) => self.switch(statement, out)?,
            Statement::BreakStatement(statement) => {
                if statement.label.is_some() {
                    return Why::new("Rhai has no labels");
                }
                self.push(out, "break;");
            }
            Statement::ContinueStatement(statement) => {
                if statement.label.is_some() {
                    return Why::new("Rhai has no labels");
                }
                let step = self.frame.as_ref().and_then(|frame| frame.loops.last());
                if let Some(Some(step)) = step.cloned()
                    && !step.step.is_empty()
                {
                    self.push(out, &step.step);
                }
                self.push(out, "continue;");
            }
            Statement::ClassDeclaration(class) => {
                if let Some(id) = &class.id {
                    let lost = Meaning::Lost("Rhai has no classes".to_owned());
                    self.scopes.set(&id.name, lost);
                }
                return Why::new("Rhai has no classes");
            }
            Statement::TSTypeAliasDeclaration(_) | Statement::TSInterfaceDeclaration(_) => {}
            Statement::LabeledStatement(_) => return Why::new("Rhai has no labels"),
            _ => return Why::new("Rhai has nothing like it"),
        }
        Ok(())
    }

    /// Statements between braces.
    pub fn block(&mut self, statements: &[Statement<'a>], whole: Span) -> String {
        let outer = std::mem::take(&mut self.pending);
        self.scopes.enter();
        self.indent += 1;
        let mut inside = String::new();
        self.statements(statements, &mut inside);
        self.comments_before(whole.end, &mut inside);
        self.flush(&mut inside);
        self.indent -= 1;
        self.scopes.leave();
        self.pending = outer;
        if inside.is_empty() {
            return "{}".to_owned();
        }
        format!("{{\n{inside}{}}}", self.margin())
    }

    /// The body of a loop or a branch as a block.
    pub fn branch(&mut self, statement: &Statement<'a>) -> String {
        match statement {
            Statement::BlockStatement(block) => self.block(&block.body, block.span),
            other => self.block(std::slice::from_ref(other), other.span()),
        }
    }

    fn choose(&mut self, first: &IfStatement<'a>, out: &mut String) -> String {
        let mut text = String::new();
        let mut choice = first;
        // A chain of `else if` is walked, not descended.
        loop {
            let test = self.condition(&choice.test);
            self.flush(out);
            text += &format!("if {test} {}", self.branch(&choice.consequent));
            match &choice.alternate {
                Some(Statement::IfStatement(next)) => {
                    text += " else ";
                    choice = next;
                }
                Some(other) => {
                    text += &format!(" else {}", self.branch(other));
                    return text;
                }
                None => return text,
            }
        }
    }

    fn give_back(&mut self, argument: Option<&Expression<'a>>, out: &mut String) {
        let skips = self
            .frame
            .as_ref()
            .is_some_and(|frame| frame.return_is_continue);
        if skips {
            self.push(out, "continue;");
            return;
        }
        match argument {
            None => self.push(out, "return;"),
            Some(argument) => {
                let value = self.value(argument);
                let value = if self.answers { truth(&value) } else { value };
                self.flush(out);
                self.push(out, &format!("return {};", value.text));
            }
        }
    }

    /// What is thrown: the message of an `Error`.
    pub fn thrown(&mut self, argument: &Expression<'a>) -> Code {
        let made = match argument {
            Expression::NewExpression(new) => Some(&new.arguments),
            Expression::CallExpression(call) if self.text(call.callee.span()) == "Error" => {
                Some(&call.arguments)
            }
            _ => None,
        };
        match made.map(|arguments| arguments.first().and_then(|first| first.as_expression())) {
            Some(Some(message)) => self.value(message),
            Some(None) => Code::atom("\"error\"", Kind::Text),
            None => self.value(argument),
        }
    }

    fn attempt(&mut self, statement: &TryStatement<'a>, out: &mut String) {
        let body = self.block(&statement.block.body, statement.block.span);
        let handler = match &statement.handler {
            Some(handler) => {
                self.scopes.enter();
                let pattern = handler.param.as_ref().map(|param| &param.pattern);
                let name = pattern.and_then(|pattern| pattern.get_identifier_name());
                let name = name.map_or("e", |name| name.as_str()).to_owned();
                let ours = self.declare(&name, Kind::Caught);
                let block = self.block(&handler.body.body, handler.body.span);
                self.scopes.leave();
                format!("catch ({ours}) {block}")
            }
            // What is thrown goes on after the block that comes last.
            None => "catch {}".to_owned(),
        };
        self.push(out, &format!("try {body} {handler}"));
        if let Some(last) = &statement.finalizer {
            let why = Why("Rhai has no `finally`; its statements come after `try`, also when nothing is thrown on".to_owned());
            let word = Span::new(last.span.start.saturating_sub(8), last.span.start);
            self.leave(word, &why);
            self.flush(out);
            let block = self.block(&last.body, last.span);
            self.push(out, &block);
        }
    }

    /// An expression for what it does.
    pub fn expression_statement(&mut self, expression: &Expression<'a>, out: &mut String) {
        let mark = self.mark();
        let made = match expression {
            Expression::AssignmentExpression(assignment) => self.assign(assignment),
            Expression::UpdateExpression(update) => {
                let sign = match update.operator {
                    UpdateOperator::Increment => "+=",
                    UpdateOperator::Decrement => "-=",
                };
                self.target(&update.argument)
                    .map(|target| format!("{} {sign} 1;", target.text))
            }
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::Delete => {
                self.delete(&unary.argument)
            }
            Expression::UnaryExpression(unary) if unary.operator == UnaryOperator::Void => {
                self.expression_statement(&unary.argument, out);
                return;
            }
            Expression::AwaitExpression(waiting) => {
                self.expression_statement(&waiting.argument, out);
                return;
            }
            Expression::SequenceExpression(sequence) => {
                for part in &sequence.expressions {
                    self.expression_statement(part, out);
                }
                return;
            }
            // `a && b()`, `a ? b() : c()`: what they do, not what they give.
            Expression::LogicalExpression(logical) => {
                use oxc_ast::ast::LogicalOperator::{And, Coalesce, Or};
                let test = self.condition_code(&logical.left);
                let test = match logical.operator {
                    And => test.text,
                    Or => format!("!{}", test.at(super::code::Binding::Unary)),
                    Coalesce => format!("{} == ()", test.text),
                };
                self.flush(out);
                let block = self.block_of_expression(&logical.right);
                Ok(format!("if {test} {block}"))
            }
            Expression::ConditionalExpression(choice) => {
                let test = self.condition(&choice.test);
                self.flush(out);
                let yes = self.block_of_expression(&choice.consequent);
                let no = self.block_of_expression(&choice.alternate);
                Ok(format!("if {test} {yes} else {no}"))
            }
            Expression::CallExpression(call) => {
                match self.for_each(call).or_else(|| self.reorder(call)) {
                    Some(text) => text,
                    None => self
                        .expression(expression)
                        .map(|code| format!("{};", code.text)),
                }
            }
            other => self.expression(other).map(|code| format!("{};", code.text)),
        };
        match made {
            Ok(text) => {
                self.flush(out);
                // A number or a text alone does nothing.
                if text != "();" {
                    self.push(out, &text);
                }
            }
            Err(why) => {
                self.forget(mark);
                self.leave(expression.span(), &why);
                self.flush(out);
            }
        }
    }

    fn block_of_expression(&mut self, expression: &Expression<'a>) -> String {
        let outer = std::mem::take(&mut self.pending);
        self.indent += 1;
        let mut inside = String::new();
        self.expression_statement(expression, &mut inside);
        self.indent -= 1;
        self.pending = outer;
        format!("{{\n{inside}{}}}", self.margin())
    }

    fn assign(&mut self, assignment: &AssignmentExpression<'a>) -> Try<String> {
        if let Some(tag) = self.set_tag(assignment)? {
            return Ok(tag);
        }
        let target = match &assignment.left {
            AssignmentTarget::ArrayAssignmentTarget(_)
            | AssignmentTarget::ObjectAssignmentTarget(_) => {
                return Why::new("write one assignment for each variable");
            }
            other => match other.as_simple_assignment_target() {
                Some(target) => self.target(target)?,
                None => return Why::new("Rhai has no such assignment"),
            },
        };
        let value = self.expression(&assignment.right)?;
        let text = match assignment.operator {
            AssignmentOperator::Assign => format!("{} = {};", target.text, value.text),
            AssignmentOperator::LogicalNullish => {
                format!("if {0} == () {{ {0} = {1}; }}", target.text, value.text)
            }
            AssignmentOperator::LogicalOr => {
                format!(
                    "if !{0} {{ {1} = {2}; }}",
                    truth(&target).at(super::code::Binding::Unary),
                    target.text,
                    value.text
                )
            }
            AssignmentOperator::LogicalAnd => {
                format!(
                    "if {} {{ {} = {}; }}",
                    truth(&target).text,
                    target.text,
                    value.text
                )
            }
            AssignmentOperator::Division => {
                // Two whole numbers would give a whole one.
                format!(
                    "{} = {0} * 1.0 / {};",
                    target.text,
                    value.at(super::code::Binding::Atom)
                )
            }
            AssignmentOperator::Addition
            | AssignmentOperator::Subtraction
            | AssignmentOperator::Multiplication
            | AssignmentOperator::Remainder
            | AssignmentOperator::Exponential
            | AssignmentOperator::BitwiseAnd
            | AssignmentOperator::BitwiseOR
            | AssignmentOperator::BitwiseXOR => {
                format!(
                    "{} {} {};",
                    target.text,
                    assignment.operator.as_str(),
                    value.text
                )
            }
            _ => return Why::new("Rhai has no such operator"),
        };
        Ok(text)
    }

    /// What is assigned to.
    fn target(&mut self, target: &SimpleAssignmentTarget<'a>) -> Try<Code> {
        match target {
            SimpleAssignmentTarget::AssignmentTargetIdentifier(name) => {
                self.changes(&name.name);
                match self.scopes.get(&name.name).cloned() {
                    Some(Meaning::Local { name, kind }) => Ok(Code::atom(name, kind)),
                    Some(Meaning::State { name, kind }) => {
                        self.needs_ctx()?;
                        Ok(Code::atom(format!("ctx.state.{name}"), kind))
                    }
                    // The next pass knows that it changes.
                    Some(Meaning::Constant { name, kind }) if self.frame.is_some() => {
                        self.needs_ctx()?;
                        Ok(Code::atom(format!("ctx.state.{name}"), kind))
                    }
                    Some(Meaning::Lost(why)) => Why::new(why),
                    _ => Why::new(format!("`{}` cannot be assigned to", name.name)),
                }
            }
            SimpleAssignmentTarget::StaticMemberExpression(member) => {
                self.changes_root(&member.object);
                self.static_member(member)
            }
            SimpleAssignmentTarget::ComputedMemberExpression(member) => {
                self.changes_root(&member.object);
                let object = self.expression(&member.object)?;
                let index = self.expression(&member.expression)?;
                Ok(Code::atom(
                    format!("{}[{}]", object.receiver(), index.text),
                    Kind::Unknown,
                ))
            }
            _ => Why::new("Rhai has no such assignment"),
        }
    }

    /// Notes that a name's value changes: one of the top level is then a user's memory.
    fn changes(&mut self, name: &str) {
        if self.frame.is_some()
            && let Some(Meaning::Constant { .. }) = self.scopes.get(name)
        {
            self.found.changed.insert(name.to_owned());
        }
    }

    /// The same for what a property or an element belongs to.
    pub fn changes_root(&mut self, object: &Expression<'a>) {
        let mut object = object;
        loop {
            match object {
                Expression::Identifier(name) => {
                    let name = name.name.as_str();
                    self.changes(name);
                    return;
                }
                Expression::StaticMemberExpression(member) => object = &member.object,
                Expression::ComputedMemberExpression(member) => object = &member.object,
                Expression::TSNonNullExpression(inner) => object = &inner.expression,
                _ => return,
            }
        }
    }

    fn delete(&mut self, argument: &Expression<'a>) -> Try<String> {
        match argument {
            Expression::StaticMemberExpression(member) => {
                self.changes_root(&member.object);
                let object = self.expression(&member.object)?;
                Ok(format!(
                    "{}.remove(\"{}\");",
                    object.receiver(),
                    member.property.name
                ))
            }
            Expression::ComputedMemberExpression(member) => {
                self.changes_root(&member.object);
                let object = self.expression(&member.object)?;
                let key = self.expression(&member.expression)?;
                Ok(format!("{}.remove({});", object.receiver(), key.text))
            }
            _ => Why::new("only what is in a map can be removed"),
        }
    }
}
