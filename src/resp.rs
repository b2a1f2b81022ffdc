//! The protocol of Redis, its second version: how commands are written.

/// A command as it goes over the wire.
pub fn command(words: &[&str]) -> String {
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_written_with_the_lengths_of_its_words() {
        assert_eq!(
            command(&["GET", "köln"]),
            "*2\r\n$3\r\nGET\r\n$5\r\nköln\r\n"
        );
    }
}
