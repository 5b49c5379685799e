//! The loop, its metrics, and the files that it has to watch.

use std::time::Duration;

use secrecy::ExposeSecret;

use super::*;

#[test]
fn loops() {
    let minutes = Duration::from_mins;
    let ten = every(minutes(10));
    let table = [
        ("interval: 10m", ten),
        ("interval: 600, runtime: 0", ten),
        ("interval: 10m, runtime: 1h", Time { runtime: Some(minutes(60)), ..ten }),
        ("interval: 10m, resync: 10m", Time { resync: Some(minutes(10)), ..ten }),
        ("interval: 10m, resync: 1h, until:, pods:", Time { resync: Some(minutes(60)), ..ten }),
        ("interval: 10m, until: healthy", Time { until_healthy: true, ..ten }),
        (
            "interval: 10m, runtime: 1h, until: healthy, pods: 3",
            Time { runtime: Some(minutes(60)), until_healthy: true, min_pods: 3, ..ten },
        ),
    ];
    for (text, expected) in table {
        let loaded = from_file(more(&format!("time: {{{text}}}\n")), &[]).unwrap();
        assert_eq!(loaded.config.time, Some(expected), "{text}");
    }
    let env = [("PULLKEEPER_TIME__UNTIL", "healthy"), ("PULLKEEPER_TIME__INTERVAL", "600")];
    assert_eq!(
        from_file(ONE, &env).unwrap().config.time,
        Some(Time { until_healthy: true, ..ten }),
        "by variables"
    );
}

#[test]
fn loops_that_are_none() {
    assert_told(vec![
        (
            more("time: {interval: -5}\n"),
            "c.yaml:3: time.interval: '-5' is negative; write seconds such as 60, or 10m",
        ),
        (
            more("time:\n  interval: 0\n"),
            "c.yaml:4: time.interval: is zero; write seconds such as 60, or 10m",
        ),
        (
            more("time: {interval: 0s}\n"),
            "c.yaml:3: time.interval: is zero; write seconds such as 60, or 10m",
        ),
        (
            more("time: {interval: soon}\n"),
            "c.yaml:3: time.interval: 'soon' is no duration; write seconds such as 60, or 10m",
        ),
        (
            more("time: {runtime: 5}\n"),
            "c.yaml:3: time.interval: is missing; write seconds such as 60, or 10m",
        ),
        (
            more("time: {interval: 5, runtime: -1m}\n"),
            "c.yaml:3: time.runtime: '-1m' is negative; write seconds such as 60, or 10m",
        ),
        (
            more("time:\n  interval: 90s\n  resync: 89\n"),
            "c.yaml:5: time.resync: is shorter than interval; write 1m 30s or more",
        ),
        (
            more("time: {interval: 5, resync: 0}\n"),
            "c.yaml:3: time.resync: is shorter than interval; write 5s or more",
        ),
        (
            more("time: {interval: 5, until: done}\n"),
            "c.yaml:3: time.until: 'done' is no choice; write one of healthy",
        ),
        (
            more("time:\n  interval: 5\n  pods: 1\n"),
            "c.yaml:5: time.pods: goes with until; write until: healthy, or take it out",
        ),
        (
            more("time: {interval: 5, until: healthy, pods: some}\n"),
            "c.yaml:3: time.pods: 'some' is no count; write 0 or more",
        ),
        (
            more("time: {interval: 5, resnyc: 10}\n"),
            "c.yaml:3: time: unknown key 'resnyc' (did you mean 'resync'?)",
        ),
        (
            more("secret: {prune: all}\n"),
            "c.yaml:3: secret.prune: 'all' is no choice; write one of true, false",
        ),
    ]);
}

#[test]
fn where_metrics_are_served() {
    let table = [
        ("", Some(":5000")),
        ("metrics:", Some(":5000")),
        ("metrics: {listen: ~}", Some(":5000")),
        ("metrics: {listen: off}", None),
        ("metrics: {listen: 8080}", Some(":8080")),
        ("metrics: {listen: ':8080'}", Some(":8080")),
        ("metrics: {listen: '127.0.0.1:5000'}", Some("127.0.0.1:5000")),
        ("metrics: {listen: '[::1]:5000'}", Some("[::1]:5000")),
        ("metrics: {listen: '0.0.0.0:1'}", Some("0.0.0.0:1")),
        ("metrics: {listen: '127.0.0.1:0'}", Some("127.0.0.1:0")),
    ];
    for (text, expected) in table {
        let config = from_file(more(&format!("time: {{interval: 5}}\n{text}\n")), &[]).unwrap().config;
        let listen = config.metrics.listen.map(|listen| listen.to_string());
        assert_eq!(listen.as_deref(), expected, "{text}");
        assert!(config.once().metrics.listen.is_none(), "a single pass is over before anybody asks");
    }
    let of_all = from_file(more("time: {interval: 5}\n"), &[]).unwrap().config.metrics.listen;
    assert_eq!(of_all, Some(Listen { address: None, port: 5000 }));
    assert!(from_file(more("metrics: {listen: off}\n"), &[]).unwrap().config.metrics.listen.is_none());

    let no_address = |text: &str| {
        let what = "is no address; write such as :5000, 127.0.0.1:5000 or [::1]:5000, or off";
        (
            more(&format!("metrics: {{listen: '{text}'}}\n")),
            format!("c.yaml:3: metrics.listen: '{text}' {what}"),
        )
    };
    for text in ["0", ":0", "+5000", ":65536", "::1:5000", "localhost:5000", "127.0.0.1", "on", "", " :5000"]
    {
        let (yaml, message) = no_address(text);
        assert_told(vec![(yaml, &message)]);
    }
    assert_told(vec![(
        more("metrics: {listen: ':5000'}\n"),
        "c.yaml:3: metrics.listen: is of no use in a single pass; set time.interval, or take it out",
    )]);
}

#[test]
fn where_metrics_are_sent() {
    let table = [
        ("http://gateway:9091", "http://gateway:9091", "http://gateway:9091"),
        ("https://gateway/push/", "https://gateway/push", "https://gateway/push"),
        ("http://me:hunter2@gateway:9091/", "http://me:hunter2@gateway:9091", "http://gateway:9091"),
        ("https://me:hunter%402@gateway", "https://me:hunter%402@gateway", "https://gateway"),
        ("http://[::1]:9091", "http://[::1]:9091", "http://[::1]:9091"),
    ];
    for (text, url, shown) in table {
        let config = from_file(more(&format!("metrics: {{pushgateway: '{text}'}}\n")), &[]).unwrap().config;
        assert!(!format!("{config:?}").contains("hunter"), "{config:?}");
        let push = config.metrics.push.unwrap();
        assert_eq!((push.url.expose_secret(), &*push.to_string()), (url, shown));
    }

    let no_url = "c.yaml:3: metrics.pushgateway: is no URL; write such as http://pushgateway.monitoring:9091";
    let beyond = "c.yaml:3: metrics.pushgateway: holds a '?', '#' or '@' beyond the host; write a plain URL, and \
                  encode a password: %2F for '/', %3F for '?', %23 for '#', %40 for '@'";
    let table = [
        ("gateway:9091", no_url),
        ("ftp://gateway", no_url),
        ("me:hunter2@gateway", no_url),
        ("http://me:hunter/2@gateway", no_url),
        ("http://", no_url),
        ("", no_url),
        ("http://me:1/hunter2@gateway", beyond),
        ("http://me:1?hunter2@gateway", beyond),
        ("http://me:1#hunter2@gateway", beyond),
        ("http://gateway?job=a", beyond),
    ];
    for (text, message) in table {
        assert_told(vec![(more(&format!("metrics: {{pushgateway: '{text}'}}\n")), message)]);
    }
    let env = [("PULLKEEPER_METRICS__PUSHGATEWAY", "me:hunter2@gateway")];
    let told = from_file(ONE, &env).unwrap_err();
    assert_eq!(told, no_url.replace("c.yaml:3", "PULLKEEPER_METRICS__PUSHGATEWAY"));
}

#[test]
fn the_files_that_it_names() {
    let place = Place::new();
    let (password, config, ca) =
        (place.write("password", "x"), place.write("docker.json", "{}"), place.write("ca.crt", "x"));
    let yaml = format!(
        "namespaces: [a]\nprograms: /plugins\nregistries:\n\
         - {{host: a.b, username: u, password: {{file: {password}}}, ca: {ca}}}\n\
         - {{host: b.b, username: u, password: {{file: {password}}}, ca: {ca}}}\n\
         - {{host: c.b, username: u, password: {{env: PASS}}}}\n\
         - {{host: d.b, username: u, password: {{secret: {{namespace: n, name: s}}}}}}\n\
         - dockerConfig: {{file: {config}}}\n\
         - dockerConfig: {{secret: {{namespace: n, name: s}}}}\n\
         - {{ecr: {{region: eu-west-1}}, ca: {ca}}}\n\
         - credentialHelper: {{name: gcr, hosts: [gcr.io]}}\n",
        password = password.display(),
        config = config.display(),
        ca = ca.display(),
    );
    place.write("c.yaml", yaml);
    let loaded = place.load(Some("c.yaml"), &[]).unwrap();
    assert_eq!(loaded.config.files(), [ca, config, password]);
    assert_eq!(loaded.file, Some(place.0.path().join("c.yaml")));
    assert_eq!(from_file(ONE, &[]).unwrap().config.files(), [""; 0].map(PathBuf::from));
}
