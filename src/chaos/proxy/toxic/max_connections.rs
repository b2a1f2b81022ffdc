//! Only so many connections at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Arrival, Attributes, Fit, Fitting, Gate, Kind, Pass, Toxic};
use crate::chaos::proxy::error::ProxyError;
use crate::chaos::proxy::flow::{Close, Out, Stage};

pub(super) const KIND: Kind = Kind {
    name: "max_connections",
    about: "resets new connections while `connections` are open, or with `wait` lets them wait until one is closed",
    attributes: &["connections", "wait"],
    make,
};

#[derive(Debug)]
struct MaxConnections {
    wait: bool,
    seats: Arc<Seats>,
}

fn make(attributes: &mut Attributes) -> Result<Box<dyn Toxic>, ProxyError> {
    Ok(Box::new(MaxConnections {
        wait: attributes.truth("wait")?,
        seats: Arc::new(Seats {
            most: attributes.count("connections", 0)?,
            taken: Mutex::default(),
            freed: Notify::new(),
        }),
    }))
}

impl Toxic for MaxConnections {
    fn attributes(&self) -> Map<String, Value> {
        Map::from_iter([
            ("connections".into(), json!(self.seats.most)),
            ("wait".into(), json!(self.wait)),
        ])
    }

    fn gate(&self, arrival: &mut Arrival) -> Gate {
        let number = arrival.number;
        let seats = Arc::clone(&self.seats);
        match seats.take_if_free(number) {
            Some(seat) => Gate::Turn(Box::pin(async move { Box::new(seat) as Pass })),
            None if self.wait => Gate::Turn(Box::pin(async move {
                Box::new(seats.take_when_free(number).await) as Pass
            })),
            None => Gate::Away(Close::Reset),
        }
    }

    /// Who was there before the toxic counts too.
    fn fit(&self, fitting: Fitting) -> Fit {
        Fit::One(Box::new(self.seats.take(fitting.number)))
    }
}

/// Who is in.
#[derive(Debug)]
struct Seats {
    most: u64,
    /// The numbers of connections. Each may be there twice: let in already, and not fitted yet.
    taken: Mutex<HashMap<u64, usize>>,
    freed: Notify,
}

impl Seats {
    fn taken<T>(&self, with: impl FnOnce(&mut HashMap<u64, usize>) -> T) -> T {
        with(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_free(&self, taken: &HashMap<u64, usize>) -> bool {
        (taken.len() as u64) < self.most
    }

    fn take(self: &Arc<Self>, number: u64) -> Seat {
        self.taken(|taken| *taken.entry(number).or_default() += 1);
        Seat {
            seats: Arc::clone(self),
            number,
        }
    }

    fn take_if_free(self: &Arc<Self>, number: u64) -> Option<Seat> {
        let is_taken = self.taken(|taken| {
            let is_free = self.is_free(taken);
            if is_free {
                *taken.entry(number).or_default() += 1;
            }
            is_free
        });
        is_taken.then(|| Seat {
            seats: Arc::clone(self),
            number,
        })
    }

    async fn take_when_free(self: Arc<Self>, number: u64) -> Seat {
        loop {
            let mut freed = std::pin::pin!(self.freed.notified());
            // Told from now on, so that no seat becomes free unseen.
            freed.as_mut().enable();
            if let Some(seat) = self.take_if_free(number) {
                return seat;
            }
            freed.await;
        }
    }
}

/// A seat that is taken until this is dropped. As a stage it lets everything through.
struct Seat {
    seats: Arc<Seats>,
    number: u64,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let is_free = self.seats.taken(|taken| {
            if let Some(times) = taken.get_mut(&self.number) {
                *times -= 1;
                if *times == 0 {
                    taken.remove(&self.number);
                }
            }
            self.seats.is_free(taken)
        });
        if is_free {
            self.seats.freed.notify_one();
        }
    }
}

impl Stage for Seat {
    fn bytes(&mut self, at: Instant, bytes: Bytes, out: &mut Out) {
        out.bytes(at, bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::task::{Context, Poll, Waker};

    use super::super::testing::{arrive, fitting, made};
    use super::*;

    /// The pass that a turn gives at once.
    fn pass(gate: Gate) -> Option<Pass> {
        let Gate::Turn(mut turn) = gate else {
            return None;
        };
        match turn.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(pass) => Some(pass),
            Poll::Pending => None,
        }
    }

    #[test]
    fn so_many_are_let_in_and_another_once_one_has_gone() {
        let toxic = made("max_connections", r#"{"connections": 2}"#);
        let first = pass(arrive(toxic.as_ref(), 1)).unwrap();
        let _second = pass(arrive(toxic.as_ref(), 2)).unwrap();
        let third = arrive(toxic.as_ref(), 3);
        assert!(matches!(third, Gate::Away(Close::Reset)));
        drop(first);
        assert!(pass(arrive(toxic.as_ref(), 3)).is_some());
    }

    #[test]
    fn a_connection_takes_one_seat_from_its_arrival_to_its_end() {
        let toxic = made("max_connections", r#"{"connections": 1}"#);
        let fit = |number| {
            toxic.fit(Fitting {
                number,
                ..fitting()
            })
        };
        let pass_of_one = pass(arrive(toxic.as_ref(), 1)).unwrap();
        let one = fit(1);
        drop(pass_of_one);
        assert!(matches!(arrive(toxic.as_ref(), 2), Gate::Away(_)));
        // Who was there already is not thrown out, but counts.
        let old = fit(9);
        drop(one);
        assert!(matches!(arrive(toxic.as_ref(), 2), Gate::Away(_)));
        drop(old);
        assert!(pass(arrive(toxic.as_ref(), 2)).is_some());
    }

    #[test]
    fn who_may_wait_comes_in_by_turns() {
        let toxic = made("max_connections", r#"{"connections": 1, "wait": true}"#);
        let first = pass(arrive(toxic.as_ref(), 1)).unwrap();
        let mut turns = [2, 3].map(|number| match arrive(toxic.as_ref(), number) {
            Gate::Turn(turn) => turn,
            _ => panic!("no turn"),
        });
        let mut context = Context::from_waker(Waker::noop());
        let mut poll = |turn: &mut std::pin::Pin<Box<dyn Future<Output = Pass> + Send>>| {
            turn.as_mut().poll(&mut context)
        };
        assert!(turns.iter_mut().all(|turn| poll(turn).is_pending()));
        drop(first);
        assert!(poll(&mut turns[1]).is_pending());
        let Poll::Ready(second) = poll(&mut turns[0]) else {
            panic!("it was its turn");
        };
        assert!(poll(&mut turns[1]).is_pending());
        drop(second);
        assert!(poll(&mut turns[1]).is_ready());
    }
}
