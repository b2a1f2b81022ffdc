//! Files of the script's project, and request bodies that are more than text.

use std::path::Path;

use bytes::Bytes;
use rhai::{Dynamic, ImmutableString, Map};

use super::{Fallible, error, virtual_user};
use crate::http::{Body, FilePart, Part, form_urlencoded, multipart};

/// A file of a multipart body.
#[derive(Debug, Clone)]
pub struct File(pub FilePart);

/// A body ready to be sent, with its content type.
#[derive(Debug, Clone)]
pub struct Prepared(pub Body);

/// Reads a file of the script's project; the path begins in the script's folder.
pub fn read(path: &str) -> Fallible<Bytes> {
    let vu = virtual_user("reading a file")?;
    let project = &vu.worker.run.project;
    let full = match project.find(&project.folder, path) {
        Ok(full) => full,
        Err(outside) => return error(outside.to_string()),
    };
    vu.worker
        .file(&full)
        .or_else(|why| error(format!("cannot read `{}`: {why}", full.display())))
}

/// A file of the script's project as a part of a multipart body.
pub fn file(path: &str) -> Fallible<File> {
    let name = Path::new(path).file_name().map_or_else(
        || path.to_owned(),
        |name| name.to_string_lossy().into_owned(),
    );
    Ok(File(FilePart {
        bytes: read(path)?,
        content_type: guess_type(&name).to_owned(),
        file_name: name,
    }))
}

/// The content type that goes with a file's ending.
pub fn guess_type(name: &str) -> &'static str {
    match name
        .rsplit('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "json" => "application/json",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "html" | "htm" => "text/html",
        "css" => "text/css",
        "csv" => "text/csv",
        "txt" => "text/plain",
        "js" => "text/javascript",
        "zip" => "application/zip",
        _ => "application/octet-stream",
    }
}

/// A form of these fields.
pub fn form(fields: &Map) -> Prepared {
    let pairs: Vec<(String, String)> = fields
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect();
    Prepared(form_urlencoded(
        pairs
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str())),
    ))
}

/// A multipart body of these fields.
pub fn multipart_of(fields: &Map) -> Fallible<Prepared> {
    use rand::RngExt;
    let seed = virtual_user("http::multipart")?.rng.borrow_mut().random();
    let part = |value: &Dynamic| match value.read_lock::<File>() {
        Some(file) => Part::File(file.0.clone()),
        None => Part::Text(value.to_string()),
    };
    let mut parts: Vec<(String, Part)> = Vec::new();
    for (key, value) in fields {
        // A list is a field that comes more than once.
        match value.read_lock::<rhai::Array>() {
            Some(items) => parts.extend(items.iter().map(|item| (key.to_string(), part(item)))),
            None => parts.push((key.to_string(), part(value))),
        }
    }
    Ok(Prepared(multipart(&parts, seed)))
}

/// What a script gives as a body: text as it is, bytes as they are, a map or list as JSON.
pub fn body_of(value: Dynamic) -> Fallible<Body> {
    if value.is_unit() {
        return Ok(Body::Empty);
    }
    if let Some(text) = value.read_lock::<ImmutableString>() {
        return Ok(Body::Bytes {
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            content_type: None,
        });
    }
    if let Some(prepared) = value.read_lock::<Prepared>() {
        return Ok(prepared.0.clone());
    }
    if let Some(file) = value.read_lock::<File>() {
        if ::http::HeaderValue::from_str(&file.0.content_type).is_err() {
            return error("the file's content type holds characters that a header cannot carry");
        }
        let content_type = Some(file.0.content_type.clone().into());
        return Ok(Body::Bytes {
            bytes: file.0.bytes.clone(),
            content_type,
        });
    }
    if let Some(blob) = value.read_lock::<rhai::Blob>() {
        return Ok(Body::typed(
            Bytes::copy_from_slice(&blob),
            "application/octet-stream",
        ));
    }
    match crate::script::convert::to_json(&value) {
        Ok(json) => Ok(Body::typed(json.to_string(), "application/json")),
        Err(why) => error(format!("this body cannot be sent: {why}")),
    }
}
