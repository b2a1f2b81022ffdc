//! Loops and `switch`.

use oxc_ast::ast::{
    AssignmentOperator, BinaryOperator, BindingPattern, DoWhileStatement, Expression,
    ForInStatement, ForOfStatement, ForStatement, ForStatementInit, ForStatementLeft, Statement,
    SwitchCase, SwitchStatement, UpdateOperator, WhileStatement,
};
use oxc_span::GetSpan;

use super::code::{Binding, Code, Kind};
use super::translator::{Loop, Translator, Try, Why};

impl<'a> Translator<'_> {
    fn looped(&mut self, step: String, body: &Statement<'a>) -> String {
        let before = self.frame.as_mut().map(|frame| {
            frame.loops.push(Some(Loop { step }));
        });
        let block = self.branch(body);
        if let (Some(frame), Some(())) = (&mut self.frame, before) {
            frame.loops.pop();
        }
        block
    }

    pub fn while_loop(&mut self, statement: &WhileStatement<'a>, out: &mut String) {
        let test = self.condition(&statement.test);
        self.flush(out);
        let block = self.looped(String::new(), &statement.body);
        let head = if test == "true" {
            "loop".to_owned()
        } else {
            format!("while {test}")
        };
        self.push(out, &format!("{head} {block}"));
    }

    pub fn do_loop(&mut self, statement: &DoWhileStatement<'a>, out: &mut String) {
        let block = self.looped(String::new(), &statement.body);
        let test = self.condition(&statement.test);
        self.flush(out);
        self.push(out, &format!("do {block} while {test};"));
    }

    /// What a `for` goes over: rows of a file have no iterator, so their numbers are gone over.
    pub fn iterated(&mut self, list: &Expression<'a>) -> Try<String> {
        let list = self.expression(list)?;
        Ok(match list.kind {
            Kind::Data => format!("(0..{0}.len).map(|at| {0}[at])", list.receiver()),
            Kind::Text => format!("{}.split()", list.receiver()),
            _ => list.text,
        })
    }

    pub fn for_of(&mut self, statement: &ForOfStatement<'a>, out: &mut String) -> Try<()> {
        self.scopes.enter();
        let made = self.for_of_inside(statement, out);
        self.scopes.leave();
        made
    }

    fn for_of_inside(&mut self, statement: &ForOfStatement<'a>, out: &mut String) -> Try<()> {
        let Some(pattern) = pattern_of(&statement.left) else {
            return Why::new("the variable of the loop is made elsewhere");
        };
        // `for (const [key, value] of Object.entries(map))`
        let entries = match &statement.right {
            Expression::CallExpression(call)
                if self.text(call.callee.span()) == "Object.entries" =>
            {
                call.arguments.first().and_then(|map| map.as_expression())
            }
            _ => None,
        };
        if let (Some(map), BindingPattern::ArrayPattern(pair)) = (entries, pattern)
            && let [Some(BindingPattern::BindingIdentifier(key)), rest @ ..] =
                pair.elements.as_slice()
        {
            let mut map = self.expression(map)?;
            if map.text.contains(['(', '{']) {
                let name = self.fresh("entries");
                self.flush(out);
                self.push(out, &format!("let {name} = {};", map.text));
                map = Code::atom(name, Kind::Map);
            }
            let key = self.declare(&key.name, Kind::Text);
            let mut unpack = Vec::new();
            if let [Some(value)] = rest {
                self.unpack(value, &format!("{}[{key}]", map.receiver()), &mut unpack)?;
            }
            self.flush(out);
            let block = self.looped(String::new(), &statement.body);
            let block = with_lines(&block, &unpack, &self.margin());
            self.push(
                out,
                &format!("for {key} in {}.keys() {block}", map.receiver()),
            );
            return Ok(());
        }
        let list = self.iterated(&statement.right)?;
        let mut unpack = Vec::new();
        let name = match pattern {
            BindingPattern::BindingIdentifier(name) => self.declare(&name.name, Kind::Unknown),
            other => {
                let whole = self.fresh("element");
                self.unpack(other, &whole, &mut unpack)?;
                whole
            }
        };
        self.flush(out);
        let block = self.looped(String::new(), &statement.body);
        let block = with_lines(&block, &unpack, &self.margin());
        self.push(out, &format!("for {name} in {list} {block}"));
        Ok(())
    }

    pub fn for_in(&mut self, statement: &ForInStatement<'a>, out: &mut String) -> Try<()> {
        let Some(BindingPattern::BindingIdentifier(name)) = pattern_of(&statement.left) else {
            return Why::new("the variable of the loop is made elsewhere");
        };
        let map = self.expression(&statement.right)?;
        let (keys, kind) = match map.kind {
            Kind::List | Kind::Data => (format!("0..{}.len", map.receiver()), Kind::Int),
            _ => (format!("{}.keys()", map.receiver()), Kind::Text),
        };
        self.scopes.enter();
        let name = self.declare(&name.name, kind);
        self.flush(out);
        let block = self.looped(String::new(), &statement.body);
        self.scopes.leave();
        self.push(out, &format!("for {name} in {keys} {block}"));
        Ok(())
    }

    pub fn for_loop(&mut self, statement: &ForStatement<'a>, out: &mut String) -> Try<()> {
        self.scopes.enter();
        let made = match self.counted(statement, out) {
            Ok(true) => Ok(()),
            Ok(false) => self.stepped(statement, out),
            Err(why) => Err(why),
        };
        self.scopes.leave();
        made
    }

    /// `for (let i = 0; i < n; i++)` as `for i in 0..n`; whether it was one.
    fn counted(&mut self, statement: &ForStatement<'a>, out: &mut String) -> Try<bool> {
        let Some(ForStatementInit::VariableDeclaration(declaration)) = &statement.init else {
            return Ok(false);
        };
        let [declarator] = declaration.declarations.as_slice() else {
            return Ok(false);
        };
        let (Some(name), Some(from)) = (declarator.id.get_identifier_name(), &declarator.init)
        else {
            return Ok(false);
        };
        let Some(Expression::BinaryExpression(test)) = &statement.test else {
            return Ok(false);
        };
        let counts = test
            .left
            .get_identifier_reference()
            .is_some_and(|left| left.name == name);
        let up = match &statement.update {
            Some(Expression::UpdateExpression(update)) => {
                update.operator == UpdateOperator::Increment
                    && self.text(update.argument.span()) == name.as_str()
            }
            Some(Expression::AssignmentExpression(step)) => {
                step.operator == AssignmentOperator::Addition
                    && self.text(step.left.span()) == name.as_str()
                    && self.text(step.right.span()) == "1"
            }
            _ => false,
        };
        let range = match test.operator {
            BinaryOperator::LessThan => "..",
            BinaryOperator::LessEqualThan => "..=",
            _ => return Ok(false),
        };
        let body = self.text(statement.body.span());
        if !counts || !up || assigns(body, &name) {
            return Ok(false);
        }
        let from = self.expression(from)?;
        let to = self.expression(&test.right)?;
        // A range is of whole numbers.
        if from.kind != Kind::Int || !matches!(to.kind, Kind::Int | Kind::Unknown) {
            return Ok(false);
        }
        let name = self.declare(&name, Kind::Int);
        self.flush(out);
        let block = self.looped(String::new(), &statement.body);
        let text = format!(
            "for {name} in {}{range}{} {block}",
            from.at(Binding::Sum),
            to.at(Binding::Sum)
        );
        self.push(out, &text);
        Ok(true)
    }

    /// Any other `for`: what comes first, a loop, and its step at the end of each turn.
    fn stepped(&mut self, statement: &ForStatement<'a>, out: &mut String) -> Try<()> {
        let mut text = String::from("{\n");
        self.indent += 1;
        match &statement.init {
            Some(ForStatementInit::VariableDeclaration(declaration)) => {
                self.variables(declaration, &mut text);
            }
            Some(other) => {
                if let Some(expression) = other.as_expression() {
                    self.expression_statement(expression, &mut text);
                }
            }
            None => {}
        }
        let test = statement.test.as_ref().map(|test| self.condition(test));
        self.flush(&mut text);
        let mut step = String::new();
        if let Some(update) = &statement.update {
            let indent = std::mem::take(&mut self.indent);
            self.expression_statement(update, &mut step);
            self.indent = indent;
        }
        let step = step.trim_end().to_owned();
        let block = self.looped(step.clone(), &statement.body);
        let head = test.map_or_else(|| "loop".to_owned(), |test| format!("while {test}"));
        let block = match block.strip_suffix('}') {
            _ if step.is_empty() => block,
            Some("{") => format!("{{ {step} }}"),
            Some(inside) => format!("{}    {step}\n{}}}", inside, self.margin()),
            None => block,
        };
        self.push(&mut text, &format!("{head} {block}"));
        self.indent -= 1;
        text += &self.margin();
        text.push('}');
        self.push(out, &text);
        Ok(())
    }

    pub fn switch(&mut self, statement: &SwitchStatement<'a>, out: &mut String) -> Try<()> {
        let value = self.expression(&statement.discriminant)?;
        let mut arms = String::new();
        let mut labels: Vec<String> = Vec::new();
        let mut default: Option<String> = None;
        self.indent += 1;
        let last = statement.cases.len().saturating_sub(1);
        for (at, case) in statement.cases.iter().enumerate() {
            let made = self.arm(case, at == last, &mut labels, &mut default);
            match made {
                Ok(Some(arm)) => self.push(&mut arms, &arm),
                Ok(None) => {}
                Err(why) => {
                    self.indent -= 1;
                    return Err(why);
                }
            }
        }
        if let Some(default) = default {
            self.push(&mut arms, &default);
        }
        self.indent -= 1;
        self.flush(out);
        let text = format!("switch {} {{\n{arms}{}}}", value.text, self.margin());
        self.push(out, &text);
        Ok(())
    }

    fn arm(
        &mut self,
        case: &SwitchCase<'a>,
        is_last: bool,
        labels: &mut Vec<String>,
        default: &mut Option<String>,
    ) -> Try<Option<String>> {
        if let Some(test) = &case.test {
            let label = self.expression(test)?;
            let literal = matches!(
                test,
                Expression::StringLiteral(_)
                    | Expression::NumericLiteral(_)
                    | Expression::BooleanLiteral(_)
            );
            if !literal {
                return Why::new("a case of Rhai is a text or a number that is written out");
            }
            labels.push(label.text);
        } else if case.consequent.is_empty() && !is_last {
            return Why::new("Rhai's `_` is the last case");
        }
        if case.consequent.is_empty() && !is_last {
            return Ok(None);
        }
        let statements = match case.consequent.as_slice() {
            [Statement::BlockStatement(block)] => block.body.as_slice(),
            other => other,
        };
        let (statements, ends) = match statements.split_last() {
            Some((Statement::BreakStatement(_), before)) => (before, true),
            Some((
                Statement::ReturnStatement(_)
                | Statement::ThrowStatement(_)
                | Statement::ContinueStatement(_),
                _,
            )) => (statements, true),
            _ => (statements, is_last),
        };
        if !ends {
            return Why::new("a case of Rhai does not fall through to the next");
        }
        // A `break` further inside would end a loop around the `switch`.
        if statements
            .iter()
            .any(|inner| has_break(self.text(inner.span())))
        {
            return Why::new("`break` within a case has another meaning in Rhai");
        }
        let block = self.block(statements, case.span);
        if case.test.is_none() {
            *default = Some(format!("_ => {block}"));
            labels.clear();
            return Ok(None);
        }
        let arm = format!("{} => {block},", labels.join(" | "));
        labels.clear();
        Ok(Some(arm))
    }
}

/// The pattern of a loop's own variable.
fn pattern_of<'b, 'a>(left: &'b ForStatementLeft<'a>) -> Option<&'b BindingPattern<'a>> {
    match left {
        ForStatementLeft::VariableDeclaration(declaration) => {
            declaration.declarations.first().map(|first| &first.id)
        }
        _ => None,
    }
}

/// A block with lines at its beginning.
fn with_lines(block: &str, lines: &[String], margin: &str) -> String {
    let Some(inside) = block.strip_prefix('{') else {
        return block.to_owned();
    };
    if lines.is_empty() {
        return block.to_owned();
    }
    let lines: Vec<String> = lines
        .iter()
        .map(|line| format!("\n{margin}    {line}"))
        .collect();
    let inside = if inside == "}" {
        format!("\n{margin}}}")
    } else {
        inside.to_owned()
    };
    format!("{{{}{inside}", lines.concat())
}

/// Whether a text assigns to a name, on the safe side.
fn assigns(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let after = text.get(at + name.len()..).unwrap_or_default().trim_start();
        let before = text.get(..at).unwrap_or_default().trim_end();
        let assigned = after.starts_with('=') && !after.starts_with("==")
            || ["+=", "-=", "*=", "/=", "++", "--"]
                .iter()
                .any(|sign| after.starts_with(sign));
        assigned || before.ends_with("++") || before.ends_with("--")
    })
}

fn has_break(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == "break")
}
