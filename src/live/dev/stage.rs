//! The screen's own thread: tells it all in the order in which it came about, and passes on what the keyboard asks for.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::job::{SHELL, Shell};
use super::{Event, Order, Screen};
use crate::vu::tap::Happenings;

/// How often a screen is looked at.
const LOOK: Duration = Duration::from_millis(33);

/// Happenings shown between two looks at the keyboard.
const AT_ONCE: usize = 512;

/// How long the end waits for a screen: one whose terminal is gone may never look up again.
const PATIENCE: Duration = Duration::from_secs(2);

/// An event, and how long after the beginning it came about: by the same clock as happenings.
type Stamped = (Duration, Event);

/// Tells a screen of events.
#[derive(Debug, Clone)]
pub struct Teller {
    events: Sender<Stamped>,
    began: Instant,
}

impl Teller {
    pub fn tell(&self, event: Event) {
        // A screen that is gone shows nothing.
        let _ = self.events.send((self.began.elapsed(), event));
    }
}

/// The screen's own thread.
pub struct Stage {
    teller: Teller,
    ended: Receiver<()>,
    thread: JoinHandle<()>,
}

impl Stage {
    /// Shows what comes until [`Event::End`].
    ///
    /// # Errors
    /// When there can be no further thread.
    pub fn open(
        make: impl FnOnce() -> Box<dyn Screen> + Send + 'static,
        happenings: Happenings,
        orders: impl Fn(Order) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (events, incoming) = std::sync::mpsc::channel();
        let teller = Teller {
            events,
            began: happenings.began(),
        };
        let (at_end, ended) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("view".to_owned())
            .spawn(move || {
                let mut told = Told {
                    happenings,
                    events: incoming,
                    waiting: VecDeque::new(),
                };
                show(&mut *make(), &mut told, &orders, SHELL);
                let _ = at_end.send(());
            })?;
        Ok(Self {
            teller,
            ended,
            thread,
        })
    }

    /// Who tells it of events.
    pub fn teller(&self) -> Teller {
        self.teller.clone()
    }

    /// Shows what is left and ends.
    pub fn close(self) {
        self.teller.tell(Event::End);
        if self.ended.recv_timeout(PATIENCE).is_ok() {
            let _ = self.thread.join();
        }
    }
}

/// What there is to show.
struct Told {
    happenings: Happenings,
    events: Receiver<Stamped>,
    /// Events whose turn has not come.
    waiting: VecDeque<Stamped>,
}

impl Told {
    /// Takes in the events that have come; whether that was the last.
    fn receive(&mut self) -> bool {
        loop {
            match self.events.try_recv() {
                Ok((_, Event::End)) | Err(TryRecvError::Disconnected) => return true,
                Ok(stamped) => self.waiting.push_back(stamped),
                Err(TryRecvError::Empty) => return false,
            }
        }
    }

    /// Hands on what came about, the earliest first; of what users did, so much at most.
    fn hand_on(
        &mut self,
        most: usize,
        screen: &mut dyn Screen,
        mut event: impl FnMut(&mut dyn Screen, Event),
    ) {
        let mut shown = 0;
        for happening in self.happenings.try_iter().take(most) {
            shown += 1;
            let earlier = |(at, _): &mut Stamped| *at <= happening.at;
            while let Some((_, earlier)) = self.waiting.pop_front_if(earlier) {
                event(screen, earlier);
            }
            screen.happening(happening);
        }
        // Behind these, users may have done more that is earlier than what waits.
        if shown < most {
            for (_, later) in self.waiting.drain(..) {
                event(screen, later);
            }
        }
    }
}

fn show(screen: &mut dyn Screen, told: &mut Told, orders: &dyn Fn(Order), shell: Shell) {
    let hand_over = |screen: &mut dyn Screen, event: Event| match event {
        Event::Suspended => {
            screen.leave();
            orders(Order::Away(true));
            if !(shell.stop)() {
                screen.enter();
                orders(Order::Away(false));
            }
        }
        Event::Continued => {
            screen.enter();
            orders(Order::Away(false));
        }
        event => screen.event(event),
    };
    loop {
        let ends = told.receive();
        let most = if ends { usize::MAX } else { AT_ONCE };
        told.hand_on(most, screen, hand_over);
        if ends {
            screen.look(Duration::ZERO);
            return;
        }
        for order in screen.look(LOOK) {
            match order {
                Order::Suspend => (shell.stop_all)(),
                order => orders(order),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vu::tap::{Happening, Tap, What};

    /// Notes in which order it was told.
    #[derive(Default)]
    struct Notes(Vec<String>);

    /// A shell that lets go on at once.
    const PATIENT: Shell = Shell {
        stop: || true,
        stop_all: || {},
    };

    impl Screen for Notes {
        fn happening(&mut self, happening: Happening) {
            self.0.push(format!("iteration {}", happening.iteration));
        }

        fn event(&mut self, event: Event) {
            if let Event::Notice(text) = event {
                self.0.push(text);
            }
        }

        fn look(&mut self, _: Duration) -> Vec<Order> {
            Vec::new()
        }

        fn leave(&mut self) {
            self.0.push("left".into());
        }

        fn enter(&mut self) {
            self.0.push("entered".into());
        }
    }

    fn shown(happenings: Happenings, incoming: Receiver<Stamped>, shell: Shell) -> Vec<String> {
        let mut told = Told {
            happenings,
            events: incoming,
            waiting: VecDeque::new(),
        };
        let mut notes = Notes::default();
        let orders = std::cell::RefCell::new(Vec::new());
        let note = |order| orders.borrow_mut().push(format!("{order:?}"));
        show(&mut notes, &mut told, &note, shell);
        notes.0.extend(orders.into_inner());
        notes.0
    }

    #[test]
    fn the_shell_gets_the_terminal_and_everything_stands_until_it_gives_it_back() {
        for (stops, again) in [(true, Some(Event::Continued)), (false, None)] {
            let (_tap, happenings) = Tap::new();
            let (events, incoming) = std::sync::mpsc::channel();
            let teller = Teller {
                events,
                began: happenings.began(),
            };
            teller.tell(Event::Suspended);
            again.into_iter().for_each(|event| teller.tell(event));
            teller.tell(Event::End);
            let shell = match stops {
                true => PATIENT,
                false => Shell {
                    stop: || false,
                    ..PATIENT
                },
            };
            assert_eq!(
                shown(happenings, incoming, shell),
                ["left", "entered", "Away(true)", "Away(false)"]
            );
        }
    }

    #[test]
    fn all_is_told_in_the_order_in_which_it_came_about() {
        let (tap, happenings) = Tap::new();
        let (events, incoming) = std::sync::mpsc::channel();
        let teller = Teller {
            events,
            began: happenings.began(),
        };
        let iteration = |iteration| {
            tap.tell(Happening {
                at: tap.now(),
                scenario: String::new(),
                vu: 1,
                iteration,
                what: What::IterationBegan,
            });
        };
        teller.tell(Event::Notice("it begins".into()));
        iteration(0);
        iteration(1);
        teller.tell(Event::Notice("saved".into()));
        iteration(2);
        teller.tell(Event::Notice("over".into()));
        teller.tell(Event::End);
        assert_eq!(
            shown(happenings, incoming, PATIENT),
            [
                "it begins",
                "iteration 0",
                "iteration 1",
                "saved",
                "iteration 2",
                "over"
            ]
        );
    }
}
