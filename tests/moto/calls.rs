//! The way from the program to moto. It hands every request on, and remembers what was asked, of which region, and by
//! which key: an answer alone doesn't tell.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::mem;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use super::server::Moto;

/// A moto server behind an address that counts.
pub(crate) struct Calls {
    url: String,
    seen: Arc<Mutex<Vec<Call>>>,
    /// Ends with it.
    _moto: Moto,
}

/// One request to AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Such as `GetAuthorizationToken`.
    pub(crate) action: String,
    /// That of the signature; empty where nothing was signed.
    pub(crate) region: String,
    /// The id of the key that signed.
    pub(crate) key: String,
    /// What was sent, as it was sent.
    pub(crate) body: String,
}

impl Calls {
    /// Starts a moto server, and stands before it.
    pub(crate) fn start() -> Self {
        let moto = Moto::start();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Call>>>::default();
        let (note, to) = (Arc::clone(&seen), moto.address.clone());
        thread::spawn(move || {
            for program in listener.incoming().map_while(Result::ok) {
                let (note, to) = (Arc::clone(&note), to.clone());
                // Who hangs up midway is not answered.
                thread::spawn(move || hand_on(program, &to, &note));
            }
        });
        Self { url, seen, _moto: moto }
    }

    /// For `AWS_ENDPOINT_URL`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What was asked since this was last called.
    pub(crate) fn taken(&self) -> Vec<Call> {
        mem::take(&mut *self.seen.lock().unwrap())
    }

    /// The regions in which a token was asked for, sorted; nothing else may have been asked.
    pub(crate) fn token_regions(&self) -> Vec<String> {
        let token = |call: Call| {
            assert_eq!(call.action, "GetAuthorizationToken", "{call:?}");
            call.region
        };
        let mut regions: Vec<_> = self.taken().into_iter().map(token).collect();
        regions.sort();
        regions
    }
}

fn hand_on(mut program: TcpStream, to: &str, seen: &Mutex<Vec<Call>>) -> io::Result<()> {
    let mut reader = BufReader::new(program.try_clone()?);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().unwrap();
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
        head += &line;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    seen.lock().unwrap().push(Call::of(&head, &body));
    let mut moto = TcpStream::connect(to)?;
    // One request a connection: so the end of the answer needs no reading.
    write!(moto, "{head}Connection: close\r\n\r\n")?;
    moto.write_all(&body)?;
    io::copy(&mut moto, &mut program)?;
    Ok(())
}

impl Call {
    fn of(head: &str, body: &[u8]) -> Self {
        let header = |wanted: &str| {
            let mut headers = head.lines().filter_map(|line| line.split_once(": "));
            headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
        };
        let body = String::from_utf8(body.to_vec()).unwrap();
        let of_form = || body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        let action = header("x-amz-target").and_then(|target| target.rsplit('.').next()).or_else(of_form);
        let action = action.unwrap_or_else(|| panic!("no call to AWS: {head}")).to_owned();
        let scope = header("authorization").and_then(|signature| signature.split_once("Credential="));
        let mut scope = scope.map_or("", |(_, scope)| scope).split('/');
        let key = scope.next().unwrap_or_default().to_owned();
        let region = scope.nth(1).unwrap_or_default().to_owned();
        Self { action, region, key, body }
    }
}
