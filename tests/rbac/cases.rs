//! The configurations that are tried, and what a pass does with each in the same world.
//!
//! `@P@` is the prefix of a trial, `@HOST@` the registry, `@PROXY@` the proxy.

/// A configuration.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) settings: &'static str,
    pub(crate) env: &'static [(&'static str, &'static str)],
    /// What is there that a pass finds work in.
    pub(crate) world: &'static [Part],
    /// What is done, in the order of its words: `VERB KIND NAMESPACE/NAME`.
    pub(crate) done: &'static [&'static str],
    pub(crate) how: How,
}

/// A part of the world, for what is not everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Pods that wait for an image of the registry.
    Pods,
    /// A pod that waits for an image that a rule leads elsewhere.
    Led,
    /// Secrets that hold credentials.
    Credentials,
    /// A Secret of ours in a namespace that isn't chosen.
    Left,
    /// Secrets of our names that aren't ours.
    Foreign,
    /// What rewrites images when pods are made.
    Admission,
}

/// How the program is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// One pass.
    Once,
    /// A loop, and what happens while it runs. Only what it may do besides a pass is taken away.
    Loop,
    /// The same for one that looks where pods wait, between passes over all.
    Waiting,
}

use How::{Loop, Once, Waiting};
use Part::{Admission, Credentials, Foreign, Led, Left, Pods};

const CREATED: &str = "create Secret @P@-a/pullkeeper";
const PATCHED: &str = "update Secret @P@-a/drifted";
const RECREATED: &str = "recreate Secret @P@-a/frozen";
const ACCOUNT: &str = "patch ServiceAccount @P@-a/default";
const NUDGED: &str = "nudge Pod @P@-a/named";
const EVICTED: &str = "evict Pod @P@-a/unnamed";
const OF_JOB: &str = "evict Pod @P@-a/of-job";
const REWRITTEN: &str = "rewrite Pod @P@-a/led";

/// Three Secrets, for three states of a Secret.
macro_rules! settings {
    ($($more:expr),* $(,)?) => {
        concat!(
            "registries:\n\
             - {host: '@HOST@', username: admin, password: {env: PASS}, insecure: true}\n\
             - {host: '@HOST@', username: admin, password: {env: PASS}, insecure: true, secretName: drifted}\n\
             - {host: '@HOST@', username: admin, password: {env: PASS}, insecure: true, secretName: frozen}\n",
            $($more),*
        )
    };
}

macro_rules! everywhere {
    ($($more:expr),* $(,)?) => { settings!("namespaces: ['@P@-*']\n", $($more),*) };
}

macro_rules! rules {
    ($($more:expr),* $(,)?) => {
        concat!(
            "namespaces: ['@P@-*']\ninstance: '@P@'\npods: {heal: off}\n\
             images: {rewrite: [{from: docker.io, to: '@PROXY@', insecure: true}], webhook: {namespace: home-@P@}, ",
            $($more),*
        )
    };
}

/// Those that wait for something come first.
pub(crate) const CASES: [Case; 24] = [
    Case {
        name: "rewrites",
        settings: everywhere!(
            "pods: {nudge: false, maxEvictions: 0}\nserviceAccounts: none\n\
             images: {rewrite: [{from: docker.io, to: '@PROXY@', insecure: true}], admission: off}\n"
        ),
        env: &[],
        world: &[Led],
        done: &[CREATED, PATCHED, RECREATED, REWRITTEN],
        how: Once,
    },
    // k8s-proxy-image-swapper's variable alone, but for what keeps trials apart.
    Case {
        name: "swapper",
        settings: "{}\n",
        env: &[
            ("PROXY_URL", "http://@PROXY@"),
            ("PULLKEEPER_NAMESPACES", "['@P@-*']"),
            ("PULLKEEPER_INSTANCE", "@P@"),
            ("PULLKEEPER_IMAGES__WEBHOOK__NAMESPACE", "home-@P@"),
        ],
        world: &[Led, Admission],
        done: &[REWRITTEN],
        how: Once,
    },
    Case {
        name: "loop",
        settings: everywhere!("time: {interval: 1h}\nmetrics: {listen: off}\npods: {heal: off}\n"),
        env: &[],
        world: &[],
        done: &[CREATED, "create Secret @P@-new/pullkeeper", "patch ServiceAccount @P@-new/default"],
        how: Loop,
    },
    Case {
        name: "named-loop",
        settings: settings!(
            "namespaces: ['@P@-a']\nserviceAccounts: default\n\
             time: {interval: 1h}\nmetrics: {listen: off}\npods: {heal: off}\n"
        ),
        env: &[],
        world: &[],
        done: &[CREATED, ACCOUNT],
        how: Loop,
    },
    // Where namespaces are named, it looks there alone.
    Case {
        name: "named-waiting",
        settings: settings!(
            "namespaces: ['@P@-a']\nserviceAccounts: default\npods: {heal: all}\n\
             time: {interval: 1, resync: 1h}\nmetrics: {listen: off}\n"
        ),
        env: &[],
        world: &[],
        done: &[CREATED, ACCOUNT, "delete Pod @P@-a/late"],
        how: Waiting,
    },
    // The oldest tool's file.
    Case {
        name: "oldest",
        settings: "namespaces: ['@P@-*']\ntime: {interval: 1, resync: 3600}\n\
            registry: {host: '@HOST@', username: admin, password: s3cret, insecure: true}\n",
        env: &[],
        world: &[Pods],
        done: &[CREATED, ACCOUNT, "delete Pod @P@-a/late"],
        how: Waiting,
    },
    Case {
        name: "plain",
        settings: everywhere!(),
        env: &[],
        world: &[Pods],
        done: &[CREATED, PATCHED, RECREATED, ACCOUNT, NUDGED, EVICTED, OF_JOB],
        how: Once,
    },
    Case {
        name: "named",
        settings: settings!("namespaces: ['@P@-a']\n"),
        env: &[],
        world: &[Pods],
        done: &[CREATED, PATCHED, RECREATED, ACCOUNT, NUDGED, EVICTED, OF_JOB],
        how: Once,
    },
    // No entry is for the other: it is only looked at.
    Case {
        name: "unserved",
        settings: "registries:\n\
             - {host: '@HOST@', username: admin, password: {env: PASS}, insecure: true, namespaces: ['@P@-b']}\n\
             namespaces: ['@P@-a']\n",
        env: &[],
        world: &[Pods],
        done: &[],
        how: Once,
    },
    // An entry that is for no namespace here: its Secret is only looked for.
    Case {
        name: "narrowed",
        settings: settings!(
            "- {host: '@HOST@', username: admin, password: {env: PASS}, insecure: true, secretName: elsewhere, \
             namespaces: ['@P@-b']}\nnamespaces: ['@P@-a']\npods: {heal: off}\n"
        ),
        env: &[],
        world: &[],
        done: &[CREATED, PATCHED, RECREATED, ACCOUNT],
        how: Once,
    },
    Case {
        name: "no-healing",
        settings: everywhere!("pods: {heal: off}\n"),
        env: &[],
        world: &[Pods],
        done: &[CREATED, PATCHED, RECREATED, ACCOUNT],
        how: Once,
    },
    Case {
        name: "no-nudge",
        settings: everywhere!("pods: {nudge: false}\n"),
        env: &[],
        world: &[Pods],
        done: &[CREATED, PATCHED, RECREATED, ACCOUNT, EVICTED, OF_JOB],
        how: Once,
    },
    Case {
        name: "no-evictions",
        settings: everywhere!("pods: {maxEvictions: 0}\n"),
        env: &[],
        world: &[Pods],
        done: &[CREATED, PATCHED, RECREATED, ACCOUNT, NUDGED],
        how: Once,
    },
    Case {
        name: "heal-all",
        settings: everywhere!("pods: {heal: all}\n"),
        env: &[],
        world: &[Pods],
        done: &[CREATED, PATCHED, RECREATED, ACCOUNT, "delete Pod @P@-a/named", "delete Pod @P@-a/unnamed"],
        how: Once,
    },
    Case {
        name: "only-looks",
        settings: everywhere!("pods: {nudge: false, maxEvictions: 0}\n"),
        env: &[],
        world: &[Pods],
        done: &[CREATED, PATCHED, RECREATED, ACCOUNT],
        how: Once,
    },
    Case {
        name: "no-accounts",
        settings: everywhere!("serviceAccounts: none\n"),
        env: &[],
        world: &[Pods],
        done: &[CREATED, PATCHED, RECREATED, NUDGED],
        how: Once,
    },
    Case {
        name: "one-account",
        settings: everywhere!("serviceAccounts: default\npods: {heal: off}\n"),
        env: &[],
        world: &[],
        done: &[CREATED, PATCHED, RECREATED, ACCOUNT],
        how: Once,
    },
    Case {
        name: "two-accounts",
        settings: everywhere!("serviceAccounts: [default, builder]\npods: {heal: off}\n"),
        env: &[],
        world: &[],
        done: &[CREATED, PATCHED, RECREATED, ACCOUNT],
        how: Once,
    },
    Case {
        name: "no-create",
        settings: everywhere!("secret: {create: false, adopt: merge}\npods: {heal: off}\n"),
        env: &[],
        world: &[Foreign],
        done: &["update Secret @P@-a/pullkeeper", PATCHED, ACCOUNT],
        how: Once,
    },
    Case {
        name: "prune",
        settings: everywhere!("secret: {create: false, prune: true}\ninstance: '@P@'\npods: {heal: off}\n"),
        env: &[],
        world: &[Left],
        done: &[PATCHED, ACCOUNT, "delete Secret left-@P@/drifted", "patch ServiceAccount left-@P@/default"],
        how: Once,
    },
    Case {
        name: "credentials",
        settings: "namespaces: ['@P@-*']\npods: {heal: off}\nserviceAccounts: none\nregistries:\n\
            - {host: '@HOST@', username: admin, password: {secret: {namespace: home-@P@, name: login}}, insecure: true}\n\
            - {dockerConfig: {secret: {namespace: home-@P@, name: file}}, secretName: drifted}\n\
            - {host: '@HOST@', username: admin, password: {secret: {namespace: vault-@P@, name: login}}, insecure: true, secretName: frozen}\n",
        env: &[],
        world: &[Credentials],
        done: &[CREATED, PATCHED, RECREATED],
        how: Once,
    },
    Case {
        name: "policy",
        settings: rules!("admission: policy}\n"),
        env: &[],
        world: &[Admission],
        done: &["update MutatingAdmissionPolicy pullkeeper-images-@P@"],
        how: Once,
    },
    Case {
        name: "webhook",
        settings: rules!("admission: webhook}\n"),
        env: &[],
        world: &[Admission],
        done: &["update MutatingWebhookConfiguration pullkeeper-images-@P@"],
        how: Once,
    },
    // k8s-ecrupdater's variables; its registry is another here, for AWS is none of this.
    Case {
        name: "updater",
        settings: "namespaces: ['@P@-*']\n\
            registries: [{host: '@HOST@', username: admin, password: {env: PASS}, insecure: true}]\n",
        env: &[("K8S_PULL_SECRET_NAME", "drifted"), ("ECR_UPDATE_INTERVAL", "3600")],
        world: &[Pods],
        done: &[PATCHED],
        how: Once,
    },
];
