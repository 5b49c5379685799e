//! AWS as its users meet it, against a stand-in on loopback: the SDK signs, retries and reads as it
//! does in earnest. The environment and the files are made up, so that no test touches the process's own.

mod answers;
mod identities;
mod refusals;
mod stand_in;
mod trouble;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_types::os_shim_internal::{Env, Fs};

use super::{Caller, Keys, Surroundings, Token, http};

const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY";

/// A caller with keys from a Secret, in eu-west-1.
fn caller<'a>() -> Caller<'a> {
    let keys = Keys { id: ID.to_owned(), secret: SECRET.into(), place: "Secret ops/aws".to_owned() };
    Caller { region: Some("eu-west-1"), keys: Some(keys), role: None }
}

/// A machine with these variables and files and no more; nothing of it is read from this one.
fn machine(variables: &[(&str, &str)], files: &[(&str, &str)]) -> Surroundings {
    let files: HashMap<String, String> =
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let variables: Vec<(String, String)> =
        variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let slice: Vec<(&str, &str)> = variables.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let loader =
        aws_config::defaults(BehaviorVersion::latest()).env(Env::from_slice(&slice)).fs(Fs::from_map(files));
    Surroundings {
        loader,
        variable: Arc::new(move |name: &str| {
            variables.iter().find(|(set, _)| set == name).map(|(_, text)| text.clone())
        }),
        http: http::client(ProxyConfig::disabled()),
        deadline: Duration::from_secs(20),
        back_off: Duration::from_millis(1),
    }
}

/// The error; a token is none, and has no `Debug` to show.
fn error(answer: Result<Token, String>) -> String {
    match answer {
        Ok(_) => panic!("a token, where an error was expected"),
        Err(error) => {
            assert!(!error.contains('\n') && !error.contains(SECRET), "{error}");
            error
        }
    }
}
