//! The hosts of an entry that names a docker credential helper.

use std::path::Path;

use futures::StreamExt;
use futures::stream;

use super::helper::{self, Login};
use super::{Patience, credential, identity};
use crate::config::Programs;
use crate::plan::{Given, Life, SourceFailure};
use crate::registry::{Entry, Host};

/// The most runs of one helper at a time.
const AT_ONCE: usize = 4;

/// A credential for each of its hosts; a host for which it fails takes no other down.
pub(super) async fn given(program: &Path, programs: &Programs, hosts: &[Host], life: Life) -> Given {
    let patience = Patience::new();
    let asked = hosts.iter().map(async |host| {
        let login = match patience.check() {
            Ok(()) => helper::ask(program, programs, host.as_str()).await,
            Err(late) => Err(format!("{} {late}", program.display())),
        };
        (host, login)
    });
    let mut asked = stream::iter(asked).buffered(AT_ONCE);
    let mut given = Given::default();
    while let Some((host, login)) = asked.next().await {
        let entry = match login {
            Ok(Login::Password { username, password }) => Entry { username, password, email: None },
            Ok(Login::IdentityToken(token)) => {
                let (entry, remark) = identity::as_entry(host.as_str(), None, token, None);
                given.remarks.extend(remark);
                entry
            }
            Err(failure) => {
                given.failures.push((Some(host.clone()), SourceFailure(failure)));
                continue;
            }
        };
        given.credentials.push(credential(host.clone(), entry, Some(life)));
    }
    given
}
