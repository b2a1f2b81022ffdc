//! What `{{name}}` stands for.
//!
//! A variable that a script of the collection has set holds what it was set to; before that, and all others, the environment
//! says, with the collection's value as its default. Names that begin with `$` are made up anew each time.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use crate::convert::emit::words::{EVERYBODYS, Names, constant, identifier, quoted};
use crate::convert::hidden;
use crate::convert::journey::Variable;
use crate::convert::lifted::is_jwt;
use crate::convert::text::Text;
use crate::secrets::{is_secret_name, mask_urls};

/// The user's own map.
const STATE: &str = "ctx.state.";

/// What scripts may call and hold.
#[derive(Debug, Default)]
pub struct Variables {
    /// The collection's and the environment file's values.
    given: BTreeMap<String, Given>,
    /// Names that some script sets, sooner or later.
    later: BTreeSet<String>,
    /// Variables of the function, by the name that a script has set.
    set: BTreeMap<String, String>,
    /// Constants, in the order in which they came up.
    pub constants: Vec<Variable>,
    constant_names: Names,
    pub names: Names,
    /// Variables of the environment that stand for values of the collection itself, by what they are called there and the value.
    lifted: BTreeMap<(String, String), String>,
    /// Dynamic variables that nothing here can stand for.
    pub unknown: Vec<String>,
}

#[derive(Debug, Clone)]
struct Given {
    value: String,
    secret: bool,
}

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    Text,
    /// A number, true or false.
    Plain,
    /// Whatever stood in a response.
    Anything,
}

impl Variables {
    /// Variables of a collection, and those of an environment over them.
    pub fn new(collection: &Json, environment: Option<&Json>) -> Self {
        let mut variables = Self::default();
        set_in(collection, &mut variables.later);
        let lists = [
            collection.get("variable"),
            environment.and_then(|file| file.get("values")),
        ];
        for variable in lists
            .into_iter()
            .flatten()
            .filter_map(Json::as_array)
            .flatten()
        {
            let off = variable.get("disabled") == Some(&Json::Bool(true))
                || variable.get("enabled") == Some(&Json::Bool(false));
            let name = variable
                .get("key")
                .or(variable.get("id"))
                .and_then(Json::as_str);
            let Some(name) = name.filter(|_| !off) else {
                continue;
            };
            let value = match variable.get("value") {
                Some(Json::String(text)) => text.clone(),
                None | Some(Json::Null) => String::new(),
                Some(other) => other.to_string(),
            };
            let secret = variable.get("type").is_some_and(|kind| kind == "secret");
            variables
                .given
                .insert(name.to_owned(), Given { value, secret });
        }
        variables
    }

    /// The expression that a variable stands for.
    pub fn expression(&mut self, name: &str) -> (String, Gives) {
        let name = name.trim();
        if let Some(variable) = self.set.get(name) {
            return (variable.clone(), Gives::Anything);
        }
        if let Some(dynamic) = name.strip_prefix('$') {
            return match made_up(dynamic) {
                Some(found) => (found.0.to_owned(), found.1),
                None => {
                    let note = format!(
                        "`{{{{{name}}}}}`: nothing here makes up the like; a word stands for it"
                    );
                    if !self.unknown.contains(&note) {
                        self.unknown.push(note);
                    }
                    ("fake::word()".to_owned(), Gives::Text)
                }
            };
        }
        let given = self.given.get(name).cloned();
        let secret = self.is_secret(name, 0);
        // A value may be made of others; a default is only what can be known beforehand.
        let default = match given {
            Some(given) if !secret => Some(self.filled(&given.value, 0)),
            // What a script sets later is empty until then.
            _ => self.later.contains(name).then(String::new),
        };
        let code = self.named(&constant(name, "VALUE"), default.as_deref(), "", secret);
        (code, Gives::Text)
    }

    /// Whether a variable's value may not be shown: its name says so, the collection does, or there is a secret within it.
    fn is_secret(&self, name: &str, depth: usize) -> bool {
        let holds_one = |given: &Given| {
            given.secret
                || is_jwt(&given.value)
                || !hidden::secrets(&given.value, "").is_empty()
                || matches!(mask_urls(&given.value), Cow::Owned(_))
                || depth < 8 && names_in(&given.value).any(|name| self.is_secret(name, depth + 1))
        };
        is_secret_name(name) || self.given.get(name).is_some_and(holds_one)
    }

    /// Puts variables in the place of secret values of theirs that a text has been filled with.
    pub fn hide(&mut self, text: &mut Text) {
        let secrets: Vec<(String, String)> = self
            .given
            .iter()
            .filter(|(name, given)| !given.value.is_empty() && self.is_secret(name, 0))
            .map(|(name, given)| (name.clone(), self.filled(&given.value, 0)))
            .filter(|(_, value)| text.as_literal().is_some_and(|text| text.contains(value)))
            .collect();
        for (name, value) in secrets {
            let (code, _) = self.expression(&name);
            text.replace(&value, &code);
        }
    }

    /// The constant for a secret that stands in the collection itself: one for each value.
    pub fn secret(&mut self, value: &str, name: &str, meaning: &str) -> String {
        self.valued(&constant(name, "SECRET"), value, None, meaning, true)
    }

    /// The same for any value, with what the environment calls it.
    pub fn valued(
        &mut self,
        env: &str,
        value: &str,
        default: Option<&str>,
        meaning: &str,
        secret: bool,
    ) -> String {
        let wanted = if EVERYBODYS.contains(&env) {
            format!("TEST_{env}")
        } else {
            env.to_owned()
        };
        let key = (wanted.clone(), value.to_owned());
        let env = match self.lifted.get(&key) {
            Some(known) => known.clone(),
            None => {
                let mut free = wanted.clone();
                let mut number = 2;
                while self.is_taken(&free, value) {
                    free = format!("{wanted}_{number}");
                    number += 1;
                }
                self.lifted.insert(key, free.clone());
                free
            }
        };
        self.named(&env, default, meaning, secret)
    }

    /// Whether a variable of the environment stands for something else already, or will.
    fn is_taken(&self, env: &str, value: &str) -> bool {
        let mut given = self.given.iter();
        match given.find(|(name, _)| constant(name, "VALUE") == env) {
            Some((_, given)) => self.filled(&given.value, 0) != value,
            None => self.constants.iter().any(|known| known.env == env),
        }
    }

    /// A value with the values of the variables in it.
    pub fn filled(&self, value: &str, depth: usize) -> String {
        let mut filled = String::new();
        let mut rest = value;
        while let Some((before, (name, after))) = rest
            .split_once("{{")
            .and_then(|(before, inner)| Some((before, inner.split_once("}}")?)))
        {
            filled.push_str(before);
            if let Some(given) = self.given.get(name.trim())
                && depth < 8
                && filled.len() < 10_000
            {
                filled.push_str(&self.filled(&given.value, depth + 1));
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// The constant for a variable of the environment, `global::NAME`; without a default it must be set.
    pub fn named(
        &mut self,
        env: &str,
        default: Option<&str>,
        meaning: &str,
        secret: bool,
    ) -> String {
        let known = self.constants.iter().find(|known| known.env == env);
        let constant = match known {
            Some(known) => known.constant.clone(),
            None => {
                let constant =
                    self.constant_names
                        .unique(if env == "BASE_URL" { "BASE" } else { env });
                self.constants.push(Variable {
                    constant: constant.clone(),
                    env: env.to_owned(),
                    default: default.map(str::to_owned),
                    meaning: meaning.to_owned(),
                    secret,
                });
                constant
            }
        };
        format!("global::{constant}")
    }

    /// The variable of the function that is to hold what a response gives for a name, from here on.
    pub fn set(&mut self, name: &str) -> String {
        if let Some(known) = self.set.get(name).filter(|known| !known.starts_with(STATE)) {
            return known.clone();
        }
        let variable = self.names.unique(&identifier(name, "value"));
        self.set.insert(name.to_owned(), variable.clone());
        variable
    }

    /// Where something that no response gave is to be kept for a name, from here on: in the user's own map.
    pub fn keep(&mut self, name: &str) -> String {
        if let Some(known) = self.set.get(name).filter(|known| known.starts_with(STATE)) {
            return known.clone();
        }
        let place = format!("{STATE}{}", self.names.unique(&identifier(name, "value")));
        self.set.insert(name.to_owned(), place.clone());
        place
    }
}

/// The names of the variables in a value.
fn names_in(value: &str) -> impl Iterator<Item = &str> {
    let openings = value.split("{{").skip(1);
    openings.filter_map(|inner| Some(inner.split_once("}}")?.0.trim()))
}

/// Collects the names that the scripts of a collection set.
fn set_in(item: &Json, names: &mut BTreeSet<String>) {
    static SET: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r#"(?:\.set|\.set\w*Variable)\(\s*["'`]([^"'`]+)["'`]"#).ok());
    match item {
        Json::String(text) => {
            let set = SET.iter().flat_map(|set| set.captures_iter(text));
            names.extend(set.filter_map(|found| Some(found.get(1)?.as_str().to_owned())));
        }
        Json::Array(items) => items.iter().for_each(|item| set_in(item, names)),
        Json::Object(fields) => fields.values().for_each(|item| set_in(item, names)),
        _ => {}
    }
}

/// What stands for a dynamic variable, without its `$`.
fn made_up(name: &str) -> Option<(&'static str, Gives)> {
    use Gives::{Plain, Text};
    Some(match name {
        "guid" | "randomUUID" => ("random::uuid()", Text),
        "timestamp" => ("time::unix()", Plain),
        "isoTimestamp" => ("time::iso()", Text),
        "randomInt" => ("random::int(0, 1000)", Plain),
        "randomBoolean" => ("random::chance(0.5)", Plain),
        "randomEmail" | "randomExampleEmail" => ("fake::email()", Text),
        "randomFirstName" => ("fake::first_name()", Text),
        "randomLastName" => ("fake::last_name()", Text),
        "randomFullName" => ("fake::name()", Text),
        "randomUserName" => ("fake::username()", Text),
        "randomPassword" => ("fake::password(15)", Text),
        "randomPhoneNumber" | "randomPhoneNumberExt" => ("fake::phone()", Text),
        "randomCity" => ("fake::city()", Text),
        "randomStreetName" | "randomStreetAddress" => ("fake::street()", Text),
        "randomCompanyName" => ("fake::company()", Text),
        "randomJobTitle" | "randomJobType" => ("fake::job()", Text),
        "randomBankAccountIban" => ("fake::iban()", Text),
        "randomBankAccount" => ("fake::credit_card()", Text),
        "randomWord" | "randomLoremWord" | "randomNoun" | "randomVerb" | "randomAdjective"
        | "randomAlphaNumeric" | "randomLoremSlug" | "randomProductName" | "randomColor" => {
            ("fake::word()", Text)
        }
        "randomWords" | "randomLoremWords" | "randomProduct" => ("fake::words(3)", Text),
        "randomLoremSentence" | "randomPhrase" | "randomLoremText" => ("fake::sentence()", Text),
        "randomLoremSentences" | "randomLoremParagraph" | "randomLoremParagraphs" => {
            ("fake::paragraph(3)", Text)
        }
        "randomDateFuture" => ("time::iso(time::add(time::now(), \"30d\"))", Text),
        "randomDatePast" | "randomDateRecent" => {
            ("time::iso(time::add(time::now(), \"-1d\"))", Text)
        }
        "randomPrice" => ("random::int(1, 1000)", Plain),
        "randomCountryCode" => ("\"DE\"", Text),
        "randomCountry" => ("\"Germany\"", Text),
        "randomCurrencyCode" => ("\"EUR\"", Text),
        "randomIP" => ("\"192.0.2.1\"", Text),
        "randomIPV6" => ("\"2001:db8::1\"", Text),
        "randomUrl" => ("\"https://example.com/\"", Text),
        "randomDomainName" => ("\"example.com\"", Text),
        "randomLocale" => ("\"en\"", Text),
        _ => return None,
    })
}

/// A literal of JavaScript as one of Rhai.
pub fn literal(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = |quote: char| {
        text.strip_prefix(quote)?
            .strip_suffix(quote)
            .filter(|inner| !inner.contains(quote))
    };
    if let Some(inner) = inner('"')
        .or_else(|| inner('\''))
        .or_else(|| inner('`').filter(|inner| !inner.contains("${")))
    {
        return (!inner.contains('\\')).then(|| quoted(inner));
    }
    match text {
        "true" | "false" => Some(text.to_owned()),
        "null" | "undefined" => Some("()".to_owned()),
        number => number
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .map(|_| number.to_owned()),
    }
}
