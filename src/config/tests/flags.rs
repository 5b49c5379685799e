//! eatr's flags, the last of the layers.

use std::time::Duration;

use super::*;

fn with(yaml: &str, renewal: &str, resync: &str) -> Result<Config, String> {
    let place = Place::new();
    place.write("c.yaml", yaml);
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let flags = Flags { renewal: given(renewal), resync: given(resync) };
    let env = [("PULLKEEPER_REFRESH__BEFORE", "half")];
    place.load_with(Some("c.yaml"), &env, flags).map(|loaded| loaded.config)
}

#[test]
fn they_win_and_make_a_loop() {
    let seconds = Duration::from_secs;
    let looks =
        |interval, resync: Option<u64>| Time { resync: resync.map(seconds), ..every(seconds(interval)) };
    let table = [
        ("", "6h", "", looks(21600, None), Refresh::Every(seconds(21600))),
        ("", "", "5m", looks(300, Some(300)), Refresh::Half),
        ("", "6h", "5m", looks(300, Some(300)), Refresh::Every(seconds(21600))),
        ("", "20s", "5m0s", looks(20, Some(300)), Refresh::Every(seconds(20))),
        ("", "1.5h", "1h30m", looks(5400, Some(5400)), Refresh::Every(seconds(5400))),
        ("time: {interval: 60}", "6h", "5m", looks(60, Some(300)), Refresh::Every(seconds(21600))),
        ("time: {interval: 60, resync: 1h}", "", "5m", looks(60, Some(300)), Refresh::Half),
        ("refresh: {before: 1h}", "6h", "", looks(21600, None), Refresh::Every(seconds(21600))),
        ("refresh: {every: 1h}", "6h", "", looks(21600, None), Refresh::Every(seconds(21600))),
    ];
    for (text, renewal, resync, time, refresh) in table {
        let config = with(&more(&format!("{text}\n")), renewal, resync).unwrap();
        assert_eq!((config.time, config.refresh), (Some(time), refresh), "{text} {renewal} {resync}");
    }
    assert_eq!(with(ONE, "", "").unwrap().time, None);
}

#[test]
fn a_bad_one_is_told_by_its_name() {
    let table = [
        (
            "",
            "soon",
            "",
            "--auth-token-renewal-interval: refresh.every: 'soon' is no duration; write seconds such as 60, or 10m",
        ),
        ("", "0", "", "--auth-token-renewal-interval: refresh.every: is zero; write such as 6h"),
        (
            "",
            "-6h",
            "",
            "--auth-token-renewal-interval: refresh.every: '-6h' is negative; write seconds such as 60, or 10m",
        ),
        (
            "",
            "",
            "soon",
            "--informers-resync-interval: time.resync: 'soon' is no duration; write seconds such as 60, or 10m",
        ),
        (
            "",
            "6h",
            "0s",
            "--informers-resync-interval: time.resync: is shorter than interval; write 6h or more",
        ),
        (
            "time: {interval: 10m}",
            "",
            "5m",
            "--informers-resync-interval: time.resync: is shorter than interval; write 10m or more",
        ),
    ];
    for (text, renewal, resync, message) in table {
        assert_eq!(with(&more(&format!("{text}\n")), renewal, resync).unwrap_err(), message);
    }
}
