//! One run of the program with what a configuration takes, or with one right less.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams};
use pullkeeper::config::{Config, Inputs, load_without_passwords};
use pullkeeper::rbac::{Holder, Part};

use crate::cases::{Case, How};
use crate::forwarder::forwarder;
use crate::looping;
use crate::program::{ConfigFile, against, run};
use crate::rights::{Right, give, rights};
use crate::site::{PASSWORD, Site};
use crate::testbed::fixtures::{namespace, service_account};
use crate::testbed::users::token;
use crate::world;

pub(crate) struct Trial {
    pub(crate) site: Arc<Site>,
    pub(crate) case: &'static Case,
    /// Of the names of its namespaces.
    pub(crate) prefix: String,
    /// The place of the right that is missing.
    without: Option<usize>,
}

/// What the program said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) text: String,
}

impl Trial {
    pub(crate) fn new(site: &Arc<Site>, case: &'static Case, number: usize, without: Option<usize>) -> Self {
        Self { site: Arc::clone(site), case, prefix: format!("{}-{number}", case.name), without }
    }

    /// The rights that may be taken away.
    pub(crate) fn rights(&self) -> Vec<Right> {
        let mut rights = rights(&self.config());
        rights.retain(|right| self.case.how == How::Once || right.part == Part::Watch);
        rights
    }

    /// An error says what is wrong.
    pub(crate) async fn run(self) -> Result<(), String> {
        let right = self.without.map(|place| self.rights().swap_remove(place));
        let admin = self.site.admin.clone();
        let holder = Holder { namespace: self.home(), service_account: "pullkeeper".to_owned() };
        namespace(&holder.namespace).create(&admin).await;
        service_account(&admin, &holder.namespace, &holder.service_account, &[]).await;
        world::prepare(&self, &admin, right.as_ref()).await;
        give(&admin, &self.config(), &holder, right.as_ref()).await;
        let token = token(&admin, &holder.namespace, &holder.service_account).await;
        let url = forwarder(&self.site, &token).await;

        let file = self.file();
        let command = self.command(&url, &file);
        let said = match self.case.how {
            How::Once => once(command).await,
            How::Loop | How::Waiting => looping::run(&self, command, &admin, right.as_ref()).await,
        };
        self.clear(&admin).await;
        match &right {
            None => self.is_enough(&said),
            Some(right) => self.is_needed(right, &said),
        }
    }

    fn is_enough(&self, said: &Said) -> Result<(), String> {
        let plain = words(&said.text);
        let undone: Vec<_> = self.done().into_iter().filter(|done| !plain.contains(done)).collect();
        let refused = said.text.to_lowercase().contains("forbidden");
        if said.code == Some(0) && !refused && undone.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{}: status {:?}, refused: {refused}, not done: {undone:?}\n{}",
            self.prefix, said.code, said.text
        ))
    }

    fn is_needed(&self, right: &Right, said: &Said) -> Result<(), String> {
        if right.is_named_in(&said.text) {
            return Ok(());
        }
        let Right { resource, verb, .. } = right;
        Err(format!("{}: nothing fails without {verb} on {resource}\n{}", self.prefix, said.text))
    }

    pub(crate) fn done(&self) -> Vec<String> {
        self.case.done.iter().map(|done| self.fill(done)).collect()
    }

    /// The namespace of its ServiceAccount.
    pub(crate) fn home(&self) -> String {
        format!("home-{}", self.prefix)
    }

    pub(crate) fn namespace(&self) -> String {
        format!("{}-a", self.prefix)
    }

    /// A text of the case for this trial.
    pub(crate) fn fill(&self, text: &str) -> String {
        let text = text.replace("@P@", &self.prefix);
        text.replace("@HOST@", self.site.host()).replace("@PROXY@", self.site.proxy())
    }

    fn file(&self) -> ConfigFile {
        ConfigFile::new(self.fill(self.case.settings))
    }

    fn env(&self) -> BTreeMap<String, String> {
        let own = self.case.env.iter().map(|(key, value)| ((*key).to_owned(), self.fill(value)));
        own.chain([("PASS".to_owned(), PASSWORD.to_owned())]).collect()
    }

    pub(crate) fn config(&self) -> Config {
        let file = self.file();
        let inputs = Inputs { file: Some(file.path().to_owned()), env: self.env(), ..Inputs::default() };
        load_without_passwords(&inputs).unwrap_or_else(|error| panic!("{}: {error}", self.prefix)).config
    }

    fn command(&self, url: &str, file: &ConfigFile) -> Command {
        let mut command = against(url, file);
        command.env_remove("PULLKEEPER_VERIFY").env("RUST_LOG", "debug").envs(self.env());
        // Nothing here is trusted by a public CA, and to read them all takes its time.
        command.env("SSL_CERT_FILE", self.site.plane.ca_file());
        if self.case.how == How::Once {
            command.arg("--once");
        }
        command
    }

    /// The other trials list the pods of all namespaces.
    async fn clear(&self, admin: &Client) {
        let pods = Api::<Pod>::namespaced(admin.clone(), &self.namespace());
        let at_once = DeleteParams::default().grace_period(0);
        pods.delete_collection(&at_once, &ListParams::default()).await.expect("pods are deleted");
    }
}

async fn once(command: Command) -> Said {
    let ran = tokio::task::spawn_blocking(move || run(command)).await.expect("a run");
    Said { code: ran.code, text: ran.everything() }
}

/// The text with single spaces: columns are for people.
pub(crate) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Right {
    /// Does the report, or a line of the log that is there by default, say that it is missing?
    pub(crate) fn is_named_in(&self, text: &str) -> bool {
        let Self { resource, verb, .. } = self;
        let told = text.lines().filter(|line| !line.contains(" DEBUG ")).collect::<Vec<_>>().join("\n");
        let words = [
            format!("cannot {verb} resource \"{resource}\""),
            format!("grant {verb} on {resource}"),
            format!("grant {verb} there"),
        ];
        // Who never installed what rewrites images needs no right to it: that is told in a line of its own.
        let unread = *verb == "get" && matches!(self.part, Part::Images | Part::Webhook);
        words.iter().any(|words| told.contains(words)) || (unread && told.contains("may not be read"))
    }
}
