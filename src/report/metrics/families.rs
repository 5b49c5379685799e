//! The metrics by name, each with what it tells. A counter's name is without `_total` and all are without
//! their unit here, for the encoder writes both.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::cluster::Tally;

/// A label and its value, which is a word of this program.
pub(super) type Label = (&'static str, &'static str);

/// From a cluster of a few namespaces to a pass that has had its time, in seconds.
const DURATIONS: [f64; 12] = [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0];

/// All of them, but for those that are read from elsewhere.
pub(super) struct Families {
    pub(super) duration: Histogram,
    pub(super) passes: Family<[Label; 1], Counter>,
    pub(super) last_success: Gauge,
    pub(super) expiry: Family<[(&'static str, String); 1], Gauge>,
    pub(super) omitted: Gauge,
    pub(super) writes: Family<[Label; 2], Counter>,
    pub(super) stuck: Family<[Label; 2], Gauge>,
    pub(super) findings: Family<[Label; 1], Gauge>,
    pub(super) errors: Family<[Label; 1], Counter>,
    pub(super) config_good: Gauge,
    pub(super) reloads: Family<[Label; 1], Counter>,
    pub(super) secrets_created: Counter,
    pub(super) secret_renewals: Counter,
}

impl Families {
    pub(super) fn register(registry: &mut Registry, tally: Arc<Tally>) -> Self {
        let own = Self::new();
        registry.register("secrets_created", "Pull secrets created", own.secrets_created.clone());
        registry.register("secret_renewals", "Pull secrets updated", own.secret_renewals.clone());
        let ours = registry.sub_registry_with_prefix("pullkeeper");
        let build: Family<[Label; 1], Gauge> = Family::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        ours.register("build_info", "The version of the program; always 1", build);
        own.register_passes(ours);
        own.register_what_is_seen(ours);
        ours.register(
            "config_good",
            "1 if the configuration in use is the newest, 0 if that is bad",
            own.config_good.clone(),
        );
        ours.register(
            "config_reloads",
            "Changes of the configuration that were noticed",
            own.reloads.clone(),
        );
        ours.register_collector(Box::new(Requests(tally)));
        own
    }

    /// One more pass ended so.
    pub(super) fn passed(&self, result: &'static str) {
        self.passes.get_or_create(&[("result", result)]).inc();
    }

    fn new() -> Self {
        let own = Self {
            duration: Histogram::new(DURATIONS),
            passes: Family::default(),
            last_success: Gauge::default(),
            expiry: Family::default(),
            omitted: Gauge::default(),
            writes: Family::default(),
            stuck: Family::default(),
            findings: Family::default(),
            errors: Family::default(),
            config_good: Gauge::default(),
            reloads: Family::default(),
            secrets_created: Counter::default(),
            secret_renewals: Counter::default(),
        };
        own.config_good.set(1);
        // A counter that begins with its first event hides that from increase().
        for result in ["complete", "incomplete", "failed"] {
            _ = own.passes.get_or_create_owned(&[("result", result)]);
        }
        for result in ["good", "bad"] {
            _ = own.reloads.get_or_create_owned(&[("result", result)]);
        }
        own
    }

    fn register_passes(&self, ours: &mut Registry) {
        let duration = "How long passes over the whole cluster took";
        ours.register_with_unit("pass_duration", duration, Unit::Seconds, self.duration.clone());
        ours.register(
            "passes",
            "Passes over the whole cluster: complete, incomplete (something failed), failed (no API server)",
            self.passes.clone(),
        );
        let success = "When the last complete pass ended; 0 if there was none since the start";
        ours.register_with_unit("last_success_timestamp", success, Unit::Seconds, self.last_success.clone());
        ours.register("writes", "Objects written", self.writes.clone());
        ours.register("errors", "What failed, by reason, once a pass", self.errors.clone());
    }

    fn register_what_is_seen(&self, ours: &mut Registry) {
        ours.register("findings", "What the last pass had to say, by reason", self.findings.clone());
        ours.register(
            "stuck_pods",
            "Pods that wait for an image, by cause and by what the last pass decided",
            self.stuck.clone(),
        );
        let expiry = "When the first of the credentials for a registry ends; absent if none is known to";
        ours.register_with_unit("credential_expiry_timestamp", expiry, Unit::Seconds, self.expiry.clone());
        let omitted = "Registries that are left out of the credentials' expiry, for there are too many";
        ours.register("credential_expiry_omitted", omitted, self.omitted.clone());
    }
}

/// The requests to the API server, as they are when somebody looks.
struct Requests(Arc<Tally>);

impl Collector for Requests {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let help = "Requests to the API server, retries included; code none is no answer.";
        let mut family = encoder.encode_descriptor("api_requests", help, None, MetricType::Counter)?;
        for (verb, code, count) in self.0.counts() {
            let code = code.map_or_else(|| "none".to_owned(), |code| code.to_string());
            let labels = [("verb", verb.to_owned()), ("code", code)];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Requests")
    }
}
