//! What a pass may do to keep in step what rewrites images when pods are made.

use super::{Grant, Part, Rule, pass};
use crate::admission::{Object, Policy};
use crate::config::{Admission, Config};

const POLICY: &str = "\
    What a pass may do to keep the policy of `pullkeeper images install` in step with the rules. Making it and taking it \
    away is for who runs that command. As `pullkeeper rbac` prints it.";
const WEBHOOK: &str = "\
    What a pass may do to keep the webhook in step with the rules. Making it and taking it away is for who runs \
    `pullkeeper images`. As `pullkeeper rbac` prints it.";
const CERTIFICATE: &str = "\
    Its certificate, to be renewed in time. Take it out with images.webhook.issue: false.";

const GROUP: &str = "admissionregistration.k8s.io";

pub(super) fn grants(config: &Config) -> Vec<Grant> {
    if !config.images.admits() {
        return Vec::new();
    }
    let admission = config.images.admission;
    let mut grants = Vec::new();
    if matches!(admission, Admission::Auto | Admission::Policy) {
        grants.push(policy(config));
    }
    if matches!(admission, Admission::Auto | Admission::Webhook) {
        grants.push(webhook(config));
        grants.extend(config.images.webhook.issue.then(|| certificate(config)));
    }
    grants
}

fn policy(config: &Config) -> Grant {
    let named = |rule: Rule| rule.named(vec![Policy::name(&config.instance)]);
    let looks = Rule {
        resources: Object::OF_POLICY.map(Object::resource).into(),
        ..Rule::new(GROUP, "", ["get"], "Whether it was installed, and whether it differs.")
    };
    let why = "Whoever may write a policy can have the API server change any object. Without this rule the policy \
               stays as it was installed: take it out, and run the command again when images changes.";
    let writes = Rule::new(GROUP, Object::Policy.resource(), ["update"], why);
    Part::Images.grant(config, None, POLICY, vec![named(looks), named(writes)])
}

fn webhook(config: &Config) -> Grant {
    let why = "It reads the rules itself. Here are the namespaces and pods that it is called for, and the CAs that are \
               trusted.";
    let rule = Rule::new(GROUP, Object::Webhook.resource(), ["get", "update"], why);
    let rule = rule.named(vec![Policy::name(&config.instance)]);
    Part::Webhook.grant(config, None, WEBHOOK, vec![rule])
}

fn certificate(config: &Config) -> Grant {
    let own = &config.images.webhook;
    let rule = Rule::new("", "secrets", ["get", "update"], "Read by each pass; replaced before it ends.");
    let mut rules = vec![rule.named(vec![own.secret.clone()])];
    if !pass::allows(config, "create", &own.namespace, None) {
        let why = "Make it anew where somebody deleted it. A create can't be restricted by name.";
        rules.push(Rule::new("", "secrets", ["create"], why));
    }
    Part::Webhook.grant(config, Some(own.namespace.clone()), CERTIFICATE, rules)
}
