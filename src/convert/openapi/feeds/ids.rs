//! The id of a thing in the response that makes it or lists it.

use serde_json::Value as Json;

use super::super::api::Api;
use super::super::example::words;
use super::super::schema::{Kind, Schema};

/// How many fields deep an id is looked for.
const DEEP: usize = 3;

/// The path of the id in the response of an operation.
pub fn find<'a>(
    api: &mut Api<'a>,
    from: usize,
    name: &str,
    resource: &str,
    list: bool,
) -> Option<String> {
    let response = api.operations.get(from)?.response?;
    let content = super::super::bodies::json_content(response)?;
    let shape = match (
        content.get("schema"),
        super::super::bodies::given(api, content),
    ) {
        (Some(schema), _) => Shape::Schema(Box::new(api.schema(schema))),
        (None, Some(example)) => Shape::Json(example),
        (None, None) => return None,
    };
    let found = look(api, &shape, name, resource, list, DEEP)?;
    Some(found.trim_start_matches('.').to_owned())
}

/// What a response looks like: its schema, or the example that it has instead.
enum Shape<'a> {
    Schema(Box<Schema<'a>>),
    Json(&'a Json),
}

impl<'a> Shape<'a> {
    fn fields(&self, api: &mut Api<'a>) -> Vec<(&'a str, Shape<'a>)> {
        match self {
            Self::Json(json) => {
                let fields = json.as_object().into_iter().flatten();
                fields
                    .map(|(name, value)| (name.as_str(), Shape::Json(value)))
                    .collect()
            }
            Self::Schema(schema) => {
                let mut schema = schema.clone();
                // Of several forms of an answer, the first is as good as any.
                while let Some(choice) = schema.choices.pop().and_then(<[Json]>::first) {
                    schema.absorb(api.refs, choice, &mut api.lost);
                }
                let properties = std::mem::take(&mut schema.properties);
                let one = |(name, schemas): (&'a str, Vec<&'a Json>)| {
                    let schema = Schema::of(api.refs, &schemas, &mut api.lost);
                    (name, Shape::Schema(Box::new(schema)))
                };
                properties.into_iter().map(one).collect()
            }
        }
    }

    fn element(&self, api: &mut Api<'a>) -> Option<Shape<'a>> {
        match self {
            Self::Json(json) => json.as_array()?.first().map(Shape::Json),
            Self::Schema(schema) if schema.kind() == Kind::Array => {
                Some(Shape::Schema(Box::new(api.schema(schema.word("items")?))))
            }
            Self::Schema(_) => None,
        }
    }

    /// Whether it can stand in a path: a text or a number.
    fn is_plain(&self) -> bool {
        match self {
            Self::Json(json) => json.is_string() || json.is_number(),
            Self::Schema(schema) => matches!(
                schema.kind(),
                Kind::Text | Kind::Integer | Kind::Number | Kind::Any
            ),
        }
    }
}

/// Looks for the id of a thing, or of the first of a list of them.
fn look<'a>(
    api: &mut Api<'a>,
    shape: &Shape<'a>,
    name: &str,
    resource: &str,
    list: bool,
    deep: usize,
) -> Option<String> {
    if list && let Some(element) = shape.element(api) {
        return Some(format!(
            "[0]{}",
            look(api, &element, name, resource, false, deep)?
        ));
    }
    let fields = shape.fields(api);
    if !list && let Some(field) = matching(&fields, name, resource) {
        return Some(format!(".{field}"));
    }
    if deep == 0 {
        return None;
    }
    // `data`, `result` or the thing's own name around it.
    let plain = |text: &str| words(text).concat();
    let (whole, single) = (plain(resource), plain(&singular(resource)));
    let is_wrapper = |field: &str| {
        let field = plain(field);
        [
            "data", "result", "results", "item", "items", "content", "records", "response",
            "value", "values", "embedded",
        ]
        .contains(&field.as_str())
            || field == whole
            || field == single
    };
    let mut wrappers = fields
        .iter()
        .filter(|(field, _)| is_wrapper(field) && is_word(field));
    wrappers.find_map(|(field, inner)| {
        Some(format!(
            ".{field}{}",
            look(api, inner, name, resource, list, deep - 1)?
        ))
    })
}

/// The field that is meant by a parameter.
fn matching<'f>(fields: &[(&'f str, Shape<'_>)], name: &str, resource: &str) -> Option<&'f str> {
    let plain = |text: &str| words(text).concat();
    let wanted = plain(name);
    let is_id = wanted.ends_with("id")
        || ["key", "ref", "reference", "number", "code"].contains(&wanted.as_str())
        || wanted == plain(&singular(resource));
    let own = format!("{}id", plain(&singular(resource)));
    let fits = |candidate: &str| {
        let found = fields
            .iter()
            .find(|(field, shape)| plain(field) == candidate && shape.is_plain() && is_word(field));
        found.map(|(field, _)| *field)
    };
    fits(&wanted).or_else(|| {
        let others = ["id", own.as_str(), "uuid", "guid", "key"];
        is_id
            .then(|| others.iter().find_map(|other| fits(other)))
            .flatten()
    })
}

/// Whether a field can be written in a path of `json()` as it is.
fn is_word(field: &str) -> bool {
    !field.is_empty()
        && field
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// A thing of a resource: `reservations` has a `reservation`.
pub fn singular(resource: &str) -> String {
    if let Some(stem) = resource.strip_suffix("ies") {
        return format!("{stem}y");
    }
    for end in ["sses", "shes", "ches", "xes"] {
        if resource.ends_with(end) {
            return resource.strip_suffix("es").unwrap_or(resource).to_owned();
        }
    }
    match resource.strip_suffix('s') {
        Some(stem) if !stem.ends_with('s') => stem.to_owned(),
        _ => resource.to_owned(),
    }
}
