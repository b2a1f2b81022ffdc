//! JMeter's logs of samples (JTL), as CSV and as XML, read as streams.
//!
//! JMeter knows samplers of every kind; here all of them are requests. Its time of a sample counts from before the connection is made, so
//! `http_req_duration` holds the connecting too, as in JMeter's own reports. What transaction controllers sum up is the duration of a
//! group, not another request, unless the file does not hold the samples that they are made of.

mod csv;
mod parent;
mod sample;
mod xml;

pub use csv::Csv;
pub use xml::Xml;
