//! Runs the playground: `cargo run -p poem-playground`, then open the address it prints.
//!
//! [`playground::run`] lists the settings.

use std::error::Error;
use std::process::ExitCode;

use playground::Start;
use poem::Server;
use poem::listener::TcpAcceptor;
use session_poem::SessionMiddleware;

#[tokio::main]
async fn main() -> ExitCode {
    playground::run("poem-playground", serve).await
}

async fn serve(start: Start) -> Result<(), Box<dyn Error>> {
    let middleware = SessionMiddleware::from_config(&start.config).await?;
    if start.print_settings(middleware.manager())? {
        return Ok(());
    }
    let app = poem_playground::app(middleware, start.config.driver());
    let interrupted = playground::interrupted();
    let acceptor = TcpAcceptor::from_tokio(start.listen().await?)?;
    Server::new_with_acceptor(acceptor)
        .run_with_graceful_shutdown(app, interrupted, None)
        .await?;
    Ok(())
}
