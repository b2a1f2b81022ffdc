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

/// What leaves a stage: items in the order of their times, and perhaps the end of the connection.
#[derive(Debug, Default)]
pub struct Out {
    items: Vec<(Instant, Item)>,
    close: Option<(Instant, Close)>,
}

impl Out {
    /// Bytes that go on at `at`.
    pub fn bytes(&mut self, at: Instant, bytes: Bytes) {
        if !bytes.is_empty() {
            self.items.push((at, Item::Bytes(bytes)));
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

/// One direction.
pub(super) struct Flow {
    slots: Vec<Slot>,
    queue: VecDeque<(Instant, Item)>,
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
        let mut removed_any = false;
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
                removed_any |= !is_gentle;
                let mut out = Out::default();
                if is_changed {
                    stage.changed(now, &mut out);
                } else {
                    stage.removed(now, &mut out);
                }
                let (queue, queued) = (&mut self.queue, &mut self.queued);
                let leave = &mut |at, item| push(queue, queued, at, item);
                pass(&mut old[index..], out, leave, &mut self.close);
            }
        }
        if removed_any {
            // What waited for the toxic that is gone waits no longer.
            for (due, _) in &mut self.queue {
                *due = (*due).min(now);
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
        self.enter(Out {
            items: vec![(now, Item::Bytes(bytes))],
            close: None,
        });
    }

    /// The sender has finished.
    pub fn end(&mut self, now: Instant) {
        self.enter(Out {
            items: vec![(now, Item::End)],
            close: None,
        });
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
                &mut |at, item| push(queue, queued, at, item),
                &mut self.close,
            );
        }
    }

    fn enter(&mut self, out: Out) {
        let (queue, queued) = (&mut self.queue, &mut self.queued);
        pass(
            &mut self.slots,
            out,
            &mut |at, item| push(queue, queued, at, item),
            &mut self.close,
        );
    }

    fn take(&mut self, out: Out) {
        let (queue, queued) = (&mut self.queue, &mut self.queued);
        pass(
            &mut [],
            out,
            &mut |at, item| push(queue, queued, at, item),
            &mut self.close,
        );
    }

    /// What is first, if it is due.
    pub fn due(&self, now: Instant) -> Option<&Item> {
        self.queue
            .front()
            .filter(|(due, _)| *due <= now)
            .map(|(_, item)| item)
    }

    /// So many bytes of the first item were written; or it was the end.
    pub fn sent(&mut self, count: usize) {
        let done = match self.queue.front_mut() {
            Some((_, Item::Bytes(bytes))) => {
                let count = count.min(bytes.len());
                self.queued -= count;
                let _ = bytes.split_to(count);
                bytes.is_empty()
            }
            Some((_, Item::End | Item::Close(_))) => true,
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
        let due = self.queue.front().map(|(due, _)| *due);
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

/// Nothing overtakes what was queued before it.
fn push(queue: &mut VecDeque<(Instant, Item)>, queued: &mut usize, at: Instant, item: Item) {
    let at = queue.back().map_or(at, |(last, _)| at.max(*last));
    *queued += weight(&item);
    queue.push_back((at, item));
}

/// Lets what comes through these stages, one after the other.
fn pass(
    stages: &mut [Slot],
    mut given: Out,
    leave: &mut dyn FnMut(Instant, Item),
    close: &mut Option<(Instant, Close)>,
) {
    for stage in stages.iter_mut().filter_map(|slot| slot.stage.as_mut()) {
        let mut out = Out {
            items: Vec::new(),
            close: given.close,
        };
        for (at, item) in given.items {
            match item {
                Item::Bytes(bytes) => stage.bytes(at, bytes, &mut out),
                Item::End => stage.end(at, &mut out),
                Item::Close(how) => out.finish(at, how),
            }
        }
        given = out;
    }
    for (at, item) in given.items {
        leave(at, item);
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
