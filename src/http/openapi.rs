//! The parts every description of the API shares: the problem document, the way to sign in, and the joining of
//! the resources' parts into one document.

use utoipa::openapi::security::{ClientCredentials, Flow, OAuth2, Scopes as FlowScopes, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};

use super::scope::Scope;

/// RFC 9457 problem document, the body of every error but those of `/oauth2/token`.
#[derive(Debug, serde::Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Where the code is explained: `/api/docs#<code>`.
    #[schema(example = "/api/docs#holder_code_invalid")]
    pub r#type: String,
    /// The title of the code in English.
    pub title: String,
    /// The title of the code in Chinese.
    pub title_zh: String,
    /// The HTTP status, again.
    #[schema(example = 422)]
    pub status: u16,
    /// What failed in this case.
    pub detail: String,
    /// The stable code; its meaning never changes.
    #[schema(example = "holder_code_invalid")]
    pub code: String,
    /// The field of the request that is to blame.
    #[schema(example = "holder.code")]
    pub field: Option<String>,
    /// The rule that failed, by its stable name.
    #[schema(example = "check_digit")]
    pub rule: Option<String>,
    /// What to do about it.
    pub hint: String,
    /// The id of the request, also in the header `X-Request-Id`.
    pub instance: Option<String>,
}

/// The name of the security scheme in the document.
pub const SECURITY: &str = "client";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "elicense",
        description = "Registry of electronic licences and certificates 电子证照库: signed records, verified lookups, receipts.",
        license(name = "Apache-2.0")
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Security)
)]
struct Common;

struct Security;

impl Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scopes = FlowScopes::from_iter(Scope::ALL.iter().map(|scope| (scope.wire(), scope.en())));
        let flow = Flow::ClientCredentials(ClientCredentials::new("/oauth2/token", scopes));
        if let Some(components) = openapi.components.as_mut() {
            components.add_security_scheme(SECURITY, SecurityScheme::OAuth2(OAuth2::new([flow])));
        }
    }
}

/// The whole description: the common parts and each resource's, in that order.
pub fn document(parts: impl IntoIterator<Item = utoipa::openapi::OpenApi>) -> utoipa::openapi::OpenApi {
    let mut whole = Common::openapi();
    for part in parts {
        whole.merge(part);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Rule;

    #[test]
    fn the_document_describes_what_problem_writes() {
        let described = serde_json::to_value(document([])).unwrap();
        let error = crate::error::Error::new(crate::error::Code::FieldInvalid, "x").at("a").rule(Rule::Value);
        let written = super::super::problem::document(&error);
        let properties = &described["components"]["schemas"]["Problem"]["properties"];
        for name in written.as_object().unwrap().keys() {
            assert!(properties.get(name).is_some(), "{name} is not described");
        }
        let scheme = &described["components"]["securitySchemes"][SECURITY];
        assert_eq!(scheme["flows"]["clientCredentials"]["tokenUrl"], "/oauth2/token");
    }
}
