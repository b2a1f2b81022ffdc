//! Request bodies: bytes, forms, multipart.

use bytes::Bytes;

/// A request's body and the content type that goes with it unless a header says otherwise.
#[derive(Debug, Clone, Default)]
pub enum Body {
    #[default]
    Empty,
    Bytes {
        bytes: Bytes,
        content_type: Option<std::borrow::Cow<'static, str>>,
    },
}

impl Body {
    /// Bytes with a content type.
    pub fn typed(bytes: impl Into<Bytes>, content_type: &'static str) -> Self {
        Self::Bytes {
            bytes: bytes.into(),
            content_type: Some(content_type.into()),
        }
    }

    /// The bytes to send.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Empty => &[],
            Self::Bytes { bytes, .. } => bytes,
        }
    }

    /// The bytes to send, shared.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::Bytes { bytes, .. } => bytes.clone(),
        }
    }

    /// The content type that goes with the bytes.
    pub fn content_type(&self) -> Option<&str> {
        match self {
            Self::Bytes { content_type, .. } => content_type.as_deref(),
            Self::Empty => None,
        }
    }
}

/// A file of a multipart body.
#[derive(Debug, Clone)]
pub struct FilePart {
    pub bytes: Bytes,
    pub file_name: String,
    pub content_type: String,
}

/// A field of a multipart body.
#[derive(Debug, Clone)]
pub enum Part {
    Text(String),
    File(FilePart),
}

/// `application/x-www-form-urlencoded` of these pairs.
pub fn form_urlencoded<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Body {
    let encoded = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    Body::typed(encoded, "application/x-www-form-urlencoded")
}

/// `multipart/form-data` of these fields (RFC 7578). `seed` makes the boundary.
pub fn multipart(fields: &[(String, Part)], seed: u64) -> Body {
    let mut boundary = format!("rhaid-{seed:016x}");
    // A boundary must not occur in what it bounds.
    while fields.iter().any(|(_, part)| match part {
        Part::Text(text) => text.contains(&boundary),
        Part::File(file) => contains(&file.bytes, boundary.as_bytes()),
    }) {
        boundary.push('x');
    }
    let mut out = Vec::new();
    for (name, part) in fields {
        out.extend_from_slice(
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
                quoted(name)
            )
            .as_bytes(),
        );
        match part {
            Part::Text(text) => {
                out.extend_from_slice(b"\r\n\r\n");
                out.extend_from_slice(text.as_bytes());
            }
            Part::File(file) => {
                let head = format!(
                    "; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
                    quoted(&file.file_name),
                    file.content_type.replace(['\r', '\n'], " ")
                );
                out.extend_from_slice(head.as_bytes());
                out.extend_from_slice(&file.bytes);
            }
        }
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Body::Bytes {
        bytes: out.into(),
        content_type: Some(format!("multipart/form-data; boundary={boundary}").into()),
    }
}

/// The escapes that browsers use in field and file names (WHATWG HTML, multipart/form-data).
fn quoted(name: &str) -> String {
    name.replace('"', "%22")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_percent_encoded() {
        let body = form_urlencoded([("a b", "1&2"), ("ä", "=")]);
        assert_eq!(body.bytes(), b"a+b=1%262&%C3%A4=%3D");
        assert_eq!(
            body.content_type(),
            Some("application/x-www-form-urlencoded")
        );
    }

    #[test]
    fn multipart_holds_text_and_files_and_names_cannot_break_out() {
        let file = FilePart {
            bytes: Bytes::from_static(b"\x00\x01"),
            file_name: "a\"b\r\n.bin".into(),
            content_type: "application/octet-stream".into(),
        };
        let body = multipart(
            &[
                ("t".into(), Part::Text("v".into())),
                ("f".into(), Part::File(file)),
            ],
            1,
        );
        let text = String::from_utf8_lossy(body.bytes()).into_owned();
        let expected = "--rhaid-0000000000000001\r\nContent-Disposition: form-data; name=\"t\"\r\n\r\nv\r\n\
            --rhaid-0000000000000001\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a%22b%0D%0A.bin\"\r\n\
            Content-Type: application/octet-stream\r\n\r\n\u{0}\u{1}\r\n--rhaid-0000000000000001--\r\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_boundary_does_not_occur_in_the_content() {
        let body = multipart(
            &[("t".into(), Part::Text("rhaid-0000000000000001".into()))],
            1,
        );
        assert!(body.content_type().unwrap().ends_with("1x"));
    }
}
