//! Links within the project lead to files and headings that are there.

use std::collections::BTreeSet;
use std::path::Path;

use crate::docs::pages::{self, Page};

/// The targets of all `[text](target)` and `src="target"` of a page.
fn targets(page: &Page) -> Vec<String> {
    let prose = page.prose();
    let links = prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let images = ["src=\"", "srcset=\""]
        .into_iter()
        .flat_map(|attribute| prose.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next());
    links.chain(images).map(str::to_owned).collect()
}

/// The anchors of a page's headings.
fn anchors(page: &Page) -> BTreeSet<String> {
    page.prose()
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            title
                .chars()
                .filter_map(|c| match c {
                    ' ' => Some('-'),
                    c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                    _ => None,
                })
                .collect()
        })
        .collect()
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages::all();
    let mut broken = Vec::new();
    let mut followed = 0;
    for page in &pages {
        for target in targets(page) {
            if target.starts_with("http") {
                continue;
            }
            followed += 1;
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let name = if file.is_empty() {
                page.name.clone()
            } else {
                let folder = Path::new(&page.name).parent().unwrap();
                let mut parts: Vec<String> = Vec::new();
                for part in folder.join(file).components() {
                    match part.as_os_str().to_str().unwrap() {
                        ".." => drop(parts.pop()),
                        part => parts.push(part.to_owned()),
                    }
                }
                parts.join("/")
            };
            let there = pages::root().join(&name).exists();
            let heading = anchor.is_empty()
                || pages
                    .iter()
                    .find(|other| other.name == name)
                    .is_some_and(|other| anchors(other).contains(anchor));
            if !there || !heading {
                broken.push(format!("{}: {target}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(followed > 30, "only {followed} links were found");
}

#[test]
fn the_index_names_every_page_of_the_guide() {
    let index = pages::read("docs/README.md");
    for page in pages::all() {
        if let Some(name) = page.name.strip_prefix("docs/")
            && name != "README.md"
            // The runbooks are in docs/chaos.md.
            && !name.contains('/')
        {
            assert!(
                index.contains(&format!("({name})")),
                "{name} is not in docs/README.md"
            );
        }
    }
}
