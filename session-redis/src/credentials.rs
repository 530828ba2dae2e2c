//! The user name and the password for new connections.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use fred::error::Error;
use fred::types::config::{CredentialProvider, Server};

/// Returns the current password.
pub(crate) type Password = Arc<dyn Fn() -> String + Send + Sync>;

/// A fixed user name and a password that may change.
pub(crate) struct Credentials {
    pub(crate) user: Option<String>,
    pub(crate) password: Password,
}

#[async_trait]
impl CredentialProvider for Credentials {
    async fn fetch(&self, _: Option<&Server>) -> Result<(Option<String>, Option<String>), Error> {
        Ok((self.user.clone(), Some((self.password)())))
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}
