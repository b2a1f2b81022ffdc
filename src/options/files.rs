//! Files that options name: they are found from where the options are written, wherever rhaid is started.

use std::path::Path;

use serde_json::{Map, Value};

/// Options of `tls` that are files.
const TLS_FILES: [&str; 3] = ["ca", "cert", "key"];

/// Puts `folder` before the relative paths in raw options.
pub fn found_from(folder: &Path, raw: &mut Map<String, Value>) {
    let Some(Value::Object(tls)) = raw.get_mut("tls") else {
        return;
    };
    for key in TLS_FILES {
        match tls.get_mut(key) {
            Some(Value::Array(paths)) => paths.iter_mut().for_each(|path| join(folder, path)),
            Some(path) => join(folder, path),
            None => {}
        }
    }
}

fn join(folder: &Path, path: &mut Value) {
    // An empty path is a mistake, and stays one.
    if let Value::String(text) = path
        && !text.is_empty()
    {
        *text = folder.join(&*text).display().to_string();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn relative_files_are_found_from_the_folder_and_absolute_ones_are_left() {
        let raw = json!({ "tls": { "ca": ["a.pem", "/b.pem"], "cert": "c.pem", "key": "", "insecure": true } });
        let mut raw = raw.as_object().cloned().unwrap_or_default();
        found_from(Path::new("tests/load"), &mut raw);
        assert_eq!(
            Value::Object(raw),
            json!({ "tls": { "ca": ["tests/load/a.pem", "/b.pem"], "cert": "tests/load/c.pem", "key": "", "insecure": true } })
        );
    }
}
