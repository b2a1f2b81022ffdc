//! `fake`: people, places and texts that are made up, by the virtual user's seed.

use ::fake::Fake;
use ::fake::faker::{address, company, creditcard, internet, job, lorem, name, phone_number};
use ::fake::locales as known;
use rand::RngExt;
use rand::rngs::SmallRng;
use rhai::plugin::*;
use rhai::{EvalAltResult, Map};
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::random::with;
use super::{Fallible, card, error, iban};
use crate::suggest::did_you_mean;

/// Whose names, streets and words.
#[derive(Debug, Clone, Copy)]
enum Locale {
    Ar,
    Cy,
    De,
    En,
    Fa,
    Fr,
    It,
    Ja,
    Nl,
    PtBr,
    Pt,
    Tr,
    ZhCn,
    ZhTw,
}

const LOCALES: [(&str, Locale); 14] = [
    ("ar_SA", Locale::Ar),
    ("cy_GB", Locale::Cy),
    ("de_DE", Locale::De),
    ("en", Locale::En),
    ("fa_IR", Locale::Fa),
    ("fr_FR", Locale::Fr),
    ("it_IT", Locale::It),
    ("ja_JP", Locale::Ja),
    ("nl_NL", Locale::Nl),
    ("pt_BR", Locale::PtBr),
    ("pt_PT", Locale::Pt),
    ("tr_TR", Locale::Tr),
    ("zh_CN", Locale::ZhCn),
    ("zh_TW", Locale::ZhTw),
];

/// The text of a maker of the `fake` crate in a locale.
macro_rules! made {
    ($locale:expr, $rng:expr, $maker:path) => {{
        use $maker as Maker;
        let rng: &mut SmallRng = $rng;
        let text: String = match $locale {
            Locale::Ar => Maker(known::AR_SA).fake_with_rng(rng),
            Locale::Cy => Maker(known::CY_GB).fake_with_rng(rng),
            Locale::De => Maker(known::DE_DE).fake_with_rng(rng),
            Locale::En => Maker(known::EN).fake_with_rng(rng),
            Locale::Fa => Maker(known::FA_IR).fake_with_rng(rng),
            Locale::Fr => Maker(known::FR_FR).fake_with_rng(rng),
            Locale::It => Maker(known::IT_IT).fake_with_rng(rng),
            Locale::Ja => Maker(known::JA_JP).fake_with_rng(rng),
            Locale::Nl => Maker(known::NL_NL).fake_with_rng(rng),
            Locale::PtBr => Maker(known::PT_BR).fake_with_rng(rng),
            Locale::Pt => Maker(known::PT_PT).fake_with_rng(rng),
            Locale::Tr => Maker(known::TR_TR).fake_with_rng(rng),
            Locale::ZhCn => Maker(known::ZH_CN).fake_with_rng(rng),
            Locale::ZhTw => Maker(known::ZH_TW).fake_with_rng(rng),
        };
        text
    }};
}

/// A locale by its name: `de_DE`, `de-de` and `de` are the same.
fn locale(name: &str) -> Fallible<Locale> {
    let name = name.replace('-', "_");
    let is_named = |known: &str| {
        let language = known.split('_').next().unwrap_or(known);
        known.eq_ignore_ascii_case(&name) || language.eq_ignore_ascii_case(&name)
    };
    // Of two countries that share a language, the language alone means the first; but `pt` is Portugal.
    let mut found = LOCALES.iter().filter(|(known, _)| is_named(known));
    let found = match name.eq_ignore_ascii_case("pt") {
        true => found.next_back(),
        false => found.min_by_key(|(known, _)| !known.eq_ignore_ascii_case(&name)),
    };
    match found {
        Some((_, locale)) => Ok(*locale),
        None => {
            let names = LOCALES.iter().map(|(name, _)| *name);
            let help = did_you_mean(&name, names.clone())
                .unwrap_or_else(|| format!("there are: {}", names.collect::<Vec<_>>().join(", ")));
            error(format!("there is no locale `{name}`\nhelp: {help}"))
        }
    }
}

fn first_name(locale: Locale, rng: &mut SmallRng) -> String {
    made!(locale, rng, name::raw::FirstName)
}

fn last_name(locale: Locale, rng: &mut SmallRng) -> String {
    made!(locale, rng, name::raw::LastName)
}

/// In the letters that addresses of mail are made of.
fn ascii(text: &str) -> String {
    let text = deunicode::deunicode(text).to_lowercase();
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// An address that reaches nobody: `example.com` is kept free for that. The number makes it hardly ever come twice.
fn email(first: &str, last: &str, rng: &mut SmallRng) -> String {
    let number = rng.random_range(0..1_000_000);
    format!("{}.{}.{number:06}@example.com", ascii(first), ascii(last))
}

fn street(locale: Locale, rng: &mut SmallRng) -> String {
    let street = made!(locale, rng, address::raw::StreetName);
    let number = made!(locale, rng, address::raw::BuildingNumber);
    match locale {
        Locale::En | Locale::Cy | Locale::Fr => format!("{number} {street}"),
        _ => format!("{street} {number}"),
    }
}

fn city(locale: Locale, rng: &mut SmallRng) -> String {
    made!(locale, rng, address::raw::CityName)
}

fn zip(locale: Locale, rng: &mut SmallRng) -> String {
    made!(locale, rng, address::raw::ZipCode)
}

fn phone(locale: Locale, rng: &mut SmallRng) -> String {
    made!(locale, rng, phone_number::raw::PhoneNumber)
}

fn company_name(locale: Locale, rng: &mut SmallRng) -> String {
    made!(locale, rng, company::raw::CompanyName)
}

fn whole_address(locale: Locale, rng: &mut SmallRng) -> Map {
    Map::from([
        ("street".into(), street(locale, rng).into()),
        ("zip".into(), zip(locale, rng).into()),
        ("city".into(), city(locale, rng).into()),
        (
            "country".into(),
            made!(locale, rng, address::raw::CountryName).into(),
        ),
    ])
}

fn whole_person(locale: Locale, rng: &mut SmallRng) -> Map {
    let (first, last) = (first_name(locale, rng), last_name(locale, rng));
    Map::from([
        ("name".into(), full_name(locale, &first, &last).into()),
        ("email".into(), email(&first, &last, rng).into()),
        ("first_name".into(), first.into()),
        ("last_name".into(), last.into()),
        ("phone".into(), phone(locale, rng).into()),
        ("company".into(), company_name(locale, rng).into()),
        ("address".into(), whole_address(locale, rng).into()),
    ])
}

fn full_name(locale: Locale, first: &str, last: &str) -> String {
    match locale {
        Locale::Ja => format!("{last} {first}"),
        Locale::ZhCn | Locale::ZhTw => format!("{last}{first}"),
        _ => format!("{first} {last}"),
    }
}

fn name_of(locale: Locale, rng: &mut SmallRng) -> String {
    let (first, last) = (first_name(locale, rng), last_name(locale, rng));
    full_name(locale, &first, &last)
}

fn email_of(locale: Locale, rng: &mut SmallRng) -> String {
    let (first, last) = (first_name(locale, rng), last_name(locale, rng));
    email(&first, &last, rng)
}

/// In a locale that a script names.
fn localised<T>(name: &str, make: impl FnOnce(Locale, &mut SmallRng) -> T) -> Fallible<T> {
    let locale = locale(name)?;
    Ok(with(|rng| make(locale, rng)))
}

/// In English.
fn english<T>(make: impl FnOnce(Locale, &mut SmallRng) -> T) -> T {
    with(|rng| make(Locale::En, rng))
}

fn words(count: usize, rng: &mut SmallRng) -> Vec<String> {
    lorem::raw::Words(known::EN, count..count + 1).fake_with_rng(rng)
}

/// Most words, characters or sentences at once.
const MAX_COUNT: i64 = 100_000;

fn count(count: i64, what: &str) -> Fallible<usize> {
    match usize::try_from(count) {
        Ok(number) if (1..=MAX_COUNT).contains(&count) => Ok(number),
        _ => error(format!(
            "{what} takes a number from 1 to {MAX_COUNT}, not {count}"
        )),
    }
}

fn day(text: &str) -> Fallible<Date> {
    let format = format_description!("[year]-[month]-[day]");
    Date::parse(text, &format)
        .or_else(|_| error(format!("`{text}` is not a date as in \"2026-01-31\"")))
}

fn date_between(from: Date, to: Date) -> Fallible<String> {
    if from > to {
        return error(format!(
            "the dates run from {from} to {to}, which is before"
        ));
    }
    let drawn = with(|rng| rng.random_range(from.to_julian_day()..=to.to_julian_day()));
    match Date::from_julian_day(drawn) {
        Ok(date) => Ok(date.to_string()),
        Err(why) => error(why.to_string()),
    }
}

fn years_ago(years: i64) -> Fallible<Date> {
    let today = OffsetDateTime::now_utc().date();
    let year = i32::try_from(i64::from(today.year()).saturating_sub(years)).unwrap_or_default();
    let day = today.replace_year(year).or_else(|_| {
        // The 29th of February is not in every year.
        today.replace_day(28).and_then(|day| day.replace_year(year))
    });
    match day {
        Ok(day) if (0..=150).contains(&years) => Ok(day),
        _ => error(format!("nobody is {years} years old")),
    }
}

#[export_module(manifest)]
pub mod fake_module {
    #[rhai_fn(name = "person")]
    pub fn person() -> Map {
        english(whole_person)
    }

    /// A person as a map: `name`, `first_name`, `last_name`, `email`, `phone`, `company` and `address` (`street`, `zip`, `city`, `country`).
    #[rhai_fn(name = "person", return_raw)]
    pub fn person_in(locale: &str) -> Result<Map, Box<EvalAltResult>> {
        localised(locale, whole_person)
    }

    #[rhai_fn(name = "name")]
    pub fn name_en() -> String {
        english(name_of)
    }

    /// A first and last name, in the order of the locale.
    #[rhai_fn(name = "name", return_raw)]
    pub fn name_in(locale: &str) -> Result<String, Box<EvalAltResult>> {
        localised(locale, name_of)
    }

    #[rhai_fn(name = "first_name")]
    pub fn first_name_en() -> String {
        english(first_name)
    }

    /// A first name.
    #[rhai_fn(name = "first_name", return_raw)]
    pub fn first_name_in(locale: &str) -> Result<String, Box<EvalAltResult>> {
        localised(locale, first_name)
    }

    #[rhai_fn(name = "last_name")]
    pub fn last_name_en() -> String {
        english(last_name)
    }

    /// A last name.
    #[rhai_fn(name = "last_name", return_raw)]
    pub fn last_name_in(locale: &str) -> Result<String, Box<EvalAltResult>> {
        localised(locale, last_name)
    }

    #[rhai_fn(name = "email")]
    pub fn email_en() -> String {
        english(email_of)
    }

    /// An e-mail address at `example.com`, which reaches nobody. A number in it makes it hardly ever come twice.
    #[rhai_fn(name = "email", return_raw)]
    pub fn email_in(locale: &str) -> Result<String, Box<EvalAltResult>> {
        localised(locale, email_of)
    }

    #[rhai_fn(name = "phone")]
    pub fn phone_en() -> String {
        english(phone)
    }

    /// A telephone number as people write it.
    #[rhai_fn(name = "phone", return_raw)]
    pub fn phone_in(locale: &str) -> Result<String, Box<EvalAltResult>> {
        localised(locale, phone)
    }

    #[rhai_fn(name = "company")]
    pub fn company_en() -> String {
        english(company_name)
    }

    /// The name of a company.
    #[rhai_fn(name = "company", return_raw)]
    pub fn company_in(locale: &str) -> Result<String, Box<EvalAltResult>> {
        localised(locale, company_name)
    }

    #[rhai_fn(name = "address")]
    pub fn address_en() -> Map {
        english(whole_address)
    }

    /// An address as a map: `street`, `zip`, `city`, `country`.
    #[rhai_fn(name = "address", return_raw)]
    pub fn address_in(locale: &str) -> Result<Map, Box<EvalAltResult>> {
        localised(locale, whole_address)
    }

    #[rhai_fn(name = "street")]
    pub fn street_en() -> String {
        english(street)
    }

    /// A street with its number.
    #[rhai_fn(name = "street", return_raw)]
    pub fn street_in(locale: &str) -> Result<String, Box<EvalAltResult>> {
        localised(locale, street)
    }

    #[rhai_fn(name = "city")]
    pub fn city_en() -> String {
        english(city)
    }

    /// A city.
    #[rhai_fn(name = "city", return_raw)]
    pub fn city_in(locale: &str) -> Result<String, Box<EvalAltResult>> {
        localised(locale, city)
    }

    #[rhai_fn(name = "zip")]
    pub fn zip_en() -> String {
        english(zip)
    }

    /// A postal code.
    #[rhai_fn(name = "zip", return_raw)]
    pub fn zip_in(locale: &str) -> Result<String, Box<EvalAltResult>> {
        localised(locale, zip)
    }

    /// A name to log in with: lower-case letters, digits, dots.
    pub fn username() -> String {
        english(|locale, rng| {
            let (first, number) = (first_name(locale, rng), rng.random_range(0..1_000_000));
            format!("{}.{number:06}", ascii(&first))
        })
    }

    /// A password of so many letters and digits.
    #[rhai_fn(return_raw)]
    pub fn password(length: i64) -> Result<String, Box<EvalAltResult>> {
        let length = count(length, "fake::password")?;
        let maker = internet::raw::Password(known::EN, length..length + 1);
        Ok(with(|rng| maker.fake_with_rng(rng)))
    }

    /// What somebody does for a living.
    pub fn job() -> String {
        with(|rng| job::raw::Title(known::EN).fake_with_rng(rng))
    }

    /// The number of a credit card: its check digit is right, the card does not exist.
    pub fn credit_card() -> String {
        let maker = creditcard::raw::CreditCardNumber(known::EN);
        card::checked(with(|rng| maker.fake_with_rng(rng)))
    }

    #[rhai_fn(name = "iban", return_raw)]
    pub fn iban_de() -> Result<String, Box<EvalAltResult>> {
        iban_of("DE")
    }

    /// A bank account number with right check digits, of a country by its two letters, else of Germany.
    #[rhai_fn(name = "iban", return_raw)]
    pub fn iban_of(country: &str) -> Result<String, Box<EvalAltResult>> {
        match with(|rng| iban::of_country(country, rng)) {
            Some(iban) => Ok(iban),
            None => error(format!(
                "the account numbers of `{country}` are not known\nhelp: there are: {}",
                iban::countries().collect::<Vec<_>>().join(", ")
            )),
        }
    }

    /// A date from `from` to `to`, both included: `fake::date("2026-01-01", "2026-12-31")`.
    #[rhai_fn(return_raw)]
    pub fn date(from: &str, to: &str) -> Result<String, Box<EvalAltResult>> {
        date_between(day(from)?, day(to)?)
    }

    /// The birthday of somebody who today is from `youngest` to `oldest` years old.
    #[rhai_fn(return_raw)]
    pub fn birthday(youngest: i64, oldest: i64) -> Result<String, Box<EvalAltResult>> {
        // Who turns one year older than the oldest tomorrow still counts.
        let from = years_ago(oldest.saturating_add(1))?;
        date_between(from.next_day().unwrap_or(from), years_ago(youngest)?)
    }

    /// A word, in the Latin of typesetters.
    pub fn word() -> String {
        with(|rng| lorem::raw::Word(known::EN).fake_with_rng(rng))
    }

    /// So many words.
    #[rhai_fn(name = "words", return_raw)]
    pub fn words_of(count: i64) -> Result<String, Box<EvalAltResult>> {
        let count = super::count(count, "fake::words")?;
        Ok(with(|rng| words(count, rng)).join(" "))
    }

    /// A sentence of four to twelve words.
    pub fn sentence() -> String {
        with(|rng| lorem::raw::Sentence(known::EN, 4..13).fake_with_rng(rng))
    }

    /// A paragraph of so many sentences.
    #[rhai_fn(return_raw)]
    pub fn paragraph(sentences: i64) -> Result<String, Box<EvalAltResult>> {
        let count = super::count(sentences, "fake::paragraph")?;
        let sentences: Vec<String> = (0..count).map(|_| sentence()).collect();
        Ok(sentences.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn every_locale_makes_everything() {
        for (name, locale) in LOCALES {
            let mut rng = SmallRng::seed_from_u64(3);
            for _ in 0..20 {
                let person = whole_person(locale, &mut rng);
                for (key, value) in &person {
                    assert!(!value.to_string().trim().is_empty(), "{name} {key}");
                }
                let email = person["email"].to_string();
                assert!(
                    email.is_ascii() && email.ends_with("@example.com"),
                    "{name} {email}"
                );
                assert!(
                    !email.starts_with('.') && !email.contains(".."),
                    "{name} {email}"
                );
            }
        }
    }

    #[test]
    fn a_locale_is_named_as_people_name_it() {
        for (name, expected) in [
            ("de", "De"),
            ("de-DE", "De"),
            ("DE_de", "De"),
            ("pt", "Pt"),
            ("pt_br", "PtBr"),
            ("zh", "ZhCn"),
            ("EN", "En"),
        ] {
            assert_eq!(format!("{:?}", locale(name).unwrap()), expected, "{name}");
        }
        let error = locale("de_DD").unwrap_err().to_string();
        assert!(error.contains("did you mean `de_DE`"), "{error}");
    }
}
