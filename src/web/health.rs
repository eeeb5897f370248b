//! For load balancers and supervisors: is the process alive, and can it serve.

use actix_web::web::{Data, ServiceConfig, get};
use actix_web::{HttpResponse, http::StatusCode};
use serde_json::json;

use crate::app::App;

/// The routes; open to everybody, and they tell nothing but yes or no.
pub fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/health", get().to(live)).route("/health/live", get().to(live)).route("/health/ready", get().to(ready));
}

/// `GET /health/live`: the process answers. `GET /health` is what Label Studio's clients ask.
async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "UP" }))
}

/// `GET /health/ready`: the database answers too.
async fn ready(app: Data<App>) -> HttpResponse {
    if app.db.is_ready().await {
        return HttpResponse::Ok().json(json!({ "status": "UP" }));
    }
    HttpResponse::build(StatusCode::SERVICE_UNAVAILABLE)
        .json(json!({ "status": "DOWN", "detail": "The database does not answer." }))
}
