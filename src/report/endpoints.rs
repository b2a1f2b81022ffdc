//! Endpoints in the order in which reports list them, with what tells one from another.

use std::collections::BTreeMap;

use crate::result::EndpointResult;

/// All endpoints, those first that took the most time together.
pub struct Listing<'a> {
    pub rows: Vec<Row<'a>>,
    /// What the URLs among the names begin with, if there are several and all do: said once, it leaves room for what tells them apart.
    pub origin: &'a str,
}

/// An endpoint in the list.
pub struct Row<'a> {
    pub endpoint: &'a EndpointResult,
    /// Its place in the document.
    pub index: usize,
    /// The name without the common origin.
    pub name: &'a str,
    /// The scenario and group that tell it from another of its name and method, or nothing.
    pub place: String,
}

impl<'a> Listing<'a> {
    pub fn of(endpoints: &'a [EndpointResult]) -> Self {
        let mut names: BTreeMap<(&str, &str), u32> = BTreeMap::new();
        for row in endpoints {
            *names.entry((&row.method, &row.name)).or_default() += 1;
        }
        let is_shared = |row: &EndpointResult| {
            names
                .get(&(row.method.as_str(), row.name.as_str()))
                .is_some_and(|n| *n > 1)
        };
        let mut sorted: Vec<(usize, &EndpointResult)> = endpoints.iter().enumerate().collect();
        let spent = |row: &EndpointResult| row.duration.avg * row.requests as f64;
        sorted.sort_by(|(_, a), (_, b)| {
            spent(b)
                .total_cmp(&spent(a))
                .then_with(|| a.name.cmp(&b.name))
        });
        let origin = common_origin(endpoints);
        let rows = sorted
            .into_iter()
            .map(|(index, endpoint)| Row {
                endpoint,
                index,
                name: endpoint.name.strip_prefix(origin).unwrap_or(&endpoint.name),
                place: match is_shared(endpoint) {
                    true => place(endpoint),
                    false => String::new(),
                },
            })
            .collect();
        Self { rows, origin }
    }
}

fn place(row: &EndpointResult) -> String {
    let place: Vec<&str> = [&row.scenario, &row.group]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    place.join("/")
}

/// Scheme and host of a URL.
fn origin_of(name: &str) -> Option<&str> {
    let (scheme, rest) = name.split_once("://")?;
    let host = rest.find('/')?;
    name.get(..scheme.len() + 3 + host)
}

fn common_origin(rows: &[EndpointResult]) -> &str {
    let mut urls = rows
        .iter()
        .filter(|row| row.name.contains("://"))
        .map(|row| origin_of(&row.name));
    match (urls.next().flatten(), urls.next().flatten()) {
        (Some(first), Some(second))
            if first == second && urls.all(|other| other == Some(first)) =>
        {
            first
        }
        _ => "",
    }
}
