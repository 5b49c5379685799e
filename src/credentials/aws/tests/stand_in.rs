//! A stand-in for AWS: answers one request of each connection after another from its script, and keeps what it
//! was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// What it was asked.
#[derive(Clone)]
pub(super) struct Asked {
    pub(super) method: String,
    pub(super) path: String,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

/// What it answers.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) body: String,
}

/// It listens for as long as the test process lives.
pub(super) struct StandIn {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Asked {
    /// A header, empty where it is missing.
    pub(super) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(header, _)| header.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The key, region and service that the request is signed for.
    pub(super) fn scope(&self) -> (String, String, String) {
        let text = self.header("authorization");
        let scope = text.strip_prefix("AWS4-HMAC-SHA256 Credential=").unwrap_or_else(|| panic!("{text}"));
        let parts: Vec<&str> = scope.split(',').next().unwrap().split('/').collect();
        assert_eq!((parts.len(), parts[4]), (5, "aws4_request"), "{text}");
        (parts[0].to_owned(), parts[2].to_owned(), parts[3].to_owned())
    }
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self { status, kind: "application/x-amz-json-1.1", body: body.to_string() }
    }

    /// An error of ECR's protocol.
    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        Self::json(status, &json!({"__type": code, "message": message}))
    }

    pub(super) fn xml(status: u16, body: &str) -> Self {
        Self { status, kind: "text/xml", body: body.to_owned() }
    }
}

impl StandIn {
    /// Answers from `script`, and with its last reply for ever.
    pub(super) fn new(script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (script, log) = (script.clone(), Arc::clone(&log));
                thread::spawn(move || serve(stream, &script, &log));
            }
        });
        Self { url, asked }
    }

    /// What it was asked, in order.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What it was asked, which must have been one thing.
    pub(super) fn only(&self) -> Asked {
        let asked = self.asked();
        assert_eq!(asked.len(), 1);
        asked[0].clone()
    }
}

fn serve(stream: TcpStream, script: &[Reply], log: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(stream);
    while let Some(asked) = read(&mut reader) {
        let reply = {
            let mut log = log.lock().unwrap();
            let next = log.len().min(script.len().saturating_sub(1));
            log.push(asked);
            script.get(next).cloned()
        };
        // An empty script never answers.
        let Some(reply) = reply else { return thread::sleep(Duration::from_secs(30)) };
        let head = format!(
            "HTTP/1.1 {} Scripted\r\ncontent-type: {}\r\nx-amzn-requestid: c6104cbe-af31\r\ncontent-length: {}\r\n\r\n",
            reply.status,
            reply.kind,
            reply.body.len()
        );
        if reader.get_mut().write_all((head + &reply.body).as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let first = line(reader)?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    while let Some((name, value)) = line(reader)?.split_once(':') {
        headers.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut asked = Asked { method, path, headers, body: String::new() };
    let mut body = vec![0; asked.header("content-length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    asked.body = String::from_utf8(body).ok()?;
    Some(asked)
}

fn line(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    (reader.read_line(&mut line).ok()? > 0).then(|| line.trim_end().to_owned())
}
