//! The HTTP server: middleware around the routes, and how it starts and stops.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Server, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Compress, Next, from_fn};
use actix_web::web::Data;
use actix_web::{App as Actix, HttpServer};
use tracing_actix_web::TracingLogger;

use crate::api;
use crate::app::App;
use crate::trace::RequestSpan;
use crate::web;
use crate::web::headers::Transport;

/// Requests that are under way get this long to end after SIGTERM.
const SHUTDOWN_S: u64 = 20;

/// Serves the application on a socket until SIGTERM or SIGINT; then takes no new requests and lets those under
/// way end.
///
/// # Errors
/// The socket's.
pub fn serve(listener: TcpListener, app: Data<App>) -> io::Result<Server> {
    let transport = if app.config.is_https() { Transport::Https } else { Transport::Http };
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    let n_connections = usize::try_from(app.config.database_pool).unwrap_or(workers);
    // The description of the API, for programs and for the page that shows it to people.
    let document = Data::new(api::openapi::document());
    let server = HttpServer::new(move || {
        Actix::new()
            .app_data(app.clone())
            .app_data(document.clone())
            .configure(api::routes)
            .configure(|cfg| web::routes(cfg, &app))
            .wrap(Compress::default())
            .wrap(from_fn(web::error_pages::explain))
            .wrap(TracingLogger::<RequestSpan>::new())
            .wrap(from_fn(move |request, next| web::headers::secure(request, next, transport)))
            .wrap(from_fn(head_as_get))
    })
    .workers(workers)
    // As many as there are database connections, so that nobody waits in the pool, and a few for hashing.
    .worker_max_blocking_threads(n_connections.div_ceil(workers) + 2)
    // Without it small writes wait up to 40 ms for an acknowledgement.
    .tcp_nodelay(true)
    // A client that has gone is noticed at once.
    .h1_allow_half_closed(false)
    .client_request_timeout(Duration::from_secs(10))
    .client_disconnect_timeout(Duration::from_secs(5))
    .shutdown_timeout(SHUTDOWN_S)
    .listen(listener)?;
    Ok(server.run())
}

/// Answers HEAD like GET; the connection leaves the body out. Routes then need not name both.
async fn head_as_get<B: MessageBody>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    next.call(request).await
}
