//! The receipt of an access as it goes out with an answer.

use std::borrow::Cow;

use serde::{Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::log::Accepted;
use crate::log::receipt::Handed;
use crate::registry::base::asked::ReceiptForm;

/// A durable access, and how much of its receipt goes out.
#[derive(Clone)]
pub struct HandedReceipt {
    /// The access.
    pub accepted: Accepted,
    /// The whole, or a reference by which it is fetched later.
    pub form: ReceiptForm,
}

impl HandedReceipt {
    /// The part of it that goes out.
    fn handed(&self) -> Handed<'_> {
        match self.form {
            ReceiptForm::Full => self.accepted.handed(),
            ReceiptForm::Reference => self.accepted.reference(),
        }
    }
}

impl Serialize for HandedReceipt {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.handed().serialize(to)
    }
}

impl PartialSchema for HandedReceipt {
    fn schema() -> RefOr<Schema> {
        Handed::schema()
    }
}

impl ToSchema for HandedReceipt {
    fn name() -> Cow<'static, str> {
        Handed::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Handed::schemas(schemas);
    }
}
