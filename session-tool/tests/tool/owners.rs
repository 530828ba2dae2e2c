//! `list --owner` and `revoke --owner`, with every store.

use std::time::Duration;

use session_core::{Outcome, SessionConfig, SessionManager};
use session_redis::RedisDriver;
use session_sealed::Sealed;
use session_sqlx::SqlxDriver;
use test_support::database::{DatabaseServer, Kind};
use test_support::{RedisServer, redis};

use crate::databases::Folder;
use crate::run::{SECRET, Tool, bare, block_on, tool};

/// The environment of a service.
struct Service {
    driver: &'static str,
    url: String,
    encrypts: bool,
}

impl Service {
    fn redis(server: &RedisServer) -> Self {
        Self {
            driver: "redis",
            url: server.url(),
            encrypts: false,
        }
    }

    fn variables(&self) -> Vec<(&str, &str)> {
        let url = match self.driver {
            "redis" => "REDIS_URL",
            _ => "DATABASE_URL",
        };
        let mut variables = vec![
            ("SESSION_DRIVER", self.driver),
            (url, &self.url),
            ("SESSION_OWNER_KEY", "user"),
        ];
        if self.encrypts {
            variables.push(("SESSION_ENCRYPT", "true"));
        }
        variables
    }

    async fn manager(&self) -> SessionManager {
        let variables = self.variables();
        let config = SessionConfig::from_vars(|name| match name {
            "SESSION_SECRET" => Some(SECRET),
            name => variables.iter().find(|(n, _)| *n == name).map(|(_, v)| *v),
        });
        let config = config.unwrap();
        let builder =
            match self.driver {
                "redis" => {
                    let driver = RedisDriver::from_config(&config).connect().await.unwrap();
                    match self.encrypts {
                        true => config
                            .builder(Sealed::new(driver, &config.key_ring().unwrap()).unwrap()),
                        false => config.builder(driver),
                    }
                }
                _ => {
                    let driver = SqlxDriver::from_config(&config).connect().await.unwrap();
                    match self.encrypts {
                        true => config
                            .builder(Sealed::new(driver, &config.key_ring().unwrap()).unwrap()),
                        false => config.builder(driver),
                    }
                }
            };
        builder.unwrap().build().unwrap()
    }

    /// Logs users in, one after the other, and returns their ids. The last one is remembered.
    fn log_in(&self, users: &[&str]) -> Vec<String> {
        block_on(async {
            let manager = self.manager().await;
            let mut ids = Vec::new();
            for (n, user) in users.iter().enumerate() {
                let session = manager.open(None).await.unwrap();
                session.put("user", user).unwrap();
                if n + 1 == users.len() {
                    session
                        .remember_for(Duration::from_secs(30 * 86_400))
                        .unwrap();
                }
                let id = session.id().unwrap().as_str().to_owned();
                assert!(matches!(
                    manager.commit(&session).await,
                    Ok(Outcome::Set(_))
                ));
                ids.push(id);
            }
            ids
        })
    }

    /// The program in the environment of the service, but without its secret.
    fn tool(&self, arguments: &[&str]) -> Tool {
        bare(arguments).envs(&self.variables())
    }

    fn with_secret(&self, arguments: &[&str]) -> Tool {
        tool(arguments).envs(&self.variables())
    }
}

/// Lists and ends the sessions of two users.
fn check(service: &Service) {
    let ids = service.log_in(&["ada", "Ada", "ada", "ada"]);
    let run = |arguments: &[&str]| service.with_secret(arguments).run();

    let ran = run(&["list", "--owner", "ada"]);
    assert_eq!((ran.code, &*ran.err), (0, ""), "{}", service.driver);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("id         created"), "{ran:?}");
    for id in [&ids[0], &ids[2], &ids[3]] {
        let line = lines.iter().find(|line| line.starts_with(&id[..8]));
        let line = line.unwrap_or_else(|| panic!("{} is not listed: {ran:?}", &id[..8]));
        let (expires, remembered) = match id == &ids[3] {
            true => (", in 29 d 23 h", "  for 30 d"),
            false => (", in 1 h 59 min", "  no"),
        };
        assert!(
            line.contains(expires) && line.ends_with(remembered),
            "{line}"
        );
        assert!(
            !line.contains("unknown") && !line.contains(&id[..9]),
            "{line}"
        );
    }
    assert_eq!(lines[4..], ["3 sessions"]);

    let json = run(&["list", "--owner", "Ada", "--json", "--full-id"]).json();
    let session = &json["sessions"][0];
    assert_eq!(
        (&session["id"], &session["remembered"]),
        (&ids[1].as_str().into(), &false.into())
    );
    for time in ["created_at", "saved_at", "expires_at"] {
        assert!(session[time].as_str().unwrap().ends_with('Z'), "{json}");
    }
    let none = run(&["list", "--owner", "nobody", "--json"]);
    none.says(1, "{\"sessions\":[]}\n");

    // By a part of the id.
    let ran = run(&["show", &ids[1][..8]]);
    ran.concludes(0, &format!("id       {}…", &ids[1][..8]));
    ran.shows("user  \"Ada\"");

    let start = &ids[2][..8];
    let unknown = run(&["revoke", "--owner", "ada", "--except", &ids[1]]);
    unknown
        .fails_with("the user has no session with the id given with --except, so none was revoked");
    run(&["revoke", "--owner", "ada", "--except", start]).says(0, "revoked 2 sessions\n");
    let left = run(&["list", "--owner", "ada", "--json"]).json();
    assert_eq!(left["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(left["sessions"][0]["id"], format!("{start}…"));
    let ran = run(&["revoke", "--owner", "ada", "--except", start]);
    assert_eq!(
        (ran.code, &*ran.err),
        (1, "session-tool: the user has no other session\n")
    );
    run(&["revoke", "--owner", "ada"]).says(0, "revoked 1 session\n");
    let ran = run(&["revoke", "--owner", "ada"]);
    assert_eq!((ran.code, &*ran.out), (1, ""));
    assert!(
        ran.err
            .starts_with("session-tool: no session of this user in the store; ")
    );
    assert_eq!(run(&["show", &ids[1]]).code, 0);
}

#[test]
fn the_sessions_of_a_user_in_redis_are_listed_and_ended() {
    let server = RedisServer::start();
    check(&Service::redis(&server));
}

#[test]
fn the_sessions_of_a_user_in_sqlite_are_listed_and_ended() {
    let folder = Folder::new("owners");
    for encrypts in [false, true] {
        check(&Service {
            driver: "sqlite",
            url: folder.url(),
            encrypts,
        });
        std::fs::remove_file(folder.path("sessions.db")).unwrap();
    }
}

#[test]
fn the_sessions_of_a_user_in_postgres_are_listed_and_ended() {
    let server = DatabaseServer::start(Kind::Postgres);
    check(&Service {
        driver: "postgres",
        url: server.url(),
        encrypts: false,
    });
}

#[test]
fn the_sessions_of_a_user_in_mariadb_are_listed_and_ended() {
    let server = DatabaseServer::start(Kind::MariaDb);
    check(&Service {
        driver: "mysql",
        url: server.url(),
        encrypts: false,
    });
}

#[test]
fn encrypted_sessions_of_a_user_need_the_secret() {
    let server = RedisServer::start();
    let service = Service {
        encrypts: true,
        ..Service::redis(&server)
    };
    check(&service);
    service.log_in(&["ada"]);
    let list = ["list", "--owner", "ada"];
    service
        .tool(&list)
        .run()
        .fails_with("SESSION_SECRET: is not set");
    // Not an empty list, and not "revoked 0".
    let plain = Service {
        encrypts: false,
        ..service
    };
    for arguments in [&list[..], &["revoke", "--owner", "ada"]] {
        plain.tool(arguments).run().fails(
            "the session is encrypted; set SESSION_ENCRYPT=true and the secret of the service",
        );
    }
}

#[test]
fn plain_sessions_of_a_user_need_no_secret() {
    let server = RedisServer::start();
    let service = Service::redis(&server);
    service.log_in(&["-42"]);
    assert_eq!(service.tool(&["list", "--owner", "-42"]).run().code, 0);
    service
        .tool(&["revoke", "--owner", "-42"])
        .run()
        .says(0, "revoked 1 session\n");
}

#[test]
fn a_missing_owner_key_and_a_driver_without_an_index_are_errors() {
    let url = format!("redis://127.0.0.1:{}", redis::free_port());
    for arguments in [
        &["list", "--owner", "ada"][..],
        &["revoke", "--owner", "ada"],
    ] {
        tool(arguments).redis(&url).run().fails(
            "SESSION_OWNER_KEY is not set; set it, or owner_key in the file given with --config, to the data key under which \
             the service stores the user",
        );
        let keyed = |driver: &str| {
            let tool = tool(arguments).env("SESSION_OWNER_KEY", "user");
            tool.env("SESSION_DRIVER", driver)
        };
        for driver in ["cookie", "memory"] {
            keyed(driver).run().fails(&format!(
                "SESSION_DRIVER is {driver}, which has no index of owners; the service needs redis, postgres, mysql or sqlite to \
                 know the sessions of a user",
            ));
        }
        keyed("redis")
            .env("REDIS_URL", &url)
            .run()
            .fails_with("REDIS_URL: ");
    }
}
