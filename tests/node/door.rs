//! A way to a server that can be shut: connections are refused, and the port stays ours.

use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Shut at first.
pub(crate) struct Door {
    address: SocketAddr,
    /// Bound, and not listening: whoever connects is refused.
    shut: Option<Socket>,
    open: Option<JoinHandle<()>>,
}

impl Door {
    pub(crate) fn new() -> Self {
        Self::at(Ipv4Addr::LOCALHOST, 0)
    }

    /// One at an address of this network, and a port; 0 is any.
    pub(crate) fn at(address: Ipv4Addr, port: u16) -> Self {
        let shut = bound(SocketAddr::from((address, port)));
        let address = shut.local_addr().expect("an address").as_socket().expect("of a port");
        Self { address, shut: Some(shut), open: None }
    }

    /// `ADDRESS:PORT`
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// Lets everybody through to this host.
    pub(crate) fn open(&mut self, to: &str) {
        let socket = self.shut.take().expect("it is shut");
        socket.listen(64).expect("a socket that listens");
        socket.set_nonblocking(true).expect("a socket that doesn't block");
        let listener = TcpListener::from_std(socket.into()).expect("a listener");
        self.open = Some(tokio::spawn(lead(listener, to.to_owned())));
    }

    /// Refuses from now on. Connections that are there stay.
    pub(crate) async fn shut(&mut self) {
        let open = self.open.take().expect("it is open");
        open.abort();
        // Its end frees the port.
        let _ = open.await;
        self.shut = Some(bound(self.address));
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(open) = &self.open {
            open.abort();
        }
    }
}

fn bound(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).expect("a socket");
    socket.set_reuse_address(true).expect("a port that can be had again");
    socket.bind(&address.into()).expect("the port");
    socket
}

async fn lead(listener: TcpListener, to: String) {
    while let Ok((mut from, _)) = listener.accept().await {
        let to = to.clone();
        tokio::spawn(async move {
            let mut to = TcpStream::connect(to).await?;
            copy_bidirectional(&mut from, &mut to).await
        });
    }
}
