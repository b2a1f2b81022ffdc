//! Words of a shell.

/// Words as one line that a shell would take apart into them again.
pub fn join(words: &[String]) -> String {
    let quote = |word: &String| format!("'{}'", word.replace('\'', "'\\''"));
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}
