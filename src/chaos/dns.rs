//! Names that are not found, are found late, or lead elsewhere: for the load itself.
//!
//! In: rules about hosts. Out: what `http` asks before it looks a name up, which costs one look at a number as long as there is no rule.
//! A rule applies to what is looked up from now on, also if the name's addresses are known already; connections that are open stay. What
//! is an address already, or has a fixed one in `hosts`, is never looked up.

use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::{EntryId, FaultId, Ledger, Undo};

/// What is wrong with a rule that is asked for.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    #[error(
        "`{0}` is no host: expected a name, as `api.example.com`, one with a `*` before it, as `*.example.com`, or `*`"
    )]
    Host(String),
    #[error(
        "{0} is not a loopback address: a name can only be led to this machine, as to 127.0.0.2"
    )]
    NotLoopback(IpAddr),
}

/// What becomes of a look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// There is no such name.
    Fail,
    /// It takes so much longer.
    Delay(Duration),
    /// It is another address.
    Address(IpAddr),
}

/// What a look-up meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Meets {
    pub delay: Duration,
    /// The name is not looked up at all.
    pub instead: Option<Instead>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    Nothing,
    Address(IpAddr),
}

#[derive(Debug)]
struct Rule {
    number: u64,
    hosts: Hosts,
    answer: Answer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    /// Those that end so, with a dot before it.
    Below(String),
    One(String),
}

impl Hosts {
    fn parse(text: &str) -> Result<Self, DnsError> {
        if text == "*" {
            return Ok(Self::All);
        }
        let text = text.to_lowercase();
        let below = text.strip_prefix("*.");
        let name = below.unwrap_or(&text);
        // A name may be written with the dot of the root.
        let name = name.strip_suffix('.').unwrap_or(name);
        let odd = |c: char| c.is_whitespace() || matches!(c, '*' | '/' | ':' | '@');
        if name.is_empty() || name.contains(odd) || name.parse::<IpAddr>().is_ok() {
            return Err(DnsError::Host(text));
        }
        Ok(match below {
            Some(_) => Self::Below(name.to_owned()),
            None => Self::One(name.to_owned()),
        })
    }

    fn have(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.');
        match self {
            Self::All => true,
            Self::One(name) => host.eq_ignore_ascii_case(name),
            Self::Below(end) => {
                let at = host.len().checked_sub(end.len());
                let parts = at.and_then(|at| host.split_at_checked(at));
                parts.is_some_and(|(before, after)| {
                    before.len() > 1 && before.ends_with('.') && after.eq_ignore_ascii_case(end)
                })
            }
        }
    }
}

/// The rules of one run, shared by all who look names up.
#[derive(Debug, Default)]
pub struct Dns {
    /// How many rules there are, to be read without a lock.
    count: AtomicUsize,
    rules: RwLock<Rules>,
}

#[derive(Debug, Default)]
struct Rules {
    next: u64,
    all: Vec<Rule>,
}

impl Dns {
    fn read(&self) -> RwLockReadGuard<'_, Rules> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Rules> {
        self.rules.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the look-up of a host meets; nothing if no rule is about it. Delays add up, and of the others the newest counts.
    pub fn meets(&self, host: &str) -> Option<Meets> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let rules = self.read();
        let mut found = None;
        for rule in rules.all.iter().filter(|rule| rule.hosts.have(host)) {
            let meets: &mut Meets = found.get_or_insert_default();
            match rule.answer {
                Answer::Delay(delay) => meets.delay = meets.delay.saturating_add(delay),
                Answer::Fail => meets.instead = Some(Instead::Nothing),
                Answer::Address(address) => meets.instead = Some(Instead::Address(address)),
            }
        }
        found
    }

    /// Adds a rule about a host, all below one (`*.example.com`), or all (`*`). The way back removes it.
    ///
    /// # Errors
    /// When that is no host, or the address is not loopback.
    pub fn inject(
        self: &Arc<Self>,
        ledger: &Ledger,
        fault: FaultId,
        hosts: &str,
        answer: Answer,
    ) -> Result<EntryId, DnsError> {
        let parsed = Hosts::parse(hosts)?;
        if let Answer::Address(address) = answer
            && !address.is_loopback()
        {
            return Err(DnsError::NotLoopback(address));
        }
        let number = {
            let mut rules = self.write();
            rules.next += 1;
            rules.next
        };
        let remove = Remove {
            dns: Arc::clone(self),
            number,
            hosts: hosts.to_owned(),
        };
        let entry = ledger.enter(fault, Box::new(remove));
        let mut rules = self.write();
        rules.all.push(Rule {
            number,
            hosts: parsed,
            answer,
        });
        self.count.store(rules.all.len(), Ordering::Release);
        Ok(entry)
    }

    fn remove(&self, number: u64) {
        let mut rules = self.write();
        rules.all.retain(|rule| rule.number != number);
        self.count.store(rules.all.len(), Ordering::Release);
    }
}

#[derive(Debug)]
struct Remove {
    dns: Arc<Dns>,
    number: u64,
    hosts: String,
}

impl Undo for Remove {
    fn about(&self) -> String {
        format!("look up `{}` as ever", self.hosts)
    }

    fn undo(&mut self) -> Result<(), String> {
        self.dns.remove(self.number);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULT: FaultId = FaultId(1);

    #[test]
    fn a_rule_is_about_a_host_all_below_it_or_all() {
        for (hosts, host, meant) in [
            ("api.example.com", "API.example.com.", true),
            ("api.example.com", "example.com", false),
            ("*.example.com", "a.b.Example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "notexample.com", false),
            ("*", "localhost", true),
        ] {
            let parsed = Hosts::parse(hosts).unwrap();
            assert_eq!(parsed.have(host), meant, "{hosts} {host}");
        }
        for hosts in [
            "",
            "*.",
            "a b",
            "http://a",
            "a:80",
            "*a.com",
            "a.*.com",
            "127.0.0.1",
            "::1",
        ] {
            assert!(Hosts::parse(hosts).is_err(), "{hosts}");
        }
    }

    #[test]
    fn rules_add_up_and_each_way_back_removes_its_own() {
        let dns = Arc::new(Dns::default());
        let ledger = Ledger::default();
        assert_eq!(dns.meets("a"), None);
        let second = Duration::from_secs(1);
        let late = dns
            .inject(&ledger, FAULT, "a", Answer::Delay(second))
            .unwrap();
        dns.inject(&ledger, FAULT, "*", Answer::Delay(second))
            .unwrap();
        let gone = dns.inject(&ledger, FAULT, "a", Answer::Fail).unwrap();
        let meets = |delay: Duration, instead| Some(Meets { delay, instead });
        assert_eq!(dns.meets("a"), meets(2 * second, Some(Instead::Nothing)));
        assert_eq!(dns.meets("b"), meets(second, None));
        ledger.undo(gone).unwrap();
        assert_eq!(dns.meets("a"), meets(2 * second, None));
        ledger.undo(late).unwrap();
        assert_eq!(dns.meets("a"), meets(second, None));
        ledger.undo_all();
        assert_eq!(dns.meets("a"), None);
    }

    #[test]
    fn a_name_is_not_led_to_another_machine() {
        let dns = Arc::new(Dns::default());
        let ledger = Ledger::default();
        let elsewhere = Answer::Address([192, 0, 2, 1].into());
        assert!(dns.inject(&ledger, FAULT, "a", elsewhere).is_err());
        assert!(ledger.broken().is_empty());
    }
}
