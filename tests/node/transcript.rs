//! README's transcript of an installation: what is typed there is typed here, and what is answered here must stand
//! there. `UPDATE_TRANSCRIPT=1` writes it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::apps::v1::Deployment;
use regex_lite::{Captures, Regex};

use crate::installation::Installation;
use crate::kubectl::Kubectl;
use crate::stage::Stage;
use crate::table::Row;
use crate::workload::{container, deployment, spec};

const README: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
const BEGIN: &str = "<!-- transcript -->\n```console\n";
const END: &str = "```\n<!-- /transcript -->\n";

/// From a pod that waits to one that runs.
pub(crate) async fn is_what_a_user_sees(stage: &Arc<Stage>) -> Row {
    let place = Installation::new(stage, "harbor.example.com").await;
    let scene = &place.scene;
    let mut spec = spec(&[container("app", &scene.image())]);
    // It would be shown for a moment beside the new one.
    spec["terminationGracePeriodSeconds"] = 0.into();
    scene.make::<Deployment>(deployment("web", 1, &spec)).await;
    let mut transcript = Transcript { kubectl: &place.kubectl, text: String::new() };
    transcript.until("-n team-a get pods", "ImagePullBackOff").await;

    place.write("cronjob", &place.config(""), &[]);
    let (mark, began) = (scene.mark().await, Instant::now());
    transcript.enter("apply -k mine").await;
    transcript.enter("-n pullkeeper create job first --from=cronjob/pullkeeper").await;
    transcript.enter("-n pullkeeper wait --for=condition=complete --timeout=1m job/first").await;
    transcript.enter("-n pullkeeper logs job/first").await;
    scene.pods().ready(1).await;
    let after = began.elapsed();
    transcript.until("-n team-a get pods", "1/1     Running").await;
    transcript.stands_in_readme();
    assert_eq!(place.own_pods().await.len(), 1);
    let deletions = place.deletions(mark).await;
    assert_eq!(deletions, 1);
    place.remove().await;
    Row { after: Some(after), deletions, what: "as README shows it, from `kubectl apply` on".to_owned() }
}

struct Transcript<'a> {
    kubectl: &'a Kubectl,
    text: String,
}

impl Transcript<'_> {
    /// Types a command, and notes what it prints.
    async fn enter(&mut self, words: &str) {
        let printed = self.kubectl.run(words).await;
        self.note(words, &printed);
    }

    /// The same for one that prints a title and a line, until that line has these words.
    async fn until(&mut self, words: &str, awaited: &str) {
        let printed = loop {
            let printed = self.kubectl.run(words).await;
            if printed.lines().count() == 2 && printed.contains(awaited) {
                break printed;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        self.note(words, &printed);
    }

    fn note(&mut self, words: &str, printed: &str) {
        self.text.extend(["$ kubectl ", words, "\n", printed.trim_end(), "\n"]);
    }

    #[track_caller]
    fn stands_in_readme(&self) {
        let readme = std::fs::read_to_string(README).expect("README");
        let (before, rest) = readme.split_once(BEGIN).expect("its beginning in README");
        let (shown, after) = rest.split_once(END).expect("its end in README");
        let seen = steadied(&self.text);
        if std::env::var_os("UPDATE_TRANSCRIPT").is_some() {
            std::fs::write(README, format!("{before}{BEGIN}{seen}{END}{after}")).expect("README");
            return;
        }
        let differs = |(number, lines): (usize, (&str, &str))| {
            (lines.0 != lines.1).then(|| format!("{number}\n- {}\n+ {}\n", lines.0, lines.1))
        };
        let (shown, mut seen) = (shown.lines(), seen.lines());
        let pairs = shown.map(|line| (line, seen.next().unwrap_or_default()));
        let mut different: Vec<_> = pairs.enumerate().filter_map(differs).collect();
        different.extend(seen.map(|line| format!("+ {line}\n")));
        assert!(
            different.is_empty(),
            "README shows another transcript; UPDATE_TRANSCRIPT=1 writes the new one:\n{}",
            different.concat()
        );
    }
}

/// With the same times, and the same names where they are made up.
fn steadied(text: &str) -> String {
    let mut text = text.to_owned();
    for (pattern, steady) in [
        (r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[2026-01-01T12:00:00Z"),
        // A write that meets another's is tried again.
        (r"\(\d+\.\d s, \d+ reads, \d+ writes\)", "(2.5 s, 7 reads, 5 writes)"),
        // The age of a pod.
        (r"(?m) {3}(?:\d+m)?(?:\d+s)?$", "   15s"),
    ] {
        text = Regex::new(pattern).expect("a pattern").replace_all(&text, steady).into_owned();
    }
    let pods = Regex::new(r"web-([0-9a-f]{8,10})-[0-9a-z]{5}").expect("a pattern");
    let mut names: Vec<String> = Vec::new();
    let steady = |found: &Captures<'_>| {
        let name = found[0].to_owned();
        let known = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        format!("web-{}-{}", &found[1], ["7k2vd", "q9w4n"].get(known).expect("two pods"))
    };
    pods.replace_all(&text, steady).into_owned()
}
