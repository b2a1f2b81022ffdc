//! Bodies of forms, taken apart.

use super::exchange::{Part, Sent};

/// What a request carried, by its content type.
pub fn body(content_type: &str, bytes: Vec<u8>) -> Sent {
    if bytes.is_empty() {
        return Sent::Nothing;
    }
    match String::from_utf8(bytes) {
        Ok(text) => text_body(content_type, text),
        Err(error) => Sent::Bytes(error.into_bytes()),
    }
}

/// The same for what is text.
pub fn text_body(content_type: &str, text: String) -> Sent {
    if text.is_empty() {
        return Sent::Nothing;
    }
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/x-www-form-urlencoded" => match fields(&text) {
            Some(fields) => Sent::Form(fields),
            None => Sent::Text(text),
        },
        "multipart/form-data" => match multipart(content_type, &text) {
            Some(parts) => Sent::Multipart(parts),
            None => Sent::Text(text),
        },
        _ => Sent::Text(text),
    }
}

/// The fields of a form; `None` if one of them is no UTF-8, which would not be sent as it was.
fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(text.trim().as_bytes())
        .into_owned()
        .collect();
    let lost = |text: &String| text.contains(char::REPLACEMENT_CHARACTER);
    let is_lossy = fields.iter().any(|(name, value)| lost(name) || lost(value));
    (!is_lossy).then_some(fields)
}

fn multipart(content_type: &str, text: &str) -> Option<Vec<Part>> {
    let boundary = parameter(content_type, "boundary")?;
    if boundary.is_empty() {
        return None;
    }
    let mut parts = Vec::new();
    for piece in text.split(&format!("--{boundary}")).skip(1) {
        if piece.starts_with("--") {
            break;
        }
        let piece = piece.trim_start_matches("\r\n");
        let (head, value) = piece
            .split_once("\r\n\r\n")
            .or_else(|| piece.split_once("\n\n"))?;
        let mut part = Part::default();
        for line in head.lines() {
            let (name, value) = line.split_once(':')?;
            match name.trim().to_ascii_lowercase().as_str() {
                "content-disposition" => {
                    part.name = parameter(value, "name").unwrap_or_default();
                    part.file = parameter(value, "filename");
                }
                "content-type" => part.content_type = value.trim().to_owned(),
                _ => {}
            }
        }
        let value = value.strip_suffix('\n').unwrap_or(value);
        part.value = value.strip_suffix('\r').unwrap_or(value).to_owned();
        parts.push(part);
    }
    (!parts.is_empty()).then_some(parts)
}

/// `boundary` of `multipart/form-data; boundary="x"`.
fn parameter(header: &str, name: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|parameter| {
        let (known, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"').to_owned();
        known.trim().eq_ignore_ascii_case(name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_taken_apart() {
        let form = body(
            "application/x-www-form-urlencoded",
            b"a=1&b=x+y%26".to_vec(),
        );
        let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        assert_eq!(form, Sent::Form(vec![pair("a", "1"), pair("b", "x y&")]));
        let text = "--X\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--X\r\nContent-Disposition: form-data; name=\"scan\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nPNG\r\n--X--\r\n";
        let Sent::Multipart(parts) = body("multipart/form-data; boundary=X", text.into()) else {
            panic!("no multipart body");
        };
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].value, "hello");
        assert_eq!(parts[1].file.as_deref(), Some("a.png"));
        assert_eq!(parts[1].content_type, "image/png");
    }
}
