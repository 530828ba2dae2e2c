//! The settings in force, printed and read again.

use std::time::Duration;

use session_core::{
    Builder, Caching, ClearSiteData, CookieOptions, DriverName, Establish, MemoryDriver, OnOutage,
    OnSaveFailure, Opening, Renewal, SameSite, Secret, SessionConfig, SessionManager, Transport,
};

use crate::common::SECRET;

/// Every setting, made in code, none of them a default.
fn changed(builder: Builder) -> Builder {
    builder
        .lifetime(Duration::from_millis(90_500))
        .absolute_lifetime(Duration::from_secs(3 * 60 * 60))
        .grace(Duration::from_millis(1_500))
        .owner_key("user_id")
        .sessions_per_owner(3)
        .max_bytes(4_000)
        .renewal(Renewal::OnWrite)
        .establish(Establish::Always)
        .opening(Opening::Lazy)
        .on_outage(OnOutage::Refuse)
        .on_save_failure(OnSaveFailure::Respond)
        .caching(Caching::Off)
        .transport(Transport::Both)
        .token_headers("x-token", "x-next-token")
        .clear_site_data(ClearSiteData::Cache)
        .accept_without_expiry(true)
        .cookie(
            CookieOptions::default()
                .name("shop")
                .path("/app")
                .domain("example.com")
                .secure(false)
                .http_only(false)
                .same_site(SameSite::Strict)
                .persistent(false),
        )
}

fn read(text: &str) -> SessionConfig {
    serde_json::from_str(text).unwrap()
}

/// Builds what the settings say, with another secret and driver.
fn rebuilt(config: SessionConfig) -> SessionManager {
    let config = config.with_secret(Secret::generate().unwrap());
    let builder = config.builder(MemoryDriver::new()).unwrap();
    builder.build().unwrap()
}

#[test]
fn what_is_printed_is_what_is_read() {
    let file = format!(
        r#"{{"secret":"{SECRET}","driver":"memory","prefix":"app:","table":"web.sessions",
            "plain_records":"write","pad_cookie":true,"encrypt":true}}"#
    );
    let builder = read(&file).builder(MemoryDriver::new()).unwrap();
    let manager = changed(builder).build().unwrap();
    let printed = manager.settings().to_string();
    assert_eq!(rebuilt(read(&printed)).settings().to_string(), printed);
    let config = read(&printed);
    assert_eq!(
        (config.driver(), config.prefix(), config.table()),
        (DriverName::Memory, "app:", "web.sessions")
    );
    assert!(config.encrypts() && config.pads_cookie());
    assert_eq!(config.owner_key(), Some("user_id"));
    assert_eq!(config.token_headers(), ("x-token", "x-next-token"));

    let toml = toml::to_string(&manager.settings()).unwrap();
    let config: SessionConfig = toml::from_str(&toml).unwrap();
    assert_eq!(rebuilt(config).settings().to_string(), printed);

    // No setting is forgotten: each differs from what a manager without settings prints.
    let defaults = SessionManager::builder(MemoryDriver::new(), Secret::generate().unwrap());
    let defaults = defaults.build().unwrap().settings().to_string();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let same: Vec<_> = lines(&printed)
        .into_iter()
        .filter(|line| lines(&defaults).contains(line))
        .collect();
    let expected = [
        "{",
        "  \"effective\": true,",
        "  \"token_headers\": {",
        "  },",
        "  \"cookie\": {",
        // It demands Secure.
        "    \"partitioned\": false,",
        "  }",
        "}",
    ];
    assert_eq!(same, expected);
}

/// Security checklist, statement 39.
#[test]
fn s39_no_secret_and_no_password_is_printed() {
    let file = format!(
        r#"{{"secret":"{SECRET}","previous_secrets":["{SECRET}"],
            "redis_url":"redis://:hunter2@cache","database_url":"postgres://a:hunter2@b/c"}}"#
    );
    let builder = read(&file).builder(MemoryDriver::new()).unwrap();
    let printed = builder.build().unwrap().settings().to_string();
    assert!(!printed.contains(SECRET) && !printed.contains("hunter2"));
    assert!(
        !printed.contains("secret") && !printed.contains("url"),
        "{printed}"
    );
}

#[test]
fn variables_add_secrets_and_urls_to_what_is_in_force_and_replace_nothing() {
    let manager = SessionManager::builder(MemoryDriver::new(), Secret::generate().unwrap());
    let manager = changed(manager).build().unwrap();
    let printed = manager.settings().to_string();
    let config = read(&printed)
        .with_vars(|name| {
            Some(match name {
                "SESSION_SECRET" | "SESSION_PREVIOUS_SECRETS" => SECRET,
                "REDIS_URL" => "redis://env",
                "DATABASE_URL" => "sqlite:env",
                // Invalid for most of them.
                _ => "x y",
            })
        })
        .unwrap();
    assert_eq!(config.key_ring().unwrap().size(), 2);
    assert_eq!(config.redis_url(), Some("redis://env"));
    assert_eq!(config.database_url(), Some("sqlite:env"));
    assert_eq!(config.prefix(), "session:");
    // Without a configuration, nobody knows the driver.
    assert!(!printed.contains("driver") && !printed.contains("prefix"));
    let rebuilt = rebuilt(config).settings().to_string();
    assert!(
        printed.lines().all(|line| rebuilt.contains(line)),
        "{rebuilt}"
    );
}
