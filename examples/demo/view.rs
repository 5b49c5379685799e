//! What is in the cluster, as `kubectl get` would show it, and how it differs from before.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use k8s_openapi::api::core::v1::{Namespace, Pod, Secret, ServiceAccount};
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};

const NEW: Style = AnsiColor::Green.on_default();
const CHANGED: Style = AnsiColor::Yellow.on_default();
const GONE: Style = AnsiColor::Red.on_default();

/// The namespaces that the demo made, and their pods.
pub(crate) struct View {
    namespaces: Vec<Row>,
    pods: Vec<Row>,
    pull_secrets: BTreeMap<(String, String), Vec<String>>,
    foreign: Option<String>,
}

/// A line of a table; the first cell names the object.
type Row = Vec<String>;

impl View {
    /// Looks at the cluster, as its administrator.
    pub(crate) async fn of(admin: &Client) -> Result<Self> {
        let all = ListParams::default();
        let mut view =
            Self { namespaces: Vec::new(), pods: Vec::new(), pull_secrets: BTreeMap::new(), foreign: None };
        for namespace in Api::<Namespace>::all(admin.clone()).list(&all).await? {
            let name = namespace.name_any();
            if name == "default" || name == "pullkeeper" || name.starts_with("kube-") {
                continue;
            }
            let secret = Api::<Secret>::namespaced(admin.clone(), &name).get_opt("pullkeeper").await?;
            if let Some(secret) = secret.as_ref().filter(|secret| !is_ours(secret)) {
                view.foreign = secret.resource_version();
            }
            let mut accounts = Vec::new();
            for account in Api::<ServiceAccount>::namespaced(admin.clone(), &name).list(&all).await? {
                let references = account.image_pull_secrets.clone().unwrap_or_default();
                let names: Vec<_> = references.into_iter().map(|reference| reference.name).collect();
                accounts.push(format!("{}: {}", account.name_any(), or_dash(&names.join(" "))));
                view.pull_secrets.insert((name.clone(), account.name_any()), names);
            }
            let secret =
                secret.map_or("-", |secret| if is_ours(&secret) { "ours" } else { "somebody else's" });
            view.namespaces.push(vec![
                name.clone(),
                state(&namespace).to_owned(),
                secret.to_owned(),
                accounts.join(", "),
            ]);
            let pods = Api::<Pod>::namespaced(admin.clone(), &name).list(&all).await?;
            view.pods.extend(pods.iter().map(|pod| pod_row(&name, pod)));
        }
        Ok(view)
    }

    /// The tables now, with marks on what is new, changed or gone.
    pub(crate) fn since(&self, before: &Self) -> String {
        let namespaces = marked(&before.namespaces, &self.namespaces);
        let pods = marked(&before.pods, &self.pods);
        format!("{}\n{}", table(&NAMESPACES, &namespaces), table(&PODS, &pods))
    }

    pub(crate) fn pull_secrets(&self, namespace: &str, account: &str) -> &[String] {
        let key = (namespace.to_owned(), account.to_owned());
        self.pull_secrets.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The version of the Secret of our name that is not ours.
    pub(crate) fn foreign_secret(&self) -> Option<&str> {
        self.foreign.as_deref()
    }

    /// The image of a pod.
    pub(crate) fn image(&self, pod: &str) -> Option<&str> {
        self.pods.iter().find(|row| row.first().is_some_and(|name| name == pod))?.last().map(String::as_str)
    }

    /// The pods that another view has not, or has otherwise.
    pub(crate) fn pods_not_in(&self, other: &Self) -> Vec<&str> {
        let missing = self.pods.iter().filter(|pod| !other.pods.contains(pod));
        missing.filter_map(|pod| pod.first()).map(String::as_str).collect()
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |rows: &[Row]| rows.iter().map(|row| (None, row.clone())).collect::<Vec<_>>();
        write!(f, "{}\n{}", table(&NAMESPACES, &plain(&self.namespaces)), table(&PODS, &plain(&self.pods)))
    }
}

const NAMESPACES: [&str; 4] = ["NAMESPACE", "", "SECRET", "SERVICEACCOUNTS: PULL SECRETS"];
const PODS: [&str; 6] = ["POD", "OWNER", "READY", "STATUS", "PULL SECRETS", "IMAGE"];

fn state(namespace: &Namespace) -> &'static str {
    let selected = namespace.labels().contains_key("pull-access");
    let table = [
        (namespace.metadata.deletion_timestamp.is_some(), "terminating"),
        (namespace.annotations().contains_key("pullkeeper.io/pause"), "paused"),
        (!selected, "not selected"),
    ];
    table.into_iter().find_map(|(is, word)| is.then_some(word)).unwrap_or_default()
}

fn is_ours(secret: &Secret) -> bool {
    secret.labels().get("app.kubernetes.io/managed-by").is_some_and(|by| by == "pullkeeper")
}

fn pod_row(namespace: &str, pod: &Pod) -> Row {
    let spec = pod.spec.clone().unwrap_or_default();
    let status = pod.status.clone().unwrap_or_default();
    let containers = status.container_statuses.unwrap_or_default();
    let ready = containers.iter().filter(|container| container.ready).count();
    let waiting = containers.iter().find_map(|own| own.state.as_ref()?.waiting.as_ref()?.reason.clone());
    let secrets: Vec<_> = spec.image_pull_secrets.into_iter().flatten().map(|own| own.name).collect();
    let images: Vec<_> = spec.containers.into_iter().filter_map(|container| container.image).collect();
    vec![
        format!("{namespace}/{}", pod.name_any()),
        or_dash(pod.owner_references().first().map_or("", |owner| &owner.kind)).to_owned(),
        format!("{ready}/{}", containers.len()),
        waiting.or(status.phase).unwrap_or_default(),
        or_dash(&secrets.join(" ")).to_owned(),
        images.join(" "),
    ]
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}

/// A mark of how a row changed.
type Mark = Option<(char, Style)>;

fn marked(before: &[Row], after: &[Row]) -> Vec<(Mark, Row)> {
    let same = |a: &Row, b: &Row| a.first() == b.first();
    let gone = before.iter().filter(|old| !after.iter().any(|new| same(old, new)));
    let mut rows: Vec<_> = gone.map(|old| (Some(('-', GONE)), old.clone())).collect();
    rows.extend(after.iter().map(|new| {
        let mark = match before.iter().find(|old| same(old, new)) {
            None => Some(('+', NEW)),
            Some(old) if old != new => Some(('~', CHANGED)),
            Some(_) => None,
        };
        (mark, new.clone())
    }));
    rows.sort_by(|(_, a), (_, b)| a.first().cmp(&b.first()));
    rows
}

fn table(columns: &[&str], rows: &[(Mark, Row)]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|(_, row)| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(columns.get(column).map(|title| title.len())).max().unwrap_or_default()
    };
    let mut text = String::new();
    let mut write = |mark: char, style: Style, cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.enumerate().map(|(column, cell)| format!("{cell:<0$}", width(column)));
        let line = padded.collect::<Vec<_>>().join("  ");
        // Writing to a String never fails.
        let _ = writeln!(text, "{style}{mark} {}{style:#}", line.trim_end());
    };
    write(' ', Style::new(), &mut columns.iter().copied());
    for (mark, row) in rows {
        let (mark, style) = mark.unwrap_or((' ', Style::new()));
        write(mark, style, &mut row.iter().map(String::as_str));
    }
    text
}
