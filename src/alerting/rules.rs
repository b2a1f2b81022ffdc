//! The file of rules.

use std::fmt::Write;

use super::promql::{duration, is_unwritable, number, quoted};
use super::ratio::Ratio;
use super::windows::{Burn, Windows};
use crate::slo::Objective;

/// The rules of some objectives, as YAML. `source` is what they were read from.
pub fn rules(source: &str, objectives: &[Objective], windows: Windows) -> String {
    let mut file = format!(
        "# Made by `rhaid slo rules --slo {} --windows {}`: change the objectives, not this file.\n\
         # How fast each error budget burns, over several windows (Google's SRE workbook, chapter 5).\ngroups:\n",
        comment(source),
        windows.name()
    );
    for (number, objective) in objectives.iter().enumerate() {
        let _ = writeln!(
            file,
            "\n  # {} {}",
            objective.priority.label(),
            comment(&format!("{}: {}", objective.selector, objective.target))
        );
        match Ratio::of(objective) {
            Ok(ratio) => burning(&mut file, number + 1, objective, &ratio, windows),
            Err(why) => by_status(&mut file, number + 1, objective, &why, windows),
        }
    }
    beside(&mut file, windows);
    file
}

/// Recording rules and alerts of one objective.
fn burning(
    file: &mut String,
    number_of: usize,
    objective: &Objective,
    ratio: &Ratio,
    windows: Windows,
) {
    let share = |value: f64| format!("{} %", number((value * 1e8).round() / 1e6));
    let _ = writeln!(
        file,
        "  # Bad are {}; {} may be.",
        comment(&ratio.bad),
        share(ratio.budget)
    );
    if let Some(note) = &ratio.note {
        let _ = writeln!(file, "  # {}", comment(note));
    }
    group(file, &format!("rhaid-slo-{number_of}"), windows);
    let slo = objective.label();
    for window in windows.all() {
        let window = duration(window);
        let _ = writeln!(file, "      - record: {}", record(&window));
        expression(file, &ratio.expression(&window, windows.kept_labels()));
        let _ = writeln!(file, "        labels:\n          slo: {}", yaml(&slo));
    }
    let mut lower = Vec::new();
    for burn in windows.burns() {
        let bound = burn.factor * ratio.budget;
        if bound >= 1.0 {
            lower.push(burn);
            continue;
        }
        alert(file, objective, ratio, &burn, bound, &slo, windows);
    }
    for burn in lower {
        let _ = writeln!(
            file,
            "      # There is no alert for {} times the budget: more than everything would have to be bad.",
            number(burn.factor)
        );
    }
}

fn alert(
    file: &mut String,
    objective: &Objective,
    ratio: &Ratio,
    burn: &Burn,
    bound: f64,
    slo: &str,
    windows: Windows,
) {
    let (long, short) = (duration(burn.long), duration(burn.short));
    let bound = number(bound);
    let _ = writeln!(file, "      - alert: RhaidSloBurn");
    let of = format!("{{slo={}}}", quoted(slo));
    expression(
        file,
        &format!(
            "{}{of} > {bound}\nand\n{}{of} > {bound}",
            record(&long),
            record(&short)
        ),
    );
    let labels = [
        ("severity", burn.severity.to_owned()),
        ("priority", objective.priority.label().to_owned()),
        ("slo", template(slo)),
        ("window", long.clone()),
        // Rules of both kinds may stand in one Prometheus.
        ("budget", windows.name().to_owned()),
    ];
    map(file, "labels", &labels);
    let run = match windows.kept_labels().is_empty() {
        true => "",
        false => " in run {{ $labels.testid }}",
    };
    let annotations = [
        (
            "summary",
            format!(
                "The error budget of `{}` burns {} times too fast{run}",
                template(slo),
                number(burn.factor)
            ),
        ),
        (
            "description",
            format!(
                "{{{{ $value | humanizePercentage }}}} of the last {long} were {}, and it goes on (last {short}). {} may be.",
                template(&ratio.bad),
                number((ratio.budget * 1e8).round() / 1e6) + " %"
            ),
        ),
    ];
    map(file, "annotations", &annotations);
}

/// What cannot burn is watched by how the run judges it.
fn by_status(
    file: &mut String,
    number_of: usize,
    objective: &Objective,
    why: &str,
    windows: Windows,
) {
    let _ = writeln!(
        file,
        "  # It cannot burn, for {}; its status is watched: 2 is a miss, 3 that of a P0.",
        comment(why)
    );
    group(file, &format!("rhaid-slo-{number_of}"), windows);
    let slo = objective.label();
    let by = kept(windows);
    let _ = writeln!(file, "      - alert: RhaidSloMissed");
    expression(
        file,
        &format!("max{by} (rhaid_slo_status{{slo={}}}) >= 2", quoted(&slo)),
    );
    let _ = writeln!(file, "        for: {}", duration(windows.interval() * 2));
    let labels = [
        (
            "severity",
            if objective.priority == crate::slo::Priority::P0 {
                "page"
            } else {
                "ticket"
            }
            .to_owned(),
        ),
        ("priority", objective.priority.label().to_owned()),
        ("slo", template(&slo)),
    ];
    map(file, "labels", &labels);
    map(
        file,
        "annotations",
        &[("summary", format!("`{}` is missed", template(&slo)))],
    );
}

/// Rules that stand beside those of the objectives.
fn beside(file: &mut String, windows: Windows) {
    let by = kept(windows);
    let _ = writeln!(
        file,
        "\n  # What goes wrong on purpose: no alert to anybody, but it silences the others (see the inhibition in Alertmanager)."
    );
    group(file, "rhaid-faults", windows);
    let _ = writeln!(file, "      - alert: RhaidFaultActive");
    let fault = match windows.kept_labels() {
        [] => "fault".to_owned(),
        kept => format!("fault, {}", kept.join(", ")),
    };
    expression(file, &format!("max by ({fault}) (rhaid_fault_active) == 1"));
    map(file, "labels", &[("severity", "none".to_owned())]);
    map(
        file,
        "annotations",
        &[(
            "summary",
            "The fault `{{ $labels.fault }}` is injected".to_owned(),
        )],
    );
    let _ = writeln!(file, "\n  # Nobody has ended it.");
    group(file, "rhaid-escalation", windows);
    let _ = writeln!(file, "      - alert: RhaidSloBurnEscalated");
    let labels = by.trim_start_matches(" by (").trim_end_matches(')');
    let slo = match labels {
        "" => "slo, priority".to_owned(),
        labels => format!("slo, priority, {labels}"),
    };
    expression(
        file,
        &format!(
            "max by ({slo}) (ALERTS{{alertname=\"RhaidSloBurn\",severity=\"page\",budget=\"{}\",alertstate=\"firing\"}})",
            windows.name()
        ),
    );
    let _ = writeln!(file, "        for: {}", duration(windows.escalates_after()));
    map(file, "labels", &[("severity", "escalation".to_owned())]);
    map(
        file,
        "annotations",
        &[(
            "summary",
            format!(
                "The error budget of `{{{{ $labels.slo }}}}` has burnt for {} since somebody was called",
                duration(windows.escalates_after())
            ),
        )],
    );
}

fn kept(windows: Windows) -> String {
    match windows.kept_labels() {
        [] => String::new(),
        labels => format!(" by ({})", labels.join(", ")),
    }
}

fn record(window: &str) -> String {
    format!("rhaid:slo_bad:ratio_rate{window}")
}

fn group(file: &mut String, name: &str, windows: Windows) {
    let _ = writeln!(
        file,
        "  - name: {name}-{}\n    interval: {}\n    rules:",
        windows.name(),
        duration(windows.interval())
    );
}

fn expression(file: &mut String, expression: &str) {
    let _ = writeln!(file, "        expr: |");
    for line in expression.lines() {
        let _ = writeln!(file, "          {line}");
    }
}

fn map(file: &mut String, name: &str, pairs: &[(&str, String)]) {
    let _ = writeln!(file, "        {name}:");
    for (key, value) in pairs {
        let _ = writeln!(file, "          {key}: {}", yaml(value));
    }
}

/// A string of YAML: JSON's are.
fn yaml(text: &str) -> String {
    quoted(text)
}

/// Text that stays in its comment.
fn comment(text: &str) -> String {
    text.chars()
        .map(|c| if is_unwritable(c) { ' ' } else { c })
        .collect()
}

/// Text that Prometheus' templates leave as it is.
fn template(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::slo::file;

    #[test]
    fn no_character_of_a_name_ends_its_line() {
        let hostile: String = [
            "\r", "\n", "\t", "\0", "\u{1b}", "\u{7f}", "\u{85}", "\u{9f}",
        ]
        .into_iter()
        .chain(["\u{2028}", "\u{2029}", "\u{feff}", "\u{fffe}"])
        .map(|end| format!("{end}  - alert: Evil{end}    expr: vector(1){end}#\\\""))
        .collect();
        let text = format!(
            "[slos]\nhttp_req_failed = [{{ target = \"rate < 1%\", name = {} }}]\n",
            Value::from(hostile.as_str())
                .to_string()
                .replace('\u{7f}', "\\u007f")
        );
        let objectives = file::parse("slo.toml", &text).unwrap();
        let plain = file::parse("slo.toml", "[slos]\nhttp_req_failed = [\"rate < 1%\"]\n").unwrap();
        let alerts = |made: &str| {
            let read: Value = serde_saphyr::from_str(made).unwrap();
            let groups = read["groups"].as_array().unwrap().clone();
            let rules = groups
                .iter()
                .flat_map(|group| group["rules"].as_array().unwrap());
            let names: Vec<_> = rules.map(|rule| rule["alert"].clone()).collect();
            names
        };
        for windows in [Windows::Month, Windows::Run] {
            let made = rules("slo.toml", &objectives, windows);
            let raw = made.chars().find(|c| *c != '\n' && is_unwritable(*c));
            assert_eq!(raw, None, "{made}");
            assert_eq!(alerts(&made), alerts(&rules("slo.toml", &plain, windows)));
        }
    }

    #[test]
    fn rules_are_the_same_for_the_same_objectives_and_are_yaml() {
        let text = "[slos]\nhttp_req_failed = [\"rate < 1%\"]\nhttp_req_duration = [\"med < 2s\", \"avg < 1s\"]\n";
        let objectives = file::parse("slo.toml", text).unwrap();
        for windows in [Windows::Month, Windows::Run] {
            let made = rules("slo.toml", &objectives, windows);
            assert_eq!(made, rules("slo.toml", &objectives, windows));
            let read: Value = serde_saphyr::from_str(&made).unwrap();
            assert_eq!(read["groups"].as_array().unwrap().len(), 5, "{made}");
            // A half may be slow: 14.4 times that cannot be.
            assert!(made.contains("no alert for 14.4 times"), "{made}");
            assert!(made.contains("RhaidSloMissed"), "{made}");
        }
    }
}
