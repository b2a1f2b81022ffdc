//! The token that lets somebody in, and who guesses at it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use subtle::ConstantTimeEq;

/// The fewest characters of a token that somebody chose.
pub const SHORTEST: usize = 16;
/// Wrong guesses of one address in [`SPAN`]; after these nothing is looked at any more.
const GUESSES: u32 = 10;
/// Addresses that are counted one by one.
const ADDRESSES: usize = 4_096;
const SPAN: Duration = Duration::from_secs(60);

/// A secret that is compared in a time that tells nothing.
#[derive(Clone)]
pub struct Token(String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(…)")
    }
}

/// A token that could be guessed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a token needs {SHORTEST} characters at least, letters and digits or -._~")]
pub struct TooShort;

impl Token {
    /// One that nobody has chosen, of 128 bits.
    pub fn random() -> Self {
        Self(crate::hex::encode(&rand::random::<[u8; 16]>()))
    }

    /// One that somebody chose.
    ///
    /// # Errors
    /// When it is short, or would not stand in a URL as it is.
    pub fn chosen(text: &str) -> Result<Self, TooShort> {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
        if text.len() < SHORTEST || !text.chars().all(is_plain) {
            return Err(TooShort);
        }
        Ok(Self(text.to_owned()))
    }

    /// Whether that is it.
    pub fn is(&self, guess: &str) -> bool {
        // Digests are of one length, so that also the length tells nothing.
        let hash = |text: &str| digest(&SHA256, text.as_bytes());
        hash(&self.0).as_ref().ct_eq(hash(guess).as_ref()).into()
    }

    /// For the URL that is printed once.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Counts wrong guesses.
#[derive(Debug)]
pub struct Guesses {
    since: Instant,
    by_address: HashMap<IpAddr, u32>,
    /// By addresses beyond those that are counted one by one.
    others: u32,
}

impl Guesses {
    pub fn new(now: Instant) -> Self {
        Self {
            since: now,
            by_address: HashMap::new(),
            others: 0,
        }
    }

    fn turn(&mut self, now: Instant) {
        if now.saturating_duration_since(self.since) >= SPAN {
            *self = Self::new(now);
        }
    }

    /// Whether this address has guessed too often of late.
    pub fn is_enough(&mut self, from: IpAddr, now: Instant) -> bool {
        self.turn(now);
        match self.by_address.get(&from) {
            Some(count) => *count >= GUESSES,
            None => self.by_address.len() >= ADDRESSES && self.others >= GUESSES,
        }
    }

    /// It guessed wrong.
    pub fn note(&mut self, from: IpAddr, now: Instant) {
        self.turn(now);
        if let Some(count) = self.by_address.get_mut(&from) {
            *count = count.saturating_add(1);
        } else if self.by_address.len() < ADDRESSES {
            self.by_address.insert(from, 1);
        } else {
            self.others = self.others.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_token_is_itself_and_nothing_else() {
        let token = Token::random();
        assert_eq!(token.text().len(), 32);
        assert!(token.is(token.text()));
        for wrong in ["", "0", &token.text()[1..], &format!("{} ", token.text())] {
            assert!(!token.is(wrong), "{wrong}");
        }
        assert_ne!(Token::random().text(), token.text());
        assert!(!format!("{token:?}").contains(token.text()));
    }

    #[test]
    fn a_chosen_token_is_long_and_stands_in_a_url() {
        assert!(Token::chosen("0123456789abcdef").is_ok());
        for bad in [
            "",
            "short",
            "0123456789abcde#",
            "0123456789 abcdef",
            "ééééééééé",
        ] {
            assert!(Token::chosen(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn who_guesses_too_often_waits_and_nobody_else_does() {
        let now = Instant::now();
        let mut guesses = Guesses::new(now);
        let address = |last: u8| IpAddr::V4(Ipv4Addr::new(10, 0, 0, last));
        for _ in 0..GUESSES {
            assert!(!guesses.is_enough(address(1), now));
            guesses.note(address(1), now);
        }
        assert!(guesses.is_enough(address(1), now));
        assert!(!guesses.is_enough(address(2), now));
        assert!(!guesses.is_enough(address(1), now + SPAN));
    }

    #[test]
    fn many_addresses_take_no_more_memory_and_no_more_guesses() {
        let now = Instant::now();
        let mut guesses = Guesses::new(now);
        for number in 0..100_000u32 {
            guesses.note(IpAddr::V4(Ipv4Addr::from(number)), now);
        }
        assert_eq!(guesses.by_address.len(), ADDRESSES);
        assert!(guesses.is_enough(IpAddr::V4(Ipv4Addr::from(200_000)), now));
    }
}
