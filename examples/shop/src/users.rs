//! The accounts, in place of a database.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// An account.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: usize,
    pub(crate) name: String,
    pub(crate) password_hash: String,
    pub(crate) is_admin: bool,
}

/// All accounts. The first one is the admin's.
#[derive(Default)]
pub(crate) struct Users(Mutex<Vec<User>>);

impl Users {
    /// Creates an account. Returns `None` if the name is taken.
    pub(crate) fn create(&self, name: &str, password_hash: String) -> Option<User> {
        let mut users = self.lock();
        if users.iter().any(|user| user.is_named(name)) {
            return None;
        }
        let user = User {
            id: users.len(),
            name: name.to_owned(),
            password_hash,
            is_admin: users.is_empty(),
        };
        users.push(user.clone());
        Some(user)
    }

    pub(crate) fn get(&self, id: usize) -> Option<User> {
        self.lock().get(id).cloned()
    }

    pub(crate) fn find(&self, name: &str) -> Option<User> {
        let users = self.lock();
        users.iter().find(|user| user.is_named(name)).cloned()
    }

    pub(crate) fn all(&self) -> Vec<User> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<User>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl User {
    fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.trim())
    }
}
