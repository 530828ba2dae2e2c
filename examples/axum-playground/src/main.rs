//! Runs the playground: `cargo run -p axum-playground`, then open the address it prints.
//!
//! [`playground::run`] lists the settings.

use std::error::Error;
use std::process::ExitCode;

use playground::Start;
use session_axum::SessionLayer;

#[tokio::main]
async fn main() -> ExitCode {
    playground::run("axum-playground", serve).await
}

async fn serve(start: Start) -> Result<(), Box<dyn Error>> {
    let layer = SessionLayer::from_config(&start.config).await?;
    if start.print_settings(layer.manager())? {
        return Ok(());
    }
    let app = axum_playground::app(layer, start.config.driver());
    let interrupted = playground::interrupted();
    axum::serve(start.listen().await?, app)
        .with_graceful_shutdown(interrupted)
        .await?;
    Ok(())
}
