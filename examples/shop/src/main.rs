//! Runs the shop, with sessions in memory:
//!
//! ```sh
//! SESSION_DRIVER=memory SESSION_SECURE=false SESSION_SECRET=$(openssl rand -base64 32) cargo run -p shop
//! ```

use session_axum::SessionConfig;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = SessionConfig::from_env()?;
    let builder = session_axum::builder(&config).await?;
    let sessions = shop::sessions(builder, config.cookie().clone()).build()?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("The shop is open at http://127.0.0.1:3000");
    axum::serve(listener, shop::app(sessions)).await?;
    Ok(())
}
