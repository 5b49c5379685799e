//! What a test expects to be asked, and the answer to it.

use std::fmt;

use serde_json::Value;

use super::gate::Gate;
use super::http::Request;

/// A request that is expected, once unless it stands.
pub struct Expect {
    method: &'static str,
    path: String,
    query: Vec<String>,
    reply: Answer,
    pub(super) stands: bool,
}

type Make = dyn Fn(&[Request]) -> Reply + Send;

enum Answer {
    Fixed(Reply),
    Made(Box<Make>),
}

/// An answer, or the way in which it fails to come.
#[derive(Clone)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) fault: Option<Fault>,
    pub(super) gate: Option<Gate>,
}

/// How an answer fails to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request was read; the connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    /// The headers and half of the body, then a reset.
    ResetInBody,
    /// The headers and half of the body, then the end.
    CloseInBody,
}

pub fn get(path: impl Into<String>) -> Expect {
    Expect::new("GET", path)
}

pub fn head(path: impl Into<String>) -> Expect {
    Expect::new("HEAD", path)
}

pub fn post(path: impl Into<String>) -> Expect {
    Expect::new("POST", path)
}

pub fn put(path: impl Into<String>) -> Expect {
    Expect::new("PUT", path)
}

pub fn patch(path: impl Into<String>) -> Expect {
    Expect::new("PATCH", path)
}

pub fn delete(path: impl Into<String>) -> Expect {
    Expect::new("DELETE", path)
}

impl Expect {
    fn new(method: &'static str, path: impl Into<String>) -> Self {
        let reply = Answer::Fixed(Reply::json(200, &Value::Null));
        Self { method, path: path.into(), query: Vec::new(), reply, stands: false }
    }

    /// Only with this in its decoded query, parted by `&`: `continue=two`, or a part of a value.
    pub fn query(mut self, part: impl Into<String>) -> Self {
        self.query.push(part.into());
        self
    }

    /// The answer.
    pub fn says(mut self, reply: Reply) -> Self {
        self.reply = Answer::Fixed(reply);
        self
    }

    /// The answer, made of the expected requests so far; the last is the one that is answered.
    pub fn says_of(mut self, reply: impl Fn(&[Request]) -> Reply + Send + 'static) -> Self {
        self.reply = Answer::Made(Box::new(reply));
        self
    }

    /// Answered as often as it is asked, be it never, where no other expectation fits; not recorded.
    pub fn always(mut self) -> Self {
        self.stands = true;
        self
    }

    pub(super) fn fits(&self, request: &Request) -> bool {
        request.method == self.method
            && request.path == self.path
            && self.query.iter().all(|part| request.query.contains(part))
    }

    pub(super) fn reply_to(&self, asked: &[Request]) -> Reply {
        match &self.reply {
            Answer::Fixed(reply) => reply.clone(),
            Answer::Made(make) => make(asked),
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}?{}", self.method, self.path, self.query.join("&"))
    }
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::raw(status, "application/json", body.to_string())
    }

    pub fn raw(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type", content_type.to_owned())];
        Self { status, headers, body: body.into(), fault: None, gate: None }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Fails to come whole.
    pub fn fails(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// Waits for the gate.
    pub fn behind(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }
}
