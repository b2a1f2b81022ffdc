//! Patterns in which `*` stands for anything.

/// Whether the whole text is as the pattern says.
pub fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // The last star, and how far it reaches.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if Some(byte) == text.get(t) => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, reach)) = star else {
                    return false;
                };
                star = Some((at, reach + 1));
                p = at + 1;
                t = reach + 1;
            }
        }
    }
    pattern
        .get(p..)
        .is_none_or(|rest| rest.iter().all(|byte| *byte == b'*'))
}

/// Whether a path is the pattern's, or lies below it.
pub fn matches_path(pattern: &str, path: &str) -> bool {
    if matches(pattern.as_bytes(), path.as_bytes()) {
        return true;
    }
    let above = pattern.strip_suffix('/').unwrap_or(pattern);
    let is_below = |(at, _): (usize, char)| {
        path.get(..at)
            .is_some_and(|start| matches(above.as_bytes(), start.as_bytes()))
    };
    !above.is_empty() && path.char_indices().filter(|(_, c)| *c == '/').any(is_below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "anything"),
            ("a*", "a"),
            ("a*c", "abbc"),
            ("*b*", "abc"),
            ("*ab", "aab"),
            ("a**c", "ac"),
        ] {
            assert!(
                matches(pattern.as_bytes(), text.as_bytes()),
                "{pattern} {text}"
            );
        }
        for (pattern, text) in [("", "a"), ("a", "ab"), ("a*c", "abcd"), ("*x*", "abc")] {
            assert!(
                !matches(pattern.as_bytes(), text.as_bytes()),
                "{pattern} {text}"
            );
        }
    }

    #[test]
    fn a_path_covers_what_lies_below_it() {
        for path in ["/api", "/api/", "/api/rooms"] {
            assert!(matches_path("/api", path), "{path}");
        }
        assert!(matches_path("/api/", "/api/rooms"));
        assert!(!matches_path("/api", "/apis"));
        assert!(matches_path("/rooms/*/price", "/rooms/7/price/net"));
        assert!(!matches_path("/rooms/*/price", "/rooms/7"));
        assert!(matches_path("*.json", "/a/b.json"));
        assert!(matches_path("/", "/") && !matches_path("/", "/api"));
    }

    #[test]
    fn many_stars_take_no_long_time() {
        let pattern = "*a".repeat(30);
        let text = "a".repeat(20_000) + "b";
        assert!(!matches(pattern.as_bytes(), text.as_bytes()));
    }
}
