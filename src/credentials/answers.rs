//! What registries said of images that can't be pulled, for as long as a loop runs.
//!
//! A loop of ten seconds that asked each time would show a login thousands of times a day for one image that it
//! may not read, and meet the registry's rate limit by it. What is readable is asked about anew: its pods
//! are acted on, and then wait no more.

use std::time::Duration;

use tokio::time::Instant;

use crate::plan::{ProbeKey, Probed};
use crate::remembered::Remembered;

/// How long an answer is kept: as long as a node waits at most before it tries for itself.
const KEPT: Duration = Duration::from_mins(5);

/// The answers that passes of one process remember, but for those that an image is readable.
pub(super) struct Answers(Remembered<ProbeKey, Probed>);

impl Default for Answers {
    fn default() -> Self {
        Self(Remembered::so_long(KEPT))
    }
}

impl Answers {
    /// What was said not long before `now`.
    pub(super) fn recall(&self, key: &ProbeKey, now: Instant) -> Option<Probed> {
        self.0.recall(key, now)
    }

    /// Keeps what was said at `now`.
    pub(super) fn keep(&self, key: ProbeKey, answer: &Probed, now: Instant) {
        if !matches!(answer, Probed::Readable { .. }) {
            self.0.keep(key, answer.clone(), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Reach;
    use crate::plan::Probe;
    use crate::registry::{Entry, Host, Image};

    fn key(path: &str, password: &str) -> ProbeKey {
        let login = Entry { username: "u".into(), password: password.into(), email: None };
        let image = Image::parse(&format!("a.io/{path}")).unwrap();
        Probe { image, host: Host::parse("a.io").unwrap(), login: Some(login), reach: Reach::default() }.key()
    }

    #[test]
    fn what_is_kept_is_of_one_image_and_login_and_comes_to_an_end() {
        let (answers, now) = (Answers::default(), Instant::now());
        let missing = Probed::Missing("it has no such image".into());
        answers.keep(key("app:1", "p"), &missing, now);
        answers.keep(key("app:2", "p"), &Probed::Readable { digest: None, anonymously: true }, now);
        let table = [
            ("app:1", "p", 299, Some(missing)),
            ("app:1", "another", 0, None),
            ("app:2", "p", 0, None),
            ("app:1", "p", 300, None),
        ];
        for (path, password, seconds, answer) in table {
            let then = now + Duration::from_secs(seconds);
            assert_eq!(answers.recall(&key(path, password), then), answer, "{path} {password} {seconds}");
        }
    }
}
