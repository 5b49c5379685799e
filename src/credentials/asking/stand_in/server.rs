//! A server on this machine that answers by a script and remembers what it was asked.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A request as it came: method, target, and the headers that matter here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) host: String,
    pub(crate) login: Option<String>,
    pub(crate) agent: Option<String>,
    pub(crate) accept: Option<String>,
    pub(crate) proxy_login: Option<String>,
}

/// An answer: status, header lines, body.
#[derive(Clone)]
pub(crate) struct Reply(pub(crate) u16, pub(crate) Vec<String>, pub(crate) String);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub(crate) fn reply(status: u16) -> Reply {
    Reply(status, Vec::new(), String::new())
}

impl Reply {
    pub(crate) fn with(mut self, header: impl Into<String>) -> Self {
        self.1.push(header.into());
        self
    }

    pub(crate) fn saying(mut self, body: &str) -> Self {
        self.2 = body.to_owned();
        self
    }
}

impl Server {
    /// Answers in the order of `script`, and nothing after it: the connection is closed then.
    pub(crate) async fn new(script: impl IntoIterator<Item = Reply>) -> Self {
        Self::start(in_turn(script.into_iter().collect()), None).await
    }

    /// Answers each request by what it is.
    pub(crate) async fn by(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(move |asked| Some(answer(asked)), None).await
    }

    pub(crate) async fn with_tls(script: impl IntoIterator<Item = Reply>, config: ServerConfig) -> Self {
        Self::start(in_turn(script.into_iter().collect()), Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    /// Takes connections, and never says a word.
    pub(crate) async fn silent() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), asked: Arc::default() };
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept().await {
                held.push(stream);
            }
        });
        server
    }

    async fn start(
        answer: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self { address: listener.local_addr().unwrap(), asked: Arc::default() };
        let (answer, asked) = (Arc::new(answer), Arc::clone(&server.asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, answer, asked) = (tls.clone(), Arc::clone(&answer), Arc::clone(&asked));
                tokio::spawn(async move {
                    let answer = |request: Asked| {
                        asked.lock().unwrap().push(request.clone());
                        answer(&request)
                    };
                    match tls {
                        Some(tls) => serve(tls.accept(stream).await?, answer).await,
                        None => serve(stream, answer).await,
                    }
                });
            }
        });
        server
    }

    /// What it was asked, each as its request line.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.line).collect()
    }

    /// The login that came with each request.
    pub(crate) fn logins(&self) -> Vec<Option<String>> {
        self.asked().into_iter().map(|asked| asked.login).collect()
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

fn in_turn(script: Vec<Reply>) -> impl Fn(&Asked) -> Option<Reply> {
    let script = Mutex::new(script.into_iter());
    move |_| script.lock().unwrap().next()
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: impl Fn(Asked) -> Option<Reply>,
) -> io::Result<()> {
    while let Some(head) = head(&mut stream).await? {
        // A TLS client: answered in plain HTTP, as Go's server does.
        let reply = if head.starts_with('\u{16}') {
            Some(reply(400).saying("Client sent an HTTPS request to an HTTP server."))
        } else {
            answer(read(&head))
        };
        let Some(Reply(status, headers, body)) = reply else { break };
        let headers = headers.iter().fold(String::new(), |lines, header| lines + header + "\r\n");
        let length = body.len();
        let body = if head.starts_with("HEAD ") { "" } else { &body };
        let text = format!("HTTP/1.1 {status} Scripted\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        stream.write_all(text.as_bytes()).await?;
        if head.starts_with('\u{16}') {
            break;
        }
    }
    stream.shutdown().await
}

/// A request's lines; `None` where the client has closed.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return Ok(None) };
        bytes.push(byte);
        if bytes == [0x16] {
            break;
        }
    }
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn read(head: &str) -> Asked {
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    Asked {
        line: head.lines().next().unwrap_or_default().replace(" HTTP/1.1", ""),
        host: header("host").unwrap_or_default(),
        login: header("authorization"),
        agent: header("user-agent"),
        accept: header("accept"),
        proxy_login: header("proxy-authorization"),
    }
}
