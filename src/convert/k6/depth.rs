//! How deeply a source nests, told before anything recurses over it.
//!
//! The parser goes down a stack for each bracket, prefix and chained operator. This is a look at characters only, on the
//! safe side: it counts more than there is rather than less.

/// Levels that the parser's stack surely holds.
pub const DEEPEST: usize = 10_000;

/// A bracket that is open: how many chained operators and statements stand at its level.
#[derive(Default, Clone, Copy)]
struct Level {
    chain: usize,
    elses: usize,
}

/// The line on which the source nests more deeply than [`DEEPEST`].
pub fn too_deep(source: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut levels = vec![Level::default()];
    // The chains of all levels but the innermost.
    let mut below = 0_usize;
    let mut line = 1;
    let mut at = 0;
    // Whether a `/` here would begin a pattern.
    let mut operand_before = false;
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied().unwrap_or(0);
        let level = levels.last().copied().unwrap_or_default();
        let depth = levels.len() + below + level.chain + level.elses;
        if depth > DEEPEST {
            return Some(line);
        }
        match byte {
            b'\n' => line += 1,
            b'/' if next == b'/' => at = skip_to(bytes, at, b"\n") - 1,
            b'/' if next == b'*' => {
                let end = skip_to(bytes, at + 2, b"*/");
                line += lines(bytes, at, end);
                at = end + 1;
            }
            b'/' if !operand_before => {
                at = skip_quoted(bytes, at, b'/');
                operand_before = true;
            }
            b'"' | b'\'' => {
                at = skip_quoted(bytes, at, byte);
                operand_before = true;
            }
            b'(' | b'[' | b'{' => {
                below += level.chain + level.elses;
                levels.push(Level::default());
                operand_before = false;
            }
            b')' | b']' | b'}' => {
                if levels.len() > 1 {
                    levels.pop();
                    let outer = levels.last().copied().unwrap_or_default();
                    below = below.saturating_sub(outer.chain + outer.elses);
                }
                if byte == b'}'
                    && let Some(level) = levels.last_mut()
                {
                    level.chain = 0;
                }
                operand_before = byte != b'}';
            }
            b';' | b',' => {
                if let Some(level) = levels.last_mut() {
                    level.chain = 0;
                }
                operand_before = false;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | b'0'..=b'9' | 0x80.. => {
                let end = word_end(bytes, at);
                let word = bytes.get(at..end).unwrap_or_default();
                operand_before = true;
                if let Some(level) = levels.last_mut() {
                    match word {
                        b"else" => level.elses += 1,
                        b"if" | b"for" | b"while" | b"do" | b"with" | b"new" | b"await"
                        | b"typeof" | b"void" | b"delete" | b"yield" | b"async" | b"import" => {
                            level.chain += 1;
                        }
                        _ => {}
                    }
                }
                if matches!(
                    word,
                    b"return" | b"typeof" | b"case" | b"in" | b"of" | b"void" | b"delete" | b"else"
                ) {
                    operand_before = false;
                }
                at = end - 1;
            }
            b' ' | b'\t' | b'\r' | b'`' | b'.' => {}
            _ => {
                if let Some(level) = levels.last_mut() {
                    level.chain += 1;
                }
                operand_before = false;
            }
        }
        at += 1;
    }
    None
}

/// Where `end` begins from `at` on; the end of the source if it does not come.
fn skip_to(bytes: &[u8], at: usize, end: &[u8]) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.windows(end.len())
        .position(|window| window == end)
        .map_or(bytes.len(), |found| at + found)
}

fn lines(bytes: &[u8], from: usize, to: usize) -> usize {
    let part = bytes.get(from..to).unwrap_or_default();
    part.iter().filter(|byte| **byte == b'\n').count()
}

/// Where what a quote opens ends: at the same quote, or before the line does.
fn skip_quoted(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut end = at + 1;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'\\' => end += 1,
            b'\n' => return end - 1,
            _ if byte == quote => return end,
            _ => {}
        }
        end += 1;
    }
    end
}

fn word_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..);
    at + rest.iter().take_while(|byte| is_word(byte)).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_is_found_and_what_repeats_is_not() {
        let many = 2 * DEEPEST;
        for nested in [
            "(".repeat(many),
            "[".repeat(many),
            "!".repeat(many),
            "x=>".repeat(many),
            "a?b:".repeat(many),
            "if(a)".repeat(many),
            "if(a){}else ".repeat(many),
            "new ".repeat(many),
            "a=".repeat(many),
            "-(".repeat(many),
        ] {
            assert_eq!(too_deep(&nested), Some(1), "{}", nested.get(..20).unwrap());
        }
        for flat in [
            "f(a);\n".repeat(many),
            "if(a){b()}\n".repeat(many),
            "x = a ? b : c;".repeat(many),
            "'((('; /[(]/.test(x); // ((\n".repeat(many),
            "/* ( */ `(${x})`;".repeat(many),
            "{\"a\":1},".repeat(many),
        ] {
            assert_eq!(too_deep(&flat), None, "{}", flat.get(..10).unwrap());
        }
    }

    #[test]
    fn the_line_is_told() {
        let source = format!("a();\nb('x');\n{}", "[".repeat(DEEPEST + 1));
        assert_eq!(too_deep(&source), Some(3));
    }
}
