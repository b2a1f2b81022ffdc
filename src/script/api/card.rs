//! The check digits of cards: a number goes in, the same with the last digit that belongs to it comes out.

/// The number of a card with its check digit as the last one (Luhn, US patent 2950048). The `fake` crate's own is wrong for
/// numbers of an odd length.
pub fn checked(mut number: String) -> String {
    number.pop();
    let digits = number.chars().rev().filter_map(|sign| sign.to_digit(10));
    let sum: u32 = digits
        .enumerate()
        .map(|(at, digit)| match at % 2 {
            0 => digit * 2 / 10 + digit * 2 % 10,
            _ => digit,
        })
        .sum();
    number.extend(char::from_digit((10 - sum % 10) % 10, 10));
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_gets_the_check_digit_that_belongs_to_it() {
        for number in ["4111111111111111", "378282246310005", "79927398713"] {
            let wrong = format!("{}x", &number[..number.len() - 1]);
            assert_eq!(checked(wrong), number);
        }
    }
}
