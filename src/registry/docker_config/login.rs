//! What the kubelet makes of one entry of a docker config.

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine, alphabet};
use serde_json::value::RawValue;

use super::members::Members;

pub(super) fn is_usable(raw: &RawValue) -> bool {
    matches!(login(raw), Ok(Some(_)))
}

/// A user and a password, as bytes: a password need not be text.
pub(super) type Login = (Vec<u8>, Vec<u8>);

/// What the kubelet makes of an entry: `auth` wins, and must be base64 of `user:password`, padded or not.
/// `Ok(None)` is an entry without a login, which does no harm.
pub(super) fn login(raw: &RawValue) -> Result<Option<Login>, Malformed> {
    let Ok(fields) = serde_json::from_str::<Option<Members>>(raw.get()) else { return Err(Malformed) };
    let fields = fields.unwrap_or_default();
    let text = |name: &str| fields.text(name).ok_or(Malformed);
    let _ = text("email")?;
    let (username, password, auth) = (text("username")?, text("password")?, text("auth")?);
    if auth.is_empty() {
        let login = (username.into_bytes(), password.into_bytes());
        return Ok((!login.0.is_empty() && !login.1.is_empty()).then_some(login));
    }
    let padded = if auth.trim().ends_with('=') { &PADDED } else { &UNPADDED };
    let auth: String = auth.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let plain = padded.decode(auth).map_err(|_| Malformed)?;
    let colon = plain.iter().position(|byte| *byte == b':').ok_or(Malformed)?;
    let (username, password) = plain.split_at(colon);
    Ok((colon > 0).then(|| (username.to_vec(), password.get(1..).unwrap_or_default().to_vec())))
}

/// The kubelet can't decode it.
pub(super) struct Malformed;

/// Go's base64 minds the padding, and not what the last bits are.
const PADDED: GeneralPurpose = go_base64(DecodePaddingMode::RequireCanonical);
const UNPADDED: GeneralPurpose = go_base64(DecodePaddingMode::RequireNone);

const fn go_base64(padding: DecodePaddingMode) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&alphabet::STANDARD, config.with_decode_padding_mode(padding))
}
