//! Who may show a login. Many a directory locks an account after a few tries of a wrong password, so the first
//! goes alone, and the others only once it is known that it isn't refused.

use std::future::Future;

use reqwest::StatusCode;
use tokio::sync::Mutex;

use crate::credentials::Refusals;
use crate::credentials::refusals::Login;
use crate::plan::Probed;

/// A login of which nothing was heard is shown so often in a pass: one image that hangs its registry doesn't
/// speak for the next, but the tries may count.
const TRIES: usize = 2;

/// The way for one login to its registry.
pub(super) struct Gate<'a> {
    login: &'a Login,
    refusals: &'a Refusals,
    state: Mutex<State>,
}

/// What is known of a login.
enum State {
    /// It was shown so often, and nothing was said of it.
    Unheard(usize),
    /// It is not refused. What is refused with it is an image.
    Good,
    /// It was refused, in these words.
    Refused(String),
}

impl<'a> Gate<'a> {
    /// The gate for a login, with what earlier passes and this one's verification know of it.
    pub(super) fn of(login: &'a Login, refusals: &'a Refusals) -> Self {
        let state = match refusals.recall_login(login) {
            Some(words) => State::Refused(super::words::recalled(&words)),
            None if refusals.is_accepted(login) => State::Good,
            None => State::Unheard(0),
        };
        Self { login, refusals, state: Mutex::new(state) }
    }

    /// Shows the login with `asking`, where it may be shown. Its answer counts by its status: 401 refuses
    /// the login, in the words of `refused`, unless that is known to be good or `is_good` says so, which asks for
    /// no image; 403 only ever an image.
    pub(super) async fn show<T>(
        &self,
        asking: impl Future<Output = Result<T, String>>,
        status: impl Fn(&T) -> StatusCode,
        refused: impl Fn(StatusCode) -> String,
        is_good: impl Future<Output = bool>,
    ) -> Result<T, Probed> {
        let mut state = self.state.lock().await;
        match &mut *state {
            State::Good => {
                drop(state);
                return asking.await.map_err(Probed::Untold);
            }
            State::Refused(words) => return Err(Probed::Refused(words.clone())),
            State::Unheard(TRIES) => return Err(Probed::Untold(super::words::unheard())),
            State::Unheard(tries) => *tries += 1,
        }
        let answer = asking.await.map_err(Probed::Untold)?;
        match status(&answer) {
            StatusCode::UNAUTHORIZED => {
                // There are registries that say the same of a good login that may not read the image.
                if is_good.await {
                    self.refusals.note_good(self.login);
                    *state = State::Good;
                    return Ok(answer);
                }
                let words = refused(StatusCode::UNAUTHORIZED);
                self.refusals.note_probed(self.login, &words);
                *state = State::Refused(words.clone());
                return Err(Probed::Refused(words));
            }
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {}
            _ => *state = State::Good,
        }
        Ok(answer)
    }
}
