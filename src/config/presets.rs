//! The older tools whose configuration works here unchanged.
//!
//! A preset is one row of a table: what gives the older tool away, the settings that make this program
//! behave like it, and the variables that it reads. Those settings are a layer between the defaults and
//! the file, so every key that the user writes overrides them; its variables are a layer above the file.

use std::collections::BTreeMap;
use std::time::Duration;

/// An older tool whose configuration was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// `private-repo-patcher`, the oldest tool: one registry, in a block named `registry`.
    PrivateRepoPatcher,
    /// `k8s-ecrupdater`: variables alone, the first of them `K8S_PULL_SECRET_NAME`.
    EcrUpdater,
    /// `k8s-proxy-image-swapper`: a variable alone, `PROXY_URL` or `REGISTRY_URL`.
    ImageSwapper,
}

/// What gives an older tool away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A top-level key.
    Key(&'static str),
    /// A variable.
    Variable(&'static str),
}

struct Row {
    name: &'static str,
    sign: Sign,
    defaults: &'static str,
    variables: &'static [(&'static str, &'static str)],
    lenient: bool,
    interval: Option<Duration>,
}

const PRIVATE_REPO_PATCHER: Row = Row {
    name: "private-repo-patcher",
    sign: Sign::Key("registry"),
    defaults: "{secret: {create: true, adopt: merge}, serviceAccounts: all, pods: {heal: all, maxEvictions: 1000000}}",
    variables: &[],
    lenient: true,
    interval: Some(Duration::from_secs(10)),
};

const ECR_UPDATER: Row = Row {
    name: "k8s-ecrupdater",
    sign: Sign::Variable(PULL_SECRET_NAME),
    defaults: "{namespaces: {include: ['*']}, registries: [{ecr: {}}], secret: {create: false, adopt: replace}, \
               serviceAccounts: none, pods: {heal: off}, time: {interval: 3600}}",
    variables: &[
        (PULL_SECRET_NAME, "secret.name"),
        (CREATE_MISSING, "secret.create"),
        ("ECR_UPDATE_INTERVAL", "time.interval"),
    ],
    lenient: false,
    interval: None,
};

const IMAGE_SWAPPER: Row = Row {
    name: "k8s-proxy-image-swapper",
    sign: Sign::Variable(PROXY_VARIABLES[0]),
    defaults: "{namespaces: {include: ['*']}, serviceAccounts: none}",
    variables: &[],
    lenient: false,
    interval: None,
};

/// Where k8s-proxy-image-swapper was told its proxy: as its users know it, and in its code.
const PROXY_VARIABLES: [&str; 2] = ["PROXY_URL", "REGISTRY_URL"];
const PULL_SECRET_NAME: &str = "K8S_PULL_SECRET_NAME";
const CREATE_MISSING: &str = "ECR_CREATE_MISSING";

/// Do we stand in for `k8s-ecrupdater`? Only then do its other variables speak of us: their names are common.
#[must_use]
pub fn is_ecr_updater(env: &BTreeMap<String, String>) -> bool {
    Preset::EcrUpdater.sign().is_in(env)
}

/// The proxy that k8s-proxy-image-swapper's variable names, with that variable.
pub(super) fn proxy(env: &BTreeMap<String, String>) -> Option<(&'static str, &str)> {
    PROXY_VARIABLES.into_iter().find_map(|name| {
        let url = env.get(name)?.trim();
        (!url.is_empty()).then_some((name, url))
    })
}

impl Preset {
    /// The presets that stand for all of a configuration, in the order in which they are looked for. A proxy may be
    /// set beside them, or beside anything else.
    pub(super) const ALL: [Self; 2] = [Self::PrivateRepoPatcher, Self::EcrUpdater];

    const fn row(self) -> &'static Row {
        match self {
            Self::PrivateRepoPatcher => &PRIVATE_REPO_PATCHER,
            Self::EcrUpdater => &ECR_UPDATER,
            Self::ImageSwapper => &IMAGE_SWAPPER,
        }
    }

    /// The older tool's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// What gives the older tool away.
    pub(super) const fn sign(self) -> Sign {
        self.row().sign
    }

    /// The settings that make this program behave like the older tool, as YAML.
    pub(super) const fn defaults(self) -> &'static str {
        self.row().defaults
    }

    /// The older tool's variables that are set, with the key and the value that each of them stands for.
    pub(super) fn variables(
        self,
        env: &BTreeMap<String, String>,
    ) -> Vec<(&'static str, &'static str, String)> {
        let set = |(name, key): &(&'static str, &'static str)| {
            let value = env.get(*name).filter(|value| !value.is_empty())?;
            // Anything but "true" was no to the older tool.
            let value = match *name {
                CREATE_MISSING => value.eq_ignore_ascii_case("true").to_string(),
                _ => value.clone(),
            };
            Some((*name, *key, value))
        };
        self.row().variables.iter().filter_map(set).collect()
    }

    /// Did the older tool ignore keys it did not know? Then they are a warning here, not an error.
    #[must_use]
    pub const fn is_lenient(self) -> bool {
        self.row().lenient
    }

    /// The loop's interval where `time` is written without one.
    pub(super) const fn interval(self) -> Option<Duration> {
        self.row().interval
    }
}

impl Sign {
    /// Is it a variable, and set?
    pub(super) fn is_in(self, env: &BTreeMap<String, String>) -> bool {
        matches!(self, Self::Variable(name) if env.get(name).is_some_and(|value| !value.is_empty()))
    }

    /// The key or variable itself.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Key(name) | Self::Variable(name) => name,
        }
    }
}
