//! Trees of texts that this thread has parsed, so that looking at a script from several sides, or again after a change somewhere else,
//! parses no text twice. Parsing is what takes long: Rhai looks through all functions of a text for every variable in it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use rhai::AST;

/// Texts kept; with more, all are forgotten, which costs no more than parsing them again.
const MOST: usize = 64;

/// A text and its tree.
type Kept = (Arc<str>, Rc<AST>);

thread_local! {
    static KEPT: RefCell<HashMap<String, Kept>> = RefCell::default();
}

/// The tree of a source, if it was kept for this very text.
pub fn tree(name: &str, text: &Arc<str>) -> Option<Rc<AST>> {
    KEPT.with_borrow(|kept| {
        let (known, tree) = kept.get(name)?;
        (Arc::ptr_eq(known, text) || known == text).then(|| tree.clone())
    })
}

/// Keeps the tree of a source, in place of an older one.
pub fn keep(name: &str, text: Arc<str>, tree: Rc<AST>) {
    KEPT.with_borrow_mut(|kept| {
        if kept.len() >= MOST && !kept.contains_key(name) {
            kept.clear();
        }
        kept.insert(name.to_owned(), (text, tree));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_kept_for_its_text_only() {
        let text: Arc<str> = "let x = 1;".into();
        keep("a.rhai", text.clone(), Rc::new(AST::empty()));
        assert!(tree("a.rhai", &text).is_some());
        assert!(tree("a.rhai", &Arc::from("let x = 1;")).is_some());
        assert!(tree("a.rhai", &Arc::from("let x = 2;")).is_none());
        assert!(tree("b.rhai", &text).is_none());
        for number in 0..2 * MOST {
            keep(
                &format!("{number}.rhai"),
                text.clone(),
                Rc::new(AST::empty()),
            );
        }
        assert!(KEPT.with_borrow(HashMap::len) <= MOST);
    }
}
