//! `GET /api/openapi.json`: the description of the API, made once at start.

use actix_web::{HttpResponse, web};

use crate::error::{Error, Result};
use crate::http::openapi;

/// The description as bytes, and as a value for the page that shows it.
pub struct Document {
    value: serde_json::Value,
    text: String,
}

impl Document {
    /// The description of everything this program serves.
    ///
    /// # Errors
    /// `internal` when it cannot be written as JSON.
    pub fn build() -> Result<Self> {
        let parts = std::iter::once(super::oauth2::document()).chain(super::v1::documents());
        let value = serde_json::to_value(openapi::document(parts)).map_err(Error::internal)?;
        Ok(Self { text: serde_json::to_string_pretty(&value).map_err(Error::internal)?, value })
    }

    /// The document as a value.
    pub fn value(&self) -> &serde_json::Value {
        &self.value
    }

    /// The document as it is served and pinned.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// `GET /api/openapi.json`; asks for `web::Data<Document>`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/api/openapi.json").route(web::get().to(serve)));
}

async fn serve(document: web::Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.text.clone())
}
