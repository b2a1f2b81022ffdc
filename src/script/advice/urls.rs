//! Requests whose URL holds an id and that have no name: every id is an endpoint of its own in metrics and reports, until their number is
//! cut off.
//!
//! Only what stands in the path counts: a request is named by its URL without its query.

use std::collections::BTreeMap;

use rhai::{ASTNode, Expr, Position, Stmt};

use super::call_at;
use crate::script::diagnostic::Diagnostic;
use crate::script::scan::places;
use crate::script::scan::tree::{Function, Source};

/// Variables of one function and the texts they stand for, where that can be told.
type Variables = BTreeMap<String, Option<Expr>>;

/// A part of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// What is the same in every request, such as the target's address.
    Fixed,
    /// What changes from request to request, and what it is called.
    Varies(String),
}

/// Requests of a text whose names would be without number.
pub fn check(source: &Source<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for function in &source.functions {
        let variables = variables(function);
        function.tree.walk(&mut |path: &[ASTNode]| {
            if let Some((call, position)) = call_at(path)
                && call.namespace.to_string() == "http"
            {
                found.extend(request(call, position, &variables, source));
            }
            true
        });
    }
    found
}

fn request(
    call: &rhai::FnCallExpr,
    position: Position,
    variables: &Variables,
    source: &Source<'_>,
) -> Vec<Diagnostic> {
    if call.name == "batch" {
        let Some(Expr::Array(entries, _)) = call.args.first() else {
            return Vec::new();
        };
        return entries
            .iter()
            .filter_map(|entry| in_batch(entry, position, variables, source))
            .collect();
    }
    let Some((body, parameters)) = places(&call.name) else {
        return Vec::new();
    };
    let at = usize::from(call.name == "request");
    let given = call.args.get(parameters);
    let (Some(url), true) = (call.args.get(at), may_be_unnamed(given)) else {
        return Vec::new();
    };
    let Some(name) = name_of(url, variables) else {
        return Vec::new();
    };
    let help = if given.is_some_and(is_filled_map) {
        format!("add it to the parameters: `name: \"{name}\"`")
    } else {
        // Where nothing is sent, the place of the body must still be taken.
        let gap = match body {
            Some(body) if call.args.len() <= body => "(), ",
            _ => "",
        };
        format!(
            "give it one: `http::{}(…, {gap}#{{ name: \"{name}\" }})`",
            call.name
        )
    };
    vec![warning(url, position, help, source)]
}

/// An entry of a batch: a URL, or `[method, url, body, params]`.
fn in_batch(
    entry: &Expr,
    position: Position,
    variables: &Variables,
    source: &Source<'_>,
) -> Option<Diagnostic> {
    let (url, given, length) = match entry {
        Expr::Array(items, _) => (items.get(1)?, items.get(3), items.len()),
        Expr::Map(..) => return None,
        url => (url, None, 0),
    };
    if !may_be_unnamed(given) {
        return None;
    }
    let name = name_of(url, variables)?;
    let help = match (given.is_some_and(is_filled_map), length) {
        (true, _) => format!("add it to the parameters: `name: \"{name}\"`"),
        (_, 3) => format!("give it one: `[method, url, body, #{{ name: \"{name}\" }}]`"),
        _ => format!("give it one: `[\"GET\", url, (), #{{ name: \"{name}\" }}]`"),
    };
    Some(warning(url, position, help, source))
}

fn warning(url: &Expr, call: Position, help: String, source: &Source<'_>) -> Diagnostic {
    let position = match leftmost(url).start_position() {
        at if at.is_none() => call,
        at => at,
    };
    let message = "the path of this URL varies, and each variant is an endpoint of its own in metrics and reports";
    source
        .mistake(position, message)
        .with_code("url-name")
        .with_help(Some(help))
        .as_warning()
}

/// Where an expression begins that is put together by `+`.
fn leftmost(url: &Expr) -> &Expr {
    match url {
        Expr::FnCall(call, _) if call.op_token.is_some() => call.args.first().map_or(url, leftmost),
        _ => url,
    }
}

/// Whether parameters as they are written leave the request without a name. What is not written out may have one.
fn may_be_unnamed(parameters: Option<&Expr>) -> bool {
    match parameters {
        None | Some(Expr::Unit(_)) => true,
        Some(Expr::Map(map, _)) => !map.0.iter().any(|(key, value)| {
            let by_tag = matches!(value, Expr::Map(tags, _) if tags.0.iter().any(|(tag, _)| tag.name == "name"));
            key.name == "name" || key.name == "tags" && (by_tag || !matches!(value, Expr::Map(..)))
        }),
        Some(_) => false,
    }
}

fn is_filled_map(parameters: &Expr) -> bool {
    matches!(parameters, Expr::Map(map, _) if !map.0.is_empty())
}

/// The variables that a function makes. One that it makes or changes more than once stands for no text.
fn variables(function: &Function) -> Variables {
    let mut made = Variables::new();
    function.tree.walk(&mut |path: &[ASTNode]| {
        match path.last() {
            Some(ASTNode::Stmt(Stmt::Var(variable, ..))) => {
                let text = is_text(&variable.1).then(|| variable.1.clone());
                made.entry(variable.0.name.to_string())
                    .and_modify(|known| *known = None)
                    .or_insert(text);
            }
            Some(ASTNode::Stmt(Stmt::For(parts, _))) => {
                made.insert(parts.0.name.to_string(), None);
            }
            Some(ASTNode::Stmt(Stmt::Assignment(parts))) => {
                if let Expr::Variable(variable, ..) = &parts.1.lhs {
                    made.insert(variable.1.to_string(), None);
                }
            }
            _ => {}
        }
        true
    });
    made
}

/// A name for a request, if one is needed: made of what is the same in all of them.
fn name_of(url: &Expr, variables: &Variables) -> Option<String> {
    let mut parts = Vec::new();
    take_apart(url, variables, 0, &mut parts);
    suggest(&parts)
}

/// Variables within variables are followed no further than this.
const DEPTH: usize = 8;

fn take_apart(url: &Expr, variables: &Variables, depth: usize, parts: &mut Vec<Part>) {
    match url {
        Expr::StringConstant(text, _) => parts.push(Part::Text(text.to_string())),
        Expr::CharConstant(sign, _) => parts.push(Part::Text(sign.to_string())),
        Expr::IntegerConstant(..) | Expr::FloatConstant(..) | Expr::BoolConstant(..) => {
            parts.push(Part::Fixed);
        }
        Expr::InterpolatedString(inner, _) => {
            for part in inner {
                take_apart(part, variables, depth, parts);
            }
        }
        Expr::Stmt(block) => match block.statements() {
            [Stmt::Expr(inner)] => take_apart(inner, variables, depth, parts),
            [Stmt::FnCall(call, _)] => parts.push(of_call(call)),
            _ => parts.push(Part::Varies("id".to_owned())),
        },
        Expr::FnCall(call, _)
            if call.op_token == Some(rhai::Token::Plus) && call.args.len() == 2 =>
        {
            for part in &call.args {
                take_apart(part, variables, depth, parts);
            }
        }
        Expr::FnCall(call, _) => parts.push(of_call(call)),
        // A constant of the top level or of a module.
        Expr::Variable(variable, ..) if !variable.2.is_empty() => parts.push(Part::Fixed),
        Expr::Variable(variable, ..) => match variables.get(variable.1.as_str()) {
            Some(Some(made)) if depth < DEPTH => {
                take_apart(made, variables, depth + 1, parts);
            }
            _ => parts.push(Part::Varies(variable.1.to_string())),
        },
        Expr::Dot(dot, ..) => parts.push(Part::Varies(last_name(&dot.rhs))),
        _ => parts.push(Part::Varies("id".to_owned())),
    }
}

/// Whether an expression makes a text that can be taken apart; of anything else only the variable's name says something.
fn is_text(made: &Expr) -> bool {
    match made {
        Expr::StringConstant(..) | Expr::InterpolatedString(..) | Expr::IntegerConstant(..) => true,
        Expr::Variable(variable, ..) => !variable.2.is_empty(),
        Expr::FnCall(call, _) => {
            call.op_token == Some(rhai::Token::Plus)
                || matches!(call.name.as_str(), "env" | "secret")
        }
        _ => false,
    }
}

/// What the environment says stays the same.
fn of_call(call: &rhai::FnCallExpr) -> Part {
    match call.name.as_str() {
        "env" | "secret" => Part::Fixed,
        _ => Part::Varies("id".to_owned()),
    }
}

fn last_name(read: &Expr) -> String {
    match read {
        Expr::Property(property, _) => property.2.to_string(),
        Expr::Dot(inner, ..) | Expr::Index(inner, ..) => last_name(match &inner.rhs {
            Expr::Property(..) | Expr::Dot(..) => &inner.rhs,
            _ => &inner.lhs,
        }),
        _ => "id".to_owned(),
    }
}

/// A name for what changes within its path; nothing if it stays the same there.
fn suggest(parts: &[Part]) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut in_path = false;
    let mut varies = false;
    // Behind a letter, a variable goes on with what stands there, and may be all the rest of a path.
    let mut is_piece = false;
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Text(text) => {
                let (path, ends) = match text.find(['?', '#']) {
                    Some(end) => (text.get(..end).unwrap_or_default(), true),
                    None => (text.as_str(), false),
                };
                let path = if in_path {
                    Some(path)
                } else {
                    path_of(path, at > 0)
                };
                if let Some(path) = path {
                    in_path = in_path || path.contains('/');
                    words.extend(path.split('/').map(word).filter(|word| !word.is_empty()));
                }
                if ends {
                    break;
                }
                is_piece = !text.ends_with(char::is_alphanumeric);
            }
            Part::Varies(name) if in_path && is_piece => {
                varies = true;
                words.push(word(name));
            }
            Part::Fixed | Part::Varies(_) => is_piece = false,
        }
    }
    // Where an interface says only that it is one, or of which version, is of no use in a name.
    let is_version = |word: &str| {
        word.strip_prefix('v')
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()))
    };
    words.retain(|word| !word.is_empty() && word != "api" && word != "rest" && !is_version(word));
    let few = words.len().saturating_sub(4);
    varies.then(|| words.split_off(few).join("_"))
}

/// The path within the first text of a URL: what follows the host. `after`: something stands before the text.
fn path_of(text: &str, after: bool) -> Option<&str> {
    match text.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)),
        None if after || text.starts_with('/') => text.find('/').and_then(|at| text.get(at..)),
        None => None,
    }
}

/// A piece of a path as a part of a name.
fn word(piece: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let word: String = piece.chars().map(plain).collect();
    word.trim_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn varies(name: &str) -> Part {
        Part::Varies(name.to_owned())
    }

    #[test]
    fn a_name_is_made_of_what_stays_the_same() {
        for (parts, name) in [
            (
                vec![Part::Fixed, text("/api/v1/orders/"), varies("id")],
                Some("orders_id"),
            ),
            (
                vec![
                    varies("base"),
                    text("/orders/"),
                    varies("id"),
                    text("/items?x="),
                    varies("y"),
                ],
                Some("orders_id_items"),
            ),
            (
                vec![
                    text("http://127.0.0.1:"),
                    varies("port"),
                    text("/rooms/"),
                    varies("nr"),
                ],
                Some("rooms_nr"),
            ),
            (
                vec![text("https://shop.example/room-"), varies("nr")],
                Some("room_nr"),
            ),
            (
                vec![text("/a/"), varies("x"), text("/b/c/d/"), varies("y")],
                Some("b_c_d_y"),
            ),
            // What varies is the host, the query, or perhaps all of the path.
            (vec![varies("base"), text("/orders")], None),
            (vec![Part::Fixed, text("/orders?id="), varies("id")], None),
            (vec![Part::Fixed, varies("path")], None),
            (vec![Part::Fixed, text("/api"), varies("path")], None),
            (vec![text("http://"), varies("host"), text("/x")], None),
            (vec![varies("url")], None),
            (vec![], None),
        ] {
            assert_eq!(suggest(&parts).as_deref(), name, "{parts:?}");
        }
    }
}
