//! The parts every description of the API shares: the problem document, the ways to sign in, and the joining of
//! the resources' parts into one document.

use serde_json::Value;
use utoipa::openapi::security::{
    ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes as FlowScopes, SecurityScheme,
};
use utoipa::openapi::{LicenseBuilder, OpenApi as Described};
use utoipa::{Modify, OpenApi, ToSchema};

use super::scope::Scope;
use crate::clock::Day;
use crate::error::Code;
use crate::record::{Action, State};
use crate::registry::Withheld;
use crate::rule::Rule;

/// RFC 9457 problem document, the body of every error but those of `/oauth2/token`. Some codes have members of their
/// own beside these.
#[derive(Debug, ToSchema)]
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
    pub code: Code,
    /// The field of the request that is to blame.
    #[schema(example = "holder.code", nullable = false)]
    pub field: Option<String>,
    /// The rule that failed, by its stable name.
    #[schema(nullable = false)]
    pub rule: Option<Rule>,
    /// What to do about it.
    pub hint: String,
    /// The id of the request, also in the header `X-Request-Id`.
    #[schema(nullable = false)]
    pub instance: Option<String>,
    /// Seconds after which to repeat, where that helps; also in the header `Retry-After`.
    #[schema(nullable = false)]
    pub retry_after: Option<u64>,
    /// Every fault of a face or of its holders, where there may be several.
    #[schema(nullable = false)]
    pub faults: Option<Vec<ProblemFault>>,
    /// Of `action_forbidden`: the action that was asked for.
    #[schema(nullable = false)]
    pub action: Option<Action>,
    /// Of `action_forbidden`: the state that the record is in; null before it is issued.
    pub state: Option<State>,
    /// Of `action_forbidden`: the states from which the action is open.
    #[schema(nullable = false)]
    pub allowed_from: Option<Vec<State>>,
    /// Of `version_conflict`: the record's present version.
    #[schema(nullable = false)]
    pub current_version: Option<u32>,
    /// Of `number_clash`, for the issuer of the stored record: its version.
    #[schema(nullable = false)]
    pub stored_version: Option<u32>,
    /// Of `number_clash`: the day of issue of the stored record.
    #[schema(nullable = false)]
    pub stored_issued_on: Option<Day>,
    /// Of `number_clash`: the fields whose values differ, as far as the client may see them.
    #[schema(nullable = false)]
    pub differing: Option<Vec<DifferingField>>,
    /// Of `number_clash`: what the day's budget left out.
    #[schema(nullable = false)]
    pub withheld: Option<Withheld>,
}

/// One fault of a face or of its holders.
#[derive(Debug, ToSchema)]
pub struct ProblemFault {
    /// The field, as a path.
    #[schema(nullable = false)]
    pub field: Option<String>,
    /// The rule that failed.
    pub rule: Rule,
    /// What failed, in words.
    pub detail: String,
}

/// A field of two faces under one number.
#[derive(Debug, ToSchema)]
pub struct DifferingField {
    /// Its name.
    pub field: String,
    /// The stored value; null where there is none. Numbers of holders are left out of it.
    #[schema(value_type = Value)]
    pub stored: Value,
    /// The value that was brought; null where there is none.
    #[schema(value_type = Value)]
    pub brought: Value,
}

/// The name of the security scheme of clients in the document.
pub const SECURITY: &str = "client";
/// The name of the scheme by which a client may send its secret to the token address.
pub const SECRET: &str = "secret";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "elicense",
        description = "Registry of electronic licences and certificates 电子证照库: signed records, verified lookups, receipts.\n\nThe routes stand at doors (`x-doors`), each with an address of its own: `agency` for the systems of agencies, `public` for everybody, `admin` for the operator. The pages for people, at the door `window` and under `/api/docs`, are no part of this description."
    ),
    tags(
        (name = "oauth2", description = "Tokens for clients (RFC 6749 §4.4)"),
        (name = "lookups", description = "The records of a holder, and the receipts of accesses"),
        (name = "records", description = "Issue, and everything that happens to a record afterwards"),
        (name = "verifications", description = "What a document in hand is worth"),
        (name = "holders", description = "Marks of life, links, entries without a body, who looked"),
        (name = "attachments", description = "Files that records name by their digest"),
        (name = "catalog", description = "Types, agencies, statements of coverage"),
        (name = "logs", description = "Logs and keys, for everybody who checks without the registry (C2SP tlog-tiles)"),
        (name = "operation", description = "Whether a process works, and its counters"),
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Shared)
)]
struct Common;

struct Shared;

impl Modify for Shared {
    fn modify(&self, openapi: &mut Described) {
        let license = env!("CARGO_PKG_LICENSE");
        openapi.info.license = Some(LicenseBuilder::new().name(license).identifier(Some(license)).build());
        let scopes = FlowScopes::from_iter(Scope::ALL.iter().map(|scope| (scope.wire(), scope.en())));
        let flow = Flow::ClientCredentials(ClientCredentials::new("/oauth2/token", scopes));
        let basic = HttpBuilder::new().scheme(HttpAuthScheme::Basic).build();
        if let Some(components) = openapi.components.as_mut() {
            components.add_security_scheme(SECURITY, SecurityScheme::OAuth2(OAuth2::new([flow])));
            components.add_security_scheme(SECRET, SecurityScheme::Http(basic));
        }
    }
}

/// The whole description: the common parts and each resource's, in that order.
pub fn document(parts: impl IntoIterator<Item = Described>) -> Described {
    let mut whole = Common::openapi();
    for part in parts {
        whole.merge(part);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_describes_what_problem_writes() {
        let described = serde_json::to_value(document([])).unwrap();
        let error =
            crate::error::Error::new(Code::FieldInvalid, "x").at("a").rule(Rule::Value).retry_after(1);
        let written = super::super::problem::document(&error);
        let properties = &described["components"]["schemas"]["Problem"]["properties"];
        for name in written.as_object().unwrap().keys() {
            assert!(properties.get(name).is_some(), "{name} is not described");
        }
        let scheme = &described["components"]["securitySchemes"][SECURITY];
        assert_eq!(scheme["flows"]["clientCredentials"]["tokenUrl"], "/oauth2/token");
        assert_eq!(described["info"]["license"]["identifier"], "Apache-2.0");
    }
}
