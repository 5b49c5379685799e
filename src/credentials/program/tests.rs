//! Real programs, good and bad.

use secrecy::ExposeSecret;

use super::*;
use crate::credentials::scripts::Scripts;

const LONG: Duration = Duration::from_mins(1);

async fn run_for(scripts: &Scripts, name: &str, stdin: &[u8], deadline: Duration) -> Result<Output, String> {
    let programs = scripts.programs();
    run(Call { program: Path::new(name), args: &[], stdin, programs: &programs, deadline }).await
}

async fn body(body: &str) -> Result<Output, String> {
    let scripts = Scripts::new();
    scripts.script("program", body);
    run_for(&scripts, "program", b"hello", LONG).await
}

fn text(output: &Output) -> &str {
    std::str::from_utf8(output.stdout.expose_secret()).unwrap()
}

/// The error, without the folder that the tests made.
fn error(scripts: &Scripts, result: Result<Output, String>) -> String {
    let folder = scripts.programs().folder.unwrap();
    result.err().unwrap().replace(folder.to_str().unwrap(), "DIR")
}

#[tokio::test]
async fn reads_what_is_asked_and_prints_the_answer() {
    let output = body("printf 'got %s' \"$(cat)\"").await.unwrap();
    assert_eq!((text(&output), output.status, output.stderr), ("got hello", 0, false));
}

#[tokio::test]
async fn gets_its_arguments_as_they_are() {
    let scripts = Scripts::new();
    let program = scripts.script("program", "printf '<%s>' \"$@\"");
    let args = ["get", "a b", "$(id)", ""].map(str::to_owned);
    let call =
        Call { program: &program, args: &args, stdin: b"", programs: &Programs::default(), deadline: LONG };
    assert_eq!(text(&run(call).await.unwrap()), "<get><a b><$(id)><>");
}

#[tokio::test]
async fn a_failure_is_told_without_its_stderr() {
    let output = body("echo sorry; echo hunter2 >&2; exit 3").await.unwrap();
    assert_eq!(text(&output), "sorry\n");
    assert_eq!(
        output.failure(),
        "exited with status 3, with a text on stderr that may hold secrets and isn't shown"
    );
    assert_eq!(body("exit 1").await.unwrap().failure(), "exited with status 1");
}

#[tokio::test]
async fn need_not_read_its_stdin() {
    let scripts = Scripts::new();
    scripts.script("program", "exec <&-; echo fine");
    let output = run_for(&scripts, "program", &vec![b'x'; 1 << 20], LONG).await.unwrap();
    assert_eq!(text(&output), "fine\n");
}

#[tokio::test]
async fn may_write_much_to_stderr() {
    let output = body("head -c 300000 /dev/zero >&2; echo fine").await.unwrap();
    assert_eq!((text(&output), output.stderr), ("fine\n", true));
}

#[tokio::test]
async fn one_that_hangs_is_killed_with_its_children() {
    let scripts = Scripts::new();
    scripts.script("program", r#"tail -n 0 -f "$0" & tail -n 0 -f "$0""#);
    let result = run_for(&scripts, "program", b"", Duration::from_millis(300)).await;
    assert_eq!(
        error(&scripts, result),
        "DIR/program took longer than 300ms and was killed; see that what it asks can be reached from here"
    );
    scripts.until_running(0).await;
}

#[tokio::test]
async fn one_that_nobody_waits_for_is_killed_with_its_children() {
    let scripts = Scripts::new();
    scripts.script("program", r#"tail -n 0 -f "$0" & tail -n 0 -f "$0""#);
    {
        let mut run = pin!(run_for(&scripts, "program", b"", LONG));
        tokio::select! {
            _ = &mut run => panic!("it ended"),
            () = scripts.until_running(3) => {}
        }
    }
    scripts.until_running(0).await;
}

#[tokio::test]
async fn a_child_that_keeps_the_pipes_open_is_not_waited_for() {
    let scripts = Scripts::new();
    scripts.script("program", r#"tail -n 0 -f "$0" & echo fine"#);
    let output = run_for(&scripts, "program", b"", LONG).await.unwrap();
    assert_eq!((text(&output), output.status), ("fine\n", 0));
    scripts.until_running(0).await;
}

#[tokio::test]
async fn one_that_prints_without_end_is_killed() {
    let scripts = Scripts::new();
    scripts.script("program", r#"cat "$0" /dev/zero"#);
    let result = run_for(&scripts, "program", b"", LONG).await;
    assert_eq!(
        error(&scripts, result),
        "DIR/program printed more than 1 MiB and was killed; see that it is the program that was meant"
    );
    scripts.until_running(0).await;
}

#[tokio::test]
async fn may_print_as_much_as_is_allowed() {
    let output = body("head -c 1048576 /dev/zero").await.unwrap();
    assert_eq!(output.stdout.expose_secret().len(), MAX_STDOUT);
}

#[tokio::test]
async fn a_signal_is_told() {
    let table = [
        ("TERM", "DIR/program was ended by signal 15; run it by hand to see why"),
        ("KILL", "DIR/program was ended by signal 9; see whether the memory limit is too low for it"),
    ];
    for (signal, told) in table {
        let scripts = Scripts::new();
        scripts.script("program", &format!("kill -{signal} $$"));
        let result = run_for(&scripts, "program", b"", LONG).await;
        assert_eq!(error(&scripts, result), told);
    }
}

#[tokio::test]
async fn says_why_it_cannot_be_started() {
    let scripts = Scripts::new();
    scripts.file("plain", "#!/bin/sh\n", "644");
    scripts.file("foreign", "\u{7f}ELF of another world", "755");
    scripts.file("shebang", "#!/no/such/interpreter\n", "755");
    std::fs::create_dir(scripts.programs().folder.unwrap().join("folder")).unwrap();
    let table = [
        ("missing", "DIR/missing is not there; put it there, or correct its path"),
        ("folder", "DIR/folder is a folder; write the path of the program in it"),
        (
            "plain",
            "DIR/plain may not be executed; make it executable for this user, on a volume that isn't mounted noexec",
        ),
        (
            "foreign",
            "DIR/foreign is no program of this machine; bring the build for its processor, or begin the script with #!",
        ),
        (
            "shebang",
            "DIR/shebang can't be started, for its interpreter or its C library is not there; use a static build of it",
        ),
        ("a/b", "'a/b' is no absolute path; write one, or a bare name in the folder of programs"),
        ("./b", "'./b' is no absolute path; write one, or a bare name in the folder of programs"),
        ("..", "'..' is no absolute path; write one, or a bare name in the folder of programs"),
        ("", "'' is no absolute path; write one, or a bare name in the folder of programs"),
        ("sh/", "'sh/' is no absolute path; write one, or a bare name in the folder of programs"),
    ];
    for (name, told) in table {
        let result = run_for(&scripts, name, b"", LONG).await;
        assert_eq!(error(&scripts, result), told, "{name}");
    }
}

/// The C library's own way with a file of no known format is to give it to a shell.
#[tokio::test]
async fn no_shell_is_started() {
    let scripts = Scripts::new();
    let marker = scripts.programs().folder.unwrap().join("marker");
    scripts.file("program", &format!("echo >{}\n", marker.display()), "755");
    run_for(&scripts, "program", b"", LONG).await.err().unwrap();
    assert!(!marker.exists());
}

#[tokio::test]
async fn a_bare_name_is_not_looked_for_in_path() {
    let programs = Programs::default();
    let call = Call { program: Path::new("sh"), args: &[], stdin: b"", programs: &programs, deadline: LONG };
    assert_eq!(
        run(call).await.err().unwrap(),
        "'sh' has no path; write it, or set programs to the folder that it is in"
    );
}

#[tokio::test]
async fn gets_little_of_our_environment() {
    let programs = Programs { folder: None, env: vec!["CARGO_PKG_N*".into(), "CARGO_PKG_VERSION".into()] };
    let program = Path::new("/usr/bin/env");
    let call = Call { program, args: &[], stdin: b"", programs: &programs, deadline: LONG };
    let output = run(call).await.unwrap();
    let mut got: Vec<_> = text(&output).lines().map(str::to_owned).collect();
    let chosen = start::environment(std::env::vars_os(), &programs.env);
    let mut chosen: Vec<_> =
        chosen.map(|(name, value)| format!("{}={}", name.display(), value.display())).collect();
    got.sort();
    chosen.sort();
    assert_eq!(got, chosen);
    assert!(got.iter().any(|line| line.starts_with("PATH=")));
}

#[test]
fn chooses_variables_by_name() {
    let names =
        ["PATH", "HOME", "https_proxy", "SSL_CERT_DIR", "AWS_REGION", "AWS", "XAWS_X", "SECRET", "Path"];
    let ours = || names.iter().map(|name| (name.into(), "x".into()));
    let table: [(&[&str], &[&str]); 3] = [
        (&[], &["PATH", "HOME", "https_proxy", "SSL_CERT_DIR"]),
        (&["AWS_*"], &["PATH", "HOME", "https_proxy", "SSL_CERT_DIR", "AWS_REGION"]),
        (&["[", "AWS", "SECRET"], &["PATH", "HOME", "https_proxy", "SSL_CERT_DIR", "AWS", "SECRET"]),
    ];
    for (wanted, chosen) in table {
        let wanted: Vec<_> = wanted.iter().copied().map(str::to_owned).collect();
        let got: Vec<_> = start::environment(ours(), &wanted).map(|(name, _)| name).collect();
        assert_eq!(got, chosen, "{wanted:?}");
    }
}
