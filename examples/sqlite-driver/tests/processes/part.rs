//! What a process that a test starts has to do.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};
use session_core::{Renewal, Secret, SessionManager};
use sqlite_driver::SqliteDriver;

use crate::common::Folder;
use crate::plan::Plan;

#[derive(Serialize, Deserialize)]
pub(crate) struct Part {
    task: Task,
    store: Store,
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Task {
    Open,
    Count,
    Hammer(Plan),
}

impl Part {
    pub(crate) fn new(task: Task, store: &Store) -> Self {
        Self {
            task,
            store: store.clone(),
        }
    }

    pub(crate) fn of_this_process() -> Option<Self> {
        let part = env::var(VARIABLE).ok()?;
        Some(serde_json::from_str(&part).unwrap())
    }

    /// This test's program, which will find its part.
    pub(crate) fn command(&self) -> Command {
        self.command_of(&env::current_exe().unwrap())
    }

    pub(crate) fn command_of(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env(VARIABLE, serde_json::to_string(self).unwrap());
        command
    }

    pub(crate) fn play(self) {
        match self.task {
            Task::Open => crate::say_whether_it_opens(&self.store),
            Task::Count => self.store.block_on(crate::count_for_ever),
            Task::Hammer(plan) => self.store.block_on(|manager| plan.carry_out(manager)),
        }
    }
}

/// The file, and the secret of its sessions' cookies.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Store {
    pub(crate) file: PathBuf,
    secret: String,
}

impl Store {
    pub(crate) fn new(folder: &Folder) -> Self {
        let secret = Secret::generate().unwrap();
        let secret = String::from_utf8(secret.expose().to_vec()).unwrap();
        Self {
            file: folder.file(),
            secret,
        }
    }

    /// Runs `work` with a manager on the file.
    pub(crate) fn block_on<T>(&self, work: impl AsyncFnOnce(SessionManager) -> T) -> T {
        let driver = SqliteDriver::open(&self.file).unwrap();
        let secret = Secret::new(&self.secret).unwrap();
        // Always: a session that is only read is touched as well.
        let manager = SessionManager::builder(driver, secret).renewal(Renewal::Always);
        let manager = manager.build().unwrap();
        tokio::runtime::Runtime::new()
            .unwrap()
            .block_on(work(manager))
    }
}

const VARIABLE: &str = "SQLITE_DRIVER_TEST_PART";
