//! Asks each probe once a second, on a thread of its own, and keeps what it said last.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;
use tokio::sync::watch;
use tokio::task::LocalSet;

use super::{Answer, Probe};
use crate::http::{Client, Exchange, Observer, Request, Session, Settings};

/// From one question to the next.
const SECOND: Duration = Duration::from_secs(1);
/// Of an answer, in bytes.
const LONGEST: u64 = 1 << 20;

/// What was said last: nothing before the first answer, and why it does not hold, if it does not.
pub type Said = Option<Result<(), String>>;

type Kept = Arc<Mutex<Said>>;

/// Asks until it is dropped.
#[derive(Debug)]
pub struct Watch {
    said: Vec<Kept>,
    /// Its end is the thread's.
    _go_on: Option<watch::Sender<()>>,
}

impl Watch {
    /// Asks these probes from now on. `http`: where they may ask, and how to get there. Without a thread to do it, what it says is that.
    pub fn start(probes: Vec<Arc<dyn Probe>>, http: &Settings) -> Self {
        let said: Vec<Kept> = probes.iter().map(|_| Kept::default()).collect();
        if probes.is_empty() {
            return Self { said, _go_on: None };
        }
        let settings = Arc::new(own(http));
        let (go_on, over) = watch::channel(());
        let pairs: Vec<_> = probes.into_iter().zip(said.clone()).collect();
        let thread = std::thread::Builder::new().name("probes".to_owned());
        let started = thread.spawn(move || ask(pairs, &settings, over));
        if let Err(why) = started {
            for kept in &said {
                keep(kept, Err(format!("nobody can ask: {why}")));
            }
        }
        Self {
            said,
            _go_on: Some(go_on),
        }
    }

    /// What the probe of this number said last.
    pub fn said(&self, index: usize) -> Said {
        let kept = self.said.get(index)?;
        kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The run's settings, without what is there for its load.
fn own(http: &Settings) -> Settings {
    Settings {
        // What goes wrong on purpose goes wrong with the load alone.
        dns: Arc::default(),
        rps: None,
        discard_bodies: false,
        keep_cookies: false,
        max_response_size: LONGEST,
        headers: Vec::new(),
        ..http.clone()
    }
}

fn keep(kept: &Kept, said: Result<(), String>) {
    *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
}

fn ask(
    probes: Vec<(Arc<dyn Probe>, Kept)>,
    settings: &Arc<Settings>,
    mut over: watch::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(why) => {
            for (_, kept) in &probes {
                keep(kept, Err(format!("nobody can ask: {why}")));
            }
            return;
        }
    };
    let client = Rc::new(Client::new(Arc::clone(settings), Instant::now()));
    let local = LocalSet::new();
    for (probe, kept) in probes {
        let client = Rc::clone(&client);
        local.spawn_local(async move {
            let session = Session::new(None);
            let mut second = tokio::time::interval(SECOND);
            second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                second.tick().await;
                keep(&kept, once(&session, &client, &*probe).await);
            }
        });
    }
    // The sender says nothing; it goes when nobody wants to know any more.
    local.block_on(&runtime, async { while over.changed().await.is_ok() {} });
    drop(local);
    // A name that is being looked up is not waited for.
    runtime.shutdown_background();
}

async fn once(session: &Session, client: &Client, probe: &dyn Probe) -> Result<(), String> {
    let target = client
        .target(probe.url())
        .map_err(|why| why.message().to_owned())?;
    let mut request = Request::new(Method::GET, target);
    request.headers = probe.headers().to_vec();
    request.timeout = Some(probe.timeout());
    let response = session.send(client, &mut request, &Nobody).await;
    // Cookies of a probe would make the next one another question.
    session.end_iteration(client);
    if response.status == 0 {
        let why = response
            .error
            .as_ref()
            .map(|error| error.message().to_owned());
        return Err(why.unwrap_or_else(|| "it did not answer".to_owned()));
    }
    probe.judge(&Answer {
        status: response.status,
        body: &response.body,
    })
}

/// Nothing of it is measured.
struct Nobody;

impl Observer for Nobody {
    fn exchanged(&self, _: &Exchange<'_>) {}
    fn abandoned(&self, _: u64, _: u64) {}
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicU16, Ordering};

    use super::super::Health;
    use super::*;
    use crate::http::StatusSet;

    /// A server that answers with the status that it is told.
    fn server(status: Arc<AtomicU16>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/health", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten().take(50) {
                let _ = stream.read(&mut [0; 1024]);
                let status = status.load(Ordering::Relaxed);
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        url
    }

    fn health(url: &str) -> Arc<dyn Probe> {
        Arc::new(Health {
            url: url.to_owned(),
            status: StatusSet::default(),
            status_told: "2xx".into(),
            contains: None,
            headers: Vec::new(),
            timeout: Duration::from_millis(500),
        })
    }

    fn until(watch: &Watch, index: usize, wanted: impl Fn(&Said) -> bool) -> Said {
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let said = watch.said(index);
            if wanted(&said) || Instant::now() > deadline {
                return said;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn each_is_asked_again_and_again_and_no_answer_does_not_hold() {
        let status = Arc::new(AtomicU16::new(200));
        let url = server(status.clone());
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let silent = format!("http://{}/", silent.local_addr().unwrap());
        let watch = Watch::start(
            vec![health(&url), health(&silent), health("http://other.test/")],
            &Settings {
                rules: crate::http::AddressRules {
                    allowed: vec!["127.0.0.1".into()],
                    ..Default::default()
                },
                ..Settings::default()
            },
        );
        assert_eq!(until(&watch, 0, Option::is_some), Some(Ok(())));
        status.store(503, Ordering::Relaxed);
        let bad = until(&watch, 0, |said| matches!(said, Some(Err(_))));
        assert_eq!(bad, Some(Err("it answered 503".into())));
        assert!(matches!(until(&watch, 1, Option::is_some), Some(Err(_))));
        let Some(Err(why)) = until(&watch, 2, Option::is_some) else {
            panic!("it was allowed");
        };
        assert!(why.contains("allowed_hosts"), "{why}");
        assert_eq!(watch.said(9), None);
    }
}
