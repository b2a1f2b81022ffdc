//! JSON as Go's decoder reads it: the first value alone, numbers as they are written, and mistakes in its words, which clients show
//! to people and tests of theirs compare.

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub offset: usize,
    pub value: Json,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// In the order in which they are written; names may come twice.
    Fields(Vec<(String, Node)>),
}

impl Json {
    /// What Go calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Fields(_) => "object",
        }
    }

    /// In the form that toxics are made of.
    pub fn plain(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            Self::Number(number) => serde_json::from_str(number).unwrap_or(Value::Null),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(list) => list.iter().map(|node| node.value.plain()).collect(),
            Self::Fields(fields) => fields
                .iter()
                .map(|(name, node)| (name.clone(), node.value.plain()))
                .collect(),
        }
    }
}

/// Why a text is no JSON, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Malformed {
    pub offset: usize,
    pub text: String,
}

/// The deepest nesting that is read. Go stops at 10,000; what is read here is nested three deep.
const DEEPEST: usize = 200;

/// The first value of a text; what comes after it is not looked at.
///
/// # Errors
/// When it does not begin with one.
pub fn first(text: &[u8]) -> Result<Node, Malformed> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_space();
    if reader.peek().is_none() {
        return Err(reader.wrong("EOF"));
    }
    reader.document()
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

/// A list or an object that is not closed yet.
enum Open {
    List(usize, Vec<Node>),
    Fields(usize, Vec<(String, Node)>, String),
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn wrong(&self, text: impl Into<String>) -> Malformed {
        Malformed {
            offset: self.at.min(self.text.len()),
            text: text.into(),
        }
    }

    /// What is here does not belong here; or the text is cut off.
    fn unexpected(&self, context: &str) -> Malformed {
        let Some(byte) = self.peek() else {
            return self.wrong("unexpected EOF");
        };
        let shown = match byte {
            b'\'' => r"'\''".to_owned(),
            b'"' => "'\"'".to_owned(),
            b'\\' => r"'\\'".to_owned(),
            b'\n' => r"'\n'".to_owned(),
            b'\r' => r"'\r'".to_owned(),
            b'\t' => r"'\t'".to_owned(),
            0x20..=0x7e => format!("'{}'", char::from(byte)),
            // Go shows the byte as the character of that number.
            0xa1..=0xac | 0xae..=0xff => format!("'{}'", char::from(byte)),
            0x80..=0xad => format!("'\\u00{byte:02x}'"),
            _ => format!("'\\x{byte:02x}'"),
        };
        self.wrong(format!("invalid character {shown} {context}"))
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_here = self.peek() == Some(byte);
        if is_here {
            self.at += 1;
        }
        is_here
    }

    /// Without recursion: nesting is bounded by memory, not by the stack.
    fn document(&mut self) -> Result<Node, Malformed> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            self.skip_space();
            let offset = self.at;
            let mut done = match self.peek() {
                Some(b'[') => {
                    self.at += 1;
                    self.skip_space();
                    if self.take(b']') {
                        Json::List(Vec::new())
                    } else {
                        open.push(Open::List(offset, Vec::new()));
                        self.check_depth(&open)?;
                        continue;
                    }
                }
                Some(b'{') => {
                    self.at += 1;
                    self.skip_space();
                    if self.take(b'}') {
                        Json::Fields(Vec::new())
                    } else {
                        let name = self.name()?;
                        open.push(Open::Fields(offset, Vec::new(), name));
                        self.check_depth(&open)?;
                        continue;
                    }
                }
                _ => self.scalar()?,
            };
            let mut begun = offset;
            // Gives the value to what is open around it, which may be whole then, and so on.
            loop {
                let node = Node {
                    offset: begun,
                    value: done,
                };
                let Some(around) = open.pop() else {
                    return Ok(node);
                };
                self.skip_space();
                match around {
                    Open::List(start, mut list) => {
                        list.push(node);
                        if self.take(b',') {
                            open.push(Open::List(start, list));
                            break;
                        }
                        if !self.take(b']') {
                            return Err(self.unexpected("after array element"));
                        }
                        (begun, done) = (start, Json::List(list));
                    }
                    Open::Fields(start, mut fields, name) => {
                        fields.push((name, node));
                        if self.take(b',') {
                            self.skip_space();
                            let name = self.name()?;
                            open.push(Open::Fields(start, fields, name));
                            break;
                        }
                        if !self.take(b'}') {
                            return Err(self.unexpected("after object key:value pair"));
                        }
                        (begun, done) = (start, Json::Fields(fields));
                    }
                }
            }
        }
    }

    fn check_depth(&self, open: &[Open]) -> Result<(), Malformed> {
        if open.len() > DEEPEST {
            return Err(self.wrong("exceeded max depth"));
        }
        Ok(())
    }

    /// A field's name and the colon.
    fn name(&mut self) -> Result<String, Malformed> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("looking for beginning of object key string"));
        }
        let name = self.string()?;
        self.skip_space();
        if !self.take(b':') {
            return Err(self.unexpected("after object key"));
        }
        Ok(name)
    }

    fn scalar(&mut self) -> Result<Json, Malformed> {
        match self.peek() {
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Json::Bool(true)),
            Some(b'f') => self.literal("false", Json::Bool(false)),
            Some(b'n') => self.literal("null", Json::Null),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn literal(&mut self, word: &str, value: Json) -> Result<Json, Malformed> {
        for letter in word.bytes() {
            if !self.take(letter) {
                let expected = char::from(letter);
                let context = format!("in literal {word} (expecting '{expected}')");
                return Err(self.unexpected(&context));
            }
        }
        Ok(value)
    }

    fn digits(&mut self) -> bool {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at > start
    }

    fn number(&mut self) -> Result<Json, Malformed> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') && !self.digits() {
            return Err(self.unexpected("in numeric literal"));
        }
        if self.take(b'.') && !self.digits() {
            return Err(self.unexpected("after decimal point in numeric literal"));
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            if !self.digits() {
                return Err(self.unexpected("in exponent of numeric literal"));
            }
        }
        let written = self.text.get(start..self.at).unwrap_or_default();
        Ok(Json::Number(String::from_utf8_lossy(written).into_owned()))
    }

    /// A string, of which the opening quote is here.
    fn string(&mut self) -> Result<String, Malformed> {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    // What is not UTF-8 becomes a replacement character, as in Go.
                    return Ok(String::from_utf8_lossy(&bytes).into_owned());
                }
                Some(b'\\') => {
                    self.at += 1;
                    let mut buffer = [0; 4];
                    bytes.extend_from_slice(self.escape()?.encode_utf8(&mut buffer).as_bytes());
                }
                Some(byte) if byte >= 0x20 => {
                    bytes.push(byte);
                    self.at += 1;
                }
                _ => return Err(self.unexpected("in string literal")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Malformed> {
        let escaped = match self.peek() {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(byte @ (b'\\' | b'/' | b'"')) => char::from(byte),
            Some(b'u') => {
                self.at += 1;
                return self.unicode();
            }
            _ => return Err(self.unexpected("in string escape code")),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn unicode(&mut self) -> Result<char, Malformed> {
        let first = self.hex()?;
        if !(0xd800..0xdc00).contains(&first) {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let back = self.at;
        if self.take(b'\\') && self.take(b'u') {
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let joined = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = back;
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn hex(&mut self) -> Result<u32, Malformed> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected("in \\u hexadecimal character escape"));
            };
            value = value * 16 + digit;
            self.at += 1;
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mistake(text: &str) -> String {
        first(text.as_bytes()).unwrap_err().text
    }

    #[test]
    fn mistakes_have_the_words_of_go() {
        for (text, expected) in [
            ("", "EOF"),
            (" \n", "EOF"),
            ("{\"a\":", "unexpected EOF"),
            ("[1,", "unexpected EOF"),
            ("\"a", "unexpected EOF"),
            (
                "{bad}",
                "invalid character 'b' looking for beginning of object key string",
            ),
            (
                "{\"a\":1,}",
                "invalid character '}' looking for beginning of object key string",
            ),
            ("{\"a\" 1}", "invalid character '1' after object key"),
            (
                "{\"a\":1 2}",
                "invalid character '2' after object key:value pair",
            ),
            ("[1 2]", "invalid character '2' after array element"),
            (
                "[,]",
                "invalid character ',' looking for beginning of value",
            ),
            (
                "nul!",
                "invalid character '!' in literal null (expecting 'l')",
            ),
            ("-x", "invalid character 'x' in numeric literal"),
            (
                "1.x",
                "invalid character 'x' after decimal point in numeric literal",
            ),
            (
                "1ex",
                "invalid character 'x' in exponent of numeric literal",
            ),
            ("\"\\x\"", "invalid character 'x' in string escape code"),
            (
                "\"\\u00g0\"",
                "invalid character 'g' in \\u hexadecimal character escape",
            ),
            ("\"a\nb\"", "invalid character '\\n' in string literal"),
            (
                "'",
                "invalid character '\\'' looking for beginning of value",
            ),
            ("\"a\u{1}\"", "invalid character '\\x01' in string literal"),
        ] {
            assert_eq!(mistake(text), expected, "{text:?}");
        }
        assert_eq!(mistake(&"[".repeat(20_000)), "exceeded max depth");
    }

    #[test]
    fn the_first_value_alone_is_read_and_numbers_stay_as_they_are_written() {
        for (text, expected) in [("1e3 x", "1e3"), ("12abc", "12"), ("-0.50,", "-0.50")] {
            let node = first(text.as_bytes()).unwrap();
            assert_eq!(node.value, Json::Number(expected.to_owned()));
        }
        let node = first(b" {\"a\":[null]} {bad").unwrap();
        assert_eq!(node.offset, 1);
        assert_eq!(node.value.plain(), serde_json::json!({"a": [null]}));
    }

    #[test]
    fn escapes_are_read_and_lone_halves_replaced() {
        let text = |text: &str| first(text.as_bytes()).unwrap().value;
        assert_eq!(
            text(r#""\u00e9\n\ud83c\udfe8""#),
            Json::Text("é\n🏨".into())
        );
        assert_eq!(text(r#""\ud83cx""#), Json::Text("\u{fffd}x".into()));
        assert_eq!(text(r#""\ud83c\u0041""#), Json::Text("\u{fffd}A".into()));
    }

    proptest! {
        #[test]
        fn whatever_it_is_it_is_read_or_refused(text in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = first(&text);
        }

        #[test]
        fn what_another_parser_takes_is_taken_alike(text in r#"[\[\]{}",:0-9a-e.\\ -]{0,12}"#) {
            if let Ok(value) = serde_json::from_str::<serde_json::Value>(&text) {
                let plain = first(text.as_bytes()).unwrap().value.plain();
                prop_assert_eq!(plain, value);
            }
        }
    }
}
