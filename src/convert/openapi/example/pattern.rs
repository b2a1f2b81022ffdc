//! A text that a regular expression matches: the plainest one, as long as it must be.
//!
//! The common part of ECMAScript's expressions is understood: literals, classes, groups, alternatives, repetitions, anchors.
//! What comes out is put to the test with a real engine, so a text that does not match is never given.

use std::iter::Peekable;
use std::str::Chars;

/// How much longer open repetitions are tried.
const STRETCHES: [usize; 9] = [0, 1, 2, 4, 8, 16, 32, 64, 256];

/// Steps of writing one text, and groups in each other, at most.
const STEPS: usize = 20_000;
const DEEPEST: usize = 32;

/// A text that matches and has as many characters; `None` if none is found.
pub fn example(pattern: &str, least: usize, most: usize) -> Option<String> {
    let tester = regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .build()
        .ok()?;
    let expression = Reader {
        rest: pattern.chars().peekable(),
    }
    .alternatives(0)?;
    STRETCHES.iter().find_map(|stretch| {
        let mut text = String::new();
        expression.write(&mut text, *stretch, &mut 0)?;
        let length = text.chars().count();
        (length >= least && length <= most && tester.is_match(&text)).then_some(text)
    })
}

/// An expression.
enum Node {
    Literal(char),
    Sequence(Vec<Node>),
    Repeated {
        node: Box<Node>,
        least: usize,
        most: Option<usize>,
    },
}

impl Node {
    /// Writes what matches; `None` if that takes too long.
    fn write(&self, text: &mut String, stretch: usize, steps: &mut usize) -> Option<()> {
        *steps += 1;
        if *steps > STEPS {
            return None;
        }
        match self {
            Self::Literal(character) => text.push(*character),
            Self::Sequence(nodes) => {
                for node in nodes {
                    node.write(text, stretch, steps)?;
                }
            }
            Self::Repeated { node, least, most } => {
                let more = least.saturating_add(stretch);
                for _ in 0..most.map_or(more, |most| more.min(most)) {
                    node.write(text, stretch, steps)?;
                }
            }
        }
        Some(())
    }
}

struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
}

impl Reader<'_> {
    /// Of several alternatives the first.
    fn alternatives(&mut self, depth: usize) -> Option<Node> {
        if depth > DEEPEST {
            return None;
        }
        let first = self.sequence(depth)?;
        while self.rest.next_if_eq(&'|').is_some() {
            self.sequence(depth)?;
        }
        Some(first)
    }

    fn sequence(&mut self, depth: usize) -> Option<Node> {
        let mut nodes = Vec::new();
        while let Some(&character) = self.rest.peek() {
            if matches!(character, '|' | ')') {
                break;
            }
            self.rest.next();
            let node = match character {
                '^' | '$' => continue,
                '(' => self.group(depth)?,
                '[' => Node::Literal(self.class()?),
                '.' => Node::Literal('a'),
                '\\' => match self.escape()? {
                    Some(character) => Node::Literal(character),
                    None => continue,
                },
                other => Node::Literal(other),
            };
            nodes.push(self.repeated(node)?);
        }
        Some(Node::Sequence(nodes))
    }

    fn group(&mut self, depth: usize) -> Option<Node> {
        let mut looks = false;
        if self.rest.next_if_eq(&'?').is_some() {
            match self.rest.next()? {
                ':' => {}
                '=' | '!' => looks = true,
                '<' | 'P' => {
                    // A name, unless it looks behind.
                    self.rest.next_if_eq(&'<');
                    looks = matches!(self.rest.peek(), Some('=' | '!'));
                    if !looks {
                        self.rest.by_ref().find(|character| *character == '>')?;
                    }
                }
                _ => return None,
            }
        }
        let inner = self.alternatives(depth + 1)?;
        self.rest.next_if_eq(&')')?;
        Some(if looks {
            Node::Sequence(Vec::new())
        } else {
            inner
        })
    }

    /// A character of a class, a letter or digit if there is one.
    fn class(&mut self) -> Option<char> {
        let negated = self.rest.next_if_eq(&'^').is_some();
        let mut ranges: Vec<(char, char)> = Vec::new();
        loop {
            let first = match self.rest.next()? {
                ']' if !ranges.is_empty() || negated => break,
                '\\' => self.escape()??,
                '[' if self.rest.peek() == Some(&':') => return None,
                other => other,
            };
            if self.rest.next_if_eq(&'-').is_none() {
                ranges.push((first, first));
                continue;
            }
            match self.rest.peek() {
                Some(']') => ranges.extend([(first, first), ('-', '-')]),
                _ => {
                    let last = match self.rest.next()? {
                        '\\' => self.escape()??,
                        other => other,
                    };
                    ranges.push((first, last));
                }
            }
        }
        let holds = |character: char| {
            ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&character))
                != negated
        };
        let plain = ('a'..='z').chain('A'..='Z').chain('1'..='9').chain(['0']);
        let first = (!negated)
            .then(|| ranges.first().map(|(first, _)| *first))
            .flatten();
        plain
            .chain(['-', '_', ' ', '.', '/'])
            .find(|character| holds(*character))
            .or(first)
    }

    /// A character that an escape stands for; the inner `None` for one of no width.
    fn escape(&mut self) -> Option<Option<char>> {
        Some(match self.rest.next()? {
            'd' => Some('1'),
            'w' | 'D' | 'S' => Some('a'),
            's' | 'W' => Some(' '),
            'b' | 'B' | 'A' | 'z' | 'Z' => None,
            'n' => Some('\n'),
            'r' => Some('\r'),
            't' => Some('\t'),
            'p' | 'P' | 'u' | 'x' | 'k' | '1'..='9' => return None,
            other => Some(other),
        })
    }

    fn repeated(&mut self, node: Node) -> Option<Node> {
        let (least, most) = match self.rest.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => {
                self.rest.next();
                let inner: String = self
                    .rest
                    .by_ref()
                    .take_while(|character| *character != '}')
                    .collect();
                let bounds = match inner.split_once(',') {
                    None => {
                        let times = inner.parse().ok()?;
                        (times, Some(times))
                    }
                    Some((least, "")) => (least.parse().ok()?, None),
                    Some((least, most)) => (least.parse().ok()?, Some(most.parse().ok()?)),
                };
                self.rest.next_if_eq(&'?');
                return Some(Node::Repeated {
                    node: Box::new(node),
                    least: bounds.0,
                    most: bounds.1,
                });
            }
            _ => return Some(node),
        };
        self.rest.next();
        // Lazy or not is all the same here.
        self.rest.next_if_eq(&'?');
        Some(Node::Repeated {
            node: Box::new(node),
            least,
            most,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_plainest_text_that_matches() {
        for (pattern, least, most, expected) in [
            ("^[A-Z]{3}-\\d{4}$", 0, 99, Some("AAA-1111")),
            ("^\\+?[1-9]\\d{1,14}$", 0, 99, Some("11")),
            ("^(EUR|USD)$", 0, 99, Some("EUR")),
            ("^[a-z0-9_-]+$", 6, 10, Some("aaaaaaaaa")),
            ("^(?:ab)*c?$", 4, 99, Some("ababc")),
            ("^[^/]+\\.pdf$", 0, 99, Some("a.pdf")),
            ("^(?<year>\\d{4})$", 0, 99, Some("1111")),
            ("^R\\d{8}$", 0, 3, None),
            ("^(a", 0, 9, None),
            ("^a{2", 0, 9, None),
            ("", 0, 9, Some("")),
        ] {
            assert_eq!(
                example(pattern, least, most).as_deref(),
                expected,
                "{pattern}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_given_always_matches(pattern in "[a-c\\[\\]()|?*+.^${},\\\\d0-9-]{0,20}") {
            if let Some(text) = example(&pattern, 0, 100) {
                prop_assert!(regex::Regex::new(&pattern).unwrap().is_match(&text));
            }
        }
    }
}
