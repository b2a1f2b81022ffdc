//! One direction of one connection: the stages that bytes pass, and the queue in which they wait until they are due.
//!
//! Nothing here reads a clock or a socket: times come in, so a toxic's arithmetic can be tested without waiting.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

/// Bytes that wait at most in a direction whose toxics hold nothing back.
const ROOM: usize = 64 << 10;

/// What travels in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    Bytes(Bytes),
    /// The sender has finished: the other side's half of the connection is closed once this is due.
    End,
    /// The connection ends once what went before has gone.
    Close(Close),
}

/// How a toxic ends a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// As a program does that has nothing more to say.
    Orderly,
    /// With a reset, to both sides.
    Reset,
}

/// How long each toxic, by its number, has something wait.
type Waits = Vec<(u64, Duration)>;

/// What leaves a stage: items in the order of their times, and perhaps the end of the connection.
#[derive(Debug, Default)]
pub struct Out {
    items: Vec<(Instant, Item)>,
    /// Of each item; a stage leaves this to whoever lets things through it.
    waits: Vec<Waits>,
    close: Option<(Instant, Close)>,
}

impl Out {
    /// Bytes that go on at `at`.
    pub fn bytes(&mut self, at: Instant, bytes: Bytes) {
        if !bytes.is_empty() {
            self.items.push((at, Item::Bytes(bytes)));
        }
    }

    /// One item, as it was read at `at`.
    fn read(at: Instant, item: Item) -> Self {
        Self {
            items: vec![(at, item)],
            ..Self::default()
        }
    }

    /// The sender's end goes on at `at`.
    pub fn end(&mut self, at: Instant) {
        self.items.push((at, Item::End));
    }

    /// The whole connection ends once what went before has gone.
    pub fn finish(&mut self, at: Instant, how: Close) {
        self.items.push((at, Item::Close(how)));
    }

    /// The whole connection ends at `at`, whatever still waits then, unless it is to end sooner already.
    pub fn close(&mut self, at: Instant, how: Close) {
        if self.close.is_none_or(|(sooner, _)| at < sooner) {
            self.close = Some((at, how));
        }
    }

    #[cfg(test)]
    pub fn items(&self) -> &[(Instant, Item)] {
        &self.items
    }

    #[cfg(test)]
    pub fn closing(&self) -> Option<(Instant, Close)> {
        self.close
    }
}

/// A toxic at work on one direction of one connection. All times are those at which things reach this stage, and never go back.
pub trait Stage: Send {
    /// The stage is put in, into a connection that may be old.
    fn begin(&mut self, _now: Instant, _out: &mut Out) {}

    /// Bytes reach it.
    fn bytes(&mut self, at: Instant, bytes: Bytes, out: &mut Out);

    /// The sender's end reaches it.
    fn end(&mut self, at: Instant, out: &mut Out) {
        out.end(at);
    }

    /// Something passed in the other direction, where this stage's twin is.
    fn poke(&mut self, _now: Instant, _out: &mut Out) {}

    /// The toxic was taken away: what the stage keeps goes on, or the connection ends.
    fn removed(&mut self, _now: Instant, _out: &mut Out) {}

    /// The toxic was changed: another stage takes this one's place.
    fn changed(&mut self, now: Instant, out: &mut Out) {
        self.removed(now, out);
    }

    /// When the connection ends by this stage, as long as it is there.
    fn closing(&self) -> Option<(Instant, Close)> {
        None
    }

    /// A number that the stage of the changed toxic begins with.
    fn carried(&self) -> u64 {
        0
    }
}

/// A toxic's place in a direction, also if it was not drawn for this connection.
pub(super) struct Slot {
    pub id: u64,
    pub revision: u64,
    /// Bytes that it may keep waiting.
    pub holds: usize,
    /// It has a stage in the other direction too, around the same inside.
    pub is_skin: bool,
    /// It takes the place of a stage that differs a little: what waits goes on waiting.
    pub gentle: bool,
    pub stage: Option<Box<dyn Stage>>,
}

/// Something that waits to be written. Nothing overtakes what is before it in the queue, even if it is due sooner.
struct Waiting {
    due: Instant,
    waits: Waits,
    item: Item,
}

/// One direction.
pub(super) struct Flow {
    slots: Vec<Slot>,
    queue: VecDeque<Waiting>,
    queued: usize,
    room: usize,
    close: Option<(Instant, Close)>,
}

impl Flow {
    pub fn new() -> Self {
        Self {
            slots: Vec::new(),
            queue: VecDeque::new(),
            queued: 0,
            room: ROOM,
            close: None,
        }
    }

    /// Whether what is read may be written at once.
    pub fn is_clear(&self) -> bool {
        self.queue.is_empty() && self.is_bare()
    }

    fn is_bare(&self) -> bool {
        self.slots.iter().all(|slot| slot.stage.is_none())
    }

    /// Whether more should be read.
    pub fn has_room(&self) -> bool {
        self.queued < self.room
    }

    pub fn slot(&self, id: u64) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.id == id)
    }

    /// Takes the place of all slots; those that are not among the new ones are removed, with what they keep.
    pub fn refit(&mut self, now: Instant, order: Vec<Fitted>) {
        let mut old = std::mem::take(&mut self.slots);
        let mut index = 0;
        while index < old.len() {
            if order.iter().any(|fitted| fitted.keeps(&old[index])) {
                index += 1;
                continue;
            }
            let mut slot = old.remove(index);
            let is_changed = order.iter().any(|fitted| fitted.replaces(&slot));
            let is_gentle = order.iter().any(|fitted| fitted.is_step_from(&slot));
            if let Some(stage) = &mut slot.stage {
                if !is_gentle {
                    forget(&mut self.queue, slot.id);
                }
                let mut out = Out::default();
                if is_changed {
                    stage.changed(now, &mut out);
                } else {
                    stage.removed(now, &mut out);
                }
                let (queue, queued) = (&mut self.queue, &mut self.queued);
                let leave = &mut |waiting| push(queue, queued, waiting);
                pass(&mut old[index..], out, leave, &mut self.close);
            }
        }
        for fitted in order {
            match fitted {
                Fitted::Kept(id) => {
                    if let Some(place) = old.iter().position(|slot| slot.id == id) {
                        self.slots.push(old.remove(place));
                    }
                }
                Fitted::New(mut slot) => {
                    if let Some(stage) = &mut slot.stage {
                        let mut out = Out::default();
                        stage.begin(now, &mut out);
                        self.take(out);
                    }
                    self.slots.push(slot);
                }
            }
        }
        self.room = self.slots.iter().map(|slot| slot.holds).sum::<usize>() + ROOM;
    }

    /// Bytes were read.
    pub fn bytes(&mut self, now: Instant, bytes: Bytes) {
        self.enter(Out::read(now, Item::Bytes(bytes)));
    }

    /// The sender has finished.
    pub fn end(&mut self, now: Instant) {
        self.enter(Out::read(now, Item::End));
    }

    /// Something passed in the other direction.
    pub fn poke(&mut self, now: Instant) {
        for index in 0..self.slots.len() {
            let mut out = Out::default();
            if let Some(stage) = &mut self.slots[index].stage {
                stage.poke(now, &mut out);
            }
            let (_, after) = self.slots.split_at_mut(index + 1);
            let (queue, queued) = (&mut self.queue, &mut self.queued);
            pass(
                after,
                out,
                &mut |waiting| push(queue, queued, waiting),
                &mut self.close,
            );
        }
    }

    fn enter(&mut self, out: Out) {
        let (queue, queued) = (&mut self.queue, &mut self.queued);
        pass(
            &mut self.slots,
            out,
            &mut |waiting| push(queue, queued, waiting),
            &mut self.close,
        );
    }

    fn take(&mut self, out: Out) {
        let (queue, queued) = (&mut self.queue, &mut self.queued);
        pass(
            &mut [],
            out,
            &mut |waiting| push(queue, queued, waiting),
            &mut self.close,
        );
    }

    /// What is first, if it is due.
    pub fn due(&self, now: Instant) -> Option<&Item> {
        self.queue
            .front()
            .filter(|first| first.due <= now)
            .map(|first| &first.item)
    }

    /// So many bytes of the first item were written; or it was the end.
    pub fn sent(&mut self, count: usize) {
        let done = match self.queue.front_mut().map(|first| &mut first.item) {
            Some(Item::Bytes(bytes)) => {
                let count = count.min(bytes.len());
                self.queued -= count;
                let _ = bytes.split_to(count);
                bytes.is_empty()
            }
            Some(Item::End | Item::Close(_)) => true,
            None => false,
        };
        if done {
            self.queue.pop_front();
        }
        if self.queue.is_empty() && self.queue.capacity() > 64 {
            self.queue = VecDeque::new();
        }
    }

    /// How the connection ends, if it is time.
    pub fn closing(&self, now: Instant) -> Option<Close> {
        let first = self.first_close()?;
        (first.0 <= now).then_some(first.1)
    }

    fn first_close(&self) -> Option<(Instant, Close)> {
        let stages = self.slots.iter().filter_map(|slot| slot.stage.as_ref());
        stages
            .filter_map(|stage| stage.closing())
            .chain(self.close)
            .min_by_key(|(at, _)| *at)
    }

    /// When something happens next by itself.
    pub fn next(&self) -> Option<Instant> {
        let due = self.queue.front().map(|first| first.due);
        let close = self.first_close().map(|(at, _)| at);
        due.into_iter().chain(close).min()
    }
}

/// A slot of the new order.
pub(super) enum Fitted {
    /// The old slot of this toxic, unchanged.
    Kept(u64),
    New(Slot),
}

impl Fitted {
    fn keeps(&self, slot: &Slot) -> bool {
        matches!(self, Self::Kept(id) if *id == slot.id)
    }

    fn is_step_from(&self, slot: &Slot) -> bool {
        matches!(self, Self::New(new) if new.id == slot.id && new.gentle)
    }

    fn replaces(&self, slot: &Slot) -> bool {
        matches!(self, Self::New(new) if new.id == slot.id)
    }
}

fn weight(item: &Item) -> usize {
    match item {
        Item::Bytes(bytes) => bytes.len(),
        Item::End | Item::Close(_) => 0,
    }
}

fn push(queue: &mut VecDeque<Waiting>, queued: &mut usize, waiting: Waiting) {
    *queued += weight(&waiting.item);
    queue.push_back(waiting);
}

/// What waited for a toxic that is gone waits no longer for it, but as long as before for the others.
fn forget(queue: &mut VecDeque<Waiting>, toxic: u64) {
    for waiting in queue {
        let due = &mut waiting.due;
        waiting.waits.retain(|(id, wait)| {
            let is_gone = *id == toxic;
            if is_gone {
                *due = due.checked_sub(*wait).unwrap_or(*due);
            }
            !is_gone
        });
    }
}

/// Lets what comes through these stages, one after the other.
fn pass(
    stages: &mut [Slot],
    mut given: Out,
    leave: &mut dyn FnMut(Waiting),
    close: &mut Option<(Instant, Close)>,
) {
    given.waits.resize_with(given.items.len(), Waits::new);
    for slot in stages {
        let Some(stage) = &mut slot.stage else {
            continue;
        };
        let mut out = Out {
            close: given.close,
            ..Out::default()
        };
        for ((at, item), waits) in given.items.into_iter().zip(given.waits) {
            match item {
                Item::Bytes(bytes) => stage.bytes(at, bytes, &mut out),
                Item::End => stage.end(at, &mut out),
                Item::Close(how) => out.finish(at, how),
            }
            for (later, _) in &out.items[out.waits.len()..] {
                let mut waits = waits.clone();
                let wait = later.saturating_duration_since(at);
                if !wait.is_zero() {
                    waits.push((slot.id, wait));
                }
                out.waits.push(waits);
            }
        }
        given = out;
    }
    for ((due, item), waits) in given.items.into_iter().zip(given.waits) {
        leave(Waiting { due, waits, item });
    }
    if let Some((at, how)) = given.close
        && close.is_none_or(|(sooner, _)| at < sooner)
    {
        *close = Some((at, how));
    }
}

/// The later of two times, and a pause after it.
pub fn after(at: Instant, pause: Duration) -> Instant {
    // An hour-glass that would overflow stands still for a century.
    at.checked_add(pause)
        .unwrap_or_else(|| at + Duration::from_secs(3_153_600_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds everything up for a while, like the toxic `latency`; or lets so many bytes through in a second.
    struct Late(Duration);
    struct Narrow(u64, Option<Instant>);

    impl Stage for Late {
        fn bytes(&mut self, at: Instant, bytes: Bytes, out: &mut Out) {
            out.bytes(after(at, self.0), bytes);
        }
    }

    impl Stage for Narrow {
        fn bytes(&mut self, at: Instant, bytes: Bytes, out: &mut Out) {
            let from = self.1.map_or(at, |free| free.max(at));
            let free = from + Duration::from_secs(bytes.len() as u64) / self.0 as u32;
            self.1 = Some(free);
            out.bytes(free, bytes);
        }
    }

    fn new(id: u64, stage: impl Stage + 'static) -> Fitted {
        Fitted::New(Slot {
            id,
            revision: 0,
            holds: 1 << 20,
            is_skin: false,
            gentle: false,
            stage: Some(Box::new(stage)),
        })
    }

    /// How many bytes have left the flow by then.
    fn leave(flow: &mut Flow, now: Instant) -> usize {
        let mut count = 0;
        while let Some(Item::Bytes(bytes)) = flow.due(now) {
            let length = bytes.len();
            flow.sent(length);
            count += length;
        }
        count
    }

    fn two_toxics(start: Instant) -> Flow {
        let mut flow = Flow::new();
        let late = Late(Duration::from_secs(2));
        flow.refit(start, vec![new(1, late), new(2, Narrow(10, None))]);
        for _ in 0..10 {
            flow.bytes(start, Bytes::from_static(&[0; 10]));
        }
        flow
    }

    #[test]
    fn what_waits_for_one_toxic_waits_on_when_another_is_taken_away() {
        let start = Instant::now();
        let at = |seconds: f64| start + Duration::from_secs_f64(seconds);
        // Ten bytes a second: without the other toxic, thirty have passed after three seconds and the rest in its time.
        let mut flow = two_toxics(start);
        assert_eq!(leave(&mut flow, at(2.9)), 0);
        flow.refit(at(2.9), vec![Fitted::Kept(2)]);
        assert_eq!(leave(&mut flow, at(2.9)), 20);
        assert_eq!(leave(&mut flow, at(5.1)), 30);
        assert_eq!(leave(&mut flow, at(10.1)), 50);

        // Without the limit only the delay is left, which is over.
        let mut flow = two_toxics(start);
        assert_eq!(leave(&mut flow, at(1.0)), 0);
        flow.refit(at(1.0), vec![Fitted::Kept(1)]);
        assert_eq!(leave(&mut flow, at(1.9)), 0);
        assert_eq!(leave(&mut flow, at(2.0)), 100);
    }

    #[test]
    fn what_waits_for_the_only_toxic_goes_when_it_is_taken_away() {
        let start = Instant::now();
        let mut flow = two_toxics(start);
        flow.refit(start, Vec::new());
        assert_eq!(leave(&mut flow, start), 100);
        assert!(flow.is_clear());
    }
}
