//! The source of a new version's face.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::catalog::Face;
use crate::registry::base::strict;

/// The source of a new version's face. Without one the face stays as it was.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaceEdit {
    /// The whole face.
    Replace(#[serde(deserialize_with = "strict::object")] Map<String, Value>),
    /// These fields replace the old ones; null takes a field away.
    Patch(#[serde(deserialize_with = "strict::object")] Map<String, Value>),
}

/// The names of the two ways in the API's description.
const WAYS: [&str; 2] = ["FaceReplacement", "FacePatch"];

/// One of the two, as the API's description says.
impl PartialSchema for FaceEdit {
    fn schema() -> RefOr<Schema> {
        WAYS.into_iter().fold(OneOfBuilder::new(), |ways, way| ways.item(Ref::from_schema_name(way))).into()
    }
}

impl ToSchema for FaceEdit {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        let fields = ObjectBuilder::new().additional_properties(Some(AdditionalProperties::FreeForm(true)));
        let whole = Ref::from_schema_name(Face::name()).into();
        let ways = [
            way("replace", "The whole face.", whole),
            way("patch", "These fields replace the old ones; null takes a field away.", fields.into()),
        ];
        schemas.extend(WAYS.map(str::to_owned).into_iter().zip(ways));
        schemas.push((Face::name().into_owned(), Face::schema()));
    }
}

fn way(name: &str, about: &str, face: RefOr<Schema>) -> RefOr<Schema> {
    let way = ObjectBuilder::new().property(name, face).required(name).description(Some(about));
    way.additional_properties(Some(AdditionalProperties::FreeForm(false))).into()
}
