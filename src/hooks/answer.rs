//! What a sender is answered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// How long the sender waits for it.
    pub delay: Duration,
    /// The connection is closed without an answer.
    pub hang_up: bool,
}

impl Answer {
    /// An answer with this status and nothing else.
    pub fn of(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            delay: Duration::ZERO,
            hang_up: false,
        }
    }

    /// An answer with this status and a sentence for whoever reads the sender's log.
    pub fn saying(status: StatusCode, why: &'static str) -> Self {
        Self {
            body: Bytes::from_static(why.as_bytes()),
            ..Self::of(status)
        }
    }

    /// Whether a sender may take it for "received".
    pub fn accepts(&self) -> bool {
        !self.hang_up && self.status.is_success()
    }
}

/// Answers in their order. When they are used up, calls are answered with 200.
#[derive(Debug, Default)]
pub struct Answers(VecDeque<(Arc<Answer>, Option<u32>)>);

impl Answers {
    /// These answers, each so many times, or for ever.
    pub fn new(steps: impl IntoIterator<Item = (Answer, Option<u32>)>) -> Self {
        Self(
            steps
                .into_iter()
                .map(|(answer, times)| (Arc::new(answer), times))
                .collect(),
        )
    }

    /// The answer to the next call.
    pub fn draw(&mut self) -> Arc<Answer> {
        while let Some((answer, times)) = self.0.front_mut() {
            match times {
                None => return answer.clone(),
                Some(0) => {
                    self.0.pop_front();
                }
                Some(left) => {
                    *left -= 1;
                    return answer.clone();
                }
            }
        }
        Arc::new(Answer::of(StatusCode::OK))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_given_in_their_order_and_then_200() {
        let of = |status| Answer::of(StatusCode::from_u16(status).unwrap());
        let mut answers =
            Answers::new([(of(500), Some(2)), (of(503), Some(0)), (of(202), Some(1))]);
        let given: Vec<u16> = (0..5).map(|_| answers.draw().status.as_u16()).collect();
        assert_eq!(given, [500, 500, 202, 200, 200]);
        let mut answers = Answers::new([(of(429), None), (of(500), Some(1))]);
        let given: Vec<u16> = (0..3).map(|_| answers.draw().status.as_u16()).collect();
        assert_eq!(given, [429, 429, 429]);
    }
}
