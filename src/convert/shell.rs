//! Words of shells: a command line taken apart as bash or Windows' cmd would, and put together.

/// Words of one command, with the line on which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub line: usize,
    pub words: Vec<String>,
}

/// A quote that is never closed, or a text that ends in the middle of an escape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbalanced {
    /// Where the quote was opened.
    pub line: usize,
    pub quote: char,
}

/// Words as one line that a shell would take apart into them again.
pub fn join(words: &[String]) -> String {
    let quote = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}

/// Takes commands apart. Those of cmd are known by the carets with which they quote.
///
/// # Errors
/// When a quote is not closed.
pub fn split(text: &str) -> Result<Vec<Command>, Unbalanced> {
    let text = text.replace("\r\n", "\n");
    if text.contains("^\"") || text.contains("^\n") {
        Splitter::new(&without_carets(&text), true).split()
    } else {
        Splitter::new(&text, false).split()
    }
}

/// What cmd hands to a program: a caret makes the next character an ordinary one, and joins lines.
fn without_carets(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        if character != '^' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            // A line feed is written as two, the first of them quoted.
            Some('\n') if characters.peek() == Some(&'\n') => {
                characters.next();
                plain.push('\n');
            }
            Some('\n') | None => plain.push(' '),
            Some(other) => plain.push(other),
        }
    }
    plain
}

struct Splitter<'a> {
    characters: std::iter::Peekable<std::str::Chars<'a>>,
    /// As Windows' programs read their arguments.
    windows: bool,
    line: usize,
    commands: Vec<Command>,
    words: Vec<String>,
    began: usize,
    /// The word in the making; an empty one may have been quoted.
    word: Option<String>,
    /// Whether the next word is a file that something is read from or written to.
    is_file: bool,
}

impl<'a> Splitter<'a> {
    fn new(text: &'a str, windows: bool) -> Self {
        Self {
            characters: text.chars().peekable(),
            windows,
            line: 1,
            commands: Vec::new(),
            words: Vec::new(),
            began: 1,
            word: None,
            is_file: false,
        }
    }

    fn next(&mut self) -> Option<char> {
        let character = self.characters.next();
        self.line += usize::from(character == Some('\n'));
        character
    }

    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take() {
            if std::mem::take(&mut self.is_file) {
                return;
            }
            if self.words.is_empty() {
                self.began = self.line;
            }
            self.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.is_file = false;
        let words = std::mem::take(&mut self.words);
        if !words.is_empty() {
            self.commands.push(Command {
                line: self.began,
                words,
            });
        }
    }

    fn split(mut self) -> Result<Vec<Command>, Unbalanced> {
        while let Some(character) = self.next() {
            match character {
                '"' => self.double()?,
                '\'' if !self.windows => self.single()?,
                '$' if !self.windows && self.characters.peek() == Some(&'\'') => {
                    self.next();
                    self.ansi()?;
                }
                '\\' if self.windows && self.characters.peek() != Some(&'"') => self.push('\\'),
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(other) => self.push(other),
                },
                '#' if self.word.is_none() && !self.windows => {
                    while self.characters.peek().is_some_and(|c| *c != '\n') {
                        self.next();
                    }
                }
                '\n' => {
                    // Counted already; a command ends on the line before.
                    self.line -= 1;
                    self.end_command();
                    self.line += 1;
                }
                // `2>/dev/null`, `> file`, `<<EOF`: what stands before it may be the number of a stream.
                '>' | '<' if !self.windows => {
                    let is_stream = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
                    if self.word.as_ref().is_some_and(is_stream) {
                        self.word = None;
                    }
                    self.end_word();
                    while self.characters.peek().is_some_and(|c| ">&<|-".contains(*c)) {
                        self.next();
                    }
                    self.is_file = true;
                }
                ';' | '|' | '&' => self.end_command(),
                other if other.is_whitespace() => self.end_word(),
                other => self.push(other),
            }
        }
        self.end_command();
        Ok(self.commands)
    }

    fn single(&mut self) -> Result<(), Unbalanced> {
        let line = self.line;
        self.word.get_or_insert_default();
        loop {
            match self.next() {
                Some('\'') => return Ok(()),
                Some(other) => self.push(other),
                None => return Err(Unbalanced { line, quote: '\'' }),
            }
        }
    }

    fn double(&mut self) -> Result<(), Unbalanced> {
        let line = self.line;
        self.word.get_or_insert_default();
        loop {
            match self.next() {
                Some('"') if self.windows && self.characters.peek() == Some(&'"') => {
                    self.next();
                    self.push('"');
                }
                Some('"') => return Ok(()),
                Some('\\') => match self.characters.peek() {
                    Some('"' | '\\') => {
                        let next = self.next();
                        next.into_iter().for_each(|c| self.push(c));
                    }
                    Some('$' | '`') if !self.windows => {
                        let next = self.next();
                        next.into_iter().for_each(|c| self.push(c));
                    }
                    Some('\n') if !self.windows => {
                        self.next();
                    }
                    _ => self.push('\\'),
                },
                Some(other) => self.push(other),
                None => return Err(Unbalanced { line, quote: '"' }),
            }
        }
    }

    /// `$'…'`, with the escapes of C.
    fn ansi(&mut self) -> Result<(), Unbalanced> {
        let line = self.line;
        let open = Unbalanced { line, quote: '\'' };
        self.word.get_or_insert_default();
        loop {
            match self.next() {
                Some('\'') => return Ok(()),
                Some('\\') => {
                    let escaped = self.next().ok_or_else(|| open.clone())?;
                    let character = match escaped {
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'a' => '\u{7}',
                        'b' => '\u{8}',
                        'e' | 'E' => '\u{1b}',
                        'f' => '\u{c}',
                        'v' => '\u{b}',
                        '0'..='7' => self.code(8, 2, escaped.to_digit(8)),
                        'x' => self.code(16, 2, None),
                        'u' => self.code(16, 4, None),
                        'U' => self.code(16, 8, None),
                        other => other,
                    };
                    self.push(character);
                }
                Some(other) => self.push(other),
                None => return Err(open),
            }
        }
    }

    /// A character by its number, of at most so many digits.
    fn code(&mut self, base: u32, digits: usize, first: Option<u32>) -> char {
        let mut number = first.unwrap_or(0);
        for _ in 0..digits {
            let Some(digit) = self.characters.peek().and_then(|c| c.to_digit(base)) else {
                break;
            };
            self.next();
            number = number.wrapping_mul(base).wrapping_add(digit);
        }
        char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        let commands = split(text).unwrap();
        commands.into_iter().map(|command| command.words).collect()
    }

    #[test]
    fn bash_is_taken_apart() {
        assert_eq!(
            words("curl 'a b' \"c\\\"d\" $'e\\n\\u0041\\'' \\\n  -H x # no\ncurl y; curl z"),
            [
                vec!["curl", "a b", "c\"d", "e\nA'", "-H", "x"],
                vec!["curl", "y"],
                vec!["curl", "z"]
            ]
        );
    }

    #[test]
    fn cmd_is_taken_apart() {
        assert_eq!(
            words(
                "curl ^\"http://h/?a=1^&b=2^\" ^\r\n  -H ^\"x: y^\" ^\r\n  --data-raw ^\"^{^\\^\"a^\\^\":1^}^\""
            ),
            [vec![
                "curl",
                "http://h/?a=1&b=2",
                "-H",
                "x: y",
                "--data-raw",
                "{\"a\":1}"
            ]]
        );
    }

    #[test]
    fn an_open_quote_is_told_with_its_line() {
        let open = split("curl x\ncurl 'y").unwrap_err();
        assert_eq!((open.line, open.quote), (2, '\''));
    }

    proptest! {
        #[test]
        fn what_is_joined_comes_apart_again(given in proptest::collection::vec("[^^]*", 1..5)) {
            // The line ends of Windows are read as line feeds, also within quotes.
            let given: Vec<String> = given.into_iter().map(|word| word.replace('\r', "")).collect();
            let apart = split(&join(&given)).unwrap();
            prop_assert_eq!(&apart[0].words, &given);
        }

        #[test]
        fn nothing_makes_it_fall_over(text in ".*") {
            let _ = split(&text);
        }
    }
}
