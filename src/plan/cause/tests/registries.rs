//! What registries say themselves. containerd 2.4 and CRI-O repeat it; so does cri-dockerd, before whose
//! `Head "…"` Docker puts "Error response from daemon".

use super::super::Cause::{Access, Denied, Expired, Network, NotFound, RateLimit};
use super::judge;

#[test]
fn each_has_its_words() {
    for (who, says, expected) in [
        ("ECR", "denied: Your authorization token has expired. Reauthenticate and try again.", Expired),
        ("ECR", "no basic auth credentials", Access),
        (
            "ECR",
            "name unknown: The repository with name 'app' does not exist in the registry with id '1'",
            NotFound,
        ),
        ("ECR", "manifest unknown: Requested image not found", NotFound),
        ("ECR Public", "toomanyrequests: Rate exceeded", RateLimit),
        ("Docker Hub", "unauthorized: personal access token is expired", Expired),
        ("Docker Hub", "unauthorized: incorrect username or password", Access),
        ("Docker Hub", "denied: requested access to the resource is denied", Denied),
        ("GitHub", "denied: denied", Denied),
        ("GitHub", "denied: permission_denied: The token provided does not match expected scopes.", Access),
        ("GitHub", "manifest unknown", NotFound),
        ("GitLab", "denied: access forbidden", Denied),
        (
            "GitLab",
            "unauthorized: HTTP Basic: Access denied. The provided password or token is incorrect",
            Access,
        ),
        (
            "Google",
            r#"denied: Permission "artifactregistry.repositories.downloadArtifacts" denied on resource "projects/p/locations/eu/repositories/r" (or it may not exist)"#,
            Denied,
        ),
        ("Google", "denied: Gaia id not found for token", Access),
        (
            "ACR",
            "unauthorized: authentication required, visit https://aka.ms/acr/authorization for more information.",
            Access,
        ),
        (
            "ACR, its firewall",
            "denied: client with IP '192.0.2.1' is not allowed access. Refer https://aka.ms/acr/firewall to grant access.",
            Network,
        ),
        ("Quay", "unauthorized: access to the requested resource is not authorized", Denied),
        ("Quay", "unauthorized: Could not find robot with specified username", Access),
        (
            "Harbor",
            "unauthorized: unauthorized to access repository: team/app, action: pull: unauthorized to access repository: team/app, action: pull",
            Denied,
        ),
        ("Nexus", "unauthorized: access to the requested resource is not authorized", Denied),
        ("JFrog", "unauthorized: The client does not have permission for manifest", Access),
        ("JFrog", "unauthorized: Token failed verification: expired", Expired),
        ("JFrog", "manifest unknown: The named manifest is not known to the registry.", NotFound),
    ] {
        judge(&[
            (who, &format!("reading manifest 1 in h.io/team/app: {says}"), expected),
            (
                who,
                &format!(
                    r#"Error response from daemon: Head "https://h.io/v2/team/app/manifests/1": {says}"#
                ),
                expected,
            ),
        ]);
    }
    judge(&[
        (
            "Docker",
            "Error response from daemon: pull access denied for me/app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
            Denied,
        ),
        (
            "Docker",
            "Error response from daemon: manifest for h.io/app:2 not found: manifest unknown: manifest unknown",
            NotFound,
        ),
    ]);
}
