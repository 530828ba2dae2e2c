//! How many statements a request costs, counted by the server.

use session_core::{Outcome, Secret, Session, SessionManager, Token};
use session_sqlx::SqlxDriver;
use session_sqlx::sqlx::{
    Connection, MySqlConnection, PgConnection, query, query_as, query_scalar,
};
use test_support::DatabaseServer;
use test_support::database::Kind;

use crate::support::{Database, Store};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_postgres_costs_the_statements_that_the_docs_say() {
    let store = Store::new(Database::Postgres);
    let driver = store.builder().connect().await.unwrap();
    let mut administrator = PgConnection::connect(&store.url).await.unwrap();
    query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        .execute(&mut administrator)
        .await
        .unwrap();
    let count = async || {
        let sql = "SELECT COALESCE(sum(calls), 0)::bigint FROM pg_stat_statements WHERE query LIKE '%\"' || $1 || '\"%'";
        let calls = query_scalar(sql).bind(&store.table);
        let calls: i64 = calls.fetch_one(&mut administrator).await.unwrap();
        calls
    };
    assert_costs(driver, count, Conflict { statements: 2 }).await;
}

/// Counts everything that the driver sends, tests of connections included, on a server of its own. Only preparing a
/// statement, which happens once for each connection, does not count.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_to_mariadb_costs_the_round_trips_that_the_docs_say() {
    let server = DatabaseServer::start(Kind::MariaDb);
    let driver = SqlxDriver::builder(server.url()).pool_size(1);
    let driver = driver.connect().await.unwrap();
    let mut administrator = MySqlConnection::connect(&server.url()).await.unwrap();
    let mut own = 0;
    let count = async || {
        let sql = "SELECT variable_value FROM information_schema.global_status
            WHERE variable_name IN ('QUESTIONS', 'COM_ADMIN_COMMANDS')";
        let rows = query_as(sql).fetch_all(&mut administrator).await;
        let rows: Vec<(String,)> = rows.unwrap();
        assert_eq!(rows.len(), 2);
        own += 1;
        let all: i64 = rows.iter().map(|row| row.0.parse::<i64>().unwrap()).sum();
        all - own
    };
    assert_costs(driver, count, Conflict { statements: 3 }).await;
}

/// A save that another one overtook.
struct Conflict {
    /// With the repeated save.
    statements: i64,
}

async fn assert_costs(driver: SqlxDriver, mut count: impl AsyncFnMut() -> i64, conflict: Conflict) {
    let secret = Secret::new("a test's secret of 32 bytes and more").unwrap();
    let manager = SessionManager::builder(driver, secret).build().unwrap();
    let mut last = count().await;
    let mut cost = async || {
        let now = count().await;
        let cost = now - last;
        last = now;
        cost
    };

    assert!(manager.open(Some("forged.cookie")).await.unwrap().is_new());
    assert_eq!(cost().await, 0, "an invalid signature");

    let session = manager.open(None).await.unwrap();
    session.put("n", 1).unwrap();
    let token = token(&manager, &session).await;
    assert_eq!(cost().await, 1, "creates");

    let session = open(&manager, &token).await;
    assert_eq!(session.get::<u32>("n").unwrap(), Some(1));
    manager.commit(&session).await.unwrap();
    assert_eq!(cost().await, 1, "reads");

    let session = open(&manager, &token).await;
    session.put("n", 2).unwrap();
    manager.commit(&session).await.unwrap();
    assert_eq!(cost().await, 2, "reads and writes");

    let (one, other) = (open(&manager, &token).await, open(&manager, &token).await);
    one.put("one", 1).unwrap();
    other.put("other", 1).unwrap();
    manager.commit(&one).await.unwrap();
    assert_eq!(cost().await, 3);
    manager.commit(&other).await.unwrap();
    assert_eq!(cost().await, conflict.statements, "a conflict");

    let session = open(&manager, &token).await;
    session.regenerate().unwrap();
    let Outcome::Set(token) = manager.commit(&session).await.unwrap() else {
        panic!("no cookie");
    };
    assert_eq!(cost().await, 3, "regenerates");

    let session = open(&manager, &token).await;
    session.destroy().unwrap();
    manager.commit(&session).await.unwrap();
    assert_eq!(cost().await, 3, "destroys");
}

async fn open(manager: &SessionManager, token: &Token) -> Session {
    manager.open(Some(token.as_str())).await.unwrap()
}

async fn token(manager: &SessionManager, session: &Session) -> Token {
    match manager.commit(session).await.unwrap() {
        Outcome::Set(token) => token,
        other => panic!("{other:?}"),
    }
}
