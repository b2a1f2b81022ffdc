//! Pods that are deleted.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use k8s_openapi::api::core::v1::Pod;
use serde_json::{Map, Value};

use super::Deleted;
use super::cluster::{Cluster, LONGEST};
use super::error::ClusterError;
use super::given::{Amount, Options, Scope, is_name};
use super::recovery::Recovery;
use super::session::Deletion;
use crate::chaos::proxy::Draw;
use crate::chaos::{Chaos, Event, FaultId};

/// Pods with some labels, and what is to be done to how many of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Pods {
    selector: String,
    amount: Amount,
    /// Seconds that each has to end; its own time, if nothing is said.
    grace: Option<u32>,
    /// Those that nobody makes again may be deleted too.
    ownerless: bool,
    scope: Scope,
}

/// What is known of one pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    pub uid: String,
    owner: Owner,
    runs: bool,
    pub ready: bool,
    /// It is being deleted already.
    pub leaves: bool,
}

/// Who makes a pod again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Controller,
    /// Its node, which runs it whether the cluster has it or not.
    Node,
    Nobody,
}

impl Found {
    /// Nothing, if it has no name that Kubernetes would give, or no number.
    pub fn of(pod: Pod) -> Option<Self> {
        let owners = pod.metadata.owner_references.unwrap_or_default();
        let controller = owners.iter().find(|owner| owner.controller == Some(true));
        let status = pod.status.unwrap_or_default();
        let conditions = status.conditions.unwrap_or_default();
        Some(Self {
            name: pod.metadata.name.filter(|name| is_name(name))?,
            uid: pod.metadata.uid?,
            owner: match controller {
                None => Owner::Nobody,
                Some(owner) if owner.kind == "Node" => Owner::Node,
                Some(_) => Owner::Controller,
            },
            runs: status.phase.as_deref() == Some("Running"),
            ready: conditions
                .iter()
                .any(|condition| condition.type_ == "Ready" && condition.status == "True"),
            leaves: pod.metadata.deletion_timestamp.is_some(),
        })
    }

    /// Whether it is ready, and will stay so.
    pub fn counts(&self) -> bool {
        self.ready && !self.leaves
    }
}

impl Pods {
    /// Those with labels such as `app=hotel`, with the options `namespace`, `context`, `count`, `grace` and `ownerless`.
    ///
    /// # Errors
    /// When something of it is wrong. Nothing is asked.
    pub fn read(selector: &str, options: &Map<String, Value>) -> Result<Self, ClusterError> {
        let selector = selector.trim();
        if selector.is_empty() {
            return Err(ClusterError::SelectsAll);
        }
        if !is_selector(selector) {
            return Err(ClusterError::Selector(super::error::plain(selector)));
        }
        let options = Options::of(
            options,
            &["namespace", "context", "count", "grace", "ownerless"],
        )?;
        Ok(Self {
            selector: selector.to_owned(),
            amount: options.amount("count")?,
            grace: options.seconds("grace")?,
            ownerless: options.flag("ownerless")?,
            scope: options.scope()?,
        })
    }

    /// Deletes as many as are to be, drawn from those that run: the same for the same seed. There is nothing to undo, as their
    /// controllers make others.
    ///
    /// # Errors
    /// When there are not enough, one of them would be lost for good, or the cluster refuses.
    pub fn delete(&self, fault: FaultId, chaos: &Chaos) -> Result<Deleted, ClusterError> {
        let cluster = Cluster::of(&self.scope)?;
        cluster.check(chaos)?;
        let namespace = cluster.namespace().to_owned();
        let asked_in = namespace.clone();
        let (pods, mut draw) = (self.clone(), chaos.draw(fault, &self.selector));
        let is_over = || !chaos.is_on(fault);
        // What was done stands here also when nobody waits any more for the rest of it.
        let account = Arc::new(Mutex::new(Account::default()));
        let kept = Arc::clone(&account);
        let outcome = cluster.ask(LONGEST, &is_over, move |session| async move {
            let found: Vec<Found> = session
                .pods(&pods.selector)
                .await?
                .into_iter()
                .filter_map(Found::of)
                .collect();
            let wanted = found.iter().filter(|pod| pod.counts()).count();
            let running = pods.running(found, &asked_in)?;
            let all = running.len();
            let chosen = pods.choose(running, &asked_in, &mut draw)?;
            let mut done: Vec<Found> = Vec::new();
            let mut gone = Vec::new();
            for pod in chosen {
                if !Account::begin(&kept, &pod.name) {
                    return Err(ClusterError::TooLate);
                }
                match session.delete(&pod.name, &pod.uid, pods.grace).await {
                    Ok(Deletion::Done) => {
                        Account::of(&kept).is_deleted();
                        done.push(pod);
                    }
                    Ok(Deletion::Gone) => {
                        Account::of(&kept).under_way = None;
                        gone.push(pod.name);
                    }
                    Err(why) => {
                        if !why.is_unclear() {
                            Account::of(&kept).under_way = None;
                        }
                        return Err(why);
                    }
                }
            }
            match done.is_empty() {
                true => Err(ClusterError::Vanished(gone)),
                false => Ok((all, wanted, done)),
            }
        });
        let (all, wanted, done) = match outcome {
            Ok(done) => done,
            Err(why) => {
                let mut account = Account::of(&account);
                account.is_over = true;
                return Err(account.failure(&self.selector, &namespace, fault, chaos, why));
            }
        };
        let names: Vec<String> = done.iter().map(|pod| pod.name.clone()).collect();
        Ok(Deleted {
            told: format!(
                "deleted {} of {all} pods of `{}` in `{}`: {}",
                names.len(),
                self.selector,
                cluster.namespace(),
                names.join(", ")
            ),
            names,
            recovery: Recovery {
                cluster,
                selector: self.selector.clone(),
                gone: done.into_iter().map(|pod| pod.uid).collect::<BTreeSet<_>>(),
                wanted,
                since: Instant::now(),
            },
        })
    }

    /// Those that run, by name; none of them is one that must not be deleted.
    fn running(&self, found: Vec<Found>, namespace: &str) -> Result<Vec<Found>, ClusterError> {
        let there = found.len();
        let own = own_name(namespace);
        let mut running: Vec<Found> = found
            .into_iter()
            .filter(|pod| pod.runs && !pod.leaves && own.as_ref() != Some(&pod.name))
            .collect();
        if running.is_empty() {
            return Err(ClusterError::NoPod {
                selector: self.selector.clone(),
                namespace: namespace.to_owned(),
                others: there,
            });
        }
        // Whom the lot falls on is not to decide whether it is refused.
        let owned_by = |owner: Owner| -> Vec<String> {
            let all = running.iter().filter(|pod| pod.owner == owner);
            all.map(|pod| format!("`{}`", pod.name)).collect()
        };
        let (of_node, ownerless) = (owned_by(Owner::Node), owned_by(Owner::Nobody));
        if !of_node.is_empty() {
            return Err(ClusterError::OfNode(of_node));
        }
        if !ownerless.is_empty() && !self.ownerless {
            return Err(ClusterError::Ownerless(ownerless));
        }
        running.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(running)
    }

    fn choose(
        &self,
        mut running: Vec<Found>,
        namespace: &str,
        draw: &mut Draw,
    ) -> Result<Vec<Found>, ClusterError> {
        let wanted = self.amount.of(running.len());
        if wanted > running.len() {
            return Err(ClusterError::TooFew {
                selector: self.selector.clone(),
                namespace: namespace.to_owned(),
                wanted,
                running: running.len(),
            });
        }
        let mut chosen = Vec::with_capacity(wanted);
        while chosen.len() < wanted {
            let last = running.len().saturating_sub(1);
            let at = usize::try_from(draw.up_to(last as u64)).unwrap_or_default();
            chosen.push(running.remove(at.min(last)));
        }
        Ok(chosen)
    }
}

/// What has been done of a deletion so far.
#[derive(Debug, Default)]
struct Account {
    done: Vec<String>,
    /// It may be deleted by now, or in a moment.
    under_way: Option<String>,
    /// Nobody wants any more of it.
    is_over: bool,
}

impl Account {
    fn of(shared: &Mutex<Self>) -> MutexGuard<'_, Self> {
        shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next one's turn has come, if it is still wanted.
    fn begin(shared: &Mutex<Self>, name: &str) -> bool {
        let mut account = Self::of(shared);
        if !account.is_over {
            account.under_way = Some(name.to_owned());
        }
        !account.is_over
    }

    fn is_deleted(&mut self) {
        self.done.extend(self.under_way.take());
    }

    /// Why it went no further; what was done is told, and stands in the fault's effects.
    fn failure(
        &self,
        selector: &str,
        namespace: &str,
        fault: FaultId,
        chaos: &Chaos,
        why: ClusterError,
    ) -> ClusterError {
        let perhaps = self
            .under_way
            .iter()
            .map(|name| format!("{name} (perhaps: nobody said that it is done)"));
        let done: Vec<String> = self.done.iter().cloned().chain(perhaps).collect();
        if done.is_empty() {
            return why;
        }
        chaos.tell(Event::Did {
            id: fault,
            what: format!(
                "deleted pods of `{selector}` in `{namespace}`: {}",
                done.join(", ")
            ),
        });
        ClusterError::Partly {
            done,
            why: Box::new(why),
        }
    }
}

/// The pod that rhaid itself is in, if it is one of that namespace.
fn own_name(namespace: &str) -> Option<String> {
    const NAMESPACE: &str = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";
    let said = |path: &str| Some(std::fs::read_to_string(path).ok()?.trim().to_owned());
    // A pod is its own host, by its name.
    said("/proc/sys/kernel/hostname").filter(|_| said(NAMESPACE).as_deref() == Some(namespace))
}

/// Whether this may be a selector of labels: requirements with commas between them. The cluster has the last word.
fn is_selector(text: &str) -> bool {
    let mut depth = 0_u32;
    let requirements = text.split(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    let all: Vec<&str> = requirements.map(str::trim).collect();
    !text.contains(char::is_control) && all.into_iter().all(is_requirement)
}

fn is_requirement(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let is_value = |text: &str| text.chars().all(fits);
    let is_key = |text: &str| {
        let (prefix, name) = text.split_once('/').unwrap_or(("x", text));
        !prefix.is_empty() && is_value(prefix) && !name.is_empty() && is_value(name)
    };
    if let Some((head, values)) = text.split_once('(') {
        let mut words = head.split_whitespace();
        let is_in = (words.next().is_some_and(is_key), words.next(), words.next());
        return matches!(is_in, (true, Some("in" | "notin"), None))
            && values.strip_suffix(')').is_some_and(|values| {
                let mut values = values.split(',').map(str::trim);
                values.all(|value| !value.is_empty() && is_value(value))
            });
    }
    for operator in ["!=", "==", "="] {
        if let Some((key, value)) = text.split_once(operator) {
            return is_key(key.trim()) && is_value(value.trim());
        }
    }
    is_key(text.strip_prefix('!').unwrap_or(text).trim())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pods(options: Value) -> Pods {
        Pods::read("app=hotel", options.as_object().unwrap()).unwrap()
    }

    fn found(name: &str, owner: &str, phase: &str) -> Found {
        let owners = match owner {
            "" => json!([]),
            kind => {
                json!([{ "apiVersion": "v1", "kind": kind, "name": "o", "uid": "o", "controller": true }])
            }
        };
        let pod = json!({
            "metadata": { "name": name, "uid": format!("uid-{name}"), "ownerReferences": owners },
            "status": { "phase": phase, "conditions": [{ "type": "Ready", "status": "True" }] },
        });
        Found::of(serde_json::from_value(pod).unwrap()).unwrap()
    }

    fn names(found: &[Found]) -> Vec<&str> {
        found.iter().map(|pod| pod.name.as_str()).collect()
    }

    #[test]
    fn a_seed_chooses_the_same_pods_and_another_one_others() {
        let running = || -> Vec<Found> {
            let all = ('a'..='j').map(|name| found(&name.to_string(), "ReplicaSet", "Running"));
            all.collect()
        };
        let choose = |options: Value, seed: u64| {
            let mut draw = Draw::new(seed, &[1]);
            pods(options).choose(running(), "shop", &mut draw).unwrap()
        };
        let three = json!({ "count": 3 });
        assert_eq!(choose(three.clone(), 1), choose(three.clone(), 1));
        assert_ne!(choose(three.clone(), 1), choose(three, 2));
        assert_eq!(choose(json!({}), 1).len(), 1);
        assert_eq!(choose(json!({ "count": "25%" }), 1).len(), 3);
        let all = choose(json!({ "count": "100%" }), 1);
        assert_eq!(names(&all).into_iter().collect::<BTreeSet<_>>().len(), 10);
        let mut draw = Draw::new(1, &[]);
        let many = pods(json!({ "count": 11 })).choose(running(), "shop", &mut draw);
        let error = many.unwrap_err().to_string();
        assert!(
            error.contains("11 pods") && error.contains("10 run"),
            "{error}"
        );
    }

    #[test]
    fn only_what_runs_and_comes_back_is_chosen_from() {
        let of = |found: Vec<Found>, options: Value| {
            let running = pods(options).running(found, "shop");
            running
                .map(|found| names(&found).join(" "))
                .map_err(|why| why.to_string())
        };
        let owned = |name: &str| found(name, "ReplicaSet", "Running");
        let done = found("done", "Job", "Succeeded");
        let leaving = Found {
            leaves: true,
            ..owned("leaving")
        };
        let all = vec![owned("b"), done.clone(), leaving.clone(), owned("a")];
        assert_eq!(of(all, json!({})), Ok("a b".to_owned()));
        let error = of(vec![done, leaving], json!({})).unwrap_err();
        assert!(error.contains("2 are there and do not run"), "{error}");
        let bare = || vec![owned("a"), found("bare", "", "Running")];
        let error = of(bare(), json!({})).unwrap_err();
        assert!(
            error.contains("`bare`") && error.contains("ownerless: true"),
            "{error}"
        );
        assert_eq!(
            of(bare(), json!({ "ownerless": true })),
            Ok("a bare".to_owned())
        );
        let error = of(
            vec![found("etcd", "Node", "Running")],
            json!({ "ownerless": true }),
        );
        assert!(error.unwrap_err().contains("their node's own"));
    }

    #[test]
    fn a_selector_is_looked_at_before_anything_is_asked() {
        for good in [
            "app=hotel",
            "app==hotel, tier!=cache",
            "app.kubernetes.io/name=hotel",
            "app in (hotel, bar),!canary",
            "tier notin (cache)",
            "canary",
            "app=",
        ] {
            assert!(is_selector(good), "{good}");
        }
        for bad in [
            "app=hotel,",
            "app:hotel",
            "app hotel",
            "=hotel",
            "app in hotel",
            "app in (hotel",
            "app in ()",
            "app=a=b",
            "app=hotel&limit=1",
            "app=hotel\n",
            "/x=1",
        ] {
            assert!(!is_selector(bad), "{bad:?}");
        }
        let read = |text: &str| Pods::read(text, &Map::new()).unwrap_err().to_string();
        assert!(read(" ").contains("all pods"));
        assert!(read("app:hotel").contains("`app:hotel`"));
    }
}
