//! Sentences in the page: text between backticks is code, as in the messages that the sentences come from.

use handlebars::{Context, RenderErrorReason};
use handlebars::{Handlebars, Helper, HelperDef, HelperResult, Output, RenderContext, html_escape};

/// Adds the helper `{{prose text}}` to an engine.
pub fn register(templates: &mut Handlebars<'_>) {
    templates.register_helper("prose", Box::new(Prose));
}

struct Prose;

impl HelperDef for Prose {
    fn call<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
        out: &mut dyn Output,
    ) -> HelperResult {
        let text = helper.param(0).and_then(|param| param.value().as_str());
        let Some(text) = text else {
            return Err(RenderErrorReason::Other("`prose` takes a text".to_owned()).into());
        };
        out.write(&html(text))?;
        Ok(())
    }
}

/// The text as HTML. A backtick without another one stays what it is.
fn html(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('`')
        && let Some((code, after)) = after.split_once('`')
    {
        html.push_str(&html_escape(before));
        html.push_str("<code>");
        html.push_str(&html_escape(code));
        html.push_str("</code>");
        rest = after;
    }
    html.push_str(&html_escape(rest));
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_between_backticks_is_code_and_nothing_is_markup() {
        assert_eq!(html("set `pool` to 8"), "set <code>pool</code> to 8");
        assert_eq!(html("a ` alone"), "a &#x60; alone");
        assert_eq!(html("`a` and `b"), "<code>a</code> and &#x60;b");
        let open = html("<b>`<script>{{x}}`");
        assert!(
            !open.contains("<b>") && !open.contains("<script>"),
            "{open}"
        );
        assert!(open.contains("<code>&lt;script&gt;"), "{open}");
    }
}
