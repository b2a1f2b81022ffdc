//! The dashboard: a run in the browser while it goes, and an API to look at it and to steer it.
//!
//! In: [`Dashboard::begin`] when a run starts, its [`Progress`] once a second, its result when it is over. Out: a page that needs
//! nothing from elsewhere, a stream of events that keeps it up to date, the API under `/api/v1` with its OpenAPI document; and what people
//! ask for there, through [`Steering`].
//!
//! | file | what |
//! |---|---|
//! | `server` | the thread that listens: connections, their limits, the end |
//! | `board` | what is known of the run, and the messages that pages get |
//! | `shape` | the documents of the API and of the messages |
//! | `routes`, `answer` | the API: one table of routes, each with its handler and its documentation |
//! | `openapi` | the document made of that table |
//! | `guard`, `token` | who may do what: `Host`, `Origin`, the token and its guesses |
//! | `page` | the page, with the policy that lets the browser load nothing else |
//! | `steering` | what can be asked of a run |
//!
//! The run hands over one message a second and waits for nobody. The server has a thread of its own; there each second is written down
//! once, and every page gets the same bytes. A page that does not keep up loses messages, and gets the whole state instead when it reads
//! again: nothing is kept for it.

mod answer;
mod board;
mod guard;
mod openapi;
mod page;
mod routes;
mod server;
mod shape;
mod steering;
mod token;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::result::RunResult;
use crate::run::Progress;

pub use steering::{Refusal, Steering};
pub use token::{Token, TooShort};

/// Where it listens unless told otherwise: as k6's dashboard does.
pub const USUAL: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 5_665);
/// Messages that wait for the server's thread. It takes them at once; one that does not is broken.
const BACKLOG: usize = 256;
/// How long the end waits for pages that fetch the result.
const PATIENCE: Duration = Duration::from_secs(3);

/// How it is served.
#[derive(Debug)]
pub struct Settings {
    pub listen: SocketAddr,
    /// If the address is taken, a free port will do.
    pub any_port: bool,
    /// Without one, only who is on this machine gets in.
    pub token: Option<Token>,
    /// What is run, for people.
    pub script: String,
}

/// The address cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("the dashboard cannot listen on {address}: {source}{}", if source.kind() == io::ErrorKind::AddrInUse { "\nhelp: another program listens there; port 0 picks a free one" } else { "" })]
pub struct CannotServe {
    pub address: SocketAddr,
    #[source]
    pub source: io::Error,
}

/// What the run tells the server's thread.
enum Message {
    Begin(Arc<dyn Steering>),
    Progress(Box<Progress>),
    /// Between two runs: why none goes on.
    Idle(String),
    Over(Box<RunResult>),
    /// Nothing more comes: the page may stay for a while.
    End,
}

/// Tells the dashboard of a run. Cheap to clone.
#[derive(Clone)]
pub struct Teller(mpsc::Sender<Message>);

impl Teller {
    fn tell(&self, message: Message) {
        // What finds the server's thread stuck or gone is lost: the run goes on.
        let _ = self.0.try_send(message);
    }

    /// A run begins, and can be steered so.
    pub fn begin(&self, steering: Arc<dyn Steering>) {
        self.tell(Message::Begin(steering));
    }

    /// How the run stands.
    pub fn progress(&self, progress: &Progress) {
        self.tell(Message::Progress(Box::new(progress.clone())));
    }

    /// No run goes on for now.
    pub fn idle(&self, why: String) {
        self.tell(Message::Idle(why));
    }

    /// The run is over.
    pub fn over(&self, result: &RunResult) {
        self.tell(Message::Over(Box::new(result.clone())));
    }
}

/// The dashboard's own thread. It ends when this is dropped.
pub struct Dashboard {
    teller: Teller,
    url: String,
    thread: Option<JoinHandle<()>>,
}

impl Dashboard {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn start(settings: Settings) -> Result<Self, CannotServe> {
        let (messages, incoming) = mpsc::channel(BACKLOG);
        let (url, thread) = server::start(settings, incoming)?;
        Ok(Self {
            teller: Teller(messages),
            url,
            thread: Some(thread),
        })
    }

    /// Where it is, with the token if there is one.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Who tells it of the run.
    pub fn teller(&self) -> Teller {
        self.teller.clone()
    }
}

impl Drop for Dashboard {
    fn drop(&mut self) {
        self.teller.tell(Message::End);
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}
