//! What all virtual users of one worker thread share: parsed URLs, resolved names, TLS configurations, buffers.

use std::cell::{OnceCell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;
use rustls::ClientConfig;

use super::HttpError;
use super::apart::apart;
use super::h1::Scratch;
use super::proxy::Proxies;
use super::settings::{Http2, Settings};
use super::target::Target;
use super::tls::TlsError;
use crate::chaos::dns::{Instead, Meets};

/// URLs kept parsed; a script that makes up a new URL for every request starts the cache anew.
const MAX_TARGETS: usize = 8_192;

type Resolved = Rc<tokio::sync::Mutex<Option<(Instant, Rc<[IpAddr]>)>>>;

/// The shared side of HTTP on one worker thread.
pub struct Client {
    settings: Arc<Settings>,
    targets: RefCell<FxHashMap<Box<str>, Rc<Target>>>,
    names: RefCell<FxHashMap<Rc<str>, Resolved>>,
    tls_negotiating: OnceCell<Arc<ClientConfig>>,
    tls_http1: OnceCell<Arc<ClientConfig>>,
    pub(super) proxies: Proxies,
    pub(super) scratch: Scratch,
    /// The moment from which the shared rate limit counts, the same for all threads.
    epoch: Instant,
}

impl Client {
    /// A client with these settings. `epoch` must be the same for all workers of a run.
    pub fn new(settings: Arc<Settings>, epoch: Instant) -> Self {
        Self {
            proxies: Proxies::new(&settings.proxy),
            settings,
            targets: RefCell::default(),
            names: RefCell::default(),
            tls_negotiating: OnceCell::new(),
            tls_http1: OnceCell::new(),
            scratch: Scratch::default(),
            epoch,
        }
    }

    /// The run's settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The parsed form of a URL.
    ///
    /// # Errors
    /// [`HttpError::INVALID_URL`].
    pub fn target(&self, url: &str) -> Result<Rc<Target>, HttpError> {
        if let Some(target) = self.targets.borrow().get(url) {
            return Ok(target.clone());
        }
        let target = Rc::new(Target::parse(url, &self.settings.user_agent)?);
        let mut targets = self.targets.borrow_mut();
        if targets.len() >= MAX_TARGETS {
            targets.clear();
        }
        targets.insert(url.into(), target.clone());
        Ok(target)
    }

    /// The TLS configuration, with or without an offer of HTTP/2.
    pub(super) fn tls(&self, http1_only: bool) -> Result<Arc<ClientConfig>, TlsError> {
        let (cell, alpn): (_, &[&[u8]]) = match (http1_only, self.settings.http2) {
            (true, _) | (_, Http2::Off) => (&self.tls_http1, &[b"http/1.1"]),
            (false, Http2::Auto) => (&self.tls_negotiating, &[b"h2", b"http/1.1"]),
            (false, Http2::PriorKnowledge) => (&self.tls_negotiating, &[b"h2"]),
        };
        if let Some(config) = cell.get() {
            return Ok(config.clone());
        }
        let config = self.settings.tls.client_config(alpn)?;
        Ok(cell.get_or_init(|| config).clone())
    }

    /// How long the next request must wait for its slot under the `rps` cap.
    pub(super) fn rate_limit(&self) -> Option<Duration> {
        let limit = self.settings.rps.as_ref()?;
        let now = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        Some(limit.reserve(now)).filter(|wait| !wait.is_zero())
    }

    /// The addresses of a host, looked up once per `dns_ttl` however many virtual users ask at once.
    /// Gives the time that the look-up took for this caller.
    pub(super) async fn resolve(
        &self,
        host: &Rc<str>,
    ) -> Result<(Rc<[IpAddr]>, Duration), HttpError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(([address].into(), Duration::ZERO));
        }
        let started = Instant::now();
        if let Some(meets) = self.settings.dns.meets(host)
            && let Some(addresses) = apart(meeting(host, meets)).await?
        {
            return Ok((addresses, started.elapsed()));
        }
        let entry = self
            .names
            .borrow_mut()
            .entry(host.clone())
            .or_default()
            .clone();
        let mut entry = entry.lock().await;
        if let Some((at, addresses)) = &*entry
            && at.elapsed() < self.settings.dns_ttl
        {
            return Ok((addresses.clone(), started.elapsed()));
        }
        let found = tokio::net::lookup_host((&**host, 0)).await.map_err(|error| {
            // The resolver opens files of its own, and says that there is no such name when it cannot.
            if HttpError::out_of_files() {
                return HttpError::too_many_files(HttpError::DNS, &format!("looking up {host}"));
            }
            HttpError::new(
                HttpError::DNS_NOT_FOUND,
                format!("cannot find the address of {host}: {error}; check the name, or give its address with `hosts`"),
            )
        })?;
        let mut addresses: Vec<IpAddr> = found.map(|address| address.ip()).collect();
        // IPv4 first, as servers under test on "localhost" often listen only there.
        addresses.sort_by_key(IpAddr::is_ipv6);
        addresses.dedup();
        if addresses.is_empty() {
            return Err(HttpError::new(
                HttpError::DNS,
                format!("{host} has no address"),
            ));
        }
        let addresses: Rc<[IpAddr]> = addresses.into();
        *entry = Some((Instant::now(), addresses.clone()));
        Ok((addresses, started.elapsed()))
    }
}

/// A look-up that goes wrong on purpose: the address that is found instead, if there is one. What is known of the name stays as it is.
async fn meeting(host: &str, meets: Meets) -> Result<Option<Rc<[IpAddr]>>, HttpError> {
    if !meets.delay.is_zero() {
        tokio::time::sleep(meets.delay).await;
    }
    match meets.instead {
        None => Ok(None),
        Some(Instead::Address(address)) => Ok(Some([address].into())),
        Some(Instead::Nothing) => Err(HttpError::new(
            HttpError::DNS_NOT_FOUND,
            format!("cannot find the address of {host}: a fault of this run has it so"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chaos::dns::Answer;
    use crate::chaos::{FaultId, Ledger};

    #[tokio::test(start_paused = true)]
    async fn a_fault_of_look_ups_applies_to_names_that_are_known_already() {
        let settings = Arc::new(Settings::default());
        let client = Client::new(Arc::clone(&settings), Instant::now());
        let (ledger, fault) = (Ledger::default(), FaultId(1));
        let host: Rc<str> = "localhost".into();
        let (known, _) = client.resolve(&host).await.unwrap();

        let fails = settings
            .dns
            .inject(&ledger, fault, "localhost", Answer::Fail)
            .unwrap();
        let error = client.resolve(&host).await.unwrap_err();
        assert_eq!(error.code(), HttpError::DNS_NOT_FOUND);
        // What is an address is not looked up.
        client.resolve(&"127.0.0.1".into()).await.unwrap();
        ledger.undo(fails).unwrap();

        let elsewhere: IpAddr = [127, 0, 0, 9].into();
        let leads = Answer::Address(elsewhere);
        let led = settings.dns.inject(&ledger, fault, "*", leads).unwrap();
        assert_eq!(*client.resolve(&host).await.unwrap().0, [elsewhere]);
        ledger.undo(led).unwrap();

        let late = Answer::Delay(Duration::from_secs(30));
        settings.dns.inject(&ledger, fault, "*", late).unwrap();
        let began = tokio::time::Instant::now();
        assert_eq!(client.resolve(&host).await.unwrap().0, known);
        assert!(began.elapsed() >= Duration::from_secs(30));
        ledger.undo_all();
        let began = tokio::time::Instant::now();
        assert_eq!(client.resolve(&host).await.unwrap().0, known);
        assert!(began.elapsed() < Duration::from_secs(30));
    }
}
