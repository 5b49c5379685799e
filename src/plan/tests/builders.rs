//! Configurations, snapshots and evidence that read as the case they are.

use jiff::Timestamp;
use secrecy::ExposeSecret;

use crate::config::{
    Adopt, AwsLogin, Config, Heal, Metrics, NameSet, Namespaces, Password, Pods, Reach, Refresh, Registry,
    ServiceAccounts, Source,
};
use crate::plan::secrets::{Action, Content, MANAGED_BY};
use crate::plan::{
    Added, Controller, Credential, Evidence, Exit, Given, Job, NEVER_STARTED, Namespace, ORIGINAL, Pod,
    Probed, Secret, ServiceAccount, Snapshot, SourceFailure, Spelling, Trust, Waiting, noted, originals,
    questions,
};
use crate::registry::{DockerConfig, Entry, Host, Prefix, Rule};

pub(super) const TYPE: &str = "kubernetes.io/dockerconfigjson";

pub(super) const IMAGE: &str = "harbor.example.com/team/app:1";
pub(super) const REFUSED: &str = "unexpected status from HEAD request: 401 Unauthorized";

pub(super) fn now() -> Timestamp {
    "2026-11-21T03:00:00Z".parse().unwrap()
}

/// Some minutes before [`now`].
pub(super) fn ago(minutes: i64) -> Timestamp {
    now() - jiff::SignedDuration::from_mins(minutes)
}

/// One registry, harbor.example.com, and the defaults for everything else.
pub(super) fn config() -> Config {
    Config {
        namespaces: Namespaces { names: NameSet::new(&["*"], &[]).unwrap(), selector: None },
        images: crate::config::Images::default(),
        registries: vec![registry("harbor.example.com")],
        instance: "default".into(),
        create: true,
        adopt: Adopt::No,
        prune: false,
        service_accounts: ServiceAccounts::All,
        pods: Pods { heal: Heal::Auto, nudge: true, max_evictions: 50, evict_running: false },
        refresh: Refresh::Half,
        verify: true,
        time: None,
        metrics: Metrics::default(),
        preset: None,
    }
}

pub(super) fn registry(host: &str) -> Registry {
    let password = Password::Text("unused".into());
    Registry {
        source: Source::Static { username: "admin".into(), password, email: None },
        hosts: vec![Host::parse(host).unwrap()],
        reach: Reach::default(),
        secret_name: "pullkeeper".into(),
        namespaces: None,
    }
}

/// The host that [`ecr`] tells when it is asked.
pub(super) const ECR: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";

/// ECR, of whichever account answers.
pub(super) fn ecr() -> Registry {
    let source = Source::Ecr { region: Some("eu-west-1".into()), account: None, login: AwsLogin::default() };
    Registry { source, hosts: Vec::new(), ..registry(ECR) }
}

pub(super) fn entry(password: &str) -> Entry {
    Entry { username: "admin".into(), password: password.into(), email: None }
}

/// A credential that never ends.
pub(super) fn credential(host: &str, password: &str) -> Credential {
    Credential {
        host: Host::parse(host).unwrap(),
        entry: entry(password),
        life: None,
        trust: Trust::Accepted,
    }
}

/// What a source gave.
#[allow(clippy::unnecessary_wraps)] // as the evidence is
pub(super) fn given(credentials: Vec<Credential>) -> Option<Result<Given, SourceFailure>> {
    Some(Ok(Given { credentials, ..Given::default() }))
}

/// What the one registry's source gave.
pub(super) fn evidence(password: &str) -> Evidence {
    Evidence::of(vec![given(vec![credential("harbor.example.com", password)])])
}

/// The one registry's source failed.
pub(super) fn failed() -> Evidence {
    Evidence::of(vec![Some(Err(SourceFailure("no luck".into())))])
}

/// The evidence with all that pods make us ask, each image and Job answered alike.
pub(super) fn answered(
    config: &Config,
    snapshot: &Snapshot,
    mut evidence: Evidence,
    probed: &Probed,
    job: &Result<Job, String>,
    at: Timestamp,
) -> Evidence {
    // The first answers may lead to other questions.
    for _ in 0..2 {
        let questions = questions(config, snapshot, &evidence, at);
        evidence.probed.extend(questions.probes.iter().map(|probe| (probe.key(), probed.clone())));
        evidence.jobs.extend(questions.jobs.into_iter().map(|key| (key, job.clone())));
    }
    evidence
}

/// What the registry says of an image that our login reads.
pub(super) fn readable() -> Probed {
    Probed::Readable { digest: Some(DIGEST.into()), anonymously: false }
}

pub(super) const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A Secret that somebody else made, with one entry.
pub(super) fn secret(host: &str, password: &str) -> Secret {
    let mut config = DockerConfig::default();
    config.set(host, &entry(password));
    Secret {
        uid: "uid".into(),
        resource_version: "1".into(),
        type_: TYPE.into(),
        docker_config: Some(config.to_json()),
        changed: Some(ago(60)),
        ..Secret::default()
    }
}

/// The Secret as it is after `action` on what was `seen`.
pub(super) fn written(action: &Action, seen: Option<&Secret>, at: Timestamp) -> Secret {
    let fresh = |content: &Content| Secret {
        uid: "fresh".into(),
        resource_version: "1".into(),
        type_: content.form.type_().into(),
        managed_by: Some(MANAGED_BY.into()),
        instance: Some("default".into()),
        state: Some(content.state.clone()),
        docker_config: content.docker_config.clone(),
        changed: Some(at),
        ..Secret::default()
    };
    match action {
        Action::Create(content) | Action::Recreate { content, .. } => fresh(content),
        Action::Update { content, .. } => {
            let seen = seen.expect("an update is of what was seen").clone();
            let docker_config = content.docker_config.clone().or(seen.docker_config);
            Secret { state: Some(content.state.clone()), docker_config, changed: Some(at), ..seen }
        }
    }
}

/// The note that a name was added at that time.
pub(super) fn added(name: &str, at: Timestamp) -> Added {
    Added::parse(&format!(r#"{{"{name}":"{at}"}}"#))
}

/// A Secret's docker config, in clear.
pub(super) fn text(secret: &Secret) -> &str {
    secret.docker_config.as_ref().unwrap().expose_secret()
}

/// A namespace as it was seen.
#[derive(Default)]
pub(super) struct Seen(Namespace);

pub(super) fn namespace() -> Seen {
    Seen::default()
}

impl Seen {
    pub(super) fn service_account(mut self, name: &str, pull_secrets: &[&str]) -> Self {
        // One that doesn't name our Secret was never patched.
        let added = if pull_secrets.contains(&"pullkeeper") {
            added("pullkeeper", ago(60))
        } else {
            Added::default()
        };
        let pull_secrets = pull_secrets.iter().map(|name| (*name).to_owned()).collect();
        let account = ServiceAccount { pull_secrets, added, ..ServiceAccount::default() };
        self.0.service_accounts.insert(name.into(), account);
        self
    }

    pub(super) fn secret(mut self, name: &str, secret: Secret) -> Self {
        self.0.secrets.insert(name.into(), secret);
        self
    }

    pub(super) fn pod(mut self, pod: Pod) -> Self {
        self.0.pods.push(pod);
        self
    }

    pub(super) fn in_(self, name: &str) -> Snapshot {
        let mut snapshot = Snapshot::default();
        snapshot.namespaces.insert(name.into(), self.0);
        snapshot
    }
}

/// A pod that waits for [`IMAGE`], refused by the registry; made long ago by a ReplicaSet as the
/// default ServiceAccount.
pub(super) fn pod() -> Pod {
    Pod {
        name: "web".into(),
        uid: "uid".into(),
        resource_version: "1".into(),
        created: Some(ago(120)),
        service_account: "default".into(),
        controller: owner("ReplicaSet"),
        exits: vec![Exit { container: "app".into(), code: Some(NEVER_STARTED) }],
        waiting: vec![waiting(REFUSED)],
        ..Pod::default()
    }
}

/// What a nudge makes of a pod.
pub(super) fn nudge(pod: &mut Pod, spellings: &[Spelling], at: Timestamp) {
    pod.nudged = Some(serde_json::to_string(&noted(pod, spellings, at)).unwrap());
    spell(pod, spellings);
}

/// What a rewrite makes of a pod.
pub(super) fn rewrite(pod: &mut Pod, spellings: &[Spelling]) {
    for (key, image) in originals(pod, spellings) {
        pod.originals.insert(key.strip_prefix(ORIGINAL).unwrap().to_owned(), image);
    }
    spell(pod, spellings);
}

fn spell(pod: &mut Pod, spellings: &[Spelling]) {
    for spelling in spellings {
        let waiting = pod.waiting.iter_mut().find(|waiting| waiting.container == spelling.container).unwrap();
        assert_eq!(waiting.image, spelling.from);
        waiting.image.clone_from(&spelling.to);
    }
}

/// Images of `from` are led to `to`.
pub(super) fn rule(from: &str, to: &str) -> Rule {
    let prefix = |text: &str| Prefix::parse(text).unwrap();
    Rule { from: prefix(from), to: prefix(to), drop_library: false }
}

/// A controller of Kubernetes' own, or another.
pub(super) fn controller(kind: &str, name: &str) -> Controller {
    let api_version = match kind {
        "ReplicationController" => "v1",
        "ReplicaSet" | "StatefulSet" | "DaemonSet" => "apps/v1",
        "Job" => "batch/v1",
        _ => "example.com/v1",
    };
    Controller { api_version: api_version.into(), kind: kind.into(), name: name.into() }
}

#[allow(clippy::unnecessary_wraps)] // as the field is
pub(super) fn owner(kind: &str) -> Option<Controller> {
    Some(controller(kind, "owner"))
}

pub(super) fn waiting(message: &str) -> Waiting {
    Waiting {
        container: "app".into(),
        image: IMAGE.into(),
        reason: "ImagePullBackOff".into(),
        message: message.into(),
        ..Waiting::default()
    }
}
