//! What a Secret should hold: composed anew, or merged into what somebody else wrote.

use secrecy::ExposeSecret;

use super::claims::{Claim, Fate, claims};
use super::ends::EndsOf;
use super::state::{Noted, State};
use super::{BySource, Content, Kept, Wanted};
use crate::plan::{Credential, Life, Secret};
use crate::registry::{DockerConfig, Form, Host, PUBLIC_HOSTS, same_registry};

/// A Secret's content as it should be, and how that came about.
#[derive(Default)]
pub(super) struct Composed {
    pub(super) config: DockerConfig,
    pub(super) state: State,
    /// The hosts that it is for, whether it has a credential of them or not.
    pub(super) hosts: Vec<Host>,
    /// Those of them for which a pod that names the Secret can pull, each with its source's place.
    pub(super) serves: Vec<(usize, Host)>,
    /// What it means for the sources.
    pub(super) sources: BySource,
    /// When its entries end.
    pub(super) ends: EndsOf,
    /// Every entry that is written takes the place of one that was good, and is due.
    pub(super) renews: bool,
    /// A source was not asked though the Secret lacks it: so it can't be written. See [`lacking`](super::lacking()).
    pub(super) waits: bool,
}

/// Exactly what is wanted; of a host that got no credential, what was there. `owned` is a Secret of ours.
pub(super) fn compose(wanted: &Wanted, there: Option<&DockerConfig>, noted: &State, owned: bool) -> Composed {
    let nothing = DockerConfig::default();
    let was = Was { there: there.unwrap_or(&nothing), noted };
    let claims = claims(wanted, noted);
    let mut composed = Composed { renews: true, ..Composed::default() };
    for claim in &claims {
        match claim.fate {
            Fate::Set(credential) if was.is_in_place(wanted, claim, credential) => {
                composed.keep(&claim.host.keys(), was.there);
                composed.note(claim, was.note(wanted, claim, credential));
            }
            Fate::Set(credential) => composed.set(wanted, claim, credential, &was),
            Fate::Keep { failed: true, .. } if owned && was.blocks_public_pulls(wanted, claim) => {
                composed.sources.expired.push(claim.host.clone());
            }
            Fate::Keep { failed, .. } => {
                let good = was.good(&claim.host);
                composed.keep(&good, was.there);
                let note = was.noted.get(claim.host.as_str()).filter(|_| !good.is_empty());
                if let Some(note) = note {
                    composed.note(claim, note.clone());
                }
                composed.count(wanted, claim, failed, !good.is_empty(), &was);
            }
        }
    }
    if wanted.sources.iter().any(|source| source.is_unknown(wanted, noted)) {
        let all: Vec<_> = was.there.keys().filter(|key| was.there.is_usable(key)).collect();
        composed.keep(&all, was.there);
    }
    composed.finish(wanted, &claims, noted)
}

/// What is there, with our hosts put in, under whatever spelling they were.
pub(super) fn merge(wanted: &Wanted, there: &DockerConfig, noted: &State) -> Composed {
    let was = Was { there, noted };
    let claims = claims(wanted, noted);
    let mut composed =
        Composed { config: there.clone(), state: noted.clone(), renews: true, ..Composed::default() };
    for claim in &claims {
        match claim.fate {
            Fate::Set(credential) if was.is_in_place(wanted, claim, credential) => {
                // Of what was there without us, nothing is noted.
                if noted.contains_key(claim.host.as_str()) {
                    composed.note(claim, was.note(wanted, claim, credential));
                }
            }
            Fate::Set(credential) => {
                let keys = claim.host.keys();
                for other in spellings(there, &claim.host).into_iter().filter(|key| !keys.contains(key)) {
                    composed.config.remove(other);
                }
                composed.set(wanted, claim, credential, &was);
            }
            Fate::Keep { failed, .. } => {
                composed.count(wanted, claim, failed, holds_usable(there, &claim.host), &was);
            }
        }
    }
    composed.finish(wanted, &claims, noted)
}

/// What a Secret held before.
struct Was<'a> {
    there: &'a DockerConfig,
    noted: &'a State,
}

impl Was<'_> {
    /// Is what it holds as good as `credential`? One that ends is replaced only when it is due.
    fn is_in_place(&self, wanted: &Wanted, claim: &Claim<'_>, credential: &Credential) -> bool {
        let note = self.noted.get(claim.host.as_str());
        let fresh = |note: &Noted| note.is_fresh(wanted, claim.source, self.there, &claim.host);
        match credential.life {
            None => claim.is_held_in(self.there, credential),
            // Of which nothing is told, and which is still the same: only its age was due.
            Some(Life { expires: None, until: None, .. })
                if note.is_some_and(|note| note.is_of(wanted, claim.source))
                    && claim.is_held_in(self.there, credential) =>
            {
                true
            }
            Some(_) => note.is_some_and(fresh),
        }
    }

    /// The note on an entry that is in place.
    fn note(&self, wanted: &Wanted, claim: &Claim<'_>, credential: &Credential) -> Noted {
        let kept = self.noted.get(claim.host.as_str()).filter(|_| credential.life.is_some());
        kept.cloned().unwrap_or_else(|| Noted::of(wanted, claim.source, credential))
    }

    /// The keys that hold something good for `host`, under whatever spelling. A broken entry would fail every pull
    /// of the pod.
    fn good(&self, host: &Host) -> Vec<&str> {
        let mut keys = spellings(self.there, host);
        keys.retain(|key| self.there.is_usable(key));
        keys
    }

    /// The kubelet tries nothing anonymously where it has an entry, so one that ended blocks public images too.
    fn blocks_public_pulls(&self, wanted: &Wanted, claim: &Claim<'_>) -> bool {
        let host = claim.host.as_str();
        let public = host == "docker.io" || PUBLIC_HOSTS.contains(&host);
        // What somebody put there by hand is not what was noted.
        let ended = |note: &Noted| {
            note.expires.is_some_and(|end| end <= wanted.now) && note.is_held(self.there, &claim.host)
        };
        public && self.noted.get(host).is_some_and(ended)
    }
}

impl Composed {
    fn keep(&mut self, keys: &[&str], there: &DockerConfig) {
        for key in keys {
            self.config.keep(key, there);
        }
    }

    fn note(&mut self, claim: &Claim<'_>, note: Noted) {
        self.state.insert(claim.host.to_string(), note);
    }

    fn set(&mut self, wanted: &Wanted, claim: &Claim<'_>, credential: &Credential, was: &Was<'_>) {
        for key in claim.host.keys() {
            self.config.set(key, &credential.entry);
        }
        self.note(claim, Noted::of(wanted, claim.source, credential));
        self.sources.sets.insert((claim.source.index, claim.host.clone()));
        let note = was.noted.get(claim.host.as_str()).filter(|_| credential.life.is_some());
        self.renews &=
            note.is_some_and(|note| note.is_of(wanted, claim.source) && note.is_held(was.there, &claim.host));
    }

    /// Did the sources fail, and not one of them gave what is to be written?
    pub(super) fn gives_nothing(&self) -> bool {
        let failed = !(self.sources.keeps.is_empty() && self.sources.lacks.is_empty());
        failed && self.sources.sets.is_empty()
    }

    /// Counts an entry that stays as it is, or isn't there.
    fn count(&mut self, wanted: &Wanted, claim: &Claim<'_>, failed: bool, good: bool, was: &Was<'_>) {
        let (index, host) = (claim.source.index, Some(claim.host.clone()));
        match (failed, good) {
            (false, _) => self.waits |= claim.is_waiting(wanted, was.there, was.noted),
            (true, true) => {
                let ends = was.noted.get(claim.host.as_str()).and_then(|note| note.expires);
                let refused = claim.is_refused_in(was.there);
                self.sources.keeps.push(Kept { index, host, ends, refused });
            }
            (true, false) => _ = self.sources.lacks.insert((index, host)),
        }
    }

    /// Counts the sources that failed and of which no host is known: what the others don't claim may be theirs.
    fn count_unknown(&mut self, wanted: &Wanted, noted: &State) {
        let unclaimed = |key: &str| !self.hosts.iter().any(|host| is_host(key, host));
        let kept = self.config.keys().any(|key| unclaimed(key) && self.config.is_usable(key));
        for source in wanted.sources.iter().filter(|one| one.has_failed() && one.is_unknown(wanted, noted)) {
            let index = source.index;
            if kept {
                self.sources.keeps.push(Kept { index, host: None, ends: None, refused: false });
            } else {
                self.sources.lacks.insert((index, None));
            }
        }
    }

    /// Notes who gives what another one claims: else its hosts would never be known, and each pass would ask it.
    fn note_others(&mut self, wanted: &Wanted, claims: &[Claim<'_>], noted: &State) {
        for Claim { source: claimant, host, .. } in claims {
            let others =
                wanted.sources.iter().filter(|other| other.open_ended && other.index != claimant.index);
            if let Some(note) = self.state.get_mut(host.as_str()) {
                let giving = others.filter(|other| other.also_gives(host, noted.get(host.as_str())));
                note.also = giving.map(|other| other.fingerprint.clone()).collect();
            }
        }
    }

    fn finish(mut self, wanted: &Wanted, claims: &[Claim<'_>], noted: &State) -> Self {
        self.renews &= !self.sources.sets.is_empty();
        self.waits |=
            wanted.sources.iter().any(|source| source.is_unknown(wanted, noted) && source.was_not_asked());
        self.hosts = claims.iter().map(|claim| claim.host.clone()).collect();
        self.note_others(wanted, claims, noted);
        self.ends = EndsOf::of(&self.hosts, noted, &self.state);
        self.count_unknown(wanted, noted);
        if self.config.malformed().is_some() {
            // The kubelet can't decode it: that fails every pull of the pod, of public images too.
            return self;
        }
        let good = claims
            .iter()
            .filter(|claim| holds_usable(&self.config, &claim.host) && !claim.is_refused_in(&self.config));
        self.serves = good.map(Claim::place).collect();
        self
    }
}

/// The keys in `there` that are `host` to the kubelet.
fn spellings<'a>(there: &'a DockerConfig, host: &Host) -> Vec<&'a str> {
    there.keys().filter(|key| is_host(key, host)).collect()
}

/// Is the key `host` to the kubelet?
fn is_host(key: &str, host: &Host) -> bool {
    host.keys().iter().any(|own| same_registry(own, key))
}

/// The hosts for which a pod that names a Secret that isn't written can pull, each with its source's place.
pub(super) fn served(claims: &[Claim<'_>], config: &DockerConfig) -> Vec<(usize, Host)> {
    if config.malformed().is_some() {
        return Vec::new();
    }
    claims.iter().filter(|claim| holds_usable(config, &claim.host)).map(Claim::place).collect()
}

/// Has it a good entry for `host`, under whatever spelling of it?
pub(super) fn holds_usable(config: &DockerConfig, host: &Host) -> bool {
    spellings(config, host).into_iter().any(|key| config.is_usable(key))
}

pub(super) fn docker_config(seen: &Secret) -> Option<DockerConfig> {
    let form = Form::of_type(&seen.type_).unwrap_or_default();
    DockerConfig::parse_as(form, seen.docker_config.as_ref()?.expose_secret())
}

pub(super) fn content(form: Form, config: Option<&DockerConfig>, state: &State) -> Content {
    Content {
        form,
        docker_config: config.map(|config| config.to_text(form)),
        state: serde_json::to_string(state).unwrap_or_default(),
    }
}
