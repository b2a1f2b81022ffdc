//! What bodies say: proxies, changes of them, toxics. Names of fields match in any case, unknown fields are left alone, and what has the
//! wrong type is told in the words of Go's decoder.

use serde_json::{Map, Value};

use super::json::{self, Json, Malformed, Node};
use crate::chaos::proxy::toxic::Kind;

/// A proxy, or a change of one.
#[derive(Debug, Default, PartialEq)]
pub struct ProxyInput {
    pub name: Option<String>,
    pub listen: Option<String>,
    pub upstream: Option<String>,
    pub enabled: Option<bool>,
    /// Beyond Toxiproxy: what lies on it from the beginning, and the seed of what that draws.
    pub toxics: Vec<ToxicInput>,
    pub seed: Option<u64>,
}

/// A toxic, or a change of one.
#[derive(Debug, Default, PartialEq)]
pub struct ToxicInput {
    pub name: Option<String>,
    pub kind: Option<String>,
    pub stream: Option<String>,
    pub toxicity: Option<f64>,
    /// Not looked into yet: what they may be depends on the kind.
    attributes: Vec<(String, Node)>,
}

const PROXY: Struct = Struct {
    name: "Proxy",
    whole: "toxiproxy.Proxy",
};
const POPULATED: Struct = Struct {
    name: "Proxy",
    whole: r#"struct { toxiproxy.Proxy; Enabled *bool "json:\"enabled\"" }"#,
};
const TOXIC: Struct = Struct {
    name: "ToxicWrapper",
    whole: "toxics.ToxicWrapper",
};
const CHANGE: Struct = Struct {
    name: "",
    whole: r#"struct { Attributes interface {} "json:\"attributes\""; Toxicity float32 "json:\"toxicity\"" }"#,
};

/// A new proxy, or a change of one.
///
/// # Errors
/// When the body is none.
pub fn proxy(body: &[u8]) -> Result<ProxyInput, Malformed> {
    PROXY.proxy(&json::first(body)?)
}

/// A list of proxies.
///
/// # Errors
/// When the body is none.
pub fn proxies(body: &[u8]) -> Result<Vec<ProxyInput>, Malformed> {
    let node = json::first(body)?;
    match &node.value {
        Json::Null => Ok(Vec::new()),
        Json::List(list) => list.iter().map(|node| POPULATED.proxy(node)).collect(),
        _ => {
            let list = Struct {
                name: "",
                whole: &format!("[]{}", POPULATED.whole),
            };
            Err(list.not_one(&node))
        }
    }
}

/// A new toxic.
///
/// # Errors
/// When the body is none.
pub fn toxic(body: &[u8]) -> Result<ToxicInput, Malformed> {
    TOXIC.toxic(&json::first(body)?, "toxics.NoopToxic")
}

/// A change of a toxic of that kind.
///
/// # Errors
/// When the body is none.
pub fn change(body: &[u8], kind: &Kind) -> Result<ToxicInput, Malformed> {
    let node = json::first(body)?;
    CHANGE.change(&node, &format!("toxics.{}", kind_name(kind.name)))
}

impl ToxicInput {
    /// The attributes that a kind knows.
    ///
    /// # Errors
    /// When one of Toxiproxy's is no integer.
    pub fn attributes(&self, kind: &Kind) -> Result<Map<String, Value>, Malformed> {
        let mut attributes = Map::new();
        for (written, node) in &self.attributes {
            let Some(name) = field(kind.attributes, written) else {
                continue;
            };
            if node.value == Json::Null {
                continue;
            }
            if is_integer(kind.name, name) && !is_whole(&node.value) {
                let place = Place {
                    container: &kind_name(kind.name),
                    field: &format!("attributes.{name}"),
                    wanted: if kind.name == "slicer" {
                        "int"
                    } else {
                        "int64"
                    },
                };
                return Err(place.mismatch(node, true));
            }
            attributes.insert(name.to_owned(), node.value.plain());
        }
        Ok(attributes)
    }
}

/// Whether an attribute is one of Toxiproxy's, which are all integers.
fn is_integer(kind: &str, attribute: &str) -> bool {
    match kind {
        "latency" => matches!(attribute, "latency" | "jitter"),
        "bandwidth" => attribute == "rate",
        "slow_close" => attribute == "delay",
        "timeout" | "reset_peer" => attribute == "timeout",
        "slicer" => matches!(attribute, "average_size" | "size_variation" | "delay"),
        "limit_data" => attribute == "bytes",
        _ => false,
    }
}

fn is_whole(value: &Json) -> bool {
    matches!(value, Json::Number(number) if number.parse::<i64>().is_ok())
}

/// `slow_close`: `SlowCloseToxic`.
fn kind_name(kind: &str) -> String {
    let capital = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    kind.split('_').map(capital).collect::<String>() + "Toxic"
}

/// The known name that is written, in any case.
fn field<'a>(known: &[&'a str], written: &str) -> Option<&'a str> {
    let exact = known.iter().find(|name| **name == written);
    let folded = || known.iter().find(|name| name.eq_ignore_ascii_case(written));
    exact.or_else(folded).copied()
}

/// A type of Go's that is read into.
struct Struct<'a> {
    /// Before the dot of a field.
    name: &'a str,
    whole: &'a str,
}

/// A field of it.
struct Place<'a> {
    container: &'a str,
    field: &'a str,
    wanted: &'a str,
}

impl Place<'_> {
    fn mismatch(&self, node: &Node, is_number: bool) -> Malformed {
        let found = match &node.value {
            Json::Number(number) if is_number => format!("number {number}"),
            other => other.kind().to_owned(),
        };
        let Self {
            container,
            field,
            wanted,
        } = self;
        Malformed {
            offset: node.offset,
            text: format!(
                "json: cannot unmarshal {found} into Go struct field {container}.{field} of type {wanted}"
            ),
        }
    }

    fn text(&self, node: &Node) -> Result<Option<String>, Malformed> {
        match &node.value {
            Json::Null => Ok(None),
            Json::Text(text) => Ok(Some(text.clone())),
            _ => Err(self.mismatch(node, false)),
        }
    }

    fn truth(&self, node: &Node) -> Result<Option<bool>, Malformed> {
        match &node.value {
            Json::Null => Ok(None),
            Json::Bool(truth) => Ok(Some(*truth)),
            _ => Err(self.mismatch(node, false)),
        }
    }

    fn whole(&self, node: &Node) -> Result<Option<u64>, Malformed> {
        match &node.value {
            Json::Null => Ok(None),
            Json::Number(number) => match number.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(self.mismatch(node, true)),
            },
            _ => Err(self.mismatch(node, false)),
        }
    }

    /// A number of 32 bits: what is printed again has no more digits than it needs.
    fn float(&self, node: &Node) -> Result<Option<f64>, Malformed> {
        match &node.value {
            Json::Null => Ok(None),
            Json::Number(number) => match number.parse::<f32>() {
                // By its shortest digits: 0.2 stays 0.2 in 64 bits too.
                Ok(float) if float.is_finite() => Ok(float.to_string().parse().ok()),
                _ => Err(self.mismatch(node, true)),
            },
            _ => Err(self.mismatch(node, false)),
        }
    }
}

impl Struct<'_> {
    fn not_one(&self, node: &Node) -> Malformed {
        let kind = node.value.kind();
        let whole = self.whole;
        Malformed {
            offset: node.offset,
            text: format!("json: cannot unmarshal {kind} into Go value of type {whole}"),
        }
    }

    fn fields<'n>(&self, node: &'n Node) -> Result<&'n [(String, Node)], Malformed> {
        match &node.value {
            Json::Null => Ok(&[]),
            Json::Fields(fields) => Ok(fields),
            _ => Err(self.not_one(node)),
        }
    }

    fn place<'a>(&'a self, field: &'a str, wanted: &'a str) -> Place<'a> {
        Place {
            container: self.name,
            field,
            wanted,
        }
    }

    fn proxy(&self, node: &Node) -> Result<ProxyInput, Malformed> {
        const KNOWN: &[&str] = &["name", "listen", "upstream", "enabled", "toxics", "seed"];
        let mut input = ProxyInput::default();
        for (written, value) in self.fields(node)? {
            match field(KNOWN, written) {
                // Null leaves what was there.
                _ if value.value == Json::Null => {}
                Some("name") => input.name = self.place("name", "string").text(value)?,
                Some("listen") => input.listen = self.place("listen", "string").text(value)?,
                Some("upstream") => {
                    input.upstream = self.place("upstream", "string").text(value)?
                }
                Some("enabled") => input.enabled = self.place("enabled", "bool").truth(value)?,
                Some("seed") => input.seed = self.place("seed", "uint64").whole(value)?,
                Some(_) => {
                    let Json::List(list) = &value.value else {
                        let place = self.place("toxics", "[]toxics.ToxicWrapper");
                        return Err(place.mismatch(value, false));
                    };
                    let toxic = |node| TOXIC.toxic(node, "toxics.NoopToxic");
                    input.toxics = list.iter().map(toxic).collect::<Result<_, _>>()?;
                }
                None => {}
            }
        }
        Ok(input)
    }

    fn toxic(&self, node: &Node, attributes: &str) -> Result<ToxicInput, Malformed> {
        const KNOWN: &[&str] = &["attributes", "name", "type", "stream", "toxicity"];
        let mut input = ToxicInput::default();
        for (written, value) in self.fields(node)? {
            match field(KNOWN, written) {
                _ if value.value == Json::Null => {}
                Some("name") => input.name = self.place("name", "string").text(value)?,
                Some("type") => input.kind = self.place("type", "string").text(value)?,
                Some("stream") => input.stream = self.place("stream", "string").text(value)?,
                Some(name) => self.common(name, value, attributes, &mut input)?,
                None => {}
            }
        }
        Ok(input)
    }

    fn change(&self, node: &Node, attributes: &str) -> Result<ToxicInput, Malformed> {
        let mut input = ToxicInput::default();
        for (written, value) in self.fields(node)? {
            if let Some(name) = field(&["attributes", "toxicity"], written)
                && value.value != Json::Null
            {
                self.common(name, value, attributes, &mut input)?;
            }
        }
        Ok(input)
    }

    fn common(
        &self,
        name: &str,
        value: &Node,
        attributes: &str,
        input: &mut ToxicInput,
    ) -> Result<(), Malformed> {
        if name == "toxicity" {
            input.toxicity = self.place(name, "float32").float(value)?;
            return Ok(());
        }
        let Json::Fields(fields) = &value.value else {
            return Err(self.place(name, attributes).mismatch(value, false));
        };
        input.attributes.extend(fields.iter().cloned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::proxy::toxic::kind;

    #[test]
    fn names_match_in_any_case_the_last_wins_and_null_says_nothing() {
        let input =
            proxy(br#"{"NAME":"a","name":"b","Listen":null,"enabled":false,"x":1}"#).unwrap();
        assert_eq!(input.name.as_deref(), Some("b"));
        assert_eq!((input.listen, input.enabled), (None, Some(false)));
        assert_eq!(proxy(b"null").unwrap(), ProxyInput::default());
    }

    #[test]
    fn a_wrong_type_has_the_words_of_go_and_a_place() {
        let error = proxies(br#"[{"name":"a"},{"name":5}]"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "json: cannot unmarshal number into Go struct field Proxy.name of type string"
        );
        assert_eq!(error.offset, 22);
        let toxic = toxic(br#"{"type":"slow_close","attributes":{"delay":1e3}}"#).unwrap();
        let error = toxic.attributes(kind("slow_close").unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "json: cannot unmarshal number 1e3 into Go struct field SlowCloseToxic.attributes.delay of type int64"
        );
    }

    #[test]
    fn toxics_may_come_with_their_proxy() {
        let input = proxy(br#"{"name":"a","seed":7,"toxics":[{"type":"latency","toxicity":0.2}]}"#)
            .unwrap();
        assert_eq!(input.seed, Some(7));
        assert_eq!(input.toxics[0].toxicity, Some(0.2));
        assert!(proxy(br#"{"toxics":{}}"#).is_err());
    }
}
