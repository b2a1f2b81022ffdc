//! The options of curl: what each takes and what it means for a request.

use crate::secrets::{MASK, mask_named};

/// What an option does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    Method,
    Header,
    Data,
    /// Data that is never a file.
    RawData,
    BinaryData,
    EncodedData,
    Json,
    Form,
    FormText,
    User,
    Bearer,
    Cookie,
    Agent,
    Referer,
    Url,
    Upload,
    Timeout,
    Proxy,
    Get,
    Head,
    Insecure,
    Compressed,
    Next,
    Digest,
    Redirects,
    /// About output or how curl itself works; takes a value or not.
    Ignored,
}

use Meaning::{
    Agent, Bearer, BinaryData, Compressed, Cookie, Data, Digest, EncodedData, Form, FormText, Get,
    Head, Header, Ignored, Insecure, Json, Method, Next, Proxy, RawData, Redirects, Referer,
    Timeout, Upload, Url, User,
};

/// Letter, name, whether a value follows, and the meaning. A space stands for no letter.
pub const OPTIONS: &[(char, &str, bool, Meaning)] = &[
    ('X', "request", true, Method),
    ('H', "header", true, Header),
    ('d', "data", true, Data),
    (' ', "data-ascii", true, Data),
    (' ', "data-raw", true, RawData),
    (' ', "data-binary", true, BinaryData),
    (' ', "data-urlencode", true, EncodedData),
    (' ', "json", true, Json),
    ('F', "form", true, Form),
    (' ', "form-string", true, FormText),
    ('u', "user", true, User),
    (' ', "oauth2-bearer", true, Bearer),
    ('b', "cookie", true, Cookie),
    ('A', "user-agent", true, Agent),
    ('e', "referer", true, Referer),
    (' ', "url", true, Url),
    ('T', "upload-file", true, Upload),
    ('m', "max-time", true, Timeout),
    ('x', "proxy", true, Proxy),
    ('G', "get", false, Get),
    ('I', "head", false, Head),
    ('k', "insecure", false, Insecure),
    (' ', "compressed", false, Compressed),
    (':', "next", false, Next),
    (' ', "digest", false, Digest),
    (' ', "basic", false, Ignored),
    ('L', "location", false, Ignored),
    (' ', "location-trusted", false, Ignored),
    ('s', "silent", false, Ignored),
    ('S', "show-error", false, Ignored),
    ('v', "verbose", false, Ignored),
    ('i', "include", false, Ignored),
    (' ', "show-headers", false, Ignored),
    ('f', "fail", false, Ignored),
    (' ', "fail-with-body", false, Ignored),
    ('N', "no-buffer", false, Ignored),
    ('g', "globoff", false, Ignored),
    ('#', "progress-bar", false, Ignored),
    (' ', "no-progress-meter", false, Ignored),
    ('O', "remote-name", false, Ignored),
    ('J', "remote-header-name", false, Ignored),
    ('o', "output", true, Ignored),
    ('w', "write-out", true, Ignored),
    ('D', "dump-header", true, Ignored),
    ('c', "cookie-jar", true, Ignored),
    (' ', "trace-ascii", true, Ignored),
    (' ', "max-redirs", true, Redirects),
];

/// Further options that take a value, so that it is not read as an address.
const OTHERS_WITH_VALUE: &[&str] = &[
    "cacert",
    "capath",
    "cert",
    "cert-type",
    "ciphers",
    "config",
    "connect-timeout",
    "connect-to",
    "crlfile",
    "dns-servers",
    "interface",
    "key",
    "key-type",
    "limit-rate",
    "max-filesize",
    "netrc-file",
    "noproxy",
    "pass",
    "pinnedpubkey",
    "preproxy",
    "proxy-header",
    "proxy-user",
    "range",
    "request-target",
    "resolve",
    "retry",
    "retry-delay",
    "retry-max-time",
    "socks5",
    "socks5-hostname",
    "speed-limit",
    "speed-time",
    "stderr",
    "time-cond",
    "tls-max",
    "trace",
    "unix-socket",
];

/// Further options that take none, so that an address may follow.
const OTHERS_WITHOUT_VALUE: &[&str] = &[
    "anyauth",
    "append",
    "cert-status",
    "create-dirs",
    "fail-early",
    "false-start",
    "http0.9",
    "http1.0",
    "http1.1",
    "http2",
    "http2-prior-knowledge",
    "http3",
    "http3-only",
    "ignore-content-length",
    "ipv4",
    "ipv6",
    "junk-session-cookies",
    "negotiate",
    "netrc",
    "netrc-optional",
    "ntlm",
    "parallel",
    "parallel-immediate",
    "path-as-is",
    "post301",
    "post302",
    "post303",
    "raw",
    "remote-name-all",
    "remove-on-error",
    "retry-all-errors",
    "retry-connrefused",
    "sasl-ir",
    "ssl",
    "ssl-no-revoke",
    "ssl-reqd",
    "styled-output",
    "suppress-connect-headers",
    "tcp-fastopen",
    "tcp-nodelay",
    "tlsv1",
    "tlsv1.0",
    "tlsv1.1",
    "tlsv1.2",
    "tlsv1.3",
    "tr-encoding",
    "xattr",
];

/// Options whose value nobody may see.
const SECRETS: &[&str] = &[
    "cert",
    "pass",
    "preproxy",
    "proxy-header",
    "proxy-pass",
    "proxy-user",
    "tlspassword",
];

/// The same by their letters.
const LETTERS_WITH_VALUE: &str = "EKrUtyYzCPQ";

/// An option of curl and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    Option(Meaning, String),
    Unknown(String),
    Address(String),
}

/// Reads the words after `curl`.
///
/// # Errors
/// The option whose value is missing.
pub fn read(words: &[String]) -> Result<Vec<Argument>, String> {
    let mut arguments = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some(name) = word.strip_prefix("--") {
            let found = OPTIONS.iter().find(|(_, known, ..)| *known == name);
            match found {
                Some((_, _, true, meaning)) => {
                    let value = words.next().ok_or_else(|| word.clone())?;
                    arguments.push(Argument::Option(*meaning, value.clone()));
                }
                Some((_, _, false, meaning)) => {
                    arguments.push(Argument::Option(*meaning, String::new()));
                }
                None => {
                    let takes = OTHERS_WITH_VALUE.contains(&name)
                        || !OTHERS_WITHOUT_VALUE.contains(&name)
                            && !name.starts_with("no-")
                            && is_value(words.as_slice());
                    let value = if takes { words.next() } else { None };
                    arguments.push(Argument::Unknown(match value {
                        Some(_) if SECRETS.contains(&name) => format!("{word} {MASK}"),
                        Some(value) => format!("{word} {}", mask_named(value)),
                        None => word.clone(),
                    }));
                }
            }
            continue;
        }
        let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.is_empty()) else {
            arguments.push(Argument::Address(word.clone()));
            continue;
        };
        let mut rest = letters.chars();
        while let Some(letter) = rest.next() {
            let found = OPTIONS.iter().find(|(known, ..)| *known == letter);
            let takes = match found {
                Some((_, _, takes, _)) => *takes,
                None => LETTERS_WITH_VALUE.contains(letter),
            };
            let mut value = String::new();
            if takes {
                value = rest.as_str().to_owned();
                if value.is_empty() {
                    value = words.next().ok_or_else(|| format!("-{letter}"))?.clone();
                }
                rest = "".chars();
            }
            arguments.push(match found {
                Some((_, _, _, meaning)) => Argument::Option(*meaning, value),
                None => Argument::Unknown(format!("-{letter}")),
            });
        }
    }
    Ok(arguments)
}

/// Whether the word after an option that nobody knows is its value: it reads like no address, and one that does comes later.
fn is_value(after: &[String]) -> bool {
    let is_address = |word: &String| {
        word.contains("://")
            || word.starts_with("localhost")
            || word.contains('.') && !word.starts_with('.')
    };
    match after {
        [next, rest @ ..] if !next.starts_with('-') && !is_address(next) => rest
            .iter()
            .any(|word| !word.starts_with('-') && is_address(word)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_may_stand_together_and_values_behind_them() {
        let words = ["-sSLXPOST", "-d", "a=1", "--cacert", "x.pem", "http://h/"].map(String::from);
        let read = read(&words).unwrap();
        assert_eq!(
            read[3..],
            [
                Argument::Option(Method, "POST".to_owned()),
                Argument::Option(Data, "a=1".to_owned()),
                Argument::Unknown("--cacert x.pem".to_owned()),
                Argument::Address("http://h/".to_owned()),
            ]
        );
    }

    #[test]
    fn what_follows_an_option_that_nobody_knows_is_its_value_if_it_is_no_address() {
        let of = |text: &str| {
            let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            read(&words).unwrap()
        };
        let unknown = |text: &str| Argument::Unknown(text.to_owned());
        let address = |text: &str| Argument::Address(text.to_owned());
        assert_eq!(
            of("--foo bar http://h"),
            [unknown("--foo bar"), address("http://h")]
        );
        assert_eq!(
            of("--foo http://h"),
            [unknown("--foo"), address("http://h")]
        );
        assert_eq!(of("--foo h"), [unknown("--foo"), address("h")]);
        assert_eq!(
            of("--tcp-nodelay h http://i"),
            [unknown("--tcp-nodelay"), address("h"), address("http://i")]
        );
        assert_eq!(of("--retry 3 h"), [unknown("--retry 3"), address("h")]);
        assert_eq!(of("--pass pw h"), [unknown("--pass ***"), address("h")]);
    }

    #[test]
    fn a_missing_value_is_told() {
        assert_eq!(read(&["-H".to_owned()]), Err("-H".to_owned()));
    }
}
