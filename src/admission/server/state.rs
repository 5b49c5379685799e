//! What the webhook's connections share: the configuration in use, and what is to be told of the process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::certificate::Certificate;
use super::metrics::Metrics;
use crate::config::Config;

/// The most large requests at a time, which bounds the memory that they take.
const LARGE: usize = 4;

pub(super) struct State {
    pub(super) metrics: Metrics,
    /// The turns of large requests.
    pub(super) large: Arc<Semaphore>,
    told: Mutex<Told>,
}

struct Told {
    config: Arc<Config>,
    bad_configuration: Option<String>,
    bad_certificate: Option<String>,
    ending: bool,
}

impl State {
    pub(super) fn new(config: Config, certificate: &Certificate) -> Self {
        let config = Arc::new(config);
        let told = Told { config, bad_configuration: None, bad_certificate: None, ending: false };
        let own =
            Self { metrics: Metrics::new(), large: Arc::new(Semaphore::new(LARGE)), told: Mutex::new(told) };
        own.took_certificate(certificate);
        own
    }

    /// The configuration in use.
    pub(super) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.told().config)
    }

    pub(super) fn took_configuration(&self, config: Config) {
        self.metrics.reloaded(true);
        let mut told = self.told();
        (told.config, told.bad_configuration) = (Arc::new(config), None);
    }

    /// The configuration was changed, and is bad for this reason, which is shown to whoever asks.
    pub(super) fn refused_configuration(&self, why: String) {
        log::error!("{why}; the last good configuration goes on");
        self.metrics.reloaded(false);
        self.told().bad_configuration = Some(why);
    }

    pub(super) fn took_certificate(&self, certificate: &Certificate) {
        if certificate.expiry <= Timestamp::now() {
            log::error!("the certificate ended at {}; API servers will refuse it", certificate.expiry);
        }
        self.metrics.certificate(certificate.expiry);
        self.told().bad_certificate = None;
    }

    /// The certificate was changed, and is bad for this reason, which is shown to whoever asks.
    pub(super) fn refused_certificate(&self, why: String) {
        log::error!("{why}; the last good certificate goes on");
        self.metrics.certificate_is_bad();
        self.told().bad_certificate = Some(why);
    }

    /// It was told to end.
    pub(super) fn is_ending(&self) {
        self.told().ending = true;
    }

    /// Was it told to end?
    pub(super) fn ends(&self) -> bool {
        self.told().ending
    }

    /// Shall API servers be sent here? What is bad and not in use is told, but is no reason to send them nowhere: the
    /// other replicas have the same files.
    pub(super) fn readiness(&self) -> Result<String, String> {
        let told = self.told();
        if told.ending {
            return Err("it was told to end".to_owned());
        }
        let bad = |what: &str, why: &Option<String>| {
            let why = why.as_ref()?;
            Some(format!("the {what} is bad, and the last good one is in use: {why}\n"))
        };
        let lines =
            [bad("configuration", &told.bad_configuration), bad("certificate", &told.bad_certificate)];
        Ok(std::iter::once("ok\n".to_owned()).chain(lines.into_iter().flatten()).collect())
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
