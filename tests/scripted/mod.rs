//! An API server that says what the test tells it to, over real TCP: answers, refusals, and the ways in
//! which an answer can fail to come.
//!
//! A test lists what it expects to be asked, each with its answer, given out once. What is left over at
//! the end, and what came that nobody expected, fails the test: so a test states the exact traffic
//! of its case. Reads that are not its case (a namespace that exists, a list that is empty) are answered
//! by [`world`] and need no line.
//!
//! ```ignore
//! let server = Server::start([
//!     patch("/api/v1/namespaces/team-a/secrets/pullkeeper").says(conflict()),
//!     get("/api/v1/namespaces/team-a/secrets/pullkeeper").says(ok(&secret)),
//! ]);
//! // … a pass against server.url() …
//! let asked = server.finish();
//! ```
//!
//! It runs on threads of its own: a test may be asynchronous or not, and its clock paused or not.

#![allow(dead_code, unreachable_pub, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

pub mod expect;
mod gate;
mod http;
pub mod objects;
mod world;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

#[allow(unused_imports)] // each test uses a part
pub use expect::{Expect, Reply, delete, get, head, patch, post};
pub use gate::Gate;
pub use http::Request;
use socket2::{Domain, Socket, Type};

/// A port that is taken, and at which nobody listens yet: connections are refused.
pub struct Reserved(Socket);

impl Reserved {
    pub fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port");
        Self(socket)
    }

    /// `127.0.0.1:PORT`
    pub fn address(&self) -> String {
        let address = self.0.local_addr().expect("an address").as_socket();
        address.expect("an address of IP").to_string()
    }

    /// Listens there from now on.
    pub fn start(self, expected: impl IntoIterator<Item = Expect>) -> Server {
        self.0.listen(64).expect("a listener");
        Server::listen(self.0.into(), expected)
    }
}

/// A running server. A test ends with [`Server::finish`].
pub struct Server {
    url: String,
    script: Arc<Mutex<Script>>,
    finished: bool,
}

struct Script {
    open: Vec<Expect>,
    standing: Vec<Expect>,
    asked: Vec<Request>,
    unexpected: Vec<String>,
    requests: usize,
}

impl Server {
    /// Listens on a port of its own.
    pub fn start(expected: impl IntoIterator<Item = Expect>) -> Self {
        Self::listen(TcpListener::bind("127.0.0.1:0").expect("a port"), expected)
    }

    fn listen(listener: TcpListener, expected: impl IntoIterator<Item = Expect>) -> Self {
        let (standing, open) = expected.into_iter().partition(|expect| expect.stands);
        let script = Script { open, standing, asked: Vec::new(), unexpected: Vec::new(), requests: 0 };
        let script = Arc::new(Mutex::new(script));
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::clone(&script);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let script = Arc::clone(&shared);
                thread::spawn(move || serve(stream, &script));
            }
        });
        Self { url, script, finished: false }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address alone, as `KUBERNETES_API_ENDPOINT` may have it.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// The expected requests that came so far.
    pub fn asked(&self) -> Vec<Request> {
        lock(&self.script).asked.clone()
    }

    /// All requests that came so far, those that [`world`] answers too.
    pub fn requests(&self) -> usize {
        lock(&self.script).requests
    }

    /// The expected requests in the order in which they came. Panics if one did not come, or one came
    /// that was not expected.
    pub fn finish(mut self) -> Vec<Request> {
        self.finished = true;
        let mut script = lock(&self.script);
        let missing: Vec<_> = script.open.iter().map(ToString::to_string).collect();
        let unexpected = std::mem::take(&mut script.unexpected);
        let asked = std::mem::take(&mut script.asked);
        drop(script);
        assert!(
            missing.is_empty() && unexpected.is_empty(),
            "never asked: {missing:#?}\nnot expected: {unexpected:#?}\nasked: {:#?}",
            lines(&asked)
        );
        asked
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        assert!(self.finished || thread::panicking(), "the test did not call finish()");
    }
}

/// `METHOD /path` of each request.
pub fn lines(asked: &[Request]) -> Vec<String> {
    asked.iter().map(|request| format!("{} {}", request.method, request.path)).collect()
}

/// Those requests that would change something, as [`lines`].
pub fn writes(asked: &[Request]) -> Vec<String> {
    let mut lines = lines(asked);
    lines.retain(|line| !line.starts_with("GET "));
    lines
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Answers the requests of one connection, until it ends.
fn serve(stream: TcpStream, script: &Mutex<Script>) {
    // A connection that nobody uses any more doesn't keep its thread for ever.
    _ = stream.set_read_timeout(Some(Duration::from_mins(2)));
    let mut connection = http::Connection::new(stream);
    while let Ok(Some(request)) = connection.read() {
        let reply = lock(script).reply(request);
        if let Some(gate) = &reply.gate {
            gate.pass();
        }
        if !connection.answer(&reply) {
            return;
        }
    }
}

impl Script {
    fn reply(&mut self, request: Request) -> Reply {
        self.requests += 1;
        if let Some(index) = self.open.iter().position(|expect| expect.fits(&request)) {
            let expect = self.open.remove(index);
            self.asked.push(request);
            return expect.reply_to(&self.asked);
        }
        let standing = self.standing.iter().find(|expect| expect.fits(&request));
        if let Some(reply) = standing.map(|expect| expect.reply_to(&self.asked)) {
            return reply;
        }
        world::answer(&request).unwrap_or_else(|| {
            self.unexpected.push(request.to_string());
            objects::refusal(400, "BadRequest", "the test did not expect this request")
        })
    }
}
