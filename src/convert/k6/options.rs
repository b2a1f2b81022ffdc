//! `options`: the same settings under rhaid's names.

use oxc_ast::ast::{
    ArrayExpressionElement, Expression, ObjectExpression, ObjectProperty, ObjectPropertyKind,
};
use oxc_span::GetSpan;

use super::expressions::key_name;
use super::translator::{Translator, Try, Why};
use crate::convert::emit::words;
use crate::options::keys::k6_name;

/// Options of a run, a scenario or an executor that are called alike in both.
const ALIKE: &[&str] = &[
    "batch",
    "duration",
    "executor",
    "hosts",
    "iterations",
    "rate",
    "rps",
    "tags",
    "vus",
];

impl<'a> Translator<'_> {
    /// The map of the options, its entries one under the other.
    pub fn options(&mut self, map: &ObjectExpression<'a>) -> String {
        // k6 counts iterations within a duration; here that is a scenario's.
        let has = |name: &str| {
            map.properties.iter().any(|property| match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    key_name(&property.key).as_deref() == Some(name)
                }
                ObjectPropertyKind::SpreadProperty(_) => false,
            })
        };
        let bounded = has("iterations") && has("duration") && !has("scenarios");
        let mut scenario = Vec::new();
        let mut text = String::from("#{\n");
        self.indent += 1;
        for property in &map.properties {
            match property {
                ObjectPropertyKind::ObjectProperty(property) => {
                    self.comments_before(property.span.start, &mut text);
                    let mark = self.mark();
                    let name = key_name(&property.key).unwrap_or_default();
                    if bounded && matches!(name.as_str(), "vus" | "iterations" | "duration") {
                        let ours = if name == "duration" {
                            "max_duration"
                        } else {
                            &name
                        };
                        let value = self.value(&property.value);
                        scenario.push(format!("{ours}: {}", value.text));
                        continue;
                    }
                    match self.option(&name, property) {
                        Ok(entry) => {
                            self.flush(&mut text);
                            if !entry.is_empty() {
                                self.push(&mut text, &format!("{entry},"));
                            }
                        }
                        Err(why) => {
                            self.forget(mark);
                            self.leave(property.span, &why);
                            self.flush(&mut text);
                        }
                    }
                }
                ObjectPropertyKind::SpreadProperty(spread) => {
                    self.leave(spread.span, &Why("options are written out".to_owned()));
                    self.flush(&mut text);
                }
            }
        }
        if !scenario.is_empty() {
            let entry = format!(
                "scenarios: #{{ \"default\": #{{ executor: \"shared-iterations\", {} }} }},",
                scenario.join(", ")
            );
            self.push(&mut text, &entry);
        }
        self.indent -= 1;
        if text == "#{\n" {
            return "#{}".to_owned();
        }
        format!("{text}{}}}", self.margin())
    }

    /// An option of the run.
    fn option(&mut self, name: &str, property: &ObjectProperty<'a>) -> Try<String> {
        let value = &property.value;
        let truth = match value {
            Expression::BooleanLiteral(literal) => Some(literal.value),
            _ => None,
        };
        match (name, value) {
            ("scenarios", Expression::ObjectExpression(map)) => {
                let scenarios = self.entries(map, false, Self::scenario)?;
                Ok(format!("scenarios: {scenarios}"))
            }
            ("thresholds", Expression::ObjectExpression(map)) => {
                let slos = self.entries(map, true, Self::objectives)?;
                Ok(format!("slos: {slos}"))
            }
            ("stages", stages) => self
                .stages(stages)
                .map(|stages| format!("stages: {stages}")),
            ("insecureSkipTLSVerify", _) => Ok(match truth {
                Some(false) => String::new(),
                _ => format!("tls: #{{ insecure: {} }}", self.condition(value)),
            }),
            ("noConnectionReuse", _) => Ok(match truth {
                Some(true) => "connection_reuse: false".to_owned(),
                Some(false) => String::new(),
                None => format!("connection_reuse: !({})", self.condition(value)),
            }),
            ("noVUConnectionReuse", _) => Ok(match truth {
                Some(false) => String::new(),
                _ => "connection_reuse: \"iteration\"".to_owned(),
            }),
            (
                "maxRedirects"
                | "discardResponseBodies"
                | "noCookiesReset"
                | "setupTimeout"
                | "teardownTimeout"
                | "userAgent"
                | "batchPerHost"
                | "localIPs",
                _,
            ) => {
                let ours = k6_name(name).unwrap_or(name);
                self.plain(ours, value)
            }
            ("blacklistIPs" | "blockHostnames", _) => self.plain("blocked_hosts", value),
            ("dns", Expression::ObjectExpression(map)) => {
                let ttl = map.properties.iter().find_map(|part| match part {
                    ObjectPropertyKind::ObjectProperty(part)
                        if key_name(&part.key).as_deref() == Some("ttl") =>
                    {
                        Some(&part.value)
                    }
                    _ => None,
                });
                match ttl {
                    Some(ttl) => self.plain("dns_ttl", ttl),
                    None => Why::new("rhaid has only `dns_ttl`"),
                }
            }
            ("minIterationDuration", _) => Why::new("give the scenario a `pace`"),
            ("tlsAuth", _) => Why::new("write tls: #{ cert: \"…\", key: \"…\" }"),
            (
                "summaryTrendStats" | "summaryTimeUnit" | "noSummary" | "noUsageReport"
                | "systemTags",
                _,
            ) => Why::new("the summary of rhaid has no such option"),
            (known, _) if ALIKE.contains(&known) && known != "executor" => self.plain(known, value),
            _ => Why::new("rhaid has no such option"),
        }
    }

    /// An entry whose value is what it is.
    fn plain(&mut self, ours: &str, value: &Expression<'a>) -> Try<String> {
        let value = self.expression(value)?;
        Ok(format!("{ours}: {}", value.text))
    }

    /// A map of maps or lists, one entry under the other. `quote`: its keys stand in quotes, as those of objectives do.
    fn entries(
        &mut self,
        map: &ObjectExpression<'a>,
        quote: bool,
        make: fn(&mut Self, &Expression<'a>, &str) -> Try<String>,
    ) -> Try<String> {
        let mut text = String::from("#{\n");
        self.indent += 1;
        for property in &map.properties {
            let ObjectPropertyKind::ObjectProperty(property) = property else {
                self.indent -= 1;
                return Why::new("write them out");
            };
            self.comments_before(property.span.start, &mut text);
            let mark = self.mark();
            let name = key_name(&property.key).unwrap_or_default();
            match make(self, &property.value, &name) {
                Ok(value) => {
                    self.flush(&mut text);
                    let key = if quote {
                        words::quoted(&name)
                    } else {
                        words::key(&name)
                    };
                    self.push(&mut text, &format!("{key}: {value},"));
                }
                Err(why) => {
                    self.forget(mark);
                    self.leave(property.span, &why);
                    self.flush(&mut text);
                }
            }
        }
        self.indent -= 1;
        if text == "#{\n" {
            return Ok("#{}".to_owned());
        }
        Ok(format!("{text}{}}}", self.margin()))
    }

    fn scenario(&mut self, scenario: &Expression<'a>, _name: &str) -> Try<String> {
        let Expression::ObjectExpression(map) = scenario else {
            return Why::new("a scenario is written out");
        };
        let mut entries = Vec::new();
        self.indent += 1;
        for property in &map.properties {
            let ObjectPropertyKind::ObjectProperty(property) = property else {
                continue;
            };
            let name = key_name(&property.key).unwrap_or_default();
            let mark = self.mark();
            let made = match name.as_str() {
                "stages" => self
                    .stages(&property.value)
                    .map(|stages| format!("stages: {stages}")),
                "exec" => Ok(format!("exec: {}", self.exec(&property.value))),
                "env" => self.environment_of(&property.value),
                "startTime" | "gracefulStop" | "gracefulRampDown" | "startVUs" | "startRate"
                | "timeUnit" | "preAllocatedVUs" | "maxVUs" | "maxDuration" => {
                    let ours = k6_name(&name).unwrap_or_default();
                    self.plain(ours, &property.value)
                }
                known if ALIKE.contains(&known) => self.plain(known, &property.value),
                _ => Why::new("a scenario of rhaid has no such option"),
            };
            match made {
                Ok(entry) => entries.push((String::new(), entry)),
                Err(why) => {
                    self.forget(mark);
                    self.leave(property.span, &why);
                }
            }
        }
        self.indent -= 1;
        Ok(self.brackets("#{", "}", entries, 0))
    }

    fn exec(&mut self, value: &Expression<'a>) -> String {
        match value {
            Expression::StringLiteral(name) => words::quoted(&self.entry_name(&name.value)),
            other => self.value(other).text,
        }
    }

    fn environment_of(&mut self, value: &Expression<'a>) -> Try<String> {
        let value = self.expression(value)?;
        Ok(format!("env: {}", value.text))
    }

    fn stages(&mut self, stages: &Expression<'a>) -> Try<String> {
        let Expression::ArrayExpression(list) = stages else {
            return self.expression(stages).map(|stages| stages.text);
        };
        let mut entries = Vec::new();
        self.indent += 1;
        for stage in &list.elements {
            let mut notes = String::new();
            self.comments_before(stage.span().start, &mut notes);
            let entry = match stage {
                ArrayExpressionElement::SpreadElement(_) => Why::new("write the stages out"),
                other => match other.as_expression() {
                    Some(stage) => self.expression(stage).map(|stage| stage.text),
                    None => Why::new("write the stages out"),
                },
            };
            match entry {
                Ok(entry) => entries.push((notes, entry)),
                Err(why) => {
                    self.indent -= 1;
                    return Err(why);
                }
            }
        }
        self.indent -= 1;
        Ok(self.brackets("[", "]", entries, 0))
    }

    /// The objectives of a metric.
    fn objectives(&mut self, thresholds: &Expression<'a>, metric: &str) -> Try<String> {
        let foreign = [
            "browser_",
            "ws_",
            "grpc_",
            "webvital",
            "http_req_tls_version",
        ];
        if foreign.iter().any(|prefix| metric.starts_with(prefix)) {
            return Why::new("rhaid does not measure it");
        }
        if metric.contains("{url:") || metric.contains(",url:") {
            return Why::new("requests have no tag `url` in rhaid; select them by `name`");
        }
        let Expression::ArrayExpression(list) = thresholds else {
            let one = self.objective(thresholds)?;
            return Ok(format!("[{one}]"));
        };
        let mut entries = Vec::new();
        for threshold in &list.elements {
            let Some(threshold) = threshold.as_expression() else {
                return Why::new("write the thresholds out");
            };
            entries.push((String::new(), self.objective(threshold)?));
        }
        Ok(self.brackets("[", "]", entries, 0))
    }

    fn objective(&mut self, threshold: &Expression<'a>) -> Try<String> {
        let Expression::ObjectExpression(map) = threshold else {
            let target = self.expression(threshold)?;
            return Ok(self.target_of(threshold).unwrap_or(target.text));
        };
        let mut entries = Vec::new();
        for property in &map.properties {
            let ObjectPropertyKind::ObjectProperty(property) = property else {
                return Why::new("write the threshold out");
            };
            match key_name(&property.key).as_deref() {
                Some("threshold") => {
                    let target = self.expression(&property.value)?;
                    let target = self.target_of(&property.value).unwrap_or(target.text);
                    entries.push(format!("target: {target}"));
                }
                Some("abortOnFail") => {
                    entries.push(format!("abort: {}", self.condition(&property.value)))
                }
                Some("delayAbortEval") => {
                    let delay = self.expression(&property.value)?;
                    entries.push(format!("abort_delay: {}", delay.text));
                }
                _ => return Why::new("a threshold has no such property"),
            }
        }
        Ok(format!("#{{ {} }}", entries.join(", ")))
    }

    /// A threshold that is written out, with blanks as rhaid's guide writes them.
    fn target_of(&mut self, threshold: &Expression<'a>) -> Option<String> {
        let Expression::StringLiteral(text) = threshold else {
            return None;
        };
        let text = text.value.trim();
        let at = text.find(['<', '>', '=', '!'])?;
        let (aggregate, rest) = (text.get(..at)?.trim(), text.get(at..)?);
        let end = rest.find(|c| !matches!(c, '<' | '>' | '=' | '!'))?;
        let operator = rest.get(..end)?.replace("===", "==");
        let bound = rest.get(end..)?.trim();
        Some(words::quoted(&format!("{aggregate} {operator} {bound}")))
    }
}

/// Functions that scenarios name.
pub fn execs(options: &Expression) -> Vec<String> {
    let mut names = Vec::new();
    collect(options, 0, &mut names);
    names
}

fn collect(expression: &Expression, depth: usize, names: &mut Vec<String>) {
    let Expression::ObjectExpression(map) = expression else {
        return;
    };
    for property in &map.properties {
        let ObjectPropertyKind::ObjectProperty(property) = property else {
            continue;
        };
        match &property.value {
            Expression::StringLiteral(name)
                if key_name(&property.key).as_deref() == Some("exec") =>
            {
                names.push(name.value.to_string());
            }
            inner if depth < 4 => collect(inner, depth + 1, names),
            _ => {}
        }
    }
}
