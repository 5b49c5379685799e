//! The Jobs whose pods wait: each is asked for by its name, and only where its pod would be evicted.

use std::collections::BTreeMap;

use futures::future::join_all;

use super::client::Cluster;
use super::error::Meaning;
use super::{requests, wire};
use crate::plan::Job;

/// Jobs by namespace and name, or why one isn't known.
type Jobs = BTreeMap<(String, String), Result<Job, String>>;

impl Cluster {
    /// Looks at these Jobs, by namespace and name.
    pub async fn jobs(&self, names: &[(String, String)]) -> Jobs {
        let look = |(namespace, name): &(String, String)| {
            let key = (namespace.clone(), name.clone());
            async move {
                let seen = self.object::<wire::Job>(&requests::job(&key.0, &key.1)).await;
                let unknown = |error: super::ApiError| match error.meaning() {
                    Meaning::Forbidden => format!("its Job can't be read: {error}; grant get on jobs"),
                    Meaning::Gone => "its Job is gone; delete it by hand".to_owned(),
                    _ => format!("its Job can't be read: {error}; the next pass tries again"),
                };
                let job = seen.map(wire::Job::observe).map_err(unknown);
                (key, job)
            }
        };
        join_all(names.iter().map(look)).await.into_iter().collect()
    }
}
