//! The registries of an entry that names a credential provider plugin of the kubelet.
//!
//! The kubelet asks about an image that it is to pull. A pass asks about registries: those that are written
//! out in the entry's patterns, those that pods wait for, and those that the plugin answered for before.

use std::collections::BTreeSet;
use std::path::Path;

use futures::StreamExt;
use futures::stream;

use super::plugin::{self, Answer};
use super::{Lives, Patience, credential};
use crate::config::Programs;
use crate::plan::{Given, SourceFailure};
use crate::registry::Host;

/// The most runs of one plugin at a time.
const AT_ONCE: usize = 4;
/// Stands for a part of a name that a glob leaves open.
const ANY: &str = "any";

/// A plugin as the configuration has it.
pub(super) struct Plugin<'a> {
    pub(super) command: &'a Path,
    pub(super) args: &'a [String],
    pub(super) programs: &'a Programs,
}

impl Plugin<'_> {
    /// What it answers, joined.
    pub(super) async fn given(&self, expected: &BTreeSet<Host>, lives: Lives) -> Given {
        let about = about(expected);
        let patience = Patience::new();
        let ask = async |image: &String| match patience.check() {
            Ok(()) => plugin::ask(self.command, self.args, self.programs, image).await,
            Err(late) => Err(format!("{} {late}", self.command.display())),
        };
        let mut answers = stream::iter(about.iter().map(ask)).buffered(AT_ONCE);
        let mut given = Given::default();
        while let Some(answer) = answers.next().await {
            match answer {
                Ok(answer) => add(&mut given, answer, lives),
                Err(failure) => given.failures.push((None, SourceFailure(failure))),
            }
        }
        given
    }
}

/// What to ask about, of what is missing or due.
fn about(expected: &BTreeSet<Host>) -> Vec<String> {
    let is_glob = |text: &str| text.contains('*');
    let mut about: Vec<String> =
        expected.iter().map(ToString::to_string).filter(|host| !is_glob(host)).collect();
    if about.is_empty() {
        // It answered with globs alone before: any registry that they match will do.
        about.extend(expected.iter().take(1).map(|host| host.as_str().replace('*', ANY)));
    }
    about
}

fn add(given: &mut Given, answer: Answer, lives: Lives) {
    // Zero is good now, and nothing is known of its end.
    let life = answer.lasts.map_or(lives.untold(), |lasts| lives.at_least(lasts));
    for (host, entry) in answer.auth {
        if !given.credentials.iter().any(|known| known.host == host) {
            given.credentials.push(credential(host, entry, Some(life)));
        }
    }
    given.remarks.extend(answer.remarks);
}
