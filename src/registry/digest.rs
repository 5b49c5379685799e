//! Hashes that tell that something changed, not what it is.

use sha2::{Digest, Sha256};

/// The SHA-256 of a text, in hex digits.
#[must_use]
pub fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}
