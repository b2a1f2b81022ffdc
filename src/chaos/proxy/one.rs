//! One proxy: a door with toxics on it.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use socket2::Socket;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::address::{listen, means, resolve};
use super::connection::{Visit, serve};
use super::counts::{Counters, Counts};
use super::draw::Draw;
use super::error::ProxyError;
use super::spec::Spec;
use super::toxic::{self, Kind};
use super::workers::Workers;
use super::worn::{Draft, State, Stream, Toxicity, Worn};
use crate::suggest::did_you_mean;

/// After a connection could not be accepted, for want of files perhaps.
const PAUSE: Duration = Duration::from_millis(20);

#[derive(Debug)]
struct Door {
    listen: String,
    upstream: String,
    listening: Option<Socket>,
}

/// A proxy. It goes on until it is closed; dropping it closes it.
#[derive(Debug)]
pub struct Proxy {
    name: String,
    door: Mutex<Door>,
    state: watch::Sender<Arc<State>>,
    changing: Mutex<()>,
    /// How many hold it down.
    held: Mutex<usize>,
    counters: Arc<Counters>,
    workers: Arc<Workers>,
    seed: u64,
    /// The seed and the proxy's name in one, so that each draws for itself.
    draws: u64,
    next_id: AtomicU64,
}

impl Proxy {
    /// With its toxics from the beginning: no connection is without them.
    pub(super) fn new(
        spec: Spec,
        toxics: Vec<Draft>,
        workers: Arc<Workers>,
        seed: u64,
    ) -> Result<Self, ProxyError> {
        let name_seed = Draw::of_name(&spec.name);
        let proxy = Self {
            name: spec.name,
            door: Mutex::new(Door {
                listen: spec.listen,
                upstream: spec.upstream,
                listening: None,
            }),
            state: watch::Sender::new(Arc::default()),
            changing: Mutex::default(),
            held: Mutex::default(),
            counters: Arc::default(),
            workers,
            seed,
            draws: seed ^ name_seed,
            next_id: AtomicU64::new(0),
        };
        for draft in toxics {
            proxy.wear(draft)?;
        }
        if spec.enabled {
            proxy.enable()?;
        }
        Ok(proxy)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it listens (with the port that was picked, once it listened), and where it connects to.
    pub fn spec(&self) -> Spec {
        let door = self.door();
        Spec {
            name: self.name.clone(),
            listen: door.listen.clone(),
            upstream: door.upstream.clone(),
            enabled: door.listening.is_some(),
        }
    }

    /// From what its toxics draw.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn counts(&self) -> Counts {
        self.counters.counts()
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.door.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens, if it does not yet.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn enable(&self) -> Result<(), ProxyError> {
        let mut door = self.door();
        self.open(&mut door)
    }

    fn open(&self, door: &mut Door) -> Result<(), ProxyError> {
        if door.listening.is_some() {
            return Ok(());
        }
        let cannot = |source| ProxyError::Listen {
            address: door.listen.clone(),
            source,
        };
        let (socket, address) = listen(&door.listen)?;
        let listeners = self
            .workers
            .handles()
            .map(|handle| {
                let _guard = handle.enter();
                let listener = TcpListener::from_std(socket.try_clone()?.into())?;
                Ok((handle.clone(), listener))
            })
            .collect::<io::Result<Vec<_>>>()
            .map_err(cannot)?;
        // Said before anybody can arrive.
        self.change_state(|state| {
            state.epoch += 1;
            state.open = true;
        });
        let upstream: Arc<str> = door.upstream.as_str().into();
        for (handle, listener) in listeners {
            let visit = Visit {
                upstream: Arc::clone(&upstream),
                state: self.state.subscribe(),
                counters: Arc::clone(&self.counters),
                seed: self.draws,
            };
            handle.spawn(accept(listener, visit));
        }
        tracing::info!(proxy = self.name(), %address, upstream = &*upstream, "the proxy listens");
        door.listen = address.to_string();
        door.listening = Some(socket);
        Ok(())
    }

    /// Stops listening at once, and ends every connection. An address that is picked freely stays what it became.
    pub fn disable(&self) {
        let mut door = self.door();
        self.close(&mut door);
    }

    fn close(&self, door: &mut Door) {
        if let Some(socket) = door.listening.take() {
            // The threads have copies of it: closing this one alone would leave the port taken.
            let _ = socket.shutdown(std::net::Shutdown::Both);
            self.change_state(|state| state.open = false);
        }
    }

    /// Whether it listens and connects as is said.
    pub(super) fn goes(&self, listen: &str, upstream: &str) -> bool {
        let door = self.door();
        door.upstream == upstream && (door.listen == listen || means(listen, &door.listen))
    }

    /// Listens and connects elsewhere, or is enabled or disabled. Connections end if anything is different.
    ///
    /// # Errors
    /// When the new address is not one: nothing is changed. When it cannot be had: the proxy is disabled then.
    pub fn update(&self, listen: &str, upstream: &str, enabled: bool) -> Result<(), ProxyError> {
        let mut door = self.door();
        let same_door = door.listen == listen || resolve(listen)?.to_string() == door.listen;
        if !same_door || door.upstream != upstream {
            self.close(&mut door);
            if !same_door {
                listen.clone_into(&mut door.listen);
            }
            upstream.clone_into(&mut door.upstream);
        }
        if enabled {
            self.open(&mut door)
        } else {
            self.close(&mut door);
            Ok(())
        }
    }

    /// Lets the connections see a state that was changed.
    fn change_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = State::clone(&self.state.borrow());
        let outcome = change(&mut next);
        self.state.send_replace(Arc::new(next));
        outcome
    }

    /// The toxics, in the order in which data passes them.
    pub fn toxics(&self) -> Vec<Arc<Worn>> {
        self.state.borrow().worn.clone()
    }

    /// The toxic of that name.
    ///
    /// # Errors
    /// When there is none.
    pub fn toxic(&self, name: &str) -> Result<Arc<Worn>, ProxyError> {
        find(&self.state.borrow().worn, name).cloned()
    }

    /// Lays a toxic on, behind the others. Without a name it is called after its kind and stream.
    ///
    /// # Errors
    /// When there is one of that name.
    pub fn add(
        &self,
        name: Option<&str>,
        kind: &'static Kind,
        stream: Stream,
        toxicity: Toxicity,
        attributes: &Map<String, Value>,
    ) -> Result<Arc<Worn>, ProxyError> {
        self.wear(Draft {
            name: name.map(str::to_owned),
            kind,
            stream,
            written: None,
            toxicity,
            attributes: attributes.clone(),
        })
    }

    /// Lays a toxic on, behind the others.
    ///
    /// # Errors
    /// When there is one of that name, or an attribute is wrong.
    pub fn wear(&self, draft: Draft) -> Result<Arc<Worn>, ProxyError> {
        let worn = Arc::new(draft.wear(self.next_id.fetch_add(1, Ordering::Relaxed))?);
        self.change_state(|state| {
            if state.worn.iter().any(|other| other.name == worn.name) {
                return Err(ProxyError::ToxicExists(worn.name.clone()));
            }
            state.worn.push(Arc::clone(&worn));
            Ok(worn)
        })
    }

    /// Changes the attributes that are given, and perhaps the toxicity, of a toxic.
    ///
    /// # Errors
    /// When there is none of that name, or a value is not one: nothing is changed.
    pub fn change(
        &self,
        name: &str,
        toxicity: Option<Toxicity>,
        attributes: &Map<String, Value>,
    ) -> Result<Arc<Worn>, ProxyError> {
        self.change_state(|state| {
            let new = changed(find(&state.worn, name)?, toxicity, attributes)?;
            if let Some(place) = state.worn.iter_mut().find(|worn| worn.id == new.id) {
                *place = Arc::clone(&new);
            }
            Ok(new)
        })
    }

    /// The same, in small steps: what waits for the toxic as it was goes on waiting.
    ///
    /// # Errors
    /// As for a change.
    pub fn change_gently(
        &self,
        name: &str,
        attributes: &Map<String, Value>,
    ) -> Result<(), ProxyError> {
        self.change_state(|state| {
            let mut new = Worn::clone(&*changed(find(&state.worn, name)?, None, attributes)?);
            new.gentle = true;
            if let Some(place) = state.worn.iter_mut().find(|worn| worn.id == new.id) {
                *place = Arc::new(new);
            }
            Ok(())
        })
    }

    /// Stops listening until it is let up as often as it was held down.
    pub fn hold_down(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held += 1;
        self.disable();
    }

    /// Takes back one holding down; the last one lets it listen.
    ///
    /// # Errors
    /// When the address cannot be had any more.
    pub fn let_up(&self) -> Result<(), ProxyError> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if *held <= 1 {
            self.enable()?;
        }
        *held = held.saturating_sub(1);
        Ok(())
    }

    /// Takes a toxic away. It is gone from every connection as soon as its thread comes to it; nothing is waited for.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn remove(&self, name: &str) -> Result<(), ProxyError> {
        self.change_state(|state| {
            let id = find(&state.worn, name)?.id;
            state.worn.retain(|worn| worn.id != id);
            Ok(())
        })
    }

    /// Takes all toxics away, and listens.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub fn reset(&self) -> Result<(), ProxyError> {
        self.change_state(|state| state.worn.clear());
        self.enable()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.disable();
    }
}

fn find<'a>(worn: &'a [Arc<Worn>], name: &str) -> Result<&'a Arc<Worn>, ProxyError> {
    worn.iter()
        .find(|worn| worn.name == name)
        .ok_or_else(|| ProxyError::NoToxic {
            name: name.to_owned(),
            known: did_you_mean(name, worn.iter().map(|worn| worn.name.as_str())),
        })
}

fn changed(
    old: &Arc<Worn>,
    toxicity: Option<Toxicity>,
    attributes: &Map<String, Value>,
) -> Result<Arc<Worn>, ProxyError> {
    let mut all = old.toxic.attributes();
    all.extend(
        attributes
            .iter()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    Ok(Arc::new(Worn {
        toxicity: toxicity.unwrap_or(old.toxicity),
        toxic: toxic::kind(old.kind)?.make(&all)?.into(),
        revision: old.revision + 1,
        gentle: false,
        ..Worn::clone(old)
    }))
}

/// Takes connections in until the door is closed.
async fn accept(listener: TcpListener, visit: Visit) {
    let mut state = visit.state.clone();
    let epoch = state.borrow_and_update().epoch;
    let is_open = |state: &State| state.open && state.epoch == epoch;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            changed = state.changed() => {
                if changed.is_err() || !is_open(&state.borrow_and_update()) {
                    return;
                }
                continue;
            }
        };
        if !is_open(&state.borrow()) {
            return;
        }
        match accepted {
            Ok((client, _)) => drop(tokio::spawn(serve(client, visit.clone(), epoch))),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
