//! The addresses for scripts: plain text and JSON.
//!
//! Every member may read them. Somebody who is not signed in may if there is one organization only: the list is
//! made to be given to whoever runs a firewall, and scripts there have no account. They do not get the labels.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::Serialize;

use crate::app::App;
use crate::clock::Timestamp;
use crate::domain::actor::Actor;
use crate::error::{Error, Result};
use crate::store::egress::{self, EgressList};
use crate::web::words;

#[derive(Serialize)]
struct Ranges {
    addresses: Vec<Range>,
    /// RFC 3339, in UTC.
    changed_at: Option<String>,
}

#[derive(Serialize)]
struct Range {
    address: String,
    label: String,
}

/// `GET /ip-ranges.txt`: one address or block a line.
pub async fn text(app: Data<App>, actor: Option<Actor>) -> Result<HttpResponse> {
    let list = readable(&app, actor).await?;
    let lines: String = list.addresses.iter().map(|address| address.text() + "\n").collect();
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(lines))
}

/// `GET /ip-ranges.json`.
pub async fn json(app: Data<App>, actor: Option<Actor>) -> Result<HttpResponse> {
    let list = readable(&app, actor).await?;
    let addresses =
        list.addresses.into_iter().map(|address| Range { address: address.text(), label: address.label }).collect();
    let changed_at = list.changed_at.as_ref().map(|at: &Timestamp| words::iso(at));
    Ok(HttpResponse::Ok().json(Ranges { addresses, changed_at }))
}

async fn readable(app: &App, actor: Option<Actor>) -> Result<EgressList> {
    if let Some(actor) = actor {
        return app.db.read(move |conn| egress::list(conn, actor.scope)).await;
    }
    let mut list = app.db.read(egress::list_of_only_organization).await?.ok_or(Error::NotSignedIn)?;
    for address in &mut list.addresses {
        address.label.clear();
    }
    Ok(list)
}
