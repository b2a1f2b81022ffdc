//! Keeps a template within bounds: how deep it goes, how long it takes, how much it makes.
//!
//! The engine knows no bounds: a partial that calls itself takes all memory there is. So every body of a template (of a block, of a partial)
//! gets a helper at its beginning and one at its end, which count how deep it stands and look at the clock.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use handlebars::template::{DecoratorTemplate, HelperTemplate, TemplateElement};
use handlebars::{
    Context, Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, RenderErrorReason,
    Template, TemplateError,
};

/// Bodies within bodies. A partial counts as many, since each holds a copy of what it sees.
const DEEPEST: usize = 128;
/// What a partial counts.
const PARTIAL: usize = 8;
/// Blocks within blocks, as they are written: the parser goes as deep.
const DEEPEST_WRITTEN: usize = 64;
/// Of what a template makes, in bytes.
const MOST: usize = 64 << 20;
/// A template that takes longer does not end.
const LONGEST: Duration = Duration::from_secs(30);

/// Helpers that no template names.
const ENTER: &str = "rhaid-enter";
const LEAVE: &str = "rhaid-leave";

/// The line at which a template is nested more deeply than the parser should go.
pub fn too_deep(text: &str) -> Option<usize> {
    let mut open: Vec<usize> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for tag in line.split("{{").skip(1) {
            let tag = tag.trim_start_matches(['{', '~', ' ']);
            let depth = open.iter().sum::<usize>();
            let within = tag.split("}}").next().unwrap_or(tag).matches('(').count();
            if depth > DEEPEST_WRITTEN || within > DEEPEST_WRITTEN {
                return Some(number + 1);
            }
            match tag.chars().next() {
                Some('#') => open.push(1),
                Some('/') => drop(open.pop()),
                // `else if` is a block within the block.
                _ if tag.starts_with("else ") => {
                    if let Some(last) = open.last_mut() {
                        *last += 1;
                    }
                }
                _ => {}
            }
        }
    }
    None
}

/// Adds the helpers to an engine.
pub fn register(templates: &mut Handlebars<'_>) {
    let depth = Arc::new(AtomicUsize::new(0));
    let until = Instant::now() + LONGEST;
    templates.register_helper(
        ENTER,
        Box::new(Enter {
            depth: depth.clone(),
            until,
        }),
    );
    templates.register_helper(LEAVE, Box::new(Leave { depth }));
}

/// Puts them into every body of a template.
///
/// # Errors
/// None that a template could bring about.
pub fn guard(template: &mut Template) -> Result<(), TemplateError> {
    let calls = Calls {
        body: call(1)?,
        partial: call(PARTIAL)?,
    };
    calls.put_into_parts(template);
    Ok(())
}

/// A helper's call at the beginning, and one at the end.
type Call = (TemplateElement, TemplateElement);

fn call(counts: usize) -> Result<Call, TemplateError> {
    let one = |name: &str| {
        let template = Template::compile(&format!("{{{{{name} {counts}}}}}"))?;
        let element = template.elements.into_iter().next();
        Ok::<_, TemplateError>(element.unwrap_or(TemplateElement::Comment(String::new())))
    };
    Ok((one(ENTER)?, one(LEAVE)?))
}

struct Calls {
    body: Call,
    partial: Call,
}

impl Calls {
    fn put_into_parts(&self, template: &mut Template) {
        for element in &mut template.elements {
            match element {
                TemplateElement::Expression(helper)
                | TemplateElement::HtmlExpression(helper)
                | TemplateElement::HelperBlock(helper) => self.put_into_block(helper),
                TemplateElement::DecoratorExpression(decorator)
                | TemplateElement::DecoratorBlock(decorator)
                | TemplateElement::PartialExpression(decorator)
                | TemplateElement::PartialBlock(decorator) => self.put_into_partial(decorator),
                _ => {}
            }
        }
    }

    fn put_into_block(&self, helper: &mut HelperTemplate) {
        let bodies = [&mut helper.template, &mut helper.inverse];
        for body in bodies.into_iter().flatten() {
            self.put_into(body, &self.body);
        }
    }

    fn put_into_partial(&self, decorator: &mut DecoratorTemplate) {
        if let Some(body) = &mut decorator.template {
            self.put_into(body, &self.partial);
        }
    }

    fn put_into(&self, body: &mut Template, (enter, leave): &Call) {
        self.put_into_parts(body);
        // A body without a first element has no place either.
        let Some(first) = body.mapping.first().cloned() else {
            return;
        };
        body.elements.insert(0, enter.clone());
        body.mapping.insert(0, first);
        body.elements.push(leave.clone());
    }
}

/// What a call counts.
fn counts(helper: &Helper<'_>) -> usize {
    let count = helper.param(0).and_then(|param| param.value().as_u64());
    count
        .and_then(|count| usize::try_from(count).ok())
        .unwrap_or(1)
}

struct Enter {
    depth: Arc<AtomicUsize>,
    until: Instant,
}

impl HelperDef for Enter {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        _: &mut dyn Output,
    ) -> HelperResult {
        let counts = counts(helper);
        if self.depth.fetch_add(counts, Ordering::Relaxed) > DEEPEST {
            let why = format!(
                "it goes deeper than {} partials: does one call itself without an end?",
                DEEPEST / PARTIAL
            );
            return Err(RenderErrorReason::Other(why).into());
        }
        if Instant::now() > self.until {
            let why = format!("it takes longer than {} seconds", LONGEST.as_secs());
            return Err(RenderErrorReason::Other(why).into());
        }
        Ok(())
    }
}

struct Leave {
    depth: Arc<AtomicUsize>,
}

impl HelperDef for Leave {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        _: &mut dyn Output,
    ) -> HelperResult {
        self.depth.fetch_sub(counts(helper), Ordering::Relaxed);
        Ok(())
    }
}

/// Takes what a template makes, up to a size.
#[derive(Default)]
pub struct Bounded(Vec<u8>);

impl Bounded {
    pub fn into_text(self) -> String {
        String::from_utf8(self.0)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.0.len() + data.len() > MOST {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("it makes more than {} MiB", MOST >> 20),
            ));
        }
        self.0.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
