//! What a text may be about, told from its name and its owner's: `first_name`, `guestEmail`, the `name` of a `User`.

/// How a text is made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fake {
    pub code: &'static str,
    /// A text such as it gives.
    pub like: &'static str,
    /// Characters that it has at least and at most.
    pub length: (usize, usize),
}

/// What stands for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    Fake(Fake),
    /// Always the same.
    Same(&'static str),
}

const fn fake(code: &'static str, like: &'static str, least: usize, most: usize) -> Fake {
    Fake {
        code,
        like,
        length: (least, most),
    }
}

pub const EMAIL: Fake = fake("fake::email()", "ada.lovelace17@example.com", 14, 64);
pub const UUID: Fake = fake(
    "random::uuid()",
    "936da01f-9abd-4d9d-80c7-02af85c822a8",
    36,
    36,
);
pub const WORD: Fake = fake("fake::word()", "lorem", 1, 16);
const WORDS: Fake = fake("fake::words(3)", "lorem ipsum dolor", 5, 50);
const SENTENCE: Fake = fake("fake::sentence()", "Lorem ipsum dolor sit amet.", 10, 200);
const NAME: Fake = fake("fake::name()", "Ada Lovelace", 4, 50);
const FIRST_NAME: Fake = fake("fake::first_name()", "Ada", 2, 20);
const LAST_NAME: Fake = fake("fake::last_name()", "Lovelace", 2, 25);
const PHONE: Fake = fake("fake::phone()", "+1 202 555 0117", 7, 30);
const CITY: Fake = fake("fake::city()", "Springfield", 3, 50);
const STREET: Fake = fake("fake::street()", "17 Main Street", 5, 60);
const ZIP: Fake = fake("fake::zip()", "12345", 4, 12);
const COMPANY: Fake = fake("fake::company()", "Lovelace and Sons", 3, 60);
const USERNAME: Fake = fake("fake::username()", "ada.lovelace", 3, 40);
const PASSWORD: Fake = fake("fake::password(16)", "aB3dE5gH7jK9mN1p", 16, 16);
const JOB: Fake = fake("fake::job()", "Engineer", 3, 60);
const IBAN: Fake = fake("fake::iban()", "DE89370400440532013000", 22, 22);
const CARD: Fake = fake("fake::credit_card()", "4111111111111111", 12, 19);
const DATE: Fake = fake("time::date(7)", "2031-05-02", 10, 10);
const INSTANT: Fake = fake("time::iso()", "2031-05-02T09:30:00Z", 20, 30);

/// Whose `name` is that of a person.
const PEOPLE: [&str; 20] = [
    "user",
    "customer",
    "guest",
    "person",
    "contact",
    "author",
    "owner",
    "employee",
    "patient",
    "member",
    "client",
    "recipient",
    "sender",
    "driver",
    "student",
    "teacher",
    "applicant",
    "holder",
    "traveler",
    "passenger",
];

/// What a name tells about a text.
pub fn hint(name: &str, owner: &str) -> Option<Hint> {
    let words = words(name);
    let ends = |end: &[&str]| {
        words.len() >= end.len()
            && words
                .iter()
                .rev()
                .zip(end.iter().rev())
                .all(|(word, end)| word == end)
    };
    let last = words.last().map(String::as_str)?;
    let person = || {
        let owners = self::words(owner);
        words
            .iter()
            .chain(&owners)
            .any(|word| PEOPLE.contains(&word.as_str()))
    };
    let found = match last {
        "email" | "mail" => EMAIL,
        "firstname" | "forename" | "givenname" => FIRST_NAME,
        "lastname" | "surname" | "familyname" => LAST_NAME,
        "username" | "login" | "nickname" | "handle" => USERNAME,
        "fullname" => NAME,
        "name" if ends(&["first", "name"]) || ends(&["given", "name"]) => FIRST_NAME,
        "name" if ends(&["last", "name"]) || ends(&["family", "name"]) => LAST_NAME,
        "name" if ends(&["user", "name"]) => USERNAME,
        "name" if ends(&["full", "name"]) || ends(&["display", "name"]) => NAME,
        "name" if ends(&["company", "name"]) => COMPANY,
        "name" if person() => NAME,
        "name" | "title" | "subject" | "label" | "headline" => WORDS,
        "company" | "organization" | "organisation" | "employer" => COMPANY,
        "phone" | "mobile" | "telephone" | "tel" | "fax" => PHONE,
        "number" if ends(&["phone", "number"]) => PHONE,
        "city" | "town" => CITY,
        "street" => STREET,
        "address" if words.len() == 1 || ends(&["street", "address"]) => STREET,
        "zip" | "zipcode" | "postcode" | "plz" => ZIP,
        "code" if ends(&["postal", "code"]) || ends(&["zip", "code"]) => ZIP,
        "password" | "passphrase" => PASSWORD,
        "job" | "profession" | "occupation" => JOB,
        "iban" => IBAN,
        "number" if ends(&["card", "number"]) => CARD,
        "description" | "comment" | "comments" | "message" | "text" | "note" | "notes"
        | "summary" | "content" | "body" | "bio" | "reason" | "remarks" => SENTENCE,
        "uuid" | "guid" => UUID,
        "id" if words.len() > 1 => UUID,
        "date" | "day" | "birthday" | "deadline" => DATE,
        "in" | "out" if ends(&["check", last]) => DATE,
        "at" | "timestamp" | "datetime" if words.len() > 1 || last != "at" => INSTANT,
        "url" | "uri" | "href" | "website" | "homepage" => {
            return Some(Hint::Same("https://example.com/"));
        }
        "country" | "nationality" => return Some(Hint::Same("DE")),
        "currency" => return Some(Hint::Same("EUR")),
        "language" | "lang" | "locale" => return Some(Hint::Same("en")),
        "timezone" => return Some(Hint::Same("Europe/Berlin")),
        "color" | "colour" => return Some(Hint::Same("blue")),
        last if PEOPLE.contains(&last) && words.len() == 1 => NAME,
        _ => return None,
    };
    Some(Hint::Fake(found))
}

/// A name's words in lower case: `firstName`, `first_name` and `First-Name` are `first`, `name`.
pub fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut was_small = false;
    for character in name.chars() {
        let ends = !character.is_alphanumeric() || (character.is_uppercase() && was_small);
        if ends && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if character.is_alphanumeric() {
            word.extend(character.to_lowercase());
        }
        was_small = character.is_lowercase() || character.is_ascii_digit();
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_a_text_is_about() {
        let code = |name, owner| match hint(name, owner) {
            Some(Hint::Fake(fake)) => fake.code,
            Some(Hint::Same(text)) => text,
            None => "",
        };
        for (name, owner, expected) in [
            ("email", "", "fake::email()"),
            ("guestEmail", "", "fake::email()"),
            ("first_name", "", "fake::first_name()"),
            ("Last-Name", "", "fake::last_name()"),
            ("name", "User", "fake::name()"),
            ("name", "Product", "fake::words(3)"),
            ("guest", "", "fake::name()"),
            ("userName", "", "fake::username()"),
            ("postalCode", "", "fake::zip()"),
            ("check_in", "", "time::date(7)"),
            ("created_at", "", "time::iso()"),
            ("at", "", ""),
            ("customerId", "", "random::uuid()"),
            ("currency", "", "EUR"),
            ("flavour", "", ""),
            ("", "", ""),
        ] {
            assert_eq!(code(name, owner), expected, "{name} of {owner}");
        }
    }
}
