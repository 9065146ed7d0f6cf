//! The style sheet and the one small script, compiled in. Their names hold a hash of their bytes: a browser
//! may keep them for a year and still sees a new version at once.

use std::sync::LazyLock;

use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::{HttpResponse, web};
use ring::digest::{SHA256, digest};

use crate::error::{Code, Error, Result};

/// A file of the pages.
struct Asset {
    /// `/assets/<stem>-<hash>.<extension>`.
    path: String,
    media: &'static str,
    body: &'static str,
}

static STYLE: LazyLock<Asset> = LazyLock::new(|| {
    asset("elicense", "css", "text/css; charset=utf-8", include_str!("assets/elicense.css"))
});
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    asset("elicense", "js", "text/javascript; charset=utf-8", include_str!("assets/elicense.js"))
});
static ICON: LazyLock<Asset> =
    LazyLock::new(|| asset("elicense", "svg", "image/svg+xml", include_str!("assets/elicense.svg")));

/// The address of the style sheet.
pub fn style() -> &'static str {
    &STYLE.path
}

/// The address of the script.
pub fn script() -> &'static str {
    &SCRIPT.path
}

/// The address of the mark.
pub fn icon() -> &'static str {
    &ICON.path
}

/// `GET /assets/{name}`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/assets/{name}").route(web::get().to(serve)));
}

async fn serve(name: web::Path<String>) -> Result<HttpResponse> {
    let files = [&*STYLE, &*SCRIPT, &*ICON];
    let found = files.into_iter().find(|asset| asset.path.strip_prefix("/assets/") == Some(name.as_str()));
    let asset = found.ok_or_else(|| Error::new(Code::NotFound, ""))?;
    Ok(HttpResponse::Ok()
        .content_type(asset.media)
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((ETAG, format!("\"{}\"", asset.path)))
        .body(asset.body))
}

fn asset(stem: &str, extension: &str, media: &'static str, body: &'static str) -> Asset {
    let hash = digest(&SHA256, body.as_bytes());
    let short: String = hash.as_ref().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    Asset { path: format!("/assets/{stem}-{short}.{extension}"), media, body }
}
