//! A queue from users to users.

use std::collections::VecDeque;
use std::sync::Mutex;

use serde_json::Value;
use tokio::sync::Notify;

use super::weight::weight;
use super::{Full, MAX_WEIGHT, lock};

/// Of a queue whose maker did not say.
pub const CAPACITY: usize = 100_000;

/// First in, first out. Whoever waits does so without holding a thread.
#[derive(Debug)]
pub struct Queue {
    capacity: usize,
    waiting: Mutex<Waiting>,
    /// A value came.
    filled: Notify,
    /// A value went.
    freed: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    values: VecDeque<(Value, usize)>,
    weight: usize,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            waiting: Mutex::default(),
            filled: Notify::new(),
            freed: Notify::new(),
        }
    }

    pub fn capacity(&self) -> usize {
        self.capacity
    }

    pub fn len(&self) -> usize {
        lock(&self.waiting).values.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a value at the end.
    ///
    /// # Errors
    /// When there is no room; then the value comes back.
    pub fn push(&self, value: Value) -> Result<(), (Full, Value)> {
        let weight = weight(&value);
        {
            let mut waiting = lock(&self.waiting);
            if waiting.values.len() >= self.capacity {
                return Err((Full::Values(self.capacity), value));
            }
            if waiting.weight + weight > MAX_WEIGHT {
                return Err((Full::Weight, value));
            }
            waiting.weight += weight;
            waiting.values.push_back((value, weight));
        }
        self.filled.notify_one();
        Ok(())
    }

    /// Adds a value at the end as soon as there is room.
    pub async fn push_when_free(&self, mut value: Value) {
        loop {
            // Asked for before the look, so that room made in between is not missed.
            let freed = self.freed.notified();
            match self.push(value) {
                Ok(()) => break,
                Err((_, back)) => value = back,
            }
            freed.await;
        }
        // One call may stand for several rooms made: the next in line looks too.
        if self.len() < self.capacity {
            self.freed.notify_one();
        }
    }

    /// Takes the value that has waited longest.
    pub fn pop(&self) -> Option<Value> {
        let value = {
            let mut waiting = lock(&self.waiting);
            let (value, weight) = waiting.values.pop_front()?;
            waiting.weight = waiting.weight.saturating_sub(weight);
            value
        };
        self.freed.notify_one();
        Some(value)
    }

    /// Takes the value that has waited longest, or the next that comes.
    pub async fn pop_when_filled(&self) -> Value {
        loop {
            let filled = self.filled.notified();
            if let Some(value) = self.pop() {
                // One call may stand for several values: the next in line looks too.
                if !self.is_empty() {
                    self.filled.notify_one();
                }
                return value;
            }
            filled.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    #[test]
    fn what_comes_first_goes_first_and_a_full_queue_says_so() {
        let queue = Queue::new(2);
        queue.push(json!(1)).unwrap();
        queue.push(json!(2)).unwrap();
        assert_eq!(queue.push(json!(3)), Err((Full::Values(2), json!(3))));
        assert_eq!(
            (queue.pop(), queue.pop(), queue.pop()),
            (Some(json!(1)), Some(json!(2)), None)
        );
        let large = Value::String("x".repeat(MAX_WEIGHT));
        assert_eq!(queue.push(large).unwrap_err().0, Full::Weight);
    }

    /// Producers and consumers on threads of their own, all of them waiting now and then, and some giving up.
    #[test]
    fn every_value_arrives_once_however_many_wait() {
        let queue = Arc::new(Queue::new(3));
        type Work = Box<dyn FnOnce(&tokio::runtime::Runtime) -> Vec<u64> + Send>;
        let on_a_thread = |work: Work| {
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                work(&runtime.unwrap())
            })
        };
        let mut threads = Vec::new();
        for producer in 0..2_u64 {
            let queue = queue.clone();
            threads.push(on_a_thread(Box::new(move |runtime| {
                runtime.block_on(async {
                    for number in 0..500 {
                        queue.push_when_free(json!(producer * 500 + number)).await;
                    }
                });
                Vec::new()
            })));
        }
        for _ in 0..2 {
            let queue = queue.clone();
            threads.push(on_a_thread(Box::new(move |runtime| {
                runtime.block_on(async {
                    let mut got = Vec::new();
                    while got.len() < 500 {
                        let hasty = tokio::time::timeout(
                            Duration::from_micros(10),
                            queue.pop_when_filled(),
                        );
                        let value = match hasty.await {
                            Ok(value) => value,
                            Err(_) => queue.pop_when_filled().await,
                        };
                        got.push(value.as_u64().unwrap());
                    }
                    got
                })
            })));
        }
        let mut all: Vec<u64> = threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        all.sort_unstable();
        assert_eq!(all, (0..1_000).collect::<Vec<_>>());
        assert!(queue.is_empty());
    }
}
