//! `doctor`: finds problems in the configuration, and says how to fix them.

// Settings, without I/O.
mod cookie;
mod secrets;
mod settings;

// Redis: the queries, and the assessment of the answers.
mod latency;
mod probe;
mod server;

// The same for a SQL database.
mod database;

mod check;

use std::fmt::Write as _;

use serde::Serialize;
use session_core::DriverName;

use crate::args::Doctor;
use crate::doctor::check::{Check, Status};
use crate::driver;
use crate::failure::Failure;
use crate::output::{self, Answer};
use crate::variables::Variables;

#[derive(Serialize)]
struct Json<'a> {
    ok: usize,
    warn: usize,
    fail: usize,
    checks: &'a [Check],
}

pub(crate) async fn run(arguments: &Doctor, variables: &Variables) -> Result<Answer, Failure> {
    let (config, errors) = variables.config_with_errors()?;
    let mut checks = settings::checks(variables, &config, &errors)?;
    let is_url_invalid = errors.iter().any(|error| error.setting() == "REDIS_URL");
    if config.driver() == DriverName::Redis && !is_url_invalid {
        checks.extend(probe::checks(&config).await);
    }
    if driver::is_database(config.driver()) {
        checks.extend(database::checks(&config).await);
    }
    let [ok, warn, fail] = [Status::Ok, Status::Warn, Status::Fail]
        .map(|status| checks.iter().filter(|check| check.status == status).count());
    if arguments.json {
        output::print_json(&Json {
            ok,
            warn,
            fail,
            checks: &checks,
        })?;
    } else {
        let (text, total) = (text(&checks), output::count(checks.len(), "check"));
        output::print(&format!(
            "{text}{total}: {ok} ok, {warn} warn, {fail} fail\n"
        ))?;
    }
    let has_passed = fail == 0 && (warn == 0 || !arguments.strict);
    Ok(if has_passed { Answer::Yes } else { Answer::No })
}

fn text(checks: &[Check]) -> String {
    let width = checks
        .iter()
        .map(|check| check.name.chars().count())
        .max()
        .unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        let (name, padding) = (&check.name, width - check.name.chars().count());
        let detail = output::printable(&check.detail);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:<4}  {name}{:padding$}  {detail}",
            check.status.word(),
            ""
        );
        if let Some(remedy) = &check.remedy {
            let _ = writeln!(text, "      {:width$}  → {remedy}", "");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_printed_below_its_check() {
        let checks = [
            Check::ok("a", "fine"),
            Check::warn("longer", "so so", "do this"),
        ];
        assert_eq!(
            text(&checks),
            "ok    a       fine\n\
             warn  longer  so so\n\
             \x20             → do this\n"
        );
    }
}
