//! What an action of chaostoolkit-kubernetes breaks: pods that are deleted, deployments that are scaled.

use serde_json::Value as Json;

use super::activity::Activity;
use super::deed::{Break, Deed};
use super::values::Values;
use crate::chaos::Touches;
use crate::convert::emit::words::{duration, quoted, text};

/// Modules of the extension whose actions have something like them here: those of today, and those of before 0.30.
pub fn is_known(module: &str) -> bool {
    [
        "chaosk8s.pod.actions",
        "chaosk8s.deployment.actions",
        "chaosk8s.actions",
    ]
    .contains(&module)
}

/// What the action does.
pub fn of(activity: &Activity<'_>, values: &Values) -> Deed {
    match activity.text("func") {
        "terminate_pods" | "delete_pods" => pods(activity, values),
        "scale_deployment" | "scale_microservice" => deployment(activity, values),
        _ => Deed::Unknown("an action on a cluster that rhaid has nothing like"),
    }
}

/// A text argument as an expression of the script; none of an empty one.
fn expression(activity: &Activity<'_>, values: &Values, name: &str) -> Option<String> {
    let given = activity.argument(name)?.as_str()?;
    (!given.is_empty()).then(|| text(&values.text(given)))
}

fn namespace(activity: &Activity<'_>, values: &Values) -> String {
    // The extension's own default; the context's namespace may be another.
    expression(activity, values, "ns").unwrap_or_else(|| quoted("default"))
}

fn pods(activity: &Activity<'_>, values: &Values) -> Deed {
    let argument = |name: &str| activity.argument(name);
    if argument("name_pattern").is_some_and(|pattern| !pattern.is_null()) {
        return Deed::Unknown("pods are chosen by their labels, not by a pattern of their names");
    }
    let Some(labels) = expression(activity, values, "label_selector") else {
        return Deed::Unknown("pods without labels to choose them by");
    };
    let namespace = namespace(activity, values);
    let quantity = argument("qty").and_then(Json::as_u64).unwrap_or(1);
    let is_share = argument("mode").and_then(Json::as_str) == Some("percentage");
    let count = match argument("all").and_then(Json::as_bool) {
        Some(true) => Some(quoted("100%")),
        _ if is_share => Some(quoted(&format!("{}%", quantity.min(100)))),
        _ => (quantity != 1).then(|| quantity.to_string()),
    };
    let grace = argument("grace_period").and_then(Json::as_u64);
    let mut options = vec![format!("namespace: {namespace}")];
    options.extend(count.map(|count| format!("count: {count}")));
    options.extend(grace.map(|grace| match grace {
        0 => "grace: 0".to_owned(),
        grace => format!("grace: {}", duration(grace as f64)),
    }));
    Deed::Break(Break {
        name: format!("pods {namespace}/{labels}"),
        code: format!(
            "fault.pods({labels}, #{{ {} }}).delete();",
            options.join(", ")
        ),
        touches: Touches::Kubernetes,
        proxy: None,
    })
}

fn deployment(activity: &Activity<'_>, values: &Values) -> Deed {
    let Some(name) = expression(activity, values, "name") else {
        return Deed::Unknown("a deployment whose name does not stand there");
    };
    let Some(replicas) = activity.argument("replicas").and_then(Json::as_u64) else {
        return Deed::Unknown("a deployment whose new number of replicas does not stand there");
    };
    let namespace = namespace(activity, values);
    Deed::Break(Break {
        name: format!("deployment {namespace}/{name}"),
        code: format!("fault.deployment({name}, #{{ namespace: {namespace} }}).scale({replicas});"),
        touches: Touches::Kubernetes,
        proxy: None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(func: &str, arguments: Json) -> String {
        let provider = json!({
            "type": "python", "module": "chaosk8s.pod.actions", "func": func, "arguments": arguments,
        });
        let activity = Activity {
            name: "it",
            is_action: true,
            provider: provider.as_object().unwrap(),
            tolerance: None,
            before: 0.0,
            after: 0.0,
            in_background: false,
        };
        match of(&activity, &Values::default()) {
            Deed::Break(done) => done.code,
            Deed::Unknown(why) => why.to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn pods_are_deleted_as_many_as_the_action_says() {
        let of = |arguments| told("terminate_pods", arguments);
        assert_eq!(
            of(json!({ "label_selector": "app=hotel", "ns": "shop", "qty": 2, "rand": true })),
            "fault.pods(\"app=hotel\", #{ namespace: \"shop\", count: 2 }).delete();"
        );
        assert_eq!(
            of(
                json!({ "label_selector": "app=hotel", "mode": "percentage", "qty": 50, "grace_period": 0 })
            ),
            "fault.pods(\"app=hotel\", #{ namespace: \"default\", count: \"50%\", grace: 0 }).delete();"
        );
        assert_eq!(
            of(json!({ "label_selector": "app=hotel", "all": true, "grace_period": -1 })),
            "fault.pods(\"app=hotel\", #{ namespace: \"default\", count: \"100%\" }).delete();"
        );
        for odd in [
            json!({ "name_pattern": "hotel-.*" }),
            json!({ "label_selector": "" }),
            json!({}),
        ] {
            assert!(of(odd.clone()).starts_with("pods "), "{odd}");
        }
    }

    #[test]
    fn deployments_are_scaled() {
        assert_eq!(
            told("scale_deployment", json!({ "name": "db", "replicas": 0 })),
            "fault.deployment(\"db\", #{ namespace: \"default\" }).scale(0);"
        );
        assert!(told("scale_deployment", json!({ "name": "db" })).contains("replicas"));
        assert!(told("rollout_deployment", json!({ "name": "db" })).contains("nothing like"));
    }
}
