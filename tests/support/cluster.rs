//! A stand-in for a Kubernetes API server: pods and one deployment, as far as faults ask for them.
//!
//! A controller of sorts makes another pod for each that is deleted and had an owner; it is ready after a few looks. A [`Mood`] lets
//! the server answer otherwise to what begins in some way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// How a request is answered that is not answered well.
#[derive(Clone, Debug)]
pub enum Mood {
    /// The status, as Kubernetes says it.
    Status(u16),
    /// 403, as it is said to `system:serviceaccount:qa:rhaid`.
    Forbidden,
    /// A page of HTML with this status.
    Html(u16),
    /// The beginning of an answer, and the end of the connection.
    Cut,
    /// Nothing, ever.
    Silent,
    /// It is done, and this status is the answer.
    Done(u16),
    /// It is done and answered after a while, whether somebody waits for that or not.
    Late(Duration),
}

/// What was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// `GET /api/v1/namespaces/shop/pods?labelSelector=…`, with the query decoded.
    pub what: String,
    pub authorization: String,
    pub body: Value,
}

#[derive(Clone, Debug)]
pub struct Pod {
    pub name: String,
    pub labels: &'static [(&'static str, &'static str)],
    /// `ReplicaSet`, `Node`, or nothing.
    pub owner: &'static str,
    pub phase: &'static str,
    /// Looks until it is ready.
    pub ready_in: u32,
    uid: u32,
    leaves: bool,
}

impl Pod {
    /// One that runs, is ready, and belongs to a controller.
    pub fn new(name: &str, labels: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            name: name.to_owned(),
            labels,
            owner: "ReplicaSet",
            phase: "Running",
            ready_in: 0,
            uid: 0,
            leaves: false,
        }
    }

    /// One that runs, and that nobody would make again.
    pub fn bare(name: &str, labels: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            owner: "",
            ..Self::new(name, labels)
        }
    }

    fn matches(&self, selector: &str) -> bool {
        selector.split(',').all(|requirement| {
            let (key, value) = requirement.split_once('=').unwrap();
            self.labels.contains(&(key, value))
        })
    }

    fn json(&self) -> Value {
        let owners = match self.owner {
            "" => json!([]),
            kind => {
                json!([{ "apiVersion": "apps/v1", "kind": kind, "name": "o", "uid": "o", "controller": true }])
            }
        };
        let ready = if self.ready_in == 0 { "True" } else { "False" };
        let mut pod = json!({
            "metadata": {
                "name": self.name,
                "namespace": "shop",
                "uid": format!("uid-{}", self.uid),
                "ownerReferences": owners,
            },
            "spec": { "containers": [{ "name": "c" }] },
            "status": { "phase": self.phase, "conditions": [{ "type": "Ready", "status": ready }] },
        });
        if self.leaves {
            pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        }
        pod
    }
}

#[derive(Debug)]
pub struct State {
    pub pods: Vec<Pod>,
    /// Looks until a pod that is made again is ready.
    pub ready_in: u32,
    /// Pods on one page; all, if nothing is said.
    pub page: Option<usize>,
    /// So many continued lists are told that their beginning is forgotten.
    pub forgets: u32,
    /// So many questions are told that the cluster is busy.
    pub busy: u32,
    /// So many deletions are allowed, and no more; all, if nothing is said.
    pub allowed: Option<u32>,
    /// So many deletions find that another one has the name.
    pub replaced: u32,
    /// The replicas of the deployment `db`, its uid and its version.
    pub replicas: u32,
    pub uid: &'static str,
    pub version: u32,
    /// So many changes of it come too late.
    pub overtaken: u32,
    pub moods: Vec<(String, Mood)>,
    /// The first request that begins so is answered so, and no other one.
    pub once: Vec<(String, Mood)>,
    pub asked: Vec<Asked>,
    next: u32,
}

/// The server. It ends with the test's process.
pub struct Cluster {
    address: SocketAddr,
    scheme: &'static str,
    state: Arc<Mutex<State>>,
    dir: tempfile::TempDir,
}

impl Cluster {
    pub fn start(pods: Vec<Pod>) -> Self {
        Self::listen(pods, None)
    }

    pub fn start_tls(pods: Vec<Pod>, config: ServerConfig) -> Self {
        Self::listen(pods, Some(Arc::new(config)))
    }

    fn listen(pods: Vec<Pod>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let mut state = State {
            pods: Vec::new(),
            ready_in: 2,
            page: None,
            forgets: 0,
            busy: 0,
            allowed: None,
            replaced: 0,
            replicas: 3,
            uid: "uid-db",
            version: 1,
            overtaken: 0,
            moods: Vec::new(),
            once: Vec::new(),
            asked: Vec::new(),
            next: 0,
        };
        for pod in pods {
            state.add(pod);
        }
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, tls) = (Arc::clone(&shared), tls.clone());
                std::thread::spawn(move || {
                    match tls {
                        None => serve(stream, &state),
                        Some(config) => {
                            let connection = ServerConnection::new(config).unwrap();
                            serve(StreamOwned::new(connection, stream), &state)
                        }
                    };
                });
            }
        });
        Self {
            address,
            scheme,
            state,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets the server answer so to all that begins like this: `DELETE /api/v1/…`.
    pub fn answer(&self, beginning: &str, mood: Mood) {
        self.state().moods.push((beginning.to_owned(), mood));
    }

    /// The beginnings of all that was asked, `GET` and `DELETE` of pods without what is the same in all of them.
    pub fn asked(&self) -> Vec<String> {
        let state = self.state();
        let asked = state.asked.iter();
        asked
            .map(|asked| asked.what.replace("/api/v1/namespaces/", ""))
            .collect()
    }

    /// The names of the pods that are there and do not leave.
    pub fn names(&self) -> Vec<String> {
        let state = self.state();
        let pods = state.pods.iter().filter(|pod| !pod.leaves);
        pods.map(|pod| pod.name.clone()).collect()
    }

    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// A folder of its own.
    pub fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// A kubeconfig with a context `test` whose namespace is `shop`, and a user with a token.
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig_of("", "token: s3cret-token")
    }

    /// The same with more about the cluster, and another user.
    pub fn kubeconfig_of(&self, cluster: &str, user: &str) -> PathBuf {
        let text = format!(
            "apiVersion: v1
kind: Config
current-context: test
clusters:
- name: stand-in
  cluster:
    server: {url}
    {cluster}
users:
- name: tester
  user:
    {user}
contexts:
- name: test
  context: {{ cluster: stand-in, user: tester, namespace: shop }}
",
            url = self.url()
        );
        let path = self.dir.path().join("kubeconfig");
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl State {
    fn add(&mut self, mut pod: Pod) {
        self.next += 1;
        pod.uid = self.next;
        self.pods.push(pod);
    }

    fn mood(&mut self, what: &str) -> Option<Mood> {
        if self.busy > 0 {
            self.busy -= 1;
            return Some(Mood::Status(503));
        }
        if what.starts_with("DELETE") {
            match &mut self.allowed {
                Some(0) => return Some(Mood::Forbidden),
                Some(left) => *left -= 1,
                None => {}
            }
        }
        let once = self.once.iter();
        if let Some(at) = once.clone().position(|(head, _)| what.starts_with(head)) {
            return Some(self.once.remove(at).1);
        }
        let mut moods = self.moods.iter().rev();
        let (_, mood) = moods.find(|(beginning, _)| what.starts_with(beginning))?;
        Some(mood.clone())
    }

    fn answer(&mut self, what: &str, body: &Value) -> (u16, Value) {
        let (path, query) = what.split_once('?').unwrap_or((what, ""));
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        if path == "GET /api/v1/namespaces/shop/pods" {
            return self.list(
                parameter("labelSelector").unwrap_or_default(),
                parameter("continue"),
            );
        }
        if let Some(name) = path.strip_prefix("DELETE /api/v1/namespaces/shop/pods/") {
            return self.delete(name, body);
        }
        match path.split_once(" /apis/apps/v1/namespaces/shop/deployments/db/scale") {
            Some(("GET", "")) => (200, self.scale()),
            Some(("PATCH", "")) => self.patch(body),
            _ => (404, status(404, "there is nothing like it")),
        }
    }

    fn list(&mut self, selector: &str, token: Option<&str>) -> (u16, Value) {
        if token.is_some() && self.forgets > 0 {
            self.forgets -= 1;
            return (
                410,
                status(410, "The provided continue parameter is too old"),
            );
        }
        let begin: usize = token.map_or(0, |token| token.parse().unwrap());
        let all: Vec<Value> = self
            .pods
            .iter()
            .filter(|pod| pod.matches(selector))
            .map(Pod::json)
            .collect();
        let end = self.page.map_or(all.len(), |page| begin + page);
        let token = if end < all.len() {
            end.to_string()
        } else {
            String::new()
        };
        let items: Vec<Value> = all.into_iter().skip(begin).take(end - begin).collect();
        for pod in &mut self.pods {
            pod.ready_in = pod.ready_in.saturating_sub(1);
        }
        let list = json!({
            "apiVersion": "v1",
            "kind": "PodList",
            "metadata": { "resourceVersion": "1", "continue": token },
            "items": items,
        });
        (200, list)
    }

    fn delete(&mut self, name: &str, body: &Value) -> (u16, Value) {
        let Some(pod) = self.pods.iter_mut().find(|pod| pod.name == name) else {
            return (404, status(404, &format!("pods \"{name}\" not found")));
        };
        if self.replaced > 0 {
            self.replaced -= 1;
            pod.uid += 1_000;
        }
        if body["preconditions"]["uid"] != format!("uid-{}", pod.uid) {
            return (
                409,
                status(409, "the UID in the precondition does not match"),
            );
        }
        // It stays for as long as its grace lasts, ready even.
        pod.leaves = true;
        let gone = pod.clone();
        if !gone.owner.is_empty() {
            let name = format!("{name}-again");
            self.add(Pod {
                name,
                leaves: false,
                ready_in: self.ready_in,
                ..gone.clone()
            });
        }
        (200, gone.json())
    }

    fn scale(&self) -> Value {
        json!({
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {
                "name": "db",
                "namespace": "shop",
                "uid": self.uid,
                "resourceVersion": self.version.to_string(),
            },
            "spec": { "replicas": self.replicas },
            "status": { "replicas": self.replicas },
        })
    }

    fn patch(&mut self, body: &Value) -> (u16, Value) {
        if self.overtaken > 0 {
            self.overtaken -= 1;
            self.version += 1;
        }
        let version = self.version.to_string();
        let is_same =
            body["metadata"]["uid"] == self.uid && body["metadata"]["resourceVersion"] == version;
        if !is_same {
            return (409, status(409, "the object has been modified"));
        }
        self.replicas = u32::try_from(body["spec"]["replicas"].as_u64().unwrap()).unwrap();
        self.version += 1;
        (200, self.scale())
    }
}

fn status(code: u16, message: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Status",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": "Any",
        "code": code,
    })
}

fn forbidden(what: &str) -> Value {
    let verb = match what.split(' ').next() {
        Some("DELETE") => "delete",
        Some("PATCH") => "patch",
        _ => "list",
    };
    let message = format!(
        "pods is forbidden: User \"system:serviceaccount:qa:rhaid\" cannot {verb} resource \"pods\" in API group \"\" in the namespace \"shop\""
    );
    status(403, &message)
}

/// One request, one answer, and the end of the connection.
fn serve(stream: impl Read + Write, state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => authorization = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let target = target.replace('+', " ");
    let target = percent_encoding::percent_decode_str(&target)
        .decode_utf8()
        .ok()?;
    let what = format!("{method} {target}");
    let (mood, (code, answer)) = {
        let mut state = state.lock().unwrap();
        state.asked.push(Asked {
            what: what.clone(),
            authorization,
            body: body.clone(),
        });
        let mood = state.mood(&what);
        let answer = match mood {
            None | Some(Mood::Done(_)) => state.answer(&what, &body),
            Some(_) => (500, Value::Null),
        };
        (mood, answer)
    };
    let (mood, (code, answer)) = match mood {
        Some(Mood::Late(after)) => {
            std::thread::sleep(after);
            (None, state.lock().unwrap().answer(&what, &body))
        }
        mood => (mood, (code, answer)),
    };
    let (code, text) = match mood {
        None => (code, answer.to_string()),
        Some(Mood::Late(_)) => return None,
        Some(Mood::Done(code) | Mood::Status(code)) => (code, status(code, "so it is").to_string()),
        Some(Mood::Forbidden) => (403, forbidden(&what).to_string()),
        Some(Mood::Html(code)) => (code, "<html>\u{1b}[2Jnot what you think</html>".to_owned()),
        Some(Mood::Cut) => {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"kind\":";
            return reader.get_mut().write_all(head.as_bytes()).ok();
        }
        Some(Mood::Silent) => {
            std::thread::sleep(Duration::from_secs(120));
            return None;
        }
    };
    let head = format!(
        "HTTP/1.1 {code} Words\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    let stream = reader.get_mut();
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(text.as_bytes()).ok()?;
    stream.flush().ok()
}
