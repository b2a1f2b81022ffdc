//! Words of other languages, JavaScript and k6 before all, and what is written here instead.

/// The page of the guide that has all of it.
const GUIDE: &str = "docs/from-k6.md has the whole list";

/// What a variable of another language is called here. `member` is what is read or called on it.
pub fn variable(name: &str, member: Option<&str>) -> Option<String> {
    let member = member.unwrap_or_default();
    let hint = match name {
        "__VU" => "write `ctx.vu`, in a function that takes `ctx`".to_owned(),
        "__ITER" => "write `ctx.iteration`, in a function that takes `ctx`".to_owned(),
        "__ENV" | "process" => {
            let variable = if name == "__ENV" && !member.is_empty() {
                member
            } else {
                "NAME"
            };
            format!("write `env(\"{variable}\")`, or `env(\"{variable}\", \"default\")`")
        }
        "console" => {
            let level = match member {
                "error" => "error",
                "warn" => "warn",
                "debug" | "trace" => "trace",
                _ => "info",
            };
            format!("write `log::{level}(…)`")
        }
        "undefined" | "None" | "NULL" | "nil" => "write `()`, which stands for nothing".to_owned(),

        "JSON" if member == "stringify" => {
            "write `json_text(x)`; a map as a request's body becomes JSON by itself".to_owned()
        }
        "JSON" => "write `parse_json(text)`; of a response, `r.json(\"path\")`".to_owned(),
        "Math" if member == "random" => {
            "write `random::float()`, or `random::int(low, high)`".to_owned()
        }
        "Math" => match member {
            "floor" => "write `x.floor()`".to_owned(),
            "ceil" => "write `x.ceiling()`".to_owned(),
            "round" => "write `x.round()`".to_owned(),
            "min" | "max" => format!("write `{member}(a, b)`"),
            _ => "functions on numbers are called on them, as in `x.floor()`".to_owned(),
        },
        "Date" => "write `time::now_ms()`, `time::iso()` or `time::date(days)`".to_owned(),
        "exec" => {
            "write `ctx.vu`, `ctx.iteration` or `ctx.scenario`, in a function that takes `ctx`"
                .to_owned()
        }
        "data" if !member.is_empty() => {
            "what `setup` returned is `ctx.data`, in a function that takes `ctx`".to_owned()
        }
        "True" | "False" => format!("write `{}`", name.to_lowercase()),
        _ => return None,
    };
    Some(hint)
}

/// What a function of another language is called here.
pub fn function(name: &str) -> Option<&'static str> {
    Some(match name {
        "fetch" => "write `http::get(url)`",
        "expect" => {
            "in a test, write `assert_eq(found, expected)`; in a journey, `check(r, #{ \"name\": |r| r.ok })`"
        }
        "require" => "write `import \"lib/name\" as name;` at the top of the script",
        "setTimeout" | "setInterval" => "write `sleep(\"1s\")`; only this virtual user waits",
        "parseInt" => "write `parse_int(text)`",
        "parseFloat" => "write `parse_float(text)`",
        "String" | "str" => "write `x.to_string()`",
        "Number" => "write `parse_float(text)`",
        "uuidv4" => "write `random::uuid()`",
        "randomIntBetween" => "write `random::int(low, high)`",
        "randomItem" => "write `random::pick(list)`",
        "randomString" => {
            "write `random::uuid()`, or for less of it `random::uuid().sub_string(0, 8)`"
        }
        "join" => {
            "put the text together: `let text = \"\"; for x in list { if text != \"\" { text += \",\"; } text += x; }`"
        }
        "circular" | "sequential" => {
            "write `rows.next()`: one row after the other, and again from the first"
        }
        "shuffle" => "of rows of a file, write `rows.shuffled()`",
        "queue" => {
            "of rows of a file, each once: `rows.unique()`; between users: `shared::queue(name)`"
        }
        "feed" | "feeder" => {
            "rows know whose turn they are: `rows.next()`, `rows.shuffled()`, `rows.unique()` and more"
        }
        "println" | "printf" => "write `print(text)`, or `log::info(text)`",
        "typeof" => "write `type_of(x)`",
        _ => return None,
    })
}

/// What a method of another language is called here.
pub fn method(name: &str) -> Option<&'static str> {
    Some(match name {
        "length" | "size" => "len",
        "includes" => "contains",
        "indexOf" => "index_of",
        "toString" => "to_string",
        "toUpperCase" => "to_upper",
        "toLowerCase" => "to_lower",
        "startsWith" => "starts_with",
        "endsWith" => "ends_with",
        "forEach" => "for_each",
        "substring" | "substr" => "sub_string",
        "slice" => "extract",
        "findIndex" => "index_of",
        "hasOwnProperty" => "contains",
        _ => return None,
    })
}

/// What a function of one of k6's modules is called in the module of the same name here. `kind`: its first argument, if that is written
/// out.
pub fn module_function<'a>(module: &str, name: &'a str, kind: Option<&str>) -> &'a str {
    match (module, name, kind) {
        ("http", "del", _) => "delete",
        ("http", "asyncRequest", _) => "request",
        ("log", "debug", _) => "trace",
        ("crypto", "hmac" | "createHMAC", Some("sha1")) => "hmac_sha1",
        ("crypto", "hmac" | "createHMAC", _) => "hmac_sha256",
        ("crypto", "uuidv4" | "randomUUID", _) => "uuid",
        _ => name,
    }
}

/// Whether k6's scripts have an object of this name, which is a module here.
pub fn is_module_of_k6(name: &str) -> bool {
    matches!(name, "http" | "crypto" | "metrics" | "log" | "encoding")
}

/// What a parameter of k6's requests is called here.
pub fn parameter(name: &str) -> Option<&'static str> {
    Some(match name {
        "responseCallback" => "write `expected_statuses: [200, \"3xx\"]`",
        "responseType" => "to keep no body, write `discard_body: true`",
        "jar" => "every user has its own cookies; for one request write `cookies: #{ … }`",
        _ => return None,
    })
}

/// What a special function of k6 is called here.
pub fn lifecycle(name: &str) -> Option<&'static str> {
    Some(match name {
        "handleSummary" | "handle_summary" => "summary",
        "vuStart" | "on_start" | "before" => "vu_start",
        "vuStop" | "on_stop" | "after" => "vu_stop",
        "setUp" | "set_up" => "setup",
        "tearDown" | "tear_down" => "teardown",
        _ => return None,
    })
}

/// A module name under which k6's scripts import theirs; its functions need no import here.
pub fn k6_module(path: &str) -> Option<String> {
    (path == "k6" || path.starts_with("k6/") || path.starts_with("https://jslib.k6.io")).then(|| {
        format!("`http::get`, `check`, `sleep`, `metrics::trend` and the others need no import; {GUIDE}")
    })
}

/// What a script in another language should be told.
pub fn script_file(extension: &str) -> Option<String> {
    let language = match extension {
        "js" | "mjs" | "cjs" => "JavaScript",
        "ts" => "TypeScript",
        "py" => "Python",
        "lua" => "Lua",
        _ => return None,
    };
    Some(format!(
        "scripts are written in Rhai, in files that end in .rhai, and this one is {language}\nhelp: the same test in both languages is in docs/from-k6.md"
    ))
}

/// What a file of that kind is for, which is no script.
pub fn data_file(extension: &str) -> Option<String> {
    let (what, help) = match extension.to_ascii_lowercase().as_str() {
        "csv" | "tsv" => (
            "rows of data",
            "name the script that reads them: `const ROWS = data::csv(\"rows.csv\");`, then `rhaid run SCRIPT.rhai`",
        ),
        "json" | "ndjson" | "jsonl" => (
            "JSON",
            "a script reads data by `data::json(\"file.json\")`; a result is judged by `rhaid validate FILE` and shown by `rhaid report FILE`; `rhaid convert FILE` makes a script of a description or a collection",
        ),
        "har" | "yaml" | "yml" => (
            "a document of another tool",
            "`rhaid convert FILE -o SCRIPT.rhai` makes a script of a recording or a description of an API",
        ),
        "toml" => (
            "TOML",
            "name the script; options of a project stand in `rhaid.toml`, objectives are given by `--slo FILE`",
        ),
        _ => return None,
    };
    Some(format!(
        "a script is wanted here, and this is {what}\nhelp: {help}"
    ))
}

/// What the author of a line with a syntax error most likely meant. `column` counts from 1, in characters; `before` are the
/// lines above, for statements over several.
pub fn syntax(line: &str, column: usize, before: &[&str]) -> Option<String> {
    let code = code_only(line);
    let at = code
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(code.len(), |(at, _)| at);
    let (ahead, rest) = code.split_at_checked(at)?;
    let words = words(&code);
    let first = words.first().copied().unwrap_or_default();
    import_statement(line, first, before)
        .or_else(|| symbol(ahead, rest))
        .or_else(|| assignment(&words, rest))
        .or_else(|| export_or_function(&words, ahead, rest))
        .or_else(|| loop_or_branch(&words, ahead, rest))
        .or_else(|| reserved(ahead, rest))
}

fn import_statement(line: &str, first: &str, before: &[&str]) -> Option<String> {
    let begins = |line: &str| {
        let line = line.trim_start();
        line.starts_with("import ") || line.starts_with("import{")
    };
    let statement = if first == "import" {
        line
    } else {
        // `import {` over several lines.
        let start = before
            .iter()
            .rev()
            .take(20)
            .take_while(|line| !line.contains(';'))
            .find(|line| begins(line))?;
        start.trim_end().ends_with(['{', ',']).then_some(*start)?
    };
    let after = statement.trim_start().strip_prefix("import")?.trim_start();
    if after.starts_with('"') && !statement.contains(" from ") {
        return None;
    }
    let path = line.split(['\'', '"']).nth(1).unwrap_or("k6");
    k6_module(path).or_else(|| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let name = name.trim_end_matches(".js").trim_end_matches(".ts");
        let path = path
            .trim_start_matches("./")
            .trim_end_matches(".js")
            .trim_end_matches(".ts");
        Some(format!("write `import \"{path}\" as {name};`"))
    })
}

/// Signs that mean something else or nothing here, at the place of the error.
fn symbol(ahead: &str, rest: &str) -> Option<String> {
    let tight = rest.trim_start();
    let before = ahead.trim_end();
    // The parser may stop at the arrow or at the parameters before it.
    let arrow = tight.starts_with("=>")
        || before.ends_with("=>")
        || tight.split_once("=>").is_some_and(|(between, _)| {
            !between.is_empty()
                && between
                    .chars()
                    .all(|c| c.is_alphanumeric() || "_(), ".contains(c))
        });
    let hint = if arrow {
        "a closure is written `|x| …`, or `|| { … }` without parameters"
    } else if tight.starts_with("===") || before.ends_with("==") && tight.starts_with('=') {
        "write `==`; values of different types are never equal"
    } else if tight.starts_with("!==") {
        "write `!=`"
    } else if tight.starts_with('\'') {
        "texts stand in double quotes: \"text\""
    } else if tight.starts_with("++") {
        "write `x += 1`"
    } else if tight.starts_with("--") {
        "write `x -= 1`"
    } else if tight.starts_with("...") {
        "maps and lists are joined by `+`: `a + #{ b: 1 }`, `a + [1]`"
    } else if tight.starts_with('?') {
        "write `if a { b } else { c }`, which gives a value"
    } else if tight.starts_with(['{', '['])
        && (before.ends_with("let") || before.ends_with("const"))
    {
        "take the parts one by one: `let a = x.a; let b = x.b;`"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

/// `if r.status = 200`: a condition that assigns.
fn assignment(words: &[&str], rest: &str) -> Option<String> {
    let sign = rest.trim_start();
    let assigns = sign.starts_with('=') && !sign.starts_with("==");
    let is_condition = ["if", "while", "until"]
        .iter()
        .any(|word| words.contains(word));
    (assigns && is_condition).then(|| "write `==` to compare: `=` assigns".to_owned())
}

fn export_or_function(words: &[&str], ahead: &str, rest: &str) -> Option<String> {
    let followed = |word: &str| {
        let at = words.iter().position(|other| *other == word)?;
        words.get(at + 1).copied()
    };
    if followed("export") == Some("default") || followed("fn") == Some("default") {
        return Some(format!(
            "write `fn iteration(ctx) {{ … }}`; what `setup` returned is `ctx.data`; {GUIDE}"
        ));
    }
    if last_word(ahead) == "function" || first_word(rest) == "function" {
        return Some(match followed("function") {
            Some(name) if followed("export") == Some("function") => {
                format!("write `fn {name}(…) {{ … }}`; functions are not exported")
            }
            Some(name) if !ahead.contains('(') && !ahead.contains('=') => {
                format!("write `fn {name}(…) {{ … }}`")
            }
            _ => "write `fn name(…) { … }`, or for a closure `|x| …`".to_owned(),
        });
    }
    if matches!(followed("export"), Some("fn" | "async")) {
        return Some("functions are not exported: leave `export` away".to_owned());
    }
    None
}

fn loop_or_branch(words: &[&str], ahead: &str, rest: &str) -> Option<String> {
    let begins = words.first().copied().unwrap_or_default();
    let here = |word: &str| last_word(ahead) == word || first_word(rest) == word;
    let hint = if words.contains(&"for") && here("of") {
        "write `for x in list { … }`"
    } else if ahead.trim_end().ends_with("for (") {
        match words.contains(&"of") {
            true => "write `for x in list { … }`",
            false => "write `for x in list { … }`, or to count `for i in 0..3 { … }`",
        }
    } else if here("finally") {
        "there is no `finally`: put it after the `catch` block"
    } else if begins == "case" && here("case") {
        "write `switch x { 1 => …, 2 | 3 => …, _ => … }`"
    } else if here("typeof") {
        "write `type_of(x)`"
    } else if begins == "class" && here("class") {
        "there are no classes: a map holds values, `#{ name: 1 }`, and functions take it"
    } else if here("elif") {
        "write `else if`"
    } else {
        return None;
    };
    Some(hint.to_owned())
}

/// Words of Rhai that make sense as names of scenarios, fields and the like.
const KEYWORDS: &[&str] = &[
    "as", "break", "catch", "const", "continue", "do", "else", "export", "false", "fn", "for",
    "if", "import", "in", "let", "loop", "private", "return", "switch", "throw", "true", "try",
    "until", "while",
];

/// Words that Rhai keeps for itself, as other languages use them.
fn reserved(ahead: &str, rest: &str) -> Option<String> {
    let words = words(rest);
    let word = first_word(rest);
    // As a key of a map.
    if rest.strip_prefix(word)?.trim_start().starts_with(':') {
        return KEYWORDS.contains(&word).then(|| {
            format!("Rhai keeps this word for itself: as a key of a map write \"{word}\" in quotes")
        });
    }
    let hint = match word {
        "new" => match words.get(1).copied().unwrap_or_default() {
            kind @ ("Trend" | "Counter" | "Gauge" | "Rate") => format!(
                "write `metrics::{}(\"name\")`, in the function that adds to it",
                kind.to_lowercase()
            ),
            "Date" => "write `time::now_ms()`, `time::iso()` or `time::date(days)`".to_owned(),
            "Error" => "write `throw \"why\"`, or `fail(\"why\")`".to_owned(),
            "SharedArray" => {
                "data::csv, data::json and data::jsonl read a file once for all virtual users"
                    .to_owned()
            }
            _ => "nothing is made by `new`: call a function, or write a map `#{ … }`".to_owned(),
        },
        "null" | "nil" | "void" => "write `()`, which stands for nothing".to_owned(),
        "debug" if ahead.trim_end().ends_with("log::") => {
            "write `log::trace(…)`: Rhai keeps the name `debug` for itself".to_owned()
        }
        "await" | "async" => {
            "calls that wait do so by themselves: no `async`, no `await`".to_owned()
        }
        "var" => "declare a variable with `let`".to_owned(),
        _ => return None,
    };
    Some(hint)
}

/// A line with spaces for what stands in its texts, and without its comment.
fn code_only(line: &str) -> String {
    let mut code = String::new();
    let mut quote = None;
    let mut previous = ' ';
    for c in line.chars() {
        match quote {
            Some(mark) => {
                if c == mark && previous != '\\' {
                    quote = None;
                }
                code.push(' ');
            }
            None if c == '"' || c == '`' => {
                quote = Some(c);
                code.push(' ');
            }
            None if c == '/' && previous == '/' => break,
            None => code.push(c),
        }
        previous = c;
    }
    code
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The words of a line, without what stands between them.
fn words(line: &str) -> Vec<&str> {
    line.split(|c: char| !is_word(c))
        .filter(|word| !word.is_empty())
        .collect()
}

/// The word that a text begins with, or nothing.
fn first_word(text: &str) -> &str {
    let text = text.trim_start();
    text.split(|c: char| !is_word(c)).next().unwrap_or_default()
}

/// The word that a text ends with, or nothing.
fn last_word(text: &str) -> &str {
    let text = text.trim_end();
    text.rsplit(|c: char| !is_word(c))
        .next()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_plain_rhai_gets_no_advice() {
        for line in [
            "let rooms = http::get(url;",
            "import \"std/think\" as think",
            "check(r, #{ \"ok\": |r| r.status == 200 );",
            "switch x { 1 => 2 3 }",
            "check(r, #{ \"in any case, for 3 of them, finally\": |r| r.ok );",
            "let functions = 5 6; // export default function, class of its own",
            "let x = new_room(1 2);",
            "let nullable = x.debug y",
        ] {
            let chars: Vec<char> = line.chars().collect();
            for column in 1..=chars.len() {
                // No error is in the middle of a word.
                if column > 1 && is_word(chars[column - 1]) && is_word(chars[column - 2]) {
                    continue;
                }
                let hint = syntax(line, column, &[]);
                let is_arrow = line.contains("=>");
                assert!(hint.is_none() || is_arrow, "{line} at {column}: {hint:?}");
            }
        }
    }
}
