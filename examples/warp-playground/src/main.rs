//! Runs the playground: `cargo run -p warp-playground`, then open the address it prints.
//!
//! [`playground::run`] lists the settings.

use std::error::Error;
use std::process::ExitCode;

use playground::Start;
use playground::page::About;
use session_warp::SessionLayer;

#[tokio::main]
async fn main() -> ExitCode {
    playground::run("warp-playground", serve).await
}

async fn serve(start: Start) -> Result<(), Box<dyn Error>> {
    let layer = SessionLayer::from_config(&start.config).await?;
    if start.print_settings(layer.manager())? {
        return Ok(());
    }
    let about = About::new(layer.manager(), start.config.driver());
    let interrupted = playground::interrupted();
    session_warp::serve(warp_playground::routes(about), layer)
        .incoming(start.listen().await?)
        .graceful(interrupted)
        .run()
        .await;
    Ok(())
}
