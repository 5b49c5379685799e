//! Where the SDK looks for credentials, as far as the environment lets it: for the message that says
//! that it found none.

use super::Variable;

/// The places that were tried, in the SDK's order.
pub(super) fn tried(variable: &Variable) -> String {
    let set = |name: &&str| variable(name).is_some_and(|text| !text.is_empty());
    let first = |names: &[&'static str]| names.iter().copied().find(|name| set(name));
    let mut places = vec!["the environment (AWS_ACCESS_KEY_ID)".to_owned()];
    let profile = ["AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
    places.push(match first(&profile) {
        Some(name) => format!("the profile files ({name} is set)"),
        None => "the profile files (~/.aws)".to_owned(),
    });
    if let Some(name) = first(&["AWS_WEB_IDENTITY_TOKEN_FILE"]) {
        places.push(format!("the web identity token ({name})"));
    }
    let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
    if let Some(name) = first(&container) {
        places.push(format!("the container's endpoint ({name})"));
    }
    let disabled =
        variable("AWS_EC2_METADATA_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    places.push(if disabled {
        "not the instance's metadata (AWS_EC2_METADATA_DISABLED)".to_owned()
    } else {
        "the instance's metadata".to_owned()
    });
    places.join(", ")
}
