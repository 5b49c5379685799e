//! How these tests ask, and what is said.

use crate::config::Reach;
use crate::credentials::asking::stand_in::server::Server;
use crate::credentials::asking::stand_in::world::{PLAIN, World};
use crate::credentials::verify::verify;
use crate::plan::Trust;
use crate::registry::Host;

impl World {
    /// Verifies the login of these tests, and sees that no text gives it away.
    pub(super) async fn ask(&self, host: &str, reach: &Reach) -> Trust {
        let verdict = verify(&self.network, &Host::parse(host).unwrap(), &Self::entry(), reach).await;
        let trust = Trust::from(verdict);
        if let Trust::Refused(text) | Trust::Unverified(text) = &trust {
            Self::assert_discreet(text);
        }
        trust
    }

    /// The same by plain http, of a server on this machine.
    pub(super) async fn ask_plain(&self, server: &Server) -> Trust {
        self.ask(&server.address.to_string(), &PLAIN).await
    }
}

pub(super) fn refused(text: &str) -> Trust {
    Trust::Refused(text.to_owned())
}

pub(super) fn unverified(text: &str) -> Trust {
    Trust::Unverified(text.to_owned())
}
