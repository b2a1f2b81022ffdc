//! JTL as XML.
//!
//! A sample may hold others: a transaction its requests, a request its redirects and embedded resources. Requests of transactions
//! count; what a request brought along is part of it.

use std::io::{self, BufRead, Read};

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::sample::{Sample, Samples};
use crate::import::error::Flaw;
use crate::import::{Confidence, Importer, Shape, Source};
use crate::lengths::{TEXT, shorten};
use crate::result::RunResult;

/// Of a tag with its attributes, or the text between two, in bytes.
const LONGEST: u64 = 64 << 20;
/// Samples within samples.
const DEEPEST: usize = 64;

/// JTL as XML.
pub struct Xml;

impl Importer for Xml {
    fn name(&self) -> &'static str {
        "jmeter-xml"
    }

    fn title(&self) -> &'static str {
        "a JMeter JTL (XML)"
    }

    fn sniff(&self, shape: &Shape<'_>) -> Confidence {
        Confidence::when(
            shape.text.trim_start().starts_with('<') && shape.text.contains("<testResults"),
        )
    }

    fn read(&self, source: Source<'_>) -> Result<RunResult, Flaw> {
        let script = source.name().to_owned();
        let mut reader = Reader::from_reader(Metered::new(source.stream()));
        let mut reading = Reading::new();
        let mut buffer = Vec::new();
        loop {
            buffer.clear();
            reader.get_mut().refill();
            let line = reader.get_ref().line;
            let event = match reader.read_event_into(&mut buffer) {
                Ok(event) => event,
                Err(error) => return Err(flaw(&error, line, reader.get_ref())),
            };
            let at = |flaw: Flaw| Flaw {
                line: Some(line),
                ..flaw
            };
            match event {
                Event::Start(tag) => reading.open(&tag, true).map_err(at)?,
                Event::Empty(tag) => reading.open(&tag, false).map_err(at)?,
                Event::End(tag) => reading.close(tag.name().as_ref()).map_err(at)?,
                Event::Eof if reading.root && reading.closed => break,
                Event::Eof if reading.root => {
                    return Err(Flaw::at(line, "it is cut off: `testResults` is not closed").help(
                        "JMeter was stopped before it had written all; copy the file again, or add `</testResults>` to judge what is there",
                    ));
                }
                Event::Eof => return Err(Flaw::new("it has no `testResults`")),
                _ => {}
            }
        }
        reading.samples.finish(script, reading.version)
    }
}

fn flaw<R>(error: &quick_xml::Error, line: u64, reader: &Metered<R>) -> Flaw {
    match error {
        quick_xml::Error::Io(error) if reader.is_spent() => {
            let _ = error;
            Flaw::at(
                line,
                format!("a tag or text here is longer than {} MiB", LONGEST >> 20),
            )
        }
        quick_xml::Error::Io(error) => Flaw {
            line: Some(line),
            ..Flaw::from(io::Error::from(error.kind()))
        },
        quick_xml::Error::Syntax(_) | quick_xml::Error::IllFormed(_) if reader.ended => {
            Flaw::at(line, "it is cut off: it ends within a tag").help("copy the file again")
        }
        other => Flaw::at(line, format!("this is not well-formed XML: {other}")),
    }
}

/// What is known so far.
struct Reading {
    samples: Samples,
    version: String,
    root: bool,
    closed: bool,
    open: Vec<Open>,
}

/// A sample that is not closed yet.
struct Open {
    /// A transaction, which waits for what is within it.
    transaction: Option<Box<Told>>,
    has_samples: bool,
}

/// What a tag tells of a sample, by the names of its attributes.
type Told = [Option<String>; 12];

const NAMES: [&[u8]; 12] = [
    b"ts", b"t", b"lb", b"rc", b"rm", b"s", b"by", b"sby", b"lt", b"ct", b"na", b"tn",
];

impl Reading {
    fn new() -> Self {
        Self {
            samples: Samples::new(),
            version: String::new(),
            root: false,
            closed: false,
            open: Vec::new(),
        }
    }

    fn open(&mut self, tag: &BytesStart<'_>, has_inside: bool) -> Result<(), Flaw> {
        match tag.name().as_ref() {
            b"testResults" => {
                self.root = true;
                self.closed = !has_inside;
                Ok(())
            }
            b"httpSample" | b"sample" => {
                if self.open.len() >= DEEPEST {
                    return Err(Flaw::new(
                        "samples are nested deeper than JMeter nests them",
                    ));
                }
                // What a request brought along is part of it.
                let counts = self.open.iter().all(|outer| outer.transaction.is_some());
                if let Some(outer) = self.open.last_mut() {
                    outer.has_samples = true;
                }
                let told = told(tag)?;
                let mut transaction = None;
                if counts {
                    let sample = sample(&told, false)?;
                    if sample.is_transaction() && has_inside {
                        transaction = Some(Box::new(told));
                    } else {
                        self.samples.add(&sample)?;
                    }
                }
                if has_inside {
                    self.open.push(Open {
                        transaction,
                        has_samples: false,
                    });
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self, name: &[u8]) -> Result<(), Flaw> {
        match name {
            b"testResults" => self.closed = true,
            b"httpSample" | b"sample" => {
                if let Some(Open {
                    transaction: Some(told),
                    has_samples,
                }) = self.open.pop()
                {
                    self.samples.add(&sample(&told, has_samples)?)?;
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn told(tag: &BytesStart<'_>) -> Result<Told, Flaw> {
    let mut values = Told::default();
    for attribute in tag.attributes() {
        let attribute = attribute
            .map_err(|error| Flaw::new(format!("a sample is not well-formed: {error}")))?;
        let Some(at) = NAMES
            .iter()
            .position(|name| *name == attribute.key.as_ref())
        else {
            continue;
        };
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| Flaw::new(format!("a sample is not well-formed: {error}")))?;
        if let Some(slot) = values.get_mut(at) {
            let mut value = value.into_owned();
            // A transaction waits for its end, and there may be many open.
            shorten(&mut value, TEXT);
            *slot = Some(value);
        }
    }
    Ok(values)
}

/// The sample that a tag tells.
fn sample(told: &Told, has_samples: bool) -> Result<Sample<'_>, Flaw> {
    let [ts, t, lb, rc, rm, s, by, sby, lt, ct, na, tn] = told;
    for (name, value) in [("ts", ts), ("t", t), ("lb", lb)] {
        if value.is_none() {
            return Err(Flaw::new(format!("a sample has no attribute `{name}`")));
        }
    }
    fn text(value: &Option<String>) -> &str {
        value.as_deref().unwrap_or_default()
    }
    Ok(Sample {
        time: text(ts),
        elapsed: text(t),
        label: text(lb),
        code: text(rc),
        message: text(rm),
        failure: "",
        success: s.as_deref(),
        bytes: by.as_deref(),
        sent: sby.as_deref(),
        latency: lt.as_deref(),
        connect: ct.as_deref(),
        threads: na.as_deref(),
        url: None,
        thread: text(tn),
        has_samples,
    })
}

/// Counts lines, and gives out no more than is allowed between two refills: a tag that never ends must not fill the memory.
struct Metered<R> {
    inner: R,
    left: u64,
    line: u64,
    ended: bool,
}

impl<R> Metered<R> {
    fn new(inner: R) -> Self {
        Self {
            inner,
            left: LONGEST,
            line: 1,
            ended: false,
        }
    }

    fn refill(&mut self) {
        self.left = LONGEST;
    }

    fn is_spent(&self) -> bool {
        self.left == 0
    }
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let count = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), available.get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other("too long"));
        }
        let available = self.inner.fill_buf()?;
        self.ended = available.is_empty();
        Ok(available)
    }

    fn consume(&mut self, amount: usize) {
        // What is consumed is still in the buffer.
        if let Ok(available) = self.inner.fill_buf() {
            let taken = available.get(..amount).unwrap_or(available);
            self.line += taken.iter().filter(|byte| **byte == b'\n').count() as u64;
        }
        self.left = self.left.saturating_sub(amount as u64);
        self.inner.consume(amount);
    }
}
