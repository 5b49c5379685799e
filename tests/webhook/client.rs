//! HTTP/1.1 over TLS, byte by byte, so that a test may stop anywhere. The benchmark speaks it, too.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Who trusts one authority.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    connector: TlsConnector,
}

/// A connection that is kept.
pub(crate) struct Connection(pub(crate) TlsStream<TcpStream>);

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, authority: &CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = builder.expect("TLS").with_root_certificates(roots).with_no_client_auth();
        Self { address, connector: TlsConnector::from(Arc::new(config)) }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn connect(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost").expect("a name");
        Ok(Connection(self.connector.connect(name, stream).await?))
    }

    /// One request, over a connection of its own.
    pub(crate) async fn ask(&self, request: &[u8]) -> io::Result<Answer> {
        self.connect().await?.ask(request).await
    }
}

impl Connection {
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        // Who is refused early can't send it all.
        let sent = self.0.write_all(request).await;
        _ = self.0.flush().await;
        self.answer().await.map_err(|error| sent.err().unwrap_or(error))
    }

    pub(crate) async fn answer(&mut self) -> io::Result<Answer> {
        let mut read = Vec::with_capacity(4096);
        let head = loop {
            if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            self.more(&mut read).await?;
        };
        let mut body = read.split_off(head + 4);
        let head = String::from_utf8_lossy(&read).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        while body.len() < length {
            self.more(&mut body).await?;
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Ok(Answer { status, head, body })
    }

    async fn more(&mut self, read: &mut Vec<u8>) -> io::Result<()> {
        match self.0.read_buf(read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Does it say that the connection ends?
    pub(crate) fn is_last(&self) -> bool {
        self.head.contains("connection: close")
    }
}

/// A request with a body, as an API server sends it.
pub(crate) fn post(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /mutate?timeout=2s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").into_bytes()
}
