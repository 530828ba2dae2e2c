//! Passwords, hashed with Argon2id.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// Hashes passwords, a few at a time.
pub(crate) struct Passwords {
    /// A hash takes 19 MiB of memory and one processor, so a flood of logins must wait in line.
    slots: Arc<Semaphore>,
    /// Stands in for the hash of a user who does not exist.
    decoy: String,
}

impl Passwords {
    /// Hashes the password of a new account.
    pub(crate) async fn hash(&self, password: String) -> String {
        let hashed = self.run(move || hash(&password)).await;
        hashed.expect("the operating system has random bytes")
    }

    /// Returns `true` if the password is the one that was hashed. Takes the same time for a user
    /// who does not exist, so the time tells nobody which names do.
    pub(crate) async fn verify(&self, password: String, password_hash: Option<String>) -> bool {
        let exists = password_hash.is_some();
        let password_hash = password_hash.unwrap_or_else(|| self.decoy.clone());
        let is_right = move || {
            let password_hash = PasswordHash::new(&password_hash)?;
            Argon2::default().verify_password(password.as_bytes(), &password_hash)
        };
        self.run(is_right).await.is_ok() && exists
    }

    /// Runs `work` on a thread for work that blocks: on a thread of the runtime, it would hold up
    /// every other request there. Work goes on even if its client leaves, so it keeps the slot.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let slot = self.slots.clone().acquire_owned().await;
        let slot = slot.expect("it is never closed");
        let done = tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work()
        });
        done.await.expect("hashing does not panic")
    }
}

impl Default for Passwords {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            slots: Arc::new(Semaphore::new(processors)),
            decoy: hash("nobody has this password").expect("the operating system has random bytes"),
        }
    }
}

fn hash(password: &str) -> Result<String, Error> {
    Ok(Argon2::default()
        .hash_password(password.as_bytes())?
        .to_string())
}
