//! What an admission costs: how many a second, how long, and the memory of the process, beside the aims.
//!
//! `cargo bench --bench webhook` runs the release binary as its users do: as a process, with a file and a certificate.
//! Clients keep their connections, as API servers do, and send pods of 4 KB to 8 KB. How long it takes inside the
//! process is told by its own histogram, whose bounds are the answer's precision. Beside that, what pod creations take
//! on a real API server, which shares the CPUs, without admission, with the policy and with the webhook.

// A bench fails as tests do, and its numbers are for people.
#![allow(clippy::cast_precision_loss, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../../tests/webhook/client.rs"]
#[allow(dead_code)]
mod client;
mod creations;
mod pods;
mod program;
#[path = "../../tests/testbed/mod.rs"]
mod testbed;

use std::time::{Duration, Instant};

use client::{Client, get, post};
use program::Program;

const CLIENTS: usize = 8;
/// How long they ask, after as long a while to get warm as a tenth of it.
const ASKING: Duration = Duration::from_secs(5);

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(bench());
}

async fn bench() {
    let program = Program::start();
    let requests: Vec<_> = pods::reviews().iter().map(|review| post(review)).collect();
    let bytes: usize = requests.iter().map(Vec::len).sum::<usize>() / requests.len();
    ask(&program.client, &requests, ASKING / 10).await;
    let before = inside(&program.client).await;
    let begun = Instant::now();
    let mut outside = ask(&program.client, &requests, ASKING).await;
    let took = begun.elapsed();
    let inside = inside(&program.client).await.since(&before);
    outside.sort();

    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "{CLIENTS} clients, {:.1} KB a request; {cpus} CPUs, shared with the clients\n",
        bytes as f64 / 1000.0
    );
    println!("{:<34}{:>10.0}", "admissions a second", outside.len() as f64 / took.as_secs_f64());
    println!("{:<34}{:>10} {:>10}", "", "p50", "p99");
    println!("{:<34}{:>10} {:>10}", "ms outside", ms(at(&outside, 50)), ms(at(&outside, 99)));
    let (half, most) = (inside.below(50), inside.below(99));
    println!("{:<34}{:>10} {:>10}", "ms inside, less than", ms(half), ms(most));

    println!("\n{:<34}{:>10} {:>10}", "ms of a pod's creation", "p50", "p99");
    for (what, times) in creations::measure(&program).await {
        println!("{:<34}{:>10} {:>10}", format!("  with {what}"), ms(at(&times, 50)), ms(at(&times, 99)));
    }

    let peak = program.peak_kib();
    println!("\n{:<60} {:>10}", "aim", "measured");
    aim("99 of 100 take less than 1 ms inside the process", most <= Duration::from_millis(1), &ms(most));
    let mib = peak as f64 / 1024.0;
    aim("its peak memory is under 20 MiB", mib < 20.0, &format!("{mib:.1} MiB"));
}

/// How long each took.
async fn ask(client: &Client, requests: &[Vec<u8>], how_long: Duration) -> Vec<Duration> {
    let until = Instant::now() + how_long;
    let mut clients = tokio::task::JoinSet::new();
    for number in 0..CLIENTS {
        let (client, requests) = (client.clone(), requests.to_vec());
        clients.spawn(async move {
            let mut connection = client.connect().await.expect("it takes connections");
            let mut times = Vec::new();
            for request in requests.iter().cycle().skip(number) {
                let begun = Instant::now();
                if begun > until {
                    break;
                }
                let answer = connection.ask(request).await.expect("an answer");
                assert_eq!(answer.status, 200, "{}", answer.text());
                times.push(begun.elapsed());
            }
            times
        });
    }
    clients.join_all().await.concat()
}

/// A histogram: how many took at most so long.
struct Histogram(Vec<(f64, u64)>);

async fn inside(client: &Client) -> Histogram {
    let text = client.ask(&get("/metrics")).await.expect("metrics").text();
    let bucket = |line: &str| {
        let (bound, count) =
            line.strip_prefix("pullkeeper_admission_duration_seconds_bucket{le=\"")?.split_once("\"} ")?;
        let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? };
        Some((bound, count.parse().ok()?))
    };
    Histogram(text.lines().filter_map(bucket).collect())
}

impl Histogram {
    fn since(self, before: &Self) -> Self {
        let both = self.0.into_iter().zip(&before.0);
        Self(both.map(|((bound, count), (_, before))| (bound, count - before)).collect())
    }

    /// So many of a hundred took no longer than this.
    fn below(&self, percent: u64) -> Duration {
        let all = self.0.last().map_or(0, |(_, count)| *count);
        let found = self.0.iter().find(|(_, count)| count * 100 >= all * percent);
        Duration::try_from_secs_f64(found.map_or(f64::INFINITY, |(bound, _)| *bound)).unwrap_or(Duration::MAX)
    }
}

fn at(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default()
}

fn ms(time: Duration) -> String {
    format!("{:.2}", time.as_secs_f64() * 1000.0)
}

fn aim(what: &str, met: bool, measured: &dyn std::fmt::Display) {
    println!("{what:<60} {:>10}   {}", measured.to_string(), if met { "met" } else { "MISSED" });
}
