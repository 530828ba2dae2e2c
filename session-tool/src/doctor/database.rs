//! Queries to a SQL database, and the assessment of the answers.

use session_core::{ConfigError, SessionConfig};
use session_sqlx::Inspection;

use crate::doctor::check::Check;
use crate::doctor::probe::{failed, measure_loads};
use crate::driver;
use crate::failure::Failure;

pub(crate) async fn checks(config: &SessionConfig) -> Vec<Check> {
    let driver = match driver::database(config).await {
        Ok(driver) => driver,
        Err(error) => return vec![failed(area(&error), &error)],
    };
    let mut checks = vec![
        Check::ok("database", "reachable, login accepted"),
        Check::ok(
            "table",
            "has the right columns; the user may read and write it",
        ),
        measure_loads(&driver).await,
    ];
    match driver.inspect().await {
        Ok(found) => checks.extend([version(&found), indexes(&found), clock(&found)]),
        Err(error) => {
            let error = Failure::from(error).to_string();
            let remedy = "check that the database is not overloaded";
            checks.push(Check::fail("version", error, remedy));
        }
    }
    driver.close().await;
    checks
}

fn area(error: &ConfigError) -> &'static str {
    match error.setting() {
        "SESSION_TABLE" => "table",
        _ => "database",
    }
}

fn version(found: &Inspection) -> Check {
    if found.is_read_only {
        let detail = format!("{}, which only reads", found.server);
        return Check::fail("version", detail, "use the address of the primary");
    }
    Check::ok("version", &*found.server)
}

fn indexes(found: &Inspection) -> Check {
    if found.missing_indexes.is_empty() {
        return Check::ok("indexes", "complete");
    }
    let detail = format!("missing on {}", found.missing_indexes.join(", "));
    let remedy = "create them with the schema in the docs of session-sqlx; without them, sweeps and owners are slow";
    Check::warn("indexes", detail, remedy)
}

fn clock(found: &Inspection) -> Check {
    let (ahead, word) = match found.clock_ahead {
        ahead @ 0.. => (ahead, "ahead"),
        behind => (behind.saturating_neg(), "behind"),
    };
    let detail = format!("the database's is {ahead} ms {word}");
    if ahead > TOLERATED {
        let remedy =
            "synchronize both; sessions end by the clocks of the services, which must agree";
        return Check::warn("clock", detail, remedy);
    }
    Check::ok("clock", detail)
}

/// In milliseconds. Far less than any lifetime, and more than NTP leaves.
const TOLERATED: i64 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::check::Status;

    #[test]
    fn a_clock_that_differs_is_a_warning_in_both_directions() {
        let mut found = Inspection::default();
        for (ahead, status, detail) in [
            (0, Status::Ok, "the database's is 0 ms ahead"),
            (1_001, Status::Warn, "the database's is 1001 ms ahead"),
            (-1_001, Status::Warn, "the database's is 1001 ms behind"),
            (-1_000, Status::Ok, "the database's is 1000 ms behind"),
        ] {
            found.clock_ahead = ahead;
            let check = clock(&found);
            assert_eq!((check.status, &*check.detail), (status, detail));
        }
    }
}
