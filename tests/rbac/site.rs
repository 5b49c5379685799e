//! What all trials share: an API server and two registries.

use kube::{Client, Config};

use crate::testbed::ControlPlane;
use crate::testbed::registry::Registry;

pub(crate) const PASSWORD: &str = "s3cret";

pub(crate) struct Site {
    pub(crate) plane: &'static ControlPlane,
    pub(crate) admin: Client,
    /// Nobody, until a request brings a token: one connection for all users.
    pub(crate) nobody: Client,
    /// Has `team/app:1`, for who knows the password.
    registry: Registry,
    /// Has what Docker Hub would have, for everybody.
    proxy: Registry,
}

impl Site {
    pub(crate) async fn new() -> Self {
        let (registry, proxy) = (Registry::htpasswd("admin", PASSWORD), Registry::open());
        registry.push("team/app", "1").await;
        proxy.push("library/nginx", "1").await;
        let plane = ControlPlane::shared();
        let mut nobody = Config::new(plane.url().parse().unwrap());
        nobody.root_cert_file = Some(plane.ca_file().to_owned());
        let nobody = Client::try_from(nobody).unwrap();
        Self { plane, admin: plane.admin(), nobody, registry, proxy }
    }

    pub(crate) fn image(&self) -> String {
        format!("{}/team/app:1", self.registry.host())
    }

    pub(crate) fn host(&self) -> &str {
        self.registry.host()
    }

    pub(crate) fn proxy(&self) -> &str {
        self.proxy.host()
    }
}
