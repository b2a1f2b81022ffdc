//! The table of slow requests, each with its trace.

use serde::Serialize;

use super::super::format::{latency, span};
use crate::result::RunResult;
use crate::trace::UrlTemplate;

#[derive(Serialize)]
pub struct Slow<'a> {
    method: &'a str,
    name: &'a str,
    status: String,
    at: String,
    took: String,
    trace: Trace<'a>,
}

/// A trace, and where it is to be seen if that is known.
#[derive(Serialize)]
pub struct Trace<'a> {
    id: &'a str,
    url: Option<String>,
}

/// The page of a trace, by the run's own options: whoever wrote the file may have written them too, so they are read as any other.
pub fn template(result: &RunResult) -> Option<UrlTemplate> {
    let url = result.options.get("tracing")?.get("url")?.as_str()?;
    UrlTemplate::parse(url).ok()
}

/// A trace as it is shown.
pub fn trace<'a>(id: &'a str, template: Option<&UrlTemplate>) -> Trace<'a> {
    Trace {
        id,
        url: template.and_then(|template| template.fill(id)),
    }
}

/// The slowest requests whose trace was kept.
pub fn requests(result: &RunResult) -> Vec<Slow<'_>> {
    let template = template(result);
    let shown = result.slow_requests.iter().map(|request| Slow {
        method: &request.method,
        name: &request.name,
        status: match request.status {
            0 => "error".to_owned(),
            status => status.to_string(),
        },
        at: span(request.at, true),
        took: latency(request.duration, true),
        trace: trace(&request.trace_id, template.as_ref()),
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{HtmlExtras, render};
    use crate::result::{SlowRequest, sample};

    const ID: &str = "0af7651916cd43dd8448eb211c80319c";

    fn page(url: &str, id: &str) -> String {
        let mut result = sample::passing();
        result.options["tracing"] = json!({ "sample": "1%", "url": url });
        result.slow_requests = vec![SlowRequest {
            name: "reserve <b>".to_owned(),
            method: "POST".to_owned(),
            status: 201,
            at: 12.5,
            duration: 1_234.0,
            trace_id: id.to_owned(),
        }];
        let page = render(&result, &HtmlExtras::default()).unwrap();
        // Beside the table the page has the result as data.
        page.split("<script").next().unwrap_or_default().to_owned()
    }

    #[test]
    fn a_slow_request_leads_to_its_trace() {
        let shown = page("http://127.0.0.1:16686/trace/{trace_id}?a=1&b=2", ID);
        let link = format!("href=\"http://127.0.0.1:16686/trace/{ID}?a&#x3D;1&amp;b&#x3D;2\"");
        assert!(shown.contains(&link), "{shown}");
        assert!(shown.contains("reserve &lt;b&gt;"));
        assert!(shown.contains("href=\"#slow\""));
    }

    #[test]
    fn nothing_but_a_page_about_a_trace_is_linked() {
        for (url, id) in [
            ("javascript:alert('{trace_id}')", ID),
            ("http://127.0.0.1/{trace_id}", "\"><script>alert(1)"),
            ("http://127.0.0.1/", ID),
        ] {
            let shown = page(url, id);
            assert!(!shown.contains("<a class=\"trace\""), "{url}");
            assert!(!shown.contains("<script>alert"), "{url}");
        }
    }

    #[test]
    fn a_run_without_traces_has_no_such_table() {
        let page = render(&sample::passing(), &HtmlExtras::default()).unwrap();
        assert!(!page.contains("id=\"slow\""));
    }
}
