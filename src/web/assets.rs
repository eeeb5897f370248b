//! Style sheet, script and icons, out of the binary, at addresses that change with their content.

use std::sync::LazyLock;

use actix_web::http::header::{self, CacheControl, CacheDirective};
use actix_web::{HttpResponse, web};
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest, Sha256};

/// Everything in `static/`: part of the binary, but read from the disk in a debug build.
#[derive(RustEmbed)]
#[folder = "static/"]
struct Static;

/// A year, in seconds: the longest that caches are asked to keep anything.
const YEAR_S: u32 = 31_536_000;

/// One hash over all files, not one for each, because the style sheet names its neighbours relative to
/// itself. The first half of it tells versions apart well enough.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Static::iter().collect();
    names.sort();
    let mut sum = Sha256::new();
    for name in names {
        sum.update(name.as_bytes());
        sum.update(Static::get(&name).map(|file| file.metadata.sha256_hash()).unwrap_or_default());
    }
    sum.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
});

/// The address of a file in `static/`, for example `/static/0a1b…/app.css`.
#[must_use]
pub fn path(name: &str) -> String {
    format!("/static/{}/{name}", *HASH)
}

/// A file in `static/`, for what has an address of its own.
#[must_use]
pub fn bytes(name: &str) -> Option<Vec<u8>> {
    Static::get(name).map(|file| file.data.into_owned())
}

/// The route of the files. Anything but a known name under the present hash answers 404, so that no page can
/// be made to sit in a cache under a static address.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/static/{hash}/{name}").get(serve));
}

/// `GET /static/{hash}/{name}`.
async fn serve(address: web::Path<(String, String)>) -> HttpResponse {
    let (hash, name) = address.into_inner();
    match Static::get(&name) {
        Some(file) if hash == *HASH => answer(file),
        _ => HttpResponse::NotFound().finish(),
    }
}

/// A file, to be kept for a year and never asked for again.
fn answer(file: EmbeddedFile) -> HttpResponse {
    let year = CacheControl(vec![
        CacheDirective::Public,
        CacheDirective::MaxAge(YEAR_S),
        CacheDirective::Extension("immutable".to_owned(), None),
    ]);
    HttpResponse::Ok()
        .content_type(content_type(file.metadata.mimetype()))
        .insert_header((header::CACHE_CONTROL, year))
        .body(file.data.into_owned())
}

/// The type with the character set that texts need.
fn content_type(mime: &str) -> String {
    if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() }
}
