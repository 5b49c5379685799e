//! As much of HTTP/1.1 as a client of the API server needs, and on purpose no library: a server that
//! must break the rules can't be one that keeps them.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;
use socket2::SockRef;

use super::expect::{Fault, Reply};

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    /// Decoded, in the order in which it came.
    pub query: String,
    /// By their names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
    /// When it was read.
    pub at: Instant,
}

impl Request {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}?{}", self.method, self.path, self.query)
    }
}

/// One connection of a client.
pub(super) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self(BufReader::new(stream))
    }

    /// The next request; `None` where the client has closed.
    pub(super) fn read(&mut self) -> io::Result<Option<Request>> {
        let Some(first) = self.line()? else { return Ok(None) };
        let mut words = first.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut headers = BTreeMap::new();
        while let Some((name, value)) = self.line()?.as_deref().and_then(|line| line.split_once(':')) {
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok());
        let mut body = vec![0; length.unwrap_or_default()];
        self.0.read_exact(&mut body)?;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let pairs = form_urlencoded::parse(query.as_bytes()).map(|(key, value)| format!("{key}={value}"));
        let query = pairs.collect::<Vec<_>>().join("&");
        Ok(Some(Request { method, path: path.to_owned(), query, headers, body, at: Instant::now() }))
    }

    /// Answers; `false` where the connection is over.
    pub(super) fn answer(&mut self, reply: &Reply) -> bool {
        let sent = match reply.fault {
            None => reply.body.as_slice(),
            Some(Fault::CloseInBody | Fault::ResetInBody) => reply.body.split_at(reply.body.len() / 2).0,
            Some(fault) => {
                self.end(fault);
                return false;
            }
        };
        let mut head =
            format!("HTTP/1.1 {} Scripted\r\nContent-Length: {}\r\n", reply.status, reply.body.len());
        for (name, value) in &reply.headers {
            head = format!("{head}{name}: {value}\r\n");
        }
        let stream = self.0.get_mut();
        let written = write!(stream, "{head}\r\n").and_then(|()| stream.write_all(sent));
        if let Some(fault) = reply.fault {
            self.end(fault);
        }
        written.is_ok() && reply.fault.is_none()
    }

    fn end(&self, fault: Fault) {
        let stream = self.0.get_ref();
        if matches!(fault, Fault::Reset | Fault::ResetInBody) {
            // Closing then sends a reset instead of a regular end.
            _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        } else {
            _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim_end().to_owned()))
    }
}
