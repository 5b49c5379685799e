//! Images that are pulled from elsewhere: the rules, and where they hold.

use std::collections::BTreeMap;

use reqwest::Url;

use super::error::{KeyPath, Problem};
use super::labels::{LabelSelector, is_label_key};
use super::names::check_names;
use super::raw::{Block, RawImages, RawRule, RawWebhook};
use super::selector::{is_dns_label, is_dns_name, is_label_value};
use super::text::{FromText, choose};
use super::types::Reach;
use crate::registry::{Host, Ignored, Prefix, Rewrites, Rule};

/// Namespaces whose pods stay as they are, unless they are chosen by name: a cluster must come up without the proxy, and
/// so must this program, where its manifests put it.
const EXCLUDED: [&str; 2] = ["kube-system", "pullkeeper"];
/// The name of what the webhook consists of, as its manifests have it.
const WEBHOOK: &str = "pullkeeper-webhook";
/// A policy with so many rules still takes a pod of a thousand containers.
const MOST_RULES: usize = 50;
/// With so many patterns one of a hundred.
const MOST_IGNORED: usize = 100;
/// The label of k8s-proxy-image-swapper.
const LABEL: (&str, &str) = ("k8s-proxy-image-swapper", "patched-image");

/// Images that are pulled from elsewhere.
#[derive(Debug, Clone, Default)]
pub struct Images {
    /// From where to where.
    pub rewrites: Rewrites,
    /// How a rule's target is reached when it is asked, by the target.
    pub reach: BTreeMap<Host, Reach>,
    /// Do pods whose images are on a registry of ours get its pull secret when they are made?
    pub inject_pull_secret: bool,
    /// The label of pods that were rewritten; `None` is none.
    pub label: Option<Label>,
    /// Are pods rewritten when they are made?
    pub admission: Admission,
    /// The namespaces whose pods stay as they are.
    pub exclude: Vec<String>,
    /// Of the namespaces, those with such labels alone.
    pub namespace_selector: Option<LabelSelector>,
    /// Of the pods, those with such labels alone.
    pub pod_selector: Option<LabelSelector>,
    /// The webhook, where admission is by that.
    pub webhook: Webhook,
}

/// Where the webhook is, for API servers that know no policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The namespace of all of it.
    pub namespace: String,
    /// Its Service.
    pub service: String,
    /// Its URL, where API servers don't reach it by its Service.
    pub url: Option<String>,
    /// The Secret with its certificate.
    pub secret: String,
    /// Is the certificate issued here? Else somebody else sees to it, and to the CAs in the webhook's configuration.
    pub issue: bool,
}

impl Default for Webhook {
    fn default() -> Self {
        Self {
            namespace: EXCLUDED[1].to_owned(),
            service: WEBHOOK.to_owned(),
            url: None,
            secret: WEBHOOK.to_owned(),
            issue: true,
        }
    }
}

impl Webhook {
    /// The host by which the API server calls it.
    #[must_use]
    pub fn host(&self) -> String {
        let url = self.url.as_ref().and_then(|url| Url::parse(url).ok());
        let host = url.and_then(|url| Some(url.host_str()?.trim_matches(['[', ']']).to_owned()));
        host.unwrap_or_else(|| format!("{}.{}.svc", self.service, self.namespace))
    }
}

impl Images {
    /// Is there anything to do to pods that are made?
    #[must_use]
    pub fn admits(&self) -> bool {
        self.inject_pull_secret || !self.rewrites.is_empty()
    }
}

/// A label with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// How pods are rewritten when they are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Admission {
    /// By the policy where the API server knows policies, else by the webhook; once it was installed.
    #[default]
    Auto,
    /// By the policy.
    Policy,
    /// By the webhook.
    Webhook,
    /// Nobody asks for what was installed; it stays as it is until it is removed.
    Off,
}

impl FromText for Admission {
    fn from_text(text: &str) -> Result<Self, String> {
        let choices =
            [("auto", Self::Auto), ("policy", Self::Policy), ("webhook", Self::Webhook), ("off", Self::Off)];
        choose(text, &choices)
    }
}

/// What `images.label` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Labelling {
    Off,
    With(Label),
}

impl FromText for Labelling {
    fn from_text(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let fit = text
            .split_once('=')
            .filter(|(key, value)| is_label_key(key) && (value.is_empty() || is_label_value(value)));
        match fit {
            Some((key, value)) => Ok(Self::With(Label { key: key.to_owned(), value: value.to_owned() })),
            None => Err(format!("'{}' is no label; write KEY=VALUE, or off", text.escape_debug())),
        }
    }
}

/// Checks what is written at `images`.
///
/// `is_named` tells whether a namespace is written out by name, and `own` is the namespace of this program, if it knows.
pub(super) fn images(
    raw: Option<RawImages>,
    own: Option<String>,
    is_named: impl Fn(&str) -> bool,
    path: &KeyPath,
) -> Result<Images, Problem> {
    let Some(raw) = raw else { return Ok(Images::default()) };
    let (rules, reach) = rules(raw.rewrite.unwrap_or_default(), &path.key("rewrite"))?;
    let inject_pull_secret = raw.inject_pull_secret.is_some_and(|inject| inject.0);
    if rules.is_empty() && !inject_pull_secret {
        let what =
            "names no rule; write a list of {from, to}, such as {from: docker.io, to: proxy.example.com/hub}";
        return Err(Problem::new(&path.key("rewrite"), what));
    }
    let ignored = raw.ignore.unwrap_or_default();
    if ignored.len() > MOST_IGNORED {
        let what = format!("has more than {MOST_IGNORED} patterns; write fewer, with *");
        return Err(Problem::new(&path.key("ignore"), what));
    }
    let ignored = ignored.iter().enumerate().map(|(index, text)| {
        Ignored::parse(text).map_err(|error| Problem::new(&path.key("ignore").item(index), error.to_string()))
    });
    let ignored = ignored.collect::<Result<_, _>>()?;
    let mut exclude = raw.exclude.unwrap_or_default();
    check_names(&exclude, &path.key("exclude"), is_dns_label)?;
    if let Some(index) = exclude.iter().position(|name| !is_dns_label(name)) {
        let what = "is no name of a namespace; globs are not taken here";
        return Err(Problem::new(&path.key("exclude").item(index), what));
    }
    exclude.extend(rules.iter().filter_map(|rule| namespace_of(rule.to.host())));
    exclude.extend(EXCLUDED.map(str::to_owned).into_iter().filter(|name| !is_named(name)));
    exclude.extend(own);
    exclude.sort();
    exclude.dedup();
    Ok(Images {
        rewrites: Rewrites::new(rules, ignored),
        reach,
        inject_pull_secret,
        label: match raw.label.map(|label| label.0) {
            None => Some(Label { key: LABEL.0.to_owned(), value: LABEL.1.to_owned() }),
            Some(Labelling::Off) => None,
            Some(Labelling::With(label)) => Some(label),
        },
        admission: raw.admission.map(|admission| admission.0).unwrap_or_default(),
        exclude,
        namespace_selector: selector(raw.namespace_selector, &path.key("namespaceSelector"))?,
        pod_selector: selector(raw.pod_selector, &path.key("podSelector"))?,
        webhook: webhook(raw.webhook.map(|Block(raw)| raw).unwrap_or_default(), &path.key("webhook"))?,
    })
}

fn rules(raw: Vec<Block<RawRule>>, path: &KeyPath) -> Result<(Vec<Rule>, BTreeMap<Host, Reach>), Problem> {
    if raw.len() > MOST_RULES {
        let what = format!(
            "has more than {MOST_RULES} rules, which no policy can hold; write fewer, with shorter paths"
        );
        return Err(Problem::new(path, what));
    }
    let (mut rules, mut reach) = (Vec::new(), BTreeMap::new());
    for (index, Block(raw)) in raw.into_iter().enumerate() {
        let path = path.item(index);
        let (rule, own) = rule(raw, &path, &rules)?;
        let before = reach.insert(rule.to.as_host().clone(), own.clone());
        if before.is_some_and(|before| before != own) {
            let what = "is that of another rule, too, with another ca or insecure; write both alike";
            return Err(Problem::new(&path.key("to"), what));
        }
        rules.push(rule);
    }
    Ok((rules, reach))
}

fn rule(raw: RawRule, path: &KeyPath, others: &[Rule]) -> Result<(Rule, Reach), Problem> {
    let prefix = |text: Option<String>, key: &str, example: &str| {
        let path = path.key(key);
        let text = text.ok_or_else(|| Problem::new(&path, format!("is missing; write such as {example}")))?;
        Prefix::parse(&text).map_err(|error| Problem::new(&path, error.to_string()))
    };
    let from = prefix(raw.from, "from", "docker.io")?;
    let to = prefix(raw.to, "to", "proxy.example.com/hub")?;
    if others.iter().any(|other| other.from == from) {
        return Err(Problem::new(&path.key("from"), "is there twice; keep one of them"));
    }
    if to.rest_of(from.as_str()).is_some() {
        return Err(Problem::new(&path.key("to"), "is where these images are already; write another place"));
    }
    if to.is_hub() {
        let what = "is Docker Hub as a whole, where HOST/NAME is another image; write a path within it, too";
        return Err(Problem::new(&path.key("to"), what));
    }
    let library = raw.library.is_none_or(|library| library.0 == Library::Keep);
    let rule = Rule { from, to, drop_library: !library };
    if rule.drop_library && !rule.drops_library() {
        return Err(Problem::new(&path.key("library"), "goes with from: docker.io alone; take it out"));
    }
    let reach =
        Reach { ca: raw.ca.map(Into::into), insecure: raw.insecure.is_some_and(|insecure| insecure.0) };
    Ok((rule, reach))
}

/// What becomes of the path of Docker Hub's official images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Library {
    Keep,
    Drop,
}

impl FromText for Library {
    fn from_text(text: &str) -> Result<Self, String> {
        choose(text, &[("keep", Self::Keep), ("drop", Self::Drop)])
    }
}

/// The namespace of a proxy that is a Service of the cluster: `proxy.registries.svc.cluster.local`.
fn namespace_of(host: &str) -> Option<String> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let mut labels = name.split('.');
    let (_service, namespace, svc) = (labels.next()?, labels.next()?, labels.next()?);
    (svc == "svc").then(|| namespace.to_owned())
}

fn webhook(raw: RawWebhook, path: &KeyPath) -> Result<Webhook, Problem> {
    let usual = Webhook::default();
    let name = |text: Option<String>, usual: String, key: &str, fits: fn(&str) -> bool| match text {
        None => Ok(usual),
        Some(text) if fits(&text) => Ok(text),
        Some(_) => {
            Err(Problem::new(&path.key(key), "is no name of Kubernetes; write such as pullkeeper-webhook"))
        }
    };
    Ok(Webhook {
        namespace: name(raw.namespace, usual.namespace, "namespace", is_dns_label)?,
        service: name(raw.service, usual.service, "service", is_dns_label)?,
        url: raw.url.map(|url| https(url, &path.key("url"))).transpose()?,
        secret: name(raw.secret, usual.secret, "secret", is_dns_name)?,
        issue: raw.issue.is_none_or(|issue| issue.0),
    })
}

fn https(url: String, path: &KeyPath) -> Result<String, Problem> {
    let fits = |url: &Url| {
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        url.scheme() == "https"
            && url.path().len() > 1
            && url.host_str().is_some_and(|host| !host.ends_with('.'))
            && url.password().is_none()
            && plain
    };
    let wrong = || {
        Problem::new(
            path,
            "is no https URL that an API server calls; write such as https://10.0.0.1:8443/mutate",
        )
    };
    if Url::parse(&url).is_ok_and(|url| fits(&url)) { Ok(url) } else { Err(wrong()) }
}

fn selector(text: Option<String>, path: &KeyPath) -> Result<Option<LabelSelector>, Problem> {
    let parsed = |text: String| {
        let what = "is no label selector; write one such as 'team=a,env in (dev,test)'";
        LabelSelector::parse(&text).ok_or_else(|| Problem::new(path, what))
    };
    text.filter(|text| !text.is_empty()).map(parsed).transpose()
}
