//! What a function does, line by line: comments, requests, checks, extractions, pauses, groups.
//!
//! A group is a closure, and what is declared in a closure ends with it. So a variable that is extracted in one group and
//! used outside it is declared at the top of the function.

use std::collections::HashSet;
use std::fmt::Write as _;

use percent_encoding::percent_decode_str;

use super::layout::Layout;
use super::request::{self, call, in_batch};
use super::words::{Names, comment, duration, float, identifier, quoted};
use crate::convert::journey::{Batch, Extraction, Function, Group, Item, Page, Step, Think};
use crate::lengths::shorten;

const STEP: usize = 4;

/// Characters of a request's name in that of a check.
const LONGEST_NAME: usize = 80;

/// Writes the body of a function, indented.
pub fn write_body(text: &mut String, function: &Function) {
    let mut names = Names::default();
    function.parameters.iter().for_each(|name| names.take(name));
    each_extraction(&function.items, &mut |extraction| {
        names.take(&extraction.variable);
    });
    let outer = crossing(&function.items);
    if !outer.is_empty() {
        for name in &outer {
            let _ = writeln!(text, "{:STEP$}let {name} = ();", "");
        }
        text.push('\n');
    }
    let outer: HashSet<String> = outer.into_iter().collect();
    let mut writer = Writer {
        text,
        taken: &names,
        outer: &outer,
        names: Names::default(),
        declared: HashSet::new(),
        groups: 0,
    };
    writer.items(&function.items, STEP);
}

struct Writer<'a> {
    text: &'a mut String,
    /// Names of parameters and of all that is extracted.
    taken: &'a Names,
    /// Variables declared at the top of the function.
    outer: &'a HashSet<String>,
    /// Names given to responses so far, here and in what is around.
    names: Names,
    /// Further variables that exist already, so that they are assigned.
    declared: HashSet<String>,
    /// How many groups are around.
    groups: usize,
}

impl Writer<'_> {
    fn items(&mut self, items: &[Item], indent: usize) {
        let mut last: Option<&Item> = None;
        for item in items {
            if last.is_some_and(|last| apart(last, item)) {
                self.text.push('\n');
            }
            last = Some(item);
            match item {
                Item::Step(step) => self.step(step, indent),
                Item::Batch(batch) => self.batch(batch, indent),
                Item::AtOnce(steps) => self.at_once(steps, indent),
                Item::Page(page) => self.page(page, indent),
                Item::Think(pause) => self.line(indent, &think(pause)),
                Item::Note(note) => self.line(indent, &format!("// {}", comment(note))),
                Item::Code(lines) => lines.iter().for_each(|line| self.line(indent, line)),
                Item::Group(group) => self.group(group, indent),
            }
        }
    }

    fn line(&mut self, indent: usize, line: &str) {
        if line.is_empty() {
            self.text.push('\n');
        } else {
            let _ = writeln!(self.text, "{:indent$}{line}", "");
        }
    }

    fn statement(&mut self, indent: usize, before: &str, layout: &Layout) {
        let start = indent + before.chars().count();
        let laid = layout.lay_out(start, indent, 1);
        self.line(indent, &format!("{before}{laid};"));
    }

    fn notes(&mut self, notes: &[String], indent: usize) {
        for note in notes {
            self.line(indent, &format!("// {}", comment(note)));
        }
    }

    fn group(&mut self, group: &Group, indent: usize) {
        self.line(indent, &format!("group({}, || {{", quoted(&group.name)));
        // What is declared inside is forgotten outside; names of responses are given anew in each group.
        let (names, declared) = (self.names.clone(), self.declared.clone());
        self.groups += 1;
        self.items(&group.items, indent + STEP);
        self.groups -= 1;
        (self.names, self.declared) = (names, declared);
        self.line(indent, "});");
    }

    fn step(&mut self, step: &Step, indent: usize) {
        self.notes(&step.notes, indent);
        let layout = call(&step.request, step.status, self.groups);
        let wanted = step.status.is_some()
            || !step.checks.is_empty()
            || !step.extractions.is_empty()
            || step.variable.is_some();
        if !wanted {
            return self.statement(indent, "", &layout);
        }
        let response = step
            .variable
            .clone()
            .unwrap_or_else(|| self.response_name(step));
        self.statement(indent, &format!("let {response} = "), &layout);
        self.checks(step, &response, &response, indent);
        self.extractions(&step.extractions, &response, indent);
    }

    /// What is expected of the response that `response` is. Checks are counted by their names, so each is called after its
    /// request, or else as `fallback`, unless the source has a name for it.
    fn checks(&mut self, step: &Step, response: &str, fallback: &str, indent: usize) {
        let mut request = step.request.name.as_deref().unwrap_or(fallback).to_owned();
        shorten(&mut request, LONGEST_NAME);
        let status = step.status.map(|status| {
            let name = match &step.status_name {
                Some(name) => name.clone(),
                None => format!("{request}: status is {status}"),
            };
            (name, format!("r.status == {status}"))
        });
        let others = step.checks.iter().map(|check| {
            let name = match check.own {
                true => check.name.clone(),
                false => format!("{request}: {}", check.name),
            };
            (name, check.condition.clone())
        });
        // A map has each name once.
        let mut names = Names::default();
        let entries: Vec<Layout> = status
            .into_iter()
            .chain(others)
            .map(|(name, condition)| {
                let name = names.unique(&name);
                // A name of a check in quotes always: it is a sentence.
                let condition = Layout::atom(format!("|r| {condition}"));
                Layout::Entry(quoted(&name), Box::new(condition))
            })
            .collect();
        if !entries.is_empty() {
            let arguments = vec![Layout::atom(response), Layout::Map(entries)];
            self.statement(indent, "", &Layout::Call("check".to_owned(), arguments));
        }
    }

    fn extractions(&mut self, extractions: &[Extraction], response: &str, indent: usize) {
        for extraction in extractions {
            let value = request::read(&extraction.source, response);
            let known = self.outer.contains(&extraction.variable)
                || !self.declared.insert(extraction.variable.clone());
            let keyword = if known { "" } else { "let " };
            self.line(
                indent,
                &format!("{keyword}{} = {value};", extraction.variable),
            );
        }
    }

    fn unique(&mut self, name: &str) -> String {
        self.names.unique_beside(name, self.taken)
    }

    /// A variable for a response, called after its request.
    fn response_name(&mut self, step: &Step) -> String {
        let name = match &step.request.name {
            // A name that is a path reminds of its last word, as any other path.
            Some(name) if !name.contains('/') => identifier(name, "response"),
            _ => {
                let path = step.request.url.path.outline();
                let last = path
                    .split('/')
                    .rfind(|part| part.chars().any(char::is_alphabetic) && !part.contains('…'));
                let last = percent_decode_str(last.unwrap_or_default()).decode_utf8_lossy();
                identifier(&last, "response")
            }
        };
        self.unique(&name)
    }

    fn batch(&mut self, batch: &Batch, indent: usize) {
        self.notes(&batch.notes, indent);
        let requests = batch.requests.iter();
        let items = Layout::List(
            requests
                .map(|request| in_batch(request, None, self.groups))
                .collect(),
        );
        let layout = Layout::Call("http::batch".to_owned(), vec![items]);
        if batch.check.is_empty() {
            return self.statement(indent, "", &layout);
        }
        let name = self.unique("responses");
        self.statement(indent, &format!("let {name} = "), &layout);
        let check = format!("check({name}.all(|r| r.ok), {});", quoted(&batch.check));
        self.line(indent, &check);
    }

    fn at_once(&mut self, steps: &[Step], indent: usize) {
        for step in steps {
            self.notes(&step.notes, indent);
        }
        let items = steps
            .iter()
            .map(|step| in_batch(&step.request, step.status, self.groups))
            .collect();
        let layout = Layout::Call("http::batch".to_owned(), vec![Layout::List(items)]);
        let responses = self.unique("responses");
        self.statement(indent, &format!("let {responses} = "), &layout);
        for (at, step) in steps.iter().enumerate() {
            let name = self.response_name(step);
            self.checks(step, &format!("{responses}[{at}]"), &name, indent);
        }
        for (at, step) in steps.iter().enumerate() {
            self.extractions(&step.extractions, &format!("{responses}[{at}]"), indent);
        }
    }

    fn page(&mut self, page: &Page, indent: usize) {
        self.notes(&page.notes, indent);
        let layout = request::page(page);
        if page.extractions.is_empty() {
            return self.statement(indent, "", &layout);
        }
        let name = self.unique(&identifier(&page.name, "loaded"));
        self.statement(indent, &format!("let {name} = "), &layout);
        self.extractions(&page.extractions, &format!("{name}.response"), indent);
    }
}

/// Whether an empty line stands between two items.
fn apart(last: &Item, item: &Item) -> bool {
    match (last, item) {
        (Item::Note(_), _) | (_, Item::Think(_)) => false,
        (Item::Code(_), Item::Code(_)) => false,
        // Requests that are one line each stay together.
        (Item::Step(a), Item::Step(b)) => !(bare(a) && bare(b)),
        _ => true,
    }
}

fn bare(step: &Step) -> bool {
    step.notes.is_empty()
        && step.checks.is_empty()
        && step.extractions.is_empty()
        && step.status.is_none()
}

fn think(pause: &Think) -> String {
    match *pause {
        Think::Fixed(length) => format!("think::fixed({});", duration(length)),
        Think::Uniform { min, max } => {
            format!("think::uniform({}, {});", duration(min), duration(max))
        }
        Think::Normal { mean, deviation } => {
            format!(
                "think::normal({}, {});",
                duration(mean),
                duration(deviation)
            )
        }
        Think::LogNormal { median, sigma } => {
            format!("think::log_normal({}, {});", duration(median), float(sigma))
        }
    }
}

/// Variables that are extracted in a group and used outside it, in the order in which they are extracted.
fn crossing(items: &[Item]) -> Vec<String> {
    let mut extracted = HashSet::new();
    each_extraction(items, &mut |extraction| {
        extracted.insert(extraction.variable.clone());
    });
    // From the end: `later` is what is used after the item at hand.
    let mut later = HashSet::new();
    let mut by_group = Vec::new();
    for item in items.iter().rev() {
        if let Item::Group(group) = item {
            let mut cross = Vec::new();
            each_extraction(&group.items, &mut |extraction| {
                if later.contains(&extraction.variable) {
                    cross.push(extraction.variable.clone());
                }
            });
            // Groups in groups: what crosses those is declared outside all of them.
            cross.extend(crossing(&group.items));
            by_group.push(cross);
        }
        if !extracted.is_empty() {
            mention(item, &extracted, &mut later);
        }
    }
    let mut found: Vec<String> = Vec::new();
    let mut known = HashSet::new();
    for name in by_group.into_iter().rev().flatten() {
        if known.insert(name.clone()) {
            found.push(name);
        }
    }
    found
}

/// Adds those of the names that an item has as words.
fn mention(item: &Item, names: &HashSet<String>, mentioned: &mut HashSet<String>) {
    let mut text = String::new();
    let mut writer = Writer {
        text: &mut text,
        taken: &Names::default(),
        outer: &HashSet::new(),
        names: Names::default(),
        declared: HashSet::new(),
        groups: 0,
    };
    writer.items(std::slice::from_ref(item), 0);
    let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    for word in words {
        if let Some(name) = names.get(word)
            && !mentioned.contains(name)
        {
            mentioned.insert(name.clone());
        }
    }
}

fn each_extraction(items: &[Item], look: &mut dyn FnMut(&Extraction)) {
    for item in items {
        match item {
            Item::Step(step) => step.extractions.iter().for_each(&mut *look),
            Item::AtOnce(steps) => {
                let extractions = steps.iter().flat_map(|step| &step.extractions);
                extractions.for_each(&mut *look);
            }
            Item::Page(page) => page.extractions.iter().for_each(&mut *look),
            Item::Group(group) => each_extraction(&group.items, look),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::journey::{Request, Source, Url};

    fn step(path: &str, extractions: Vec<Extraction>) -> Item {
        let mut url = Url {
            base: crate::convert::text::Text::code("global::BASE"),
            ..Url::default()
        };
        url.path = path.into();
        url.path.replace("{id}", "id");
        Item::Step(Box::new(Step {
            request: Request {
                method: "GET".to_owned(),
                url,
                ..Request::default()
            },
            extractions,
            ..Step::default()
        }))
    }

    fn group(name: &str, items: Vec<Item>) -> Item {
        Item::Group(Group {
            name: name.to_owned(),
            items,
        })
    }

    #[test]
    fn a_variable_of_one_group_is_known_in_the_next() {
        let id = Extraction {
            variable: "id".to_owned(),
            source: Source::Json("id".to_owned()),
        };
        let function = Function {
            name: "iteration".to_owned(),
            items: vec![
                group("first", vec![step("/new", vec![id])]),
                group("second", vec![step("/{id}", Vec::new())]),
            ],
            ..Function::default()
        };
        let mut text = String::new();
        write_body(&mut text, &function);
        assert_eq!(
            text,
            "    let id = ();\n\n    group(\"first\", || {\n        let response_new = http::get(`${global::BASE}/new`);\n        id = response_new.json(\"id\");\n    });\n\n    group(\"second\", || {\n        http::get(`${global::BASE}/${id}`);\n    });\n"
        );
    }
}
