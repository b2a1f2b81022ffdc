//! Pieces of Rhai, with what is known of their values.

/// What a value is, as far as the source tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    #[default]
    Unknown,
    Nothing,
    Bool,
    Int,
    Float,
    Text,
    List,
    Map,
    /// A map with a file in it.
    Files,
    /// A closure; called by `.call`.
    Closure,
    Response,
    /// Elements of an HTML document.
    Selection,
    /// Rows of a file.
    Data,
    /// What `catch` caught.
    Caught,
}

/// How tightly an expression binds; a part that binds less tightly than its place asks for goes into parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Binding {
    Loose,
    Or,
    And,
    Equality,
    Comparison,
    Sum,
    Product,
    Power,
    Unary,
    Atom,
}

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    pub text: String,
    pub kind: Kind,
    pub binding: Binding,
}

impl Code {
    /// One that needs parentheses nowhere.
    pub fn atom(text: impl Into<String>, kind: Kind) -> Self {
        Self::new(text, kind, Binding::Atom)
    }

    pub fn new(text: impl Into<String>, kind: Kind, binding: Binding) -> Self {
        Self {
            text: text.into(),
            kind,
            binding,
        }
    }

    /// `()`.
    pub fn nothing() -> Self {
        Self::atom("()", Kind::Nothing)
    }

    /// The text for a place that asks for this binding.
    pub fn at(&self, binding: Binding) -> String {
        if self.binding < binding {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }

    /// The text as the receiver of a method or property.
    pub fn receiver(&self) -> String {
        let number = self.text.starts_with(|c: char| c.is_ascii_digit());
        let map = self.text.starts_with("#{");
        if number || map {
            format!("({})", self.text)
        } else {
            self.at(Binding::Atom)
        }
    }

    pub fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Int | Kind::Float)
    }
}
