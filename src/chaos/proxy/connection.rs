//! One connection through a proxy: two sockets, two directions, one task.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::counts::{Counters, Tally};
use super::draw::Draw;
use super::flow::{Close, Fitted, Flow, Item, Slot};
use super::gates::pass_gates;
use super::toxic::{Fit, Fitting};
use super::worn::{State, Stream, Worn};

/// Bytes read at once.
const SCRATCH: usize = 128 << 10;
/// Reads and writes in one turn, after which other connections have theirs.
const ROUNDS: usize = 16;

thread_local! {
    /// What is read lands here; only what cannot be written at once is kept with its connection.
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; SCRATCH].into());
}

/// What every connection of a proxy is given.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    pub upstream: Arc<str>,
    pub state: watch::Receiver<Arc<State>>,
    pub counters: Arc<Counters>,
    pub seed: u64,
}

impl Visit {
    /// The toxic of that number, if it still lies there.
    pub fn worn(&self, id: u64) -> Option<Arc<Worn>> {
        let state = self.state.borrow();
        state.worn.iter().find(|worn| worn.id == id).cloned()
    }

    /// The toxic's chance on the connection of that number; the first draw is whether it is there at all.
    pub fn draw(&self, worn: &Worn, number: u64) -> (bool, Draw) {
        let mut draw = Draw::new(self.seed, &[Draw::of_name(&worn.name), number]);
        let is_drawn = draw.happens(worn.toxicity.share());
        (is_drawn, draw)
    }
}

/// Counts a connection as open as long as it lives.
struct Open<'a>(&'a AtomicU64);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// Serves one client until either side, a toxic or the proxy ends it.
pub(super) async fn serve(client: TcpStream, mut visit: Visit, epoch: u64) {
    let counters = Arc::clone(&visit.counters);
    let number = counters.connections.fetch_add(1, Relaxed);
    counters.open.fetch_add(1, Relaxed);
    let _open = Open(&counters.open);
    if cfg!(not(target_os = "linux")) {
        let _ = client.set_nodelay(true);
    }

    let passes = match pass_gates(&client, &mut visit, epoch, number).await {
        Ok(passes) => passes,
        Err(how) => {
            counters.refused.fetch_add(1, Relaxed);
            if how == Close::Reset {
                reset(&client);
            }
            return;
        }
    };
    let mut state = visit.state.clone();
    let connected = tokio::select! {
        connected = connect(&visit.upstream) => connected,
        () = gone(&mut state, epoch) => return,
    };
    let Ok(server) = connected else {
        counters.unreachable.fetch_add(1, Relaxed);
        return;
    };
    let _ = server.set_nodelay(true);
    let mut connection = Connection {
        halves: [Half::new(), Half::new()],
        sockets: [client, server],
        change: changes(visit.state.clone()),
        timer: None,
        spoke: None,
        teller: Arc::default(),
        visit,
        epoch,
        number,
    };
    connection.refit(Instant::now());
    drop(passes);
    let how = poll_fn(|cx| connection.poll(cx)).await;
    if how == Close::Reset {
        connection.sockets.iter().for_each(reset);
    }
}

/// Makes the system reset the connection when it is dropped.
fn reset(socket: &TcpStream) {
    let _ = SockRef::from(socket).set_linger(Some(Duration::ZERO));
}

async fn connect(upstream: &str) -> io::Result<TcpStream> {
    // An address needs no look-up, which would take a thread.
    match upstream.parse::<SocketAddr>() {
        Ok(address) => TcpStream::connect(address).await,
        Err(_) => TcpStream::connect(upstream).await,
    }
}

/// Comes back when the proxy is closed.
async fn gone(state: &mut watch::Receiver<Arc<State>>, epoch: u64) {
    let _ = state
        .wait_for(|state| !state.open || state.epoch != epoch)
        .await;
}

type Change = Pin<Box<dyn Future<Output = watch::Receiver<Arc<State>>> + Send>>;

fn changes(mut state: watch::Receiver<Arc<State>>) -> Change {
    Box::pin(async move {
        let _ = state.changed().await;
        state
    })
}

/// One direction, and how far it has come.
struct Half {
    flow: Flow,
    /// The sender may send more.
    reading: bool,
    /// The receiver has not been told of an end.
    writing: bool,
}

impl Half {
    fn new() -> Self {
        Self {
            flow: Flow::new(),
            reading: true,
            writing: true,
        }
    }
}

struct Connection {
    /// Upstream, downstream.
    halves: [Half; 2],
    /// Client, server.
    sockets: [TcpStream; 2],
    change: Change,
    timer: Option<Pin<Box<Sleep>>>,
    /// The direction in which the last bytes were read.
    spoke: Option<Stream>,
    /// The toxic that counts the requests.
    teller: Arc<AtomicU64>,
    visit: Visit,
    epoch: u64,
    number: u64,
}

impl Connection {
    /// Puts the toxics in that lie on the proxy now, and takes the others out.
    fn refit(&mut self, now: Instant) {
        let state = Arc::clone(&self.visit.state.borrow_and_update());
        let mut orders = [Vec::new(), Vec::new()];
        for worn in &state.worn {
            let old = self.halves.iter().find_map(|half| half.flow.slot(worn.id));
            if old.is_some_and(|slot| slot.revision == worn.revision) {
                for (half, order) in self.halves.iter().zip(&mut orders) {
                    if half.flow.slot(worn.id).is_some() {
                        order.push(Fitted::Kept(worn.id));
                    }
                }
                continue;
            }
            let carried = old
                .and_then(|slot| slot.stage.as_ref())
                .map_or(0, |stage| stage.carried());
            let stages = self.fit(worn, now, carried);
            let is_skin = stages.iter().all(Option::is_some);
            for (half, stage) in stages.into_iter().enumerate() {
                let Some(stage) = stage else { continue };
                orders[half].push(Fitted::New(Slot {
                    id: worn.id,
                    revision: worn.revision,
                    holds: worn.toxic.holds(),
                    is_skin,
                    gentle: worn.gentle,
                    stage,
                }));
            }
        }
        let [_, back] = &mut orders;
        self.turn_skins(back);
        for (half, order) in self.halves.iter_mut().zip(orders) {
            half.flow.refit(now, order);
        }
    }

    /// Lets what comes back pass the skins the other way round.
    fn turn_skins(&self, order: &mut [Fitted]) {
        let is_skin = |fitted: &Fitted| match fitted {
            Fitted::New(slot) => slot.is_skin,
            Fitted::Kept(id) => self
                .halves
                .iter()
                .any(|half| half.flow.slot(*id).is_some_and(|slot| slot.is_skin)),
        };
        let places: Vec<_> = (0..order.len())
            .filter(|place| order.get(*place).is_some_and(is_skin))
            .collect();
        for (front, back) in places.iter().zip(places.iter().rev()) {
            if front < back {
                order.swap(*front, *back);
            }
        }
    }

    /// The stages of a toxic for both directions. The inner nothing keeps the place of one that was not drawn.
    fn fit(
        &self,
        worn: &Worn,
        now: Instant,
        carried: u64,
    ) -> [Option<Option<Box<dyn super::Stage>>>; 2] {
        let (is_drawn, draw) = self.visit.draw(worn, self.number);
        let fit = if is_drawn {
            worn.toxic.fit(Fitting {
                now,
                number: self.number,
                draw,
                carried,
                spoke: self.spoke,
                tally: Tally::new(&self.visit.counters, &self.teller, worn.id),
            })
        } else {
            Fit::Nothing
        };
        let upstream = worn.stream == Stream::Upstream;
        match fit {
            Fit::Both(up, down) => [Some(Some(up)), Some(Some(down))],
            Fit::One(stage) if upstream => [Some(Some(stage)), None],
            Fit::One(stage) => [None, Some(Some(stage))],
            Fit::Nothing if upstream => [Some(None), None],
            Fit::Nothing => [None, Some(None)],
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Close> {
        for _ in 0..ROUNDS {
            if let Poll::Ready(state) = self.change.as_mut().poll(cx) {
                let current = Arc::clone(&state.borrow());
                if !current.open || current.epoch != self.epoch || state.has_changed().is_err() {
                    return Poll::Ready(Close::Orderly);
                }
                self.change = changes(state);
                self.refit(Instant::now());
                continue;
            }
            let mut moved = false;
            for index in 0..2 {
                match self.advance(index, cx) {
                    Ok(progress) => moved |= progress,
                    Err(how) => return Poll::Ready(how),
                }
            }
            if self.halves.iter().all(|half| !half.writing) {
                return Poll::Ready(Close::Orderly);
            }
            if !moved && !self.wait(cx) {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Waits for what is due by itself next; whether it is due already.
    fn wait(&mut self, cx: &mut Context<'_>) -> bool {
        let next = self.halves.iter().filter_map(|half| half.flow.next()).min();
        let Some(next) = next else {
            self.timer = None;
            return false;
        };
        if next <= Instant::now() {
            // Due, but the receiver does not take it: its socket wakes this task.
            self.timer = None;
            return false;
        }
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
        if timer.deadline() != next {
            timer.as_mut().reset(next);
        }
        timer.as_mut().poll(cx).is_ready()
    }

    /// Writes what is due and reads what has come, in one direction. Whether anything moved, or how the connection ends.
    fn advance(&mut self, index: usize, cx: &mut Context<'_>) -> Result<bool, Close> {
        let [from, to] = if index == 0 { [0, 1] } else { [1, 0] };
        let mut moved = self.write(index, to, cx)?;
        let half = &self.halves[index];
        if half.reading && half.flow.has_room() {
            moved |= self.read(index, from, to, cx)?;
        }
        let flow = &self.halves[index].flow;
        // A clock is read only if there is something to hold against it.
        if flow.next().is_some()
            && let Some(how) = flow.closing(Instant::now())
        {
            return Err(how);
        }
        Ok(moved)
    }

    fn write(&mut self, index: usize, to: usize, cx: &mut Context<'_>) -> Result<bool, Close> {
        let is_last = !self.halves[1 - index].writing;
        let half = &mut self.halves[index];
        let socket = &mut self.sockets[to];
        let sent = &self.visit.counters.bytes[index][1];
        let mut moved = false;
        while half.flow.next().is_some() {
            let count = match half.flow.due(Instant::now()) {
                None => break,
                Some(Item::Close(how)) => return Err(*how),
                Some(Item::End) => {
                    // After the other direction's end the connection is closed whole.
                    if !is_last {
                        let _ = SockRef::from(&*socket).shutdown(std::net::Shutdown::Write);
                    }
                    half.writing = false;
                    0
                }
                Some(Item::Bytes(bytes)) => match Pin::new(&mut *socket).poll_write(cx, bytes) {
                    Poll::Pending => break,
                    Poll::Ready(Ok(count)) => count,
                    Poll::Ready(Err(error)) => return Err(ending(&error)),
                },
            };
            sent.fetch_add(count as u64, Relaxed);
            half.flow.sent(count);
            moved = true;
        }
        Ok(moved)
    }

    fn read(
        &mut self,
        index: usize,
        from: usize,
        to: usize,
        cx: &mut Context<'_>,
    ) -> Result<bool, Close> {
        let [received, sent] = &self.visit.counters.bytes[index];
        BUFFER.with_borrow_mut(|buffer| {
            // Unlike `try_read`, this knows that a socket which gave less than was asked for has no more, and does not ask again.
            let mut read = ReadBuf::new(buffer);
            match Pin::new(&mut self.sockets[from]).poll_read(cx, &mut read) {
                Poll::Pending => return Ok(false),
                Poll::Ready(Err(error)) => return Err(ending(&error)),
                Poll::Ready(Ok(())) => {}
            }
            let mut rest = read.filled();
            let half = &mut self.halves[index];
            if rest.is_empty() {
                half.reading = false;
                half.flow.end(Instant::now());
                return Ok(true);
            }
            self.spoke = Stream::ALL.get(index).copied();
            received.fetch_add(rest.len() as u64, Relaxed);
            if half.flow.is_clear() {
                match Pin::new(&mut self.sockets[to]).poll_write(cx, rest) {
                    Poll::Ready(Ok(written)) => {
                        sent.fetch_add(written as u64, Relaxed);
                        rest = rest.get(written..).unwrap_or_default();
                    }
                    Poll::Pending => {}
                    Poll::Ready(Err(error)) => return Err(ending(&error)),
                }
            }
            if !rest.is_empty() {
                let now = Instant::now();
                half.flow.bytes(now, Bytes::copy_from_slice(rest));
                // Who answers a request itself does so in the other direction.
                self.halves[1 - index].flow.poke(now);
            }
            Ok(true)
        })
    }
}

/// A reset on one side is one on the other.
fn ending(error: &io::Error) -> Close {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => Close::Reset,
        _ => Close::Orderly,
    }
}
