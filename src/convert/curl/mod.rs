//! Commands of curl: one or several, as browsers copy them and people write them.

mod command;
mod options;

use super::journey::{Check, Function, Item, Step};
use super::recording::Translator;
use super::text::Value;
use super::{Error, Importer, Input, Journey, Settings, shell};
use crate::secrets::mask_urls;
use command::Parsed;

/// Reads commands of curl.
pub struct Curl;

impl Importer for Curl {
    fn name(&self) -> &'static str {
        "curl"
    }

    fn reads(&self) -> &'static str {
        "commands of curl, as a browser's \"Copy as cURL\" gives them or people write them"
    }

    fn takes_words(&self) -> bool {
        true
    }

    fn import(&self, input: Input<'_>, _: &Settings) -> Result<Journey, Error> {
        let name = input.name.clone();
        let text = input.into_text()?;
        let commands = shell::split(&text).map_err(|open| {
            Error::new(
                format!(
                    "{name}: line {}: the quote {} is never closed",
                    open.line, open.quote
                ),
                "copy the whole command; in a shell's argument, put it between single quotes",
            )
        })?;
        let mut parsed = Parsed::default();
        let mut skipped = 0;
        for command in &commands {
            // `$ curl …`, as documentation shows it.
            let words = match command.words.as_slice() {
                [prompt, rest @ ..] if matches!(prompt.as_str(), "$" | ">" | "%") => rest,
                words => words,
            };
            match words {
                [first, rest @ ..] if is_curl(first) => {
                    command::read(rest, &mut parsed).map_err(|message| {
                        Error::plain(format!("{name}: line {}: {message}", command.line))
                    })?;
                }
                _ => skipped += 1,
            }
        }
        let is_wget = |command: &shell::Command| {
            let mut words = command.words.iter();
            words.any(|word| word.rsplit('/').next() == Some("wget"))
        };
        if parsed.requests.is_empty() && commands.iter().any(is_wget) {
            return Err(Error::new(
                format!("{name}: this is a command of wget, which is not read"),
                "write it for curl: `curl URL`, with `-d DATA` for --post-data and `-H` for --header",
            ));
        }
        if parsed.requests.is_empty() {
            return Err(Error::new(
                format!("{name}: there is no command of curl in it"),
                "it begins with `curl`; in the browser's network panel: Copy as cURL",
            ));
        }
        if skipped > 0 {
            parsed.left.push(match skipped {
                1 => "1 command that is not curl's".to_owned(),
                skipped => format!("{skipped} commands that are not curl's"),
            });
        }
        journey(&name, parsed)
    }
}

fn is_curl(word: &str) -> bool {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name == "curl" || name == "curl.exe"
}

fn journey(name: &str, parsed: Parsed) -> Result<Journey, Error> {
    let mut translator = Translator::default();
    let mut items = Vec::new();
    let mut left = parsed.left;
    for given in parsed.requests {
        let address = given.exchange.url.clone();
        match given.translate(&mut translator) {
            Some((request, notes)) => items.push(Item::Step(Box::new(Step {
                notes,
                request,
                checks: vec![Check {
                    name: "is answered".to_owned(),
                    own: false,
                    condition: "r.ok".to_owned(),
                }],
                ..Step::default()
            }))),
            None => left.push(format!(
                "{}: no address that HTTP knows",
                mask_urls(&address)
            )),
        }
    }
    if items.is_empty() {
        return Err(Error::new(
            format!("{name}: {}", left.join("\n")),
            "requests go to addresses of http:// and https://",
        ));
    }
    let mut options = vec![
        ("vus".to_owned(), Value::from(1)),
        ("iterations".to_owned(), Value::from(1)),
        (
            "slos".to_owned(),
            Value::map([("http_req_failed", Value::List(vec!["rate < 1%".into()]))]),
        ),
    ];
    if parsed.insecure {
        let insecure = Value::map([("insecure", Value::from(true))]);
        options.push(("tls".to_owned(), insecure));
    }
    if let Some(proxy) = parsed.proxy {
        options.push(("proxy".to_owned(), Value::from(proxy.as_str())));
    }
    let count = items.len();
    let from = match name {
        "the command" | "standard input" => String::new(),
        name => format!(" in {}", name.rsplit('/').next().unwrap_or(name)),
    };
    Ok(Journey {
        title: match count {
            1 => format!("The command of curl{from}."),
            count => format!("The {count} commands of curl{from}."),
        },
        variables: translator.lifter.variables,
        options,
        functions: vec![Function {
            name: "iteration".to_owned(),
            items,
            ..Function::default()
        }],
        left,
        ..Journey::default()
    })
}
