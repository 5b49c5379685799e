//! Arguments, log, runtime and exit status; everything else is in the library.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use pullkeeper::cli::{Cli, Command, Output};
use pullkeeper::cluster::{Choice, Cluster};
use pullkeeper::config::{self, ConfigError, Inputs};
use pullkeeper::keeper::Setup;
use pullkeeper::pass::Options;
use pullkeeper::print::print;
use pullkeeper::progress::Progress;
use pullkeeper::report::{ExitStatus, Report, write_termination_message};
use pullkeeper::{command, keeper, logging};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

fn main() -> ExitStatus {
    let cli = Cli::parse_from(std::env::args_os());
    let progress = Progress::default();
    let env = environment();
    logging::start(progress.bars().clone(), &env, cli.level());
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let ended = runtime.block_on(run(&cli, &env, &progress));
        // A name that is still looked up would hold up the end.
        runtime.shutdown_background();
        ended
    };
    run().unwrap_or_else(|error: anyhow::Error| {
        log::error!("{error:#}");
        ExitStatus::Unusable
    })
}

async fn run(cli: &Cli, env: &BTreeMap<String, String>, progress: &Progress) -> anyhow::Result<ExitStatus> {
    let inputs = Inputs { file: cli.config.clone(), env: env.clone(), flags: cli.flags() };
    match &cli.command {
        None => keep(cli, &inputs, progress).await,
        Some(Command::Image { references }) => Ok(command::image(references, &inputs, cli.output)?),
        Some(Command::Rbac(own)) => Ok(command::rbac(own, cli.once, &inputs, cli.output)?),
        Some(Command::Webhook(own)) => {
            let read = || read_rules(&inputs).map_err(|error| error.to_string());
            let stop = CancellationToken::new();
            stop_on_signal(stop.clone())?;
            command::webhook(own, &read, &stop).await
        }
        Some(Command::Images { action }) => {
            let cluster = connect(cli, env).await?;
            Ok(command::images(*action, &cluster, &inputs, cli.dry_run, cli.output).await?)
        }
    }
}

async fn keep(cli: &Cli, inputs: &Inputs, progress: &Progress) -> anyhow::Result<ExitStatus> {
    let setup = load(inputs, cli)?;
    setup.warn();
    let reload = || load(inputs, cli).map_err(|error| error.to_string());
    let cluster = connect(cli, &inputs.env).await?;
    let mut tell = |report: &Report| tell(report, cli.output);
    let options = Options { dry_run: cli.dry_run, ..Options::default() };
    Ok(keeper::run(&cluster, setup, &reload, options, progress, &mut tell).await)
}

async fn connect(cli: &Cli, env: &BTreeMap<String, String>) -> anyhow::Result<Cluster> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone())?;
    Ok(choice(cli, env).connect(stop).await?)
}

fn load(inputs: &Inputs, cli: &Cli) -> Result<Setup, ConfigError> {
    let loaded = config::load(inputs)?;
    let single = cli.once || cli.dry_run;
    let config = if single { loaded.config.once() } else { loaded.config };
    let files = loaded.file.into_iter().chain(config.files()).collect();
    Ok(Setup { config, files, warnings: loaded.warnings })
}

/// The configuration of what asks no registry: its passwords may be out of reach.
fn read_rules(inputs: &Inputs) -> Result<Setup, ConfigError> {
    let loaded = config::load_without_passwords(inputs)?;
    Ok(Setup { config: loaded.config, files: loaded.file.into_iter().collect(), warnings: loaded.warnings })
}

/// The variables that are text; others can't be ours.
fn environment() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

fn choice(cli: &Cli, env: &BTreeMap<String, String>) -> Choice {
    Choice {
        server: cli.server.clone(),
        kubeconfig: cli.kubeconfig.clone(),
        context: cli.context.clone(),
        endpoint_variable: env.get("KUBERNETES_API_ENDPOINT").cloned(),
        kubeconfig_variable: env.get("KUBECONFIG").cloned(),
        in_cluster: env.contains_key("KUBERNETES_SERVICE_HOST"),
        usual: usual_kubeconfigs(env.get("HOME")),
        ecrupdater: config::is_ecr_updater(env),
    }
}

/// The user's own; and in a container whose user has no home, where the oldest tool's users mount theirs.
fn usual_kubeconfigs(home: Option<&String>) -> Vec<PathBuf> {
    let homes = home
        .map(String::as_str)
        .into_iter()
        .chain(Some("/root").filter(|root| home.is_none_or(|home| home != root)));
    homes.map(|home| Path::new(home).join(".kube/config")).collect()
}

/// SIGTERM and SIGINT end the program after the writes in flight.
fn stop_on_signal(stop: CancellationToken) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        log::info!("told to end; finishing what is in flight");
        stop.cancel();
        // Who asks twice won't wait.
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(ExitStatus::Incomplete as i32);
    });
    Ok(())
}

/// Prints a report.
fn tell(report: &Report, output: Output) {
    match output {
        Output::Text => print(report),
        Output::Json => print(&report.to_json()),
    }
    if let Err(error) = write_termination_message(report, Path::new("/dev/termination-log")) {
        log::warn!("can't write the termination message: {error}");
    }
}
