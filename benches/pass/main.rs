//! What a pass costs on a large cluster: requests, time and peak memory, beside the aims.
//!
//! `cargo bench --bench pass` starts a control plane of its own, fills it with 500 namespaces (or
//! `PULLKEEPER_BENCH_NAMESPACES`) and runs the release binary as its users do: as a process, with a
//! kubeconfig and a file, as the ServiceAccount that the shipped `ClusterRole` is for. The yardstick, in
//! the same run and by turns, fetches the full lists that a naive program would, and does nothing with
//! the bytes.

// A bench fails as tests do, and its numbers are for people.
#![allow(clippy::cast_precision_loss, clippy::expect_used, clippy::panic)]

mod measure;
mod populate;
#[path = "../../tests/testbed/mod.rs"]
mod testbed;

use std::time::{Duration, Instant};

use measure::{Program, Run, full_lists};
use populate::Size;
use testbed::ControlPlane;

/// Passes that change nothing, and yardsticks between them.
const ROUNDS: usize = 7;

fn main() {
    let namespaces = std::env::var("PULLKEEPER_BENCH_NAMESPACES").map_or(500, |text| {
        text.parse().expect("PULLKEEPER_BENCH_NAMESPACES is a number of namespaces, such as 50")
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(bench(Size { namespaces }));
}

async fn bench(size: Size) {
    let plane = ControlPlane::start().unwrap_or_else(|error| panic!("{error:#}"));
    let admin = plane.admin();
    eprintln!("filling a cluster: {size} …");
    let started = Instant::now();
    let pod_bytes = populate::fill(&admin, size).await;
    let program = Program::new(&plane).await;
    eprintln!("done in {:.0} s; measuring …", started.elapsed().as_secs_f64());

    let first = program.run(&plane);
    let (mut unchanged, mut in_turn, mut at_once) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        unchanged.push(program.run(&plane));
        in_turn.push(full_lists(&plane, false).await);
        at_once.push(full_lists(&plane, true).await);
    }
    let table_pages = size.running_pods().div_ceil(500);
    plane.stop();

    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    println!("{size}, {:.1} KB of JSON a pod; {cpus} CPUs\n", pod_bytes as f64 / 1000.0);
    println!(
        "{:<34} {:>6} {:>7} {:>6} {:>7}   {:<22}{:<22}{:>9}",
        "", "lists", "+pages", "+gets", "writes", "seconds of the pass", "of the process", "peak MiB"
    );
    println!("{:<66}{:<22}min / median / max", "", "min / median / max");
    show("first pass", std::slice::from_ref(&first));
    show("pass that changes nothing", &unchanged);
    for (what, times) in
        [("4 full lists, raw, one by one", &in_turn), ("4 full lists, raw, all at once", &at_once)]
    {
        println!("{what:<34} {:>6} {:>7} {:>6} {:>7}   {}", 4, 0, 0, 0, spread(times));
    }

    let quiet = unchanged.first().expect("at least one round");
    let no_change = median(&unchanged.iter().map(|run| run.wall).collect::<Vec<_>>());
    let share = 100.0 * no_change.as_secs_f64() / median(&in_turn).min(median(&at_once)).as_secs_f64();
    let most = unchanged.iter().map(|run| run.peak_kib).max().unwrap_or_default();
    println!("\n{:<78} {:>10}", "aim", "measured");
    aim("a pass that changes nothing asks at most 8 lists, plus their pages", quiet.lists <= 8, &quiet.lists);
    aim("it reads one object for each of at most 50 Jobs whose pods wait", quiet.gets <= 50, &quiet.gets);
    aim("it writes nothing", quiet.writes == 0, &quiet.writes);
    aim(
        "a page without a suspicious pod is not fetched in full",
        quiet.pod_pages <= table_pages + 2,
        &quiet.pod_pages,
    );
    aim(
        "the whole process takes less than half as long as the faster way to get the lists",
        share < 50.0,
        &format!("{share:.0} %"),
    );
    aim("its peak memory is under 24 MiB", most < 24 * 1024, &format!("{:.1} MiB", mib(most)));
    aim(
        "a first pass makes one write a change, an Event a pod, and a note where one is evicted",
        first.writes - first.events - first.notes == first.changes,
        &first.writes,
    );
    aim(
        "it reads nothing a namespace",
        first.lists + first.pages + first.gets == quiet.lists + quiet.pages + quiet.gets,
        &(first.lists + first.pages + first.gets),
    );
}

fn show(what: &str, runs: &[Run]) {
    let Some(run) = runs.first() else { return };
    let passes: Vec<_> = runs.iter().map(|run| run.pass).collect();
    let walls: Vec<_> = runs.iter().map(|run| run.wall).collect();
    let peak = runs.iter().map(|run| run.peak_kib).max().unwrap_or_default();
    println!(
        "{what:<34} {:>6} {:>7} {:>6} {:>7}   {:<22}{:<22}{:>9.1}",
        run.lists,
        run.pages,
        run.gets,
        run.writes,
        spread(&passes),
        spread(&walls),
        mib(peak)
    );
}

fn aim(what: &str, met: bool, measured: &dyn std::fmt::Display) {
    println!("{what:<78} {:>10}   {}", measured.to_string(), if met { "met" } else { "MISSED" });
}

fn spread(times: &[Duration]) -> String {
    let (least, most) = (times.iter().min(), times.iter().max());
    let seconds = |time: Option<&Duration>| time.map_or(0.0, Duration::as_secs_f64);
    if times.len() == 1 {
        return format!("{:.2}", seconds(least));
    }
    format!("{:.2} / {:.2} / {:.2}", seconds(least), median(times).as_secs_f64(), seconds(most))
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
