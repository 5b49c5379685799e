//! A moto server for as long as a test lives, even a test that is killed.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

/// Python takes its time on a busy machine.
const STARTS_WITHIN: Duration = Duration::from_mins(2);

/// Runs the server until its own stdin ends, which it does however the test does; then ends its whole process
/// group, for what starts the server may be a script around it. So does a server that ends by itself.
const LEASH: &str = r#"{ "$0" -H 127.0.0.1 -p 0 </dev/null; kill -KILL 0; } & read -r _; kill -KILL 0"#;

/// The server.
pub(crate) struct Moto {
    /// Host and port.
    pub(crate) address: String,
    process: Child,
}

impl Moto {
    /// Starts one on a port of its own; it answers when this returns. Panics where moto isn't installed.
    pub(crate) fn start() -> Self {
        let program = env::var("MOTO_SERVER").unwrap_or_else(|_| "moto_server".to_owned());
        let mut process = Command::new("sh")
            .args(["-c", LEASH, &program])
            .env("PYTHONUNBUFFERED", "1")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh");
        let output = BufReader::new(process.stderr.take().unwrap());
        let mut moto = Self { address: String::new(), process };
        moto.address = listening(output).unwrap_or_else(|said| {
            panic!(
                "{program} does not start; install moto[server] with pip, and name its moto_server in MOTO_SERVER. \
                 It said:\n{said}"
            )
        });
        moto
    }

    /// The answer to an action of one of AWS' JSON protocols. moto takes the service and the region from the signature,
    /// and doesn't check it.
    pub(crate) fn post(&self, action: &str, region: &str, service: &str, body: &Value) -> Value {
        let body = body.to_string();
        let scope = format!("AKIAIOSFODNN7EXAMPLE/20260101/{region}/{service}/aws4_request");
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST / HTTP/1.0\r\nHost: {}\r\nX-Amz-Target: {action}\r\nContent-Type: application/x-amz-json-1.1\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.split(' ').nth(1) == Some("200"), "{answer}");
        serde_json::from_str(body).unwrap()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Where it says that it listens; else all that it said. Reads on behind that, so that its log never fills the pipe.
fn listening(output: impl BufRead + Send + 'static) -> Result<String, String> {
    let (send, lines) = mpsc::channel();
    thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| drop(send.send(line))));
    let mut said = String::new();
    while let Ok(line) = lines.recv_timeout(STARTS_WITHIN) {
        if let Some((_, address)) = line.split_once("Running on http://") {
            return Ok(address.trim_end_matches('/').to_owned());
        }
        said = said + &line + "\n";
    }
    Err(said)
}
