//! Both stages together, without a connection.

mod effects;
mod meant;
mod order;
mod passing;

use bytes::Bytes;

use super::super::testing::{at, fitting, made};
use super::super::{Fit, Fitting};
use crate::chaos::proxy::flow::{Close, Item, Out, Stage};
use crate::chaos::proxy::worn::Stream;

/// What a connection does with its stages.
struct Wire {
    stages: [Box<dyn Stage>; 2],
    outs: [Out; 2],
}

impl Wire {
    fn new(attributes: &str) -> Self {
        Self::fitted(attributes, fitting())
    }

    /// On a connection on which something has been said.
    fn open(attributes: &str, spoke: Stream) -> Self {
        let mut fitting = fitting();
        fitting.spoke = Some(spoke);
        Self::fitted(attributes, fitting)
    }

    fn fitted(attributes: &str, fitting: Fitting) -> Self {
        let Fit::Both(up, down) = made("http", attributes).fit(fitting) else {
            panic!("not both directions");
        };
        Self {
            stages: [up, down],
            outs: Default::default(),
        }
    }

    fn read(&mut self, half: usize, millis: u64, bytes: impl Into<Bytes>) {
        let other = 1 - half;
        self.stages[half].bytes(at(millis), bytes.into(), &mut self.outs[half]);
        self.stages[other].poke(at(millis), &mut self.outs[other]);
    }

    /// The client sends.
    fn ask(&mut self, millis: u64, text: &'static str) {
        self.read(0, millis, text);
    }

    /// The server sends.
    fn tell(&mut self, millis: u64, text: &'static str) {
        self.read(1, millis, text);
    }

    fn remove(&mut self, millis: u64) {
        for (stage, out) in self.stages.iter_mut().zip(&mut self.outs) {
            stage.removed(at(millis), out);
        }
    }

    fn bytes(&self, half: usize) -> Vec<u8> {
        let mut all = Vec::new();
        for (_, item) in self.outs[half].items() {
            if let Item::Bytes(bytes) = item {
                all.extend_from_slice(bytes);
            }
        }
        all
    }

    /// What the server hears.
    fn asked(&self) -> String {
        String::from_utf8(self.bytes(0)).unwrap()
    }

    /// What the client hears.
    fn told(&self) -> String {
        String::from_utf8(self.bytes(1)).unwrap()
    }

    /// When the client hears things, in milliseconds.
    fn times(&self) -> Vec<u64> {
        let millis = |(time, _): &(tokio::time::Instant, Item)| (*time - at(0)).as_millis() as u64;
        self.outs[1].items().iter().map(millis).collect()
    }

    /// How the connection ends after what the client hears.
    fn finish(&self) -> Option<Close> {
        match self.outs[1].items().last() {
            Some((_, Item::Close(how))) => Some(*how),
            _ => None,
        }
    }
}
