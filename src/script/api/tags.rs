//! `tags`: tags on everything the virtual user records, until the iteration ends.

use std::rc::Rc;

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult, Map};

use super::{Fallible, error, virtual_user};
use crate::lengths::TAGS;
use crate::options::{Wrong, reserved_tag};

/// An error if a tag of this name is rhaid's to set.
pub fn check_name(name: &str) -> Fallible<()> {
    match reserved_tag(name) {
        None => Ok(()),
        Some(Wrong { message, help }) => {
            let help = help.map(|help| format!("\nhelp: {help}"));
            error(format!("{message}{}", help.unwrap_or_default()))
        }
    }
}

/// The pairs of a map of tags.
pub fn pairs(map: &Map) -> Fallible<impl Iterator<Item = (Rc<str>, Rc<str>)>> {
    if map.len() > TAGS {
        return too_many_tags();
    }
    Ok(map
        .iter()
        .map(|(key, value)| (key.as_str().into(), value.to_string().as_str().into())))
}

fn too_many_tags<T>() -> Fallible<T> {
    error(format!("there are more than {TAGS} tags"))
}

#[export_module(manifest)]
pub mod tags_module {
    /// Sets a tag for the rest of the iteration.
    #[rhai_fn(return_raw)]
    pub fn set(name: &str, value: Dynamic) -> Result<(), Box<EvalAltResult>> {
        let vu = virtual_user("tags::set")?;
        check_name(name)?;
        if !vu.set_tag(name, Some(&value.to_string())) {
            return too_many_tags();
        }
        Ok(())
    }

    /// Removes a tag that was set.
    #[rhai_fn(return_raw)]
    pub fn remove(name: &str) -> Result<(), Box<EvalAltResult>> {
        virtual_user("tags::remove")?.set_tag(name, None);
        Ok(())
    }
}
