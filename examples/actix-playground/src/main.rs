//! Runs the playground: `cargo run -p actix-playground`, then open the address it prints.
//!
//! [`playground::run`] lists the settings.

use std::error::Error;
use std::process::ExitCode;

use actix_web::{App, HttpServer};
use playground::Start;
use session_actix::SessionMiddleware;

#[actix_web::main]
async fn main() -> ExitCode {
    playground::run("actix-playground", serve).await
}

async fn serve(start: Start) -> Result<(), Box<dyn Error>> {
    let middleware = SessionMiddleware::from_config(&start.config).await?;
    if start.print_settings(middleware.manager())? {
        return Ok(());
    }
    let driver = start.config.driver();
    let app = move || App::new().service(actix_playground::app(middleware.clone(), driver));
    let interrupted = playground::interrupted();
    HttpServer::new(app)
        .shutdown_signal(interrupted)
        .listen_auto_h2c(start.listen().await?.into_std()?)?
        .run()
        .await?;
    Ok(())
}
