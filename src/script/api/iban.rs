//! Bank account numbers whose check digits are right and that belong to nobody in particular.

use rand::RngExt;
use rand::rngs::SmallRng;

/// How the account part of a country's numbers is made up: so many letters (a), digits (n) or either (c).
const COUNTRIES: &[(&str, &str)] = &[
    ("AT", "16n"),
    ("BE", "12n"),
    ("CH", "5n12c"),
    ("CZ", "20n"),
    ("DE", "18n"),
    ("DK", "14n"),
    ("ES", "20n"),
    ("FI", "14n"),
    ("FR", "10n11c2n"),
    ("GB", "4a14n"),
    ("IE", "4a14n"),
    ("IT", "1a10n12c"),
    ("LU", "3n13c"),
    ("NL", "4a10n"),
    ("NO", "11n"),
    ("PL", "24n"),
    ("PT", "21n"),
    ("SE", "20n"),
];

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8] = b"0123456789";
const EITHER: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// The countries that there are.
pub fn countries() -> impl Iterator<Item = &'static str> {
    COUNTRIES.iter().map(|(country, _)| *country)
}

/// A number of a country; nothing if it is not known here.
pub fn of_country(country: &str, rng: &mut SmallRng) -> Option<String> {
    let (country, pattern) = COUNTRIES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(country))?;
    let mut account = String::new();
    let mut count = 0_usize;
    for sign in pattern.chars() {
        let alphabet = match sign {
            'a' => LETTERS,
            'n' => DIGITS,
            'c' => EITHER,
            digit => {
                count = count * 10 + digit.to_digit(10).unwrap_or_default() as usize;
                continue;
            }
        };
        for _ in 0..count {
            let at = rng.random_range(0..alphabet.len());
            account.extend(alphabet.get(at).map(|letter| char::from(*letter)));
        }
        count = 0;
    }
    let check = 98 - remainder(&format!("{account}{country}00"));
    Some(format!("{country}{check:02}{account}"))
}

/// A number modulo 97, letters counting from 10 (ISO 7064).
fn remainder(text: &str) -> u32 {
    text.chars()
        .filter_map(|sign| sign.to_digit(36))
        .fold(0, |rest, digit| {
            let shift = if digit < 10 { 10 } else { 100 };
            (rest * shift + digit) % 97
        })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    fn is_valid(iban: &str) -> bool {
        let (head, account) = iban.split_at(4);
        remainder(&format!("{account}{head}")) == 1
    }

    #[test]
    fn the_check_digits_are_right() {
        // The examples of the standard's registry.
        for iban in [
            "DE89370400440532013000",
            "GB29NWBK60161331926819",
            "FR1420041010050500013M02606",
        ] {
            assert!(is_valid(iban), "{iban}");
        }
        let mut rng = SmallRng::seed_from_u64(1);
        for country in countries() {
            let iban = of_country(country, &mut rng).unwrap();
            assert!(is_valid(&iban), "{iban}");
        }
        assert_eq!(of_country("de", &mut rng).unwrap().len(), 22);
        assert_eq!(of_country("XX", &mut rng), None);
    }
}
