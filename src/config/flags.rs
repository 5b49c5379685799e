//! The flags of eatr, an older tool that was told all of its settings by them: `6h` after
//! `--auth-token-renewal-interval` renews what is that old, as often as needed.
//!
//! They win over everything else. eatr always was a loop, so either of them makes one: with an interval that lies
//! below everything else.

use std::time::Duration;

use super::text::FromText;
use super::tree::{Layer, Node, Source, Value};
use super::variables::under;

/// What flags say, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--auth-token-renewal-interval`: renew what is that old.
    pub renewal: Option<String>,
    /// `--informers-resync-interval`: look at everything so often.
    pub resync: Option<String>,
}

const RENEWAL: &str = "--auth-token-renewal-interval";
const RESYNC: &str = "--informers-resync-interval";

/// Puts the flags' layers around those that are there.
pub(super) fn apply(flags: &Flags, layers: &mut Vec<Layer>) {
    if let Some(interval) = interval(flags) {
        layers.insert(0, interval);
    }
    if let Some(every) = &flags.renewal {
        // The other way to say it, which `every` excludes.
        let before = ["refresh", "before"].map(str::to_owned);
        for layer in layers.iter_mut() {
            layer.tree.remove(&before);
        }
        layers.push(layer(RENEWAL, "refresh.every", every));
    }
    if let Some(resync) = &flags.resync {
        layers.push(layer(RESYNC, "time.resync", resync));
    }
}

/// The shorter of the two, for a pass can't look at everything more often than it is made, nor renew so. A bad one
/// is told by its own key.
fn interval(flags: &Flags) -> Option<Layer> {
    let flags = [(RENEWAL, &flags.renewal), (RESYNC, &flags.resync)];
    let good = flags.into_iter().filter_map(|(flag, text)| {
        let text = text.as_deref()?;
        let time = Duration::from_text(text).ok().filter(|time| !time.is_zero())?;
        Some((time, flag, text))
    });
    good.min().map(|(_, flag, text)| layer(flag, "time.interval", text))
}

fn layer(flag: &'static str, key: &str, text: &str) -> Layer {
    let value = Node { line: 1, value: Value::Scalar(text.to_owned()) };
    Layer { source: Source::Flag(flag), tree: under(key, value) }
}
