//! Templates: small projects that `rhaid new` begins a test with.
//!
//! Each is a folder of real files in `templates/`, which are part of the binary, with what all share in
//! `templates/common`. In goes a [`Template`] and a [`Naming`], out come [`File`]s: paths and texts, with the names
//! filled in where the files have `{{NAME}}` and the like. Nothing here touches the disk.

/// A kind of test to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    pub name: &'static str,
    /// What it is for, in a sentence.
    pub sentence: &'static str,
    /// The factor that makes its plan a trial of some seconds.
    pub scale: &'static str,
    script: &'static str,
    /// At most one.
    data: &'static [Data],
}

/// A data file that a template's script reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Data {
    name: &'static str,
    text: &'static str,
}

/// A template out of the files in `templates/NAME`.
macro_rules! template {
    ($name:literal, $sentence:literal, $scale:literal $(, $data:literal)?) => {
        Template {
            name: $name,
            sentence: $sentence,
            scale: $scale,
            script: include_str!(concat!("../../templates/", $name, "/journey.rhai")),
            data: &[$(Data {
                name: $data,
                text: include_str!(concat!("../../templates/", $name, "/", $data)),
            })?],
        }
    };
}

/// The one that is taken if none is named.
pub const DEFAULT: &str = "api";

/// All templates, in the order in which they are listed.
pub const ALL: &[Template] = &[
    template!(
        "api",
        "Users who visit a JSON API: a ramp, checks, think times, rows of a CSV file.",
        "0.1",
        "guests.csv"
    ),
    template!(
        "webhook",
        "Signed webhooks at a constant rate, and forged ones that must be refused.",
        "0.1",
        "messages.json"
    ),
    template!(
        "reservation",
        "Bookings with idempotency keys, and a look at the end for all that was acknowledged.",
        "0.1",
        "stays.csv"
    ),
    template!(
        "soak",
        "Little load for a long time, each five minutes judged by themselves.",
        "0.01"
    ),
    template!(
        "chaos",
        "Guests who must not suffer while a crowd, impatient clients and broken requests come in.",
        "0.2"
    ),
];

const CONFIG: &str = include_str!("../../templates/common/rhaid.toml");
const IGNORED: &str = include_str!("../../templates/common/gitignore");
const README: &str = include_str!("../../templates/common/README.md");
/// The script of a project.
const SCRIPT: &str = "journey.rhai";

/// How things are called in a copy of a template.
#[derive(Debug, Clone, Copy)]
pub enum Naming<'a> {
    /// A folder of this name.
    Project(&'a str),
    /// A script of this name (without `.rhai`) in a folder that is there already.
    Script(&'a str),
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its name within the folder.
    pub name: String,
    pub text: String,
}

impl Template {
    /// The template of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|template| template.name == name)
    }

    /// Its files; the script is the first.
    pub fn files(&self, naming: Naming) -> Vec<File> {
        let (name, script) = match naming {
            Naming::Project(name) => (name, SCRIPT.to_owned()),
            Naming::Script(name) => (name, format!("{name}.rhai")),
        };
        let fill = |text: &str| {
            text.replace("{{NAME}}", name)
                .replace("{{SCRIPT}}", &script)
                .replace("{{DATA}}", self.data.first().map_or("", |data| data.name))
                .replace("{{SENTENCE}}", self.sentence)
                .replace("{{SCALE}}", self.scale)
        };
        let file = |name: &str, text: &str| File {
            name: name.to_owned(),
            text: fill(text),
        };
        let mut files = vec![file(&script, self.script)];
        files.extend(self.data.iter().map(|data| file(data.name, data.text)));
        if let Naming::Project(_) = naming {
            files.push(file("rhaid.toml", CONFIG));
            files.push(file(".gitignore", IGNORED));
            files.push(file("README.md", README));
        }
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled_in() {
        assert!(Template::named(DEFAULT).is_some());
        for template in ALL {
            for naming in [Naming::Project("shop"), Naming::Script("shop")] {
                for file in template.files(naming) {
                    assert!(
                        !file.text.contains("{{"),
                        "{}: {}",
                        template.name,
                        file.name
                    );
                    assert!(
                        file.text.ends_with('\n'),
                        "{}: {}",
                        template.name,
                        file.name
                    );
                }
            }
        }
    }

    #[test]
    fn a_project_has_more_than_its_script() {
        let names = |naming| -> Vec<String> {
            let files = Template::named("api").unwrap().files(naming);
            files.into_iter().map(|file| file.name).collect()
        };
        assert_eq!(
            names(Naming::Project("shop")),
            [
                "journey.rhai",
                "guests.csv",
                "rhaid.toml",
                ".gitignore",
                "README.md"
            ]
        );
        assert_eq!(names(Naming::Script("shop")), ["shop.rhai", "guests.csv"]);
    }
}
