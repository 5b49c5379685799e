//! A network between a loop and its API server, that a test can break.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::setup::Place;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    /// Nothing comes through; what was sent does once it is open again.
    Silent,
    /// Connections break, and new ones, too.
    Cut,
}

pub(crate) struct Network {
    pub(crate) kubeconfig: PathBuf,
    state: Arc<watch::Sender<State>>,
}

impl Network {
    /// In front of the API server of a place.
    pub(crate) async fn before(place: &Place) -> Self {
        let text = std::fs::read_to_string(place.kubeconfig()).unwrap();
        let mut file: Value = serde_json::from_str(&text).unwrap();
        let server = &mut file["clusters"][0]["cluster"]["server"];
        let address = server.as_str().unwrap().strip_prefix("https://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        *server = format!("https://{}", listener.local_addr().unwrap()).into();
        let kubeconfig = place.kubeconfig();
        std::fs::write(&kubeconfig, file.to_string()).unwrap();

        let state = Arc::new(watch::Sender::new(State::Open));
        let told = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(join(near, address.clone(), told.subscribe()));
            }
        });
        Self { kubeconfig, state }
    }

    pub(crate) fn is_now(&self, state: State) {
        self.state.send_replace(state);
    }
}

async fn join(near: TcpStream, address: String, state: watch::Receiver<State>) {
    let mut cut = state.clone();
    let Ok(far) = TcpStream::connect(address).await else { return };
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = carry(near_read, far_write, state.clone()) => {}
        () = carry(far_read, near_write, state) => {}
        _ = cut.wait_for(|state| *state == State::Cut) => {}
    }
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut bytes = vec![0; 16 * 1024];
    while let Ok(read) = from.read(&mut bytes).await {
        if read == 0 || state.wait_for(|state| *state == State::Open).await.is_err() {
            return;
        }
        if to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}
