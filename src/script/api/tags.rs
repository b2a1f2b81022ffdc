//! `tags`: tags on everything the virtual user records, until the iteration ends.

use rhai::plugin::*;
use rhai::{Dynamic, EvalAltResult};

use super::virtual_user;

#[export_module(manifest)]
pub mod tags_module {
    /// Sets a tag for the rest of the iteration.
    #[rhai_fn(return_raw)]
    pub fn set(name: &str, value: Dynamic) -> Result<(), Box<EvalAltResult>> {
        virtual_user("tags::set")?.set_tag(name, Some(&value.to_string()));
        Ok(())
    }

    /// Removes a tag that was set.
    #[rhai_fn(return_raw)]
    pub fn remove(name: &str) -> Result<(), Box<EvalAltResult>> {
        virtual_user("tags::remove")?.set_tag(name, None);
        Ok(())
    }
}
