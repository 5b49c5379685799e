//! What is in the cluster already outlives every failure of its source: the old bytes stay, no write is
//! tried, and the one line of the error says so.

use super::super::scripted::objects::list;
use super::super::scripted::{Reply, get};
use super::aws::{KEY, PASSWORD, SESSION, answer, pass, with_keys};
use super::*;

const OLD: &str = "kB5xVt7LwQz2JrN8cMf4/old+Ys6Hd";

/// The Secret that a pass makes, as it is read later, with its token due.
fn due(written: &Value) -> Value {
    let mut secret = written.clone();
    let mut noted = state(written);
    let now = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second()).unwrap();
    let hours = jiff::SignedDuration::from_hours;
    for note in noted.as_object_mut().unwrap().values_mut().filter(|note| note["issued"].is_string()) {
        note["issued"] = (now - hours(11)).to_string().into();
        note["expires"] = (now + hours(1)).to_string().into();
    }
    secret["metadata"]["annotations"]["pullkeeper.io/state"] = noted.to_string().into();
    secret["metadata"]["uid"] = "1".into();
    secret["metadata"]["resourceVersion"] = "1".into();
    secret
}

/// The Secret of `pass`, in the cluster.
fn there(pass: &Pass) -> impl Fn() -> Vec<Expect> + use<> {
    let (ran, asked) = pass.run(("json", false), vec![post(SECRETS).says(ok(&json!({})))]);
    assert_eq!(ran.code, Some(0), "{}", ran.everything());
    let secret = due(&asked.last().unwrap().json());
    move || vec![get(SECRETS).says(ok(&list(json!([secret.clone()]), ""))).always()]
}

#[test]
fn of_a_token_of_ecr() {
    let odd = |data: Value| {
        Reply::raw(200, "application/x-amz-json-1.1", json!({"authorizationData": data}).to_string())
    };
    let bad = BASE64_STANDARD.encode(PASSWORD);
    let denied = json!({"__type": "AccessDeniedException", "message": format!("not you, {KEY}")}).to_string();
    let table = [
        (odd(json!([])), "the answer holds no token"),
        (odd(Value::Null), "the answer holds no token"),
        (odd(json!([{"authorizationToken": bad}])), "holds a token without a colon"),
        (odd(json!([{"authorizationToken": "%%%"}])), "holds a token that is no base64"),
        (Reply::raw(400, "application/x-amz-json-1.1", denied), "AWS denies ecr:GetAuthorizationToken"),
    ];
    for (reply, cause) in table {
        let first = [post("/").says(answer())];
        let ecr = Server::start(first.into_iter().chain(OUTPUTS.map(|_| post("/").says(reply.clone()))));
        let pass = with_keys(pass("", &ecr));
        let errors = pass.fails(&[KEY, SESSION, PASSWORD], there(&pass));
        let [one] = errors.as_slice() else { panic!("{errors:?}") };
        assert!(one.contains(cause) && one.contains("; "), "{one}");
        assert!(one.contains(". 1 Secret keeps the last good one, which ends "), "{one}");
        ecr.finish();
    }
}

#[test]
fn of_programs() {
    let reply = format!("echo '{{\"Username\":\"robot\",\"Secret\":\"{OLD}\"}}'");
    for body in ["exit 1", "echo", "echo credentials not found in native keychain; exit 1", "kill -9 $$"] {
        let mut pass = Pass::new("");
        let program = pass.script("helper", &reply);
        pass.entry = format!("credentialHelper: {{name: {}, hosts: [a.example.com]}}", program.display());
        let there = there(&pass);
        pass.script("helper", body);
        let errors = pass.fails(&[OLD], there);
        let told = |one: &String| one.contains("; ") && one.contains(". 1 Secret keeps the last good one");
        assert!(matches!(errors.as_slice(), [one] if told(one)), "{body}: {errors:?}");
    }
}

#[test]
fn of_a_password_that_was_revoked() {
    let basic = || {
        get("/v2/").says(Reply::raw(401, "text/plain", "").header("WWW-Authenticate", "Basic realm=\"x\""))
    };
    let answers = |status| get("/v2/").says(Reply::raw(status, "text/plain", OLD));
    let first = [basic(), answers(200)];
    let later = OUTPUTS.into_iter().flat_map(|_| [basic(), answers(401)]);
    let registry = Server::start(first.into_iter().chain(later));
    let mut pass = Pass::new("");
    let file = pass.file("password", OLD);
    let password = format!("password: {{file: {}}}", file.display());
    pass.entry = format!("{{host: '{}', username: robot, {password}, insecure: true}}", registry.address());
    pass.verifies = true;
    let there = there(&pass);
    // Somebody wrote another password, and a wrong one.
    std::fs::write(&file, PASSWORD).unwrap();
    let errors = pass.fails(&[OLD, PASSWORD], there);
    let told = "it refuses robot (401 Unauthorized); write the right password, or ask who runs the registry for a new \
                one. 1 Secret keeps the last good one";
    assert_eq!(errors, [told]);
    registry.finish();
}
