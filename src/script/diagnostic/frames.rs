//! The calls that led to an error: who called whom, and where each of them stood.

use rhai::{EvalAltResult, Position};

use super::Note;
use super::excerpt::plain_line;
use crate::lengths::shorten;
use crate::script::sources::Sources;

/// Frames shown of a deep stack: so many of the innermost, and so many of the outermost.
const INNERMOST: usize = 8;
const OUTERMOST: usize = 3;
/// Bytes of a source line beside a frame.
pub const LINE: usize = 80;

/// One function that was being run.
struct Frame<'a> {
    /// Nothing for a top level.
    function: Option<&'a str>,
    source: &'a str,
    position: Position,
}

/// What runs a text as code: places within it are in no file.
const EVAL: &str = "eval";

/// The place in a file at which an error is shown: its own, or of one within the text of an `eval` that of the call.
pub fn place(error: &EvalAltResult) -> (Position, bool) {
    let mut called = Position::NONE;
    let mut is_evaluated = false;
    let mut current = error;
    loop {
        let (name, inner, position) = match current {
            EvalAltResult::ErrorInFunctionCall(name, _, inner, position) => {
                (name.as_str(), inner, *position)
            }
            EvalAltResult::ErrorInModule(_, inner, position) => ("", inner, *position),
            _ => break,
        };
        match (name == EVAL, is_evaluated) {
            (true, false) => (is_evaluated, called) = (true, position),
            // An `eval` within an `eval` is at the place of the outer one.
            (true, true) => {}
            (false, _) => is_evaluated = false,
        }
        current = inner;
    }
    match is_evaluated {
        true => (called, true),
        false => (current.position(), false),
    }
}

/// What is at the bottom of the calls, the name of the source it happened in, and the frames, innermost first, if there is more than
/// one. `sources` has the texts; without it no source lines are shown.
pub fn of<'a>(
    error: &'a EvalAltResult,
    main: &'a str,
    sources: Option<&Sources>,
) -> (&'a EvalAltResult, &'a str, Vec<Note>) {
    let mut frames = Vec::new();
    let (mut function, mut source) = (None, main);
    let mut current = error;
    loop {
        let (called, inside, inner, position) = match current {
            EvalAltResult::ErrorInFunctionCall(name, inside, inner, position) => {
                (Some(readable(name)), inside, inner, *position)
            }
            EvalAltResult::ErrorInModule(name, inner, position) => (None, name, inner, *position),
            _ => break,
        };
        // The engine itself calls a scenario's function, from nowhere in the script.
        if function.is_some() || !position.is_none() {
            frames.push(Frame {
                function,
                source,
                position,
            });
        }
        function = called;
        if !inside.is_empty() {
            source = inside;
        }
        current = inner;
    }
    let position = current.position();
    frames.push(Frame {
        function,
        source,
        position,
    });
    frames.reverse();
    let notes = if frames.len() > 1 {
        described(&frames, sources)
    } else {
        Vec::new()
    };
    (current, source, notes)
}

fn readable(name: &str) -> &str {
    if name.starts_with("anon$") {
        "a closure"
    } else {
        name
    }
}

/// The frames as notes; equal ones in a row, as of a recursion, are one, and the middle of a deep stack is only counted.
fn described(frames: &[Frame<'_>], sources: Option<&Sources>) -> Vec<Note> {
    let mut notes: Vec<(Note, usize)> = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        let mut note = note(frame, sources);
        if at == 0 {
            // The report shows this line itself.
            note.code.clear();
        }
        match notes.last_mut() {
            Some((last, times)) if last.is_same_place(&note) => *times += 1,
            _ => notes.push((note, 1)),
        }
    }
    let mut notes: Vec<Note> = notes
        .into_iter()
        .map(|(mut note, times)| {
            if times > 1 {
                note.message.push_str(&format!(", {times} times"));
            }
            note
        })
        .collect();
    if notes.len() > INNERMOST + OUTERMOST + 1 {
        let left_out = notes.len() - INNERMOST - OUTERMOST;
        let middle = Note {
            message: format!("… {left_out} more calls"),
            ..Note::default()
        };
        notes.splice(INNERMOST..INNERMOST + left_out, [middle]);
    }
    notes
}

fn note(frame: &Frame<'_>, sources: Option<&Sources>) -> Note {
    let (line, column) = (
        frame.position.line().unwrap_or(0),
        frame.position.position().unwrap_or(0),
    );
    if frame.function == Some(EVAL) {
        let message = match line {
            0 => "in the text that `eval` runs".to_owned(),
            line => format!("in line {line} of the text that `eval` runs"),
        };
        return Note {
            message,
            ..Note::default()
        };
    }
    let text = sources.and_then(|sources| sources.text(frame.source));
    let mut code = text
        .and_then(|text| Some(plain_line(&text, line)?.trim().to_owned()))
        .unwrap_or_default();
    shorten(&mut code, LINE);
    Note {
        source: frame.source.to_owned(),
        line,
        column,
        message: match frame.function {
            Some(name) => format!("in {name}"),
            None => "in the top level".to_owned(),
        },
        code,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `one` calls `two` calls `three` …, each from its own line.
    fn deep(levels: usize, same_line: bool) -> EvalAltResult {
        let mut error = EvalAltResult::ErrorRuntime("deep".into(), Position::new(1, 1));
        for level in (0..levels).rev() {
            let line = if same_line { 2 } else { level + 2 };
            let position = match level {
                0 => Position::NONE,
                _ => Position::new(u16::try_from(line).unwrap(), 5),
            };
            let name = if same_line {
                "f".to_owned()
            } else {
                format!("f{level}")
            };
            error =
                EvalAltResult::ErrorInFunctionCall(name, "s.rhai".into(), error.into(), position);
        }
        error
    }

    #[test]
    fn a_deep_stack_shows_both_ends_and_counts_the_rest() {
        let error = deep(40, false);
        let (_, source, notes) = of(&error, "main.rhai", None);
        assert_eq!(source, "s.rhai");
        assert_eq!(notes.len(), INNERMOST + OUTERMOST + 1);
        assert_eq!(notes[0].message, "in f39");
        assert_eq!(notes[INNERMOST].message, "… 29 more calls");
        assert_eq!(notes.last().unwrap().message, "in f0");
    }

    #[test]
    fn a_recursion_is_one_frame_with_its_count() {
        let error = deep(40, true);
        let (_, _, notes) = of(&error, "main.rhai", None);
        let said: Vec<&str> = notes.iter().map(|note| note.message.as_str()).collect();
        assert_eq!(said, ["in f", "in f, 39 times"]);
    }

    #[test]
    fn an_error_of_the_function_itself_needs_no_frames() {
        let error = deep(1, false);
        assert!(of(&error, "main.rhai", None).2.is_empty());
    }

    #[test]
    fn frames_show_their_lines() {
        let sources = Sources::from_text(Path::new("s.rhai"), "throw 1\n  f();\n    g(1)\n");
        let error = deep(3, false);
        let (_, _, notes) = of(&error, "s.rhai", Some(&sources));
        let lines: Vec<&str> = notes.iter().map(|note| note.code.as_str()).collect();
        assert_eq!(lines, ["", "", "g(1)"]);
    }
}
