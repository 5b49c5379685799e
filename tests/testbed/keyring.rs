//! What the kubelet makes of Secrets: Kubernetes' own keyring (`registries/keyring/main.go`),
//! asked which logins it would try for an image.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::answer;
use super::binaries;

/// An image, and the logins that the kubelet tries for it, in that order.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Found {
    pub image: String,
    /// Without any it pulls anonymously; with one it never does.
    #[serde(rename = "found")]
    pub matched: bool,
    pub auths: Vec<Auth>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Auth {
    pub username: String,
    pub password: String,
}

impl Found {
    /// The passwords alone.
    pub fn passwords(&self) -> Vec<&str> {
        self.auths.iter().map(|auth| auth.password.as_str()).collect()
    }
}

/// Asks about each image. The Secrets are k8s-openapi's, or JSON as the API server gives them;
/// they are for test passwords only. The error is the kubelet's, which then pulls nothing at all.
/// Panics if an image is no reference.
pub fn try_keyring<S: Serialize>(secrets: &[S], images: &[&str]) -> Result<Vec<Found>, String> {
    let question = json!({"secrets": secrets, "images": images}).to_string();
    let answer: Answer = serde_json::from_slice(&answer(binaries::keyring(), &question)).expect("its answer");
    answer.error.map_or(Ok(answer.images), Err)
}

/// As [`try_keyring`], where no Secret is malformed.
pub fn keyring<S: Serialize>(secrets: &[S], images: &[&str]) -> Vec<Found> {
    try_keyring(secrets, images).unwrap_or_else(|e| panic!("the kubelet's keyring: {e}"))
}

#[derive(Deserialize)]
struct Answer {
    images: Vec<Found>,
    error: Option<String>,
}
