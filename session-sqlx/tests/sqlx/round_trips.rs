//! How many statements a request costs, counted by the server.

use session_core::{Outcome, Secret, Session, SessionManager, Token};
use session_sqlx::sqlx::PgPool;
use session_sqlx::sqlx::query_scalar;

use crate::support::{Database, Store};

#[tokio::test(flavor = "multi_thread")]
async fn a_request_costs_the_statements_that_the_docs_say() {
    let store = Store::new(Database::Postgres);
    let driver = store.builder().connect().await.unwrap();
    let administrator = PgPool::connect(&store.url).await.unwrap();
    let _ = session_sqlx::sqlx::query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        .execute(&administrator)
        .await
        .unwrap();
    let secret = Secret::new("a test's secret of 32 bytes and more").unwrap();
    let manager = SessionManager::builder(driver, secret).build().unwrap();
    let count = async || {
        let sql = "SELECT COALESCE(sum(calls), 0)::bigint FROM pg_stat_statements WHERE query LIKE '%\"' || $1 || '\"%'";
        let calls: i64 = query_scalar(sql)
            .bind(&store.table)
            .fetch_one(&administrator)
            .await
            .unwrap();
        calls
    };
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
    assert_eq!(
        cost().await,
        2,
        "a conflict costs one more save, and no load"
    );

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
