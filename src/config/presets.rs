//! The older tools whose configuration works here unchanged.
//!
//! A preset is one row of a table: what gives the older tool's file away, and the settings that
//! make this program behave like that tool. Those settings are a layer between the defaults and
//! the file, so every key that the user writes overrides them.

use std::time::Duration;

/// An older tool whose configuration was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// `private-repo-patcher`, the oldest tool: one registry, in a block named `registry`.
    PrivateRepoPatcher,
}

struct Row {
    name: &'static str,
    key: &'static str,
    defaults: &'static str,
    lenient: bool,
    interval: Option<Duration>,
}

const PRIVATE_REPO_PATCHER: Row = Row {
    name: "private-repo-patcher",
    key: "registry",
    defaults: "{secret: {create: true, adopt: merge}, serviceAccounts: all, pods: {heal: all, maxEvictions: 1000000}}",
    lenient: true,
    interval: Some(Duration::from_secs(10)),
};

impl Preset {
    /// Every preset, in the order in which they are looked for.
    pub const ALL: [Self; 1] = [Self::PrivateRepoPatcher];

    const fn row(self) -> &'static Row {
        match self {
            Self::PrivateRepoPatcher => &PRIVATE_REPO_PATCHER,
        }
    }

    /// The older tool's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The top-level key that gives the older tool's file away.
    #[must_use]
    pub const fn key(self) -> &'static str {
        self.row().key
    }

    /// The settings that make this program behave like the older tool, as YAML.
    #[must_use]
    pub const fn defaults(self) -> &'static str {
        self.row().defaults
    }

    /// Did the older tool ignore keys it did not know? Then they are a warning here, not an error.
    #[must_use]
    pub const fn is_lenient(self) -> bool {
        self.row().lenient
    }

    /// The loop's interval where `time` is written without one.
    #[must_use]
    pub const fn interval(self) -> Option<Duration> {
        self.row().interval
    }
}
