//! The proxies by their names.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::ProxyError;
use super::one::Proxy;
use super::spec::Spec;
use super::workers::Workers;
use super::worn::Draft;
use crate::suggest::did_you_mean;

/// All proxies of one run or one server. They are closed when this is dropped.
#[derive(Debug)]
pub struct Fleet {
    workers: Arc<Workers>,
    proxies: Mutex<BTreeMap<String, Arc<Proxy>>>,
    /// Held while a proxy is made, which may take as long as a name takes to be looked up. Nobody else waits for that.
    making: Mutex<()>,
    seed: u64,
}

impl Fleet {
    /// Nothing yet, on so many threads. What toxics draw follows from the seed.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn new(threads: usize, seed: u64) -> io::Result<Self> {
        Ok(Self {
            workers: Arc::new(Workers::start(threads)?),
            proxies: Mutex::default(),
            making: Mutex::default(),
            seed,
        })
    }

    fn proxies(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Proxy>>> {
        self.proxies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new proxy.
    ///
    /// # Errors
    /// When there is one of that name, or its address cannot be had.
    pub fn create(&self, spec: Spec) -> Result<Arc<Proxy>, ProxyError> {
        self.create_with(spec, Vec::new(), None)
    }

    /// A new proxy with toxics from its first connection on, and perhaps a seed of its own.
    ///
    /// # Errors
    /// When there is one of that name, a toxic is wrong, or its address cannot be had.
    pub fn create_with(
        &self,
        spec: Spec,
        toxics: Vec<Draft>,
        seed: Option<u64>,
    ) -> Result<Arc<Proxy>, ProxyError> {
        let _one_at_a_time = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if self.proxies().contains_key(&spec.name) {
            return Err(ProxyError::ProxyExists(spec.name));
        }
        self.make(spec, toxics, seed)
    }

    /// The proxy of that name if it goes where the spec says, else a new one in its place.
    ///
    /// # Errors
    /// When a toxic is wrong, or the address cannot be had: one that was to be replaced is disabled then.
    pub fn provide(
        &self,
        spec: Spec,
        toxics: Vec<Draft>,
        seed: Option<u64>,
    ) -> Result<Arc<Proxy>, ProxyError> {
        let _one_at_a_time = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(old) = self.proxy(&spec.name) {
            if old.goes(&spec.listen, &spec.upstream) {
                return Ok(old);
            }
            old.disable();
        }
        self.make(spec, toxics, seed)
    }

    fn make(
        &self,
        spec: Spec,
        toxics: Vec<Draft>,
        seed: Option<u64>,
    ) -> Result<Arc<Proxy>, ProxyError> {
        let name = spec.name.clone();
        let seed = seed.unwrap_or(self.seed);
        let workers = Arc::clone(&self.workers);
        let proxy = Arc::new(Proxy::new(spec, toxics, workers, seed)?);
        self.proxies().insert(name, Arc::clone(&proxy));
        Ok(proxy)
    }

    /// The seed of proxies that have none of their own.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The proxy of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn proxy(&self, name: &str) -> Result<Arc<Proxy>, ProxyError> {
        let proxies = self.proxies();
        proxies
            .get(name)
            .cloned()
            .ok_or_else(|| unknown(name, &proxies))
    }

    /// Runs a task on one of the threads; it ends with them.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(handle) = self.workers.handles().next() {
            handle.spawn(task);
        }
    }

    /// All of them, by name.
    pub fn all(&self) -> Vec<Arc<Proxy>> {
        self.proxies().values().cloned().collect()
    }

    /// Closes a proxy and forgets it.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn delete(&self, name: &str) -> Result<(), ProxyError> {
        let proxy = {
            let mut proxies = self.proxies();
            let removed = proxies.remove(name);
            removed.ok_or_else(|| unknown(name, &proxies))?
        };
        proxy.disable();
        Ok(())
    }

    /// Takes all toxics away, and enables every proxy. All are tried.
    ///
    /// # Errors
    /// The first that could not be enabled.
    pub fn reset(&self) -> Result<(), ProxyError> {
        let outcomes: Vec<_> = self.all().iter().map(|proxy| proxy.reset()).collect();
        outcomes.into_iter().collect()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for proxy in self.all() {
            proxy.disable();
        }
    }
}

fn unknown(name: &str, proxies: &BTreeMap<String, Arc<Proxy>>) -> ProxyError {
    ProxyError::NoProxy {
        name: name.to_owned(),
        known: did_you_mean(name, proxies.keys().map(String::as_str)),
    }
}
