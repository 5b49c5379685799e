//! The webhook and the engine make the same of every image; and so the webhook and the policy.

use crate::process::{Webhook, config};
use crate::references::{self, RULES, by_the_engine, found, mixed};

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_and_the_engine_agree() {
    let all = references::all();
    for (_, rules) in RULES {
        let (webhook, config) = (Webhook::start(rules), config(rules));
        let mut changed = 0;
        for part in all.chunks(200) {
            let made = webhook.made(&mixed(part)).await;
            for (index, image) in part.iter().enumerate() {
                let expected = by_the_engine(&config, image);
                assert_eq!(found(&made, index), expected, "{image:?} by {rules}");
                changed += usize::from(expected != *image);
            }
        }
        references::assert_changed(changed, &all, rules);
    }
}
