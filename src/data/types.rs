//! Values of a CSV file that are more than text, where the script says so.

use super::error::Mistake;
use crate::suggest::did_you_mean;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    Text,
    Int,
    Float,
    Bool,
}

impl Kind {
    pub const NAMES: [&str; 4] = ["text", "int", "float", "bool"];

    /// By the name that scripts give it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "text" => Self::Text,
            "int" => Self::Int,
            "float" => Self::Float,
            "bool" => Self::Bool,
            _ => return None,
        })
    }

    fn read(self, text: String) -> Option<Cell> {
        if self == Self::Text {
            return Some(Cell::Text(text));
        }
        let word = text.trim();
        if word.is_empty() {
            return Some(Cell::Nothing);
        }
        match self {
            Self::Text => None,
            Self::Int => word.parse().ok().map(Cell::Int),
            Self::Float => {
                let number: f64 = word.parse().ok()?;
                number.is_finite().then_some(Cell::Float(number))
            }
            Self::Bool => match word.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Some(Cell::Bool(true)),
                "false" | "no" | "0" => Some(Cell::Bool(false)),
                _ => None,
            },
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Int => "a whole number",
            Self::Float => "a number, with a point and not a comma before its fraction",
            Self::Bool => "true or false, yes or no, 1 or 0",
        }
    }
}

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(String),
    Int(i64),
    Float(f64),
    Bool(bool),
    /// An empty value of a column that is no text.
    Nothing,
}

/// The kind of each column, or none if all are texts. `types`: those that the script names.
///
/// # Errors
/// When there is no column of a name.
pub fn of_columns(
    columns: &[String],
    types: &[(String, Kind)],
    line: u64,
) -> Result<Vec<Kind>, Mistake> {
    if let Some((name, _)) = types.iter().find(|(name, _)| !columns.contains(name)) {
        let help = did_you_mean(name, columns.iter().map(String::as_str))
            .unwrap_or_else(|| format!("there are: {}", columns.join(", ")));
        let what = format!("there is no column `{name}`, which `types` speaks of");
        return Err(Mistake::new(line, what).help(help));
    }
    if types.is_empty() {
        return Ok(Vec::new());
    }
    let kind = |column: &String| {
        let named = types.iter().find(|(name, _)| name == column);
        named.map_or(Kind::Text, |(_, kind)| *kind)
    };
    Ok(columns.iter().map(kind).collect())
}

/// A row's values as what they are.
///
/// # Errors
/// When one is not what its column says.
pub fn cells(
    values: Vec<String>,
    columns: &[String],
    kinds: &[Kind],
    line: u64,
) -> Result<Vec<Cell>, Mistake> {
    let kinds = kinds.iter().copied().chain(std::iter::repeat(Kind::Text));
    let pairs = values.into_iter().zip(kinds).enumerate();
    pairs
        .map(|(at, (text, kind))| {
            // Its beginning is for the message alone, so it is not taken of texts, which are never wrong.
            let shown = match kind {
                Kind::Text => String::new(),
                _ => text.chars().take(20).collect(),
            };
            kind.read(text).ok_or_else(|| {
                let column = columns.get(at).map_or("", String::as_str);
                Mistake::new(
                    line,
                    format!("`{shown}` in column `{column}` is not what `types` says"),
                )
                .help(format!("it should be {}", kind.wanted()))
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, text: &str) -> Option<Cell> {
        kind.read(text.to_owned())
    }

    #[test]
    fn values_become_what_their_column_says() {
        for (kind, text, cell) in [
            (Kind::Text, " 007 ", Cell::Text(" 007 ".to_owned())),
            (Kind::Int, " -7", Cell::Int(-7)),
            (Kind::Float, "1.5e3", Cell::Float(1500.0)),
            (Kind::Bool, "TRUE", Cell::Bool(true)),
            (Kind::Bool, "no", Cell::Bool(false)),
            (Kind::Int, "", Cell::Nothing),
            (Kind::Text, "", Cell::Text(String::new())),
        ] {
            assert_eq!(read(kind, text), Some(cell), "{text}");
        }
        for (kind, text) in [
            (Kind::Int, "1.0"),
            (Kind::Int, "99999999999999999999"),
            (Kind::Float, "1,5"),
            (Kind::Float, "inf"),
            (Kind::Bool, "maybe"),
        ] {
            assert_eq!(read(kind, text), None, "{text}");
        }
        for name in Kind::NAMES {
            assert!(Kind::named(name).is_some(), "{name}");
        }
    }

    #[test]
    fn a_column_that_is_not_there_is_told_with_its_neighbour() {
        let columns = ["user".to_owned(), "age".to_owned()];
        let types = [("aga".to_owned(), Kind::Int)];
        let mistake = of_columns(&columns, &types, 1).unwrap_err();
        assert!(mistake.help.unwrap().contains("`age`"));
        let types = [("age".to_owned(), Kind::Int)];
        let kinds = of_columns(&columns, &types, 1).unwrap();
        assert_eq!(kinds, [Kind::Text, Kind::Int]);
        let mistake = cells(vec!["ada".into(), "old".into()], &columns, &kinds, 4).unwrap_err();
        assert_eq!(mistake.line, 4);
        assert!(mistake.what.starts_with("`old` in column `age`"));
    }
}
