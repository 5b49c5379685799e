//! What a webhook did, as Prometheus reads it. Those of the configuration have the names that the loop's have.

use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::report::Format;

/// In seconds: most take far less than the first, and none may take longer than the last.
const DURATIONS: [f64; 11] =
    [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.1, 1.0];

type Labels = [(&'static str, &'static str); 1];

/// The metrics of a webhook's process.
pub(super) struct Metrics {
    registry: Registry,
    admissions: Family<Labels, Counter>,
    duration: Histogram,
    reloads: Family<Labels, Counter>,
    config_good: Gauge,
    certificate_good: Gauge,
    certificate_expiry: Gauge,
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut own = Self {
            registry: Registry::default(),
            admissions: Family::default(),
            duration: Histogram::new(DURATIONS),
            reloads: Family::default(),
            config_good: Gauge::default(),
            certificate_good: Gauge::default(),
            certificate_expiry: Gauge::default(),
        };
        own.config_good.set(1);
        own.certificate_good.set(1);
        // A counter that begins with its first event hides that from increase().
        for result in ["rewritten", "unchanged", "failed"] {
            _ = own.admissions.get_or_create_owned(&[("result", result)]);
        }
        for result in ["good", "bad"] {
            _ = own.reloads.get_or_create_owned(&[("result", result)]);
        }
        own.register();
        own
    }

    fn register(&mut self) {
        let ours = self.registry.sub_registry_with_prefix("pullkeeper");
        let build: Family<Labels, Gauge> = Family::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        ours.register("build_info", "The version of the program; always 1", build);
        let admissions =
            "Requests of API servers: rewritten, unchanged, failed (could not be read; allowed as they are)";
        ours.register("admissions", admissions, self.admissions.clone());
        let duration = "From a request that is all there to its answer";
        ours.register_with_unit("admission_duration", duration, Unit::Seconds, self.duration.clone());
        let good = "1 if the configuration in use is the newest, 0 if that is bad";
        ours.register("config_good", good, self.config_good.clone());
        let reloads = "Changes of the configuration that were noticed";
        ours.register("config_reloads", reloads, self.reloads.clone());
        let good = "1 if the certificate in use is the newest, 0 if that is bad";
        ours.register("certificate_good", good, self.certificate_good.clone());
        let expiry = "When the certificate in use ends";
        let expiring = self.certificate_expiry.clone();
        ours.register_with_unit("certificate_expiry_timestamp", expiry, Unit::Seconds, expiring);
    }

    /// A request came to this, in this time.
    pub(super) fn admitted(&self, result: &'static str, took: Duration) {
        self.admissions.get_or_create(&[("result", result)]).inc();
        self.duration.observe(took.as_secs_f64());
    }

    /// A new configuration is there.
    pub(super) fn reloaded(&self, good: bool) {
        self.reloads.get_or_create(&[("result", if good { "good" } else { "bad" })]).inc();
        self.config_good.set(good.into());
    }

    /// Another certificate is in use.
    pub(super) fn certificate(&self, expiry: Timestamp) {
        self.certificate_good.set(1);
        self.certificate_expiry.set(expiry.as_second());
    }

    /// The newest certificate can't be used.
    pub(super) fn certificate_is_bad(&self) {
        self.certificate_good.set(0);
    }

    pub(super) fn text(&self, format: Format) -> String {
        format.encode(&self.registry)
    }
}
