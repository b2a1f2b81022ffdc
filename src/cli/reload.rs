//! `rhaid run --watch`: a saved script takes over in the run that is going on.
//!
//! What is saved is checked as a whole before anyone plays it: a mistake is shown, and the last good version goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::command_args::ScriptArguments;
use super::watch::{Reader, scripts_around};
use super::{Failure, config};
use crate::harmless;
use crate::live::Voice;
use crate::run::{Blueprint, Handle, take_over};
use crate::secrets::Secrets;

/// Draws the blueprint of what is saved now.
pub type Draw = Box<dyn Fn() -> Result<Blueprint, Failure> + Send>;

/// How a script is read again, with the same `env()`; what must not be shown comes from all versions of it.
pub fn draw(
    arguments: &ScriptArguments,
    env: &Arc<BTreeMap<String, String>>,
    secrets: &Secrets,
) -> Draw {
    let (arguments, env, secrets) = (arguments.clone(), env.clone(), secrets.clone());
    Box::new(move || {
        let mut request = config::request(&arguments)?;
        request.env = (*env).clone();
        request.secrets = secrets.clone();
        Ok(Blueprint::draw_up(request)?)
    })
}

/// Lets what is saved take over.
pub struct Reloader {
    pub running: Blueprint,
    /// The file of defaults, whether it is there or not.
    pub defaults: PathBuf,
    pub draw: Draw,
    pub handle: Handle,
    pub voice: Voice,
    /// What was saved last could not be played: the mistake may be in a module that was not there before.
    pub rejected: bool,
}

impl Reloader {
    fn not_taken(&mut self, why: &str) {
        self.rejected = true;
        self.voice.say(format!(
            "{why}\nnot reloaded: the last good version goes on"
        ));
    }
}

impl Reader for Reloader {
    fn files(&self) -> BTreeSet<PathBuf> {
        let own = self.running.sources.files().into_iter();
        own.chain([self.defaults.clone()])
            .chain(self.handle.files())
            .chain(scripts_around(
                &self.running.sources.project.folder,
                self.rejected,
            ))
            .collect()
    }

    fn saved(&mut self) {
        let began = Instant::now();
        match (self.draw)() {
            Ok(newer) => match take_over(&self.running, &newer) {
                Ok(notes) => {
                    let version = self.handle.reload(&newer);
                    self.voice.say(format!(
                        "reloaded: version {version}, checked in {} ms",
                        began.elapsed().as_millis()
                    ));
                    for note in notes {
                        self.voice.say(format!("note: {}", harmless::text(&note)));
                    }
                    // The plan stays the one that the run began with.
                    self.running.sources = newer.sources;
                    self.rejected = false;
                }
                Err(why) => self.not_taken(&format!("error: {why}")),
            },
            Err(failure) => self.not_taken(failure.message.trim_end()),
        }
    }

    fn say(&self, text: String) {
        self.voice.say(text);
    }
}
