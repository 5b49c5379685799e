//! Image volumes that can't be pulled, as they show on the container that mounts them.

use super::super::other_image;
use crate::plan::snapshot::Waiting;

const OWN: &str = "h.io/team/app:1";

fn other(image: &str, message: &str) -> Option<String> {
    other_image(&Waiting { image: image.into(), message: message.into(), ..Waiting::default() })
}

#[test]
fn sees_the_image_of_a_volume() {
    let table = [
        (r#"Back-off pulling image "h.io/models:3": ErrImagePull: 401 Unauthorized"#, "h.io/models:3"),
        (r#"Back-off pulling image "h.io/team/app:2""#, "h.io/team/app:2"),
        (
            r#"rpc error: code = NotFound desc = failed to pull and unpack image "h.io/models:3": failed to resolve reference "h.io/models:3": h.io/models:3: not found"#,
            "h.io/models:3",
        ),
        (r#"Container image "models" is not present with pull policy of Never"#, "models"),
        (
            "initializing source docker://h.io/models:3: reading manifest 3 in h.io/models: manifest unknown",
            "h.io/models:3",
        ),
        ("reading manifest 3 in h.io/models: unauthorized: authentication required", "h.io/models:3"),
        ("image pull failed for h.io/models:3 because the registry is unavailable", "h.io/models:3"),
        (
            r#"[failed to resolve reference "h.io/models:3": 401, failed to resolve reference "h.io/models:3": 403]"#,
            "h.io/models:3",
        ),
    ];
    for (message, expected) in table {
        assert_eq!(other(OWN, message).as_deref(), Some(expected), "{message}");
    }
}

#[test]
fn knows_the_image_of_the_container() {
    let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let both = format!("{OWN}@{digest}");
    let by_digest = format!("h.io/team/app@{digest}");
    let quoted = |image: &str| format!(r#"Back-off pulling image "{image}": ErrImagePull: x"#);
    let table = [
        (OWN, quoted(OWN)),
        (&both, quoted(OWN)), // re-spelled a moment ago
        (&both, quoted(&by_digest)),
        (&by_digest, quoted(OWN)),
        ("nginx", quoted("docker.io/library/nginx:latest")),
        (OWN, format!("initializing source docker://{OWN}: reading manifest 1 in h.io/team/app: denied")),
        (&by_digest, format!("reading manifest {digest} in h.io/team/app: denied")),
        (OWN, "no quote".into()),
        (OWN, r#"Failed to inspect image "": rpc error"#.into()), // the kubelet quotes nothing there
        (OWN, quoted("no image at all")),
        ("No Image", quoted(OWN)),
    ];
    for (image, message) in table {
        assert_eq!(other(image, &message), None, "{image}: {message}");
    }
}
