//! Where in a script an option is written.

use rhai::{AST, Engine, Expr, OptimizationLevel, Position, Stmt};

use super::sources::Sources;

/// The position of the value at `path` below the script's `options`, or of the deepest part of the path that can be found.
///
/// The tree that runs is optimised, and constant maps have no positions left in it; so the text is parsed once
/// more without optimisation. Only called to show a mistake.
pub fn locate(sources: &Sources, path: &[String]) -> Option<Position> {
    let mut engine = Engine::new_raw();
    crate::script::words::free(&mut engine);
    engine.set_optimization_level(OptimizationLevel::None);
    engine.set_max_expr_depths(0, 0);
    let ast = engine.compile(&*sources.main_text()).ok()?;
    let value = options_value(&ast)?;
    Some(descend(value, path))
}

fn options_value(ast: &AST) -> Option<&Expr> {
    ast.statements()
        .iter()
        .find_map(|statement| match statement {
            Stmt::Var(variable, ..) if variable.0.name == "options" => Some(&variable.1),
            _ => None,
        })
}

fn descend(value: &Expr, path: &[String]) -> Position {
    let Some((first, rest)) = path.split_first() else {
        return value.start_position();
    };
    match value {
        Expr::Map(map, position) => {
            match map.0.iter().find(|(key, _)| key.name == first.as_str()) {
                // A wrong key is shown at the key, a wrong value at the value; both begin at the key's line.
                Some((key, inner)) if rest.is_empty() => {
                    if inner.start_position().line() == key.pos.line() {
                        key.pos
                    } else {
                        inner.start_position()
                    }
                }
                Some((_, inner)) => descend(inner, rest),
                None => *position,
            }
        }
        Expr::Array(items, position) => match first
            .parse::<usize>()
            .ok()
            .and_then(|index| items.get(index))
        {
            Some(item) => descend(item, rest),
            None => *position,
        },
        other => other.start_position(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn line_of(script: &str, path: &[&str]) -> Option<usize> {
        let sources = Sources::from_text(Path::new("t.rhai"), script);
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        locate(&sources, &path)?.line()
    }

    const SCRIPT: &str = "\
export const options = #{
    scenarios: #{
        a: #{ executor: \"constant-vus\", vus: 1 },
    },
    slos: #{
        \"http_req_duration\": [
            #{ target: \"p95\" },
        ],
    },
};";

    #[test]
    fn keys_are_found_where_they_are_written() {
        assert_eq!(line_of(SCRIPT, &["scenarios"]), Some(2));
        assert_eq!(line_of(SCRIPT, &["scenarios", "a", "vus"]), Some(3));
        assert_eq!(
            line_of(SCRIPT, &["slos", "http_req_duration", "0", "target"]),
            Some(7)
        );
    }

    #[test]
    fn what_is_not_written_is_shown_where_it_would_be() {
        assert_eq!(line_of(SCRIPT, &["scenarios", "a", "missing"]), Some(3));
        assert_eq!(line_of("fn iteration() {}", &["vus"]), None);
    }
}
