//! What the kubelet itself says; the runtimes' and the registries' texts have files of their own.

mod containerd;
mod crio;
mod names;
mod registries;
mod volumes;

use super::Cause::{
    Access, Denied, InvalidName, Local, Malformed, Network, NotFound, Signature, Unknown, Untold,
};
use super::{Cause, cause, is_about_image};
use crate::plan::snapshot::Waiting;

pub(super) fn waiting(reason: &str, message: &str) -> Waiting {
    Waiting { reason: reason.into(), message: message.into(), ..Waiting::default() }
}

/// Judges a runtime's message as it stands after a pull, and as a kubelet repeats it in the back-off; in
/// any case of letters.
pub(super) fn judge(table: &[(&str, &str, Cause)]) {
    for (who, message, expected) in table {
        let backing_off = format!(r#"Back-off pulling image "h.io/team/app:1": ErrImagePull: {message}"#);
        for (reason, message) in [("ErrImagePull", *message), ("ImagePullBackOff", &backing_off)] {
            for message in [message.to_owned(), message.to_uppercase()] {
                assert_eq!(cause(&waiting(reason, &message)), *expected, "{who}: {reason}: {message}");
            }
        }
    }
}

#[test]
fn reasons_that_say_enough() {
    let table = [
        ("InvalidImageName", InvalidName, true),
        ("ErrImageNeverPull", Local, true),
        ("ImageInspectError", Local, true),
        ("RegistryUnavailable", Network, true),
        ("SignatureValidationFailed", Signature, true),
        // raw errors of Go where a pull secret can't be decoded
        ("illegal base64 data at input byte 0", Malformed, true),
        ("unable to parse auth field, must be formatted as base64(username:password)", Malformed, true),
        ("invalid character 'x' looking for beginning of value", Malformed, true),
        ("unexpected end of JSON input", Malformed, true),
        ("json: cannot unmarshal string into Go struct field DockerConfigJSON.auths", Malformed, true),
        (r#"failed to record image pull intent: open "/var/lib/kubelet": no space left"#, Local, true),
        ("an error of a later kubelet", Unknown, true),
        // not about images
        ("ContainerCreating", Unknown, false),
        ("PodInitializing", Unknown, false),
        ("CrashLoopBackOff", Unknown, false),
        ("RunContainerError", Unknown, false),
        ("CreateContainerError", Unknown, false),
        ("CreateContainerConfigError", Unknown, false),
        (r#"runtimeclass.node.k8s.io "gvisor" not found"#, Unknown, false),
        ("", Unknown, false),
    ];
    for (reason, expected, about) in table {
        let message = "unauthorized: says nothing about a pull";
        for message in ["", reason, message] {
            assert_eq!(cause(&waiting(reason, message)), expected, "{reason}: {message}");
        }
        assert_eq!(is_about_image(reason), about, "{reason}");
    }
    assert!(is_about_image("ErrImagePull") && is_about_image("ImagePullBackOff"));
}

#[test]
fn a_back_off_repeats_the_reason_of_the_pull() {
    let table = [
        (r#"Back-off pulling image "h.io/app:1""#, Untold), // before 1.32, or after a restart
        (r#"Back-off pulling image "h.io/app:1": ErrImagePull: "#, Untold),
        (r#"Back-off pulling image "h.io/app:1"#, Untold), // cut off
        ("", Untold),
        (
            r#"Back-off pulling image "h.io/app:1": RegistryUnavailable: image pull failed for h.io/app:1 because the registry is unavailable: pinging container registry h.io"#,
            Network,
        ),
        (
            r#"Back-off pulling image "h.io/app:1": SignatureValidationFailed: image pull failed for h.io/app:1 because the signature validation failed: Source image rejected: A signature was required, but no signature exists"#,
            Signature,
        ),
        // 1.32 and before: not yet a reason of its own
        (
            r#"Back-off pulling image "h.io/app:1": ErrImagePull: illegal base64 data at input byte 4"#,
            Malformed,
        ),
        (r#"Back-off pulling image "h.io/app:1": ErrImagePull: pull QPS exceeded"#, Local),
        (r#"Back-off pulling image "h.io/app:1": something new"#, Unknown),
        ("something new", Unknown),
    ];
    for (message, expected) in table {
        assert_eq!(cause(&waiting("ImagePullBackOff", message)), expected, "{message}");
    }
}

#[test]
fn answers_to_several_credentials_are_weighed() {
    judge(&[
        (
            "kubelet, two entries for one host",
            r#"[failed to resolve reference "h.io/team/app:1": unexpected status from HEAD request to https://h.io/v2/team/app/manifests/1: 401 Unauthorized, rpc error: code = NotFound desc = failed to resolve reference "h.io/team/app:1": h.io/team/app:1: not found]"#,
            NotFound,
        ),
        (
            "kubelet with CRI-O",
            "[initializing source docker://h.io/team/app:1: unable to retrieve auth token: invalid username/password: unauthorized: authentication required, initializing source docker://h.io/team/app:1: reading manifest 1 in h.io/team/app: requested access to the resource is denied]",
            Denied,
        ),
        (
            "kubelet 1.31",
            "[unauthorized: authentication required, unauthorized: incorrect username or password]",
            Access,
        ),
    ]);
}

#[test]
fn what_a_probe_must_settle() {
    for ambiguous in [Denied, Untold] {
        assert!(ambiguous.is_ambiguous(), "{ambiguous:?}");
    }
    for clear in [Access, NotFound, Network, Unknown] {
        assert!(!clear.is_ambiguous(), "{clear:?}");
    }
}
